/*
 * db_schema.h - refuse to run against a schema this program does not know.
 */
#ifndef COMMON_DB_DB_SCHEMA_H
#define COMMON_DB_DB_SCHEMA_H

#include "common/db/db.h"

/* The migrations that this source tree needs and knows; raised together
 * with sql/NNNN_*.sql (tests/sql compares). */
#define DB_SCHEMA_MIN 191
#define DB_SCHEMA_MAX 199

/**
 * db_schema_check() - compare the database's version with ours
 * @why: filled when not OK: what was found, and the command to run
 *
 * Every migration numbered up to DB_SCHEMA_MIN must be there, none above
 * DB_SCHEMA_MAX.
 *
 * Returns OK; ERR_SCHEMA (fail); or what db_exec() returns.
 */
MUST_USE enum err db_schema_check(struct db *db, char *why,
    size_t why_size);

#endif
