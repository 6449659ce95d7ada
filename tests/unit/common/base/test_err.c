/*
 * test_err.c - errors and faults.
 */
#include <errno.h>

#include "tests/lib/test.h"

#include "common/base/fault.h"

TEST(err_every_error_has_a_name_a_text_and_a_class)
{
	int i;

	assert_int_equal(err_class(OK), ERR_CLASS_OK);
	for (i = 1; i < ERR_N; i++) {
		assert_int_not_equal(err_class((enum err)i), ERR_CLASS_OK);
		assert_true(strncmp(err_name((enum err)i), "ERR_", 4) == 0);
		assert_true(strlen(err_text((enum err)i)) > 3);
	}
}

TEST(err_an_unknown_value_is_our_fault)
{
	assert_int_equal(err_class((enum err)9999), ERR_CLASS_FAIL);
	assert_string_equal(err_name((enum err)-1), "ERR_UNKNOWN");
}

TEST(err_from_errno_knows_what_a_socket_says)
{
	assert_err(err_from_errno(0), OK);
	assert_err(err_from_errno(ECONNREFUSED), ERR_REFUSED);
	assert_err(err_from_errno(EAGAIN), ERR_AGAIN);
	assert_err(err_from_errno(EADDRINUSE), ERR_BUSY);
	assert_err(err_from_errno(ELOOP), ERR_SYSTEM);
}

TEST(fault_prints_where_and_what)
{
	struct fault f;
	char text[64];

	fault_set(&f, "a.conf", 3, "bad %s", "thing");
	assert_string_equal(fault_print(&f, text, sizeof(text)),
	    "a.conf:3: bad thing");
	f.column = 7;
	assert_string_equal(fault_print(&f, text, sizeof(text)),
	    "a.conf:3:7: bad thing");
	fault_set(&f, NULL, 0, "alone");
	assert_string_equal(fault_print(&f, text, sizeof(text)), "alone");
	assert_string_equal(fault_print(&f, text, 3), "al");
	fault_set(NULL, NULL, 0, "nobody listens");
}
