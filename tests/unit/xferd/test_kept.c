/*
 * test_kept.c - NOTIFYs wait for the database, each once, and not too many.
 */
#include "tests/lib/test.h"

#include <stdlib.h>

#include "xferd/kept.h"

static struct kept kept;

static int
setup(void **state UNUSED)
{
	memset(&kept, 0, sizeof(kept));
	return 0;
}

static int
teardown(void **state UNUSED)
{
	kept_fini(&kept);
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, teardown)

static bool
put(unsigned zone, unsigned source, bool has_serial, uint32_t serial)
{
	struct handoff_notify n = { .apex_len = 3, .has_serial = has_serial,
		.serial = serial };
	uint8_t payload[4] = { 'p', (uint8_t)zone, (uint8_t)(zone >> 8), 0 };

	n.apex[0] = 1;
	n.apex[1] = (uint8_t)zone;
	n.apex[2] = (uint8_t)(zone >> 8);
	n.source.ip[15] = (uint8_t)source;
	n.source.ip[14] = (uint8_t)(source >> 8);
	return kept_put(&kept, &n, payload, sizeof(payload), 1000 + zone);
}

CASE(they_come_out_in_order_with_the_time_they_came)
{
	struct kept_one one;

	for (unsigned i = 1; i <= 3; i++)
		assert_true(put(i, 1, true, i));
	for (unsigned i = 1; i <= 3; i++) {
		assert_true(kept_take(&kept, &one));
		assert_int_equal(one.payload[1], i);
		assert_int_equal(one.came_ms, 1000 + i);
		free(one.payload);
	}
	assert_false(kept_take(&kept, &one));
}

CASE(t043_what_says_the_same_is_kept_once)
{
	assert_true(put(1, 1, true, 5));
	assert_true(put(1, 1, true, 5));
	assert_int_equal(kept.n, 1);
	assert_true(put(1, 1, true, 6));	/* another serial */
	assert_true(put(1, 1, false, 0));	/* none */
	assert_true(put(1, 2, true, 5));	/* another source */
	assert_true(put(2, 1, true, 5));	/* another zone */
	assert_int_equal(kept.n, 5);
}

CASE(t041_one_source_does_not_fill_the_table)
{
	for (unsigned i = 0; i < KEPT_OF_SOURCE_MAX; i++)
		assert_true(put(i, 1, true, 5));
	assert_false(put(KEPT_OF_SOURCE_MAX, 1, true, 5));
	assert_true(put(KEPT_OF_SOURCE_MAX, 2, true, 5));
}

CASE(the_table_is_bounded_and_a_ring)
{
	struct kept_one one;

	for (unsigned i = 0; i < KEPT_MAX; i++)
		assert_true(put(i, i, true, 5));
	assert_false(put(KEPT_MAX, 60000, true, 5));
	for (unsigned i = 0; i < 10; i++) {
		assert_true(kept_take(&kept, &one));
		free(one.payload);
		assert_true(put(KEPT_MAX + i, 60000, true, 5));
	}
	assert_int_equal(kept.n, KEPT_MAX);
}

CASE(what_is_too_long_is_not_kept)
{
	struct handoff_notify n = { .apex_len = 1 };
	static uint8_t payload[KEPT_SIZE_MAX + 1];

	assert_false(kept_put(&kept, &n, payload, sizeof(payload), 0));
	assert_true(kept_put(&kept, &n, payload, sizeof(payload) - 1, 0));
}
