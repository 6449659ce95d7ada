/*
 * query.c - see query.h.
 */
#include "dnsd/query.h"

#include <string.h>

#include "dnsd/octets.h"

enum {
	RR_FIXED = 10,
	CLASS_IN = 1,
	TYPE_OPT = 41,
	TYPE_META_FIRST = 128,	/* RFC 6895 3.1: meta types and QTYPEs */
	TYPE_TKEY = 249,
	TYPE_TSIG = 250,
	TSIG_TAIL = 10,		/* time, fudge, MAC size */
	TSIG_BADKEY = 17,
	TYPE_IXFR = 251,
	TYPE_AXFR = 252,
	TYPE_ANY = 255,
	LABEL_MAX = 63,
	POINTER = 0xc0,
};

/*
 * The question's name: no compression, nothing lies before it that a
 * pointer could mean. Returns false when it is not a name.
 */
static bool
take_qname(const uint8_t *p, size_t room, struct query *q)
{
	size_t at = 0;
	unsigned n = 0;

	if (room > QUERY_NAME_MAX)
		room = QUERY_NAME_MAX;
	for (;;) {
		unsigned len;

		if (at >= room)
			return false;
		len = p[at];
		if (len == 0)
			break;
		if (len > LABEL_MAX || n == QUERY_LABELS_MAX)
			return false;
		q->label_at[n++] = (uint8_t)at;
		at += 1 + len;
	}
	q->n_labels = (uint8_t)n;
	q->qname_len = (uint8_t)(at + 1);
	return true;
}

/*
 * Step over the owner name of a record; pointers are taken as its end, and
 * where they lead is of no interest here. Returns 0 when it is not a name.
 */
static size_t
skip_name(const uint8_t *msg, size_t len, size_t at)
{
	size_t start = at;

	while (at < len) {
		unsigned n = msg[at];

		if (n == 0)
			return at + 1;
		if (n >= POINTER)
			return at + 2 <= len && (n & 0x3fu) << 8 < len ?
			    at + 2 : 0;
		if (n > LABEL_MAX)
			return 0;
		at += 1 + n;
		if (at - start > QUERY_NAME_MAX)
			return 0;
	}
	return 0;
}

/* Length of an uncompressed name that ends before @end; 0: none such. */
static size_t
plain_name(const uint8_t *msg, size_t at, size_t end)
{
	size_t start = at;

	while (at < end && msg[at] != 0 && msg[at] <= LABEL_MAX)
		at += 1u + msg[at];
	return at < end && msg[at] == 0 && at - start < QUERY_NAME_MAX ?
	    at + 1 - start : 0;
}

/* Names of a TSIG are not compressed. RFC 8945 4.2 */
static bool
tsig_is_whole(const uint8_t *msg, size_t at, size_t rr, size_t end)
{
	size_t algorithm = plain_name(msg, rr + RR_FIXED, end);

	return plain_name(msg, at, rr) == rr - at && algorithm != 0 &&
	    end - rr - RR_FIXED - algorithm >= TSIG_TAIL;
}

/*
 * The records behind the question. OPT may be anywhere in the additional
 * section but after a TSIG, which must be the last.,
 *
 */
static bool
take_records(const uint8_t *msg, size_t len, size_t at, struct query *q)
{
	unsigned before = octets_get16(msg + 6) + octets_get16(msg + 8);
	unsigned total = before + octets_get16(msg + 10);

	for (unsigned i = 0; i < total; i++) {
		size_t rr = skip_name(msg, len, at);
		size_t end;
		unsigned type;

		if (rr == 0 || len - rr < RR_FIXED)
			return false;
		end = rr + RR_FIXED + octets_get16(msg + rr + 8);
		if (end > len || q->tsig_at != 0)
			return false;
		type = octets_get16(msg + rr);
		if (type == TYPE_OPT) {
			if (i < before || q->edns.present || rr != at + 1)
				return false;
			if (!edns_parse(msg + rr, end - rr, &q->edns))
				return false;
		} else if (type == TYPE_TSIG) {
			if (i < before || end > UINT16_MAX ||
			    !tsig_is_whole(msg, at, rr, end))
				return false;
			q->tsig_at = (uint16_t)at;
			q->tsig_end = (uint16_t)end;
		}
		at = end;
	}
	return at == len;
}

/* What most requests have behind the question: nothing, or an OPT alone. */
static inline bool
take_extra(const uint8_t *msg, size_t len, size_t at, struct query *q)
{
	static const uint8_t counts[5] = { 0, 0, 0, 0, 0 };
	static const uint8_t head[3] = { 0, 0, TYPE_OPT };

	if (memcmp(msg + 6, counts, sizeof(counts)) == 0) {
		if (msg[11] == 0)
			return at == len;
		if (msg[11] == 1 && len - at >= 1 + RR_FIXED &&
		    memcmp(msg + at, head, sizeof(head)) == 0 &&
		    len - at - 1 - RR_FIXED == octets_get16(msg + at + 9))
			return edns_parse(msg + at + 1, len - at - 1, &q->edns);
	}
	return take_records(msg, len, at, q);
}

static enum query_verdict
fail(struct query *q, unsigned rcode, int ede)
{
	q->rcode = (uint16_t)rcode;
	q->ede = (int16_t)ede;
	return QUERY_ERROR;
}

/* What the type and class of a well-formed question already decide. */
static enum query_verdict
judge_question(struct query *q)
{
	if (q->qtype >= TYPE_META_FIRST && q->qtype <= TYPE_ANY) {
		/*
		 * Transfers out are refused (they come with their own issue),
		 * ANY is answered, the others mean nothing in a query. Q-013
		 */
		if (q->qtype == TYPE_AXFR || q->qtype == TYPE_IXFR)
			return fail(q, QUERY_REFUSED, EDNS_EDE_PROHIBITED);
		if (q->qtype == TYPE_TSIG)
			return fail(q, QUERY_FORMERR, EDNS_NO_EDE);
		if (q->qtype >= TYPE_TKEY && q->qtype != TYPE_ANY)
			return fail(q, QUERY_NOTIMP, EDNS_EDE_NOT_SUPPORTED);
	}
	if (q->qtype == TYPE_OPT)
		return fail(q, QUERY_FORMERR, EDNS_NO_EDE);
	if (q->qclass == CLASS_IN)
		return QUERY_GOOD;
	if (q->qclass == QUERY_CLASS_CH)
		return QUERY_CHAOS;
	return fail(q, QUERY_REFUSED, EDNS_EDE_NOT_SUPPORTED);	/* */
}

/* No form, or one that only other opcodes may have: NOTIMP comes first, for
 * RFC 1035 4.1.1 gives no reason to think that we know it. UPDATE is known and
 * refused: this is a secondary; a signed one by its key, which we cannot have
 * (RFC 8945 5.2.1). */
static enum query_verdict
misformed(struct query *q, unsigned opcode)
{
	if (opcode == QUERY_OPCODE_QUERY)
		return fail(q, QUERY_FORMERR, EDNS_NO_EDE);
	if (opcode == QUERY_OPCODE_UPDATE)
		return fail(q, q->tsig_at != 0 ? QUERY_NOTAUTH : QUERY_REFUSED,
		    EDNS_EDE_NOT_SUPPORTED);
	return fail(q, QUERY_NOTIMP, EDNS_EDE_NOT_SUPPORTED);
}

/* No question: a client may ask for a cookie alone. RFC 7873 5.4, Q-003 */
static __attribute__((noinline)) enum query_verdict
no_question(const uint8_t *msg, size_t len, struct query *q)
{
	if (!take_records(msg, len, QUERY_HEADER, q))
		q->tsig_at = 0;
	else if (q->edns.present && q->edns.version != 0)
		return fail(q, QUERY_BADVERS, EDNS_NO_EDE);
	else if (q->edns.wants & EDNS_COOKIE && q->tsig_at == 0)
		return QUERY_COOKIE;
	return fail(q, QUERY_FORMERR, EDNS_NO_EDE);
}

enum query_verdict
query_parse(const uint8_t *msg, size_t len, struct query *q)
{
	unsigned opcode;
	size_t end;

	if (len < QUERY_HEADER)
		return QUERY_DROP;		/* */
	q->msg = msg;
	q->flags = (uint16_t)octets_get16(msg + 2);
	q->question_end = QUERY_HEADER;
	q->tsig_at = 0;
	q->qtype = 0;
	q->qname_len = 0;
	q->n_labels = 0;
	memset(&q->edns, 0, sizeof(q->edns));
	if (q->flags & QUERY_FLAG_QR)
		return QUERY_DROP;		/* */
	opcode = (q->flags & QUERY_OPCODE_MASK) >> QUERY_OPCODE_SHIFT;
	if (opcode == QUERY_OPCODE_NOTIFY)
		return QUERY_RELAY;

	if (octets_get16(msg + 4) != 1 ||
	    !take_qname(msg + QUERY_HEADER, len - QUERY_HEADER, q) ||
	    len - QUERY_HEADER - q->qname_len < 4) {
		q->qname_len = 0;
		q->n_labels = 0;
		if (opcode == QUERY_OPCODE_QUERY && octets_get16(msg + 4) == 0)
			return no_question(msg, len, q);
		return misformed(q, opcode);
	}
	end = QUERY_HEADER + q->qname_len;
	q->qtype = (uint16_t)octets_get16(msg + end);
	q->qclass = (uint16_t)octets_get16(msg + end + 2);
	end += 4;
	q->question_end = (uint16_t)end;

	if (!take_extra(msg, len, end, q)) {
		q->tsig_at = 0;
		return misformed(q, opcode);
	}
	if (opcode != QUERY_OPCODE_QUERY)
		return misformed(q, opcode);
	if (q->edns.present && q->edns.version != 0)	/* RFC 6891 6.1.3 */
		return fail(q, QUERY_BADVERS, EDNS_NO_EDE);
	if (q->tsig_at != 0)			/* RFC 8945 5.2.1: no keys */
		return fail(q, QUERY_NOTAUTH, EDNS_NO_EDE);
	return judge_question(q);
}

static uint8_t *
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

static size_t
bad_key_rdlen(size_t algorithm)
{
	return algorithm + 8 + 2 + 2 + 2 + 2;
}

size_t
query_bad_key_size(const struct query *q)
{
	size_t owner_len = plain_name(q->msg, q->tsig_at, q->tsig_end);

	return owner_len + RR_FIXED + bad_key_rdlen(plain_name(q->msg,
	    q->tsig_at + owner_len + RR_FIXED, q->tsig_end));
}

size_t
query_write_bad_key(const struct query *q, uint8_t *out)
{
	const uint8_t *owner = q->msg + q->tsig_at;
	size_t owner_len = plain_name(q->msg, q->tsig_at, q->tsig_end);
	const uint8_t *rdata = owner + owner_len + RR_FIXED;
	size_t algorithm = plain_name(q->msg, (size_t)(rdata - q->msg),
	    q->tsig_end);
	size_t rdlen = bad_key_rdlen(algorithm);
	uint8_t *p = out;

	memcpy(p, owner, owner_len + RR_FIXED - 2);
	p += owner_len + RR_FIXED - 2;
	p = put16(p, (unsigned)rdlen);
	memcpy(p, rdata, algorithm + 8);	/* algorithm, time, fudge */
	p += algorithm + 8;
	p = put16(p, 0);			/* no MAC */
	memcpy(p, q->msg, 2);			/* original id */
	p = put16(p + 2, TSIG_BADKEY);
	p = put16(p, 0);
	return (size_t)(p - out);
}
