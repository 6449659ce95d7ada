/*
 * cache_head.c - zone heads in the arena.  See cache_head.h.
 */
#include <stddef.h>
#include <string.h>

#include "common/dns/nsec3hash.h"
#include "common/dns/ownerkey.h"
#include "common/dns/page.h"
#include "dnsd/cache_head.h"
#include "dnsd/cache_tree.h"
#include "dnsd/proof.h"

enum {
	TYPE_SOA = 6,
	TYPE_NSEC = 47,
	TYPE_NSEC3PARAM = 51,
};

size_t
cache_head_size(const struct cache_zone *z)
{
	return offsetof(struct cache_zone, tail) + z->apex_len +
	    z->nsec3_salt_len + DIGEST_SIZE;
}

const struct digest *
cache_head_digest(const struct cache_zone *z)
{
	return (const struct digest *)(z->tail + z->apex_len +
	    z->nsec3_salt_len);
}

bool
cache_head_is_of(const struct cache_zone *z, const struct cache_facts *f)
{
	return z->apex_len == f->apex_len &&
	    memcmp(z->tail, f->apex, f->apex_len) == 0;
}

enum err
cache_head_make(struct cache_arena *a, const struct cache_facts *f,
    const struct cache_zone *like, cache_ref *out_head)
{
	size_t size = like != NULL ? cache_head_size(like) :
	    offsetof(struct cache_zone, tail) + f->apex_len + DIGEST_SIZE;
	cache_ref ref = cache_arena_take(a, size);
	struct cache_zone *z;

	if (ref == 0)
		return ERR_LIMIT;
	z = cache_arena_at(a, ref);
	if (like != NULL) {
		memcpy(z, like, size);
	} else {
		memset(z, 0, size);
		memcpy(z->id, f->id, 16);
		z->apex_len = f->apex_len;
		memcpy(z->tail, f->apex, f->apex_len);
	}
	z->state = f->state;
	*out_head = ref;
	return OK;
}

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* The first NSEC3PARAM that can be used: SHA-1, no flags.  RFC 5155 4.1.2 */
static const uint8_t *
nsec3param_find(const struct page_name *apex)
{
	struct page_set set;
	const uint8_t *rr;
	size_t left, rdlen;

	if (!page_set_find(apex, TYPE_NSEC3PARAM, &set))
		return NULL;
	rr = set.rr;
	left = set.rr_len;
	while (left >= PAGE_RR_FIXED) {
		rdlen = (size_t)rr[10] << 8 | rr[11];
		if (rdlen + PAGE_RR_FIXED > left)
			return NULL;
		if (rdlen >= 5 && rr[12] == 1 && rr[13] == 0 &&
		    rdlen == 5u + rr[16])
			return rr + PAGE_RR_FIXED;
		rr += PAGE_RR_FIXED + rdlen;
		left -= PAGE_RR_FIXED + rdlen;
	}
	return NULL;
}

/* Without memory for it workers search for themselves. */
static void
note_proofs(const struct cache_arena *a, struct cache_zone *z)
{
	struct nsec3hash *h;

	if ((z->flags & CACHE_ZONE_NSEC3) == 0 || nsec3hash_new(&h) != OK)
		return;
	proof_note(a->base, z, h);
	nsec3hash_free(h);
}

enum err
cache_head_build(struct cache_arena *a, const struct cache_facts *f,
    cache_ref root, uint8_t hints, cache_ref *out_head, uint32_t *out_serial)
{
	const uint8_t *page, *param, *tail;
	cache_ref ref = root, apex_page;
	struct page_name apex;
	struct page_set soa, set;
	struct cache_zone *z;
	size_t size;

	for (unsigned l = f->root_level; l > 0; l--)
		ref = cache_tree_children(cache_arena_at(a, ref))[0];
	apex_page = ref;
	page = cache_arena_at(a, apex_page);
	if (page_n_names(page) == 0)
		return ERR_MALFORMED;
	page_name_at(page, 0, &apex);
	if (apex.key_len != 1 || apex.key[0] != OWNERKEY_TREE_NORMAL ||
	    !page_set_find(&apex, TYPE_SOA, &soa) || soa.n_rr != 1 ||
	    soa.rr_len < PAGE_RR_FIXED + 22)
		return ERR_MALFORMED;
	param = nsec3param_find(&apex);
	size = offsetof(struct cache_zone, tail) + f->apex_len +
	    (param == NULL ? 0 : param[4]) + DIGEST_SIZE;
	ref = cache_arena_take(a, size);
	if (ref == 0)
		return ERR_LIMIT;
	z = cache_arena_at(a, ref);
	memset(z, 0, size);
	memcpy(z->id, f->id, 16);
	z->generation = f->generation;
	tail = soa.rr + soa.rr_len - 20;	/* the five numbers of a SOA */
	z->serial = be32(tail);
	z->negative_ttl = MIN(be32(soa.rr + 6), be32(tail + 16));
	z->state = f->state;
	z->flags = hints;
	z->root_level = f->root_level;
	z->root = root;
	z->apex_page = apex_page;
	z->apex_name = (uint16_t)((size_t)(apex.key - 4 - page) / PAGE_UNIT);
	z->soa_at = (uint32_t)(soa.rr - page);
	z->soa_len = (uint16_t)soa.rr_len;
	z->soa_sig_len = soa.sig_len;
	z->apex_len = f->apex_len;
	memcpy(z->tail, f->apex, f->apex_len);
	if (page_set_find(&apex, TYPE_NSEC, &set))
		z->flags |= CACHE_ZONE_NSEC;
	if (param != NULL) {
		z->flags |= CACHE_ZONE_NSEC3;
		z->nsec3_iterations = (uint16_t)(param[2] << 8 | param[3]);
		z->nsec3_salt_len = param[4];
		memcpy(z->tail + f->apex_len, param + 5, param[4]);
	}
	memcpy(z->tail + f->apex_len + z->nsec3_salt_len, &f->root,
	    DIGEST_SIZE);
	for (unsigned i = 0, n = 0; i + 1 < f->apex_len;
	    i += f->apex[i] + 1u)
		z->apex_labels = (uint8_t)++n;
	note_proofs(a, z);
	*out_serial = z->serial;
	*out_head = ref;
	return OK;
}

void
cache_head_retire(struct cache_arena *a, cache_ref head, const cache_ref *kept,
    size_t n_kept)
{
	struct cache_zone *z = cache_arena_at(a, head);

	if (z->root != 0)
		cache_tree_retire(a, z->root, z->root_level, kept, n_kept);
	cache_arena_retire(a, head, cache_head_size(z));
}

bool
cache_head_mark(struct cache_arena *a, cache_ref head)
{
	struct cache_zone *z;

	if ((size_t)head * CACHE_UNIT + sizeof(*z) > a->size)
		return false;
	z = cache_arena_at(a, head);
	if (!cache_alloc_mark(&a->alloc, head, cache_head_size(z)))
		return false;
	return z->root == 0 || (z->root_level <= CACHE_LEVELS_MAX &&
	    cache_tree_mark(a, z->root, z->root_level));
}
