/*
 * zonecheck.c - may this content be served?
 */
#include "xferd/zonecheck.h"

#include <stdio.h>
#include <string.h>

#include "common/base/rd.h"
#include "common/dns/dname.h"
#include "common/dns/ownerkey.h"
#include "common/dns/page.h"
#include "common/dns/rr.h"
#include "common/dns/rrtype.h"

void
zonecheck_begin(struct zonecheck *z, const struct zonecheck_limits *limits,
    const uint8_t *apex)
{
	*z = (struct zonecheck){ .limits = *limits, .apex = apex };
}

static enum err
refuse(struct zonecheck *z, const struct page_name *n, const char *reason,
    const char *text)
{
	uint8_t wire[DNAME_MAX];
	char owner[DNAME_TEXT_MAX] = "";

	if (n != NULL) {
		ownerkey_to_dname(n->key, n->key_len, z->apex, wire);
		dname_print_bare(wire, owner);
	}
	z->reason = reason;
	if (n != NULL)
		snprintf(z->text, sizeof(z->text), "%.300s: %s", owner, text);
	else
		snprintf(z->text, sizeof(z->text), "%s", text);
	return ERR_INVALID;
}

/* The rdata of the first record of a set. */
static const uint8_t *
first_rdata(const struct page_set *set, size_t *out_len)
{
	struct rd r = rd_make(set->rr, set->rr_len);
	uint16_t len;

	rd_skip(&r, PAGE_RR_FIXED - 2);
	len = rd_u16(&r);
	*out_len = len;
	return rd_bytes(&r, len);
}

static enum err
check_apex(struct zonecheck *z, const struct page_name *n)
{
	struct page_set set;
	struct rr_soa soa;
	const uint8_t *rdata;
	size_t len;

	if (!page_set_find(n, RRTYPE_SOA, &set))
		return refuse(z, n, "no-soa", "there is no SOA record");
	if (set.n_rr != 1)
		return refuse(z, n, "many-soa",
		    "there is more than one SOA record");
	rdata = first_rdata(&set, &len);
	if (rdata == NULL || len > sizeof(z->soa) ||
	    rr_soa_parse(rdata, len, &soa) != OK)
		return refuse(z, n, "bad-soa", "the SOA record is malformed");
	memcpy(z->soa, rdata, len);
	z->soa_len = (uint16_t)len;
	z->serial = soa.serial;
	z->saw_apex = true;
	z->has_zonemd = page_set_find(n, RRTYPE_ZONEMD, &set);
	if (!page_set_find(n, RRTYPE_NS, &set))
		return refuse(z, n, "no-apex-ns",
		    "there is no NS record at the apex of the zone");
	return OK;
}

/* What may stand beside a CNAME.		RFC 4034 3, 4; RFC 2181 10.1 */
static bool
beside_cname(uint16_t type)
{
	return type == RRTYPE_CNAME || type == RRTYPE_RRSIG ||
	    type == RRTYPE_NSEC || type == RRTYPE_KEY;
}

static enum err
check_nsec3(struct zonecheck *z, const struct page_name *n,
    const struct page_set *set)
{
	struct rd r = rd_make(set->rr, set->rr_len);

	for (unsigned i = 0; i < set->n_rr; i++) {
		struct rd rdata;

		rd_skip(&r, PAGE_RR_FIXED - 2);
		rdata = rd_sub(&r, rd_u16(&r));
		rd_skip(&rdata, 2);	/* hash algorithm, flags */
		if (rd_u16(&rdata) > z->limits.nsec3_iterations_max)
			return refuse(z, n, "nsec3-iterations",
			    "more NSEC3 iterations than allowed; use 0 "
			    "(RFC 9276)");
	}
	return OK;
}

/* One signature in time is enough for a set, so the last end counts. */
static void
note_signatures(struct zonecheck *z, const struct page_set *set)
{
	const uint8_t *at = set->sig, *end = set->sig + set->sig_len;
	int64_t last = INT64_MIN;

	while (at < end) {
		struct page_rr rr;
		struct rd r;
		int32_t left;

		at += page_rr_read(at, &rr);
		r = rd_make(rr.rdata, rr.rdlen);
		rd_skip(&r, 8);
		left = (int32_t)(rd_u32(&r) - (uint32_t)z->now_s);
		last = MAX(last, z->now_s + left);	/* RFC 4034 3.1.5 */
	}
	if (last > 0 && (z->signed_until_s == 0 || last < z->signed_until_s))
		z->signed_until_s = last;
}

static enum err
check_name(struct zonecheck *z, const struct page_name *n)
{
	bool cname = false, other = false;
	enum err e;

	for (unsigned i = 0; i < n->n_sets; i++) {
		struct page_set set;

		page_set_at(n, i, &set);
		if (set.sig_len > 0)
			note_signatures(z, &set);
		if (set.n_rr > z->limits.rrset_records_max)
			return refuse(z, n, "rrset-records",
			    "more records of one type than allowed");
		if (set.type == RRTYPE_CNAME) {
			cname = true;
			if (set.n_rr > 1)
				return refuse(z, n, "many-cname",
				    "there is more than one CNAME record");
		} else if (!beside_cname(set.type)) {
			other = true;
		}
		if (set.type == RRTYPE_DNAME && set.n_rr > 1)
			return refuse(z, n, "many-dname",
			    "there is more than one DNAME record");
		if (set.type == RRTYPE_NSEC3 ||
		    set.type == RRTYPE_NSEC3PARAM) {
			e = check_nsec3(z, n, &set);
			if (e != OK)
				return e;
		}
	}
	if (cname && other)
		return refuse(z, n, "cname-and-other",
		    "there are other records beside a CNAME record");
	if (n->key_len == 1 && n->key[0] == OWNERKEY_TREE_NORMAL)
		return check_apex(z, n);
	return OK;
}

enum err
zonecheck_page(struct zonecheck *z, const uint8_t *page)
{
	unsigned n_names = page_n_names(page);

	z->signed_until_s = 0;
	for (unsigned i = 0; i < n_names; i++) {
		struct page_name n;
		enum err e;

		page_name_at(page, i, &n);
		e = check_name(z, &n);
		if (e != OK)
			return e;
	}
	return OK;
}

enum err
zonecheck_end(struct zonecheck *z, uint64_t n_records, bool apex_kept)
{
	if (!z->saw_apex && !apex_kept)
		return refuse(z, NULL, "no-soa",
		    "there is no SOA record at the apex of the zone");
	if (n_records > z->limits.records_max)
		return refuse(z, NULL, "limit-records",
		    "the zone has more records than allowed");
	return OK;
}
