/*
 * test_zone_years.c - ten years of a zone's life in a moment.
 *
 * The world round the machine (primaries that die and come back, serials that
 * rise, wrap and go back, NOTIFYs, a database that fails, a process that is
 * killed in the middle of a round) is made by dice on a virtual clock; what
 * xferd writes down between rounds is all that a round gets to know. After each
 * round: there is a next one, not too late and not too often; EXPIRE is the
 * last contact's; each primary was asked a bounded number of times.
 *
 * A failure names its seed: the whole life can be run again.
 */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "common/base/base.h"
#include "tests/lib/rng.h"
#include "xferd/zone.h"

#define S		INT64_C(1000)
#define DAY		(INT64_C(86400) * S)
#define YEARS_10	(3653 * DAY)

enum { LIVES = 30, STEPS_MAX = 200, LEASE_S = 60 };

static const struct zone_limits LIMITS = {
	.refresh_min_s = 60, .refresh_max_s = 86400,
	.retry_min_s = 60, .retry_max_s = 14400,
	.expire_min_s = 3600, .expire_max_s = 2419200,
	.backoff_min_s = 30, .backoff_max_s = 7200, .recheck_s = 5,
};

struct primary {
	bool up;
	int64_t change_ms;		/* when it dies, or comes back */
	uint32_t serial;
	uint32_t down_days_max;
};

/* All that the database keeps of a zone, and the world. */
struct life {
	struct rng rng;
	int64_t now;
	unsigned n_primaries;
	struct primary primaries[4];
	struct zone_soa soa;		/* ours */
	bool loaded;
	int64_t contact, expires, due;
	uint32_t failures;
	uint8_t noted;
	enum zone_reason reason;
	bool accept_lower;
	/* counts */
	uint64_t rounds, probes, fetches, expiries, told, killed;
	int64_t last_begin;
};

static uint32_t
dice(struct life *w, uint32_t n)
{
	return (uint32_t)(rng_below(&w->rng, n));
}

static struct zone_soa
any_soa(struct life *w, uint32_t serial)
{
	/* T-002: what owners write into SOA records. */
	static const uint32_t ODD[] = { 0, 1, 2147483647u, 4294967295u, 60,
		3600, 7200, 86400, 604800, 1209600 };
	struct zone_soa soa = { .serial = serial, .refresh = 7200,
		.retry = 900, .expire = 1209600, .minimum = 300 };

	if (dice(w, 4) == 0) {
		soa.refresh = ODD[dice(w, COUNT_OF(ODD))];
		soa.retry = ODD[dice(w, COUNT_OF(ODD))];
		soa.expire = ODD[dice(w, COUNT_OF(ODD))];
	}
	return soa;
}

static void
world(struct life *w)
{
	for (unsigned i = 0; i < w->n_primaries; i++) {
		struct primary *p = &w->primaries[i];

		if (w->now >= p->change_ms) {
			p->up = !p->up;
			p->change_ms = w->now + (p->up ?
			    DAY * (1 + dice(w, 90)) :
			    S * (1 + dice(w, p->down_days_max * 86400)));
		}
		if (dice(w, 40) == 0)
			p->serial += 1 + dice(w, 1000);
		if (dice(w, 3000) == 0)
			p->serial = (uint32_t)rng_u64(&w->rng);
		/* They follow each other. */
		if (dice(w, 10) == 0)
			p->serial = w->primaries[0].serial;
	}
}

static struct zone_event
answer(struct life *w, const struct zone *z, const struct zone_action *a)
{
	const struct primary *p = &w->primaries[a->primary];
	struct zone_event ev = { .kind = ZONE_EV_LINK_FAILED };
	unsigned luck = dice(w, 100);

	ev.has_expire = dice(w, 8) == 0;
	ev.expire_s = dice(w, 2000000);
	switch (a->kind) {
	case ZONE_ACT_PROBE:
		w->probes++;
		ev.kind = !p->up || luck < 2 ? ZONE_EV_PROBE_FAILED :
		    ZONE_EV_SOA;
		ev.soa = any_soa(w, p->serial);
		break;
	case ZONE_ACT_FETCH:
		w->fetches++;
		ev.soa = any_soa(w, p->serial);
		if (!p->up || luck < 3)
			ev.kind = ZONE_EV_LINK_FAILED;
		else if (luck < 6)
			ev.kind = ZONE_EV_REPLY_FAILED;
		else if (luck < 8 && a->mode == ZONE_MODE_IXFR)
			ev.kind = ZONE_EV_CURRENT;
		else
			ev.kind = ZONE_EV_RECEIVED;
		break;
	case ZONE_ACT_COMPARE:
		ev.kind = luck < 5 ? ZONE_EV_DIFFERS : ZONE_EV_CURRENT;
		break;
	case ZONE_ACT_PUBLISH:
		ev.soa = any_soa(w, p->serial);
		ev.kind = luck < 2 ? ZONE_EV_MISMATCH : luck < 4 ?
		    ZONE_EV_REJECTED : luck < 5 ? ZONE_EV_CONFLICT :
		    luck < 6 ? ZONE_EV_TROUBLE : ZONE_EV_PUBLISHED;
		break;
	case ZONE_ACT_REPIN:
	case ZONE_ACT_NONE:
	case ZONE_ACT_FINISH:
		break;
	}
	(void)z;
	return ev;
}

/* What the invariants are about, after each round. */
static void
judge(struct life *w, const struct zone *z, unsigned n_asked)
{
	const struct zone_end *end = &z->end;
	uint32_t expire_s = zone_expire_s(&LIMITS, &z->in.soa);
	int64_t wait = end->due_at_ms - w->now;

	/* Never silently stopped: the next look is there, within a day. */
	assert_true(wait >= 0);
	assert_true(wait <= MAX(LIMITS.refresh_max_s, LIMITS.retry_max_s) *
	    S);
	/* Nor a busy loop: only what was asked for meanwhile is at once, and
	 * what is told at a moment of its own is told once. */
	if (end->next_reason != ZONE_REASON_NOTIFY)
		assert_true(wait > 0);
	assert_true(n_asked <= z->in.n_primaries * 3 + 1);

	if (end->contact) {
		int64_t most = w->now + expire_s * S;

		assert_int_equal(end->noted, 0);
		assert_true(end->expires_at_ms <= MAX(most,
		    z->in.expires_at_ms));
		assert_true(end->expires_at_ms > w->now);
		/* T-003: looked at before it can expire. */
		assert_true(end->due_at_ms < w->now + expire_s * S);
	} else if (z->in.loaded) {
		/* Expiry is exactly where the last contact put it. */
		assert_int_equal(end->expires_at_ms, z->in.expires_at_ms);
		assert_true(end->noted >= z->in.noted);
		if (end->outcome == ZONE_OUT_FAILED ||
		    end->outcome == ZONE_OUT_OLDER) {
			assert_int_equal(end->noted == ZONE_NOTED_EXPIRED,
			    end->expires_at_ms <= w->now);
			/* and somebody looks when it comes */
			if (end->expires_at_ms > w->now)
				assert_true(end->due_at_ms <=
				    end->expires_at_ms);
		}
	}
	if (end->outcome == ZONE_OUT_UPDATED && z->in.loaded &&
	    end->took_lower)
		assert_true(w->accept_lower || w->expires <= w->now ||
		    w->reason == ZONE_REASON_RETRANSFER);
}

static void
one_round(struct life *w)
{
	struct zone_start s = { .reason = w->reason, .spread = 17,
		.loaded = w->loaded, .accept_lower = w->accept_lower,
		.soa = w->soa, .contact_at_ms = w->contact,
		.expires_at_ms = w->expires, .noted = w->noted,
		.compare = dice(w, 20) == 0, .failures = w->failures,
		.notify_primary = w->reason == ZONE_REASON_NOTIFY ?
		    (int)dice(w, w->n_primaries) : -1,
		.has_hint = dice(w, 2) == 0, .hint = w->primaries[0].serial,
		.n_primaries = w->n_primaries };
	unsigned steps = 0, asked = 0;
	struct zone_action a;
	struct zone z;

	for (unsigned i = 0; i < w->n_primaries; i++) {
		s.primaries[i].avoid = dice(w, 30) == 0;
		s.primaries[i].later = dice(w, 10) == 0;
		s.primaries[i].no_ixfr = dice(w, 10) == 0;
	}
	w->rounds++;
	zone_begin(&z, &LIMITS, &s, w->now, &a);
	while (a.kind != ZONE_ACT_FINISH) {
		struct zone_event ev = answer(w, &z, &a);

		assert_true(++steps < STEPS_MAX);
		asked += a.kind == ZONE_ACT_PROBE || a.kind == ZONE_ACT_FETCH;
		if (dice(w, 2000) == 0) {	/* kill -9: the lease lapses */
			w->killed++;
			w->due = w->now + LEASE_S * S;
			w->reason = ZONE_REASON_DUE;
			return;
		}
		if (dice(w, 50) == 0) {
			struct zone_event n = { .kind = ZONE_EV_NOTIFY };

			zone_step(&z, &n, w->now, &a);
		}
		w->now += 1 + dice(w, 3000);
		zone_step(&z, &ev, w->now, &a);
	}
	judge(w, &z, asked);
	if (z.end.outcome == ZONE_OUT_UPDATED) {
		w->loaded = true;
		w->soa = z.in.soa;
	}
	if (z.end.contact)
		w->contact = w->now;
	w->told += z.end.noted != w->noted;
	w->expiries += z.end.noted == ZONE_NOTED_EXPIRED &&
	    w->noted != ZONE_NOTED_EXPIRED;
	w->noted = z.end.noted;
	w->expires = z.end.expires_at_ms;
	w->failures = z.end.failures;
	w->due = z.end.due_at_ms;
	w->reason = z.end.next_reason;
}

static void
live(uint64_t seed, struct life *w)
{
	*w = (struct life){ .now = 1000 * DAY, .reason = ZONE_REASON_NEW };
	w->rng.s = seed;
	w->n_primaries = 1 + dice(w, 4);
	w->accept_lower = dice(w, 8) == 0;
	for (unsigned i = 0; i < w->n_primaries; i++) {
		w->primaries[i].serial = (uint32_t)rng_u64(&w->rng);
		w->primaries[i].down_days_max = 1 + dice(w, 40);
	}
	w->due = w->now;
	while (w->now < 1000 * DAY + YEARS_10) {
		/* A NOTIFY or the tenant comes before the timer. */
		if (w->due > w->now && dice(w, 12) == 0) {
			w->now += dice(w, (uint32_t)MIN(w->due - w->now,
			    (int64_t)UINT32_MAX) + 1);
			w->reason = dice(w, 20) == 0 ? ZONE_REASON_JOB :
			    ZONE_REASON_NOTIFY;
		} else if (w->due > w->now) {
			w->now = w->due;
		}
		world(w);
		one_round(w);
	}
}

TEST(ten_years_of_zones_never_stop_never_spin_and_expire_on_time)
{
	uint64_t first = 1, rounds = 0, expiries = 0, told = 0, killed = 0;
	unsigned lives = LIVES;
	const char *more = getenv("LIVES"), *seed = getenv("SEED");

	if (more != NULL)
		lives = (unsigned)strtoul(more, NULL, 10);
	if (seed != NULL)
		first = strtoull(seed, NULL, 10);
	for (unsigned i = 0; i < lives; i++) {
		struct life w;

		live(first + i, &w);
		/* Bounded work: on average no more than a look each minute,
		 * and three questions to each primary a look. */
		assert_true(w.rounds < (uint64_t)(YEARS_10 / (60 * S)));
		assert_true(w.probes + w.fetches <=
		    w.rounds * (w.n_primaries * 3 + 1));
		rounds += w.rounds;
		expiries += w.expiries;
		told += w.told;
		killed += w.killed;
	}
	/* The dice did throw what this is about. */
	assert_true(expiries > 0);
	assert_true(told > expiries);
	assert_true(killed > 0);
	if (more != NULL)
		fprintf(stderr, "# %u lives of ten years: %llu rounds, "
		    "%llu expiries, %llu told, %llu killed\n", lives,
		    (unsigned long long)rounds, (unsigned long long)expiries,
		    (unsigned long long)told, (unsigned long long)killed);
}
