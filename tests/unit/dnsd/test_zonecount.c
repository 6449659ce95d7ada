/*
 * test_zonecount.c - counters per zone are bounded, and stay. Q-226
 */
#include <sys/mman.h>
#include <unistd.h>

#include "dnsd/zonecount.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

static int fd;
static struct control *control;
static struct zonecount counts;

static int
setup(void **state)
{
	(void)state;
	fd = memfd_create("control", MFD_CLOEXEC);
	if (fd < 0 || control_map(fd, &control) != OK)
		return -1;
	control_beat(&control->reader[0]);
	control_beat(&control->reader[3]);
	zonecount_init(&counts, control);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	control_unmap(control);
	close(fd);
	return 0;
}

TEST_WITH(q226_places_are_given_once_and_bounded, setup, teardown)
{
	static uint8_t seen[CONTROL_ZONES_MAX];
	uint32_t place;

	memset(seen, 0, sizeof(seen));
	for (uint32_t i = 1; i < CONTROL_ZONES_MAX; i++) {
		place = zonecount_take(&counts);
		assert_in_range(place, 1, CONTROL_ZONES_MAX - 1);
		assert_int_equal(seen[place]++, 0);
	}
	assert_int_equal(zonecount_take(&counts), 0);	/* the rest share 0 */
	zonecount_put(&counts, 77777);
	assert_int_equal(zonecount_take(&counts), 77777);
	assert_int_equal(zonecount_take(&counts), 0);
	zonecount_put(&counts, 0);
	assert_int_equal(zonecount_take(&counts), 0);
}

TEST_WITH(q226_what_is_counted_is_summed_and_a_new_zone_begins_at_zero, setup,
    teardown)
{
	uint32_t a = zonecount_take(&counts), b = zonecount_take(&counts);
	struct zonecount_sum sum;

	for (int i = 0; i < 10; i++)
		control_count_zone(control->zone[0], a, false);
	control_count_zone(control->zone[3], a, true);
	control_count_zone(control->zone[3], b, true);
	control_count_zone(control->zone[3], CONTROL_ZONES_MAX, true);
	sum = zonecount_sum(control, a);
	assert_int_equal(sum.answers, 11);
	assert_int_equal(sum.nxdomain, 1);
	assert_int_equal(zonecount_sum(control, b).answers, 1);
	zonecount_put(&counts, a);
	counts.next = a;
	assert_int_equal(zonecount_take(&counts), a);
	assert_int_equal(zonecount_sum(control, a).answers, 0);
	assert_int_equal(zonecount_sum(control, b).answers, 1);
}

TEST_WITH(q226_a_successor_keeps_what_a_zone_had, setup, teardown)
{
	uint32_t a = zonecount_take(&counts), kept, other;

	control_count_zone(control->zone[0], a, false);
	zonecount_init(&counts, control);	/* another feeder */
	kept = zonecount_keep(&counts, a);
	assert_int_equal(kept, a);
	assert_int_equal(zonecount_sum(control, kept).answers, 1);
	other = zonecount_keep(&counts, a);	/* nobody's twice */
	assert_int_not_equal(other, a);
	assert_int_not_equal(zonecount_keep(&counts, UINT32_MAX), 0);
}

/* Memory comes with what is counted, not with what could be. */
TEST_WITH(counters_that_nobody_uses_take_no_memory, setup, teardown)
{
	unsigned char in_core[16];
	size_t pages = 0;

	for (int i = 0; i < 1000; i++)
		(void)zonecount_take(&counts);
	(void)zonecount_sum(control, 500);
	assert_int_equal(mincore(control->zone[1], 16 * 4096, in_core), 0);
	for (size_t i = 0; i < sizeof(in_core); i++)
		pages += in_core[i] & 1;
	assert_int_equal(pages, 0);
}
