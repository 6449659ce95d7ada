/* test_hex.c - every octet is a digit or is not. */
#include "tests/lib/test.h"

#include "common/base/hex.h"

TEST(sixteen_digits_in_either_case)
{
	const char *lower = "0123456789abcdef", *upper = "0123456789ABCDEF";
	int digits = 0;

	for (int i = 0; i < 16; i++) {
		assert_int_equal(hex_digit(lower[i]), i);
		assert_int_equal(hex_digit(upper[i]), i);
	}
	for (int c = 0; c < 256; c++)
		digits += hex_digit((char)c) >= 0;
	assert_int_equal(digits, 22);
}
