/* test_req.c - parameters, pages of lists, and what is said when wrong. */
#include "tests/lib/test.h"

#include "tests/lib/apidb.h"

static int
setup(void **state UNUSED)
{
	if (auth_init() != OK)
		return -1;
	apidb_request(1);
	return 0;
}

static int
teardown(void **state UNUSED)
{
	req_fini(apidb.r);
	free(apidb.r);
	apidb.r = NULL;
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, teardown)

CASE(a_parameter_that_is_not_there_is_empty)
{
	apidb.r->match.n_params = 1;
	snprintf(apidb.r->match.param[0], ROUTE_PARAM_BYTES, "first");
	snprintf(apidb.r->match.param[1], ROUTE_PARAM_BYTES, "stale");
	assert_string_equal(req_param(apidb.r, 0), "first");
	assert_string_equal(req_param(apidb.r, 1), "");
	assert_string_equal(req_param(apidb.r, 99), "");
	apidb_query("limit", "5");
	assert_string_equal(req_query(apidb.r, "limit"), "5");
	assert_null(req_query(apidb.r, "limi"));
}

CASE(a_list_begins_at_its_beginning_with_the_default)
{
	char cursor[REPLY_CURSOR_BYTES];
	int64_t limit;

	assert_true(req_page(apidb.r, &limit, cursor));
	assert_int_equal(limit, REPLY_LIMIT_DEFAULT);
	assert_string_equal(cursor, "");
}

CASE(limits_are_plain_numbers_in_their_range)
{
	static const char *const bad[] = { "", "0", "-1", "+5", " 5", "5 ",
		"501", "00000", "99999", "5x", "0x10", "1e2",
		"18446744073709551621" };
	char cursor[REPLY_CURSOR_BYTES];
	int64_t limit;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		apidb_request(1);
		apidb_query("limit", bad[i]);
		assert_false(req_page(apidb.r, &limit, cursor));
		assert_int_equal(apidb.r->reply.status, 400);
		assert_true(apidb_says("limit: must be 1 to 500"));
	}
	apidb_request(1);
	apidb_query("limit", "500");
	assert_true(req_page(apidb.r, &limit, cursor));
	assert_int_equal(limit, 500);
}

CASE(cursors_that_we_did_not_make_are_refused)
{
	static const char *const bad[] = { "", "a", "zz", "00", "7f", "4A",
		"612e0a" };
	char cursor[REPLY_CURSOR_BYTES];
	int64_t limit;

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		apidb_request(1);
		apidb_query("cursor", bad[i]);
		assert_false(req_page(apidb.r, &limit, cursor));
		assert_int_equal(apidb.r->reply.status, 400);
	}
}

/* Write a list whose last item is @last, and read the cursor back. */
static const char *
link_of(const char *last)
{
	struct jw w;

	jw_init(&w, 4096);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	req_list_end(apidb.r, &w, last);
	assert_ok(req_json(apidb.r, 200, &w));
	return apidb.r->reply.n_headers == 0 ? NULL :
	    apidb.r->reply.header[0].value;
}

CASE(the_next_page_begins_behind_the_last_item)
{
	char cursor[REPLY_CURSOR_BYTES], back[REPLY_CURSOR_BYTES];
	const char *value;
	int64_t limit;

	assert_non_null(link_of("b.example"));
	apidb_cursor("b.example", cursor);
	apidb_request(1);
	apidb_query("cursor", cursor);
	assert_true(req_page(apidb.r, &limit, back));
	assert_string_equal(back, "b.example");
	/* The next link has this request's query, but one cursor. */
	apidb_query("search", "a b&c=d/\xc3\xa9~");
	value = link_of("c");
	assert_memory_equal(value, "</v1/things?search=a%20b%26c%3Dd%2F%C3%A9~"
	    "&cursor=", 50);
	assert_non_null(strstr(value, "63>; rel=\"next\""));
	assert_string_equal(apidb.r->reply.header[0].name, "Link");
}

CASE(the_last_page_has_no_next)
{
	assert_null(link_of(NULL));
	assert_true(apidb_says("{'items':[],'next_cursor':null}"));
}

CASE(faults_of_a_body_are_one_problem)
{
	struct { struct body_str name; struct body_int port; } in;
	static const struct body_field fields[] = {
		{ "name", BODY_STR, BODY_REQ, 1, 5, 0 },
		{ "port", BODY_INT, BODY_OPT, 1, 65535, sizeof(in.name) },
	};

	memset(&in, 0, sizeof(in));
	apidb_body("{'port': 0}");
	assert_false(req_read(apidb.r, fields, 2, &in));
	assert_int_equal(apidb.r->reply.status, 422);
	assert_true(apidb_says("2 fields of the body cannot be accepted"));
	assert_true(apidb_says("'/name'"));
	assert_true(apidb_says("'/port'"));
	apidb_request(1);
	apidb_body("{'name': 'abc'}");
	assert_true(req_read(apidb.r, fields, 2, &in));
	assert_string_equal(in.name.s, "abc");
	assert_int_equal(apidb.r->reply.status, 0);
}

CASE(a_problem_names_the_request)
{
	assert_ok(req_problem(apidb.r, PROBLEM_NOT_FOUND, "no %s", "zone"));
	assert_int_equal(apidb.r->reply.status, 404);
	assert_true(apidb_says("'detail':'no zone'"));
	assert_true(apidb_says("'instance':'/v1/things'"));
	assert_true(apidb_says("request-1"));
}
