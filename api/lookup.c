/*
 * lookup.c - references to ids and names.  See lookup.h.
 */
#include <string.h>

#include "api/lookup.h"
#include "api/sql.h"

/* More than all that can be under way at a time: connections of the role
 * times the zones of a batch. */
enum { ROOM_SURE = 30 * 1000 };

enum err
lookup_name_parse(const char *text, size_t len, struct lookup_name *out_name)
{
	enum err e;

	if (len == 0)
		return ERR_MALFORMED;
	e = dname_parse(text, len, out_name->wire, &out_name->len);
	if (e != OK)
		return e;
	(void)dname_lower(out_name->wire, out_name->wire);
	(void)dname_print_bare(out_name->wire, out_name->text);
	return OK;
}

/* One row or ERR_NOT_FOUND. */
static enum err
one_row(struct db *db, const struct db_stmt *stmt, struct req *r,
    struct db_param what, struct db_rows **out_rows)
{
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, stmt, DB_PARAMS(db_uuid(r->who.tenant_id), what),
	    &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0) {
		db_rows_free(rows);
		return ERR_NOT_FOUND;
	}
	*out_rows = rows;
	return OK;
}

enum err
lookup_zone(struct db *db, struct req *r, const char *text,
    struct lookup_zone *out_zone)
{
	struct db_rows *rows;
	struct lookup_name name;
	const char *stored;
	uint8_t id[16];
	enum err e;

	if (db_uuid_parse(text, strlen(text), id)) {
		e = one_row(db, SQL_STMT(zone_by_id), r, db_uuid(id), &rows);
	} else {
		if (lookup_name_parse(text, strlen(text), &name) != OK)
			return ERR_NOT_FOUND;
		e = one_row(db, SQL_STMT(zone_by_apex), r,
		    db_bytes(name.wire, name.len), &rows);
	}
	if (e != OK)
		return e;
	db_get_uuid(rows, 0, 0, out_zone->id);
	stored = db_get_text(rows, 0, 1);
	e = lookup_name_parse(stored, strlen(stored), &out_zone->name);
	if (e != OK || db_rows_failed(rows))
		e = ERR_CORRUPT;
	db_rows_free(rows);
	return e == OK && !auth_sees_zone(&r->who, out_zone->id) ?
	    ERR_NOT_FOUND : e;
}

static enum err
give(struct db_rows *rows, uint8_t *out_id, struct db_rows **out_rows)
{
	db_get_uuid(rows, 0, 0, out_id);
	if (out_rows != NULL)
		*out_rows = rows;
	else
		db_rows_free(rows);
	return OK;
}

enum err
lookup_key(struct db *db, struct req *r, const char *text, uint8_t *out_id,
    struct db_rows **out_rows)
{
	struct lookup_name name;
	struct db_rows *rows;
	uint8_t id[16];
	enum err e;

	if (db_uuid_parse(text, strlen(text), id)) {
		e = one_row(db, SQL_STMT(key_by_id), r, db_uuid(id), &rows);
	} else {
		if (lookup_name_parse(text, strlen(text), &name) != OK)
			return ERR_NOT_FOUND;
		e = one_row(db, SQL_STMT(key_by_wire), r,
		    db_bytes(name.wire, name.len), &rows);
	}
	return e != OK ? e : give(rows, out_id, out_rows);
}

enum err
lookup_primary(struct db *db, struct req *r, const char *text,
    uint8_t *out_id, struct db_rows **out_rows)
{
	struct db_rows *rows;
	uint8_t id[16];
	enum err e;

	if (db_uuid_parse(text, strlen(text), id))
		e = one_row(db, SQL_STMT(primary_by_id), r, db_uuid(id),
		    &rows);
	else
		e = one_row(db, SQL_STMT(primary_by_name), r, db_text(text),
		    &rows);
	return e != OK ? e : give(rows, out_id, out_rows);
}

struct db_param
lookup_seen(const struct req *r, struct db_array *zones)
{
	db_array_init(zones, DB_ARRAY_UUID, 4096);
	for (size_t i = 0; i < r->who.n_zones; i++)
		db_array_add(zones, r->who.zone_id[i], 16);
	return db_if(r->who.zones_limited, db_array_param(zones));
}

static enum err
room_count(struct db *db, struct req *r, const struct db_stmt *count,
    int64_t limit, int64_t *out_left)
{
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, count, DB_PARAMS(db_uuid(r->who.tenant_id),
	    db_i64(limit)), &rows);
	if (e != OK)
		return e;
	*out_left = limit - db_get_i64(rows, 0, 0);
	db_rows_free(rows);
	return OK;
}

enum err
lookup_room_left(struct db *db, struct req *r, const char *what,
    int64_t otherwise, const struct db_stmt *count, int64_t *out_left)
{
	struct db_rows *rows = NULL;
	int64_t limit;
	enum err e;

	e = one_row(db, SQL_STMT(tenant_limit), r, db_text(what), &rows);
	if (e != OK)
		return e;
	limit = db_get_i64_or(rows, 0, 0, otherwise);
	db_rows_free(rows);
	e = room_count(db, r, count, limit, out_left);
	if (e != OK || *out_left > ROOM_SURE || *out_left <= 0)
		return e;
	/* Near the limit one after the other: what somebody else is about to
	 * commit is counted, too. */
	e = db_exec(db, SQL_STMT(room_lock), DB_PARAMS(
	    db_text(r->who.tenant_text), db_text(what)), NULL);
	return e != OK ? e : room_count(db, r, count, limit, out_left);
}

enum err
lookup_room(struct db *db, struct req *r, const char *what,
    int64_t otherwise, const struct db_stmt *count)
{
	int64_t left;
	enum err e;

	e = lookup_room_left(db, r, what, otherwise, count, &left);
	if (e != OK || left > 0)
		return e;
	(void)req_problem(r, PROBLEM_LIMIT,
	    "this account may have no more %s (GET /v1/limits): remove one, or "
	    "ask the operator for more", what);
	return ERR_LIMIT;
}
