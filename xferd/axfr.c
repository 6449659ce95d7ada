/* axfr.c - see axfr.h. */
#include <string.h>

#include "xferd/axfr.h"

void
axfr_begin(struct axfr *x, struct stream *stream)
{
	memset(x, 0, sizeof(*x));
	x->stream = stream;
}

enum err
axfr_record(void *axfr, const struct handoff_record *rec)
{
	struct axfr *x = axfr;
	struct stream *s = x->stream;

	if (!x->has_first) {		/* T-090 */
		if (s->n_out_of_zone > 0 || !stream_soa(rec, &x->first))
			return stream_fail(s, ERR_ORDER, HANDOFF_NO_SOA,
			    "the first record is not the SOA of the zone");
		x->has_first = true;
		return stream_emit(s, rec);
	}
	if (rec->type != RRTYPE_SOA)
		return stream_emit(s, rec);
	if (!stream_soa_same(&x->first, rec))	/* T-091 */
		return stream_fail(s, ERR_ORDER, HANDOFF_BAD_ORDER,
		    "a second SOA differs from the first");
	x->done = true;
	s->closed = true;
	return OK;
}

enum err
axfr_feed(struct axfr *x, const uint8_t *msg, size_t len, bool *out_done)
{
	struct stream *s = x->stream;
	enum err e;

	if (x->done)
		return stream_fail(s, ERR_ORDER, HANDOFF_BAD_ORDER,
		    "a message behind the closing SOA");
	e = stream_message(s, msg, len, axfr_record, x);
	if (e != OK)
		return e;
	/* Only records of other zones before the SOA: T-090 */
	if (!x->has_first && s->n_out_of_zone > 0)
		return stream_fail(s, ERR_ORDER, HANDOFF_NO_SOA,
		    "the first record is not the SOA of the zone");
	*out_done = x->done;
	return OK;
}
