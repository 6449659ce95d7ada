/*
 * count.h - xferd's counters.
 *
 * Runs in:  keep; any thread may add (relaxed atomics).
 */
#ifndef XFERD_COUNT_H
#define XFERD_COUNT_H

#include "common/base/metrics.h"

enum count {
#define COUNTER(name, kind, text) COUNT_##name,
#include "xferd/counters.def"
#undef COUNTER
	COUNT_N
};

extern _Atomic uint64_t count_slots[COUNT_N];

static inline void
count_add(enum count which, uint64_t n)
{
	metrics_add(&count_slots[which], n);
}

static inline void
count_set(enum count which, uint64_t n)
{
	metrics_set(&count_slots[which], n);
}

/** count_render() - all of them as Prometheus text; a metrics_render_fn */
void count_render(void *arg, struct buf *b);

#endif
