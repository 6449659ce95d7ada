/* What libpq's failures mean, and how long it is waited for. */
#include "common/base/now.h"
#include "common/db/db_conn.h"
#include "tests/unit/common/db/dbtest.h"

TEST(of_a_message_the_first_line_is_kept)
{
	char to[8];

	db_conn_line(to, sizeof(to), "one\ntwo");
	assert_string_equal(to, "one");
	db_conn_line(to, sizeof(to), "longer than it");
	assert_string_equal(to, "longer ");
	db_conn_line(to, sizeof(to), NULL);
	assert_string_equal(to, "");
}

CASE(every_sqlstate_has_its_error)
{
	static const struct {
		const char *state;
		enum err e;
		bool lost;
	} row[] = {
		{ "40001", ERR_DB_RETRY, false },	/* serialisation */
		{ "40P01", ERR_DB_RETRY, false },	/* deadlock */
		{ "40002", ERR_CONSTRAINT, false },
		{ "55P03", ERR_DB_RETRY, false },	/* lock timeout */
		{ "55006", ERR_DB, false },
		{ "53300", ERR_DB_RETRY, false },	/* connections */
		{ "53100", ERR_DB_RETRY, false },	/* disk full */
		{ "57014", ERR_TIMEOUT, false },
		{ "57P01", ERR_DB_LOST, true },		/* shutdown */
		{ "57P03", ERR_DB_LOST, true },		/* starting */
		{ "25P03", ERR_DB_LOST, true },
		{ "08006", ERR_DB_LOST, true },
		{ "23505", ERR_EXISTS, false },
		{ "23P01", ERR_EXISTS, false },
		{ "23503", ERR_CONSTRAINT, false },
		{ "23514", ERR_CONSTRAINT, false },
		{ "22001", ERR_CONSTRAINT, false },
		{ "44000", ERR_CONSTRAINT, false },
		{ "P0001", ERR_CONSTRAINT, false },
		{ "42501", ERR_DENIED, false },
		{ "42P01", ERR_DB, false },
		{ "25006", ERR_UNSUPPORTED, false },
		{ "58030", ERR_IO, false },
		{ "0A000", ERR_DB, true },		/* an old plan */
		{ "XX000", ERR_DB, false },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		char text[200];

		snprintf(text, sizeof(text), "DO $$ BEGIN RAISE EXCEPTION"
		    " 'no %zu' USING ERRCODE = '%s', CONSTRAINT = 'c%zu';"
		    " END $$", i, row[i].state, i);
		assert_ok(db_ensure(db));
		if (db_command(db, text) != row[i].e)
			fail_msg("%s is not %s", row[i].state,
			    err_name(row[i].e));
		assert_string_equal(db_sqlstate(db), row[i].state);
		snprintf(text, sizeof(text), "no %zu", i);
		assert_string_equal(db_error(db), text);
		snprintf(text, sizeof(text), "c%zu", i);
		assert_string_equal(db_constraint(db), text);
		assert_int_equal(db_alive(db), !row[i].lost);
	}
}

CASE(the_next_call_forgets_the_last_error)
{
	assert_err(db_command(db, "INSERT INTO t (id) VALUES (1)"),
	    ERR_EXISTS);
	assert_string_equal(db_constraint(db), "t_pkey");
	assert_ok(db_command(db, "SELECT 1"));
	assert_string_equal(db_constraint(db), "");
	assert_string_equal(db_sqlstate(db), "");
	assert_string_equal(db_error(db), "");
}

/* Send, collect; the only value of the result, or -1. */
static int
collect(const char *text, enum err want)
{
	PGresult *res = NULL;
	int n = -1;

	db_conn_clear(db);
	assert_int_equal(PQsendQuery(db->conn, text), 1);
	assert_err(db_conn_collect(db, db_conn_deadline(db), &res), want);
	if (want == OK && PQntuples(res) == 1)
		n = atoi(PQgetvalue(res, 0, 0));
	PQclear(res);
	return n;
}

CASE(of_several_results_the_last_counts_or_the_first_failure)
{
	assert_int_equal(collect("SELECT 1; SELECT 2", OK), 2);
	assert_int_equal(collect("SELECT 1; SELECT 1/0; SELECT 3",
	    ERR_CONSTRAINT), -1);
	assert_string_equal(db_sqlstate(db), "22012");
	/* All of it was taken: the connection is ready again. */
	assert_int_equal(collect("SELECT 4", OK), 4);
}

CASE(a_dropped_connection_has_prepared_nothing)
{
	uint64_t epoch = db_epoch(db);

	(void)dbtest_backend();
	assert_true(db->n_prepared > 0);
	db_conn_drop(db);
	assert_false(db_alive(db));
	assert_int_equal(db_fd(db), -1);
	assert_int_equal(db->n_prepared, 0);
	db_conn_drop(db);			/* twice is fine */
	assert_ok(db_ensure(db));
	assert_true(db_epoch(db) == epoch + 1);
	(void)dbtest_backend();			/* prepared anew */
}

STMT(sleep_long, 0, "SELECT pg_sleep(30)");

CASE(a_silent_server_costs_the_timeout_only)
{
	struct db_conf c = dbtest_conf(NULL);
	struct db *d;
	int64_t start = now_mono_ms();

	c.timeout_ms = 200;
	assert_ok(db_open(&c, &d, NULL, 0));
	assert_err(db_exec(d, &sleep_long, DB_NO_PARAMS, NULL), ERR_TIMEOUT);
	assert_true(now_mono_ms() - start >= 200);
	assert_true(now_mono_ms() - start < 5000);
	assert_non_null(strstr(db_error(d), "200 ms"));
	assert_false(db_alive(d));
	assert_ok(db_ensure(d));
	assert_true(db_epoch(d) == 2);
	db_close(d);
}

CASE(a_large_statement_is_sent_while_the_server_talks_back)
{
	size_t n = (size_t)8 << 20;
	char *text = malloc(n + 64);
	int got;

	assert_non_null(text);
	strcpy(text, "SELECT length('");
	memset(text + 15, 'x', n);
	strcpy(text + 15 + n, "')");
	got = collect(text, OK);
	free(text);
	assert_int_equal(got, n);
}
