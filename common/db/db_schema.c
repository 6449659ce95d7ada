/*
 * db_schema.c - refuse to run against a schema this program does not know.
 */
#include <inttypes.h>
#include <stdio.h>

#include "common/db/db_schema.h"

static const struct db_stmt version_stmt = {
	"db_schema_version",
	"SELECT coalesce(max(version), 0)::bigint FROM schema_migration", 0,
};

enum err
db_schema_check(struct db *db, char *why, size_t why_size)
{
	struct db_rows *rows = NULL;
	int64_t version = 0;
	enum err e;

	e = db_exec(db, &version_stmt, DB_NO_PARAMS, &rows);
	if (e == OK) {
		version = db_rows_n(rows) == 1 ? db_get_i64(rows, 0, 0) : 0;
		if (db_rows_failed(rows))
			e = ERR_SCHEMA;
		db_rows_free(rows);
	} else if (e == ERR_DB || e == ERR_DENIED) {
		e = ERR_SCHEMA;		/* no such table: never applied */
	}
	if (e != OK && e != ERR_SCHEMA) {
		snprintf(why, why_size, "%s", db_error(db));
		return e;
	}
	if (version < DB_SCHEMA_MIN) {
		snprintf(why, why_size, "the database has schema version %"
		    PRId64 ", this program needs %d; run: sql/apply CONNINFO",
		    version, DB_SCHEMA_MIN);
		return ERR_SCHEMA;
	}
	if (version > DB_SCHEMA_MAX) {
		snprintf(why, why_size, "the database has schema version %"
		    PRId64 ", this program knows up to %d; install the newer"
		    " programs", version, DB_SCHEMA_MAX);
		return ERR_SCHEMA;
	}
	return OK;
}
