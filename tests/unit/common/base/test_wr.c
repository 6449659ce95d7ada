/*
 * test_wr.c - the bounded writer.
 */
#include "tests/lib/test.h"

#include "common/base/rd.h"
#include "common/base/wr.h"

TEST(wr_what_is_written_is_read_back)
{
	uint8_t d[32];
	struct wr w = wr_make(d, sizeof(d));
	struct rd r;

	wr_u8(&w, 0xfe);
	wr_u16(&w, 0x1234);
	wr_u32(&w, 0xdeadbeef);
	wr_u48(&w, 0x0000a1b2c3d4e5f6u & 0xffffffffffffu);
	wr_u64(&w, 0x0123456789abcdefu);
	wr_bytes(&w, "xyz", 3);
	assert_false(wr_failed(&w));
	assert_int_equal(wr_len(&w), 24);
	r = rd_make(d, wr_len(&w));
	assert_int_equal(rd_u8(&r), 0xfe);
	assert_int_equal(rd_u16(&r), 0x1234);
	assert_true(rd_u32(&r) == 0xdeadbeef);
	assert_true(rd_u48(&r) == 0xa1b2c3d4e5f6u);
	assert_true(rd_u64(&r) == 0x0123456789abcdefu);
	assert_memory_equal(rd_bytes(&r, 3), "xyz", 3);
	assert_true(rd_done(&r));
}

TEST(wr_failure_is_sticky_and_writes_no_byte)
{
	uint8_t d[4] = { 9, 9, 9, 9 };
	struct wr w = wr_make(d, 3);

	wr_u16(&w, 0);
	wr_u16(&w, 0x0101);
	assert_true(wr_failed(&w));
	assert_int_equal(wr_len(&w), 2);
	wr_u8(&w, 1);
	assert_int_equal(wr_len(&w), 2);
	assert_int_equal(d[2], 9);
	assert_int_equal(wr_left(&w), 0);
}

TEST(wr_truncate_takes_back_an_optional_part)
{
	uint8_t d[4];
	struct wr w = wr_make(d, sizeof(d));
	size_t mark;

	wr_u16(&w, 1);
	mark = wr_len(&w);
	wr_u32(&w, 2);
	assert_true(wr_failed(&w));
	wr_truncate(&w, mark);
	assert_false(wr_failed(&w));
	wr_u16(&w, 3);
	assert_false(wr_failed(&w));
	wr_truncate(&w, 5);
	assert_true(wr_failed(&w));
}

TEST(wr_patch_stays_inside_what_is_written)
{
	uint8_t d[8];
	struct wr w = wr_make(d, sizeof(d));

	wr_zero(&w, 3);
	wr_patch_u16(&w, 1, 0xabcd);
	assert_false(wr_failed(&w));
	assert_int_equal(d[1], 0xab);
	assert_int_equal(d[2], 0xcd);
	wr_patch_u16(&w, 2, 1);
	assert_true(wr_failed(&w));
	w = wr_make(d, sizeof(d));
	wr_u16(&w, 0);
	wr_patch_u32(&w, 0, 1);
	assert_true(wr_failed(&w));
}

TEST(wr_huge_length_does_not_wrap)
{
	uint8_t d[4];
	struct wr w = wr_make(d, sizeof(d));

	wr_u8(&w, 1);
	assert_null(wr_reserve(&w, SIZE_MAX));
	assert_true(wr_failed(&w));
}
