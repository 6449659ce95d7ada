/*
 * wake.h - mark zones due because of one NOTIFY.
 *
 * Knows:    one statement for all claims on the name; poking the scheduler
 *           when the first of them is due.
 * Not here: which, and when (notice, pace).
 * Runs in:  keep's loop thread; the statement in the crew.
 * Bounded:  by its caller, by the claims on one name; a ring of what was woken
 *           lately.
 */
#ifndef XFERD_WAKE_H
#define XFERD_WAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keep;
struct sock_addr;
struct wake;

struct wake *wake_new(void);		/* NULL: no memory */

/** wake_add() - @ordinal: the primary to ask first */
void wake_add(struct wake *w, const uint8_t zone_id[16], int64_t ordinal,
    int64_t delay_ms);

/** wake_add_stray() - not due: a NOTIFY came from @source, which is none of its
 *  primaries */
void wake_add_stray(struct wake *w, const uint8_t zone_id[16],
    const struct sock_addr *source);

size_t wake_n(const struct wake *w);

/** wake_submit() - takes @w, also an empty one */
void wake_submit(struct wake *w, struct keep *keep, bool has_hint,
    uint32_t hint);

/** wake_again() - the database was away: what it was told just before, which it
 *  may have forgotten, is told again				T-043 */
void wake_again(struct keep *keep);

#endif
