/*
 * db_tx.c - transactions: a closure that may run again.
 */
#include <string.h>
#include <time.h>

#include "common/base/check.h"
#include "common/base/hash.h"
#include "common/db/db_tx.h"

#define TRIES_MAX	16
#define PAUSE_MIN_MS	5
#define PAUSE_MAX_MS	500

enum err
db_tx_begin(struct db *db, enum db_tx_mode mode)
{
	switch (mode) {
	case DB_TX_WRITE:
		return db_command(db, "BEGIN ISOLATION LEVEL READ COMMITTED");
	case DB_TX_WRITE_LAX:
		return db_command(db, "BEGIN ISOLATION LEVEL READ COMMITTED;"
		    " SET LOCAL synchronous_commit = off");
	case DB_TX_REPEATABLE:
		return db_command(db, "BEGIN ISOLATION LEVEL REPEATABLE READ");
	case DB_TX_SNAPSHOT:
		return db_command(db, "BEGIN ISOLATION LEVEL REPEATABLE READ"
		    " READ ONLY");
	}
	return ERR_INTERNAL;
}

enum err
db_tx_commit(struct db *db)
{
	/* COMMIT of a failed transaction is a rollback without an error;
	 * COMMIT AND CHAIN would hide it as well. This statement fails in
	 * one, and costs no round trip of its own. */
	enum err e = db_command(db, "SELECT 1; COMMIT");

	if (e == OK)
		return OK;
	/* A server that says why it did not commit did not commit; one that
	 * is gone or silent may have. */
	if (!db_alive(db))
		return ERR_DB_UNKNOWN;
	return e;
}

void
db_tx_rollback(struct db *db)
{
	db_rollback(db);
}

enum err
db_tx_save(struct db *db)
{
	return db_command(db, "SAVEPOINT part");
}

enum err
db_tx_save_keep(struct db *db)
{
	return db_command(db, "RELEASE SAVEPOINT part");
}

enum err
db_tx_save_undo(struct db *db)
{
	return db_command(db, "ROLLBACK TO SAVEPOINT part;"
	    " RELEASE SAVEPOINT part");
}

static void
pause_before(int try)
{
	int64_t ms = PAUSE_MIN_MS;
	uint32_t jitter;
	struct timespec t;

	while (try-- > 1 && ms < PAUSE_MAX_MS)
		ms *= 2;
	if (ms > PAUSE_MAX_MS)
		ms = PAUSE_MAX_MS;
	hash_random(&jitter, sizeof(jitter));
	ms = ms / 2 + jitter % (ms / 2 + 1);
	t.tv_sec = ms / 1000;
	t.tv_nsec = ms % 1000 * 1000000;
	nanosleep(&t, NULL);
}

/* Again after @e?  Not when it is unknown whether it happened. */
static bool
worth_another(enum err e)
{
	return e == ERR_DB_RETRY || e == ERR_DB_LOST;
}

enum err
db_tx_run_piped(struct db *db, int tries_max, db_tx_fn fn, void *arg)
{
	enum err e = ERR_INTERNAL;

	CHECK(tries_max >= 1);
	CHECK(tries_max <= TRIES_MAX);
	for (int try = 0; try < tries_max; try++) {
		if (try > 0)
			pause_before(try);
		e = db_ensure(db);
		if (e == OK)
			e = fn(db, arg);
		if (e == OK)
			return OK;
		db_tx_rollback(db);
		if (!worth_another(e))
			return e;
	}
	return e;
}

struct closure {
	enum db_tx_mode mode;
	db_tx_fn fn;
	void *arg;
};

static enum err
begin_and_commit(struct db *db, void *arg)
{
	struct closure *c = arg;
	enum err e = db_tx_begin(db, c->mode);

	if (e == OK)
		e = c->fn(db, c->arg);
	return e == OK ? db_tx_commit(db) : e;
}

enum err
db_tx_run(struct db *db, enum db_tx_mode mode, int tries_max, db_tx_fn fn,
    void *arg)
{
	struct closure c = { mode, fn, arg };

	return db_tx_run_piped(db, tries_max, begin_and_commit, &c);
}
