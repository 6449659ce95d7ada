/*
 * sql.h - the statements of dnsd's feeder, from sql.def.
 */
#ifndef DNSD_SQL_H
#define DNSD_SQL_H

#include "common/db/db.h"

enum sql_id {
#define SQL(name, n, text) SQL_##name,
#include "dnsd/sql.def"
#undef SQL
	SQL_N
};

extern const struct db_stmt sql_stmt[SQL_N];

#endif
