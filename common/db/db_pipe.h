/*
 * db_pipe.h - several statements in one round trip (libpq's pipeline mode).
 *
 * What a transaction sends without needing the answers of its earlier
 * statements costs one wait instead of one each:
 *
 *	struct db_pipe p;
 *
 *	db_pipe_begin(&p, db);
 *	db_pipe_open_tx(&p, DB_TX_SNAPSHOT);
 *	a = db_pipe_add(&p, stmt, DB_PARAMS(...));
 *	b = db_pipe_add(&p, ...);
 *	db_pipe_commit(&p);
 *	e = db_pipe_run(&p);
 *	if (e == OK)
 *		... db_pipe_rows(&p, a) ...
 *	db_pipe_end(&p);
 *
 * Sticky: after a failed call the rest does nothing and db_pipe_run() says
 * why.  After the first statement that the server refuses, none of the later
 * ones is executed.
 *
 * Runs in:  xferd's keep, dnsd's feeder.  On the stack; one at a time.
 * Bounded:  DB_PIPE_MAX statements; what libpq holds to be sent, by
 *           DB_PIPE_BYTES_MAX; every wait by db_conf.timeout_ms.
 */
#ifndef COMMON_DB_DB_PIPE_H
#define COMMON_DB_DB_PIPE_H

#include "common/db/db.h"
#include "common/db/db_tx.h"

enum {
	DB_PIPE_MAX = 16,		/* with rows that somebody reads */
	DB_PIPE_BYTES_MAX = 1 << 20,	/* unsent; then the server is waited for */
};

struct db_pipe {
	struct db *db;
	enum err err;
	bool committing;		/* COMMIT is on its way */
	unsigned n;			/* rows wanted */
	struct db_rows *rows[DB_PIPE_MAX];
	bool sent_all;
	bool ran;
	struct buf sent;		/* a byte for each answer to come */
	const struct db_stmt *learn[DB_PIPE_MAX];	/* Parses on the way */
	unsigned n_learn;
	size_t n_bytes;
};

/* Nothing else may be done with @db until db_pipe_run(). */
void db_pipe_begin(struct db_pipe *p, struct db *db);

/* BEGIN.  Without it the statements belong to the open transaction; when none
 * is open only reads may be sent. */
void db_pipe_open_tx(struct db_pipe *p, enum db_tx_mode mode);

/* As db_exec(), but answered by db_pipe_run().  Returns the number of its
 * rows for db_pipe_rows().  @params are copied. */
unsigned db_pipe_add(struct db_pipe *p, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params);

/* The same; nobody wants its rows.  Any number of them. */
void db_pipe_do(struct db_pipe *p, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params);

void db_pipe_commit(struct db_pipe *p);

/* All was added: the server begins while the caller does something else.
 * db_pipe_run() is then the wait. */
void db_pipe_send(struct db_pipe *p);

/**
 * db_pipe_run() - send what is left, and wait for all the answers
 *
 * Returns what db_exec() of the first statement that failed returns; what is
 * open then is rolled back.  ERR_DB_UNKNOWN (retry): the connection was lost
 * after COMMIT was sent, look by your own key.
 */
MUST_USE enum err db_pipe_run(struct db_pipe *p);

/* After db_pipe_run() returned OK.  Borrowed until db_pipe_end(). */
struct db_rows *db_pipe_rows(struct db_pipe *p, unsigned n);

/* Also after begin without run: then what was sent is waited for and undone. */
void db_pipe_end(struct db_pipe *p);

#endif
