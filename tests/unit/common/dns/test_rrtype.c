/* The table of types: against ldns, and against itself. */
#include "tests/lib/test.h"

#include <ldns/ldns.h>

#include "common/dns/rrtype.h"

TEST(names_and_numbers_are_those_of_ldns)
{
	unsigned n = 0;

	for (uint32_t type = 0; type <= UINT16_MAX; type++) {
		const char *name = rrtype_name((uint16_t)type);
		unsigned theirs;

		if (name == NULL)
			continue;
		theirs = ldns_get_rr_type_by_name(name);
		if (theirs == 0)
			continue;	/* newer than ldns */
		if (theirs != type)
			fail_msg("%s is %u here and %u in ldns", name, type,
			    theirs);
		n++;
	}
	assert_true(n > 70);
}

TEST(the_hyphen_of_nsap_ptr_is_kept)
{
	assert_string_equal(rrtype_name(RRTYPE_NSAP_PTR), "NSAP-PTR");
	assert_int_equal(RRTYPE_NSAP_PTR, 23);
}

TEST(a_number_without_a_name_is_opaque)
{
	assert_null(rrtype_name(0));
	assert_null(rrtype_name(65280));
	assert_null(rrtype_name(65535));
	assert_string_equal(rrtype_shape(0), "B");
	assert_string_equal(rrtype_shape(65280), "B");
}

TEST(shapes_are_made_of_the_letters_that_are_explained)
{
	for (uint32_t type = 0; type <= UINT16_MAX; type++) {
		const char *shape = rrtype_shape((uint16_t)type);
		size_t n = strlen(shape);

		assert_true(n >= 1);
		assert_int_equal(strspn(shape, "NDLn12468aqsSohHBbWwPAGMITXC-"),
		    n);
		/* What goes to the end can only be last. */
		assert_true(strcspn(shape, "SoBbWwPAGMITXC-") >= n - 1);
	}
}

TEST(a_meta_type_is_no_zone_data_and_every_other_is)
{
	for (uint32_t type = 0; type <= UINT16_MAX; type++) {
		bool meta = strcmp(rrtype_shape((uint16_t)type), "-") == 0;

		if (rrtype_name((uint16_t)type) != NULL)
			assert_int_equal(rrtype_is_data((uint16_t)type),
			    !meta);
	}
	/* RFC 6895 3.1: the whole range is set aside, named or not. */
	assert_true(rrtype_is_data(127));
	assert_false(rrtype_is_data(128));
	assert_false(rrtype_is_data(200));
	assert_false(rrtype_is_data(255));
	assert_true(rrtype_is_data(256));
	assert_false(rrtype_is_data(0));
	assert_false(rrtype_is_data(RRTYPE_OPT));
	assert_false(rrtype_is_data(65535));
	assert_true(rrtype_is_data(65534));
}
