/*
 * db_tx.h - transactions: a closure that may run again.
 *
 * Knows:    begin, commit, roll back, which failures deserve another try.
 * Not here: what the transaction does.
 * Bounded:  by tries_max; the pauses double from 5 ms to at most 500 ms,
 *           with jitter, so retries of many processes spread.
 */
#ifndef COMMON_DB_DB_TX_H
#define COMMON_DB_DB_TX_H

#include "common/db/db.h"

enum db_tx_mode {
	DB_TX_WRITE,		/* READ COMMITTED */
	DB_TX_WRITE_LAX,	/* the same, synchronous_commit = off */
	DB_TX_REPEATABLE,	/* REPEATABLE READ, may write */
	DB_TX_SNAPSHOT,		/* REPEATABLE READ READ ONLY: one picture */
};

/*
 * The body of a transaction. It may be called several times: it must
 * start from nothing each time, have no effect outside the database, and
 * return what its first failing call returned. OK commits, all else
 * rolls back.
 */
typedef enum err (*db_tx_fn)(struct db *db, void *arg);

/**
 * db_tx_run() - run a closure in a transaction, again if worth it
 * @tries_max: 1 to 16; how often the closure may be called
 *
 * Runs again after ERR_DB_RETRY, and after ERR_DB_LOST before COMMIT was
 * sent (it reconnects). ERR_TIMEOUT is not tried again.
 *
 * Returns OK: committed. ERR_DB_UNKNOWN (retry): the connection was lost
 * while committing; the caller must look by its own key (generation,
 * name) whether it happened. Else what the closure returned.
 */
MUST_USE enum err db_tx_run(struct db *db, enum db_tx_mode mode,
    int tries_max, db_tx_fn fn, void *arg);

/* The same for a closure that begins and commits by itself, with db_pipe. */
MUST_USE enum err db_tx_run_piped(struct db *db, int tries_max, db_tx_fn fn,
    void *arg);

/*
 * The same by hand, for transactions that span rooms (group commit). After
 * an error in between call db_tx_rollback(), which accepts any state and
 * a lost connection.
 */
MUST_USE enum err db_tx_begin(struct db *db, enum db_tx_mode mode);
MUST_USE enum err db_tx_commit(struct db *db);
void db_tx_rollback(struct db *db);

/* One level of partial undo inside db_tx_begin .. commit. */
MUST_USE enum err db_tx_save(struct db *db);
MUST_USE enum err db_tx_save_keep(struct db *db);	/* release */
MUST_USE enum err db_tx_save_undo(struct db *db);	/* roll back to it */

#endif
