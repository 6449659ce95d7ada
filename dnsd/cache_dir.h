/*
 * cache_dir.h - the directory: which zone's head is found under which name.
 *
 * Knows:    the table of slots in the arena that readers search by the hash
 *           of a name, how it grows, tombstones; the writer's own list of
 *           zones by id.
 * Not here: what a head has (cache_head.h).
 * Runs in:  the feeder alone; for the cache_* rooms of the writer only.
 * Bounded:  2^27 slots, at most five eighths of them taken.
 */
#ifndef DNSD_CACHE_DIR_H
#define DNSD_CACHE_DIR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "dnsd/cache_arena.h"
#include "dnsd/cache_facts.h"
#include "dnsd/cache_layout.h"
#include "dnsd/zonecount.h"

struct cache_dir_entry {
	struct cache_held z;		/* first: given out */
	uint32_t slot;
	uint32_t next;			/* in its chain, or of the free list */
	uint8_t labels;
	bool used;
};

struct cache_dir {
	struct cache_arena *arena;
	struct cache_dir_entry *entry;	/* 1.. ; 0 is "none" */
	uint32_t entry_cap, entry_free;
	uint32_t *chain;		/* by id, power of two */
	uint32_t chain_mask;
	uint32_t n_zones;

	cache_ref table;
	unsigned log2;			/* slots in it */
	uint32_t taken;			/* zones and tombstones */
	uint32_t labels_n[128];		/* zones by number of labels */
	struct zonecount counts;	/* cache_slot.stats */
};

/** cache_dir_init() - without a table: make() or adopt() one.
 *  @arena: borrowed until fini */
MUST_USE enum err cache_dir_init(struct cache_dir *d,
    struct cache_arena *arena);
void cache_dir_fini(struct cache_dir *d);

/** cache_dir_make() - an empty table; ERR_LIMIT */
MUST_USE enum err cache_dir_make(struct cache_dir *d);

/** cache_dir_adopt() - a predecessor's table, between mark_begin and sweep of
 *  the arena: what of it cannot be trusted is dropped.  ERR_MALFORMED */
MUST_USE enum err cache_dir_adopt(struct cache_dir *d);

/** cache_dir_find() - NULL when the zone is not there; valid until the next
 *  publication */
struct cache_dir_entry *cache_dir_find(const struct cache_dir *d,
    const uint8_t id[16]);

static inline struct cache_slot *
cache_dir_slot(const struct cache_dir *d, const struct cache_dir_entry *e)
{
	return (struct cache_slot *)cache_arena_at(d->arena, d->table) +
	    e->slot;
}

static inline cache_ref
cache_dir_head(const struct cache_dir *d, const struct cache_dir_entry *e)
{
	return atomic_load_explicit(&cache_dir_slot(d, e)->head,
	    memory_order_relaxed);
}

/**
 * cache_dir_publish() - @head is the zone's from now on
 * @out_old: the head before, 0 if none; retiring it and raising the epoch is
 *           the caller's, and so are the entry's fields
 *
 * Returns OK; ERR_LIMIT, ERR_NO_MEMORY when there is no place for one more.
 */
MUST_USE enum err cache_dir_publish(struct cache_dir *d,
    const struct cache_facts *f, cache_ref head, cache_ref *out_old);

/** cache_dir_remove() - readers find it no more; returns its head, to retire */
cache_ref cache_dir_remove(struct cache_dir *d, struct cache_dir_entry *e);

void cache_dir_expire(struct cache_dir *d, struct cache_dir_entry *e,
    int64_t expire_boot_ms);

#endif
