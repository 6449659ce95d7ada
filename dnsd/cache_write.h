/*
 * cache_write.h - the one writer of the shared cache.
 *
 * Knows:    building a zone's version in the arena, publishing it with one
 *           store, freeing what no reader can still see (docs/CACHE.md).
 * Not here: where versions come from (feeder.h, snapshot.h), lookups.
 * Runs in:  the feeder alone, in one thread; a lock on the arena's file
 *           keeps a second one out.
 * Bounded:  by the arena's maximum; a version that does not fit is refused
 *           and the old one goes on being served.
 *
 * No reader can make the writer wait, no writer can make a reader wait.  The
 * writer may be killed anywhere: what it had not published is garbage that
 * its successor's marking does not find.
 */
#ifndef DNSD_CACHE_WRITE_H
#define DNSD_CACHE_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/digest.h"

struct cache_write;
struct cache_load;
struct control;

enum cache_write_state {		/* as enum cache_zone_state */
	CACHE_WRITE_EMPTY = 0,
	CACHE_WRITE_LOADED = 1,
	CACHE_WRITE_SUSPENDED = 2,
};

/* What the feed says of a zone. */
struct cache_write_facts {
	uint8_t id[16];
	uint8_t apex[255];		/* wire, lower case */
	uint8_t apex_len;
	uint8_t root_level;
	uint8_t state;			/* enum cache_write_state */
	uint64_t stripes;
	uint64_t generation;
	int64_t expire_boot_ms;
	bool may_go_back;		/* another history: generation may fall */
	struct digest root;
};

/* What the cache has of a zone. */
struct cache_write_zone {
	uint8_t id[16];
	uint64_t generation;
	uint64_t stripes;
	int64_t expire_boot_ms;
	int64_t checked_at_ms;		/* the feeder's; wall, of the core */
	struct digest root;		/* all zero: no content */
	uint64_t epoch;			/* the feeder's: history it was checked in */
	uint32_t serial;
	uint32_t turn;			/* the feeder's: last reconcile it was in */
	uint8_t state;
};

/**
 * cache_write_open() - take the arena over, or make it
 * @fd:      read-write descriptor of the memfd of at least @max_bytes
 * @control: whose readers are waited for; borrowed
 *
 * Returns OK; ERR_BUSY (retry) when another process writes; ERR_TIMEOUT when
 * readers did not move; ERR_MALFORMED when it is not our layout; ERR_IO,
 * ERR_NO_MEMORY.
 */
MUST_USE enum err cache_write_open(int fd, size_t max_bytes,
    struct control *control, struct cache_write **out_w);
void cache_write_close(struct cache_write *w);

/** cache_write_begin() - a new version of a zone; given: commit or abort */
MUST_USE enum err cache_write_begin(struct cache_write *w,
    const struct cache_write_facts *facts, struct cache_load **out_load);

/**
 * cache_write_page(), cache_write_node() - one more part of the version
 *
 * Parts may come in any order; those that the cache has already may be left
 * out.  Bytes are claims and are copied.  Returns OK; ERR_MALFORMED;
 * ERR_LIMIT when the arena or the machine is full; ERR_NO_MEMORY.
 */
MUST_USE enum err cache_write_page(struct cache_load *load, const uint8_t *low,
    size_t low_len, const uint8_t *page, size_t len);
MUST_USE enum err cache_write_node(struct cache_load *load, const uint8_t *low,
    size_t low_len, const uint8_t *node, size_t len);

/**
 * cache_write_commit() - verify the digests from the root down and publish
 *
 * The load is over, whatever is returned: OK; ERR_MISMATCH when a part is
 * missing or has another digest (retry: the copy was mixed); ERR_MALFORMED
 * when it is not a zone; ERR_STALE when the generation would go back;
 * ERR_LIMIT.
 */
MUST_USE enum err cache_write_commit(struct cache_load *load);
void cache_write_abort(struct cache_load *load);

/** cache_write_set() - stripes, deadline and state of a zone without its
 *  content: makes an empty zone where there is none.
 *  For CACHE_WRITE_LOADED the zone must have been loaded, else ERR_NOT_FOUND */
MUST_USE enum err cache_write_set(struct cache_write *w,
    const struct cache_write_facts *facts);

void cache_write_expire(struct cache_write *w, const uint8_t id[16],
    int64_t expire_boot_ms);
void cache_write_delete(struct cache_write *w, const uint8_t id[16]);

/** cache_write_find() - NULL when the zone is not there.  The feeder's
 *  fields may be written; valid until the next change. */
struct cache_write_zone *cache_write_find(struct cache_write *w,
    const uint8_t id[16]);

/** cache_write_each() - all zones; the function may delete the one it is given */
typedef void (*cache_write_each_fn)(void *arg, struct cache_write_zone *z);
void cache_write_each(struct cache_write *w, cache_write_each_fn fn, void *arg);

/**
 * cache_write_reclaim() - free what no reader can still see
 * Returns the bytes that are still retained.  Call it now and then.
 */
uint64_t cache_write_reclaim(struct cache_write *w);

/* The words of the super block that others look at. */
void cache_write_beat(struct cache_write *w, int64_t boot_ms, bool connected,
    uint64_t applied_xmin);
void cache_write_ready(struct cache_write *w);
bool cache_write_is_ready(const struct cache_write *w);
/** A number of this arena's history that only rises, for edge_report. */
uint64_t cache_write_n_zones(const struct cache_write *w);
uint64_t cache_write_used(const struct cache_write *w);

/** cache_write_base() - the mapping, for readers in this process */
const uint8_t *cache_write_base(const struct cache_write *w);
size_t cache_write_size(const struct cache_write *w);

/** cache_write_check() - walk everything; false when an invariant is broken */
bool cache_write_check(const struct cache_write *w);

#endif
