/* IXFR answers of any kind: marks alternate and chain. */
#include "common/dns/serial.h"
#include "tests/fuzz/stream_input.h"
#include "xferd/ixfr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct chain {
	enum handoff_part part;		/* 0: none yet */
	uint32_t serial;
};

static enum err
mark(void *arg, const struct handoff_mark *m)
{
	struct chain *c = arg;
	uint8_t payload[HANDOFF_SMALL_MAX];
	struct handoff_mark back;
	size_t len;

	if (m->part == HANDOFF_DELETE && (c->part == HANDOFF_DELETE ||
	    m->serial != c->serial))
		abort();
	if (m->part == HANDOFF_ADD && (c->part != HANDOFF_DELETE ||
	    !serial_newer(m->serial, c->serial)))
		abort();
	c->part = m->part;
	c->serial = m->serial;
	if (handoff_mark_encode(m, payload, sizeof(payload), &len) != OK ||
	    handoff_mark_decode(payload, len, &back) != OK)
		abort();
	return OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stream s;
	static struct stream_input in;
	struct chain c = { 0, 5 };
	struct stream_sink sink = { stream_input_record, mark, &c };
	struct ixfr x;
	bool done = false;

	in.data = data;
	in.size = size;
	stream_begin(&s, (const uint8_t *)"\7example", 9, 1, RRTYPE_IXFR,
	    &stream_input_limits, &sink);
	ixfr_begin(&x, &s, 5);
	while (stream_input_next(&in, RRTYPE_IXFR)) {
		if (ixfr_feed(&x, in.msg, in.len, &done) != OK) {
			if (s.reason == HANDOFF_OK)
				abort();
			return 0;
		}
		if (done && ixfr_style(&x) == HANDOFF_STYLE_IXFR &&
		    c.serial != ixfr_first(&x)->serial)
			abort();
	}
	return 0;
}
