/* test_etag.c - tags change with what they stand for; conditions. */
#include "api/etag.h"
#include "tests/lib/test.h"

static const char *
tag(const char *json)
{
	static char out[4][ETAG_BYTES];
	static int n;

	n = (n + 1) % 4;
	assert_ok(etag_single(json, strlen(json), out[n]));
	return out[n];
}

TEST(the_whole_and_the_state_are_two_halves)
{
	const char *a = tag("{\"port\":53,\"serial\":1}");
	const char *b = tag("{\"port\":53,\"serial\":2}");

	assert_string_not_equal(a, b);
	assert_true(etag_match(a, b));
	assert_false(etag_none_match(a, b));
	assert_false(etag_match(tag("{\"port\":54,\"serial\":1}"), a));
	assert_string_equal(tag("[1]"), tag("[1]"));
}

TEST(what_is_not_json_has_no_tag)
{
	char out[ETAG_BYTES];

	assert_int_equal(etag_single("{", 1, out), ERR_MALFORMED);
	etag_list("{", 1, out);
	assert_int_equal(strlen(out), 18);
}

TEST(conditions_are_lists_of_tags)
{
	static const char *const good[] = { "*", " * ", "\"a\"", "W/\"a\"",
		"\"a\", \"b\"", "\"a\",W/\"b\" , \"\"" };
	static const char *const bad[] = { "", "a", "\"a", "\"a\" \"b\"", "**",
		"*, \"a\"", "w/\"a\"", ",", "\"a b\"", "\"a\"x" };

	for (size_t i = 0; i < COUNT_OF(good); i++)
		assert_true(etag_is_condition(good[i]));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(etag_is_condition(bad[i]));
}

TEST(if_none_match_compares_weakly_and_whole)
{
	assert_true(etag_none_match("\"x\", W/\"a-b\"", "\"a-b\""));
	assert_true(etag_none_match("*", "\"a-b\""));
	assert_false(etag_none_match("\"a-c\"", "\"a-b\""));
	assert_false(etag_none_match("\"a\"", "\"a-b\""));
}

TEST(if_match_compares_strongly_and_the_state)
{
	assert_true(etag_match("\"x-y\", \"a-c\"", "\"a-b\""));
	assert_true(etag_match("*", "\"a-b\""));
	assert_false(etag_match("W/\"a-b\"", "\"a-b\""));
	assert_false(etag_match("\"b-b\"", "\"a-b\""));
	assert_false(etag_match("\"a\"", "\"a-b\""));
	assert_false(etag_match("\"ab\"", "\"a-b\""));
}
