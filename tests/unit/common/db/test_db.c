/* test_db.c - statements and values against a real server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/db/db.h"
#include "tests/lib/pgtest.h"

static struct db *db;
static const char *conninfo;

#define STMT(name, n, text) static const struct db_stmt name = \
	{ #name, text, n }

static struct db_conf
conf(const char *user)
{
	struct db_conf c = { .conninfo = conninfo, .user = user,
	    .program = "test_db", .timeout_ms = 10000, .prepare = true };

	return c;
}

static int
begin(void **state)
{
	struct db_conf c;
	char why[256];

	(void)state;
	conninfo = pgtest_start_bare();
	if (conninfo == NULL)
		return -1;
	c = conf(NULL);
	if (db_open(&c, &db, why, sizeof(why)) != OK) {
		fprintf(stderr, "%s\n", why);
		return -1;
	}
	return db_command(db, "CREATE TABLE t (id bigint PRIMARY KEY, n int "
	    "CHECK (n < 100), s text, b bytea, u uuid, at timestamptz, "
	    "ok boolean, small smallint)") == OK ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	db_close(db);
	pgtest_stop();
	return 0;
}

STMT(echo, 9, "SELECT $1::bigint, $2::text, $3::bytea, $4::uuid, $5::boolean,"
    " $6::timestamptz, $7::float8, $8::xid8, $9::jsonb");

static void
values_go_and_come_back(void **state)
{
	static const uint8_t u[16] = { 1, 2, 3, [15] = 255 };
	struct db_rows *r = NULL;
	const uint8_t *b;
	uint8_t back[16];
	size_t len;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {	/* the first call prepares */
		assert_int_equal(OK, db_exec(db, &echo, DB_PARAMS(
		    db_i64(-5000000000), db_textn("h\xc3\xa9llo", 6),
		    db_bytes("a\0b", 3), db_uuid(u), db_bool(true),
		    db_time_ms(1795336800123), db_f64(0.25),
		    db_xid8(UINT64_C(1) << 40),
		    db_text("{\"a\": [1, 2]}")), &r));
		assert_int_equal(1, db_rows_n(r));
		assert_true(db_get_i64(r, 0, 0) == -5000000000);
		assert_string_equal("h\xc3\xa9llo", db_get_text(r, 0, 1));
		b = db_get_bytes(r, 0, 2, &len);
		assert_int_equal(3, len);
		assert_memory_equal("a\0b", b, 3);
		db_get_uuid(r, 0, 3, back);
		assert_memory_equal(u, back, 16);
		assert_true(db_get_bool(r, 0, 4));
		assert_true(db_get_time_ms(r, 0, 5) == 1795336800123);
		assert_true(db_get_f64(r, 0, 6) == 0.25);
		assert_true(db_get_xid8(r, 0, 7) == UINT64_C(1) << 40);
		assert_string_equal("{\"a\": [1, 2]}", db_get_text(r, 0, 8));
		assert_false(db_rows_failed(r));
		db_rows_free(r);
	}
}

static void
values_go_unprepared_as_well(void **state)
{
	struct db *prepared = db;
	struct db_conf c = conf(NULL);

	c.prepare = false;
	assert_int_equal(OK, db_open(&c, &db, NULL, 0));
	values_go_and_come_back(state);
	db_close(db);
	db = prepared;
}

STMT(nulls, 3, "SELECT $1::int, $2::text, $3::inet");

static void
null_and_wrong_types_fail_softly(void **state)
{
	uint8_t addr[16], family, prefix;
	struct db_rows *r = NULL;
	size_t len;

	(void)state;
	assert_int_equal(OK, db_exec(db, &nulls, DB_PARAMS(db_null(),
	    db_text(NULL), db_text("192.0.2.1")), &r));
	assert_true(db_is_null(r, 0, 0));
	assert_true(db_get_i64_or(r, 0, 0, 7) == 7);
	assert_null(db_get_text_or(r, 0, 1, NULL));
	db_get_inet(r, 0, 2, addr, &family, &prefix);
	assert_int_equal(4, family);
	assert_int_equal(32, prefix);
	assert_memory_equal("\xc0\x00\x02\x01", addr, 4);
	assert_false(db_rows_failed(r));
	assert_true(db_get_i64(r, 0, 0) == 0);
	assert_true(db_rows_failed(r));
	db_rows_free(r);
	/* The same statement with a value where NULL hid the type. */
	assert_int_equal(OK, db_exec(db, &nulls, DB_PARAMS(db_i64(70000),
	    db_text("x"), db_text("2001:db8::1")), &r));
	assert_true(db_get_i64(r, 0, 0) == 70000);
	db_get_inet(r, 0, 2, addr, &family, &prefix);
	assert_int_equal(6, family);
	assert_false(db_rows_failed(r));
	assert_null(db_get_bytes(r, 0, 1, &len));
	assert_true(db_rows_failed(r));
	db_rows_free(r);
	assert_int_equal(OK, db_exec(db, &nulls, DB_PARAMS(
	    db_if(false, db_i64(1)), db_text(NULL), db_text(NULL)), &r));
	assert_true(db_is_null(r, 0, 9));	/* no such column */
	assert_true(db_rows_failed(r));
	db_rows_free(r);
}

STMT(insert, 2, "INSERT INTO t (id, n) VALUES ($1, $2)");
STMT(divide, 1, "SELECT 1 / $1::bigint");
STMT(nonsense, 0, "SELECT no_such_column FROM t");
STMT(sleep_long, 0, "SELECT pg_sleep(30)");

static void
sqlstates_become_errors(void **state)
{
	struct db_rows *r = NULL;

	(void)state;
	assert_int_equal(OK, db_exec(db, &insert,
	    DB_PARAMS(db_i64(1), db_i64(1)), NULL));
	assert_int_equal(ERR_EXISTS, db_exec(db, &insert,
	    DB_PARAMS(db_i64(1), db_i64(1)), NULL));
	assert_string_equal("t_pkey", db_constraint(db));
	assert_string_equal("23505", db_sqlstate(db));
	assert_int_equal(ERR_CONSTRAINT, db_exec(db, &insert,
	    DB_PARAMS(db_i64(2), db_i64(100)), NULL));
	assert_string_equal("t_n_check", db_constraint(db));
	assert_int_equal(ERR_CONSTRAINT, db_exec(db, &divide,
	    DB_PARAMS(db_i64(0)), &r));
	assert_int_equal(ERR_DB, db_exec(db, &nonsense, DB_NO_PARAMS, &r));
	assert_string_equal("42703", db_sqlstate(db));
	assert_int_equal(OK, db_command(db, "SET statement_timeout = 20"));
	assert_int_equal(ERR_TIMEOUT, db_exec(db, &sleep_long, DB_NO_PARAMS,
	    NULL));
	assert_true(db_alive(db));
	assert_int_equal(OK, db_command(db, "RESET statement_timeout"));
}

static void
open_says_why(void **state)
{
	struct db_conf c = conf("nobody_here");
	struct db *d = NULL;
	char why[256] = "";

	(void)state;
	assert_int_equal(ERR_DB, db_open(&c, &d, why, sizeof(why)));
	assert_non_null(strstr(why, "nobody_here"));
	c = conf(NULL);
	c.conninfo = "host=/nonexistent dbname=x";
	assert_int_equal(ERR_DB_LOST, db_open(&c, &d, why, sizeof(why)));
	assert_null(d);
}

STMT(unnest, 5, "SELECT count(*), sum(n), max(length(s)), min(at),"
    " count(b), array_agg(s) FROM unnest($1::bigint[], $2::text[],"
    " $3::bytea[], $4::uuid[], $5::timestamptz[]) AS x (n, s, b, u, at)");

static void
arrays_travel(void **state)
{
	static const uint8_t u[16] = { 9 };
	struct db_array n, s, b, id, at;
	struct db_rows *r = NULL;
	struct db_items items;
	const uint8_t *item;
	size_t len, seen = 0;
	int i;

	(void)state;
	db_array_init(&n, DB_ARRAY_I64, 100000);
	db_array_init(&s, DB_ARRAY_TEXT, 100000);
	db_array_init(&b, DB_ARRAY_BYTES, 100000);
	db_array_init(&id, DB_ARRAY_UUID, 100000);
	db_array_init(&at, DB_ARRAY_TIME, 100000);
	for (i = 0; i < 100; i++) {
		db_array_add_i64(&n, i);
		db_array_add(&s, "abcdefghij", (size_t)(i % 10));
		if (i % 2)
			db_array_add_null(&b);
		else
			db_array_add(&b, "x", 1);
		db_array_add(&id, u, 16);
		db_array_add_time_ms(&at, 1000 + i);
	}
	assert_int_equal(OK, db_exec(db, &unnest, DB_PARAMS(
	    db_array_param(&n), db_array_param(&s), db_array_param(&b),
	    db_array_param(&id), db_array_param(&at)), &r));
	assert_true(db_get_i64(r, 0, 0) == 100);
	assert_true(db_get_i64(r, 0, 2) == 9);
	assert_true(db_get_time_ms(r, 0, 3) == 1000);
	assert_true(db_get_i64(r, 0, 4) == 50);
	db_get_items(r, 0, 5, &items);
	while (db_items_next(&items, &item, &len))
		assert_int_equal(seen++ % 10, len);
	assert_int_equal(100, seen);
	db_rows_free(r);
	db_array_reset(&n);
	db_array_reset(&s);
	db_array_reset(&b);
	db_array_reset(&id);
	db_array_reset(&at);
	assert_int_equal(OK, db_exec(db, &unnest, DB_PARAMS(
	    db_array_param(&n), db_array_param(&s), db_array_param(&b),
	    db_array_param(&id), db_array_param(&at)), &r));
	assert_true(db_get_i64(r, 0, 0) == 0);
	db_rows_free(r);
	db_array_fini(&n);
	db_array_init(&n, DB_ARRAY_I64, 40);
	for (i = 0; i < 100; i++)
		db_array_add_i64(&n, i);
	assert_int_equal(ERR_LIMIT, db_exec(db, &unnest, DB_PARAMS(
	    db_array_param(&n), db_array_param(&s), db_array_param(&b),
	    db_array_param(&id), db_array_param(&at)), &r));
	db_array_fini(&n);
	db_array_fini(&s);
	db_array_fini(&b);
	db_array_fini(&id);
	db_array_fini(&at);
}

static void
uuids_print_and_parse(void **state)
{
	static const char text[] = "00112233-4455-6677-8899-aabbccddeeff";
	char back[DB_UUID_TEXT_SIZE];
	uint8_t u[16];

	(void)state;
	assert_true(db_uuid_parse(text, 36, u));
	db_uuid_print(u, back);
	assert_string_equal(text, back);
	assert_true(db_uuid_parse("00112233-4455-6677-8899-AABBCCDDEEFF", 36,
	    u));
	assert_false(db_uuid_parse(text, 35, u));
	assert_false(db_uuid_parse("001122334455-6677-8899-aabbccddeeff--",
	    36, u));
	assert_false(db_uuid_parse("0011223g-4455-6677-8899-aabbccddeeff", 36,
	    u));
	assert_false(db_uuid_parse("00112233-4455-6677-8899-aabbccddee-f", 36,
	    u));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_go_and_come_back),
		cmocka_unit_test(values_go_unprepared_as_well),
		cmocka_unit_test(null_and_wrong_types_fail_softly),
		cmocka_unit_test(sqlstates_become_errors),
		cmocka_unit_test(open_says_why),
		cmocka_unit_test(arrays_travel),
		cmocka_unit_test(uuids_print_and_parse),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
