/*
 * test_route.c - the router and its escapes.
 */
#include "api/route.h"
#include "tests/lib/test.h"

static struct route_match m;

static const char *
found(enum route_method method, const char *path)
{
	assert_ok(route_find(method, path, &m));
	return m.route == NULL ? NULL : m.route->path;
}

TEST(route_finds_by_method_and_path)
{
	assert_string_equal(found(ROUTE_GET, "/v1/zones"), "/v1/zones");
	assert_true(m.route->method == ROUTE_GET);
	assert_string_equal(found(ROUTE_POST, "/v1/zones"), "/v1/zones");
	assert_true(m.route->method == ROUTE_POST);
	assert_string_equal(found(ROUTE_POST, "/v1/zones:batch"),
	    "/v1/zones:batch");
	assert_string_equal(found(ROUTE_GET, "/v1/zones/example.com/wait"),
	    "/v1/zones/{zone}/wait");
	assert_int_equal(m.n_params, 1);
	assert_string_equal(m.param[0], "example.com");
}

TEST(route_unknown_paths_have_no_methods)
{
	static const char *const paths[] = {
		"/", "/v1", "/v1/", "/v1/zones/", "/v1//zones", "/V1/zones",
		"/v1/zones/a/b", "/v1/zones/a/wait/", "/healthzz", "/health",
	};

	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		assert_null(found(ROUTE_GET, paths[i]));
		assert_int_equal(m.allow, 0);
	}
}

TEST(route_knows_the_methods_of_a_path)
{
	char allow[ROUTE_ALLOW_BYTES];

	assert_null(found(ROUTE_PUT, "/v1/zones/example.com"));
	route_allow(m.allow, allow);
	assert_string_equal(allow, "GET, HEAD, PATCH, DELETE");
	assert_null(found(ROUTE_OTHER, "/v1/zones:batch"));
	route_allow(m.allow, allow);
	assert_string_equal(allow, "POST");
}

TEST(route_marks_writes_to_records)
{
	assert_null(found(ROUTE_POST, "/v1/zones/a/records"));
	assert_true(m.read_only);
	assert_null(found(ROUTE_DELETE, "/v1/zones/a/records/www"));
	assert_true(m.read_only);
	assert_null(found(ROUTE_POST, "/v1/zones/a/wait"));
	assert_false(m.read_only);
	assert_null(found(ROUTE_GET, "/v1/zones/a/records/www"));
	assert_false(m.read_only);
}

TEST(route_decodes_parameters)
{
	found(ROUTE_GET, "/v1/zones/=2E");
	assert_string_equal(m.param[0], ".");
	found(ROUTE_GET, "/v1/zones/0=2F25.2.0.192.in-addr.arpa");
	assert_string_equal(m.param[0], "0/25.2.0.192.in-addr.arpa");
	found(ROUTE_GET, "/v1/zones/a%5Cb=3dc");
	assert_string_equal(m.param[0], "a\\b=c");
}

TEST(route_refuses_bad_paths)
{
	static const char *const paths[] = {
		"/v1/zones/%00", "/healthz%00", "/v1/zones/a%2fb",
		"/v1/zones/a%2Fb", "/v1/zones/%", "/v1/zones/%4",
		"/v1/zones/%zz", "/v1/zones/\xc3\xa9", "/v1/zones/a b",
		"/v1/zones/\\", "/v1/zones/=", "/v1/zones/=zz",
		"/v1/zones/=00", "/v1/zones/=ff", "/v1/zones/%ff",
		"/v1/zones/%c0%af", "/v1/zones/%ed%a0%80",
	};

	for (size_t i = 0; i < COUNT_OF(paths); i++)
		assert_err(route_find(ROUTE_GET, paths[i], &m),
		    ERR_MALFORMED);
}

TEST(route_refuses_parameters_that_do_not_fit)
{
	char path[ROUTE_PARAM_BYTES + 64] = "/v1/zones/";
	size_t at = strlen(path);

	memset(path + at, 'a', ROUTE_PARAM_BYTES - 1);
	assert_non_null(found(ROUTE_GET, path));
	path[at + ROUTE_PARAM_BYTES - 1] = 'a';
	assert_err(route_find(ROUTE_GET, path, &m), ERR_MALFORMED);
}

TEST(route_unescape_of_a_query)
{
	char out[8];

	assert_ok(route_unescape("a+b%20c", 7, true, out, sizeof(out)));
	assert_string_equal(out, "a b c");
	assert_ok(route_unescape("a+b", 3, false, out, sizeof(out)));
	assert_string_equal(out, "a+b");
	assert_err(route_unescape("12345678", 8, true, out, sizeof(out)),
	    ERR_SPACE);
	assert_err(route_unescape("%4", 2, true, out, sizeof(out)),
	    ERR_MALFORMED);
}

/* What opens without knowing who asks: the ways in, and nothing else. */
static bool
is_way_in(const char *path)
{
	static const char *const ways[] = { "/v1/users", "/v1/sessions",
		"/v1/sessions/link", "/v1/verifications",
		"/v1/password-resets", "/v1/password-resets/confirm",
		"/v1/invitations/look", "/v1/invitations/join" };

	for (size_t i = 0; i < COUNT_OF(ways); i++)
		if (strcmp(path, ways[i]) == 0)
			return true;
	return false;
}

TEST(route_table_is_well_formed)
{
	size_t n;
	const struct route *t = route_table(&n);

	assert_true(n > 20);
	for (size_t i = 0; i < n; i++) {
		assert_true(t[i].path[0] == '/');
		assert_non_null(t[i].handler);
		if (t[i].body == ROUTE_BODY_JSON)
			assert_true(t[i].method == ROUTE_POST ||
			    t[i].method == ROUTE_PATCH);
		if (strncmp(t[i].path, "/v1/operator/", 13) == 0)
			assert_true(t[i].who == ROUTE_OPERATOR);
		else if (strncmp(t[i].path, "/v1/", 4) == 0 &&
		    t[i].who == ROUTE_ANYBODY)
			assert_true(t[i].method == ROUTE_POST &&
			    is_way_in(t[i].path));
		if (t[i].who != ROUTE_TENANT)
			assert_string_equal(t[i].scope, "");
		for (size_t k = 0; k < i; k++)
			assert_false(t[i].method == t[k].method &&
			    strcmp(t[i].path, t[k].path) == 0);
	}
}

TEST(route_methods_are_case_sensitive)
{
	assert_true(route_method("HEAD") == ROUTE_GET);
	assert_true(route_method("get") == ROUTE_OTHER);
	assert_true(route_method("BREW") == ROUTE_OTHER);
}
