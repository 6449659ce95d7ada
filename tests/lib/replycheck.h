/*
 * replycheck.h - what holds of every answer, whatever was asked.
 *
 * A reader of messages of its own, which shares no code with dnsd or
 * common/dns, and ldns beside it. For unit tests, fuzzers and
 * tests/tools/exhaustive. All inline: no room of its own to link.
 */
#ifndef TESTS_LIB_REPLYCHECK_H
#define TESTS_LIB_REPLYCHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

enum { REPLYCHECK_RECORDS = 600 };	/* those beyond are only walked */

struct replycheck {
	/* Of the question, set by the caller. */
	const uint8_t *request;
	size_t request_len;
	size_t limit;			/* octets of the answer */
	uint16_t qtype;
	uint16_t qclass;
	bool udp;
	bool edns;			/* a whole OPT was there */
	bool dnssec;			/* with DO */
	bool sound;			/* a whole query: edns, dnssec, qtype are right */
	/* Of the answer. */
	unsigned rcode;
	bool aa, tc;
	unsigned n_opt, n_tsig, n_question, n[3];
	struct replycheck_record {
		uint8_t owner[256];	/* lower case */
		uint16_t owner_len, type, covered, qclass, rdlen;
		uint32_t ttl;
		uint32_t rdata_at;
		uint8_t section;
	} rr[REPLYCHECK_RECORDS];
	unsigned n_rr;
	bool all;			/* rr has them all */
};

static inline unsigned
replycheck_u16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Returns the offset behind the name, 0 when there is none. */
static inline size_t
replycheck_name(const uint8_t *p, size_t len, size_t at, uint8_t *out,
    uint16_t *out_len)
{
	size_t end = 0, n = 0, before = at;
	unsigned hops = 0;

	for (;;) {
		unsigned c;

		if (at >= len)
			return 0;
		c = p[at];
		if (c >= 0xc0) {
			size_t to;

			if (at + 2 > len || ++hops > 20)
				return 0;
			to = (size_t)(c & 0x3f) << 8 | p[at + 1];
			if (end == 0)
				end = at + 2;
			if (to >= before)
				return 0;	/* backwards alone */
			at = before = to;
			continue;
		}
		if (c > 63 || n + c + 1 > 255 || at + 1 + c > len)
			return 0;
		for (unsigned i = 0; i <= c; i++) {
			uint8_t o = p[at + i];

			out[n++] = i > 0 && o >= 'A' && o <= 'Z' ?
			    (uint8_t)(o + 32) : o;
		}
		at += 1 + c;
		if (c == 0)
			break;
	}
	*out_len = (uint16_t)n;
	return end != 0 ? end : at;
}

/* Header, question, every record, and not an octet more. */
static inline const char *
replycheck_walk(struct replycheck *c, const uint8_t *p, size_t len)
{
	const uint8_t *q = c->request;
	struct replycheck_record spare;
	size_t at = 12;

	c->n_rr = c->n_opt = c->n_tsig = 0;
	c->all = true;
	if (len < 12)
		return "shorter than a header";
	if (len > c->limit)
		return "longer than allowed";
	if (memcmp(p, q, 2) != 0)
		return "another ID";
	if ((p[2] & 0xf9) != (0x80 | (q[2] & 0x79)))
		return "QR, opcode or RD";
	if (p[3] & 0xf0)
		return "RA, Z, AD or CD set";
	c->aa = (p[2] & 4) != 0;
	c->tc = (p[2] & 2) != 0;
	c->rcode = p[3] & 15u;
	c->n_question = replycheck_u16(p + 4);
	if (c->n_question > 1)
		return "questions";
	if (c->n_question == 1) {
		at = replycheck_name(p, len, at, spare.owner,
		    &spare.owner_len);
		if (at == 0 || at + 4 > len)
			return "question is cut";
		at += 4;
		if (at > c->request_len || memcmp(p + 12, q + 12, at - 12) != 0)
			return "another question";
	}
	for (unsigned s = 0; s < 3; s++) {
		c->n[s] = replycheck_u16(p + 6 + 2 * s);
		for (unsigned i = 0; i < c->n[s]; i++) {
			struct replycheck_record *r = c->n_rr <
			    REPLYCHECK_RECORDS ? &c->rr[c->n_rr] : &spare;

			at = replycheck_name(p, len, at, r->owner,
			    &r->owner_len);
			if (at == 0 || at + 10 > len)
				return "a record is cut";
			r->type = (uint16_t)replycheck_u16(p + at);
			r->qclass = (uint16_t)replycheck_u16(p + at + 2);
			r->ttl = (uint32_t)replycheck_u16(p + at + 4) << 16 |
			    replycheck_u16(p + at + 6);
			r->rdlen = (uint16_t)replycheck_u16(p + at + 8);
			at += 10;
			if (at + r->rdlen > len)
				return "rdata is cut";
			r->rdata_at = (uint32_t)at;
			r->section = (uint8_t)s;
			r->covered = (uint16_t)(r->type == 46 && r->rdlen > 2 ?
			    replycheck_u16(p + at) : 0);
			at += r->rdlen;
			if (r->type == 41) {
				c->n_opt++;
				if (s != 2 || r->owner_len != 1)
					return "OPT in a wrong place";
				if ((r->ttl >> 16 & 0xff) != 0)
					return "OPT version";
				if ((r->ttl & 0x7fff) != 0)
					return "OPT flags";
				if (c->sound && ((r->ttl & 0x8000) != 0) !=
				    c->dnssec)
					return "DO is not echoed";
				c->rcode |= r->ttl >> 24 << 4;
			} else if (r->type == 250) {
				c->n_tsig++;
				if (s != 2 || i + 1 != c->n[s])
					return "TSIG is not the last";
			} else if (r->ttl >> 31 != 0) {
				return "a TTL with its top bit";
			} else if (r != &spare) {
				c->n_rr++;
			} else {
				c->all = false;
			}
		}
	}
	return at == len ? NULL : "octets left over";
}

static inline bool
replycheck_same_set(const struct replycheck_record *a,
    const struct replycheck_record *b)
{
	return a->type == b->type && a->covered == b->covered &&
	    a->qclass == b->qclass && a->owner_len == b->owner_len &&
	    memcmp(a->owner, b->owner, a->owner_len) == 0;
}

/* Sets are whole and together, nothing twice, signatures with what they sign. */
static inline const char *
replycheck_sets(const struct replycheck *c, const uint8_t *p)
{
	for (unsigned i = 0; i < c->n_rr; i++) {
		const struct replycheck_record *r = &c->rr[i];
		bool signs = r->type != 46 || c->qtype == 46 || c->qtype == 255;

		if (c->sound && !c->dnssec && r->type != c->qtype &&
		    c->qtype != 255 && (r->type == 46 || r->type == 47 ||
		    r->type == 50))
			return "DNSSEC records without DO";
		if (c->sound && r->qclass != c->qclass)
			return "another class";
		for (unsigned k = 0; k < i; k++) {
			const struct replycheck_record *b = &c->rr[k];

			if (!replycheck_same_set(r, b)) {
				signs |= b->section == r->section &&
				    b->type == r->covered &&
				    b->owner_len == r->owner_len &&
				    memcmp(b->owner, r->owner,
				    r->owner_len) == 0;
				continue;
			}
			if (b->rdlen == r->rdlen && memcmp(p + b->rdata_at,
			    p + r->rdata_at, r->rdlen) == 0)
				return "a record twice";
			if (b->section != r->section)
				return "a set in two sections";
			if (b->ttl != r->ttl && r->type != 46)
				return "TTLs of a set differ";
			if (k + 1 < i && !replycheck_same_set(r, &c->rr[i - 1]))
				return "a set in two places";
		}
		if (!signs && r->type == 46)
			return "a signature without its set";
	}
	return NULL;
}

/* What kind of answer is it, and has it what that kind needs? */
static inline const char *
replycheck_kind(const struct replycheck *c)
{
	unsigned n_soa = 0, n_ns = 0, n_data = 0, n_chain = 0;

	if (c->tc && !c->udp)
		return "TC over TCP";
	if (c->tc && c->n[0] > 0)
		return "TC with an answer";
	if (c->rcode != 0 && c->rcode != 3 && c->rcode != 6 && c->n_rr > 0)
		return "an error with records";
	if (c->sound && c->n_opt != c->edns)
		return c->edns ? "no OPT" : "an OPT nobody sent";
	if (c->rcode != 0 && c->rcode != 3 && c->rcode != 6)
		return c->aa && !(c->rcode == 2 && !c->udp) ?
		    "an error with AA" : NULL;
	if (!c->sound || !c->all || c->tc || c->n_question == 0)
		return NULL;
	for (unsigned i = 0; i < c->n_rr; i++) {
		const struct replycheck_record *r = &c->rr[i];

		n_soa += r->section == 1 && r->type == 6;
		n_ns += r->section == 1 && r->type == 2;
		n_data += r->section == 0 && (r->type == c->qtype ||
		    c->qtype == 255);
		n_chain += r->section == 0 && (r->type == 5 || r->type == 39);
		if (r->section == 2 && r->type != 1 && r->type != 28 &&
		    r->type != 46)
			return "additional is more than addresses";
		if (r->section == 1 && r->type != 6 && r->type != 2 &&
		    r->type != 43 && r->type != 46 && r->type != 47 &&
		    r->type != 50)
			return "authority has data";
	}
	if (n_soa > 1)
		return "two SOAs";
	if (n_soa > 0 && n_ns > 0)
		return "SOA and NS";
	if (c->rcode == 3 && n_soa != 1)
		return "NXDOMAIN without a SOA";
	if (c->rcode == 3 && !c->aa)
		return "NXDOMAIN without AA";
	if (c->rcode == 6 && n_chain == 0)
		return "YXDOMAIN without a DNAME";
	if (c->rcode != 0)
		return NULL;
	if (!c->aa && (n_ns == 0 || c->n[0] > 0))
		return "neither an answer nor a referral";
	if (c->aa && n_data == 0 && n_chain == 0 && n_soa == 0)
		return "nothing at all";
	if (c->aa && n_ns > 0 && n_chain == 0)
		return "a referral with AA";
	if (n_data > 0 && n_soa > 0 && c->qtype != 5 && c->qtype != 39 &&
	    n_chain == 0)
		return "an answer with a SOA";
	return NULL;
}

/* Does ldns read the same? It knows nothing of what is behind the records. */
static inline const char *
replycheck_ldns(const struct replycheck *c, const uint8_t *p, size_t len)
{
	const char *wrong = NULL;
	ldns_pkt *pkt = NULL;

	if (ldns_wire2pkt(&pkt, p, len) != LDNS_STATUS_OK)
		return "ldns cannot read it";
	if (ldns_rr_list_rr_count(ldns_pkt_answer(pkt)) != c->n[0] ||
	    ldns_rr_list_rr_count(ldns_pkt_authority(pkt)) != c->n[1] ||
	    ldns_rr_list_rr_count(ldns_pkt_additional(pkt)) + c->n_opt +
	    c->n_tsig != c->n[2])
		wrong = "ldns counts other records";
	else if (ldns_pkt_get_rcode(pkt) != (c->rcode & 15) ||
	    ldns_pkt_aa(pkt) != c->aa || ldns_pkt_tc(pkt) != c->tc)
		wrong = "ldns reads another header";
	else if (ldns_pkt_edns(pkt) != (c->n_opt > 0))
		wrong = "ldns sees the OPT otherwise";
	ldns_pkt_free(pkt);
	return wrong;
}

/** All of it; NULL when nothing is wrong, else what. */
static inline const char *
replycheck(struct replycheck *c, const uint8_t *reply, size_t len)
{
	const char *wrong = replycheck_walk(c, reply, len);

	if (wrong == NULL)
		wrong = replycheck_sets(c, reply);
	if (wrong == NULL)
		wrong = replycheck_kind(c);
	if (wrong == NULL)
		wrong = replycheck_ldns(c, reply, len);
	return wrong;
}

#endif
