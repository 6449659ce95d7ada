/*
 * notify_message.c - see notify_message.h.
 */
#include <string.h>

#include "common/base/wr.h"
#include "common/dns/dname.h"
#include "common/dns/dnsmsg.h"
#include "common/dns/rr.h"
#include "common/dns/rrtype.h"
#include "xferd/ask.h"
#include "xferd/handoff.h"
#include "xferd/notify_message.h"

static bool
take_hint(const struct dnsmsg *m, const struct dnsmsg_rr *rr,
    struct notify_message *out)
{
	uint8_t owner[DNSMSG_NAME_MAX], rdata[HANDOFF_SOA_MAX];
	struct rr_soa soa;
	size_t n;

	if (rr->type != RRTYPE_SOA || rr->class != RRCLASS_IN ||
	    dnsmsg_name(m->msg, m->len, rr->owner, owner, &n, NULL) != OK ||
	    n != out->question.name_len ||
	    !dname_equal(owner, out->question.name))
		return false;
	if (rr_rdata_from_message(m->msg, m->len, rr->rdata, rr->rdlen,
	    RRTYPE_SOA, rdata, sizeof(rdata), &n) != OK ||
	    rr_soa_parse(rdata, n, &soa) != OK)
		return false;
	out->has_serial = true;
	out->serial = soa.serial;
	return true;
}

static bool
take_records(struct dnsmsg *m, struct notify_message *out)
{
	struct dnsmsg_rr rr;
	struct dnsmsg_edns edns;

	for (;;) {
		if (dnsmsg_next(m, &rr) != OK)
			return false;
		if (rr.section == DNSMSG_END)
			return m->off == m->len;
		if (rr.section == DNSMSG_ANSWER && !take_hint(m, &rr, out))
			return false;
		if (rr.section == DNSMSG_ADDITIONAL &&
		    rr.type == RRTYPE_OPT) {
			if (out->edns || dnsmsg_edns(m, &rr, &edns) != OK)
				return false;
			out->edns = true;
		}
	}
}

static void
error(struct notify_message *out, uint8_t rcode)
{
	out->verdict = NOTIFY_ERROR;
	out->rcode = rcode;
}

void
notify_message_parse(const uint8_t *msg, size_t len, struct notify_message *out)
{
	struct dnsmsg m;
	enum err e;

	memset(out, 0, sizeof(*out));
	if (dnsmsg_open(&m, msg, len) != OK || (m.h.flags & DNSMSG_QR) != 0)
		return;			/* NOTIFY_DROP is 0 */
	out->id = m.h.id;
	out->flags = m.h.flags;
	if (DNSMSG_OPCODE(m.h.flags) != DNSMSG_NOTIFY) {
		/* Nothing is asked or edited here; UPDATE is opcode 5. */
		error(out, DNSMSG_OPCODE(m.h.flags) == DNSMSG_QUERY ||
		    DNSMSG_OPCODE(m.h.flags) == DNSMSG_UPDATE ?
		    DNSMSG_REFUSED : DNSMSG_NOTIMP);
		return;
	}
	error(out, DNSMSG_FORMERR);
	if (m.h.qdcount != 1 || dnsmsg_question(&m, &out->question) != OK)
		return;
	out->has_question = true;
	if (out->question.type != RRTYPE_SOA ||
	    out->question.class != RRCLASS_IN) {
		error(out, DNSMSG_NOTIMP);
		return;
	}
	if (m.h.ancount > 1 || !take_records(&m, out))
		return;
	e = tsig_find(msg, len, &out->tsig);
	if (e != OK && e != ERR_NOT_FOUND)
		return;
	out->signed_ = e == OK;
	out->verdict = NOTIFY_GOOD;
	out->rcode = DNSMSG_NOERROR;
}

enum err
notify_message_reply(const struct notify_message *n, uint8_t rcode, uint8_t *out,
    size_t max, size_t *out_len)
{
	struct wr w = wr_make(out, max);

	wr_u16(&w, n->id);
	wr_u16(&w, (uint16_t)(DNSMSG_QR | DNSMSG_AA | (n->flags & 0x7800) |
	    (n->flags & DNSMSG_RD) | rcode));
	wr_u16(&w, n->has_question);
	wr_u16(&w, 0);
	wr_u16(&w, 0);
	wr_u16(&w, n->edns);
	if (n->has_question) {
		wr_bytes(&w, n->question.name, n->question.name_len);
		wr_u16(&w, n->question.type);
		wr_u16(&w, n->question.class);
	}
	if (n->edns) {
		wr_u8(&w, 0);
		wr_u16(&w, RRTYPE_OPT);
		wr_u16(&w, ASK_UDP_SIZE);
		wr_u32(&w, 0);
		wr_u16(&w, 0);
	}
	if (wr_failed(&w))
		return ERR_SPACE;
	*out_len = wr_len(&w);
	return OK;
}
