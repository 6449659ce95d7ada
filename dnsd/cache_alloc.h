/*
 * cache_alloc.h - space of the arena: who may write where next.
 *
 * Knows:    free blocks in units of CACHE_UNIT, in two-level size classes.
 * Not here: what is stored, when it may be freed (cache_write.h).
 * Runs in:  the feeder alone.
 * Bounded:  by the maximum at init and by the machine's and the cgroup's
 *           memory, asked before growth: on a memfd, too much is a kill.
 *
 * The caller knows the size of what it frees.  Sizes and links of free blocks
 * stand in the free memory itself, which no reader looks at; which units begin
 * and end a free block is private.  Nothing of it is trusted by a successor:
 * it marks what is reachable and sweeps.
 */
#ifndef DNSD_CACHE_ALLOC_H
#define DNSD_CACHE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "dnsd/cache_layout.h"

enum {
	CACHE_ALLOC_ROWS = 32,
	CACHE_ALLOC_COLUMNS = 16,
	CACHE_ALLOC_STEP_BYTES = 4 << 20,	/* growth at a time */
	CACHE_ALLOC_PUNCH_BYTES = 4 << 20,	/* give back free runs from here */
};

struct cache_alloc {
	uint8_t *base;
	int fd;				/* for giving memory back; -1: never */
	uint32_t max;			/* units */
	uint32_t high;			/* units ever handed out */
	uint32_t n_used;		/* units in use */
	uint64_t *begins;		/* bit: a free block begins here */
	uint64_t *ends;			/* bit: a free block ends here */
	uint64_t *marks;		/* while marking, else NULL */
	size_t map_bytes;		/* of each of the three */
	uint32_t row_map;
	uint16_t column_map[CACHE_ALLOC_ROWS];
	uint32_t list[CACHE_ALLOC_ROWS][CACHE_ALLOC_COLUMNS];
};

/**
 * cache_alloc_init() - an arena with everything above @reserved_bytes free
 * @base: the writable mapping of @max_bytes; borrowed until fini
 */
MUST_USE enum err cache_alloc_init(struct cache_alloc *a, uint8_t *base, int fd,
    size_t max_bytes, size_t reserved_bytes);
void cache_alloc_fini(struct cache_alloc *a);

/** cache_alloc_get() - space of @bytes; 0 when the arena or memory is full */
cache_ref cache_alloc_get(struct cache_alloc *a, size_t bytes);
void cache_alloc_put(struct cache_alloc *a, cache_ref ref, size_t bytes);

/**
 * cache_alloc_mark_begin() ... mark() ... sweep() - take over an arena
 *
 * mark() returns false when the range is outside the arena or was marked
 * before (then what points there is not trusted).  Between begin and sweep,
 * get() and put() must not be called.
 */
MUST_USE enum err cache_alloc_mark_begin(struct cache_alloc *a);
bool cache_alloc_mark(struct cache_alloc *a, cache_ref ref, size_t bytes);
void cache_alloc_sweep(struct cache_alloc *a);

static inline uint32_t
cache_alloc_units(size_t bytes)
{
	return (uint32_t)((bytes + CACHE_UNIT - 1) / CACHE_UNIT);
}

/** cache_alloc_memory_left() - what the machine and the cgroup can still give */
uint64_t cache_alloc_memory_left(void);

/** cache_alloc_check() - walk everything; false when an invariant is broken */
bool cache_alloc_check(const struct cache_alloc *a);

#endif
