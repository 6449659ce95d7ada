/*
 * walk_read.c - see walk_read.h.
 */
#include "xferd/walk_read.h"

#include <string.h>

#include "common/dns/dnsmsg.h"
#include "common/dns/rrtype.h"

bool
walk_read_address(struct walk_host *host, const struct handoff_said *said,
    uint16_t port)
{
	struct sock_addr at = { .port = port };

	if (host->n_addrs == WALK_ADDRS_MAX)
		return false;
	if (said->type == RRTYPE_A && said->rdlen == 4) {
		at.family = 4;
		memcpy(at.ip, said->rdata, 4);
	} else if (said->type == RRTYPE_AAAA && said->rdlen == 16) {
		at.family = 6;
		memcpy(at.ip, said->rdata, 16);
	} else {
		return true;
	}
	for (unsigned i = 0; i < host->n_addrs; i++)
		if (sock_addr_cmp(&host->addrs[i], &at) == 0)
			return true;
	/* IPv4 first: it is what everybody has. */
	if (at.family == 4 && host->n_addrs > 0 && host->addrs[0].family == 6) {
		host->addrs[host->n_addrs++] = host->addrs[0];
		host->addrs[0] = at;
	} else {
		host->addrs[host->n_addrs++] = at;
	}
	return true;
}

void
walk_read_addresses(const struct walk_answer *a, const uint8_t *name,
    uint16_t port, struct walk_host *host)
{
	for (size_t i = 0; i < a->n_records; i++) {
		const struct handoff_said *r = &a->records[i];

		if (r->section == HANDOFF_SECTION_ANSWER &&
		    dname_equal(r->owner, name))
			walk_read_address(host, r, port);
	}
}

/* Glue counts from above only: names below the zone that answers. */
static void
add_glue(const struct walk_answer *a, const uint8_t *zone, uint16_t port,
    struct walk_cut *out)
{
	for (size_t i = 0; i < a->n_records; i++) {
		const struct handoff_said *r = &a->records[i];

		if (r->section != HANDOFF_SECTION_ADDITIONAL ||
		    !dname_is_under(r->owner, zone))
			continue;
		for (unsigned h = 0; h < out->n; h++)
			if (dname_equal(out->hosts[h].name, r->owner))
				walk_read_address(&out->hosts[h], r, port);
	}
}

/* The NS set of @owner in a section; false: too large. */
static bool
read_set(const struct walk_answer *a, enum handoff_section section,
    const uint8_t *owner, struct walk_cut *out)
{
	out->n = 0;
	out->zone_len = (uint8_t)dname_lower(owner, out->zone);
	out->ttl_s = WALK_TTL_MAX_S;
	for (size_t i = 0; i < a->n_records; i++) {
		const struct handoff_said *r = &a->records[i];
		struct walk_host *h;
		bool known = false;

		if (r->section != section || r->type != RRTYPE_NS ||
		    !dname_equal(r->owner, owner))
			continue;
		out->ttl_s = MIN(out->ttl_s, r->ttl);
		for (unsigned k = 0; k < out->n; k++)
			known |= dname_equal(out->hosts[k].name, r->rdata);
		if (known)
			continue;
		if (out->n == WALK_NS_MAX)
			return false;
		h = &out->hosts[out->n++];
		h->name_len = (uint8_t)dname_lower(r->rdata, h->name);
		h->n_addrs = 0;
	}
	return true;
}

static const struct handoff_said *
find(const struct walk_answer *a, enum handoff_section section, uint16_t type)
{
	for (size_t i = 0; i < a->n_records; i++)
		if (a->records[i].section == section &&
		    a->records[i].type == type)
			return &a->records[i];
	return NULL;
}

static const struct handoff_said *
find_at(const struct walk_answer *a, uint16_t type, const uint8_t *name)
{
	for (size_t i = 0; i < a->n_records; i++)
		if (a->records[i].section == HANDOFF_SECTION_ANSWER &&
		    a->records[i].type == type &&
		    dname_equal(a->records[i].owner, name))
			return &a->records[i];
	return NULL;
}

/* An answer section with something for @name in it. */
static enum walk_says
read_answer(const struct walk_answer *a, const uint8_t *zone,
    const uint8_t *name, uint16_t type, uint16_t port, struct walk_cut *out)
{
	if (find_at(a, RRTYPE_CNAME, name) != NULL ||
	    find(a, HANDOFF_SECTION_ANSWER, RRTYPE_DNAME) != NULL)
		return WALK_ALIAS;
	if (find_at(a, type, name) == NULL)
		return WALK_NO_DATA;
	if (type != RRTYPE_NS)
		return WALK_DATA;
	if (!read_set(a, HANDOFF_SECTION_ANSWER, name, out))
		return WALK_FAILED;
	add_glue(a, zone, port, out);
	return WALK_NS_HERE;
}

/* No AA, nothing in the answer section: a referral down, or it is lame. */
static enum walk_says
read_referral(const struct walk_answer *a, const uint8_t *zone,
    const uint8_t *name, uint16_t port, struct walk_cut *out)
{
	const struct handoff_said *ns = find(a, HANDOFF_SECTION_AUTHORITY,
	    RRTYPE_NS);

	if (ns == NULL || !dname_is_under(name, ns->owner) ||
	    !dname_is_under(ns->owner, zone) || dname_equal(ns->owner, zone))
		return WALK_LAME;
	if (!read_set(a, HANDOFF_SECTION_AUTHORITY, ns->owner, out))
		return WALK_FAILED;
	add_glue(a, zone, port, out);
	return WALK_REFERRAL;
}

enum walk_says
walk_read(const struct walk_answer *a, const uint8_t *zone,
    const uint8_t *name, uint16_t type, bool resolver, uint16_t port,
    struct walk_cut *out)
{
	const struct handoff_said *soa;
	bool answered = false;

	if (a->reason != HANDOFF_OK || a->cut || (a->rcode != DNSMSG_NOERROR &&
	    a->rcode != DNSMSG_NXDOMAIN))
		return WALK_FAILED;
	for (size_t i = 0; i < a->n_records; i++)
		answered |= a->records[i].section == HANDOFF_SECTION_ANSWER;
	if (!a->aa && !resolver)
		/* Some servers put a referral into the answer section. */
		return answered || a->rcode != DNSMSG_NOERROR ? WALK_LAME :
		    read_referral(a, zone, name, port, out);
	if (a->rcode == DNSMSG_NXDOMAIN)
		return answered ? WALK_ALIAS : WALK_NO_NAME;
	if (answered)
		return read_answer(a, zone, name, type, port, out);
	if (resolver)
		return WALK_NO_DATA;
	/* "Authoritative", with a SOA of above: it has not got the zone. */
	soa = find(a, HANDOFF_SECTION_AUTHORITY, RRTYPE_SOA);
	if (soa != NULL && !dname_is_under(soa->owner, zone))
		return WALK_LAME;
	/* AA on a referral: some do. */
	if (soa == NULL && type == RRTYPE_NS &&
	    find(a, HANDOFF_SECTION_AUTHORITY, RRTYPE_NS) != NULL)
		return read_referral(a, zone, name, port, out);
	return WALK_NO_DATA;
}
