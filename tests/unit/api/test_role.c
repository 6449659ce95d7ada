/* test_role.c - roles, scopes, and what is left of a token's. */
#include "api/role.h"
#include "tests/lib/test.h"

static const char *
of(enum role role)
{
	static char out[ROLE_SCOPES_BYTES];

	role_scopes(role, out);
	return out;
}

TEST(a_role_has_its_own_scopes_and_those_of_lesser_ones)
{
	assert_string_equal(of(ROLE_NONE), " ");
	assert_string_equal(of(ROLE_VIEWER), " zones:read members:read ");
	assert_string_equal(of(ROLE_EDITOR), " zones:read members:read "
	    "zones:write transfers:run tsig:write ");
	assert_string_equal(of(ROLE_ADMIN), " zones:read members:read "
	    "zones:write transfers:run tsig:write tokens:admin "
	    "members:write webhooks:write audit:read ");
	assert_true(role_set_has(of(ROLE_OWNER), "tenant:owner"));
	assert_false(role_set_has(of(ROLE_ADMIN), "tenant:owner"));
}

TEST(scopes_are_whole_words)
{
	assert_true(role_set_has(" zones:read ", "zones:read"));
	assert_false(role_set_has(" zones:read ", "zones"));
	assert_false(role_set_has(" zones:read ", "zones:rea"));
	assert_false(role_set_has(" zones:readx ", "zones:read"));
	assert_true(role_set_has(" * ", "zones:read"));
	assert_true(role_set_has(" ", ""));
	assert_false(role_set_has("", "zones:read"));
}

TEST(a_token_is_never_stronger_than_its_maker)
{
	char out[ROLE_SCOPES_BYTES];

	role_limit(" * ", ROLE_VIEWER, out);
	assert_string_equal(out, " zones:read members:read ");
	role_limit(" zones:write tokens:admin ", ROLE_EDITOR, out);
	assert_string_equal(out, " zones:write ");
	role_limit(" tenant:owner ", ROLE_ADMIN, out);
	assert_string_equal(out, " ");
	role_limit(" * ", ROLE_NONE, out);
	assert_string_equal(out, " ");
	strcpy(out, " zones:write zones:read nonsense ");
	role_limit(out, ROLE_OWNER, out);		/* in place */
	assert_string_equal(out, " zones:read zones:write ");
}

TEST(names_of_roles_go_round)
{
	for (enum role r = ROLE_VIEWER; r <= ROLE_OWNER; r++)
		assert_int_equal(role_parse(role_print(r)), r);
	assert_int_equal(role_parse("none"), ROLE_NONE);
	assert_int_equal(role_parse("Owner"), ROLE_NONE);
	assert_int_equal(role_parse(""), ROLE_NONE);
}

TEST(known_scopes_are_those_of_the_table)
{
	assert_true(role_scope_known("*"));
	assert_true(role_scope_known("audit:read"));
	assert_false(role_scope_known("audit:write"));
	assert_false(role_scope_known(""));
	assert_non_null(strstr(role_scopes_text(), "*, zones:read, "));
}
