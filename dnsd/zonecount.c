/*
 * zonecount.c - see zonecount.h.
 *
 * A worker that never ran has no memory behind its counters, and none is to
 * come from looking at them: its beat says.
 */
#include <string.h>

#include "dnsd/zonecount.h"

static bool
ran(const struct control *c, unsigned worker)
{
	return atomic_load_explicit(
	    (_Atomic uint64_t *)(uintptr_t)&c->reader[worker].beat,
	    memory_order_relaxed) > 0;
}

void
zonecount_init(struct zonecount *z, struct control *control)
{
	memset(z, 0, sizeof(*z));
	z->control = control;
	z->used[0] = 1;			/* place 0 */
	z->next = 1;
}

static uint32_t
mark(struct zonecount *z, uint32_t place)
{
	z->used[place / 64] |= UINT64_C(1) << place % 64;
	return place;
}

static void
clear(struct control *c, uint32_t place)
{
	for (unsigned i = 0; i < CONTROL_WORKERS_MAX; i++) {
		struct control_zone *n = &c->zone[i][place];

		if (!ran(c, i))
			continue;
		atomic_store_explicit(&n->answers, 0, memory_order_relaxed);
		atomic_store_explicit(&n->nxdomain, 0, memory_order_relaxed);
	}
}

/*
 * From where the last was taken onwards: a place is used again as late as can
 * be, when no worker can still count for the zone that had it.
 */
uint32_t
zonecount_take(struct zonecount *z)
{
	uint32_t words = CONTROL_ZONES_MAX / 64;
	uint32_t first = z->next / 64;
	uint64_t before = (UINT64_C(1) << z->next % 64) - 1;

	for (uint32_t i = 0; i <= words; i++) {
		uint32_t word = (first + i) % words;
		uint64_t unused = ~z->used[word];

		if (i == 0)
			unused &= ~before;
		if (unused != 0) {
			uint32_t place = word * 64 +
			    (uint32_t)__builtin_ctzll(unused);

			z->next = (place + 1) % CONTROL_ZONES_MAX;
			clear(z->control, place);
			return mark(z, place);
		}
	}
	return 0;
}

uint32_t
zonecount_keep(struct zonecount *z, uint32_t place)
{
	if (place == 0 || place >= CONTROL_ZONES_MAX ||
	    z->used[place / 64] >> place % 64 & 1)
		return zonecount_take(z);
	return mark(z, place);
}

void
zonecount_put(struct zonecount *z, uint32_t place)
{
	if (place != 0 && place < CONTROL_ZONES_MAX)
		z->used[place / 64] &= ~(UINT64_C(1) << place % 64);
}

struct zonecount_sum
zonecount_sum(const struct control *c, uint32_t place)
{
	struct zonecount_sum sum = { 0, 0 };

	if (place >= CONTROL_ZONES_MAX)
		return sum;
	for (unsigned i = 0; i < CONTROL_WORKERS_MAX; i++) {
		struct control_zone *n = (struct control_zone *)
		    (uintptr_t)&c->zone[i][place];

		if (!ran(c, i))
			continue;
		sum.answers += atomic_load_explicit(&n->answers,
		    memory_order_relaxed);
		sum.nxdomain += atomic_load_explicit(&n->nxdomain,
		    memory_order_relaxed);
	}
	return sum;
}
