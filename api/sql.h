/*
 * sql.h - apid's statements, generated from sql.def.
 */
#ifndef API_SQL_H
#define API_SQL_H

#include "common/db/db.h"

enum sql_name {
#define SQL(name, n, text) SQL_##name,
#include "api/sql.def"
#undef SQL
	SQL_N
};

extern const struct db_stmt sql_stmt[];

#define SQL_STMT(name) (&sql_stmt[SQL_##name])

#endif
