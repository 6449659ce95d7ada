/*
 * snapshot.h - the cache on disk, for a start without PostgreSQL.
 *
 * Knows:    the file of docs/CACHE.md "Snapshot": all zones, one checksum.
 * Not here: when it is written (feeder.h).
 * Runs in:  the feeder role: writing in a thread of its own, as a reader of
 *           the cache like any worker; loading before anything else.
 * Bounded:  by the cache; writing gives up when told to.
 *
 * The file is written beside, synced and renamed: it is the old or the new
 * one, never half.  What does not verify as a whole is refused as a whole.
 */
#ifndef DNSD_SNAPSHOT_H
#define DNSD_SNAPSHOT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

struct cache_write;
struct control;

/* What the feeder wants to know again after a start. */
struct snapshot_facts {
	uint64_t system_id;
	uint64_t timeline;
	uint64_t epoch;
	uint64_t horizon;
	uint64_t n_zones;		/* set by both */
	uint64_t n_bytes;
	int64_t age_ms;			/* set by load */
};

/**
 * snapshot_write() - all zones of the cache into a file
 * @arena:   a mapping; only read, inside an epoch of @slot
 * @give_up: looked at after each zone; may be NULL
 *
 * Returns OK; ERR_STOPPED when told to give up; ERR_IO (the old file stays).
 */
MUST_USE enum err snapshot_write(const char *path, const uint8_t *arena,
    struct control *control, int slot, const _Atomic bool *give_up,
    struct snapshot_facts *facts);

/**
 * snapshot_load() - verify a file and load its zones
 *
 * Returns OK; ERR_NOT_FOUND; ERR_CORRUPT when it does not verify (nothing was
 * loaded); ERR_LIMIT when not all zones fit (those that do are loaded).
 */
MUST_USE enum err snapshot_load(const char *path, struct cache_write *w,
    struct snapshot_facts *out_facts);

#endif
