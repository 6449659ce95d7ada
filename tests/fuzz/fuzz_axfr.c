/* AXFR answers of any kind. */
#include "tests/fuzz/stream_input.h"
#include "xferd/axfr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err
mark(void *arg, const struct handoff_mark *m)
{
	(void)arg;
	(void)m;
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct stream_sink sink = { stream_input_record, mark,
	    NULL };
	static struct stream s;
	static struct stream_input in;
	struct axfr x;
	bool done = false;

	in.data = data;
	in.size = size;
	stream_begin(&s, (const uint8_t *)"\7example", 9, 1, RRTYPE_AXFR,
	    &stream_input_limits, &sink);
	axfr_begin(&x, &s);
	while (stream_input_next(&in, RRTYPE_AXFR)) {
		if (axfr_feed(&x, in.msg, in.len, &done) != OK) {
			if (s.reason == HANDOFF_OK)
				abort();
			return 0;
		}
		if (done && (!x.has_first || s.n_records == 0))
			abort();
	}
	return 0;
}
