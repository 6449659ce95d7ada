/*
 * proof.c - see proof.h.
 */
#include "dnsd/proof.h"

#include <string.h>

#include "common/dns/ownerkey.h"
#include "common/dns/rrtype.h"

enum {
	NSEC3_FIXED = 5,		/* algorithm flags iterations salt len */
	NSEC3_SHA1 = 1,
	NAME_MAX_OCTETS = 255,
};

bool
proof_key(struct nsec3hash *h, const struct cache_zone *z,
    const uint8_t *name, size_t len, uint8_t key[PROOF_KEY])
{
	uint8_t hash[NSEC3HASH_SIZE] UNINITIALIZED;

	if (h == NULL || nsec3hash_name(h, cache_view_salt(z),
	    z->nsec3_salt_len, z->nsec3_iterations, name, len, hash) != OK)
		return false;
	key[0] = OWNERKEY_TREE_NSEC3;
	nsec3hash_text(hash, (char *)key + 1);
	key[PROOF_KEY - 1] = 0;
	return true;
}

/* 32 digits of base32hex in lower case, as no other label is a hash. */
static bool
is_hash(const uint8_t *text)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);

	static_assert(NSEC3HASH_TEXT % 8 == 0, "eight at a time");
	for (unsigned i = 0; i < NSEC3HASH_TEXT; i += 8) {
		uint64_t v, digit, letter;

		memcpy(&v, text + i, 8);
		/* The top bit of each octet says: at least this much. */
		digit = (v + ones * (128 - '0')) & ~(v + ones * (127 - '9'));
		letter = (v + ones * (128 - 'a')) & ~(v + ones * (127 - 'v'));
		if (((digit | letter) & ~v & ones << 7) != ones << 7)
			return false;
	}
	return true;
}

/*
 * Does the owner hold an NSEC3 of the zone's chain, not of another one? What
 * is not named by a hash or names none belongs to no chain. Q-122
 */
static bool
in_chain(const struct cache_zone *z, const struct page_name *name)
{
	struct page_set set UNINITIALIZED;
	const uint8_t *rdata;
	size_t len;

	if (name->key_len != PROOF_KEY || !is_hash(name->key + 1) ||
	    !page_set_find(name, RRTYPE_NSEC3, &set))
		return false;
	rdata = set.rr + PAGE_RR_FIXED;
	len = (size_t)set.rr[10] << 8 | set.rr[11];
	return len > NSEC3_FIXED + (size_t)z->nsec3_salt_len +
	    NSEC3HASH_SIZE &&
	    rdata[0] == NSEC3_SHA1 &&
	    (rdata[2] << 8 | rdata[3]) == z->nsec3_iterations &&
	    rdata[4] == z->nsec3_salt_len &&
	    (z->nsec3_salt_len == 0 || memcmp(rdata + NSEC3_FIXED,
	    cache_view_salt(z), z->nsec3_salt_len) == 0) &&
	    rdata[NSEC3_FIXED + z->nsec3_salt_len] == NSEC3HASH_SIZE;
}

bool
proof_match(struct cache_view *v, const uint8_t key[PROOF_KEY],
    struct page_name *out)
{
	return cache_view_find(v, key, PROOF_KEY, page_hash(key, PROOF_KEY),
	    out) && in_chain(v->zone, out);
}

bool
proof_cover(struct cache_view *v, const uint8_t key[PROOF_KEY],
    struct page_name *out)
{
	static const uint8_t end[] = { 0xff };
	bool wrapped = false, exact;
	bool found = cache_view_upto(v, key, PROOF_KEY, out, &exact);

	for (unsigned i = 0; found && i < PROOF_STEPS_BACK_MAX; i++) {
		if (out->key[0] == OWNERKEY_TREE_NSEC3) {
			if (in_chain(v->zone, out))
				return true;
			found = cache_view_before(v, out->key, out->key_len,
			    out);
		} else if (!wrapped) {
			/* Below the first one: the last one wraps around. */
			wrapped = true;
			found = cache_view_before(v, end, sizeof(end), out);
		} else {
			return false;
		}
	}
	return false;
}

static void
note(const struct cache_view *v, struct cache_zone *head,
    enum cache_proof which, const struct page_name *name)
{
	size_t at = (size_t)(page_entry(name) - v->leaf.page);

	head->proof[which].page = (cache_ref)((size_t)(v->leaf.page -
	    v->arena) / CACHE_UNIT);
	head->proof[which].name = (uint16_t)(at / PAGE_UNIT);
}

void
proof_note(const uint8_t *arena, struct cache_zone *head, struct nsec3hash *h)
{
	struct cache_view v = { .arena = arena, .zone = head };
	uint8_t key[PROOF_KEY], wildcard[NAME_MAX_OCTETS + 2];
	struct page_name name;

	if ((head->flags & CACHE_ZONE_NSEC3) == 0 || head->root == 0)
		return;
	if (proof_key(h, head, cache_view_apex(head), head->apex_len, key) &&
	    proof_match(&v, key, &name))
		note(&v, head, CACHE_PROOF_APEX, &name);
	if (head->apex_len + 2u > NAME_MAX_OCTETS)
		return;
	wildcard[0] = 1;
	wildcard[1] = '*';
	memcpy(wildcard + 2, cache_view_apex(head), head->apex_len);
	if (proof_key(h, head, wildcard, head->apex_len + 2u, key) &&
	    proof_cover(&v, key, &name))
		note(&v, head, CACHE_PROOF_WILDCARD, &name);
}
