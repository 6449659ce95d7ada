/* test_zone.c - rounds of one zone on a virtual clock. */
#include "tests/lib/test.h"

#include "common/base/base.h"
#include "xferd/zone.h"


static const struct zone_limits LIMITS = {
	.refresh_min_s = 60, .refresh_max_s = 86400,
	.retry_min_s = 30, .retry_max_s = 7200,
	.expire_min_s = 3600, .expire_max_s = 2419200,
	.backoff_min_s = 60, .backoff_max_s = 3600,
	.recheck_s = 5,
};

static const struct zone_soa SOA = { .serial = 100, .refresh = 7200,
	.retry = 900, .expire = 1209600, .minimum = 300 };

#define NOW INT64_C(1700000000000)

static struct zone_start
start(bool loaded, unsigned n_primaries)
{
	struct zone_start s = { .reason = ZONE_REASON_DUE, .loaded = loaded,
		.notify_primary = -1, .n_primaries = n_primaries,
		.spread = 0 };

	if (loaded) {
		s.soa = SOA;
		s.contact_at_ms = NOW - 1000;
		s.expires_at_ms = NOW + INT64_C(1000) * 100000;
	}
	return s;
}

static struct zone_action
begin(struct zone *z, const struct zone_start *s)
{
	struct zone_action a;

	zone_begin(z, &LIMITS, s, NOW, &a);
	return a;
}

static struct zone_action
step(struct zone *z, enum zone_event_kind kind, uint32_t serial)
{
	struct zone_event ev = { .kind = kind, .soa = SOA };
	struct zone_action a;

	ev.soa.serial = serial;
	zone_step(z, &ev, NOW + 1000, &a);
	return a;
}

TEST(new_zone_is_fetched_whole_without_a_probe)
{
	struct zone z;
	struct zone_start s = start(false, 1);
	struct zone_action a = begin(&z, &s);

	assert_int_equal(a.kind, ZONE_ACT_FETCH);
	assert_int_equal(a.mode, ZONE_MODE_AXFR);
	a = step(&z, ZONE_EV_RECEIVED, 7);
	assert_int_equal(a.kind, ZONE_ACT_PUBLISH);
	a = step(&z, ZONE_EV_PUBLISHED, 7);
	assert_int_equal(a.kind, ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_UPDATED);
	assert_true(z.end.contact);
	assert_int_equal(z.end.due_at_ms, NOW + 1000 + 7200 * 1000);
	assert_int_equal(z.end.expires_at_ms, NOW + 1000 + INT64_C(1209600000));
}

TEST(a_limit_of_the_account_ends_the_round_at_once)
{
	struct zone z;
	struct zone_start s = start(false, 2);
	struct zone_action a = begin(&z, &s);

	assert_int_equal(a.kind, ZONE_ACT_FETCH);
	a = step(&z, ZONE_EV_STOPPED, 0);
	assert_int_equal(a.kind, ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_FAILED);
	a = begin(&z, &s);
	a = step(&z, ZONE_EV_RECEIVED, 7);
	assert_int_equal(a.kind, ZONE_ACT_PUBLISH);
	a = step(&z, ZONE_EV_STOPPED, 0);
	assert_int_equal(a.kind, ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_FAILED);
	assert_false(z.end.contact);
}

TEST(equal_serial_renews_expire_without_a_transfer)	/* T-012 */
{
	struct zone z;
	struct zone_start s = start(true, 1);
	struct zone_action a = begin(&z, &s);

	assert_int_equal(a.kind, ZONE_ACT_PROBE);
	a = step(&z, ZONE_EV_SOA, 100);
	assert_int_equal(a.kind, ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_CURRENT);
	assert_true(z.end.contact);
	assert_int_equal(z.end.expires_at_ms, NOW + 1000 + INT64_C(1209600000));
	assert_int_equal(z.end.failures, 0);
}

TEST(newer_serial_is_fetched_by_ixfr_from_the_same_primary)
{
	struct zone z;
	struct zone_start s = start(true, 2);
	struct zone_action a;

	s.reason = ZONE_REASON_NOTIFY;
	a = begin(&z, &s);
	a = step(&z, ZONE_EV_SOA, 101);
	assert_int_equal(a.kind, ZONE_ACT_FETCH);
	assert_int_equal(a.mode, ZONE_MODE_IXFR);
	assert_int_equal(a.primary, 0);
}

TEST(failed_ixfr_falls_back_to_axfr_in_the_same_round)	/* T-076 */
{
	struct zone z;
	struct zone_start s = start(true, 2);
	struct zone_action a;

	s.reason = ZONE_REASON_NOTIFY;
	a = begin(&z, &s);
	step(&z, ZONE_EV_SOA, 101);
	a = step(&z, ZONE_EV_REPLY_FAILED, 0);
	assert_int_equal(a.kind, ZONE_ACT_FETCH);
	assert_int_equal(a.mode, ZONE_MODE_AXFR);
	assert_int_equal(a.primary, 0);
	assert_int_equal(z.no_ixfr, 1);
	a = step(&z, ZONE_EV_REPLY_FAILED, 0);
	assert_int_equal(a.kind, ZONE_ACT_PROBE);
	assert_int_equal(a.primary, 1);
}

TEST(mismatch_falls_back_to_axfr)			/* T-069 */
{
	struct zone z;
	struct zone_start s = start(true, 1);
	struct zone_action a = begin(&z, &s);

	step(&z, ZONE_EV_SOA, 101);
	a = step(&z, ZONE_EV_RECEIVED, 101);
	assert_int_equal(a.kind, ZONE_ACT_PUBLISH);
	a = step(&z, ZONE_EV_MISMATCH, 0);
	assert_int_equal(a.kind, ZONE_ACT_FETCH);
	assert_int_equal(a.mode, ZONE_MODE_AXFR);
	assert_int_equal(z.no_ixfr, 0);
}

TEST(cut_connection_goes_to_the_next_primary)		/* T-077, T-010 */
{
	struct zone z;
	struct zone_start s = start(true, 2);
	struct zone_action a;

	s.reason = ZONE_REASON_NOTIFY;
	a = begin(&z, &s);
	step(&z, ZONE_EV_SOA, 101);
	a = step(&z, ZONE_EV_LINK_FAILED, 0);
	assert_int_equal(a.kind, ZONE_ACT_PROBE);
	assert_int_equal(a.primary, 1);
	a = step(&z, ZONE_EV_PROBE_FAILED, 0);
	assert_int_equal(a.kind, ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_FAILED);
	assert_false(z.end.contact);
	assert_int_equal(z.end.failures, 1);
	assert_int_equal(z.end.due_at_ms, NOW + 1000 + 900 * 1000);
}

TEST(single_newer_soa_to_ixfr_means_axfr)		/* T-061 */
{
	struct zone z;
	struct zone_start s = start(true, 1);
	struct zone_action a = begin(&z, &s);

	step(&z, ZONE_EV_SOA, 101);
	a = step(&z, ZONE_EV_CURRENT, 101);
	assert_int_equal(a.kind, ZONE_ACT_FETCH);
	assert_int_equal(a.mode, ZONE_MODE_AXFR);
	a = step(&z, ZONE_EV_CURRENT, 101);	/* nonsense to an AXFR */
	assert_int_equal(a.kind, ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_FAILED);
}

TEST(older_primary_is_passed_over_and_renews_nothing)	/* T-011, T-014 */
{
	struct zone z;
	struct zone_start s = start(true, 2);
	struct zone_action a = begin(&z, &s);

	a = step(&z, ZONE_EV_SOA, 99);
	assert_int_equal(a.kind, ZONE_ACT_PROBE);
	assert_int_equal(a.primary, 1);
	a = step(&z, ZONE_EV_SOA, 98);
	assert_int_equal(a.kind, ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_OLDER);
	assert_false(z.end.contact);
	assert_int_equal(z.end.expires_at_ms, s.expires_at_ms);
}

TEST(exactly_half_the_circle_is_not_newer)		/* T-013 */
{
	struct zone z;
	struct zone_start s = start(true, 1);
	struct zone_action a = begin(&z, &s);

	a = step(&z, ZONE_EV_SOA, 100 + UINT32_C(0x80000000));
	assert_int_equal(a.kind, ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_OLDER);
	assert_int_equal(z.end.back, ZONE_BACK_UNDEFINED);
}

TEST(serial_wraps_forward)				/* T-013 */
{
	struct zone z;
	struct zone_start s = start(true, 1);
	struct zone_action a;

	s.soa.serial = UINT32_C(4294967295);
	a = begin(&z, &s);
	a = step(&z, ZONE_EV_SOA, 0);
	assert_int_equal(a.kind, ZONE_ACT_FETCH);
}

TEST(expired_zone_accepts_a_lower_serial_whole)		/* T-015 */
{
	struct zone z;
	struct zone_start s = start(true, 1);
	struct zone_action a;

	s.expires_at_ms = NOW - 1;
	a = begin(&z, &s);
	a = step(&z, ZONE_EV_SOA, 5);
	assert_int_equal(a.kind, ZONE_ACT_FETCH);
	assert_int_equal(a.mode, ZONE_MODE_AXFR);
	a = step(&z, ZONE_EV_RECEIVED, 5);
	assert_int_equal(a.kind, ZONE_ACT_PUBLISH);
}

TEST(retransfer_takes_the_whole_zone_at_any_serial)	/* T-108 */
{
	struct zone z;
	struct zone_start s = start(true, 1);
	struct zone_action a;

	s.reason = ZONE_REASON_RETRANSFER;
	a = begin(&z, &s);
	assert_int_equal(a.kind, ZONE_ACT_FETCH);
	assert_int_equal(a.mode, ZONE_MODE_AXFR);
	a = step(&z, ZONE_EV_RECEIVED, 100);
	assert_int_equal(a.kind, ZONE_ACT_PUBLISH);
}

TEST(notifying_primary_is_asked_first_even_if_avoided)	/* T-039 */
{
	struct zone z;
	struct zone_start s = start(true, 3);
	struct zone_action a;

	s.reason = ZONE_REASON_NOTIFY;
	s.notify_primary = 2;
	s.primaries[0].avoid = true;
	s.primaries[2].avoid = true;
	a = begin(&z, &s);
	assert_int_equal(a.primary, 2);
	a = step(&z, ZONE_EV_PROBE_FAILED, 0);
	assert_int_equal(a.primary, 1);
	a = step(&z, ZONE_EV_PROBE_FAILED, 0);
	assert_int_equal(a.kind, ZONE_ACT_FINISH);
}

TEST(notifies_during_a_round_ask_for_one_more)		/* T-035, T-036 */
{
	struct zone z;
	struct zone_start s = start(true, 1);
	struct zone_action a = begin(&z, &s);

	for (int i = 0; i < 1000; i++) {
		a = step(&z, ZONE_EV_NOTIFY, 0);
		assert_int_equal(a.kind, ZONE_ACT_NONE);
	}
	a = step(&z, ZONE_EV_SOA, 100);
	assert_int_equal(a.kind, ZONE_ACT_FINISH);
	assert_int_equal(z.end.next_reason, ZONE_REASON_NOTIFY);
	assert_int_equal(z.end.due_at_ms, NOW + 1000);
}

TEST(notify_ahead_of_the_data_is_rechecked_once)	/* T-037 */
{
	struct zone z;
	struct zone_start s = start(true, 1);
	struct zone_action a;

	s.reason = ZONE_REASON_NOTIFY;
	s.has_hint = true;
	s.hint = 105;
	a = begin(&z, &s);
	a = step(&z, ZONE_EV_SOA, 100);
	assert_int_equal(a.kind, ZONE_ACT_FINISH);
	assert_true(z.end.recheck);
	assert_int_equal(z.end.due_at_ms, NOW + 1000 + 5000);

	s.reason = z.end.next_reason;
	s.has_hint = false;
	a = begin(&z, &s);
	a = step(&z, ZONE_EV_SOA, 100);
	assert_false(z.end.recheck);
	assert_true(z.end.due_at_ms > NOW + 60000);
}

TEST(hints_are_judged)					/* T-034, T-040 */
{
	assert_false(zone_wants_notify(true, false, 100, true, 100));
	assert_false(zone_wants_notify(true, false, 100, true, 99));
	assert_true(zone_wants_notify(true, false, 100, true, 101));
	assert_true(zone_wants_notify(true, false, 100, false, 0));
	assert_true(zone_wants_notify(true, true, 100, true, 100));
	assert_true(zone_wants_notify(false, false, 0, true, 0));
}

TEST(expire_option_shortens_and_never_takes_back)	/* T-170 */
{
	struct zone z;
	struct zone_start s = start(true, 1);
	struct zone_action a = begin(&z, &s);
	struct zone_event ev = { .kind = ZONE_EV_SOA, .soa = SOA,
		.has_expire = true, .expire_s = 10 };

	s.expires_at_ms = NOW + 50000;
	a = begin(&z, &s);
	zone_step(&z, &ev, NOW, &a);
	assert_int_equal(z.end.expires_at_ms, NOW + 50000);
	ev.expire_s = 100;
	a = begin(&z, &s);
	zone_step(&z, &ev, NOW, &a);
	assert_int_equal(z.end.expires_at_ms, NOW + 100000);
}

TEST(timers_are_clamped_at_the_edges)			/* T-002, T-003 */
{
	static const uint32_t edge[] = { 0, 1, 0x7fffffff, 0xffffffff };

	for (unsigned r = 0; r < COUNT_OF(edge); r++)
		for (unsigned e = 0; e < COUNT_OF(edge); e++) {
			struct zone_soa soa = { .serial = 1,
				.refresh = edge[r], .retry = edge[r],
				.expire = edge[e] };
			uint32_t wait = zone_next_refresh_s(&LIMITS, &soa,
			    999);

			assert_true(wait >= 54);
			assert_true(wait <= 86400);
			assert_true(wait < zone_expire_s(&LIMITS, &soa));
		}
}

TEST(empty_zone_with_dead_primary_doubles_to_the_cap)	/* T-008 */
{
	struct zone z;
	struct zone_start s = start(false, 1);
	struct zone_action a;
	int64_t waits[10];

	for (int i = 0; i < 10; i++) {
		begin(&z, &s);
		a = step(&z, ZONE_EV_LINK_FAILED, 0);
		assert_int_equal(a.kind, ZONE_ACT_FINISH);
		waits[i] = (z.end.due_at_ms - NOW - 1000) / 1000;
		s.failures = z.end.failures;
	}
	assert_int_equal(waits[0], 60);
	assert_int_equal(waits[1], 120);
	assert_int_equal(waits[5], 1920);
	assert_int_equal(waits[9], 3600);
}

TEST(nobody_to_ask_ends_the_round)
{
	struct zone z;
	struct zone_start s = start(true, 0);
	struct zone_action a = begin(&z, &s);

	assert_int_equal(a.kind, ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_FAILED);
}

TEST(own_trouble_is_not_the_primarys_failure)
{
	struct zone z;
	struct zone_start s = start(true, 1);
	struct zone_action a = begin(&z, &s);

	s.failures = 3;
	begin(&z, &s);
	a = step(&z, ZONE_EV_TROUBLE, 0);
	assert_int_equal(a.kind, ZONE_ACT_FINISH);
	assert_int_equal(z.end.failures, 3);
}

TEST(late_events_change_nothing)			/* T-020 */
{
	struct zone z;
	struct zone_start s = start(true, 1);
	struct zone_action a = begin(&z, &s);
	struct zone_end end;

	step(&z, ZONE_EV_SOA, 100);
	end = z.end;
	for (int k = ZONE_EV_SOA; k <= ZONE_EV_NOTIFY; k++) {
		a = step(&z, (enum zone_event_kind)k, 101);
		assert_int_equal(a.kind, ZONE_ACT_NONE);
	}
	assert_memory_equal(&end, &z.end, sizeof(end));
}

TEST(a_year_of_timers)					/* T-001, T-004 */
{
	struct zone z;
	struct zone_start s = start(true, 2);
	int64_t now = NOW, year = NOW + INT64_C(365) * 86400 * 1000;
	unsigned rounds = 0, dead_rounds = 0;
	uint32_t served = 100;

	s.spread = 500;
	s.expires_at_ms = now + INT64_C(1209600000);
	while (now < year) {
		struct zone_action a;
		struct zone_event ev = { .soa = SOA };
		/* The primaries are dead for every third month. */
		bool dead = (now / (INT64_C(30) * 86400000)) % 3 == 2;

		zone_begin(&z, &LIMITS, &s, now, &a);
		for (int i = 0; a.kind != ZONE_ACT_FINISH; i++) {
			assert_true(i < 10);
			now += 100;
			ev.soa.serial = served + (rounds % 5 == 0);
			if (dead)
				ev.kind = ZONE_EV_PROBE_FAILED;
			else if (a.kind == ZONE_ACT_PROBE)
				ev.kind = ZONE_EV_SOA;
			else if (a.kind == ZONE_ACT_FETCH)
				ev.kind = ZONE_EV_RECEIVED;
			else
				ev.kind = ZONE_EV_PUBLISHED;
			zone_step(&z, &ev, now, &a);
		}
		rounds++;
		dead_rounds += dead;
		s.soa = z.in.soa;
		served = s.soa.serial;
		s.expires_at_ms = z.end.expires_at_ms;
		s.failures = z.end.failures;
		if (!dead)
			assert_true(s.expires_at_ms > now + 1209000000);
		assert_true(z.end.due_at_ms > now);
		now = z.end.due_at_ms;
	}
	assert_true(rounds > 10000 && rounds < 30000);
	assert_true(dead_rounds > 5000);
}
