/* Pipelines: one wait for many statements, whole or nothing. */
#include "common/db/db_pipe.h"
#include "tests/unit/common/db/dbtest.h"

STMT(insert, 2, "INSERT INTO t (id, n) VALUES ($1, $2)");
STMT(insert_text, 2, "INSERT INTO t (id, s) VALUES ($1, $2)");
STMT(count_all, 0, "SELECT count(*), sum(length(s)) FROM t");
STMT(by_id, 1, "SELECT n FROM t WHERE id = $1");

static int64_t
n_rows(void)
{
	struct db_rows *r = NULL;
	int64_t n;

	assert_ok(db_exec(other, &count_all, DB_NO_PARAMS, &r));
	n = db_get_i64(r, 0, 0);
	db_rows_free(r);
	return n;
}

CASE(pipe_answers_each_statement_in_order)
{
	struct db_pipe p;
	unsigned a, b;

	for (int round = 0; round < 2; round++) {	/* and by name */
		int64_t id = 10 + round;

		db_pipe_begin(&p, db);
		db_pipe_open_tx(&p, DB_TX_WRITE);
		db_pipe_do(&p, &insert, DB_PARAMS(db_i64(id), db_i64(7)));
		a = db_pipe_add(&p, &by_id, DB_PARAMS(db_i64(id)));
		b = db_pipe_add(&p, &by_id, DB_PARAMS(db_i64(1)));
		db_pipe_commit(&p);
		assert_ok(db_pipe_run(&p));
		assert_true(db_get_i64(db_pipe_rows(&p, a), 0, 0) == 7);
		assert_true(db_get_i64(db_pipe_rows(&p, b), 0, 0) == 1);
		db_pipe_end(&p);
	}
	assert_true(n_rows() == 3);
	/* The connection is an ordinary one again. */
	assert_ok(db_exec(db, &insert, DB_PARAMS(db_i64(99), db_i64(1)),
	    NULL));
}

CASE(pipe_that_fails_leaves_nothing)
{
	struct db_pipe p;

	db_pipe_begin(&p, db);
	db_pipe_open_tx(&p, DB_TX_WRITE);
	db_pipe_do(&p, &insert, DB_PARAMS(db_i64(2), db_i64(7)));
	db_pipe_do(&p, &insert, DB_PARAMS(db_i64(1), db_i64(7)));
	db_pipe_do(&p, &insert, DB_PARAMS(db_i64(3), db_i64(7)));
	db_pipe_commit(&p);
	assert_int_equal(ERR_EXISTS, db_pipe_run(&p));
	assert_string_equal("t_pkey", db_constraint(db));
	db_pipe_end(&p);
	assert_true(n_rows() == 1);
	assert_ok(db_exec(db, &insert, DB_PARAMS(db_i64(2), db_i64(7)), NULL));
	assert_true(n_rows() == 2);
}

CASE(pipe_that_is_given_up_leaves_nothing)
{
	struct db_pipe p;
	struct db_array big;

	db_pipe_begin(&p, db);
	db_pipe_open_tx(&p, DB_TX_WRITE);
	db_pipe_do(&p, &insert, DB_PARAMS(db_i64(2), db_i64(7)));
	db_pipe_end(&p);			/* never run */
	assert_true(n_rows() == 1);
	/* A parameter that could not be made. */
	db_array_init(&big, DB_ARRAY_BYTES, 8);
	db_array_add(&big, "123456789", 9);
	db_pipe_begin(&p, db);
	db_pipe_open_tx(&p, DB_TX_WRITE);
	db_pipe_do(&p, &insert, DB_PARAMS(db_i64(2), db_i64(7)));
	db_pipe_do(&p, &by_id, DB_PARAMS(db_array_param(&big)));
	db_pipe_commit(&p);
	assert_int_equal(ERR_LIMIT, db_pipe_run(&p));
	db_pipe_end(&p);
	db_array_fini(&big);
	assert_true(n_rows() == 1);
	assert_true(db_alive(db));
}

CASE(pipe_carries_more_than_the_socket_holds)
{
	enum { N = 64, SIZE = 300000 };
	static char text[SIZE + 1];
	struct db_pipe p;
	struct db_rows *r;
	unsigned a;

	memset(text, 'x', SIZE);
	db_pipe_begin(&p, db);
	db_pipe_open_tx(&p, DB_TX_WRITE_LAX);
	for (int i = 0; i < N; i++)
		db_pipe_do(&p, &insert_text, DB_PARAMS(db_i64(100 + i),
		    db_text(text)));
	a = db_pipe_add(&p, &count_all, DB_NO_PARAMS);
	db_pipe_commit(&p);
	assert_ok(db_pipe_run(&p));
	r = db_pipe_rows(&p, a);
	assert_true(db_get_i64(r, 0, 0) == N + 1);
	assert_true(db_get_i64(r, 0, 1) == (int64_t)N * SIZE);
	db_pipe_end(&p);
}

CASE(pipe_says_when_a_commit_is_unknown)
{
	struct db_pipe p;
	int64_t pid = dbtest_backend();

	db_pipe_begin(&p, db);
	db_pipe_open_tx(&p, DB_TX_WRITE);
	db_pipe_do(&p, &insert, DB_PARAMS(db_i64(2), db_i64(7)));
	assert_ok(dbtest_cut(pid));
	assert_int_equal(ERR_DB_LOST, db_pipe_run(&p));
	db_pipe_end(&p);
	assert_ok(db_ensure(db));
	pid = dbtest_backend();
	db_pipe_begin(&p, db);
	db_pipe_open_tx(&p, DB_TX_WRITE);
	db_pipe_do(&p, &insert, DB_PARAMS(db_i64(2), db_i64(7)));
	db_pipe_commit(&p);
	assert_ok(dbtest_cut(pid));
	assert_int_equal(ERR_DB_UNKNOWN, db_pipe_run(&p));
	db_pipe_end(&p);
	assert_true(n_rows() == 1);
	/* On a lost connection it says so. */
	db_pipe_begin(&p, db);
	db_pipe_do(&p, &by_id, DB_PARAMS(db_i64(1)));
	assert_int_equal(ERR_DB_LOST, db_pipe_run(&p));
	db_pipe_end(&p);
}
