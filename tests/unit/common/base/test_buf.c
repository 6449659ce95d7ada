/*
 * test_buf.c - the growable buffer.
 */
#include "tests/lib/test.h"

#include "common/base/buf.h"

TEST(buf_grows_up_to_its_maximum_and_not_beyond)
{
	struct buf b;
	size_t i;

	buf_init(&b, 1000);
	for (i = 0; i < 1000; i++)
		assert_ok(buf_u8(&b, (uint8_t)i));
	assert_err(buf_u8(&b, 1), ERR_LIMIT);
	assert_int_equal(b.len, 1000);
	for (i = 0; i < 1000; i++)
		assert_int_equal(b.data[i], (uint8_t)i);
	buf_fini(&b);
}

TEST(buf_failure_is_sticky_until_reset)
{
	struct buf b;

	buf_init(&b, 4);
	assert_err(buf_str(&b, "hello"), ERR_LIMIT);
	assert_err(buf_str(&b, "a"), ERR_LIMIT);
	assert_err(buf_err(&b), ERR_LIMIT);
	assert_string_equal(buf_cstr(&b), "");
	buf_reset(&b);
	assert_ok(buf_str(&b, "four"));
	assert_string_equal(buf_cstr(&b), "four");
	buf_fini(&b);
}

TEST(buf_numbers_are_big_endian)
{
	static const uint8_t want[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
	    13, 14 };
	struct buf b;

	buf_init(&b, 100);
	buf_u16(&b, 0x0102);
	buf_u32(&b, 0x03040506);
	buf_u64(&b, 0x0708090a0b0c0d0eu);
	assert_ok(buf_err(&b));
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
	buf_fini(&b);
}

TEST(buf_printf_fits_exactly)
{
	struct buf b;

	buf_init(&b, 5);
	assert_ok(buf_printf(&b, "%d", 12345));
	assert_string_equal(buf_cstr(&b), "12345");
	assert_err(buf_printf(&b, "%c", 'x'), ERR_LIMIT);
	buf_fini(&b);
}

TEST(buf_consume_keeps_the_rest)
{
	struct buf b;

	buf_init(&b, 100);
	buf_str(&b, "abcdef");
	buf_consume(&b, 2);
	assert_string_equal(buf_cstr(&b), "cdef");
	buf_truncate(&b, 1);
	assert_string_equal(buf_cstr(&b), "c");
	expect_assert_failure(buf_consume(&b, 2));
	expect_assert_failure(buf_truncate(&b, 2));
	buf_fini(&b);
}

TEST(buf_take_gives_the_memory_away)
{
	struct buf b;
	size_t len;
	uint8_t *p;

	buf_init(&b, 100);
	buf_str(&b, "xy");
	p = buf_take(&b, &len);
	assert_int_equal(len, 2);
	assert_memory_equal(p, "xy", 2);
	assert_int_equal(b.len, 0);
	assert_ok(buf_str(&b, "again"));
	free(p);
	buf_fini(&b);
	buf_fini(&b);
}
