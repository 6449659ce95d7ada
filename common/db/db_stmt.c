/*
 * db_stmt.c - statements on their way to the server.
 *
 * A statement is prepared with the types of the call that first uses it.  A
 * db_null() has none: the server would infer the column's (int4, say), and a
 * later db_i64() in its place would not fit.  So such a call goes unprepared;
 * db_if() and db_text(NULL) know their type and do not.
 */
#include <stdio.h>

#include "common/base/check.h"
#include "common/db/db_conn.h"
#include "common/db/db_stmt.h"

static size_t
slot_of(const struct db *db, const struct db_stmt *stmt)
{
	size_t i = ((uintptr_t)stmt / sizeof(*stmt)) * 2654435761u %
	    COUNT_OF(db->prepared);

	while (db->prepared[i] != NULL && db->prepared[i] != stmt)
		i = (i + 1) % COUNT_OF(db->prepared);
	return i;
}

/* The name on the server: two programs' tables may share a name. */
static void
name_of(const struct db_stmt *stmt, char *out, size_t size)
{
	snprintf(out, size, "%s_%zx", stmt->name, (size_t)(uintptr_t)stmt);
}

static bool
known(const struct db *db, const struct db_stmt *stmt)
{
	return db->prepared[slot_of(db, stmt)] == stmt;
}

bool
db_stmt_wants(const struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params)
{
	if (!db->prepare || db->n_prepared >= DB_PREPARED_MAX ||
	    known(db, stmt))
		return false;
	for (size_t i = 0; i < n_params; i++)
		if (params[i].len < 0 && params[i].type == 0 &&
		    params[i].format == 1)
			return false;
	return true;
}

enum err
db_stmt_send_prepare(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params)
{
	Oid types[DB_PARAMS_MAX];
	char name[80];

	CHECK(n_params <= DB_PARAMS_MAX);
	for (size_t i = 0; i < n_params; i++) {
		if (params[i].err != OK)
			return params[i].err;
		types[i] = params[i].type;
	}
	name_of(stmt, name, sizeof(name));
	return PQsendPrepare(db->conn, name, stmt->text, (int)n_params,
	    types) != 0 ? OK : db_conn_failure(db, NULL);
}

void
db_stmt_learn(struct db *db, const struct db_stmt *stmt)
{
	if (known(db, stmt))
		return;
	db->prepared[slot_of(db, stmt)] = stmt;
	db->n_prepared++;
}

enum err
db_stmt_send(struct db *db, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params, bool named)
{
	const char *values[DB_PARAMS_MAX];
	int lengths[DB_PARAMS_MAX], formats[DB_PARAMS_MAX];
	Oid types[DB_PARAMS_MAX];
	char name[80];
	int sent;

	CHECK(n_params <= DB_PARAMS_MAX);
	for (size_t i = 0; i < n_params; i++) {
		if (params[i].err != OK)
			return params[i].err;
		types[i] = params[i].type;
		lengths[i] = params[i].len;
		formats[i] = params[i].format;
		if (params[i].len < 0)
			values[i] = NULL;
		else if (params[i].data != NULL)
			values[i] = params[i].data;
		else
			values[i] = (const char *)params[i].num;
	}
	name_of(stmt, name, sizeof(name));
	if (named || known(db, stmt))
		sent = PQsendQueryPrepared(db->conn, name, (int)n_params,
		    values, lengths, formats, 1);
	else
		sent = PQsendQueryParams(db->conn, stmt->text, (int)n_params,
		    types, values, lengths, formats, 1);
	return sent != 0 ? OK : db_conn_failure(db, NULL);
}
