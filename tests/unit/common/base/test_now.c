/* Clocks, their units, and how a time is written. */
#include <time.h>

#include "tests/lib/test.h"

#include "common/base/now.h"

static void
prints(int64_t wall_ms, const char *want)
{
	char out[NOW_TEXT_MAX];

	assert_string_equal(now_print(wall_ms, out), want);
}

TEST(times_are_written_in_utc_with_milliseconds)
{
	prints(0, "1970-01-01T00:00:00.000Z");
	prints(1795336800123, "2026-11-22T08:40:00.123Z");
	prints(951782400007, "2000-02-29T00:00:00.007Z");
	/* Whatever the machine's time zone is. */
	assert_int_equal(setenv("TZ", "Asia/Kolkata", 1), 0);
	tzset();
	prints(1795336800123, "2026-11-22T08:40:00.123Z");
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
}

TEST(times_before_1970_round_down_not_towards_zero)
{
	prints(-1, "1969-12-31T23:59:59.999Z");
	prints(-1000, "1969-12-31T23:59:59.000Z");
	prints(-1001, "1969-12-31T23:59:58.999Z");
}

TEST(a_year_that_does_not_fit_is_a_dash)
{
	prints(INT64_C(253402300799999), "9999-12-31T23:59:59.999Z");
	prints(INT64_C(253402300800000), "-");
	prints(INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z");
	prints(INT64_C(-62167219200001), "-");
	prints(INT64_MAX, "-");
	prints(INT64_MIN, "-");
}

TEST(the_clocks_are_those_of_the_system)
{
	struct timespec before, after;
	int64_t ms;

	clock_gettime(CLOCK_REALTIME, &before);
	ms = now_wall_ms();
	clock_gettime(CLOCK_REALTIME, &after);
	assert_true(ms >= before.tv_sec * INT64_C(1000) +
	    before.tv_nsec / 1000000);
	assert_true(ms <= after.tv_sec * INT64_C(1000) +
	    after.tv_nsec / 1000000);
	clock_gettime(CLOCK_BOOTTIME, &before);
	ms = now_boot_ms();
	clock_gettime(CLOCK_BOOTTIME, &after);
	assert_true(ms >= before.tv_sec * INT64_C(1000) +
	    before.tv_nsec / 1000000);
	assert_true(ms <= after.tv_sec * INT64_C(1000) +
	    after.tv_nsec / 1000000);
}

TEST(the_monotonic_clock_never_steps_back)
{
	int64_t last = now_mono_ns();

	for (int i = 0; i < 10000; i++) {
		int64_t ns = now_mono_ns();

		assert_true(ns >= last);
		last = ns;
	}
	assert_true(now_mono_ms() >= last / 1000000);
	assert_true(now_mono_ms() - last / 1000000 < 60000);
}
