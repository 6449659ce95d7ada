/*
 * cache_arena.h - the arena as its one writer has it: the mapping, space to
 * take, and when what was unlinked may be used again (docs/CACHE.md).
 *
 * Knows:    the lock that keeps a second writer out, the writer's epoch, the
 *           queue of what readers may still see.
 * Not here: what is stored (cache_tree.h, cache_head.h, cache_dir.h), which
 *           space is free (cache_alloc.h).
 * Runs in:  the feeder alone; for the cache_* rooms of the writer only.
 * Bounded:  by the arena's maximum.
 *
 * Order of every publication: write the new thing, publish it with one
 * release store, retire what it replaced, raise the epoch.
 */
#ifndef DNSD_CACHE_ARENA_H
#define DNSD_CACHE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "dnsd/cache_alloc.h"
#include "dnsd/cache_layout.h"
#include "dnsd/control.h"

/* Unlinked at the epoch before @epoch; free once every reader is past it. */
struct cache_arena_retired {
	cache_ref ref;
	uint32_t units;
	uint64_t epoch;
};

struct cache_arena {
	uint8_t *base;
	size_t size;
	int fd;
	struct cache_super *super;
	struct control *control;
	struct cache_alloc alloc;

	struct cache_arena_retired *retired;	/* in order of epochs */
	size_t retired_at, retired_n, retired_cap;
	uint64_t retired_bytes;
};

/**
 * cache_arena_open() - lock and map it; what it contains is not looked at
 * @fd:      read-write descriptor of the memfd of at least @max_bytes
 * @control: whose readers are waited for; borrowed
 *
 * Returns OK; ERR_BUSY (retry) when another process writes; ERR_IO,
 * ERR_NO_MEMORY.
 */
MUST_USE enum err cache_arena_open(int fd, size_t max_bytes,
    struct control *control, struct cache_arena *out_a);
void cache_arena_close(struct cache_arena *a);

static inline void *
cache_arena_at(const struct cache_arena *a, cache_ref ref)
{
	return a->base + (size_t)ref * CACHE_UNIT;
}

/** cache_arena_take() - space of @bytes; 0 when the arena or memory is full */
cache_ref cache_arena_take(struct cache_arena *a, size_t bytes);

/** cache_arena_put() - give back at once: it was never published */
static inline void
cache_arena_put(struct cache_arena *a, cache_ref ref, size_t bytes)
{
	cache_alloc_put(&a->alloc, ref, bytes);
}

/** cache_arena_retire() - it is unlinked; free once no reader can see it */
void cache_arena_retire(struct cache_arena *a, cache_ref ref, size_t bytes);

/** cache_arena_raise() - behind the unlinking stores: the next epoch */
void cache_arena_raise(struct cache_arena *a);

/** cache_arena_reclaim() - free what no reader can still see; the bytes that
 *  are still retained */
uint64_t cache_arena_reclaim(struct cache_arena *a);

/**
 * cache_arena_pass() - raise the epoch, wait until every reader is in it
 *
 * For a new writer: what a dead one had unlinked may still be read, so
 * everything that is not reachable counts as retired now.  ERR_TIMEOUT.
 */
MUST_USE enum err cache_arena_pass(struct cache_arena *a);

#endif
