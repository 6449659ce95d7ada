/*
 * feed_sql.c - the statements of dnsd's feeder.  See feed_sql.h.
 */
#include "dnsd/feed_sql.h"

const struct db_stmt feed_sql_stmt[FEED_SQL_N] = {
#define SQL(name, n, text) DB_STMT(name, n, text)
#include "dnsd/sql.def"
#undef SQL
};
