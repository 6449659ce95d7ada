/* ixfr.c - see ixfr.h. */
#include <string.h>

#include "common/dns/serial.h"
#include "xferd/ixfr.h"

void
ixfr_begin(struct ixfr *x, struct stream *stream, uint32_t serial)
{
	memset(x, 0, sizeof(*x));
	x->stream = stream;
	x->ours = serial;
	axfr_begin(&x->axfr, stream);
}

bool
ixfr_is_open(const struct ixfr *x)
{
	return x->state == IXFR_FIRST;
}

enum handoff_style
ixfr_style(const struct ixfr *x)
{
	switch (x->state) {
	case IXFR_START:
		return HANDOFF_STYLE_NONE;
	case IXFR_FIRST:
		return HANDOFF_STYLE_SINGLE;
	case IXFR_DELETE:
	case IXFR_ADD:
		return HANDOFF_STYLE_IXFR;
	case IXFR_WHOLE:
		return HANDOFF_STYLE_AXFR;
	case IXFR_DONE:
		break;
	}
	return x->single ? HANDOFF_STYLE_SINGLE : HANDOFF_STYLE_IXFR;
}

const struct stream_soa *
ixfr_first(const struct ixfr *x)
{
	return x->state == IXFR_START ? NULL : &x->first;
}

static enum err
mark(struct ixfr *x, enum handoff_part part, const struct stream_soa *soa)
{
	struct stream *s = x->stream;
	struct handoff_mark m = {
		.part = part,
		.serial = soa->serial,
		.ttl = soa->ttl,
		.soa_len = soa->len,
		.soa = soa->rdata,
	};
	enum err e;

	if (part == HANDOFF_DELETE && ++x->n_diffs > s->limits.diffs_max)
		return stream_fail(s, ERR_LIMIT, HANDOFF_LIMIT_RECORDS,
		    "more than %u differences", s->limits.diffs_max);
	e = s->sink.mark(s->sink.arg, &m);
	if (e != OK)
		return stream_fail(s, e, HANDOFF_INTERNAL,
		    "records could not be handed on");
	x->at = soa->serial;
	x->state = part == HANDOFF_DELETE ? IXFR_DELETE : IXFR_ADD;
	return OK;
}

/* It is a whole zone: what came before goes to axfr as well. */
static enum err
become_whole(struct ixfr *x, const struct handoff_record *rec)
{
	static const uint8_t apex_key[1] = { OWNERKEY_TREE_NORMAL };
	struct handoff_record first = {
		.key = apex_key,
		.key_len = 1,
		.type = RRTYPE_SOA,
		.ttl = x->first.ttl,
		.rdlen = x->first.len,
		.rdata = x->first.rdata,
	};
	enum err e;

	x->state = IXFR_WHOLE;
	e = axfr_record(&x->axfr, &first);
	if (e == OK)
		e = axfr_record(&x->axfr, rec);
	return e;
}

static enum err
second_record(struct ixfr *x, const struct handoff_record *rec)
{
	struct stream_soa soa;

	if (!stream_soa(rec, &soa))
		return become_whole(x, rec);
	if (soa.serial == x->first.serial)	/* a zone of a SOA: T-063 */
		return become_whole(x, rec);
	if (soa.serial != x->ours)		/* T-065 */
		return stream_fail(x->stream, ERR_ORDER, HANDOFF_BAD_ORDER,
		    "first difference is from serial %u, we have %u",
		    soa.serial, x->ours);
	if (!serial_newer(x->first.serial, x->ours))
		return stream_fail(x->stream, ERR_ORDER, HANDOFF_BAD_ORDER,
		    "differences lead to serial %u, we have %u",
		    x->first.serial, x->ours);
	return mark(x, HANDOFF_DELETE, &soa);
}

/* The SOA that ends a delete part and begins the add part. T-067 */
static enum err
soa_in_delete(struct ixfr *x, const struct handoff_record *rec,
    const struct stream_soa *soa)
{
	if (!serial_newer(soa->serial, x->at) ||
	    serial_newer(soa->serial, x->first.serial))
		return stream_fail(x->stream, ERR_ORDER, HANDOFF_BAD_ORDER,
		    "a difference leads from serial %u to %u", x->at,
		    soa->serial);
	if (soa->serial == x->first.serial && !stream_soa_same(&x->first, rec))
		return stream_fail(x->stream, ERR_ORDER, HANDOFF_BAD_ORDER,
		    "two SOA with serial %u differ", soa->serial);
	return mark(x, HANDOFF_ADD, soa);
}

/* The SOA that ends an add part: the next difference, or the end. T-066 068 */
static enum err
soa_in_add(struct ixfr *x, const struct handoff_record *rec,
    const struct stream_soa *soa)
{
	if (soa->serial != x->at)
		return stream_fail(x->stream, ERR_ORDER, HANDOFF_BAD_ORDER,
		    "a difference to serial %u is followed by %u", x->at,
		    soa->serial);
	if (x->at != x->first.serial)
		return mark(x, HANDOFF_DELETE, soa);
	if (!stream_soa_same(&x->first, rec))
		return stream_fail(x->stream, ERR_ORDER, HANDOFF_BAD_ORDER,
		    "the closing SOA differs from the first");
	x->state = IXFR_DONE;
	x->stream->closed = true;
	return OK;
}

static enum err
difference_record(struct ixfr *x, const struct handoff_record *rec)
{
	struct stream_soa soa;

	if (!stream_soa(rec, &soa))
		return stream_emit(x->stream, rec);
	if (x->state == IXFR_DELETE)
		return soa_in_delete(x, rec, &soa);
	return soa_in_add(x, rec, &soa);
}

static enum err
ixfr_record(void *ixfr, const struct handoff_record *rec)
{
	struct ixfr *x = ixfr;

	switch (x->state) {
	case IXFR_START:
		if (x->stream->n_out_of_zone > 0 ||
		    !stream_soa(rec, &x->first))
			return stream_fail(x->stream, ERR_ORDER,
			    HANDOFF_NO_SOA,
			    "the first record is not the SOA of the zone");
		x->state = IXFR_FIRST;
		return OK;
	case IXFR_FIRST:
		return second_record(x, rec);
	case IXFR_DELETE:
	case IXFR_ADD:
		return difference_record(x, rec);
	case IXFR_WHOLE:
		return axfr_record(&x->axfr, rec);
	case IXFR_DONE:
		break;
	}
	return stream_fail(x->stream, ERR_ORDER, HANDOFF_BAD_ORDER,
	    "records behind the closing SOA");
}

enum err
ixfr_feed(struct ixfr *x, const uint8_t *msg, size_t len, bool *out_done)
{
	struct stream *s = x->stream;
	enum err e;

	if (x->state == IXFR_DONE || x->axfr.done)
		return stream_fail(s, ERR_ORDER, HANDOFF_BAD_ORDER,
		    "a message behind the closing SOA");
	e = stream_message(s, msg, len, ixfr_record, x);
	if (e != OK)
		return e;
	if (x->state == IXFR_START && s->n_out_of_zone > 0)
		return stream_fail(s, ERR_ORDER, HANDOFF_NO_SOA,
		    "the first record is not the SOA of the zone");
	/* One SOA that is not newer: nothing to do. T-061 */
	if (x->state == IXFR_FIRST &&
	    !serial_newer(x->first.serial, x->ours)) {
		x->single = true;
		x->state = IXFR_DONE;
	}
	*out_done = x->state == IXFR_DONE || x->axfr.done;
	return OK;
}
