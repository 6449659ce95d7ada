/*
 * cache_view.h - look things up in the shared cache, never writing a byte.
 *
 * Knows:    the memory format (cache_layout.h), which page covers a key.
 * Not here: what an answer is made of; epochs (the worker holds one around
 *           a whole batch, so nothing seen here goes away meanwhile).
 * Runs in:  dnsd workers, one struct cache_view a job. Pure.
 * Trusts:   what the feeder has validated before it published it.
 * Bounded:  probes by the table, descents by CACHE_LEVELS_MAX.
 */
#ifndef DNSD_CACHE_VIEW_H
#define DNSD_CACHE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns/page.h"
#include "dnsd/cache_layout.h"

/* The directory as it stood when the job began. */
struct cache_view_dir {
	const struct cache_slot *slots;		/* NULL: no zone at all */
	uint64_t mask;
	uint64_t label_counts[2];
	uint64_t seed[2];
};

/* A page and the range [low, high) it answers for. */
struct cache_view_leaf {
	const uint8_t *page;		/* NULL: not descended yet */
	const uint8_t *low;
	const uint8_t *high;		/* NULL: up to the end */
	uint16_t low_len;
	uint16_t high_len;
};

/* One zone, and the page that was looked at last. */
struct cache_view {
	const uint8_t *arena;
	const struct cache_zone *zone;
	struct cache_view_leaf leaf;
	uint32_t n_lookups;		/* searches so far: what is bounded */
};

/* Where a key stands among the names that exist. */
struct cache_view_place {
	bool exact;			/* then next is the name itself */
	bool has_previous;
	bool has_next;
	struct page_name previous;	/* the last name below the key */
	struct page_name next;		/* the first name at or above it */
};

static inline const void *
cache_view_at(const uint8_t *arena, cache_ref ref)
{
	return arena + (size_t)ref * CACHE_UNIT;
}

static inline void
cache_view_prefetch(const void *p)
{
	__builtin_prefetch(p);
}

/** cache_view_open_dir() - the directory table of this moment */
static inline void
cache_view_open_dir(const uint8_t *arena, struct cache_view_dir *out)
{
	const struct cache_super *s = (const void *)arena;
	/* Pairs with the release store that publishes a table. */
	uint64_t dir = atomic_load_explicit(&s->dir, memory_order_acquire);

	out->slots = NULL;
	out->mask = 0;
	if (dir >> 8 != 0) {
		out->slots = cache_view_at(arena, (cache_ref)(dir >> 8));
		out->mask = (UINT64_C(1) << (dir & 63)) - 1;
	}
	/* A count that is missed was published later than this query came. */
	out->label_counts[0] = atomic_load_explicit(&s->label_counts[0],
	    memory_order_acquire);
	out->label_counts[1] = atomic_load_explicit(&s->label_counts[1],
	    memory_order_acquire);
	out->seed[0] = s->hash_seed[0];
	out->seed[1] = s->hash_seed[1];
}

/** cache_view_deeper() - the largest label count <= @n that some zone has,
 *  or -1 */
static inline int
cache_view_deeper(const struct cache_view_dir *d, int n)
{
	uint64_t bits;

	if (n < 0)
		return -1;
	if (n >= 64) {
		bits = d->label_counts[1] & (UINT64_MAX >> (127 - n));
		if (bits != 0)
			return 127 - __builtin_clzll(bits);
		n = 63;
	}
	bits = d->label_counts[0] & (UINT64_MAX >> (63 - n));
	return bits == 0 ? -1 : 63 - __builtin_clzll(bits);
}

static inline const struct cache_slot *
cache_view_first_slot(const struct cache_view_dir *d, uint64_t hash)
{
	return d->slots + (hash & d->mask);
}

/**
 * cache_view_probe() - a slot that may be the zone's
 * @hash:  of the name, finalised
 * @n:     slots to pass over before looking, 0 at first
 * @out_n: how many were passed when the slot was found
 *
 * Returns NULL when there is none. The name is compared by
 * cache_view_is_zone(), after its head was prefetched.
 */
static inline const struct cache_slot *
cache_view_probe(const struct cache_view_dir *d, uint64_t hash,
    unsigned stripe, uint64_t n, uint64_t *out_n)
{
	uint64_t tag = CACHE_TAG(hash);

	if (d->slots == NULL)
		return NULL;
	for (; n <= d->mask; n++) {
		const struct cache_slot *slot =
		    d->slots + ((hash + n) & d->mask);
		/* Pairs with the release store of a new slot's tag. */
		uint64_t seen = atomic_load_explicit(&slot->tag,
		    memory_order_acquire);

		if (seen == CACHE_TAG_FREE)
			return NULL;
		if (seen != tag)
			continue;
		if (atomic_load_explicit(&slot->stripes,
		    memory_order_relaxed) >> stripe & 1) {
			*out_n = n;
			return slot;
		}
	}
	return NULL;
}

/** The zone head of a slot; NULL when it is just being taken away. */
static inline const struct cache_zone *
cache_view_head(const uint8_t *arena, const struct cache_slot *slot)
{
	/* Pairs with the release store of the feeder's publication. */
	cache_ref ref = atomic_load_explicit(&slot->head,
	    memory_order_acquire);

	return ref == 0 ? NULL : cache_view_at(arena, ref);
}

/** cache_view_is_zone() - does the head belong to this name, in any case? */
bool cache_view_is_zone(const struct cache_zone *zone, const uint8_t *name,
    size_t len);

static inline const uint8_t *
cache_view_apex(const struct cache_zone *zone)
{
	return zone->tail;
}

static inline const uint8_t *
cache_view_salt(const struct cache_zone *zone)
{
	return zone->tail + zone->apex_len;
}

/**
 * cache_view_child() - one level of the descent towards a key
 * @v->leaf: fences are narrowed; the caller starts with an empty leaf
 * Returns the child's reference.
 */
cache_ref cache_view_child(struct cache_view *v, const struct cache_node *node,
    const uint8_t *key, size_t len);

/** cache_view_covers() - is the key in the range of the current leaf? */
bool cache_view_covers(const struct cache_view *v, const uint8_t *key,
    size_t len);

/** cache_view_turn() - make the page that covers the key the current one */
void cache_view_turn(struct cache_view *v, const uint8_t *key, size_t len);

/**
 * cache_view_find() - exact match
 * @hash: page_hash() of the key
 */
bool cache_view_find(struct cache_view *v, const uint8_t *key, size_t len,
    uint64_t hash, struct page_name *out);

/** cache_view_place() - neighbours of a key, over page borders */
void cache_view_place(struct cache_view *v, const uint8_t *key, size_t len,
    struct cache_view_place *out);

/** cache_view_before() - the last name below a key; false when none is */
bool cache_view_before(struct cache_view *v, const uint8_t *key, size_t len,
    struct page_name *out);

/** cache_view_upto() - the last name at or below a key; @out_exact: at it */
bool cache_view_upto(struct cache_view *v, const uint8_t *key, size_t len,
    struct page_name *out, bool *out_exact);

#endif
