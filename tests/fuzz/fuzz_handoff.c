/*
 * Frames: what decodes, encodes again to the same octets. The first octet is
 * the kind.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xferd/handoff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t out[HANDOFF_LARGE_MAX];

#define TRY(name)							\
	do {								\
		static struct handoff_##name x;				\
		size_t n;						\
		if (handoff_##name##_decode(data, size, &x) != OK)	\
			break;						\
		if (handoff_##name##_encode(&x, out, sizeof(out), &n) !=\
		    OK || n != size || memcmp(out, data, n) != 0)	\
			abort();					\
	} while (0)

static void
records(const uint8_t *data, size_t size)
{
	struct handoff_record rec;
	size_t off = 0, n = 0;
	bool end = false;

	if (size > sizeof(out))
		return;
	while (handoff_records_next(data, size, &off, 9, &rec, &end) == OK &&
	    !end)
		if (handoff_record_append(&rec, out, sizeof(out), &n) != OK)
			abort();
	if (end && (n != size || memcmp(out, data, n) != 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t kind;

	if (size < 1)
		return 0;
	kind = data[0];
	data++;
	size--;
	switch (kind % 32) {
	case HANDOFF_READY: TRY(ready); break;
	case HANDOFF_FETCH_CONN: TRY(fetch_conn); break;
	case HANDOFF_FETCH_ZONE: TRY(fetch_zone); break;
	case HANDOFF_RECORDS: records(data, size); break;
	case HANDOFF_MARK: TRY(mark); break;
	case HANDOFF_RESULT: TRY(result); break;
	case HANDOFF_PROBE_ADDR: TRY(probe_addr); break;
	case HANDOFF_PROBE_ZONE: TRY(probe_zone); break;
	case HANDOFF_PROBE_RESULT: TRY(probe_result); break;
	case HANDOFF_HMAC: TRY(hmac); break;
	case HANDOFF_HMAC_REPLY: TRY(hmac_reply); break;
	case HANDOFF_LISTEN: TRY(listen); break;
	case HANDOFF_DATAGRAM: TRY(datagram); break;
	case HANDOFF_NOTIFY: TRY(notify); break;
	case HANDOFF_NOTIFY_ANSWER: TRY(notify_answer); break;
	case HANDOFF_NOTIFY_REPLY: TRY(notify_reply); break;
	case HANDOFF_CURRENT: TRY(current); break;
	case HANDOFF_FETCH_DROP: TRY(fetch_drop); break;
	case HANDOFF_FETCH_TLS: TRY(fetch_tls); break;
	case HANDOFF_PROBE_CLOSE: TRY(probe_close); break;
	default: break;
	}
	return 0;
}
