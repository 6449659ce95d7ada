/*
 * db_stmt.h - the inside of struct db: statements on their way to the server.
 *
 * Only db and db_pipe include this.  Nothing here waits: what is sent is
 * collected by db_conn or db_pipe.
 */
#ifndef COMMON_DB_DB_STMT_H
#define COMMON_DB_DB_STMT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/db/db_types.h"

struct db;

/* Is it to be prepared before it is sent with these parameters? */
bool db_stmt_wants(const struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params);

/* Send its Parse; once the server has answered OK, db_stmt_learn(). */
MUST_USE enum err db_stmt_send_prepare(struct db *db,
    const struct db_stmt *stmt, const struct db_param *params,
    size_t n_params);
void db_stmt_learn(struct db *db, const struct db_stmt *stmt);

/**
 * db_stmt_send() - bind and execute, by its name when it is prepared
 * @named: send by name although the answer to its Parse is still to come
 *
 * Nothing of @params is borrowed afterwards.  Returns OK, what a parameter's
 * making failed with, or what db_conn_failure() says.
 */
MUST_USE enum err db_stmt_send(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params, bool named);

#endif
