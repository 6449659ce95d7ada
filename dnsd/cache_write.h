/*
 * cache_write.h - the one writer of the shared cache.
 *
 * Knows:    making or taking over the arena, what changes of a zone without
 *           its content, the super block's words (docs/CACHE.md).
 * Not here: a version on its way in (cache_load.h), where versions come from
 *           (feeder.h, snapshot.h), lookups.
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
#include "dnsd/cache_facts.h"
#include "dnsd/cache_load.h"

struct cache_write;
struct control;

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

/** cache_write_begin() - a new version of a zone; given: cache_load_commit()
 *  or cache_load_abort() it.  ERR_MALFORMED, ERR_STALE, ERR_NO_MEMORY */
MUST_USE enum err cache_write_begin(struct cache_write *w,
    const struct cache_facts *facts, struct cache_load **out_load);

/** cache_write_set() - stripes, deadline and state of a zone without its
 *  content: makes an empty zone where there is none.
 *  For CACHE_FACTS_LOADED the zone must have been loaded, else ERR_NOT_FOUND */
MUST_USE enum err cache_write_set(struct cache_write *w,
    const struct cache_facts *facts);

void cache_write_expire(struct cache_write *w, const uint8_t id[16],
    int64_t expire_boot_ms);
void cache_write_delete(struct cache_write *w, const uint8_t id[16]);

/** cache_write_find() - NULL when the zone is not there.  The feeder's
 *  fields may be written; valid until the next change. */
struct cache_held *cache_write_find(struct cache_write *w,
    const uint8_t id[16]);

/** cache_write_each() - all zones; the function may delete the one it is given */
typedef void (*cache_write_each_fn)(void *arg, struct cache_held *z);
void cache_write_each(struct cache_write *w, cache_write_each_fn fn, void *arg);

/** cache_write_place() - where the zone's answers are counted (zonecount.h) */
uint32_t cache_write_place(const struct cache_write *w,
    const struct cache_held *z);

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
