/* Buffers that connections borrow. */
#include "dnsd/bufpool.h"
#include "tests/lib/test.h"

TEST(the_lowest_free_buffer_is_lent_and_all_can_be)
{
	struct bufpool p;
	uint8_t *b[130];

	assert_ok(bufpool_init(&p, 130, 5000));
	for (int i = 0; i < 130; i++) {
		b[i] = bufpool_take(&p);
		assert_non_null(b[i]);
		assert_ptr_equal(b[i], p.base + i * (size_t)8192);
		memset(b[i], i, 5000);
	}
	assert_null(bufpool_take(&p));
	assert_int_equal(p.n_lent, 130);
	for (int i = 0; i < 130; i++)
		assert_int_equal(b[i][4999], i);
	bufpool_give(&p, b[70], 5000);
	bufpool_give(&p, b[3], 5000);
	assert_ptr_equal(bufpool_take(&p), b[3]);
	assert_ptr_equal(bufpool_take(&p), b[70]);
	assert_null(bufpool_take(&p));
	bufpool_fini(&p);
	bufpool_fini(&p);
}

TEST(the_memory_of_a_flood_goes_back_and_the_hot_ones_stay)
{
	struct bufpool p;
	uint8_t *b[20];

	assert_ok(bufpool_init(&p, 20, 8192));
	for (int i = 0; i < 20; i++) {
		b[i] = bufpool_take(&p);
		memset(b[i], 7, 8192);
	}
	for (int i = 0; i < 20; i++)
		bufpool_give(&p, b[i], 8192);
	assert_int_equal(b[0][8191], 7);
	assert_int_equal(b[BUFPOOL_HOT - 1][0], 7);
	assert_int_equal(b[BUFPOOL_HOT][0], 0);
	assert_int_equal(b[19][8191], 0);
	bufpool_fini(&p);
}

TEST(a_buffer_given_twice_is_a_broken_promise)
{
	struct bufpool p;
	uint8_t *b;

	assert_ok(bufpool_init(&p, 2, 100));
	b = bufpool_take(&p);
	bufpool_give(&p, b, 10);
	expect_assert_failure(bufpool_give(&p, b, 10));
	bufpool_fini(&p);
}
