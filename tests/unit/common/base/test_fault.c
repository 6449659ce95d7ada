/* Input errors for people: where they are, and that they are bounded. */
#include "tests/lib/test.h"

#include "common/base/fault.h"

TEST(a_fault_is_printed_as_place_and_text)
{
	struct fault f;
	char out[256];

	fault_set(&f, "zone.txt", 7, "%s is not a type", "FOO");
	assert_string_equal(fault_print(&f, out, sizeof(out)),
	    "zone.txt:7: FOO is not a type");
	f.column = 12;
	assert_string_equal(fault_print(&f, out, sizeof(out)),
	    "zone.txt:7:12: FOO is not a type");
	assert_ptr_equal(fault_print(&f, out, sizeof(out)), out);
}

TEST(what_has_no_line_has_no_column_either)
{
	struct fault f;
	char out[256];

	fault_set(&f, "/primaries/0", 0, "is missing");
	f.column = 3;
	assert_string_equal(fault_print(&f, out, sizeof(out)),
	    "/primaries/0: is missing");
}

TEST(a_fault_without_a_place_is_the_text_alone)
{
	struct fault f;
	char out[256];

	fault_set(&f, NULL, 0, "no such file");
	assert_string_equal(f.where, "");
	assert_string_equal(fault_print(&f, out, sizeof(out)),
	    "no such file");
}

TEST(a_second_fault_replaces_all_of_the_first)
{
	struct fault f;
	char out[256];

	fault_set(&f, "a-long-place", 9, "a long text");
	f.column = 5;
	fault_set(&f, "b", 1, "c");
	assert_string_equal(fault_print(&f, out, sizeof(out)), "b:1: c");
}

TEST(nobody_listening_is_fine)
{
	fault_set(NULL, "x", 1, "%d", 1);
}

TEST(long_texts_are_cut_and_terminated)
{
	char longer[2000], out[16];
	struct fault f;

	memset(longer, 'y', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	fault_set(&f, longer, 1, "%s", longer);
	assert_int_equal(strlen(f.where), sizeof(f.where) - 1);
	assert_int_equal(strlen(f.text), sizeof(f.text) - 1);
	fault_set(&f, "file", 12345, "text");
	memset(out, 'z', sizeof(out));
	assert_string_equal(fault_print(&f, out, 8), "file:12");
	assert_int_equal(out[8], 'z');
	assert_string_equal(fault_print(&f, out, 1), "");
	assert_string_equal(fault_print(&f, NULL, 0), "");
}

TEST(text_from_outside_is_never_a_format)
{
	struct fault f;
	char out[64];

	fault_set(&f, "%s%n", 0, "%s", "%x%n");
	assert_string_equal(fault_print(&f, out, sizeof(out)), "%s%n: %x%n");
}
