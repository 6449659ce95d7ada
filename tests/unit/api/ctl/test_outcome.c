/*
 * test_outcome.c - exit codes, and problems told to people.
 */
#include "api/ctl/outcome.h"
#include "tests/lib/test.h"

static void
assert_told(long status, const char *json, const char *want)
{
	struct jdoc *d = NULL;
	struct buf b;

	if (json != NULL)
		assert_ok(jdoc_parse(json, strlen(json), &d, NULL));
	buf_init(&b, 100000);
	outcome_problem(&b, status, d);
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
	jdoc_free(d);
}

TEST(exit_codes_are_a_contract)
{
	assert_int_equal(OUTCOME_OK, 0);
	assert_int_equal(OUTCOME_ERROR, 1);
	assert_int_equal(OUTCOME_USAGE, 2);
	assert_int_equal(OUTCOME_NOT_FOUND, 3);
	assert_int_equal(OUTCOME_REFUSED, 4);
	assert_int_equal(OUTCOME_CONFLICT, 5);
	assert_int_equal(OUTCOME_TEMPORARY, 6);
	assert_int_equal(OUTCOME_TIMED_OUT, 7);
	assert_int_equal(OUTCOME_FAILED_CHECK, 8);
	assert_non_null(outcome_meaning(8));
	assert_null(outcome_meaning(9));
}

TEST(statuses_become_exit_codes)
{
	static const struct { long status; enum outcome want; } cases[] = {
		{ 200, OUTCOME_OK }, { 204, OUTCOME_OK },
		{ 400, OUTCOME_ERROR }, { 401, OUTCOME_REFUSED },
		{ 403, OUTCOME_REFUSED }, { 404, OUTCOME_NOT_FOUND },
		{ 405, OUTCOME_ERROR }, { 409, OUTCOME_CONFLICT },
		{ 412, OUTCOME_CONFLICT }, { 422, OUTCOME_ERROR },
		{ 429, OUTCOME_TEMPORARY }, { 500, OUTCOME_ERROR },
		{ 503, OUTCOME_TEMPORARY }, { 0, OUTCOME_ERROR },
		{ 302, OUTCOME_ERROR }, { 999, OUTCOME_ERROR },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_int_equal(outcome_of_status(cases[i].status),
		    cases[i].want);
}

TEST(a_problem_tells_title_detail_pointers_and_advice)
{
	assert_told(422, "{\"title\":\"T\",\"detail\":\"D\",\"type\":"
	    "\"urn:understudy:problem:invalid-body\",\"errors\":["
	    "{\"pointer\":\"/name\",\"code\":\"name\",\"message\":\"m\"},"
	    "{\"pointer\":\"\",\"message\":\"whole\"}],"
	    "\"advice\":[\"do this\"],\"request_id\":\"r1\"}",
	    "T (422 invalid-body)\n  D\n  /name: m [name]\n"
	    "  (the body): whole\n  advice: do this\n  request id: r1");
}

TEST(an_answer_that_is_no_problem_is_told_all_the_same)
{
	assert_told(502, NULL, "the server answered with status 502 and no "
	    "problem document");
	assert_told(500, "[1]", "the server answered with status 500 and no "
	    "problem document");
	assert_told(500, "{\"title\":5}", "the server answered with status "
	    "500 and no problem document");
}

TEST(a_hostile_problem_cannot_paint_or_flood_T23)
{
	struct jdoc *d = jdoc_object();
	struct buf b;
	size_t lines = 0;

	assert_told(400, "{\"title\":\"\\u001b[2J\\nx\",\"type\":5,"
	    "\"errors\":\"no list\",\"detail\":\"\\u009b1m\"}",
	    "\\027[2J\\010x (400)\n  \\u{9b}1m");
	assert_true(jdoc_put_text(d, "title", "t"));
	for (int i = 0; i < 500; i++) {
		struct jdoc *e = jdoc_object();

		assert_true(jdoc_put_text(e, "pointer", "/a"));
		assert_true(jdoc_add(d, "errors", e));
	}
	buf_init(&b, 1000000);
	outcome_problem(&b, 422, d);
	for (size_t i = 0; i < b.len; i++)
		lines += b.data[i] == '\n';
	assert_int_equal(lines, 101);
	assert_non_null(strstr(buf_cstr(&b), "and 400 more"));
	buf_fini(&b);
	jdoc_free(d);
}
