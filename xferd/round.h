/*
 * round.h - one zone being looked at: the machine and those who act for it.
 *
 * Knows:    what each action of zone.h means here (a probe, a transfer, a
 *           version, a due time) and what each answer means to the machine;
 *           the attempt rows of it.
 * Not here: when (sched), slots (fetches), SQL.
 * Runs in:  keep's loop thread.
 * Bounded:  transfer.rounds_max rounds.
 */
#ifndef XFERD_ROUND_H
#define XFERD_ROUND_H

#include <stdbool.h>
#include <stdint.h>

struct keep;
struct lease_zone;
struct round;

/** round_begin() - work on a claimed zone; @zone is taken */
void round_begin(struct keep *keep, struct lease_zone *zone);

/** round_find() - is this zone being worked on here? */
struct round *round_find(struct keep *keep, const uint8_t zone_id[16]);

/** round_abort() - the lease is gone: stop, write nothing */
void round_abort(struct round *round);

/** round_ids() - zones under way; @out has room for @n_max */
unsigned round_ids(struct keep *keep, uint8_t (*out)[16], unsigned n_max);

#endif
