/*
 * busy.h - the zones that are asked for most, for edge_report.
 *
 * Knows:    the zones of the cache, their counters.
 * Not here: when, and to whom (feeder).
 * Runs in:  the feeder.
 * Bounded:  BUSY_ZONES_MAX are named, however many there are; one pass.
 */
#ifndef DNSD_BUSY_H
#define DNSD_BUSY_H

#include "common/base/buf.h"
#include "dnsd/cache_write.h"
#include "dnsd/control.h"

enum { BUSY_ZONES_MAX = 100 };

/**
 * busy_print() - append [{"zone_id":..., "answers":..., "nxdomain":...}, ...],
 *                most answers first; zones that were not asked for are left out
 */
void busy_print(struct cache_write *w, const struct control *c,
    struct buf *b);

#endif
