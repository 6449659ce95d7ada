/*
 * pace.h - how often NOTIFYs may cost something.
 *
 * Knows:    look-ups a second, in all and per source; refusals written down
 *           per zone; the gap between checks of one zone.
 * Not here: what a NOTIFY says (notice).  Knows no clock: the caller's.
 * Bounded:  tables of a fixed size, hashed with a key of this process; two
 *           that fall into one bucket share it.
 */
#ifndef XFERD_PACE_H
#define XFERD_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/hash.h"

struct sock_addr;

enum {
	PACE_SOURCES = 4096,
	PACE_QUIET = 4096,		/* zones refused a moment ago */
	PACE_GAPS = 16384,		/* zones notified a moment ago */
	PACE_QUIET_MS = 10000,
	PACE_TENANTS = 4096,
	PACE_KNOWN_MS = 24 * 3600 * 1000,
	PACE_CHECKS_AT_ONCE = 2,	/* the one that runs, one behind it */
};

/* How many in this second. */
struct pace_bucket {
	int64_t second;
	uint32_t n;
};

/* When a zone was, or will be, checked because of a NOTIFY. */
struct pace_gap {
	uint8_t zone_id[16];
	uint32_t serial;		/* that the zone had, 0 with none */
	unsigned n;			/* checks at once since it had it */
	int64_t at_ms;			/* of the next check, or the last */
};

struct pace {
	struct hash_key hash_key;
	struct pace_bucket all, known;
	struct pace_bucket tenants[PACE_TENANTS];
	int64_t known_until_ms[PACE_SOURCES];
	struct pace_bucket sources[PACE_SOURCES];
	int64_t quiet[PACE_QUIET];
	struct pace_gap gaps[PACE_GAPS];
};

void pace_init(struct pace *p);

/**
 * pace_may_look() - may a NOTIFY from there cost a look-up?
 * @all_max, @source_max: look-ups a second, in all and of one source
 *
 * Sources that are known have as many of their own: a flood from forged ones
 * leaves theirs alone.						T-041
 */
bool pace_may_look(struct pace *p, const struct sock_addr *from,
    uint32_t all_max, uint32_t source_max, int64_t now_ms);

/** pace_known() - a NOTIFY from there was accepted */
void pace_known(struct pace *p, const struct sock_addr *from,
    int64_t now_ms);

/** pace_tenant() - may this tenant's zone be checked at once?  More than
 *  @tenant_max in a second wait for the next */
bool pace_tenant(struct pace *p, const uint8_t tenant_id[16],
    uint32_t tenant_max, int64_t now_ms);

/** pace_may_record() - refusals of one zone are written down once in a while:
 *  a stranger who forges them must not fill its flight recorder.  T-041 */
bool pace_may_record(struct pace *p, const uint8_t zone_id[16],
    int64_t now_ms);

/**
 * pace_delay_ms() - how long this zone's check has to wait
 * @serial: that the zone has, 0 with none
 * @gap_ms: between checks
 *
 * NOTIFYs that bring nothing new are checked twice at once (the one that
 * runs, and one behind it: the primary may have changed meanwhile), then they
 * share a check at the end of each gap.  What did bring a version begins
 * anew, so a primary that changes often is followed each time.  T-035
 */
int64_t pace_delay_ms(struct pace *p, const uint8_t zone_id[16],
    uint32_t serial, int64_t gap_ms, int64_t now_ms);

#endif
