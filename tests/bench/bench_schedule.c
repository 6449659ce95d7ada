/*
 * bench_schedule.c - the schedule of many zones on a virtual clock.
 *
 *	bench_schedule [zones [days]]
 *
 * Every zone's rounds are made by xferd's own machine (zone.c) and circuit
 * breakers (tally.c); the world is simulated: primaries answer at once or not
 * at all. Zones belong to tenants of very different size; a tenant has a few
 * primaries. Some primaries are down at any time; the largest tenant's is down
 * for a day; in the middle xferd is stopped for two hours and then takes up
 * what is due at most CLAIMS_MAX a second, oldest first. Prints what primaries
 * and we see a second.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/base.h"
#include "common/base/hash.h"
#include "tests/lib/rng.h"
#include "xferd/tally.h"
#include "xferd/zone.h"

enum {
	TENANTS = 1000,
	PRIMARIES_MAX = 4000,
	CLAIMS_MAX = 2000,
	BREAKER_FAILURES = 5,		/* conf.def's defaults */
	BREAKER_S = 60,
	NONE = -1,
};

static const struct zone_limits LIMITS = {
	.refresh_min_s = 60, .refresh_max_s = 86400,
	.retry_min_s = 60, .retry_max_s = 14400,
	.expire_min_s = 3600, .expire_max_s = 2419200,
	.backoff_min_s = 30, .backoff_max_s = 7200, .recheck_s = 5,
};

/* What owners choose: seconds of refresh and retry, and how many do. */
static const struct { uint32_t refresh, retry, share; } CHOICES[] = {
	{ 300, 60, 2 }, { 900, 300, 6 }, { 3600, 600, 30 },
	{ 7200, 1800, 12 }, { 10800, 3600, 20 }, { 28800, 7200, 10 },
	{ 86400, 7200, 20 },
};

struct zone_row {
	int64_t contact_ms, expires_ms;
	int32_t next;			/* in the bucket of its second */
	uint16_t primary, failures;
	uint8_t choice, noted, n_primaries;
};

struct primary_row {
	struct tally_entry *at;
	int64_t change_s;
	bool up, pinned;
	uint32_t now_n, max_n;		/* questions in this second, at most */
	uint64_t asked, minute_down_max, minute_down;
	uint32_t zones;
};

static struct zone_row *zones;
static int32_t *buckets;
static struct primary_row primaries[PRIMARIES_MAX];
static unsigned n_primaries;
static struct rng rng;
static uint64_t probes, rounds, refused;
static uint32_t touched[1 << 20], n_touched;

static void
put(int32_t z, int64_t second, int64_t last)
{
	if (second >= last)
		return;
	zones[z].next = buckets[second];
	buckets[second] = z;
}

static void
ask(unsigned p)
{
	struct primary_row *row = &primaries[p];

	probes++;
	row->asked++;
	if (row->now_n++ == 0 && n_touched < COUNT_OF(touched))
		touched[n_touched++] = p;
	row->max_n = MAX(row->max_n, row->now_n);
	row->minute_down += !row->up;
}

static int64_t
one_round(struct zone_row *zr, int32_t id, int64_t now)
{
	struct zone_start s = { .reason = ZONE_REASON_DUE,
		.loaded = true, .notify_primary = -1,
		.soa = { .serial = 1, .refresh = CHOICES[zr->choice].refresh,
		    .retry = CHOICES[zr->choice].retry, .expire = 1209600 },
		.spread = (uint64_t)id * 2654435761u % 1000,
		.contact_at_ms = zr->contact_ms,
		.expires_at_ms = zr->expires_ms, .noted = zr->noted,
		.failures = zr->failures, .n_primaries = zr->n_primaries };
	struct zone_action a;
	struct zone z;

	for (unsigned i = 0; i < s.n_primaries; i++)
		s.primaries[i].avoid = !tally_may_try(
		    primaries[zr->primary + i].at, BREAKER_FAILURES,
		    BREAKER_S * 1000, now);
	rounds++;
	zone_begin(&z, &LIMITS, &s, now, &a);
	refused += a.kind == ZONE_ACT_FINISH;
	while (a.kind != ZONE_ACT_FINISH) {
		struct primary_row *p = &primaries[zr->primary + a.primary];
		struct zone_event ev = { .kind = p->up ? ZONE_EV_SOA :
			ZONE_EV_PROBE_FAILED, .soa = s.soa };

		ask(zr->primary + a.primary);
		if (p->up)
			tally_worked(p->at);
		else
			tally_failed(p->at, BREAKER_FAILURES,
			    BREAKER_S * 1000, now);
		zone_step(&z, &ev, now, &a);
	}
	if (z.end.contact)
		zr->contact_ms = now;
	zr->expires_ms = z.end.expires_at_ms;
	zr->noted = z.end.noted;
	zr->failures = (uint16_t)MIN(z.end.failures, 65535u);
	return MAX((z.end.due_at_ms + 999) / 1000, now / 1000 + 1);
}

static uint8_t
choose(void)
{
	uint32_t d = rng_below(&rng, 100);
	uint8_t c = 0;

	while (d >= CHOICES[c].share) {
		d -= CHOICES[c].share;
		c++;
	}
	return c;
}

/* Tenant t has about 1/(t+1) of the largest one's zones; each a primary or
 * two for every 2000. */
static void
people(int32_t n)
{
	struct tally *tally;
	double sum = 0, h = 0;
	int32_t z = 0;

	hash_init();
	if (tally_new(1 << 20, &tally) != OK)
		abort();
	for (int t = 0; t < TENANTS; t++)
		sum += 1.0 / (t + 1);
	for (int t = 0; t < TENANTS; t++) {
		uint8_t tenant[16] = { (uint8_t)t, (uint8_t)(t >> 8) };
		int32_t end = (int32_t)((h += 1.0 / (t + 1)) / sum * n);
		unsigned mine = (unsigned)(end - z) / 2000 + 1;
		unsigned first = n_primaries;
		bool two = rng_below(&rng, 3) == 0 && t > 0;

		mine = MIN(mine, 8u) + two;
		for (unsigned i = 0; i < mine; i++) {
			struct sock_addr addr = { .family = 4, .port = 53 };
			struct primary_row *p = &primaries[n_primaries];

			memcpy(addr.ip, &n_primaries, sizeof(n_primaries));
			p->at = tally_address(tally, tenant, &addr);
			p->up = true;
			p->change_s = rng_below(&rng, 20 * 86400);
			if (p->at == NULL || ++n_primaries == PRIMARIES_MAX)
				abort();
		}
		for (; z < (t == TENANTS - 1 ? n : end); z++) {
			zones[z].n_primaries = two ? 2 : 1;
			zones[z].primary = (uint16_t)(first +
			    rng_below(&rng, mine - two));
			primaries[zones[z].primary].zones++;
		}
	}
}

static void
weather(int64_t second, int64_t last)
{
	for (unsigned i = 0; i < n_primaries; i++) {
		struct primary_row *p = &primaries[i];

		p->minute_down_max = MAX(p->minute_down_max, p->minute_down);
		p->minute_down = 0;
		if (i == 0) {		/* the largest: down for a day */
			p->up = second < last / 7 || second > last / 7 * 2;
			continue;
		}
		if (second < p->change_s)
			continue;
		p->up = !p->up;
		p->change_s = second + (p->up ?
		    (int64_t)rng_below(&rng, 40 * 86400) :
		    (int64_t)rng_below(&rng, 4 * 3600));
	}
}

static int
compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
main(int argc, char **argv)
{
	int32_t n = argc > 1 ? atoi(argv[1]) : 1000000;
	int64_t days = argc > 2 ? atoi(argv[2]) : 7, last = days * 86400;
	int64_t stop = last / 2, again = stop + 7200, caught_up = 0;
	uint32_t *second_n = calloc((size_t)last + 1, sizeof(*second_n));
	uint32_t worst = 0, normal = 0;
	int32_t waiting = NONE, *tail = &waiting;
	uint64_t expired = 0, late_max_s = 0;
	unsigned busiest = 0, n_normal;

	zones = calloc((size_t)n, sizeof(*zones));
	buckets = malloc(((size_t)last + 1) * sizeof(*buckets));
	if (zones == NULL || buckets == NULL || second_n == NULL || n < 1 ||
	    days < 1)
		return 1;
	for (int64_t i = 0; i <= last; i++)
		buckets[i] = NONE;
	rng.s = 7;
	people(n);
	/* All were loaded within the first hour, as after an import. */
	for (int32_t z = 0; z < n; z++) {
		zones[z].choice = choose();
		zones[z].expires_ms = INT64_C(1209600000);
		put(z, rng_below(&rng, 3600), last);
	}
	for (int64_t now = 0; now < last; now++) {
		uint64_t before = probes;
		unsigned room = CLAIMS_MAX;

		if (now % 60 == 0)
			weather(now, last);
		/* What is due goes to the end of the queue. */
		*tail = buckets[now];
		while (*tail != NONE)
			tail = &zones[*tail].next;
		while (waiting != NONE && room > 0 &&
		    (now < stop || now >= again)) {
			int32_t z = waiting;

			waiting = zones[z].next;
			if (waiting == NONE)
				tail = &waiting;
			room--;
			put(z, one_round(&zones[z], z, now * 1000), last);
		}
		if (now >= again && caught_up == 0 && waiting == NONE)
			caught_up = now - again;
		if (waiting != NONE && now >= again)
			late_max_s = MAX(late_max_s, (uint64_t)(now - again));
		second_n[now] = (uint32_t)(probes - before);
		for (uint32_t i = 0; i < n_touched; i++)
			primaries[touched[i]].now_n = 0;
		n_touched = 0;
	}
	for (int32_t z = 0; z < n; z++)
		expired += zones[z].expires_ms <= last * 1000;
	n_normal = (unsigned)(stop - 7200);
	qsort(second_n + 7200, n_normal, sizeof(*second_n), compare);
	normal = second_n[7200 + n_normal / 2];
	for (unsigned i = 0; i < n_primaries; i++) {
		worst = MAX(worst, primaries[i].max_n);
		if (primaries[i].asked > primaries[busiest].asked)
			busiest = i;
	}
	printf("zones=%d tenants=%d primaries=%u days=%lld\n", n, TENANTS,
	    n_primaries, (long long)days);
	printf("rounds=%llu probes=%llu left_alone=%llu expired=%llu\n",
	    (unsigned long long)rounds, (unsigned long long)probes,
	    (unsigned long long)refused, (unsigned long long)expired);
	printf("probes_per_second median=%u p99=%u max=%u\n", normal,
	    second_n[7200 + (size_t)n_normal * 99 / 100],
	    second_n[7200 + n_normal - 1]);
	printf("busiest_primary zones=%u mean=%.2f/s max=%u/s\n",
	    primaries[busiest].zones, (double)primaries[busiest].asked /
	    (double)last, primaries[busiest].max_n);
	printf("any_primary max=%u/s\n", worst);
	printf("dead_primary zones=%u max=%llu/min\n", primaries[0].zones,
	    (unsigned long long)primaries[0].minute_down_max);
	printf("after_2h_stop caught_up_s=%lld claims_max=%d\n",
	    (long long)caught_up, CLAIMS_MAX);
	return 0;
}
