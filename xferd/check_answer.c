/*
 * check_answer.c - see check_answer.h.
 */
#include "xferd/check_answer.h"

#include <string.h>

#include "common/dns/dname.h"
#include "common/dns/dnsmsg.h"
#include "common/dns/rr.h"
#include "common/dns/rrtype.h"

static void
take_opt(const struct dnsmsg *m, const struct dnsmsg_rr *rr,
    struct handoff_facts *f)
{
	struct dnsmsg_edns edns;

	if (dnsmsg_edns(m, rr, &edns) != OK)
		return;			/* advice that makes no sense */
	f->edns = true;
	f->rcode = (uint16_t)(edns.rcode_high << 4 | (f->rcode & 15));
	f->has_expire = edns.has_expire;
	f->expire_s = edns.expire_s;
	f->has_ede = edns.has_ede;
	f->ede = edns.ede;
}

/* One record into the list; false when it is not well-formed. */
static bool
take_record(const struct dnsmsg *m, const struct dnsmsg_rr *rr,
    struct check_answer *out)
{
	uint8_t owner[DNSMSG_NAME_MAX], rdata[HANDOFF_ANSWER_BYTES_MAX];
	struct handoff_said said = {
		.section = rr->section == DNSMSG_ANSWER ?
		    HANDOFF_SECTION_ANSWER : rr->section == DNSMSG_AUTHORITY ?
		    HANDOFF_SECTION_AUTHORITY : HANDOFF_SECTION_ADDITIONAL,
		.owner = owner, .type = rr->type, .rdata = rdata,
		/* RFC 2181 8: the top bit means 0. */
		.ttl = rr->ttl > INT32_MAX ? 0 : rr->ttl,
	};
	size_t owner_len, len;
	enum err e;

	if (dnsmsg_name(m->msg, m->len, rr->owner, owner, &owner_len, NULL) !=
	    OK)
		return false;
	dname_lower(owner, owner);
	said.owner_len = (uint8_t)owner_len;
	e = rr_rdata_from_message(m->msg, m->len, rr->rdata, rr->rdlen,
	    rr->type, rdata, sizeof(rdata), &len);
	if (e == ERR_MALFORMED)
		return false;
	said.rdlen = (uint16_t)len;
	if (e != OK || out->n_records == HANDOFF_ANSWER_RECORDS_MAX ||
	    handoff_said_append(&said, out->records, sizeof(out->records),
	    &out->records_len) != OK)
		out->cut = true;
	else
		out->n_records++;
	return true;
}

static enum err
walk(struct dnsmsg *m, bool want_records, struct check_answer *out)
{
	struct dnsmsg_rr rr;

	for (;;) {
		if (dnsmsg_next(m, &rr) != OK)
			return ERR_MALFORMED;
		if (rr.section == DNSMSG_END)
			return m->off == m->len ? OK : ERR_MALFORMED;
		if (rr.type == RRTYPE_OPT) {
			if (rr.section == DNSMSG_ADDITIONAL)
				take_opt(m, &rr, &out->facts);
			continue;
		}
		/* TSIG and other meta types, other classes: not data. */
		if (!want_records || rr.class != RRCLASS_IN ||
		    !rrtype_is_data(rr.type))
			continue;
		if (!take_record(m, &rr, out))
			return ERR_MALFORMED;
	}
}

/* OK: the question is ours; ERR_AGAIN: but for the case of its letters. */
static enum err
compare_question(struct dnsmsg *m, const uint8_t *name, size_t name_len,
    uint16_t type)
{
	struct dnsmsg_question q;

	if (m->h.qdcount != 1 || dnsmsg_question(m, &q) != OK ||
	    q.type != type || q.class != RRCLASS_IN ||
	    q.name_len != name_len || !dname_equal(q.name, name))
		return ERR_NOT_FOUND;
	return memcmp(q.name, name, name_len) == 0 ? OK : ERR_AGAIN;
}

void
check_answer_read(const uint8_t *msg, size_t len, const uint8_t *name,
    size_t name_len, uint16_t type, bool mixed, bool sent_opt,
    struct check_answer *out)
{
	struct dnsmsg m;
	unsigned rcode;
	enum err e;

	memset(out, 0, offsetof(struct check_answer, records));
	out->reason = HANDOFF_MALFORMED;
	if (dnsmsg_open(&m, msg, len) != OK ||
	    (m.h.flags & DNSMSG_QR) == 0 ||
	    DNSMSG_OPCODE(m.h.flags) != DNSMSG_QUERY)
		return;
	out->is_answer = true;
	out->aa = (m.h.flags & DNSMSG_AA) != 0;
	out->tc = (m.h.flags & DNSMSG_TC) != 0;
	out->ra = (m.h.flags & DNSMSG_RA) != 0;
	rcode = DNSMSG_RCODE(m.h.flags);
	out->facts.rcode = (uint16_t)rcode;
	/* Some servers leave the question out of an error; where a stranger
	 * could have sent it (mixed), that is not enough. */
	if (rcode == DNSMSG_NOERROR || m.h.qdcount != 0) {
		e = compare_question(&m, name, name_len, type);
		if (e == ERR_AGAIN && mixed) {
			out->reason = HANDOFF_TRUNCATED;
			return;
		}
		if (e == ERR_NOT_FOUND) {
			out->reason = HANDOFF_WRONG_QUESTION;
			return;
		}
	} else if (mixed) {
		out->reason = HANDOFF_TRUNCATED;
		return;
	}
	e = walk(&m, !out->tc, out);
	if (out->facts.rcode != DNSMSG_NOERROR) {
		out->no_opt_wanted = sent_opt && !out->facts.edns &&
		    (rcode == DNSMSG_FORMERR || rcode == DNSMSG_NOTIMP);
		if (e != OK)
			out->n_records = out->records_len = 0;
		out->reason = HANDOFF_OK;
		return;
	}
	if (e != OK && !out->tc) {
		out->n_records = 0;
		out->records_len = 0;
		return;
	}
	out->reason = HANDOFF_OK;
}
