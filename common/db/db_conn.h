/*
 * db_conn.h - the inside of struct db: waiting for libpq with a deadline.
 *
 * Only the rooms of common/db include this; it hosts libpq-fe.h for them.
 */
#ifndef COMMON_DB_DB_CONN_H
#define COMMON_DB_DB_CONN_H

#include <libpq-fe.h>

#include "common/base/base.h"
#include "common/base/err.h"

struct db_stmt;

#define DB_PREPARED_MAX 512	/* statements of one program */

struct db {
	PGconn *conn;		/* NULL: lost */
	char *conninfo;
	char *user;
	char *program;
	int connect_timeout_s;
	int timeout_ms;
	bool prepare;
	bool generic_plans;
	uint64_t epoch;

	/* Open addressing by address; emptied with each connection. */
	const struct db_stmt *prepared[DB_PREPARED_MAX * 2];
	size_t n_prepared;

	char error[512];
	char sqlstate[6];
	char constraint[64];
};

struct db_rows {
	PGresult *res;
	bool failed;
};

/* Keep the first line of a message. */
void db_conn_line(char *to, size_t size, const char *from);

/* Forget what the last call said. */
void db_conn_clear(struct db *db);

/* The connection is of no more use; keeps its words in db->error. */
void db_conn_drop(struct db *db);

/* Classify a failed result (may be NULL: the connection's own failure);
 * drops the connection when it is lost. Does not clear @res. */
enum err db_conn_failure(struct db *db, const PGresult *res);

/* Wait until the output is flushed. OK, ERR_TIMEOUT or ERR_DB_LOST. */
enum err db_conn_flush(struct db *db, int64_t deadline_ms);

/* All results of what was sent; the last one, or the first that failed, in
 * *out_res (also when an error is returned). */
enum err db_conn_collect(struct db *db, int64_t deadline_ms,
    PGresult **out_res);

/* In a pipeline: the next answer, whatever it is, and the NULL behind it. */
enum err db_conn_collect_one(struct db *db, int64_t deadline_ms,
    PGresult **out_res);

/* now_mono_ms() plus the connection's limit. */
int64_t db_conn_deadline(const struct db *db);

#endif
