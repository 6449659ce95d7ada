/*
 * dbtest.h - for units of common/db: a server of their own without our
 * schema, two connections, a table.
 */
#ifndef TESTS_UNIT_COMMON_DB_DBTEST_H
#define TESTS_UNIT_COMMON_DB_DBTEST_H

#include "common/db/db.h"
#include "tests/lib/pgtest.h"
#include "tests/lib/test.h"

static struct db *db, *other;

#define STMT(name, n, text) static const struct db_stmt name = \
	{ #name, text, n }

static inline struct db_conf
dbtest_conf(const char *user)
{
	struct db_conf c = { .conninfo = pgtest_start_bare(), .user = user,
	    .program = "dbtest", .timeout_ms = 10000, .prepare = true };

	return c;
}

/* Both connections are there, and the table has one row: (1, 1). */
static inline int
dbtest_setup(void **state)
{
	struct db_conf c = dbtest_conf(NULL);
	char why[256] = "no server";

	(void)state;
	if (c.conninfo == NULL || (db == NULL &&
	    (db_open(&c, &db, why, sizeof(why)) != OK ||
	    db_open(&c, &other, why, sizeof(why)) != OK ||
	    db_command(db, "CREATE TABLE t (id bigint PRIMARY KEY, n int "
	    "CHECK (n < 1000), s text, b bytea, u uuid, at timestamptz, "
	    "ok boolean, small smallint)") != OK))) {
		fprintf(stderr, "%s\n", why);
		return -1;
	}
	return db_ensure(db) == OK && db_ensure(other) == OK &&
	    db_command(db, "ROLLBACK; TRUNCATE t;"
	    "INSERT INTO t (id, n) VALUES (1, 1)") == OK ? 0 : -1;
}

/* At the end of the program; the server stops by itself. */
__attribute__((destructor)) static void
dbtest_end(void)
{
	db_close(db);
	db_close(other);
}

#define CASE(what)	TEST_WITH(what, dbtest_setup, NULL)

STMT(dbtest_pid, 0, "SELECT pg_backend_pid()");
STMT(dbtest_kill, 1, "SELECT pg_terminate_backend($1::bigint::int)");

static inline int64_t
dbtest_backend(void)
{
	struct db_rows *r = NULL;
	int64_t pid;

	assert_ok(db_exec(db, &dbtest_pid, DB_NO_PARAMS, &r));
	pid = db_get_i64(r, 0, 0);
	db_rows_free(r);
	return pid;
}

/* The server ends db's session. */
static inline enum err
dbtest_cut(int64_t pid)
{
	return db_exec(other, &dbtest_kill, DB_PARAMS(db_i64(pid)), NULL);
}

#endif
