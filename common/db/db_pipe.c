/*
 * db_pipe.c - several statements in one round trip (libpq's pipeline mode).
 *
 * libpq answers in the order of the sending: for each statement its result
 * and a NULL, at the end one result for the sync.
 */
#include "common/db/db_pipe.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/db/db_conn.h"
#include "common/db/db_stmt.h"

enum {
	SENT_MAX = 1 << 20,		/* statements of one pipe */
};

/* What an answer is of. */
enum { SENT_PARSE = 'p', SENT_ROWS = 'r', SENT_DONE = 'd' };

static const struct db_stmt begin_stmt[] = {
	[DB_TX_WRITE] = { "begin", "BEGIN ISOLATION LEVEL READ COMMITTED", 0 },
	[DB_TX_WRITE_LAX] = { "begin",
		"BEGIN ISOLATION LEVEL READ COMMITTED", 0 },
	[DB_TX_REPEATABLE] = { "begin",
		"BEGIN ISOLATION LEVEL REPEATABLE READ", 0 },
	[DB_TX_SNAPSHOT] = { "begin",
		"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0 },
};
static const struct db_stmt lax_stmt = { "lax",
	"SET LOCAL synchronous_commit = off", 0 };
static const struct db_stmt commit_stmt = { "commit", "COMMIT", 0 };

/* ------------------------------------------------------------ sending */

void
db_pipe_begin(struct db_pipe *p, struct db *db)
{
	memset(p, 0, sizeof(*p));
	p->db = db;
	buf_init(&p->sent, SENT_MAX);
	db_conn_clear(db);
	if (db->conn == NULL) {
		db_conn_line(db->error, sizeof(db->error), "not connected");
		p->err = ERR_DB_LOST;
	} else if (PQenterPipelineMode(db->conn) == 0) {
		p->err = db_conn_failure(db, NULL);
	}
}

/* Has its Parse been sent in this pipe? */
static bool
parse_sent(const struct db_pipe *p, const struct db_stmt *stmt)
{
	for (unsigned i = 0; i < p->n_learn; i++)
		if (p->learn[i] == stmt)
			return true;
	return false;
}

/* Small statements gather in libpq's buffer; large ones may not. */
static void
limit_unsent(struct db_pipe *p, const struct db_param *params,
    size_t n_params)
{
	for (size_t i = 0; i < n_params; i++)
		if (params[i].len > 0)
			p->n_bytes += (size_t)params[i].len;
	if (p->n_bytes < DB_PIPE_BYTES_MAX || p->err != OK)
		return;
	p->n_bytes = 0;
	/* The server starts when it is asked to, not when a buffer is full. */
	if (PQsendFlushRequest(p->db->conn) == 0)
		p->err = db_conn_failure(p->db, NULL);
	else
		p->err = db_conn_flush(p->db, db_conn_deadline(p->db));
}

static void
send_one(struct db_pipe *p, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params, int kind)
{
	bool named;

	CHECK(n_params == stmt->n_params);
	CHECK(!p->sent_all);
	if (p->err != OK)
		return;
	named = parse_sent(p, stmt);
	if (!named && p->n_learn < DB_PIPE_MAX &&
	    db_stmt_wants(p->db, stmt, params, n_params)) {
		p->err = db_stmt_send_prepare(p->db, stmt, params, n_params);
		if (p->err != OK)
			return;
		p->err = buf_u8(&p->sent, SENT_PARSE);
		p->learn[p->n_learn++] = stmt;
		named = true;
	}
	if (p->err == OK)
		p->err = db_stmt_send(p->db, stmt, params, n_params, named);
	if (p->err == OK)
		p->err = buf_u8(&p->sent, (uint8_t)kind);
	limit_unsent(p, params, n_params);
}

void
db_pipe_open_tx(struct db_pipe *p, enum db_tx_mode mode)
{
	send_one(p, &begin_stmt[mode], DB_NO_PARAMS, SENT_DONE);
	if (mode == DB_TX_WRITE_LAX)
		send_one(p, &lax_stmt, DB_NO_PARAMS, SENT_DONE);
}

unsigned
db_pipe_add(struct db_pipe *p, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params)
{
	CHECK(p->n < DB_PIPE_MAX);
	send_one(p, stmt, params, n_params, SENT_ROWS);
	return p->n++;
}

void
db_pipe_do(struct db_pipe *p, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params)
{
	send_one(p, stmt, params, n_params, SENT_DONE);
}

void
db_pipe_commit(struct db_pipe *p)
{
	send_one(p, &commit_stmt, DB_NO_PARAMS, SENT_DONE);
	p->committing = p->err == OK;
}

/* ------------------------------------------------------------ answers */

/* Keep the rows of the @n-th wanted answer. */
static enum err
keep_rows(struct db_pipe *p, unsigned n, PGresult *res)
{
	struct db_rows *rows = calloc(1, sizeof(*rows));

	if (rows == NULL) {
		PQclear(res);
		return ERR_NO_MEMORY;
	}
	rows->res = res;
	p->rows[n] = rows;
	return OK;
}

static bool
is_good(const PGresult *res)
{
	ExecStatusType s = PQresultStatus(res);

	return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK ||
	    s == PGRES_EMPTY_QUERY;
}

/* One statement's answer.  The first failure is the pipe's. */
static enum err
take_one(struct db_pipe *p, int64_t deadline_ms, int kind, unsigned *n_rows,
    unsigned *n_parsed)
{
	PGresult *res = NULL;
	enum err e = db_conn_collect_one(p->db, deadline_ms, &res);

	if (e != OK)
		return e;
	if (PQresultStatus(res) == PGRES_PIPELINE_ABORTED) {
		e = p->err != OK ? p->err : ERR_DB;
	} else if (!is_good(res)) {
		e = db_conn_failure(p->db, res);
	} else if (kind == SENT_PARSE) {
		db_stmt_learn(p->db, p->learn[(*n_parsed)++]);
	} else if (kind == SENT_ROWS) {
		return keep_rows(p, (*n_rows)++, res);
	}
	PQclear(res);
	return e;
}

static void
take_all(struct db_pipe *p)
{
	int64_t deadline_ms = db_conn_deadline(p->db);
	unsigned n_rows = 0, n_parsed = 0;
	enum err e = OK;
	PGresult *res = NULL;

	for (size_t i = 0; i < p->sent.len && p->db->conn != NULL; i++) {
		e = take_one(p, deadline_ms, p->sent.data[i], &n_rows,
		    &n_parsed);
		if (p->err == OK)
			p->err = e;
	}
	if (p->db->conn == NULL)
		return;
	e = db_conn_collect_one(p->db, deadline_ms, &res);	/* the sync */
	PQclear(res);
	if (p->err == OK)
		p->err = e;
}

void
db_pipe_send(struct db_pipe *p)
{
	enum err e;

	CHECK(!p->ran);
	CHECK(!p->sent_all);
	p->sent_all = true;
	if (p->db->conn == NULL)
		return;
	if (PQpipelineSync(p->db->conn) != 0) {
		e = db_conn_flush(p->db, db_conn_deadline(p->db));
	} else {
		e = db_conn_failure(p->db, NULL);
		db_conn_drop(p->db);
	}
	if (p->err == OK)
		p->err = e;
}

enum err
db_pipe_run(struct db_pipe *p)
{
	CHECK(!p->ran);
	if (!p->sent_all)
		db_pipe_send(p);
	p->ran = true;
	/* What was sent before a failure is answered as well. */
	if (p->db->conn != NULL)
		take_all(p);
	if (p->db->conn != NULL && PQexitPipelineMode(p->db->conn) == 0) {
		if (p->err == OK)
			p->err = db_conn_failure(p->db, NULL);
		db_conn_drop(p->db);
	}
	if (p->err == OK && p->db->conn == NULL)
		p->err = ERR_DB_LOST;
	if (p->err != OK && p->db->conn == NULL && p->committing)
		p->err = ERR_DB_UNKNOWN;
	else if (p->err != OK)
		db_rollback(p->db);
	return p->err;
}

struct db_rows *
db_pipe_rows(struct db_pipe *p, unsigned n)
{
	CHECK(p->ran);
	CHECK(n < p->n);
	CHECK(p->rows[n] != NULL);
	return p->rows[n];
}

void
db_pipe_end(struct db_pipe *p)
{
	if (!p->ran) {
		if (p->err == OK)
			p->err = ERR_STOPPED;
		p->err = db_pipe_run(p);
	}
	for (unsigned i = 0; i < p->n; i++)
		db_rows_free(p->rows[i]);
	buf_fini(&p->sent);
	p->n = 0;
}
