/* test_zone_held.c - rounds of a zone with a held version, or a pin. */
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

#define NOW INT64_C(1700000000000)

static struct zone z;

static struct zone_start
start(bool loaded)
{
	struct zone_start s = { .reason = ZONE_REASON_DUE, .loaded = loaded,
		.notify_primary = -1, .n_primaries = 1, .held = true,
		.held_serial = 101 };

	if (loaded) {
		s.soa = (struct zone_soa){ .serial = 100, .refresh = 7200,
			.retry = 900, .expire = 1209600, .minimum = 300 };
		s.contact_at_ms = NOW - 1000;
		s.expires_at_ms = NOW + 5000;
	}
	return s;
}

static enum zone_action_kind
begin(const struct zone_start *s)
{
	struct zone_action a;

	zone_begin(&z, &LIMITS, s, NOW, &a);
	return a.kind;
}

static enum zone_action_kind
step(enum zone_event_kind kind, uint32_t serial)
{
	struct zone_event ev = { .kind = kind,
		.soa = { .serial = serial, .refresh = 7200, .retry = 900,
		    .expire = 1209600, .minimum = 300 } };
	struct zone_action a;

	zone_step(&z, &ev, NOW + 1000, &a);
	return a.kind;
}

TEST(held_serial_is_not_transferred_and_renews_expire_T178)
{
	struct zone_start s = start(true);

	assert_int_equal(begin(&s), ZONE_ACT_PROBE);
	assert_int_equal(step(ZONE_EV_SOA, 101), ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_HELD);
	assert_true(z.end.contact);
	assert_true(z.end.expires_at_ms > NOW + INT64_C(1209600) * 1000);
	assert_int_equal(z.end.failures, 0);
	assert_true(z.end.due_at_ms > NOW + 6000 * 1000);
}

TEST(held_serial_may_let_expire_count_down_T178)
{
	struct zone_start s = start(true);

	s.held_counts = true;
	(void)begin(&s);
	assert_int_equal(step(ZONE_EV_SOA, 101), ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_HELD);
	assert_false(z.end.contact);
	assert_int_equal(z.end.expires_at_ms, NOW + 5000);
}

TEST(newer_serial_than_the_held_one_is_fetched_T178)
{
	struct zone_start s = start(true);

	(void)begin(&s);
	assert_int_equal(step(ZONE_EV_SOA, 102), ZONE_ACT_FETCH);
	assert_int_equal(step(ZONE_EV_RECEIVED, 102), ZONE_ACT_PUBLISH);
	assert_int_equal(step(ZONE_EV_HELD, 0), ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_HELD);
}

TEST(transfer_that_turns_out_to_be_the_held_one_is_left)
{
	struct zone_start s = start(true);

	(void)begin(&s);
	assert_int_equal(step(ZONE_EV_SOA, 102), ZONE_ACT_FETCH);
	assert_int_equal(step(ZONE_EV_RECEIVED, 101), ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_HELD);
}

TEST(of_several_primaries_one_with_something_newer_counts)
{
	struct zone_start s = start(true);

	s.n_primaries = 2;
	(void)begin(&s);
	assert_int_equal(step(ZONE_EV_SOA, 101), ZONE_ACT_PROBE);
	assert_int_equal(step(ZONE_EV_SOA, 103), ZONE_ACT_FETCH);
	(void)begin(&s);
	assert_int_equal(step(ZONE_EV_SOA, 101), ZONE_ACT_PROBE);
	assert_int_equal(step(ZONE_EV_SOA, 101), ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_HELD);
}

TEST(zone_never_loaded_asks_for_the_serial_first)
{
	struct zone_start s = start(false);

	assert_int_equal(begin(&s), ZONE_ACT_PROBE);
	assert_int_equal(step(ZONE_EV_SOA, 101), ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_HELD);
	assert_int_equal(z.end.failures, 1);
	assert_int_equal(begin(&s), ZONE_ACT_PROBE);
	assert_int_equal(step(ZONE_EV_SOA, 99), ZONE_ACT_FETCH);
}

TEST(pinned_zone_is_watched_and_not_followed)
{
	struct zone_start s = start(true);
	uint32_t serials[] = { 99, 100, 101, 200 };

	s.held = false;
	s.pinned = true;
	for (int reason = ZONE_REASON_NOTIFY; reason <= ZONE_REASON_DUE;
	    reason++)
		for (size_t i = 0; i < COUNT_OF(serials); i++) {
			s.reason = (enum zone_reason)reason;
			assert_int_equal(begin(&s), ZONE_ACT_PROBE);
			assert_int_equal(step(ZONE_EV_SOA, serials[i]),
			    ZONE_ACT_FINISH);
			assert_int_equal(z.end.outcome, ZONE_OUT_CURRENT);
			assert_true(z.end.contact);
			assert_false(z.end.recheck);
		}
}

TEST(repinning_asks_nobody_and_a_round_follows)
{
	struct zone_start s = start(true);

	s.repin = true;
	s.n_primaries = 0;
	assert_int_equal(begin(&s), ZONE_ACT_REPIN);
	assert_int_equal(step(ZONE_EV_PUBLISHED, 7), ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_UPDATED);
	assert_false(z.end.contact);
	assert_false(z.end.took_lower);
	assert_int_equal(z.end.due_at_ms, NOW + 1000);
	(void)begin(&s);
	assert_int_equal(step(ZONE_EV_REJECTED, 0), ZONE_ACT_FINISH);
	assert_int_equal(z.end.outcome, ZONE_OUT_FAILED);
}
