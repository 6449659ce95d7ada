/*
 * control.h - the segment that workers may write: epochs and counters.
 *
 * Knows:    one line of epoch and one block of counters a process, and two
 *           counters a zone and worker.
 * Not here: the cache (cache_layout.h), receive rings (ring.h).
 * Runs in:  all roles of dnsd; created by the supervisor (or adopted).
 * Bounded:  CACHE_READERS_MAX processes, CONTROL_ZONES_MAX zones.
 *
 * A slot belongs to one process at a time; the supervisor says which by
 * --slot and clears the epoch of a dead one.  Counters only rise.
 */
#ifndef DNSD_CONTROL_H
#define DNSD_CONTROL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "dnsd/cache_layout.h"

#define CONTROL_MAGIC 0x314c544e434455ull	/* "UDCNTL1" */

enum {
	CONTROL_SLOT_SNAPSHOT = CACHE_READERS_MAX - 1,
	CONTROL_SLOT_RELAY = CACHE_READERS_MAX - 2,
	CONTROL_SLOT_FEEDER = CACHE_READERS_MAX - 3,
	CONTROL_WORKERS_MAX = CACHE_READERS_MAX - 8,
	CONTROL_COUNTERS_PAD = 64,
	CONTROL_ZONES_MAX = 1 << 20,	/* zones with counters of their own */
};

enum control_counter {
#define COUNTER(name, text) CONTROL_##name,
#include "dnsd/counters.def"
#undef COUNTER
	CONTROL_N_COUNTERS
};

struct control_counters {
	_Alignas(64) _Atomic uint64_t v[CONTROL_COUNTERS_PAD];
};
static_assert((int)CONTROL_N_COUNTERS <= (int)CONTROL_COUNTERS_PAD, "room for counters");

/* What one worker answered of one zone; zonecount.h says which place. */
struct control_zone {
	_Atomic uint64_t answers;
	_Atomic uint64_t nxdomain;	/* of them */
};

struct control {
	uint64_t magic;
	uint32_t layout;		/* CACHE_LAYOUT */
	uint32_t n_counters;
	_Alignas(64) struct cache_reader reader[CACHE_READERS_MAX];
	struct control_counters counters[CACHE_READERS_MAX];
	/* Mostly holes: pages come when they are counted in. [0]: the others */
	_Alignas(4096) struct control_zone
	    zone[CONTROL_WORKERS_MAX][CONTROL_ZONES_MAX];
};

/**
 * control_map() - map the segment of @fd, making it when it is new
 * @fd: a memfd; grown when smaller than struct control
 *
 * Returns OK; ERR_IO (fail); ERR_MALFORMED when it has another layout.
 */
MUST_USE enum err control_map(int fd, struct control **out_control);
void control_unmap(struct control *c);

/*
 * control_add() - count; plain load and store, for a slot has one writer
 */
static inline void
control_add(struct control_counters *c, enum control_counter which, uint64_t n)
{
	atomic_store_explicit(&c->v[which],
	    atomic_load_explicit(&c->v[which], memory_order_relaxed) + n,
	    memory_order_relaxed);
}

/** control_zones() - the zones' counters of one worker; NULL if it has none */
static inline struct control_zone *
control_zones(struct control *c, unsigned worker)
{
	return worker < CONTROL_WORKERS_MAX ? c->zone[worker] : NULL;
}

/** control_count_zone() - one more answer of a zone
 *  @zones: control_zones() of the worker that is their one writer */
static inline void
control_count_zone(struct control_zone *zones, uint32_t place, bool nxdomain)
{
	struct control_zone *z;

	if (zones == NULL || place >= CONTROL_ZONES_MAX)
		return;
	z = &zones[place];
	atomic_store_explicit(&z->answers, atomic_load_explicit(&z->answers,
	    memory_order_relaxed) + 1, memory_order_relaxed);
	if (nxdomain)
		atomic_store_explicit(&z->nxdomain, atomic_load_explicit(
		    &z->nxdomain, memory_order_relaxed) + 1,
		    memory_order_relaxed);
}

/** control_sum() - one counter over all slots */
uint64_t control_sum(const struct control *c, enum control_counter which);
const char *control_name(enum control_counter which);
const char *control_text(enum control_counter which);

/*
 * control_enter(), control_leave() - a reader's stay in the cache
 *
 * The store of the epoch and the reads of the cache that follow must not be
 * reordered: the fence pairs with the writer's in cache_write_reclaim().
 * A reader that stores an old epoch only delays reclamation.
 */
static inline void
control_enter(struct cache_reader *r, const struct cache_super *s)
{
	atomic_store_explicit(&r->epoch, atomic_load_explicit(
	    (_Atomic uint64_t *)&s->epoch, memory_order_acquire),
	    memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
}

static inline void
control_leave(struct cache_reader *r)
{
	atomic_store_explicit(&r->epoch, 0, memory_order_release);
}

static inline void
control_beat(struct cache_reader *r)
{
	atomic_store_explicit(&r->beat,
	    atomic_load_explicit(&r->beat, memory_order_relaxed) + 1,
	    memory_order_relaxed);
}

#endif
