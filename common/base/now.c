/*
 * now.c - clocks.
 */
#include <stdio.h>
#include <time.h>

#include "common/base/check.h"
#include "common/base/now.h"

static int64_t
read_ns(clockid_t which)
{
	struct timespec ts;

	CHECK(clock_gettime(which, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t
now_wall_ms(void)
{
	return read_ns(CLOCK_REALTIME) / 1000000;
}

int64_t
now_mono_ms(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t
now_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

int64_t
now_boot_ms(void)
{
	return read_ns(CLOCK_BOOTTIME) / 1000000;
}

const char *
now_print(int64_t wall_ms, char out[NOW_TEXT_MAX])
{
	int64_t s = wall_ms / 1000, ms = wall_ms % 1000;
	time_t t;
	struct tm tm;

	if (ms < 0) {
		ms += 1000;
		s -= 1;
	}
	t = (time_t)s;
	/* A year that does not fit four digits is not a time we made. */
	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < -1900 ||
	    tm.tm_year > 9999 - 1900) {
		snprintf(out, NOW_TEXT_MAX, "-");
		return out;
	}
	snprintf(out, NOW_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
	    (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
	    (unsigned)tm.tm_mday % 100, (unsigned)tm.tm_hour % 100,
	    (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100,
	    (unsigned)ms % 1000);
	return out;
}
