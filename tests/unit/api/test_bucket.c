/* test_bucket.c - tokens go, come back with time, and the table is bounded. */
#include <stdlib.h>

#include "api/bucket.h"
#include "common/base/hash.h"
#include "tests/lib/test.h"

static struct bucket_table *
table(uint32_t quota, uint32_t window_s)
{
	struct bucket_conf conf = { quota, window_s, 128 };
	struct bucket_table *t;

	hash_init();
	assert_ok(bucket_new(&conf, &t));
	return t;
}

static struct bucket_view
take(struct bucket_table *t, uint32_t who, int64_t now_ms)
{
	uint8_t key[BUCKET_KEY_BYTES] = { 0 };
	struct bucket_view v;

	memcpy(key, &who, sizeof(who));
	bucket_take(t, key, now_ms, &v);
	return v;
}

TEST(a_bucket_gives_its_quota_and_no_more)
{
	struct bucket_table *t = table(3, 60);

	for (uint32_t i = 0; i < 3; i++) {
		struct bucket_view v = take(t, 1, 1000);

		assert_true(v.allowed);
		assert_int_equal(v.quota, 3);
		assert_int_equal(v.left, 2 - i);
		assert_int_equal(v.full_s, 20 * (i + 1));
	}
	assert_false(take(t, 1, 1000).allowed);
	assert_int_equal(take(t, 1, 1000).wait_s, 20);
	assert_true(take(t, 2, 1000).allowed);	/* somebody else */
	bucket_free(t);
}

TEST(tokens_come_back_with_time)
{
	struct bucket_table *t = table(60, 60);

	for (int i = 0; i < 60; i++)
		assert_true(take(t, 1, 0).allowed);
	assert_false(take(t, 1, 999).allowed);
	assert_true(take(t, 1, 1000).allowed);
	assert_false(take(t, 1, 1000).allowed);
	assert_int_equal(take(t, 1, 61000).left, 59);
	assert_int_equal(take(t, 1, INT64_C(1) << 50).left, 59);
	bucket_free(t);
}

TEST(a_clock_that_stands_or_goes_back_gives_nothing)
{
	struct bucket_table *t = table(1, 60);

	assert_true(take(t, 1, 100000).allowed);
	assert_false(take(t, 1, 0).allowed);
	assert_false(take(t, 1, 100000).allowed);
	assert_true(take(t, 1, 160000).allowed);
	bucket_free(t);
}

TEST(large_quotas_are_exact)
{
	struct bucket_table *t = table(10000000, 60);

	assert_int_equal(take(t, 1, 0).left, 9999999);
	assert_int_equal(take(t, 1, 0).full_s, 1);
	bucket_free(t);
}

TEST(who_was_held_back_is_not_forgotten_for_newcomers)
{
	struct bucket_table *t = table(2, 60);

	assert_true(take(t, 7, 0).allowed);
	assert_true(take(t, 7, 0).allowed);
	for (uint32_t who = 100; who < 20000; who++)
		assert_true(take(t, who, 0).allowed);
	assert_false(take(t, 7, 0).allowed);
	bucket_free(t);
	bucket_free(NULL);
}
