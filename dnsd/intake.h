/*
 * intake.h - bring some zones of the cache to what PostgreSQL says of them.
 *
 * Knows:    reading state and parts in one snapshot of the database, which
 *           parts are needed, trying again.
 * Not here: which zones changed (feeder.h), the memory format.
 * Runs in:  the feeder.
 * Bounded:  INTAKE_ZONES_MAX zones a call; parts are read in pieces.
 */
#ifndef DNSD_INTAKE_H
#define DNSD_INTAKE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

struct cache_write;
struct control_counters;
struct db;

enum {
	INTAKE_ZONES_MAX = 500,
	INTAKE_PAGES_MAX = 1000,	/* of all zones of a call together */
	INTAKE_TRIES = 4,
};

/* How it went with a zone.  @generation is what is served now, 0 for none. */
typedef void (*intake_result_fn)(void *arg, const uint8_t id[16],
    enum err e, uint64_t generation);

struct intake {
	struct db *db;
	struct cache_write *w;
	struct control_counters *count;
	uint64_t epoch;			/* the history that generations are of */
	uint32_t turn;			/* written to each zone that exists */
	intake_result_fn result;
	void *arg;
};

/**
 * intake_zones() - load, change or remove these zones
 * @n:     at most INTAKE_ZONES_MAX
 * @large: one zone only, with many pages: read it in pieces
 *
 * What is wrong with one zone goes to the result function and does not stop
 * the others.  Returns OK, or why the database could not be asked (then
 * nothing is known of the zones without a result).
 */
MUST_USE enum err intake_zones(struct intake *in, const uint8_t (*ids)[16],
    size_t n, bool large);

#endif
