/* count.c - xferd's counters. */
#include "xferd/count.h"

_Atomic uint64_t count_slots[COUNT_N];

static const struct metrics_desc DESC[COUNT_N] = {
#define COUNTER(name, kind, text) { #name, kind, text },
#include "xferd/counters.def"
#undef COUNTER
};

void
count_render(void *arg UNUSED, struct buf *b)
{
	metrics_table(b, "xferd", DESC, count_slots, COUNT_N);
	metrics_process(b, "xferd");
}
