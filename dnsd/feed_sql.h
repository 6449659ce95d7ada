/*
 * feed_sql.h - the statements of dnsd's feeder, from sql.def.
 */
#ifndef DNSD_FEED_SQL_H
#define DNSD_FEED_SQL_H

#include "common/db/db.h"

enum feed_sql_id {
#define SQL(name, n, text) FEED_SQL_##name,
#include "dnsd/sql.def"
#undef SQL
	FEED_SQL_N
};

extern const struct db_stmt feed_sql_stmt[FEED_SQL_N];

#endif
