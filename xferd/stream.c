/* stream.c - see stream.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/dns/dname.h"
#include "common/dns/rr.h"
#include "xferd/stream.h"

void
stream_begin(struct stream *s, const uint8_t *apex, size_t apex_len,
    uint16_t id, uint16_t qtype, const struct handoff_limits *limits,
    const struct stream_sink *sink)
{
	memset(s, 0, offsetof(struct stream, rdata));
	memcpy(s->apex, apex, apex_len);
	s->apex_len = apex_len;
	s->id = id;
	s->qtype = qtype;
	s->limits = *limits;
	s->sink = *sink;
	s->aa = true;
}

enum err
stream_fail(struct stream *s, enum err e, enum handoff_reason reason,
    const char *fmt, ...)
{
	va_list ap;

	if (s->reason != HANDOFF_OK)
		return e;
	s->reason = reason;
	va_start(ap, fmt);
	vsnprintf(s->text, sizeof(s->text), fmt, ap);
	va_end(ap);
	return e;
}

enum err
stream_emit(struct stream *s, const struct handoff_record *rec)
{
	enum err e;

	s->n_records++;
	e = s->sink.record(s->sink.arg, rec);
	if (e != OK)
		return stream_fail(s, e, HANDOFF_INTERNAL,
		    "records could not be handed on");
	return OK;
}

bool
stream_soa(const struct handoff_record *rec, struct stream_soa *out)
{
	struct rr_soa soa;

	if (rec->type != RRTYPE_SOA || rec->rdlen > sizeof(out->rdata) ||
	    rr_soa_parse(rec->rdata, rec->rdlen, &soa) != OK)
		return false;
	out->serial = soa.serial;
	out->ttl = rec->ttl;
	out->len = rec->rdlen;
	memcpy(out->rdata, rec->rdata, rec->rdlen);
	return true;
}

bool
stream_soa_same(const struct stream_soa *a, const struct handoff_record *rec)
{
	return rec->type == RRTYPE_SOA && rr_canonical_compare(RRTYPE_SOA,
	    a->rdata, a->len, rec->rdata, rec->rdlen) == 0;
}

/* ---- The message ------------------------------------------------------- */

static enum err
check_header(struct stream *s, const struct dnsmsg_header *h)
{
	unsigned rcode = DNSMSG_RCODE(h->flags);

	if (h->id != s->id)
		return stream_fail(s, ERR_MALFORMED, HANDOFF_WRONG_ID,
		    "message %u has ID %u, asked with %u", s->n_messages,
		    h->id, s->id);
	if ((h->flags & DNSMSG_QR) == 0 ||
	    DNSMSG_OPCODE(h->flags) != DNSMSG_QUERY)
		return stream_fail(s, ERR_MALFORMED, HANDOFF_MALFORMED,
		    "message %u is not an answer to a query", s->n_messages);
	s->facts.rcode = (uint16_t)rcode;
	if (rcode != DNSMSG_NOERROR)
		return stream_fail(s, ERR_RCODE, HANDOFF_RCODE,
		    "message %u has rcode %u", s->n_messages, rcode);
	if ((h->flags & DNSMSG_TC) != 0)
		return stream_fail(s, ERR_MALFORMED, HANDOFF_TRUNCATED,
		    "message %u is truncated", s->n_messages);
	/* RFC 5936 2.2.1 says it must be set; T-095: tolerated and told */
	if ((h->flags & DNSMSG_AA) == 0)
		s->aa = false;
	return OK;
}

/* RFC 5936 2.2.1: once in the first message, optional in the others. T-094 */
static enum err
check_question(struct stream *s, struct dnsmsg *m)
{
	struct dnsmsg_question q;

	if (m->h.qdcount == 0 && s->n_messages > 1)
		return OK;
	if (m->h.qdcount != 1)
		return stream_fail(s, ERR_MALFORMED, HANDOFF_WRONG_QUESTION,
		    "message %u has %u questions", s->n_messages,
		    m->h.qdcount);
	if (dnsmsg_question(m, &q) != OK)
		return stream_fail(s, ERR_MALFORMED, HANDOFF_MALFORMED,
		    "question of message %u is malformed", s->n_messages);
	if (q.type != s->qtype || q.class != RRCLASS_IN ||
	    q.name_len != s->apex_len || !dname_equal(q.name, s->apex))
		return stream_fail(s, ERR_MALFORMED, HANDOFF_WRONG_QUESTION,
		    "message %u answers another question", s->n_messages);
	return OK;
}

/* The EDE text for people: printable ASCII only. */
static void
keep_ede_text(struct stream *s, const struct dnsmsg_edns *edns)
{
	size_t n = MIN((size_t)edns->ede_text_len, sizeof(s->ede_text) - 1);

	for (size_t i = 0; i < n; i++) {
		uint8_t c = edns->ede_text[i];

		s->ede_text[i] = c >= ' ' && c <= '~' ? (char)c : '?';
	}
	s->ede_text[n] = '\0';
}

static enum err
take_opt(struct stream *s, const struct dnsmsg *m, const struct dnsmsg_rr *rr)
{
	struct dnsmsg_edns edns;

	if (s->opt_in == s->n_messages || dnsmsg_edns(m, rr, &edns) != OK)
		return stream_fail(s, ERR_MALFORMED, HANDOFF_MALFORMED,
		    "OPT of message %u is malformed", s->n_messages);
	s->opt_in = s->n_messages;
	s->facts.edns = true;
	s->facts.rcode |= (uint16_t)(edns.rcode_high << 4);
	if (edns.has_expire) {
		s->facts.has_expire = true;
		s->facts.expire_s = edns.expire_s;
	}
	if (edns.has_keepalive) {
		s->facts.has_keepalive = true;
		s->facts.keepalive_ds = edns.keepalive_ds;
	}
	if (edns.has_ede) {
		s->facts.has_ede = true;
		s->facts.ede = edns.ede;
		keep_ede_text(s, &edns);
	}
	if (edns.rcode_high != 0)	/* the header's four bits may be 0 */
		return stream_fail(s, ERR_RCODE, HANDOFF_RCODE,
		    "message %u has rcode %u", s->n_messages, s->facts.rcode);
	return OK;
}

/* ---- A record ---------------------------------------------------------- */

/* "MX at www.example." for people. */
static const char *
record_text(const struct stream *s, uint16_t type, char out[200])
{
	char name[DNAME_TEXT_MAX];
	const char *t = rrtype_name(type);

	dname_print(s->owner, name);
	if (t != NULL)
		snprintf(out, 200, "%s at %.150s", t, name);
	else
		snprintf(out, 200, "TYPE%u at %.150s", type, name);
	return out;
}
#define RECORD_TEXT(s, type)	record_text(s, type, (char[200]){ 0 })

/*
 * The owner and its key. Most records repeat the owner before: as a bare
 * pointer to the same place, or spelled out.
 */
static enum err
take_owner(struct stream *s, const uint8_t *msg, size_t len, size_t off)
{
	uint8_t name[DNSMSG_NAME_MAX];
	uint16_t pointer = 0;
	size_t name_len;

	if (msg[off] >= 0xc0)		/* its second octet was checked */
		pointer = (uint16_t)(msg[off] << 8 | msg[off + 1]);
	if (pointer != 0 && pointer == s->owner_pointer)
		return OK;
	if (dnsmsg_name(msg, len, off, name, &name_len, NULL) != OK)
		return ERR_MALFORMED;
	s->owner_pointer = pointer;
	if (name_len == s->owner_len &&
	    memcmp(name, s->owner, name_len) == 0)
		return OK;
	memcpy(s->owner, name, name_len);
	s->owner_len = name_len;
	s->key_is_good = ownerkey_from_dname(name, s->apex,
	    OWNERKEY_TREE_NORMAL, &s->key) == OK;
	s->run = 0;
	return OK;
}

static enum err
count_run(struct stream *s, uint16_t type, const uint8_t *rdata, size_t len)
{
	uint16_t covered = 0;

	if (type == RRTYPE_RRSIG)
		covered = rr_rrsig_covered(rdata, len);
	if (s->run == 0 || type != s->run_type || covered != s->run_covered) {
		s->run_type = type;
		s->run_covered = covered;
		s->run = 0;
	}
	if (++s->run > s->limits.rrset_max)
		return stream_fail(s, ERR_LIMIT, HANDOFF_LIMIT_RRSET,
		    "more than %u records: %s", s->limits.rrset_max,
		    RECORD_TEXT(s, type));
	return OK;
}

static enum err
take_rdata(struct stream *s, const struct dnsmsg *m,
    const struct dnsmsg_rr *rr, struct handoff_record *rec)
{
	size_t n;

	if (rr->class != RRCLASS_IN)
		return stream_fail(s, ERR_MALFORMED, HANDOFF_MALFORMED,
		    "class %u: %s", rr->class, RECORD_TEXT(s, rr->type));
	if (rr_rdata_from_message(m->msg, m->len, rr->rdata, rr->rdlen,
	    rr->type, s->rdata, sizeof(s->rdata), &n) != OK)
		return stream_fail(s, ERR_MALFORMED, HANDOFF_BAD_RDATA,
		    "rdata of %s is malformed", RECORD_TEXT(s, rr->type));
	if (n > STREAM_RDATA_MAX)
		return stream_fail(s, ERR_LIMIT, HANDOFF_LIMIT_RRSET,
		    "%zu octets of rdata: %s", n, RECORD_TEXT(s, rr->type));
	rec->type = rr->type;
	/* RFC 2181 8: a TTL with its top bit set is 0 */
	rec->ttl = rr->ttl > INT32_MAX ? 0 : rr->ttl;
	rec->rdlen = (uint16_t)n;
	rec->rdata = s->rdata;
	return OK;
}

static uint8_t
tree_of(const struct handoff_record *rec)
{
	if (rec->type == RRTYPE_NSEC3 || (rec->type == RRTYPE_RRSIG &&
	    rr_rrsig_covered(rec->rdata, rec->rdlen) == RRTYPE_NSEC3))
		return OWNERKEY_TREE_NSEC3;
	return OWNERKEY_TREE_NORMAL;
}

static enum err
take_record(struct stream *s, const struct dnsmsg *m,
    const struct dnsmsg_rr *rr, stream_record_fn *fn, void *arg)
{
	struct handoff_record rec;
	enum err e;

	if (s->closed)			/* T-068, T-097 */
		return stream_fail(s, ERR_ORDER, HANDOFF_BAD_ORDER,
		    "records behind the closing SOA");
	if (take_owner(s, m->msg, m->len, rr->owner) != OK)
		return stream_fail(s, ERR_MALFORMED, HANDOFF_MALFORMED,
		    "an owner name in message %u is malformed",
		    s->n_messages);
	e = take_rdata(s, m, rr, &rec);
	if (e != OK)
		return e;
	if (s->n_records + s->n_out_of_zone >= s->limits.records_max)
		return stream_fail(s, ERR_LIMIT, HANDOFF_LIMIT_RECORDS,
		    "more than %llu records",
		    (unsigned long long)s->limits.records_max);
	if (!s->key_is_good && rr->type == RRTYPE_SOA)	/* T-091 */
		return stream_fail(s, ERR_ORDER, HANDOFF_NO_SOA,
		    "of another zone: %s", RECORD_TEXT(s, rr->type));
	if (!s->key_is_good) {
		if (++s->n_out_of_zone > s->limits.out_of_zone_max)
			return stream_fail(s, ERR_MALFORMED,
			    HANDOFF_OUT_OF_ZONE, "not in the zone: %s",
			    RECORD_TEXT(s, rr->type));
		return OK;
	}
	e = count_run(s, rec.type, rec.rdata, rec.rdlen);
	if (e != OK)
		return e;
	s->key.bytes[0] = tree_of(&rec);
	rec.key = s->key.bytes;
	rec.key_len = s->key.len;
	if (rec.type == RRTYPE_SOA && !stream_is_apex(&rec))
		return stream_fail(s, ERR_ORDER, HANDOFF_BAD_ORDER,
		    "SOA below the apex: %s", RECORD_TEXT(s, rr->type));
	return fn(arg, &rec);
}

static enum err
take_sections(struct stream *s, struct dnsmsg *m, stream_record_fn *fn,
    void *arg)
{
	struct dnsmsg_rr rr;
	enum err e;

	for (;;) {
		if (dnsmsg_next(m, &rr) != OK)
			return stream_fail(s, ERR_MALFORMED,
			    HANDOFF_MALFORMED,
			    "message %u does not hold what it counts",
			    s->n_messages);
		if (rr.section == DNSMSG_END)
			break;
		e = OK;
		if (rr.section == DNSMSG_ANSWER)
			e = take_record(s, m, &rr, fn, arg);
		else if (rr.section == DNSMSG_ADDITIONAL &&
		    rr.type == RRTYPE_OPT)
			e = take_opt(s, m, &rr);
		if (e != OK)
			return e;
	}
	if (m->off != m->len)
		return stream_fail(s, ERR_MALFORMED, HANDOFF_MALFORMED,
		    "%zu octets behind message %u", m->len - m->off,
		    s->n_messages);
	return OK;
}

static enum err
ignore_record(void *arg UNUSED, const struct handoff_record *rec UNUSED)
{
	return OK;
}

/* An error answer may say more in its OPT. Whatever is malformed is passed
 * over: the rcode is the reason. */
static void
look_for_opt(struct stream *s, struct dnsmsg *m)
{
	struct dnsmsg_rr rr;

	while (dnsmsg_next(m, &rr) == OK && rr.section != DNSMSG_END)
		if (rr.section == DNSMSG_ADDITIONAL && rr.type == RRTYPE_OPT)
			if (take_opt(s, m, &rr) != OK)
				return;
}

enum err
stream_message(struct stream *s, const uint8_t *msg, size_t len,
    stream_record_fn *fn, void *arg)
{
	struct dnsmsg m;
	enum err e;

	s->n_messages++;
	s->n_bytes += len + 2;
	s->owner_pointer = 0;
	if (s->n_messages > s->limits.messages_max)
		return stream_fail(s, ERR_LIMIT, HANDOFF_LIMIT_MESSAGES,
		    "more than %u messages", s->limits.messages_max);
	if (s->n_bytes > s->limits.bytes_max)
		return stream_fail(s, ERR_LIMIT, HANDOFF_LIMIT_BYTES,
		    "more than %llu octets",
		    (unsigned long long)s->limits.bytes_max);
	if (dnsmsg_open(&m, msg, len) != OK)
		return stream_fail(s, ERR_MALFORMED, HANDOFF_MALFORMED,
		    "message %u has no header", s->n_messages);
	e = check_header(s, &m.h);
	if (e == ERR_RCODE)
		look_for_opt(s, &m);
	if (e == OK)
		e = check_question(s, &m);
	if (e != OK)
		return e;
	if (m.h.ancount != 0)
		s->n_empty = 0;
	else if (++s->n_empty > s->limits.empty_max)
		return stream_fail(s, ERR_LIMIT, HANDOFF_LIMIT_MESSAGES,
		    "more than %u empty messages in a row",
		    s->limits.empty_max);
	return take_sections(s, &m, fn == NULL ? ignore_record : fn, arg);
}
