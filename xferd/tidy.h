/*
 * tidy.h - dropping what is no longer needed, in batches.
 *
 * Knows:    old versions by transfer.keep_versions, refresh batches, finished
 *           jobs, deleted zones; feed_mark_tick.
 * Not here: attempts (the ledger prunes as it writes).
 * Runs in:  keep's loop thread; statements in the lane CREW_TIDY.
 * Bounded:  TIDY_ROWS rows in a statement, TIDY_WAITING zones waiting.
 */
#ifndef XFERD_TIDY_H
#define XFERD_TIDY_H

#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

struct keep;
struct tidy;

enum { TIDY_ROWS = 500, TIDY_WAITING = 10000 };

MUST_USE enum err tidy_new(struct keep *keep, struct tidy **out);

/** tidy_zone() - a version was published: old ones may go */
void tidy_zone(struct tidy *t, const uint8_t zone_id[16], int64_t generation);
void tidy_stop(struct tidy *t);

#endif
