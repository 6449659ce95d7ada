/*
 * keepsql.h - the statements of sql.def by name.
 */
#ifndef XFERD_KEEPSQL_H
#define XFERD_KEEPSQL_H

#include "common/db/db.h"

enum keepsql {
#define SQL(name, n, text) SQL_##name,
#include "xferd/sql.def"
#undef SQL
	SQL_N
};

extern const struct db_stmt keepsql_stmt[];

/* db_exec(db, KEEPSQL(lease_claim), DB_PARAMS(...), &rows) */
#define KEEPSQL(name) (&keepsql_stmt[SQL_##name])

#endif
