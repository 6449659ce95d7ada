/* test_token.c - what a token may be, and its text that is shown once. */
#include "tests/lib/test.h"

#include "api/token.h"
#include "tests/lib/apidb.h"

static struct token_new t;

#define CASE(name)	APIDB_TEST(name)

/* Read a body; "" or the pointer of the first fault. */
static const char *
fault(const char *json)
{
	memset(&apidb.r->faults, 0, sizeof(apidb.r->faults));
	apidb_body(json);
	token_read(apidb.r, &t);
	return apidb.r->faults.n == 0 ? "" : apidb.r->faults.item[0].pointer;
}

CASE(a_token_without_scopes_may_do_everything)
{
	uint8_t hash[AUTH_HASH_BYTES];

	assert_string_equal(fault("{'name': 'ci'}"), "");
	assert_string_equal(t.name, "ci");
	assert_int_equal(t.n_scopes, 1);
	assert_string_equal(t.scope[0], "*");
	assert_false(t.has_expiry);
	assert_true(auth_token_check(t.text, strlen(t.text)));
	assert_memory_equal(t.prefix, t.text, AUTH_PREFIX_LEN);
	auth_token_hash(&apidb.app.pepper, t.text, hash);
	assert_memory_equal(t.hash, hash, sizeof(hash));
}

CASE(what_a_token_may_is_chosen_from_a_list)
{
	assert_string_equal(fault("{'name': 'ci', 'scopes': ['zones:read',"
	    " 'transfers:run']}"), "");
	assert_int_equal(t.n_scopes, 2);
	assert_string_equal(t.scope[1], "transfers:run");
	assert_string_equal(fault("{'name': 'ci', 'scopes': ['zones:read',"
	    " 'zones:eat']}"), "/scopes/1");
	assert_string_equal(fault("{'name': 'ci', 'scopes': [1]}"),
	    "/scopes/0");
	assert_string_equal(fault("{'name': 'ci', 'scopes': []}"), "/scopes");
	assert_string_equal(fault("{}"), "/name");
	assert_string_equal(fault("{'name': 'ci', 'scope': '*'}"), "/scope");
}

CASE(a_token_ends_at_a_time_to_come)
{
	static const char *const good[] = { "2100-01-31T12:00:00Z",
		"2100-01-31T12:00:00.5Z", "2100-01-31T12:00:00+00:00" };
	static const char *const bad[] = { "2000-01-31T12:00:00Z",
		"2100-01-31", "2100-01-31T12:00:00", "2100-13-31T12:00:00Z",
		"2100-01-31T12:00:00+01:00", "2100-01-31T12:00:00Zx",
		"tomorrow" };
	char json[200];

	for (size_t i = 0; i < COUNT_OF(good); i++) {
		snprintf(json, sizeof(json), "{'name': 'ci', 'expires_at':"
		    " '%s'}", good[i]);
		assert_string_equal(fault(json), "");
		assert_true(t.has_expiry);
		assert_true(t.expires_ms / 1000 == INT64_C(4105080000));
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		snprintf(json, sizeof(json), "{'name': 'ci', 'expires_at':"
		    " '%s'}", bad[i]);
		assert_string_equal(fault(json), "/expires_at");
	}
	assert_string_equal(fault("{'name': 'ci', 'expires_at': null}"), "");
	assert_false(t.has_expiry);
}

static enum err
create(struct db *db, struct req *r, void *arg UNUSED)
{
	return token_create(db, r, r->who.tenant_id, &t);
}

CASE(a_token_is_told_once_and_then_only_known_by_its_hash)
{
	struct auth_who who;
	char want[AUTH_TOKEN_BYTES + 20];

	assert_string_equal(fault("{'name': 'ci', 'scopes': ['zones:read'],"
	    " 'expires_at': '2100-01-31T12:00:00Z'}"), "");
	assert_ok(repo_write(apidb.r, create, NULL));
	assert_int_equal(apidb.r->reply.status, 201);
	snprintf(want, sizeof(want), "'token':'%s'", t.text);
	assert_true(apidb_says(want));
	assert_ok(repo_token_find(apidb.repo, t.text, "", &who));
	assert_true(auth_has_scope(&who, "zones:read"));
	assert_false(auth_has_scope(&who, "zones:write"));
	assert_string_equal(xferdb_get("SELECT position('%s' IN token::text ||"
	    " (SELECT string_agg(audit::text, '') FROM audit)) FROM token",
	    t.text + AUTH_PREFIX_LEN), "0");
	assert_string_equal(xferdb_get("SELECT expires_at ="
	    " '2100-01-31T12:00:00Z' AND name = 'ci' AND prefix = '%s' FROM"
	    " token", t.prefix), "true");
	assert_string_equal(xferdb_get("SELECT action || ' ' || object ="
	    " 'token.create %s' FROM audit ORDER BY id DESC LIMIT 1",
	    t.prefix), "true");
	token_wipe(&t);
	assert_string_equal(t.text, "");
}

static enum err
list(struct db *db, struct req *r, void *arg UNUSED)
{
	return token_list(db, r, r->who.tenant_id);
}

static void
page(const char *cursor)
{
	apidb_request(1);
	apidb_query("limit", "2");
	if (cursor != NULL)
		apidb_query("cursor", cursor);
	assert_ok(repo_read(apidb.r, list, NULL));
}

CASE(tokens_are_listed_page_by_page)
{
	char cursor[REPLY_CURSOR_BYTES], id[DB_UUID_TEXT_SIZE];
	uint8_t bytes[16];

	for (unsigned i = 1; i <= 4; i++)
		xferdb_do("INSERT INTO token (id, tenant_id, name, prefix,"
		    " hash) VALUES ($T%u, $T%u, 'n%u', 'us_t_x', decode("
		    "repeat('0%u', 32), 'hex'))", i, i == 4 ? 2 : 1, i, i);
	page(NULL);
	assert_true(apidb_says("'n1'"));
	assert_true(apidb_says("'n2'"));
	assert_true(apidb_says("'scopes':['*']") ||
	    apidb_says("'scopes':[ '*' ]"));
	xferdb_id('t', 2, bytes);
	db_uuid_print(bytes, id);
	apidb_cursor(id, cursor);
	assert_true(apidb_says(cursor));
	page(cursor);
	assert_true(apidb_says("'n3'"));
	assert_true(apidb_says("'next_cursor':null"));
	assert_null(memmem(apidb.r->reply.text, apidb.r->reply.len, "n4", 2));
	apidb_cursor("not an id", cursor);
	page(cursor);
	assert_int_equal(apidb.r->reply.status, 400);
}
