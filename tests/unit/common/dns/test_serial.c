/* RFC 1982, T-013. */
#include "tests/lib/test.h"

#include "common/dns/serial.h"

TEST(newer_is_by_serial_arithmetic)
{
	assert_true(serial_newer(1, 0));
	assert_false(serial_newer(0, 1));
	assert_false(serial_newer(7, 7));
	assert_true(serial_newer(0, UINT32_MAX));
	assert_true(serial_newer(5, UINT32_MAX));
	assert_true(serial_newer(0x7fffffff, 0));
	assert_false(serial_newer(0, 0x7fffffff));
}

TEST(half_way_round_is_newer_in_neither_direction)
{
	assert_false(serial_newer(0x80000000u, 0));
	assert_false(serial_newer(0, 0x80000000u));
	assert_true(serial_undefined(0x80000005u, 5));
	assert_false(serial_undefined(0x80000004u, 5));
}
