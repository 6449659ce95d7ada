/*
 * test_reply.c - problem documents, headers.
 */
#include "api/reply.h"
#include "tests/lib/test.h"

TEST(reply_problem_is_a_problem_document)
{
	struct reply rp = { 0 };
	struct faults f = { 0 };

	body_fault_add(&f, "/a", "range", "must be %d", 5);
	reply_problem(&rp, PROBLEM_INVALID, "/v1/x", "id1", &f, "%s", "why");
	assert_int_equal(rp.status, 422);
	assert_string_equal(rp.content_type, "application/problem+json");
	assert_true(rp.len > 0 && memchr(rp.text, 0, rp.len) == NULL);
	rp.text = realloc(rp.text, rp.len + 1);
	rp.text[rp.len] = '\0';
	assert_string_equal(rp.text, "{\"type\":"
	    "\"urn:understudy:problem:invalid-body\",\"title\":\"The body "
	    "does not describe what this route needs\",\"status\":422,"
	    "\"detail\":\"why\",\"instance\":\"/v1/x\",\"request_id\":"
	    "\"id1\",\"errors\":[{\"pointer\":\"/a\",\"code\":\"range\","
	    "\"message\":\"must be 5\"}]}");
	reply_fini(&rp);
}

TEST(reply_problem_replaces_what_was_said)
{
	struct reply rp = { 0 };
	struct jw w;

	jw_init(&w, 100);
	jw_begin_object(&w, NULL);
	jw_end_object(&w);
	assert_ok(reply_json(&rp, 200, &w));
	reply_header(&rp, "Location", "/x");
	reply_problem(&rp, PROBLEM_UNAVAILABLE, "/", "i", NULL, NULL);
	assert_int_equal(rp.status, 503);
	assert_int_equal(rp.n_headers, 1);
	assert_string_equal(rp.header[0].name, "Retry-After");
	reply_fini(&rp);
}

TEST(reply_headers_cannot_be_split)
{
	struct reply rp = { 0 };

	reply_header(&rp, "Location", "/a\r\nX: %s", "b\n");
	assert_string_equal(rp.header[0].value, "/a  X: b ");
	reply_fini(&rp);
}

TEST(reply_headers_have_a_bound)
{
	struct reply rp = { 0 };

	for (int i = 0; i < REPLY_HEADERS_MAX + 3; i++)
		reply_header(&rp, "X", "%d", i);
	assert_int_equal(rp.n_headers, REPLY_HEADERS_MAX);
	reply_fini(&rp);
}

TEST(reply_json_that_does_not_fit_is_an_error)
{
	struct reply rp = { 0 };
	struct jw w;

	jw_init(&w, 4);
	jw_str(&w, NULL, "too long");
	assert_err(reply_json(&rp, 200, &w), ERR_LIMIT);
	assert_null(rp.text);
	reply_fini(&rp);
}

TEST(reply_problem_types_are_unique)
{
	for (int i = 0; i < PROBLEM_N; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(
			    reply_problem_type((enum problem)i),
			    reply_problem_type((enum problem)k));
}
