/*
 * test_when.c - times that come in.
 */
#include "api/when.h"
#include "tests/lib/test.h"

TEST(times_in_utc_are_read)
{
	int64_t ms;

	assert_true(when_parse("2030-01-31T12:00:00Z", &ms));
	assert_int_equal(ms, 1896091200000);
	assert_true(when_parse("2030-01-31T12:00:00.25Z", &ms));
	assert_int_equal(ms, 1896091200250);
	assert_true(when_parse("2030-01-31T12:00:00.123456+00:00", &ms));
	assert_int_equal(ms, 1896091200123);
}

TEST(anything_else_is_not_a_time)
{
	static const char *const bad[] = {
		"", "2030", "2030-01-31", "2030-01-31T12:00:00",
		"2030-01-31 12:00:00Z", "2030-01-31T12:00:00.Z",
		"2030-01-31T12:00:00+01:00", "2030-13-31T12:00:00Z",
		"2030-1-31T12:00:00Z", " 2030-01-31T12:00:00Z",
		"2030-01-31T12:00:00Zx", "1960-01-31T12:00:00Z",
		"2030-01-31T12:00:00.5",
	};
	int64_t ms = 7;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(when_parse(bad[i], &ms));
	assert_int_equal(ms < 0 || ms == 7, 1);
}
