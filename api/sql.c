/*
 * sql.c - apid's statements.  See sql.def.
 */
#include "api/sql.h"

const struct db_stmt sql_stmt[] = {
#define SQL(name, n, text) DB_STMT(name, n, text)
#include "api/sql.def"
#undef SQL
};
