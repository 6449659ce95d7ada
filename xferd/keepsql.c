/* keepsql.c - the statements of sql.def as a table. */
#include "xferd/keepsql.h"

const struct db_stmt keepsql_stmt[] = {
#define SQL(name, n, text) DB_STMT(name, n, text)
#include "xferd/sql.def"
#undef SQL
};
