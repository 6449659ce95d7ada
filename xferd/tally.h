/*
 * tally.h - what is under way and what failed, per tenant and address.
 *
 * Knows:    running rounds and transfers, the circuit breaker, what a primary
 *           cannot do, memory of spools.
 * Not here: what follows from it (sched, fetches, round).
 * Runs in:  keep's loop thread.
 * Bounded:  TALLY_MAX entries of each kind; idle ones are swept.
 *
 * Everything is keyed by the tenant: nobody's failures or load are another's.
 * This memory is not truth: after a restart it begins anew.
 */
#ifndef XFERD_TALLY_H
#define XFERD_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/sock.h"
#include "xferd/spool.h"

enum { TALLY_MAX = 200000 };

struct tally;

/* One tenant, one address of a tenant, or one zone at one primary. */
struct tally_entry {
	struct tally_entry *next;
	uint8_t key[40];
	unsigned users;			/* holders; it stays while there are any */
	unsigned rounds, transfers;
	bool answered;			/* has shown a zone */
	struct spool_account spool;
	unsigned failures;		/* in a row */
	const char *logged;		/* reason logged last, static */
	int64_t logged_ms;
	int64_t avoid_until_ms;		/* mono; the breaker is open */
	int64_t no_edns_until_ms;
	int64_t no_ixfr_until_ms;
	/* What the address can take; of fetches. */
	unsigned depth;			/* questions at a time; 0: not known */
	unsigned strikes;		/* times that it could not, in a row */
	int64_t alone_until_ms;		/* one question at a time */
	int64_t fresh_until_ms;		/* one question per connection */
	uint64_t stuck_turn;
};

MUST_USE enum err tally_new(size_t spool_tenant_max, struct tally **out);
void tally_free(struct tally *t);	/* nobody holds an entry any more */

/* Found or made, and held: tally_put() it.  NULL: no memory or too many. */
struct tally_entry *tally_tenant(struct tally *t, const uint8_t tenant[16]);
struct tally_entry *tally_address(struct tally *t, const uint8_t tenant[16],
    const struct sock_addr *addr);
struct tally_entry *tally_zone_primary(struct tally *t,
    const uint8_t zone[16], const uint8_t primary[16]);
void tally_put(struct tally_entry *e);		/* accepts NULL */

/** tally_failed() - a connection failed; opens the breaker after @n_max */
void tally_failed(struct tally_entry *e, unsigned n_max, int64_t open_ms,
    int64_t now_ms);
void tally_worked(struct tally_entry *e);

/** tally_may_try() - false while the breaker is open; when its time is over,
 *  true for one, and the others wait for how it fares  T-009 */
bool tally_may_try(struct tally_entry *e, unsigned n_max, int64_t open_ms,
    int64_t now_ms);
bool tally_avoid(const struct tally_entry *e, int64_t now_ms);

/** tally_busy() - tenants with at least @rounds_max rounds
 *  @out: @n_max places.  Returns how many. */
size_t tally_busy(struct tally *t, unsigned rounds_max, uint8_t (*out)[16],
    size_t n_max);

/** tally_sweep() - forget idle entries; returns how many breakers are open */
unsigned tally_sweep(struct tally *t, int64_t now_ms);

#endif
