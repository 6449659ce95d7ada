/*
 * sql.c - the statements of dnsd's feeder.  See sql.h.
 */
#include "dnsd/sql.h"

const struct db_stmt sql_stmt[SQL_N] = {
#define SQL(name, n, text) DB_STMT(name, n, text)
#include "dnsd/sql.def"
#undef SQL
};
