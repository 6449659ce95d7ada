/*
 * cache_facts.h - what the feed says of a zone, and what the cache has of it.
 *
 * Not here: the memory format (cache_layout.h): these are the words between
 *           the writer and the rooms that bring versions.
 * Runs in:  the feeder.
 */
#ifndef DNSD_CACHE_FACTS_H
#define DNSD_CACHE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dns/digest.h"

enum cache_facts_state {		/* as enum cache_zone_state */
	CACHE_FACTS_EMPTY = 0,
	CACHE_FACTS_LOADED = 1,
	CACHE_FACTS_SUSPENDED = 2,
};

/* What the feed says of a zone. */
struct cache_facts {
	uint8_t id[16];
	uint8_t apex[255];		/* wire, lower case */
	uint8_t apex_len;
	uint8_t root_level;
	uint8_t state;			/* enum cache_facts_state */
	uint64_t stripes;
	uint64_t generation;
	int64_t expire_boot_ms;
	bool may_go_back;		/* another history: generation may fall */
	struct digest root;
};

/* What the cache has of a zone. */
struct cache_held {
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

#endif
