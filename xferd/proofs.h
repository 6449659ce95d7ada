/*
 * proofs.h - claims that are due are looked at, and what comes of it is stored.
 *
 * Knows:    taking due claims under a lease, a survey of each, handing the
 *           sighting to claimdb.
 * Not here: what a sighting proves (claim), when to look next (claim), the
 *           brake (SQL).
 * Runs in:  keep's loop thread; statements in the crew.
 * Bounded:  PROOFS_MAX looks at a time.  A look whose process dies with it is
 *           done again when its lease has ended.
 */
#ifndef XFERD_PROOFS_H
#define XFERD_PROOFS_H

#include "common/base/base.h"
#include "common/base/err.h"

enum { PROOFS_MAX = 64 };

struct keep;
struct proofs;

MUST_USE enum err proofs_new(struct keep *keep, struct proofs **out);

/** proofs_poke() - there may be claims to look at (a hint came, or the poll) */
void proofs_poke(struct proofs *p);
void proofs_stop(struct proofs *p);

#endif
