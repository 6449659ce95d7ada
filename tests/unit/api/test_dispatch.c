/* test_dispatch.c - who may call a route, and what errors become. */
#include "tests/lib/test.h"

#include "api/dispatch.h"
#include "tests/lib/apidb.h"

static enum err answer;
static unsigned status;			/* said by the handler; 0: nothing */
static unsigned n_calls;

static enum err
handler(struct req *r)
{
	n_calls++;
	assert_ptr_equal(r->repo, apidb.repo);
	if (status == 204)
		reply_none(&r->reply, 204);
	else if (status != 0)
		(void)req_problem(r, PROBLEM_IN_USE, "said by the handler");
	return answer;
}

static struct route route;

static int
setup(void **state)
{
	answer = OK;
	status = 204;
	n_calls = 0;
	route = (struct route){ .method = ROUTE_POST, .path = "/v1/x",
		.who = ROUTE_TENANT, .scope = "zones:write",
		.handler = handler };
	return apidb_setup(state);
}

#define CASE(name)	TEST_WITH(name, setup, apidb_teardown)

static unsigned
run(void)
{
	n_calls = 0;
	apidb.r->route = &route;
	dispatch_run(apidb.r, apidb.repo);
	assert_null(apidb.r->repo);
	return apidb.r->reply.status;
}

static unsigned
run_with_scopes(const char *scopes)
{
	apidb_request(1);
	snprintf(apidb.r->who.scopes, sizeof(apidb.r->who.scopes), "%s",
	    scopes);
	return run();
}

CASE(a_handler_runs_for_whom_it_is_meant)
{
	assert_int_equal(run_with_scopes(" * "), 204);
	assert_int_equal(run_with_scopes(" zones:read zones:write "), 204);
	assert_int_equal(n_calls, 1);
	assert_int_equal(run_with_scopes(" zones:read "), 403);
	assert_true(apidb_says("zones:write"));
	assert_int_equal(n_calls, 0);
}

CASE(tenants_and_operators_have_their_own_routes)
{
	apidb.r->who.kind = AUTH_OPERATOR;
	assert_int_equal(run(), 403);
	route.who = ROUTE_OPERATOR;
	apidb_request(1);
	assert_int_equal(run(), 403);
	assert_int_equal(n_calls, 0);
	apidb_request(1);
	apidb.r->who.kind = AUTH_OPERATOR;
	assert_int_equal(run(), 204);
}

CASE(without_a_token_only_open_routes_answer)
{
	apidb.r->known = false;
	assert_int_equal(run(), 401);
	apidb_request(1);
	apidb.r->known = false;
	auth_token_make(AUTH_TENANT, apidb.r->token);	/* not stored */
	assert_int_equal(run(), 401);
	assert_int_equal(n_calls, 0);
	apidb_request(1);
	apidb.r->known = false;
	route.who = ROUTE_ANYBODY;
	assert_int_equal(run(), 204);
}

CASE(a_body_is_parsed_before_the_handler_sees_it)
{
	route.body = ROUTE_BODY_JSON;
	buf_init(&apidb.r->text, 1000);
	(void)buf_str(&apidb.r->text, "{\"a\": 1,\n\"a\": 2}");
	assert_int_equal(run(), 400);
	assert_true(apidb_says("line 2"));
	assert_int_equal(n_calls, 0);
	apidb_request(1);
	assert_int_equal(run(), 400);	/* nothing at all is no JSON */
	apidb_request(1);
	route.body = ROUTE_BODY_OPTIONAL;
	assert_int_equal(run(), 204);
	apidb_request(1);
	buf_init(&apidb.r->text, 1000);
	(void)buf_str(&apidb.r->text, "{}");
	assert_int_equal(run(), 204);
	assert_non_null(apidb.r->body);
}

CASE(every_error_becomes_a_problem)
{
	static const struct { enum err e; unsigned status; } want[] = {
		{ ERR_NOT_FOUND, 404 }, { ERR_DENIED, 403 },
		{ ERR_EXISTS, 409 }, { ERR_CONSTRAINT, 409 },
		{ ERR_INVALID, 400 }, { ERR_LIMIT, 422 },
		{ ERR_DB_LOST, 503 }, { ERR_DB_UNKNOWN, 503 },
		{ ERR_TIMEOUT, 503 }, { ERR_DB_RETRY, 503 },
		{ ERR_DB, 500 }, { ERR_NO_MEMORY, 500 }, { ERR_CORRUPT, 500 },
	};

	status = 0;
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		apidb_request(1);
		answer = want[i].e;
		assert_int_equal(run(), want[i].status);
		assert_int_equal(apidb.r->park_until_ms, 0);
	}
}

CASE(a_handler_may_say_it_better)
{
	status = 409;
	answer = ERR_LIMIT;
	assert_int_equal(run(), 409);
	assert_true(apidb_says("said by the handler"));
	apidb_request(1);
	answer = ERR_DB;		/* ours: nothing said before counts */
	assert_int_equal(run(), 500);
	apidb_request(1);
	status = 204;			/* a success that then failed */
	answer = ERR_CONSTRAINT;
	assert_int_equal(run(), 409);
}

CASE(a_handler_that_says_nothing_is_our_fault)
{
	status = 0;
	assert_int_equal(run(), 500);
}

/* ---- people ------------------------------------------------------------ */

/* A session of person 1, a member of tenant 1; its text is in the request. */
static void
sign_in(const char *role)
{
	struct req *r;
	uint8_t hash[AUTH_HASH_BYTES];
	char hex[2 * AUTH_HASH_BYTES + 1];

	apidb_request(1);
	r = apidb.r;
	memset(&r->who, 0, sizeof(r->who));
	r->known = false;
	auth_text_make(AUTH_TEXT_SESSION, r->session);
	auth_token_hash(&apidb.app.pepper, r->session, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	xferdb_do("TRUNCATE user_account CASCADE");
	xferdb_do("INSERT INTO user_account (id, email, staff) VALUES"
	    " ($T70, 'ann@example.com', %s)", role == NULL ? "true" : "false");
	if (role != NULL)
		xferdb_do("INSERT INTO membership (tenant_id, user_id, role)"
		    " VALUES ($T1, $T70, '%s')", role);
	xferdb_do("INSERT INTO session (hash, user_id, expires_at) VALUES"
	    " (decode('%s', 'hex'), $T70, now() + interval '1 hour')", hex);
	r->header[REQ_HEADER_FETCH_SITE] = "same-origin";
	r->json_type = true;
}

CASE(a_member_may_what_the_role_says)
{
	sign_in("editor");
	assert_int_equal(run(), 204);
	assert_int_equal(apidb.r->who.via, AUTH_VIA_SESSION);
	assert_string_equal(apidb.r->who.email, "ann@example.com");
	assert_int_equal(apidb.r->who.role, ROLE_EDITOR);
	sign_in("viewer");
	assert_int_equal(run(), 403);
	assert_true(apidb_says("zones:write"));
	assert_int_equal(n_calls, 0);
}

CASE(changes_by_a_session_come_from_our_own_pages)
{
	static const char *const sites[] = { NULL, "none", "same-site",
		"cross-site", "Same-Origin", "" };

	for (size_t i = 0; i < COUNT_OF(sites); i++) {
		sign_in("owner");
		apidb.r->header[REQ_HEADER_FETCH_SITE] = sites[i];
		assert_int_equal(run(), 403);
	}
	sign_in("owner");
	apidb.r->json_type = false;
	assert_int_equal(run(), 415);
	assert_int_equal(n_calls, 0);
}

CASE(a_person_is_no_operator_and_staff_need_a_second_factor)
{
	sign_in("owner");
	route.who = ROUTE_OPERATOR;
	assert_int_equal(run(), 403);
	sign_in(NULL);
	assert_int_equal(run(), 403);
	assert_true(apidb_says("second factor"));
	sign_in(NULL);
	xferdb_do("UPDATE user_account SET totp_sealed = decode(repeat('00',"
	    " 60), 'hex'), totp_enabled_at = now()");
	assert_int_equal(run(), 204);
	sign_in(NULL);				/* its own affairs, before */
	route.who = ROUTE_USER;
	route.scope = "";
	assert_int_equal(run(), 204);
}

CASE(routes_of_people_are_not_for_tokens)
{
	route.who = ROUTE_USER;
	assert_int_equal(run(), 403);
	apidb_request(1);
	route.who = ROUTE_KNOWN;
	route.scope = "";
	assert_int_equal(run(), 204);
}

CASE(a_handler_may_wait_for_a_password)
{
	status = 0;
	apidb_request(1);
	password_make(&apidb.r->password, "four words are enough");
	assert_int_equal(run(), 0);		/* not an error, not an answer */
	assert_int_equal(apidb.r->password.state, PASSWORD_WANTED);
}
