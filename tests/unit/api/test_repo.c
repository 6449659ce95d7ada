/* test_repo.c - tokens, transactions, and the wall between tenants. */
#include "tests/lib/test.h"

#include "api/sql.h"
#include "tests/lib/apidb.h"

#define CASE(name)	APIDB_TEST(name)

/* ---- who asks ---------------------------------------------------------- */

static char token[AUTH_TOKEN_BYTES];

/* A stored token; @columns, @values: more of its row. */
static void
store_token(enum auth_kind kind, const char *columns, const char *values)
{
	uint8_t hash[AUTH_HASH_BYTES];
	char hex[2 * AUTH_HASH_BYTES + 1];

	auth_token_make(kind, token);
	auth_token_hash(&apidb.app.pepper, token, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	xferdb_do("TRUNCATE token");
	xferdb_do("INSERT INTO token (id, tenant_id, kind, prefix, hash%s)"
	    " VALUES ($T50, %s, '%.13s', decode('%s', 'hex')%s)", columns,
	    kind == AUTH_TENANT ? "$T2, 'tenant'" : "NULL, 'operator'",
	    token, hex, values);
}

static enum err
find(struct auth_who *who)
{
	memset(who, 0, sizeof(*who));
	return repo_token_find(apidb.repo, token, "127.0.0.1", who);
}

CASE(a_token_says_whose_it_is_and_what_it_may)
{
	struct auth_who who;
	uint8_t tenant[16];

	store_token(AUTH_TENANT, ", scopes", ", '{zones:read,tsig:write}'");
	assert_ok(find(&who));
	assert_int_equal(who.kind, AUTH_TENANT);
	xferdb_id('t', 2, tenant);
	assert_memory_equal(who.tenant_id, tenant, 16);
	assert_memory_equal(who.prefix, token, AUTH_PREFIX_LEN);
	assert_true(auth_has_scope(&who, "zones:read"));
	assert_true(auth_has_scope(&who, "tsig:write"));
	assert_false(auth_has_scope(&who, "zones:write"));
	store_token(AUTH_OPERATOR, "", "");
	assert_ok(find(&who));
	assert_int_equal(who.kind, AUTH_OPERATOR);
}

CASE(tokens_that_are_over_are_not_known)
{
	struct auth_who who;

	store_token(AUTH_TENANT, ", expires_at", ", now() + interval '1 h'");
	assert_ok(find(&who));
	store_token(AUTH_TENANT, ", expires_at", ", now()");
	assert_err(find(&who), ERR_NOT_FOUND);
	store_token(AUTH_TENANT, ", revoked_at", ", now()");
	assert_err(find(&who), ERR_NOT_FOUND);
	auth_token_make(AUTH_TENANT, token);
	assert_err(find(&who), ERR_NOT_FOUND);
}

CASE(a_token_is_nothing_without_the_pepper)
{
	struct auth_who who;

	store_token(AUTH_TENANT, "", "");
	apidb.app.pepper.key[0] ^= 1;
	assert_err(find(&who), ERR_NOT_FOUND);
	apidb.app.pepper.key[0] ^= 1;
	assert_ok(find(&who));
}

CASE(a_suspended_tenant_is_known_as_such)
{
	struct auth_who who;

	store_token(AUTH_TENANT, "", "");
	xferdb_do("UPDATE tenant SET suspended_at = now() WHERE id = $T2");
	assert_ok(find(&who));
	assert_true(who.suspended);
}

CASE(a_token_is_good_from_its_networks_and_for_its_zones_only)
{
	struct auth_who who;

	store_token(AUTH_TENANT, ", networks", ", '{192.0.2.0/24}'");
	assert_err(find(&who), ERR_DENIED);
	xferdb_do("UPDATE token SET networks = '{127.0.0.0/8}',"
	    " zones = ARRAY[$T7, $T8]::uuid[] WHERE id = $T50");
	assert_ok(find(&who));
	assert_true(who.zones_limited);
	assert_int_equal(who.n_zones, 2);
	assert_true(auth_sees_zone(&who, who.zone_id[1]));
	assert_false(auth_sees_zone(&who, who.token_id));
}

CASE(a_connection_that_was_cut_is_made_again)
{
	struct auth_who who;

	store_token(AUTH_TENANT, "", "");
	assert_ok(find(&who));
	xferdb_do("SELECT pg_terminate_backend(pid, 5000) FROM"
	    " pg_stat_activity WHERE usename = 'understudy_apid_auth'");
	assert_ok(find(&who));
	assert_ok(repo_ready(apidb.repo));
}

/* ---- transactions ------------------------------------------------------ */

static unsigned n_calls;

static enum err
add_key(struct db *db, const uint8_t tenant[16], const char *name)
{
	uint8_t id[16], sealed[80] = { 0 }, wire[3] = { 1, 0, 0 };

	wire[1] = (uint8_t)name[0];
	xferdb_id('t', 100 + (unsigned)name[0], id);
	return db_exec(db, SQL_STMT(key_insert), DB_PARAMS(db_uuid(tenant),
	    db_uuid(id), db_text(name), db_bytes(wire, sizeof(wire)),
	    db_text("hmac-sha256"), db_bytes(sealed, sizeof(sealed)),
	    db_text("0123456789abcdef")), NULL);
}

static const char *
keys(void)
{
	return xferdb_get("SELECT string_agg(name, '' ORDER BY name) FROM"
	    " tsig_key");
}

static enum err
write_key(struct db *db, struct req *r, void *arg)
{
	enum err e = add_key(db, r->who.tenant_id, "k");

	n_calls++;
	return e != OK ? e : *(enum err *)arg;
}

CASE(a_body_that_ends_well_is_committed)
{
	enum err end = OK;

	assert_ok(repo_write(apidb.r, write_key, &end));
	assert_string_equal(keys(), "k");
}

CASE(a_body_that_fails_changes_nothing)
{
	enum err end = ERR_EXISTS;

	assert_err(repo_write(apidb.r, write_key, &end), ERR_EXISTS);
	assert_string_equal(keys(), "");
	end = OK;			/* the connection is usable */
	assert_ok(repo_write(apidb.r, write_key, &end));
	assert_string_equal(keys(), "k");
}

CASE(a_reader_cannot_write)
{
	enum err end = OK;

	assert_int_not_equal(repo_read(apidb.r, write_key, &end), OK);
	assert_string_equal(keys(), "");
	assert_true(repo_why(apidb.repo)[0] != '\0');
}

/* Lost to somebody else twice; each try begins with an empty reply. */
static enum err
third_time_lucky(struct db *db, struct req *r, void *arg UNUSED)
{
	assert_int_equal(r->reply.status, 0);
	assert_int_equal(r->faults.n, 0);
	assert_ok(add_key(db, r->who.tenant_id, "k"));
	assert_ok(req_problem(r, PROBLEM_CONFLICT, "try %u", n_calls));
	body_fault_add(&r->faults, "/a", "b", "c");
	return ++n_calls < 3 ? ERR_DB_RETRY : OK;
}

CASE(a_conflict_is_tried_again_with_a_clean_reply)
{
	n_calls = 0;
	assert_ok(repo_write(apidb.r, third_time_lucky, NULL));
	assert_int_equal(n_calls, 3);
	assert_true(apidb_says("try 2"));
	assert_string_equal(keys(), "k");
}

static enum err
never_lucky(struct db *db UNUSED, struct req *r UNUSED, void *arg UNUSED)
{
	n_calls++;
	return ERR_DB_RETRY;
}

CASE(tries_are_bounded)
{
	n_calls = 0;
	assert_err(repo_write(apidb.r, never_lucky, NULL), ERR_DB_RETRY);
	assert_int_equal(n_calls, REPO_TRIES);
}

static enum err
key_b(struct db *db, struct req *r, void *arg UNUSED)
{
	assert_ok(add_key(db, r->who.tenant_id, "b"));
	return ERR_EXISTS;
}

static enum err
bad_row(struct db *db, struct req *r, void *arg UNUSED)
{
	return add_key(db, r->who.tenant_id, "Upper");
}

static enum err
around(struct db *db, struct req *r, void *arg UNUSED)
{
	assert_ok(add_key(db, r->who.tenant_id, "a"));
	assert_err(repo_savepoint(db, r, key_b, NULL), ERR_EXISTS);
	assert_err(repo_savepoint(db, r, bad_row, NULL), ERR_CONSTRAINT);
	return add_key(db, r->who.tenant_id, "c");
}

CASE(a_savepoint_fails_alone)
{
	assert_ok(repo_write(apidb.r, around, NULL));
	assert_string_equal(keys(), "ac");
}

/* ---- the wall ---------------------------------------------------------- */

static enum err
write_for_another(struct db *db, struct req *r UNUSED, void *arg UNUSED)
{
	uint8_t other[16];

	xferdb_id('t', 2, other);
	return add_key(db, other, "k");
}

static enum err
count_keys(struct db *db, struct req *r UNUSED, void *arg)
{
	/* Without a tenant in the statement: the wall alone. */
	static const struct db_stmt all = { "all_keys",
		"SELECT count(*) FROM tsig_key", 0 };
	struct db_rows *rows;
	enum err e = db_exec(db, &all, DB_NO_PARAMS, &rows);

	if (e != OK)
		return e;
	*(int64_t *)arg = db_get_i64(rows, 0, 0);
	db_rows_free(rows);
	return OK;
}

CASE(row_security_stands_behind_every_statement)
{
	enum err end = OK;
	int64_t n;

	assert_err(repo_write(apidb.r, write_for_another, NULL), ERR_DENIED);
	assert_string_equal(keys(), "");
	assert_ok(repo_write(apidb.r, write_key, &end));
	assert_ok(repo_read(apidb.r, count_keys, &n));
	assert_int_equal(n, 1);
	/* The same connection, another tenant. */
	apidb_request(2);
	assert_ok(repo_read(apidb.r, count_keys, &n));
	assert_int_equal(n, 0);
}

static enum err
note(struct db *db, struct req *r, void *arg UNUSED)
{
	return repo_audit(db, r, "zone.create", "z1.test");
}

CASE(what_was_done_is_noted_with_who_and_whence)
{
	snprintf(apidb.r->peer, sizeof(apidb.r->peer), "2001:db8::1");
	assert_ok(repo_write(apidb.r, note, NULL));
	assert_string_equal(xferdb_get("SELECT concat_ws('/', tenant_id ="
	    " $T1, actor, host(source), action, object, request)"
	    " FROM audit ORDER BY id DESC LIMIT 1"),
	    "t/token:us_t_tenant1/2001:db8::1/zone.create/z1.test/request-1");
}
