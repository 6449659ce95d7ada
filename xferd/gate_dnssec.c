/*
 * gate_dnssec.c - would this zone validate?
 *
 * A walk in canonical order.  What lies below a delegation or a DNAME is not
 * authoritative and is passed over; at a delegation only DS and NSEC are.  The
 * NSEC chain is compared name by name.  For NSEC3 the records are taken in
 * first, sorted as they come; then each name and each new empty non-terminal
 * is hashed and looked for.
 */
#include "xferd/gate_dnssec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/rd.h"
#include "common/dns/digest.h"
#include "common/dns/dname.h"
#include "common/dns/nsec3hash.h"
#include "common/dns/ownerkey.h"
#include "common/dns/rrtype.h"
#include "xferd/gate_keys.h"

enum {
	TYPES_MAX = PAGE_SETS_MAX + 2,
	BITMAP_MAX = 256 * 34,
	NSEC3_SHA1 = 1,
	NSEC3_OPTOUT = 1,
	SALT_MAX = 255,
};

struct entry {				/* one NSEC3 record */
	uint8_t hash[NSEC3HASH_SIZE];
	uint8_t next[NSEC3HASH_SIZE];
	uint64_t types;			/* fingerprint of the bitmap */
	bool optout, seen;
};

struct gate_dnssec {
	const uint8_t *apex;
	size_t apex_len;
	int64_t now_s;
	bool signed_zone, busy;
	struct gate_keys *keys;
	uint64_t n_verified;

	const char *reason;		/* the first fault */
	char text[GATE_TEXT_MAX];

	/* where the walk is */
	struct ownerkey cut;		/* nothing below it counts */
	bool has_cut;
	struct ownerkey before, before_secure;
	bool any_before;

	bool nsec;
	bool nsec_open;			/* next is set */
	uint8_t next[DNAME_MAX];

	bool nsec3;
	struct nsec3hash *hash;
	uint8_t salt[SALT_MAX];
	uint8_t salt_len;
	uint16_t iterations;
	struct entry *entry;
	size_t n, size;
	bool sorted;
};

/* ---- faults ------------------------------------------------------------ */

static void fault(struct gate_dnssec *d, const uint8_t *owner, uint16_t type,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

static void
fault(struct gate_dnssec *d, const uint8_t *owner, uint16_t type,
    const char *fmt, ...)
{
	char name[DNAME_TEXT_MAX], what[400], number[16];
	const char *kind = type == 0 ? "" : rrtype_name(type);
	va_list ap;

	if (d->reason != NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (kind == NULL) {
		snprintf(number, sizeof(number), "TYPE%u", type);
		kind = number;
	}
	dname_print_bare(owner, name);
	d->reason = "held-dnssec";
	d->busy = false;
	snprintf(d->text, sizeof(d->text), "%.300s%s%s %.250s", name,
	    type == 0 ? "" : " ", kind, what);
}

/* ---- bitmaps ----------------------------------------------------------- */

/* Of types in ascending order.				RFC 4034 4.1.2 */
static size_t
bitmap(const uint16_t *types, unsigned n, uint8_t out[BITMAP_MAX])
{
	size_t len = 0;

	for (unsigned i = 0; i < n;) {
		uint8_t window = (uint8_t)(types[i] >> 8);
		uint8_t *p = out + len;

		memset(p, 0, 34);
		p[0] = window;
		for (; i < n && types[i] >> 8 == window; i++) {
			unsigned bit = types[i] & 255;

			p[2 + bit / 8] |= (uint8_t)(0x80 >> bit % 8);
			p[1] = (uint8_t)(bit / 8 + 1);
		}
		len += 2u + p[1];
	}
	return len;
}

static uint64_t
bitmap_print(const uint8_t *bytes, size_t len)
{
	struct digest d;
	uint64_t n;

	digest_of(bytes, len, &d);
	memcpy(&n, d.octets, sizeof(n));
	return n;
}

static unsigned
insert_type(uint16_t *types, unsigned n, uint16_t type)
{
	unsigned i = n;

	for (; i > 0 && types[i - 1] > type; i--)
		types[i] = types[i - 1];
	types[i] = type;
	return n + 1;
}

/* ---- the beginning ----------------------------------------------------- */

static void
check_keys(struct gate_dnssec *d, const struct page_set *set,
    const struct gate_policy *policy)
{
	enum gate_key_verdict v;
	bool fits = false, known = false;
	int64_t until;

	v = gate_keys_verify(d->keys, d->apex, d->apex_len, set, d->now_s,
	    -1, &until);
	if (v != GATE_KEY_GOOD && v != GATE_KEY_UNKNOWN) {
		fault(d, d->apex, RRTYPE_DNSKEY, "%s", gate_keys_text(v));
		return;
	}
	for (unsigned i = 0; i < policy->n_anchors && !fits; i++) {
		int key = gate_keys_anchor(d->keys, &policy->anchors[i]);

		known |= key != -2;
		if (key < 0)
			continue;
		v = gate_keys_verify(d->keys, d->apex, d->apex_len, set,
		    d->now_s, key, &until);
		fits = v == GATE_KEY_GOOD || v == GATE_KEY_UNKNOWN;
	}
	if (known && !fits)
		fault(d, d->apex, RRTYPE_DNSKEY, "is not signed by a key that "
		    "one of the configured trust anchors names");
}

static bool
take_param(struct gate_dnssec *d, const struct page_name *name)
{
	struct page_set set;
	const uint8_t *at, *end;

	if (!page_set_find(name, RRTYPE_NSEC3PARAM, &set))
		return false;
	for (at = set.rr, end = at + set.rr_len; at < end;) {
		struct page_rr rr;

		at += page_rr_read(at, &rr);
		/* RFC 5155 4.1.2: with flags it is not in use. */
		if (rr.rdlen < 5 || rr.rdata[0] != NSEC3_SHA1 ||
		    rr.rdata[1] != 0 || rr.rdlen != 5 + rr.rdata[4])
			continue;
		d->iterations = (uint16_t)(rr.rdata[2] << 8 | rr.rdata[3]);
		d->salt_len = rr.rdata[4];
		memcpy(d->salt, rr.rdata + 5, d->salt_len);
		return true;
	}
	return false;
}

static void
begin(struct gate_dnssec *d, const struct page_name *name,
    const struct gate_policy *policy)
{
	struct page_set set;

	if (!page_set_find(name, RRTYPE_DNSKEY, &set)) {
		if (policy->n_anchors > 0)
			fault(d, d->apex, 0, "has no DNSKEY record, and there "
			    "are trust anchors for it");
		else if (policy->dnssec == GATE_REQUIRE)
			fault(d, d->apex, 0, "is not signed, and that is "
			    "required");
		return;
	}
	d->signed_zone = true;
	d->busy = true;
	check_keys(d, &set, policy);
	d->nsec = (name->flags & PAGE_HAS_NSEC) != 0;
	d->nsec3 = take_param(d, name);
	if (!d->nsec && !d->nsec3)
		fault(d, d->apex, 0, "has DNSKEY records, and neither NSEC "
		    "nor NSEC3PARAM");
}

enum err
gate_dnssec_new(const uint8_t *apex, const struct page_name *name,
    const struct gate_policy *policy, int64_t now_s, struct gate_dnssec **out)
{
	struct gate_dnssec *d = calloc(1, sizeof(*d));
	enum err e;

	if (d == NULL)
		return ERR_NO_MEMORY;
	d->apex = apex;
	d->apex_len = dname_len(apex);
	d->now_s = now_s;
	e = nsec3hash_new(&d->hash);
	if (e == OK)
		e = gate_keys_new(apex, name, &d->keys);
	if (e == OK) {
		begin(d, name, policy);
	} else if (e == ERR_LIMIT) {
		fault(d, apex, RRTYPE_DNSKEY, "has more keys than allowed");
		e = OK;
	}
	if (e != OK) {
		gate_dnssec_free(d);
		return e;
	}
	*out = d;
	return OK;
}

void
gate_dnssec_free(struct gate_dnssec *d)
{
	if (d == NULL)
		return;
	gate_keys_free(d->keys);
	nsec3hash_free(d->hash);
	free(d->entry);
	free(d);
}

bool
gate_dnssec_busy(const struct gate_dnssec *d)
{
	return d->busy;
}

int64_t
gate_dnssec_keys(const struct gate_dnssec *d)
{
	return d->signed_zone && d->keys != NULL ?
	    gate_keys_print(d->keys) : 0;
}

uint64_t
gate_dnssec_verified(const struct gate_dnssec *d)
{
	return d->n_verified;
}

/* ---- signatures -------------------------------------------------------- */

static void
check_set(struct gate_dnssec *d, const uint8_t *owner, size_t owner_len,
    const struct page_set *set, bool trusted, struct gate_dnssec_seen *seen)
{
	enum gate_key_verdict v;
	int64_t until = 0;

	if (set->sig_len == 0) {
		fault(d, owner, set->type, "is not signed");
		seen->all_good = false;
		return;
	}
	if (trusted)
		return;
	d->n_verified++;
	v = gate_keys_verify(d->keys, owner, owner_len, set, d->now_s, -1,
	    &until);
	if (v == GATE_KEY_GOOD) {
		seen->until_s = MIN(seen->until_s, until);
		return;
	}
	seen->all_good = false;
	if (v != GATE_KEY_UNKNOWN)
		fault(d, owner, set->type, "%s", gate_keys_text(v));
}

/* ---- NSEC3 records ----------------------------------------------------- */

static enum err
add_entry(struct gate_dnssec *d, const struct entry *e)
{
	if (d->n == d->size) {
		size_t size = d->size == 0 ? 256 : d->size * 2;
		struct entry *more = realloc(d->entry, size * sizeof(*more));

		if (more == NULL)
			return ERR_NO_MEMORY;
		d->entry = more;
		d->size = size;
	}
	d->entry[d->n++] = *e;
	return OK;
}

/* Of our chain, or false.				RFC 5155 3.2 */
static bool
read_nsec3(const struct gate_dnssec *d, const struct page_rr *rr,
    struct entry *out)
{
	struct rd r = rd_make(rr->rdata, rr->rdlen);
	uint8_t alg = rd_u8(&r), flags = rd_u8(&r);
	uint16_t iterations = rd_u16(&r);
	uint8_t salt_len = rd_u8(&r);
	const uint8_t *salt = rd_bytes(&r, salt_len), *next;
	uint8_t next_len = rd_u8(&r);
	size_t left;

	next = rd_bytes(&r, next_len);
	left = rd_left(&r);
	if (rd_failed(&r) || alg != NSEC3_SHA1 ||
	    iterations != d->iterations || salt_len != d->salt_len ||
	    (salt_len > 0 && memcmp(salt, d->salt, salt_len) != 0) ||
	    next_len != NSEC3HASH_SIZE)
		return false;
	out->optout = (flags & NSEC3_OPTOUT) != 0;
	memcpy(out->next, next, NSEC3HASH_SIZE);
	out->types = bitmap_print(rr->rdata + (rr->rdlen - left), left);
	return true;
}

enum err
gate_dnssec_nsec3(struct gate_dnssec *d, const struct page_name *name,
    bool trusted, struct gate_dnssec_seen *out)
{
	struct entry entry = { 0 };
	uint8_t owner[DNAME_MAX];
	size_t owner_len;
	struct page_set set;
	const uint8_t *at, *end;
	bool taken = false;

	*out = (struct gate_dnssec_seen){ .all_good = true,
		.until_s = INT64_MAX };
	if (!d->busy || !page_set_find(name, RRTYPE_NSEC3, &set))
		return OK;
	owner_len = ownerkey_to_dname(name->key, name->key_len, d->apex,
	    owner);
	check_set(d, owner, owner_len, &set, trusted, out);
	/* One label of 32 characters right above the apex, else no chain of
	 * ours. */
	if (!d->nsec3 || ownerkey_parent_len(name->key, name->key_len) != 1 ||
	    nsec3hash_from_text(owner + 1, owner[0], entry.hash) != OK)
		return OK;
	for (at = set.rr, end = at + set.rr_len; at < end && !taken;) {
		struct page_rr rr;

		at += page_rr_read(at, &rr);
		taken = read_nsec3(d, &rr, &entry);
	}
	return taken ? add_entry(d, &entry) : OK;
}

static int
by_hash(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;

	return memcmp(a->hash, b->hash, NSEC3HASH_SIZE);
}

/* Does each record lead to the next, and the last to the first? */
static void
check_ring(struct gate_dnssec *d)
{
	if (d->sorted || !d->nsec3)
		return;
	d->sorted = true;
	if (d->n == 0) {
		fault(d, d->apex, 0, "has an NSEC3PARAM record and no NSEC3 "
		    "records with its parameters");
		return;
	}
	qsort(d->entry, d->n, sizeof(*d->entry), by_hash);
	for (size_t i = 0; i < d->n && d->reason == NULL; i++) {
		const struct entry *a = &d->entry[i];
		const struct entry *b = &d->entry[(i + 1) % d->n];
		char text[NSEC3HASH_TEXT];

		if (memcmp(a->next, b->hash, NSEC3HASH_SIZE) == 0)
			continue;
		nsec3hash_text(a->hash, text);
		fault(d, d->apex, 0, "has a gap in its NSEC3 chain: the "
		    "record %.*s does not lead to the next one",
		    NSEC3HASH_TEXT, text);
	}
}

/* The record of a hash, or the one before it (with *out_exact false). */
static struct entry *
find_entry(struct gate_dnssec *d, const uint8_t *hash, bool *out_exact)
{
	size_t lo = 0, hi = d->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (memcmp(d->entry[mid].hash, hash, NSEC3HASH_SIZE) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*out_exact = lo > 0 && memcmp(d->entry[lo - 1].hash, hash,
	    NSEC3HASH_SIZE) == 0;
	return &d->entry[lo > 0 ? lo - 1 : d->n - 1];
}

static void
check_nsec3_of(struct gate_dnssec *d, const uint8_t *owner, size_t owner_len,
    const uint16_t *types, unsigned n_types, bool insecure)
{
	uint8_t hash[NSEC3HASH_SIZE], bits[BITMAP_MAX];
	struct entry *e;
	bool exact;

	if (d->n == 0 || nsec3hash_name(d->hash, d->salt, d->salt_len,
	    d->iterations, owner, owner_len, hash) != OK) {
		fault(d, owner, 0, "cannot be looked for in the NSEC3 chain");
		return;
	}
	e = find_entry(d, hash, &exact);
	if (!exact) {
		if (!insecure || !e->optout)
			fault(d, owner, 0, n_types == 0 ? "is an empty "
			    "non-terminal without an NSEC3 record" :
			    "has no NSEC3 record");
		return;
	}
	e->seen = true;
	if (e->types != bitmap_print(bits, bitmap(types, n_types, bits)))
		fault(d, owner, 0, "has an NSEC3 record with other types "
		    "than the name has");
}

/* ---- one name ---------------------------------------------------------- */

static void
copy_key(struct ownerkey *to, const struct page_name *name)
{
	to->len = name->key_len;
	memcpy(to->bytes, name->key, name->key_len);
}

/* Ancestors that the name before did not have: names with no records. */
static void
check_empty(struct gate_dnssec *d, const struct page_name *name,
    bool insecure)
{
	const struct ownerkey *b = insecure ? &d->before : &d->before_secure;
	size_t len = ownerkey_parent_len(name->key, name->key_len);

	for (; len > 1; len = ownerkey_parent_len(name->key, len)) {
		uint8_t owner[DNAME_MAX];
		size_t n;

		if (ownerkey_is_below(b->bytes, b->len, name->key, len))
			break;
		n = ownerkey_to_dname(name->key, len, d->apex, owner);
		check_nsec3_of(d, owner, n, NULL, 0, insecure);
	}
}

static void
check_nsec(struct gate_dnssec *d, const struct page_name *name,
    const uint8_t *owner, const uint16_t *types, unsigned n_types)
{
	uint8_t bits[BITMAP_MAX];
	struct page_set set;
	struct page_rr rr;
	size_t next_len, len;

	if (d->nsec_open && !dname_equal(d->next, owner)) {
		fault(d, owner, 0, "is not where the NSEC record before it "
		    "leads");
		return;
	}
	if (!page_set_find(name, RRTYPE_NSEC, &set) || set.n_rr != 1) {
		fault(d, owner, 0, set.n_rr > 1 ? "has several NSEC records" :
		    "has no NSEC record");
		return;
	}
	page_rr_read(set.rr, &rr);
	next_len = dname_len(rr.rdata);
	dname_lower(rr.rdata, d->next);
	d->nsec_open = true;
	len = bitmap(types, n_types, bits);
	if (len != rr.rdlen - next_len ||
	    memcmp(bits, rr.rdata + next_len, len) != 0)
		fault(d, owner, RRTYPE_NSEC, "names other types than the name "
		    "has");
}

/* What the proofs at this name must list; out: whether DS is there. */
static unsigned
list_types(const struct gate_dnssec *d, const struct page_name *name, bool cut,
    uint16_t types[TYPES_MAX])
{
	unsigned n = 0;
	bool signed_set = false;

	for (unsigned i = 0; i < name->n_sets; i++) {
		struct page_set set;

		page_set_at(name, i, &set);
		if (set.type == RRTYPE_RRSIG)
			continue;
		if (cut && set.type != RRTYPE_NS && set.type != RRTYPE_DS &&
		    set.type != RRTYPE_NSEC)
			continue;
		types[n++] = set.type;
		signed_set |= !cut || set.type != RRTYPE_NS;
	}
	if (signed_set || d->nsec)
		n = insert_type(types, n, RRTYPE_RRSIG);
	return n;
}

static void
check_sets(struct gate_dnssec *d, const struct page_name *name, bool cut,
    const uint8_t *owner, size_t owner_len, bool trusted,
    struct gate_dnssec_seen *out)
{
	for (unsigned i = 0; i < name->n_sets && d->reason == NULL; i++) {
		struct page_set set;

		page_set_at(name, i, &set);
		if (set.type == RRTYPE_RRSIG ||
		    (cut && set.type != RRTYPE_DS &&
		    set.type != RRTYPE_NSEC)) {
			out->all_good &= set.sig_len == 0;
			continue;
		}
		check_set(d, owner, owner_len, &set, trusted, out);
	}
}

enum err
gate_dnssec_name(struct gate_dnssec *d, const struct page_name *name,
    bool trusted, struct gate_dnssec_seen *out)
{
	bool apex = name->key_len == 1, cut;
	uint16_t types[TYPES_MAX];
	uint8_t owner[DNAME_MAX];
	size_t owner_len;
	unsigned n;

	*out = (struct gate_dnssec_seen){ .all_good = true,
		.until_s = INT64_MAX };
	check_ring(d);
	if (!d->busy)
		return OK;
	if (d->has_cut && ownerkey_is_below(name->key, name->key_len,
	    d->cut.bytes, d->cut.len)) {
		/* Not authoritative; whether its signatures are good was
		 * not asked, so its page is looked at again next time. */
		for (unsigned i = 0; i < name->n_sets; i++) {
			struct page_set set;

			page_set_at(name, i, &set);
			out->all_good &= set.sig_len == 0;
		}
		return OK;
	}
	cut = !apex && (name->flags & PAGE_HAS_NS) != 0;
	d->has_cut = cut || (name->flags & PAGE_HAS_DNAME) != 0;
	if (d->has_cut)
		copy_key(&d->cut, name);
	owner_len = ownerkey_to_dname(name->key, name->key_len, d->apex,
	    owner);
	check_sets(d, name, cut, owner, owner_len, trusted, out);
	n = list_types(d, name, cut, types);
	if (d->nsec)
		check_nsec(d, name, owner, types, n);
	if (d->nsec3) {
		bool insecure = cut && (name->flags & PAGE_HAS_DS) == 0;

		check_nsec3_of(d, owner, owner_len, types, n, insecure);
		check_empty(d, name, insecure);
		if (!insecure)
			copy_key(&d->before_secure, name);
		copy_key(&d->before, name);
	}
	return OK;
}

void
gate_dnssec_end(struct gate_dnssec *d, const char **out_reason, char *text,
    size_t size)
{
	if (d->busy && d->nsec && d->nsec_open &&
	    !dname_equal(d->next, d->apex))
		fault(d, d->apex, 0, "is not where the last NSEC record "
		    "leads");
	for (size_t i = 0; d->busy && d->nsec3 && i < d->n; i++) {
		char hash[NSEC3HASH_TEXT];

		if (d->entry[i].seen)
			continue;
		nsec3hash_text(d->entry[i].hash, hash);
		fault(d, d->apex, 0, "has an NSEC3 record for a name that "
		    "does not exist: %.*s", NSEC3HASH_TEXT, hash);
	}
	d->busy = false;
	*out_reason = d->reason;
	if (d->reason != NULL)
		snprintf(text, size, "%s", d->text);
}
