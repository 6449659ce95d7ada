/* Transactions: whole or nothing, again when it is worth it. */
#include "common/db/db_tx.h"
#include "tests/unit/common/db/dbtest.h"

STMT(insert, 2, "INSERT INTO t (id, n) VALUES ($1, $2)");
STMT(bump, 1, "UPDATE t SET n = n + 1 WHERE id = $1");
STMT(count_all, 0, "SELECT count(*), max(n) FROM t");

struct work {
	int calls;
	enum err result;
	int64_t victim;
};

static enum err
do_bump(struct db *d, void *arg)
{
	struct work *w = arg;
	enum err e;

	w->calls++;
	e = db_exec(d, &bump, DB_PARAMS(db_i64(1)), NULL);
	if (e != OK)
		return e;
	if (w->victim != 0) {
		e = dbtest_cut(w->victim);
		w->victim = 0;
		return e == OK ?
		    db_exec(d, &bump, DB_PARAMS(db_i64(1)), NULL) : e;
	}
	return w->result;
}

static int64_t
max_n(void)
{
	struct db_rows *r = NULL;
	int64_t n;

	assert_ok(db_exec(db, &count_all, DB_NO_PARAMS, &r));
	n = db_get_i64(r, 0, 1);
	db_rows_free(r);
	return n;
}

CASE(tx_commits_or_leaves_nothing)
{
	struct work w = { 0, OK, 0 };
	int64_t n = max_n();

	assert_ok(db_tx_run(db, DB_TX_WRITE, 3, do_bump, &w));
	assert_int_equal(1, w.calls);
	assert_true(max_n() == n + 1);
	w.result = ERR_LIMIT;
	assert_int_equal(ERR_LIMIT, db_tx_run(db, DB_TX_WRITE, 3, do_bump,
	    &w));
	assert_int_equal(2, w.calls);
	assert_true(max_n() == n + 1);
	w.result = ERR_DB_RETRY;	/* bounded */
	assert_int_equal(ERR_DB_RETRY, db_tx_run(db, DB_TX_WRITE_LAX, 4,
	    do_bump, &w));
	assert_int_equal(6, w.calls);
	assert_true(max_n() == n + 1);
	w.result = OK;
	assert_int_equal(ERR_UNSUPPORTED, db_tx_run(db, DB_TX_SNAPSHOT, 3,
	    do_bump, &w));
	assert_string_equal("25006", db_sqlstate(db));
}

CASE(tx_survives_a_lost_connection)
{
	struct work w = { 0, OK, 0 };
	int64_t n = max_n();

	w.victim = dbtest_backend();
	assert_ok(db_tx_run(db, DB_TX_WRITE, 3, do_bump, &w));
	assert_int_equal(2, w.calls);
	assert_true(max_n() == n + 1);
}

static enum err
conflict(struct db *d, void *arg)
{
	struct db_rows *r = NULL;
	struct work *w = arg;
	enum err e;

	e = db_exec(d, &count_all, DB_NO_PARAMS, &r);	/* takes the snapshot */
	db_rows_free(r);
	if (e == OK && w->calls++ == 0)
		e = db_exec(other, &bump, DB_PARAMS(db_i64(1)), NULL);
	if (e == OK)
		e = db_exec(d, &bump, DB_PARAMS(db_i64(1)), NULL);
	return e;
}

CASE(tx_runs_again_on_a_conflict)
{
	struct work w = { 0, OK, 0 };
	int64_t n = max_n();

	assert_ok(db_tx_run(db, DB_TX_REPEATABLE, 3, conflict,
	    &w));
	assert_int_equal(2, w.calls);
	assert_true(max_n() == n + 2);
}

CASE(tx_savepoint_undoes_a_part)
{
	int64_t n = max_n();

	assert_ok(db_tx_begin(db, DB_TX_WRITE));
	assert_ok(db_exec(db, &bump, DB_PARAMS(db_i64(1)), NULL));
	assert_ok(db_tx_save(db));
	assert_int_equal(ERR_EXISTS, db_exec(db, &insert,
	    DB_PARAMS(db_i64(1), db_i64(1)), NULL));
	assert_ok(db_tx_save_undo(db));
	assert_ok(db_tx_commit(db));
	assert_true(max_n() == n + 1);
	/* A failure that the caller swallowed does not look committed. */
	assert_ok(db_tx_begin(db, DB_TX_WRITE));
	assert_int_equal(ERR_EXISTS, db_exec(db, &insert,
	    DB_PARAMS(db_i64(1), db_i64(1)), NULL));
	assert_int_equal(ERR_DB, db_tx_commit(db));
	db_tx_rollback(db);
	db_tx_rollback(db);
	assert_true(max_n() == n + 1);
}

CASE(a_crash_and_a_restart_are_survived)
{
	struct work w = { 0, OK, 0 };

	assert_int_equal(0, pgtest_kill());
	assert_int_equal(ERR_DB_LOST, db_exec(db, &count_all, DB_NO_PARAMS,
	    NULL));
	assert_int_equal(ERR_DB_LOST, db_tx_run(db, DB_TX_WRITE, 2, do_bump,
	    &w));
	assert_int_equal(0, w.calls);
	assert_int_equal(0, pgtest_restart());
	assert_ok(db_tx_run(db, DB_TX_WRITE, 2, do_bump, &w));
	assert_int_equal(1, w.calls);
}
