/*
 * test_rd.c - the bounded reader.
 */
#include "tests/lib/test.h"

#include "common/base/rd.h"

TEST(rd_u16_past_end_is_sticky)
{
	const uint8_t one[] = { 0x12 };
	struct rd r = rd_make(one, sizeof(one));

	assert_int_equal(rd_u16(&r), 0);
	assert_true(rd_failed(&r));
	assert_int_equal(rd_u8(&r), 0);		/* still failed, though a byte is left */
}

TEST(rd_numbers_are_big_endian)
{
	const uint8_t d[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	    15, 16, 17, 18, 19, 20, 21 };
	struct rd r = rd_make(d, sizeof(d));

	assert_int_equal(rd_u8(&r), 1);
	assert_int_equal(rd_u16(&r), 0x0203);
	assert_int_equal(rd_u32(&r), 0x04050607);
	assert_true(rd_u48(&r) == 0x08090a0b0c0du);
	assert_true(rd_u64(&r) == 0x0e0f101112131415u);
	assert_true(rd_done(&r));
}

TEST(rd_empty_input_is_done_and_gives_nothing)
{
	struct rd r = rd_make(NULL, 0);

	assert_true(rd_done(&r));
	assert_int_equal(rd_left(&r), 0);
	rd_skip(&r, 0);
	assert_false(rd_failed(&r));
	assert_null(rd_bytes(&r, 1));
	assert_true(rd_failed(&r));
	assert_false(rd_done(&r));
}

TEST(rd_huge_length_does_not_wrap)
{
	const uint8_t d[4] = { 0 };
	struct rd r = rd_make(d, sizeof(d));

	rd_skip(&r, 1);
	assert_null(rd_bytes(&r, SIZE_MAX));
	assert_true(rd_failed(&r));
}

TEST(rd_sub_is_bounded_by_its_own_end)
{
	const uint8_t d[] = { 1, 2, 3, 4 };
	struct rd r = rd_make(d, sizeof(d));
	struct rd s = rd_sub(&r, 2);

	assert_int_equal(rd_u16(&s), 0x0102);
	assert_true(rd_done(&s));
	assert_int_equal(rd_u8(&s), 0);
	assert_true(rd_failed(&s));
	assert_int_equal(rd_u16(&r), 0x0304);
	s = rd_sub(&r, 1);
	assert_true(rd_failed(&s));
	assert_true(rd_failed(&r));
}

TEST(rd_copy_gives_zeros_after_failure)
{
	const uint8_t d[] = { 9 };
	uint8_t out[2] = { 7, 7 };
	struct rd r = rd_make(d, sizeof(d));

	rd_copy(&r, out, 2);
	assert_int_equal(out[0] | out[1], 0);
}

TEST(rd_seek_stays_inside)
{
	const uint8_t d[] = { 1, 2 };
	struct rd r = rd_make(d, sizeof(d));

	rd_seek(&r, 2);
	assert_true(rd_done(&r));
	rd_seek(&r, 0);
	assert_int_equal(rd_u8(&r), 1);
	rd_seek(&r, 3);
	assert_true(rd_failed(&r));
}
