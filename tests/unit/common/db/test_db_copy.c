/* COPY: what arrives, and that a failed one leaves a usable connection. */
#include "common/db/db_copy.h"
#include "common/db/db_tx.h"
#include "tests/unit/common/db/dbtest.h"

STMT(count_all, 0, "SELECT count(*), max(n) FROM t");
STMT(nonsense, 0, "SELECT no_such_column FROM t");
STMT(copy, 0, "COPY t (id, n, s, b, u, at, ok, small) FROM STDIN"
    " (FORMAT binary)");
STMT(copied, 0, "SELECT count(*), sum(length(b))::bigint, count(s),"
    " max(at), sum(small)::bigint FROM t WHERE id >= 1000");

static void
copy_many(struct db_copy *c, int from, int n)
{
	static uint8_t big[16384];
	static const uint8_t u[16] = { 3 };
	int i;

	for (i = from; i < from + n; i++) {
		db_copy_row(c);
		db_copy_i64(c, i);
		db_copy_i32(c, i % 50);
		if (i % 2)
			db_copy_null(c);
		else
			db_copy_text(c, "even", 4);
		db_copy_bytes(c, big, sizeof(big));
		db_copy_uuid(c, u);
		db_copy_time_ms(c, 1795336800000);
		db_copy_bool(c, true);
		db_copy_i16(c, -1);
	}
}

CASE(copy_writes_rows)
{
	struct db_copy *c;
	struct db_rows *r = NULL;
	int64_t n;

	assert_ok(db_copy_begin(db, &copy, 8, &c));
	copy_many(c, 1000, 2000);
	assert_ok(db_copy_end(c, &n));
	assert_true(n == 2000);
	assert_ok(db_exec(db, &copied, DB_NO_PARAMS, &r));
	assert_true(db_get_i64(r, 0, 0) == 2000);
	assert_true(db_get_i64(r, 0, 1) == 2000 * 16384);
	assert_true(db_get_i64(r, 0, 2) == 1000);
	assert_true(db_get_time_ms(r, 0, 3) == 1795336800000);
	assert_true(db_get_i64(r, 0, 4) == -2000);
	assert_false(db_rows_failed(r));
	db_rows_free(r);
}

CASE(copy_failures_leave_a_usable_connection)
{
	struct db_copy *c;

	assert_ok(db_tx_begin(db, DB_TX_WRITE));
	assert_ok(db_copy_begin(db, &copy, 8, &c));
	copy_many(c, 0, 300);		/* 1 is there already */
	assert_int_equal(ERR_EXISTS, db_copy_end(c, NULL));
	assert_string_equal("t_pkey", db_constraint(db));
	db_tx_rollback(db);
	assert_ok(db_tx_begin(db, DB_TX_WRITE));
	assert_ok(db_copy_begin(db, &copy, 8, &c));
	copy_many(c, 5000, 100);
	db_copy_abort(c);
	db_tx_rollback(db);
	assert_ok(db_command(db, "DELETE FROM t WHERE id >= 1000"));
	assert_int_equal(ERR_DB, db_copy_begin(db, &nonsense, 1, &c));
	assert_true(db_alive(db));
}

CASE(copy_on_a_lost_connection_ends_as_such)
{
	struct db_copy *c;
	int64_t pid;

	pid = dbtest_backend();
	assert_ok(db_copy_begin(db, &copy, 8, &c));
	assert_ok(dbtest_cut(pid));
	copy_many(c, 7000, 2000);
	assert_int_equal(ERR_DB_LOST, db_copy_end(c, NULL));
	assert_false(db_alive(db));
	assert_ok(db_ensure(db));
	assert_ok(db_exec(db, &count_all, DB_NO_PARAMS, NULL));
}
