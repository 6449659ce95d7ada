/*
 * gate_zonemd.c - the digest over a whole zone, RFC 8976.
 *
 * What is hashed, 3.3 and 3.4: every record of the zone once, also occluded
 * ones and glue, but for the ZONEMD set of the apex and the RRSIGs over it; in
 * canonical order of owners, types by number, records by canonical rdata.  Our
 * pages keep RRSIGs behind what they cover and NSEC3 in a tree of its own, so
 * the sets of one owner are put into the order of types here.
 */
#include "xferd/gate_zonemd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/base/check.h"
#include "common/dns/dname.h"
#include "common/dns/ownerkey.h"
#include "common/dns/rr.h"
#include "common/dns/rrtype.h"

enum {
	SCHEME_SIMPLE = 1,
	HASH_SHA384 = 1,
	HASH_SHA512 = 2,
	N_HASHES = 2,
	DIGEST_MAX = 64,
	FIXED = 6,			/* serial, scheme, hash algorithm */
	OUT_BYTES = 1 << 16,
};

struct record {
	uint8_t scheme, hash;
	bool usable;
	uint8_t digest[DIGEST_MAX];
};

struct gate_zonemd {
	const uint8_t *apex;
	bool present, other_serial, twice, bad_length;
	bool irregular;			/* TTLs of a set differed */
	uint32_t record_serial, serial;
	unsigned n;
	struct record rec[GATE_ZONEMD_MAX];
	EVP_MD_CTX *ctx[N_HASHES];	/* NULL: not needed */
	uint8_t *rdata;			/* RR_RDATA_MAX */
	struct page_rr *sigs;
	size_t n_sigs, sigs_size;
};

static const size_t DIGEST_LEN[N_HASHES] = { 48, 64 };

/* ---- the records of the apex ------------------------------------------- */

static void
take_record(struct gate_zonemd *z, const struct page_rr *rr)
{
	struct record *r = &z->rec[z->n];
	const uint8_t *p = rr->rdata;
	uint32_t serial;

	if (rr->rdlen < FIXED || z->n == GATE_ZONEMD_MAX)
		return;
	serial = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
	*r = (struct record){ .scheme = p[4], .hash = p[5] };
	z->n++;
	if (serial != z->serial) {
		z->other_serial = true;
		z->record_serial = serial;
		return;
	}
	if (r->scheme != SCHEME_SIMPLE || r->hash < HASH_SHA384 ||
	    r->hash > HASH_SHA512)
		return;			/* 4: not known, not counted */
	if (rr->rdlen - (size_t)FIXED != DIGEST_LEN[r->hash - 1]) {
		z->bad_length = true;
		return;
	}
	memcpy(r->digest, p + FIXED, DIGEST_LEN[r->hash - 1]);
	r->usable = true;
}

static enum err
take_apex(struct gate_zonemd *z, const struct page_name *name)
{
	struct page_walk w;
	struct page_rr rr;

	page_walk_begin(&w, name);
	while (page_walk_next(&w, &rr))
		if (rr.type == RRTYPE_ZONEMD) {
			z->present = true;
			take_record(z, &rr);
		}
	/* 2: one scheme and hash twice: neither may be used. */
	for (unsigned i = 0; i < z->n; i++)
		for (unsigned k = 0; k < z->n; k++)
			if (i != k && z->rec[i].scheme == z->rec[k].scheme &&
			    z->rec[i].hash == z->rec[k].hash) {
				z->twice |= z->rec[i].usable;
				z->rec[i].usable = false;
			}
	for (unsigned i = 0; i < z->n; i++) {
		unsigned h = z->rec[i].hash - 1u;

		if (!z->rec[i].usable || z->ctx[h] != NULL)
			continue;
		z->ctx[h] = EVP_MD_CTX_new();
		if (z->ctx[h] == NULL)
			return ERR_NO_MEMORY;
		if (EVP_DigestInit_ex(z->ctx[h], h + 1 == HASH_SHA384 ?
		    EVP_sha384() : EVP_sha512(), NULL) != 1)
			return ERR_INTERNAL;
	}
	return OK;
}

enum err
gate_zonemd_new(const uint8_t *apex, const struct page_name *name,
    uint32_t serial, struct gate_zonemd **out)
{
	struct gate_zonemd *z = calloc(1, sizeof(*z));
	enum err e;

	if (z == NULL)
		return ERR_NO_MEMORY;
	z->apex = apex;
	z->serial = serial;
	z->rdata = malloc(RR_RDATA_MAX);
	e = z->rdata == NULL ? ERR_NO_MEMORY : take_apex(z, name);
	if (e != OK) {
		gate_zonemd_free(z);
		return e;
	}
	*out = z;
	return OK;
}

void
gate_zonemd_free(struct gate_zonemd *z)
{
	if (z == NULL)
		return;
	for (int i = 0; i < N_HASHES; i++)
		EVP_MD_CTX_free(z->ctx[i]);
	free(z->rdata);
	free(z->sigs);
	free(z);
}

bool
gate_zonemd_present(const struct gate_zonemd *z)
{
	return z->present;
}

bool
gate_zonemd_wants(const struct gate_zonemd *z)
{
	return z->ctx[0] != NULL || z->ctx[1] != NULL;
}

/* ---- one owner --------------------------------------------------------- */

static enum err
hash(struct gate_zonemd *z, const void *p, size_t n)
{
	for (int i = 0; i < N_HASHES; i++)
		if (z->ctx[i] != NULL &&
		    EVP_DigestUpdate(z->ctx[i], p, n) != 1)
			return ERR_INTERNAL;
	return OK;
}

/* Owner, type, class, TTL, length, rdata, all canonical.   RFC 4034 6.2 */
static enum err
hash_record(struct gate_zonemd *z, const uint8_t *owner, size_t owner_len,
    const struct page_rr *rr)
{
	uint8_t head[DNAME_MAX + 10];
	uint8_t *p = head + owner_len;
	enum err e;

	memcpy(head, owner, owner_len);
	p[0] = (uint8_t)(rr->type >> 8);
	p[1] = (uint8_t)rr->type;
	p[2] = 0;
	p[3] = 1;
	p[4] = (uint8_t)(rr->ttl >> 24);
	p[5] = (uint8_t)(rr->ttl >> 16);
	p[6] = (uint8_t)(rr->ttl >> 8);
	p[7] = (uint8_t)rr->ttl;
	p[8] = (uint8_t)(rr->rdlen >> 8);
	p[9] = (uint8_t)rr->rdlen;
	e = hash(z, head, owner_len + 10);
	if (e != OK)
		return e;
	if (!rr_has_names(rr->type))
		return hash(z, rr->rdata, rr->rdlen);
	memcpy(z->rdata, rr->rdata, rr->rdlen);
	rr_canonical_in_place(rr->type, z->rdata, rr->rdlen);
	return hash(z, z->rdata, rr->rdlen);
}

static enum err
hash_set(struct gate_zonemd *z, const uint8_t *owner, size_t owner_len,
    const uint8_t *at, size_t len)
{
	const uint8_t *end = at + len;

	while (at < end) {
		struct page_rr rr;
		enum err e;

		at += page_rr_read(at, &rr);
		e = hash_record(z, owner, owner_len, &rr);
		if (e != OK)
			return e;
	}
	return OK;
}

static enum err
add_sigs(struct gate_zonemd *z, const uint8_t *at, size_t len)
{
	const uint8_t *end = at + len;

	while (at < end) {
		if (z->n_sigs == z->sigs_size) {
			size_t size = z->sigs_size == 0 ? 64 :
			    z->sigs_size * 2;
			struct page_rr *more = realloc(z->sigs,
			    size * sizeof(*more));

			if (more == NULL)
				return ERR_NO_MEMORY;
			z->sigs = more;
			z->sigs_size = size;
		}
		at += page_rr_read(at, &z->sigs[z->n_sigs++]);
	}
	return OK;
}

static int
by_rdata(const void *pa, const void *pb)
{
	const struct page_rr *a = pa, *b = pb;

	return rr_canonical_compare(RRTYPE_RRSIG, a->rdata, a->rdlen,
	    b->rdata, b->rdlen);
}

static int
by_type(const void *pa, const void *pb)
{
	const struct page_set *a = pa, *b = pb;

	return (a->type > b->type) - (a->type < b->type);
}

static enum err
hash_sigs(struct gate_zonemd *z, const uint8_t *owner, size_t owner_len)
{
	enum err e = OK;

	if (z->n_sigs > 1)
		qsort(z->sigs, z->n_sigs, sizeof(*z->sigs), by_rdata);
	for (size_t i = 0; i < z->n_sigs && e == OK; i++)
		e = hash_record(z, owner, owner_len, &z->sigs[i]);
	return e;
}

/* The sets of one tree, and the RRSIGs among and behind them. */
static enum err
gather(struct gate_zonemd *z, const struct page_name *n, bool apex,
    struct page_set *set, size_t *n_sets)
{
	for (unsigned i = 0; n != NULL && i < n->n_sets; i++) {
		struct page_set s;
		enum err e = OK;

		page_set_at(n, i, &s);
		z->irregular |= s.flags != 0;
		if (apex && s.type == RRTYPE_ZONEMD)
			continue;	/* and the RRSIGs over it: 3.3.1 */
		if (s.type == RRTYPE_RRSIG)
			e = add_sigs(z, s.rr, s.rr_len);
		else
			set[(*n_sets)++] = s;
		if (e == OK)
			e = add_sigs(z, s.sig, s.sig_len);
		if (e != OK)
			return e;
	}
	return OK;
}

enum err
gate_zonemd_name(struct gate_zonemd *z, const struct page_name *normal,
    const struct page_name *nsec3)
{
	const struct page_name *any = normal != NULL ? normal : nsec3;
	struct page_set set[2 * PAGE_SETS_MAX];
	uint8_t owner[DNAME_MAX];
	size_t owner_len, n_sets = 0;
	bool apex, sigs_done = false;
	enum err e;

	CHECK(any != NULL);
	apex = any->key_len == 1;
	owner_len = ownerkey_to_dname(any->key, any->key_len, z->apex, owner);
	dname_lower(owner, owner);
	z->n_sigs = 0;
	e = gather(z, normal, apex, set, &n_sets);
	if (e == OK)
		e = gather(z, nsec3, apex, set, &n_sets);
	if (normal != NULL && nsec3 != NULL)
		qsort(set, n_sets, sizeof(*set), by_type);
	for (size_t i = 0; i < n_sets && e == OK; i++) {
		if (!sigs_done && set[i].type > RRTYPE_RRSIG) {
			e = hash_sigs(z, owner, owner_len);
			sigs_done = true;
		}
		if (e == OK)
			e = hash_set(z, owner, owner_len, set[i].rr,
			    set[i].rr_len);
	}
	if (e == OK && !sigs_done)
		e = hash_sigs(z, owner, owner_len);
	return e;
}

/* ---- the verdict ------------------------------------------------------- */

static void
say_why(const struct gate_zonemd *z, bool compared, char *text, size_t size)
{
	if (compared)
		snprintf(text, size, "the ZONEMD record does not fit the "
		    "content of the zone%s", z->irregular ? "; sets whose "
		    "records have different TTLs are one reason" : "");
	else if (z->other_serial)
		snprintf(text, size, "the ZONEMD record is for serial %u, "
		    "and the zone has %u", z->record_serial, z->serial);
	else if (z->twice)
		snprintf(text, size, "there are several ZONEMD records of "
		    "one scheme and hash algorithm");
	else
		snprintf(text, size, "the digest in the ZONEMD record has "
		    "the wrong length");
}

enum err
gate_zonemd_end(struct gate_zonemd *z, bool require, const char **out_reason,
    char *text, size_t size)
{
	uint8_t digest[N_HASHES][EVP_MAX_MD_SIZE];
	bool compared = false;

	*out_reason = NULL;
	for (int i = 0; i < N_HASHES; i++)
		if (z->ctx[i] != NULL &&
		    EVP_DigestFinal_ex(z->ctx[i], digest[i], NULL) != 1)
			return ERR_INTERNAL;
	for (unsigned i = 0; i < z->n; i++) {
		unsigned h = z->rec[i].hash - 1u;

		if (!z->rec[i].usable)
			continue;
		compared = true;
		if (memcmp(digest[h], z->rec[i].digest, DIGEST_LEN[h]) == 0)
			return OK;	/* 4: one that fits is enough */
	}
	if (compared || z->other_serial || z->twice || z->bad_length) {
		*out_reason = "held-zonemd";
		say_why(z, compared, text, size);
	} else if (require) {
		*out_reason = "held-zonemd";
		snprintf(text, size, z->present ? "the zone has no ZONEMD "
		    "record of a scheme and hash algorithm that we know" :
		    "the zone has no ZONEMD record, and one is required");
	}
	return OK;
}
