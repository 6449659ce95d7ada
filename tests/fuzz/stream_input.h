/*
 * stream_input.h - how fuzz_axfr and fuzz_ixfr make messages of their input.
 *
 * The input is chunks: u8 kind, u16 length, octets. Kind 0 is a whole
 * message; others get a right header and question in front, with the number
 * of answers (kind), so that the fuzzer need not find them.
 */
#ifndef TESTS_FUZZ_STREAM_INPUT_H
#define TESTS_FUZZ_STREAM_INPUT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xferd/stream.h"

struct stream_input {
	const uint8_t *data;
	size_t size;
	uint8_t msg[65535];
	size_t len;
};

static inline bool
stream_input_next(struct stream_input *in, uint16_t qtype)
{
	size_t n;
	uint8_t kind;

	if (in->size < 3)
		return false;
	kind = in->data[0];
	n = (size_t)in->data[1] << 8 | in->data[2];
	in->data += 3;
	in->size -= 3;
	if (n > in->size)
		n = in->size;
	if (n > sizeof(in->msg) - 25)
		n = sizeof(in->msg) - 25;
	in->len = 0;
	if (kind != 0) {
		static const uint8_t head[25] = "\0\1\x84\0\0\1\0\0\0\0\0\0"
		    "\7example\0\0\0\0\1";

		memcpy(in->msg, head, sizeof(head));
		in->msg[7] = kind;
		in->msg[22] = (uint8_t)qtype;
		in->len = sizeof(head);
	}
	memcpy(in->msg + in->len, in->data, n);
	in->len += n;
	in->data += n;
	in->size -= n;
	return true;
}

static const struct handoff_limits stream_input_limits = { 1000, 1 << 20, 100,
    5, 100, 5, 10 };

/* The invariant of the whole fetch role: keep's validator takes what it gives. */
static inline enum err
stream_input_record(void *arg, const struct handoff_record *rec)
{
	static uint8_t payload[70000];
	struct handoff_record back;
	size_t len = 0, off = 0;
	bool end;

	(void)arg;
	if (handoff_record_append(rec, payload, sizeof(payload), &len) != OK)
		abort();
	if (handoff_records_next(payload, len, &off, 9, &back, &end) != OK ||
	    end || back.type != rec->type || back.rdlen != rec->rdlen)
		abort();
	return OK;
}

#endif
