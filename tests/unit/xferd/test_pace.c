/*
 * test_pace.c - how often NOTIFYs may cost something.
 */
#include "xferd/pace.h"

#include "common/base/sock.h"
#include "tests/lib/test.h"

static struct pace pace;
static const uint8_t zone[16] = { 1 }, other[16] = { 2 };

TEST(look_ups_are_limited_per_source_and_in_all)
{
	struct sock_addr a = { .ip = { 192, 0, 2, 1 } };

	pace_init(&pace);
	assert_true(pace_may_look(&pace, &a, 100, 2, 5000));
	assert_true(pace_may_look(&pace, &a, 100, 2, 5400));
	assert_false(pace_may_look(&pace, &a, 100, 2, 5999));
	assert_true(pace_may_look(&pace, &a, 100, 2, 6000));
	assert_false(pace_may_look(&pace, &a, 1, 2, 6000));
}

TEST(refusals_of_a_zone_are_recorded_once_in_a_while)
{
	pace_init(&pace);
	assert_true(pace_may_record(&pace, zone, 1000));
	assert_false(pace_may_record(&pace, zone, 999 + PACE_QUIET_MS));
	assert_true(pace_may_record(&pace, zone, 1000 + PACE_QUIET_MS));
}

TEST(two_checks_at_once_then_one_for_each_gap)
{
	pace_init(&pace);
	assert_int_equal(pace_delay_ms(&pace, zone, 7, 2000, 10000), 0);
	assert_int_equal(pace_delay_ms(&pace, zone, 7, 2000, 10100), 0);
	assert_int_equal(pace_delay_ms(&pace, zone, 7, 2000, 10200), 1900);
	assert_int_equal(pace_delay_ms(&pace, zone, 7, 2000, 10300), 1800);
	assert_int_equal(pace_delay_ms(&pace, zone, 7, 2000, 12200), 1900);
	/* quiet for a gap: at once again */
	assert_int_equal(pace_delay_ms(&pace, zone, 7, 2000, 17000), 0);
}

TEST(new_version_begins_anew)
{
	pace_init(&pace);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pace_delay_ms(&pace, zone, 7, 2000, 10000),
		    0);
	assert_true(pace_delay_ms(&pace, zone, 7, 2000, 10001) > 0);
	assert_int_equal(pace_delay_ms(&pace, zone, 8, 2000, 10001), 0);
	assert_int_equal(pace_delay_ms(&pace, other, 7, 2000, 10001), 0);
}

TEST(t041_forged_sources_do_not_use_up_what_known_ones_have)
{
	static struct pace p;
	struct sock_addr good = { .family = 4, .ip = { 1 } };
	unsigned passed = 0;

	pace_init(&p);
	pace_known(&p, &good, 1000);
	for (unsigned i = 0; i < 1000; i++) {
		struct sock_addr from = { .family = 4, .ip = { 9, (uint8_t)i,
			(uint8_t)(i >> 8) } };

		passed += pace_may_look(&p, &from, 100, 5, 1000);
	}
	assert_true(passed <= 105);	/* one may share the known's bucket */
	assert_true(passed >= 90);
	assert_true(pace_may_look(&p, &good, 100, 5, 1000));
}

TEST(t041_one_tenant_makes_so_many_zones_due_in_a_second)
{
	static struct pace p;
	uint8_t a[16] = { 1 }, b[16] = { 2 };

	pace_init(&p);
	for (unsigned i = 0; i < 10; i++)
		assert_true(pace_tenant(&p, a, 10, 1000));
	assert_false(pace_tenant(&p, a, 10, 1000));
	assert_true(pace_tenant(&p, b, 10, 1000));
	assert_true(pace_tenant(&p, a, 10, 2000));
}
