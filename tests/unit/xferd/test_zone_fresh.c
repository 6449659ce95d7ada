/*
 * test_zone_fresh.c - the freshest of several primaries, serials that went
 * back, primaries that disagree, EXPIRE running out: all on a virtual clock.
 */
#include "tests/lib/test.h"

#include "common/base/base.h"
#include "xferd/zone.h"

#define NOW	INT64_C(5000000)
#define DAY_S	86400

static const struct zone_limits LIMITS = {
	.refresh_min_s = 60, .refresh_max_s = DAY_S,
	.retry_min_s = 30, .retry_max_s = 7200,
	.expire_min_s = 3600, .expire_max_s = 28 * DAY_S,
	.backoff_min_s = 60, .backoff_max_s = 3600, .recheck_s = 5,
};

static struct zone z;
static struct zone_start s;
static struct zone_action a;

static int
setup(void **state UNUSED)
{
	s = (struct zone_start){ .reason = ZONE_REASON_DUE, .loaded = true,
		.notify_primary = -1, .n_primaries = 3,
		.soa = { .serial = 100, .refresh = 7200, .retry = 900,
		    .expire = 10 * DAY_S, .minimum = 300 },
		.contact_at_ms = NOW - 1000,
		.expires_at_ms = NOW - 1000 + INT64_C(10000) * DAY_S };
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, NULL)

static void
begin(void)
{
	zone_begin(&z, &LIMITS, &s, NOW, &a);
}

static void
step(enum zone_event_kind kind, uint32_t serial)
{
	struct zone_event ev = { .kind = kind, .soa = s.soa };

	ev.soa.serial = serial;
	zone_step(&z, &ev, NOW, &a);
}

static void
step_expire(enum zone_event_kind kind, uint32_t serial, uint32_t expire_s)
{
	struct zone_event ev = { .kind = kind, .soa = s.soa,
		.has_expire = true, .expire_s = expire_s };

	ev.soa.serial = serial;
	zone_step(&z, &ev, NOW, &a);
}

#define WANT(k, p) do {							\
	assert_int_equal(a.kind, ZONE_ACT_##k);				\
	assert_int_equal(a.primary, (p));				\
} while (0)

#define ENDS(o) do {							\
	assert_int_equal(a.kind, ZONE_ACT_FINISH);			\
	assert_int_equal(z.end.outcome, ZONE_OUT_##o);			\
} while (0)

/* ---- T-011: the freshest of several ------------------------------------ */

CASE(t011_all_are_asked_and_the_freshest_is_fetched_from)
{
	begin();
	WANT(PROBE, 0);
	step(ZONE_EV_SOA, 99);			/* outdated */
	WANT(PROBE, 1);
	step(ZONE_EV_SOA, 101);
	WANT(PROBE, 2);
	step(ZONE_EV_SOA, 105);
	WANT(FETCH, 2);
	assert_int_equal(a.mode, ZONE_MODE_IXFR);
}

CASE(t010_t011_when_the_freshest_fails_the_next_fresh_one_follows)
{
	begin();
	step(ZONE_EV_SOA, 103);
	step(ZONE_EV_SOA, 99);
	step(ZONE_EV_SOA, 105);
	WANT(FETCH, 2);
	step(ZONE_EV_LINK_FAILED, 0);
	WANT(FETCH, 0);
	step(ZONE_EV_REPLY_FAILED, 0);
	WANT(FETCH, 0);
	assert_int_equal(a.mode, ZONE_MODE_AXFR);
	step(ZONE_EV_LINK_FAILED, 0);
	/* An outdated one is no success: EXPIRE goes on. */
	ENDS(FAILED);
	assert_false(z.end.contact);
	assert_int_equal(z.end.back, ZONE_BACK_NONE);
	assert_int_equal(z.end.expires_at_ms, s.expires_at_ms);
}

CASE(a_primary_with_our_serial_renews_expire_although_the_newer_one_fails)
{
	begin();
	step(ZONE_EV_SOA, 100);
	step(ZONE_EV_SOA, 101);
	step(ZONE_EV_PROBE_FAILED, 0);
	WANT(FETCH, 1);
	step(ZONE_EV_LINK_FAILED, 0);
	ENDS(FAILED);
	assert_true(z.end.contact);
	assert_int_equal(z.end.expires_at_ms, NOW + INT64_C(10000) * DAY_S);
	assert_int_equal(z.end.failures, 1);
}

CASE(of_equally_fresh_ones_the_first_configured_is_taken)
{
	begin();
	step(ZONE_EV_SOA, 101);
	step(ZONE_EV_SOA, 101);
	step(ZONE_EV_SOA, 101);
	WANT(FETCH, 0);
}

CASE(t011_after_a_notify_the_first_newer_one_will_do)
{
	s.reason = ZONE_REASON_NOTIFY;
	s.notify_primary = 1;
	begin();
	WANT(PROBE, 1);
	step(ZONE_EV_SOA, 101);
	WANT(FETCH, 1);
}

CASE(t008_a_primary_that_failed_this_zone_lately_is_asked_last)
{
	s.primaries[0].later = true;
	begin();
	WANT(PROBE, 1);
	step(ZONE_EV_PROBE_FAILED, 0);
	WANT(PROBE, 2);
	step(ZONE_EV_PROBE_FAILED, 0);
	WANT(PROBE, 0);				/* but asked it is */
	step(ZONE_EV_SOA, 101);
	WANT(FETCH, 0);
}

CASE(who_shows_a_newer_serial_than_it_sends_is_asked_again_soon)
{
	s.n_primaries = 1;
	begin();
	step(ZONE_EV_SOA, 101);
	step(ZONE_EV_RECEIVED, 100);
	ENDS(CURRENT);
	assert_int_equal(z.end.due_at_ms, NOW + 900 * 1000);
}

/* ---- T-013, T-014, T-015: serials that went back ------------------------ */

CASE(t014_lower_everywhere_is_a_state_of_its_own_with_the_newest_of_them)
{
	begin();
	step(ZONE_EV_SOA, 7);
	step(ZONE_EV_SOA, 9);
	step(ZONE_EV_SOA, 8);
	ENDS(OLDER);
	assert_int_equal(z.end.back, ZONE_BACK_LOWER);
	assert_int_equal(z.end.back_serial, 9);
	assert_false(z.end.contact);
}

CASE(t014_an_accepted_serial_is_fetched_whole_and_lower_ones_are_not)
{
	s.has_accept = true;
	s.accept = 8;
	begin();
	step(ZONE_EV_SOA, 7);
	step(ZONE_EV_SOA, 8);
	step(ZONE_EV_SOA, 9);			/* went on since the click */
	WANT(FETCH, 2);
	assert_int_equal(a.mode, ZONE_MODE_AXFR);
	step(ZONE_EV_RECEIVED, 9);
	WANT(PUBLISH, 2);
	step(ZONE_EV_PUBLISHED, 9);
	ENDS(UPDATED);
	assert_true(z.end.took_lower);

	setup(NULL);
	s.has_accept = true;
	s.accept = 8;
	begin();
	step(ZONE_EV_SOA, 7);
	step(ZONE_EV_SOA, 6);
	step(ZONE_EV_PROBE_FAILED, 0);
	ENDS(OLDER);
	assert_int_equal(z.end.back_serial, 7);
}

CASE(t014_a_zone_may_follow_lower_serials_always)
{
	s.n_primaries = 1;
	s.accept_lower = true;
	begin();
	step(ZONE_EV_SOA, 5);
	WANT(FETCH, 0);
	assert_int_equal(a.mode, ZONE_MODE_AXFR);
}

CASE(an_equal_primary_is_preferred_to_an_accepted_lower_one)
{
	s.accept_lower = true;
	begin();
	step(ZONE_EV_SOA, 5);
	step(ZONE_EV_SOA, 100);
	step(ZONE_EV_SOA, 6);
	ENDS(CURRENT);
	assert_int_equal(z.end.back, ZONE_BACK_NONE);
}

CASE(t013_half_the_circle_away_is_undefined_and_told)
{
	s.n_primaries = 1;
	begin();
	step(ZONE_EV_SOA, 100 + UINT32_C(0x80000000));
	ENDS(OLDER);
	assert_int_equal(z.end.back, ZONE_BACK_UNDEFINED);
	assert_int_equal(z.end.back_serial, 100 + UINT32_C(0x80000000));
}

CASE(t015_an_expired_zone_takes_a_lower_serial_and_says_so)
{
	s.expires_at_ms = NOW - 1;
	begin();
	step(ZONE_EV_SOA, 5);
	step(ZONE_EV_PROBE_FAILED, 0);
	step(ZONE_EV_PROBE_FAILED, 0);
	WANT(FETCH, 0);
	step(ZONE_EV_RECEIVED, 5);
	step(ZONE_EV_PUBLISHED, 5);
	ENDS(UPDATED);
	assert_true(z.end.took_lower);
	assert_int_equal(z.end.noted, ZONE_NOTED_NOTHING);
}

/* ---- split brain -------------------------------------------------------- */

CASE(primaries_with_our_serial_are_compared_when_it_is_time)
{
	s.compare = true;
	begin();
	for (int i = 0; i < 3; i++)
		step(ZONE_EV_SOA, 100);
	assert_int_equal(a.kind, ZONE_ACT_FETCH);
	assert_int_equal(a.mode, ZONE_MODE_AXFR);
	step(ZONE_EV_RECEIVED, 100);
	assert_int_equal(a.kind, ZONE_ACT_COMPARE);
	step(ZONE_EV_DIFFERS, 0);
	ENDS(CURRENT);
	assert_true(z.end.compared);
	assert_true(z.end.split);
	assert_true(z.end.contact);
}

CASE(a_comparison_that_finds_the_same_or_fails_spoils_nothing)
{
	static const enum zone_event_kind FAILS[] = { ZONE_EV_LINK_FAILED,
		ZONE_EV_REPLY_FAILED, ZONE_EV_TROUBLE, ZONE_EV_REJECTED };

	s.compare = true;
	begin();
	for (int i = 0; i < 3; i++)
		step(ZONE_EV_SOA, 100);
	step(ZONE_EV_RECEIVED, 100);
	step(ZONE_EV_CURRENT, 100);
	ENDS(CURRENT);
	assert_true(z.end.compared);
	assert_false(z.end.split);
	for (size_t i = 0; i < COUNT_OF(FAILS); i++) {
		begin();
		for (int p = 0; p < 3; p++)
			step(ZONE_EV_SOA, 100);
		step(FAILS[i], 0);
		ENDS(CURRENT);
		assert_false(z.end.compared);
		assert_int_equal(z.end.failures, 0);
		assert_true(z.end.contact);
	}
}

CASE(one_primary_alone_is_not_compared_with_itself)
{
	s.compare = true;
	begin();
	step(ZONE_EV_SOA, 100);
	step(ZONE_EV_PROBE_FAILED, 0);
	step(ZONE_EV_PROBE_FAILED, 0);
	ENDS(CURRENT);
}

/* ---- T-170, T-171: the EXPIRE option ------------------------------------ */

CASE(t170_up_to_date_the_option_shortens_but_never_below_what_is_left)
{
	s.n_primaries = 1;
	begin();
	step_expire(ZONE_EV_SOA, 100, 20 * DAY_S);
	assert_int_equal(z.end.expires_at_ms, NOW + INT64_C(10000) * DAY_S);
	begin();
	step_expire(ZONE_EV_SOA, 100, DAY_S);
	assert_int_equal(z.end.expires_at_ms, s.expires_at_ms);
	s.expires_at_ms = NOW + INT64_C(500) * DAY_S;
	begin();
	step_expire(ZONE_EV_SOA, 100, DAY_S);
	assert_int_equal(z.end.expires_at_ms, NOW + INT64_C(1000) * DAY_S);
}

CASE(t170_after_a_transfer_the_option_is_the_deadline)
{
	s.n_primaries = 1;
	begin();
	step(ZONE_EV_SOA, 101);
	step_expire(ZONE_EV_RECEIVED, 101, DAY_S);
	step(ZONE_EV_PUBLISHED, 101);
	assert_int_equal(z.end.expires_at_ms, NOW + INT64_C(1000) * DAY_S);
}

CASE(t171_odd_options_are_clamped_or_ignored)
{
	assert_int_equal(zone_given_s(&LIMITS, &s.soa, true, 0), 10 * DAY_S);
	assert_int_equal(zone_given_s(&LIMITS, &s.soa, true, 1), 1);
	assert_int_equal(zone_given_s(&LIMITS, &s.soa, true, UINT32_MAX),
	    10 * DAY_S);
	assert_int_equal(zone_given_s(&LIMITS, &s.soa, false, 7), 10 * DAY_S);
	s.n_primaries = 1;
	s.expires_at_ms = NOW + 5000;
	begin();
	step_expire(ZONE_EV_SOA, 100, 0);	/* expired there */
	assert_int_equal(z.end.expires_at_ms, NOW + 5000);
}

/* Two tiers: what the first one counts down, the second one takes over. */
CASE(t172_a_zone_that_is_dead_at_the_root_expires_everywhere)
{
	uint32_t left_s = 10 * DAY_S;

	s.n_primaries = 1;
	for (int hour = 1; hour <= 240; hour++) {
		left_s -= 3600;
		begin();
		step_expire(ZONE_EV_SOA, 100, left_s);
		assert_true(z.end.expires_at_ms <= NOW - 1000 +
		    INT64_C(10000) * DAY_S);
	}
}

/* ---- T-019: only differences count -------------------------------------- */

CASE(t019_a_clock_of_another_epoch_gives_the_same_round)
{
	int64_t due, expires, shift = INT64_C(315360000000);
	struct zone_event ev = { .kind = ZONE_EV_SOA, .soa = s.soa };

	s.n_primaries = 1;
	begin();
	step(ZONE_EV_SOA, 100);
	due = z.end.due_at_ms - NOW;
	expires = z.end.expires_at_ms - NOW;
	s.contact_at_ms += shift;
	s.expires_at_ms += shift;
	zone_begin(&z, &LIMITS, &s, NOW + shift, &a);
	zone_step(&z, &ev, NOW + shift, &a);
	assert_int_equal(z.end.due_at_ms - NOW - shift, due);
	assert_int_equal(z.end.expires_at_ms - NOW - shift, expires);
}

/* ---- expiry comes near -------------------------------------------------- */

CASE(half_of_expire_three_quarters_and_nine_tenths_are_noted_once_each)
{
	static const struct { int percent; uint8_t noted; } AT[] = {
		{ 10, 0 }, { 49, 0 }, { 50, 50 }, { 60, 50 }, { 75, 75 },
		{ 89, 75 }, { 90, 90 }, { 99, 90 }, { 100, 100 },
		{ 150, 100 } };
	int64_t span_ms = INT64_C(10000) * DAY_S;

	s.n_primaries = 1;
	for (size_t i = 0; i < COUNT_OF(AT); i++) {
		s.contact_at_ms = NOW - span_ms * AT[i].percent / 100;
		s.expires_at_ms = s.contact_at_ms + span_ms;
		begin();
		step(ZONE_EV_PROBE_FAILED, 0);
		ENDS(FAILED);
		assert_int_equal(z.end.noted, AT[i].noted);
		s.noted = z.end.noted;
	}
	begin();
	step(ZONE_EV_SOA, 100);
	assert_int_equal(z.end.noted, 0);
}

CASE(the_next_look_is_no_later_than_what_is_to_be_told_next)
{
	s.n_primaries = 1;
	s.soa.retry = 7200;
	s.contact_at_ms = NOW - INT64_C(5000) * DAY_S + 60000;
	s.expires_at_ms = s.contact_at_ms + INT64_C(10000) * DAY_S;
	begin();
	step(ZONE_EV_PROBE_FAILED, 0);
	assert_int_equal(z.end.due_at_ms, NOW + 60000);
}

CASE(trouble_of_ours_neither_renews_nor_notes)
{
	s.n_primaries = 1;
	s.contact_at_ms = NOW - INT64_C(6000) * DAY_S;
	s.expires_at_ms = s.contact_at_ms + INT64_C(10000) * DAY_S;
	begin();
	step(ZONE_EV_TROUBLE, 0);
	ENDS(TROUBLE);
	assert_false(z.end.contact);
	assert_int_equal(z.end.noted, 0);
}
