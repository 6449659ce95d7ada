/*
 * probe_answer.c - see probe_answer.h.
 */
#include <string.h>

#include "common/dns/dname.h"
#include "common/dns/dnsmsg.h"
#include "common/dns/rr.h"
#include "xferd/probe_answer.h"

static bool
take_soa(const struct dnsmsg *m, const struct dnsmsg_rr *rr,
    const uint8_t *apex, size_t apex_len, struct probe_answer *out)
{
	uint8_t owner[DNSMSG_NAME_MAX];
	struct rr_soa soa;
	size_t n;

	if (rr->class != RRCLASS_IN ||
	    dnsmsg_name(m->msg, m->len, rr->owner, owner, &n, NULL) != OK ||
	    n != apex_len || !dname_equal(owner, apex))
		return false;
	if (rr_rdata_from_message(m->msg, m->len, rr->rdata, rr->rdlen,
	    RRTYPE_SOA, out->soa, sizeof(out->soa), &n) != OK ||
	    rr_soa_parse(out->soa, n, &soa) != OK)
		return false;
	out->soa_len = (uint16_t)n;
	out->serial = soa.serial;
	return true;
}

static void
take_opt(const struct dnsmsg *m, const struct dnsmsg_rr *rr,
    struct handoff_facts *f)
{
	struct dnsmsg_edns edns;

	if (dnsmsg_edns(m, rr, &edns) != OK)
		return;
	f->edns = true;
	f->rcode |= (uint16_t)(edns.rcode_high << 4);
	f->has_expire = edns.has_expire;
	f->expire_s = edns.expire_s;
	f->has_keepalive = edns.has_keepalive;
	f->keepalive_ds = edns.keepalive_ds;
	f->has_ede = edns.has_ede;
	f->ede = edns.ede;
}

/* OK with the number of SOA records of the zone in the answer section. */
static enum err
walk(struct dnsmsg *m, const uint8_t *apex, size_t apex_len,
    struct probe_answer *out, unsigned *n_soa)
{
	struct dnsmsg_rr rr;

	*n_soa = 0;
	for (;;) {
		if (dnsmsg_next(m, &rr) != OK)
			return ERR_MALFORMED;
		if (rr.section == DNSMSG_END)
			return m->off == m->len ? OK : ERR_MALFORMED;
		if (rr.section == DNSMSG_ANSWER && rr.type == RRTYPE_SOA) {
			if (!take_soa(m, &rr, apex, apex_len, out))
				return ERR_MALFORMED;
			(*n_soa)++;
		} else if (rr.section == DNSMSG_ADDITIONAL &&
		    rr.type == RRTYPE_OPT) {
			take_opt(m, &rr, &out->facts);
		}
	}
}

static bool
is_our_question(struct dnsmsg *m, const uint8_t *apex, size_t apex_len)
{
	struct dnsmsg_question q;

	return m->h.qdcount == 1 && dnsmsg_question(m, &q) == OK &&
	    q.type == RRTYPE_SOA && q.class == RRCLASS_IN &&
	    q.name_len == apex_len && dname_equal(q.name, apex);
}

void
probe_answer_judge(const uint8_t *msg, size_t len, const uint8_t *apex,
    size_t apex_len, bool sent_opt, struct probe_answer *out)
{
	struct dnsmsg m;
	unsigned rcode, n_soa;
	enum err e;

	memset(out, 0, sizeof(*out));
	out->reason = HANDOFF_MALFORMED;
	if (dnsmsg_open(&m, msg, len) != OK ||
	    (m.h.flags & DNSMSG_QR) == 0 ||
	    DNSMSG_OPCODE(m.h.flags) != DNSMSG_QUERY)
		return;
	rcode = DNSMSG_RCODE(m.h.flags);
	out->facts.rcode = (uint16_t)rcode;
	/* An error may come without the question. */
	if (!(rcode != DNSMSG_NOERROR && m.h.qdcount == 0) &&
	    !is_our_question(&m, apex, apex_len)) {
		out->reason = HANDOFF_WRONG_QUESTION;
		return;
	}
	if ((m.h.flags & DNSMSG_TC) != 0 && rcode == DNSMSG_NOERROR) {
		out->reason = HANDOFF_TRUNCATED;	/* T-017 */
		return;
	}
	e = walk(&m, apex, apex_len, out, &n_soa);
	if (out->facts.rcode != DNSMSG_NOERROR) {
		out->reason = HANDOFF_RCODE;
		out->no_opt_wanted = sent_opt && !out->facts.edns &&
		    (rcode == DNSMSG_FORMERR || rcode == DNSMSG_NOTIMP);
		return;
	}
	if (e != OK)
		return;
	if (n_soa != 1)
		out->reason = HANDOFF_NO_SOA;
	else if ((m.h.flags & DNSMSG_AA) == 0)
		out->reason = HANDOFF_NOT_AUTH;
	else
		out->reason = HANDOFF_OK;
}
