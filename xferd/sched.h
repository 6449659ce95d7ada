/*
 * sched.h - when to claim due zones, and how many.
 *
 * Knows:    free rounds, tenants at their cap, hints, renewing of leases.
 * Not here: SQL (lease), rounds.
 * Runs in:  keep's loop thread.
 * Bounded:  transfer.rounds_max; transfer.rounds_per_tenant, which one claim may
 *           exceed by a batch (transfers have a hard bound in fetches).
 */
#ifndef XFERD_SCHED_H
#define XFERD_SCHED_H

#include "common/base/base.h"
#include "common/base/err.h"

struct keep;
struct sched;

MUST_USE enum err sched_new(struct keep *keep, struct sched **out);

/** sched_poke() - something may be due now */
void sched_poke(struct sched *s);

/** sched_poke_notify() - the same, because of a NOTIFY: nothing else is looked
 *  at on the way */
void sched_poke_notify(struct sched *s);

/** sched_room() - a round ended: if that was what kept us, claim soon */
void sched_room(struct sched *s);

/** sched_reclaim() - the database was away and may have forgotten that leases
 *  were given back: those that no round here holds are given back again */
void sched_reclaim(struct sched *s);

/** sched_stop() - claim nothing more; leases are still renewed */
void sched_stop(struct sched *s);

#endif
