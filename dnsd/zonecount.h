/*
 * zonecount.h - which counters of the control segment are a zone's.
 *
 * Knows:    CONTROL_ZONES_MAX places; the number stands in the zone's slot of
 *           the directory, so it survives new versions and both processes.
 * Not here: counting (worker), reporting (feeder).
 * Runs in:  the feeder alone.
 * Bounded:  zones beyond the places share place 0, which is never given.
 */
#ifndef DNSD_ZONECOUNT_H
#define DNSD_ZONECOUNT_H

#include <stdint.h>

#include "dnsd/control.h"

struct zonecount {
	struct control *control;	/* borrowed */
	uint32_t next;			/* where to look: the longest unused */
	uint64_t used[CONTROL_ZONES_MAX / 64];
};

struct zonecount_sum {
	uint64_t answers;
	uint64_t nxdomain;
};

void zonecount_init(struct zonecount *z, struct control *control);

/** zonecount_take() - a place for a new zone, at zero; 0: none is left */
uint32_t zonecount_take(struct zonecount *z);

/** zonecount_keep() - of a predecessor: the place, or a new one if it is not
 *  a place or somebody else's */
uint32_t zonecount_keep(struct zonecount *z, uint32_t place);

void zonecount_put(struct zonecount *z, uint32_t place);

/** zonecount_sum() - over all workers that ever ran */
struct zonecount_sum zonecount_sum(const struct control *c, uint32_t place);

#endif
