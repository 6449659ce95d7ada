/*
 * tenants.c - see tenants.h.
 */
#include <string.h>

#include "api/audit.h"
#include "api/repo.h"
#include "api/show.h"
#include "api/sql.h"
#include "api/tenants.h"

enum { TENANT_REPLY_MAX = 16384 };

void
tenants_print(struct jw *w, struct db_rows *rows, size_t row)
{
	jw_begin_object(w, NULL);
	show_uuid(w, "id", rows, row, 0);
	show_text(w, "name", rows, row, 1);
	show_json(w, "limits", rows, row, 2);
	show_time(w, "created_at", rows, row, 3);
	show_time(w, "suspended_at", rows, row, 4);
	show_text(w, "suspended_by", rows, row, 5);
	show_text(w, "suspended_reason", rows, row, 6);
	jw_end_object(w);
}

static enum err
look(struct db *db, const uint8_t id[16], struct db_rows **out_rows)
{
	enum err e = db_exec(db, SQL_STMT(tenant_by_id), DB_PARAMS(
	    db_uuid(id)), out_rows);

	if (e == OK && db_rows_n(*out_rows) == 0) {
		db_rows_free(*out_rows);
		e = ERR_NOT_FOUND;
	}
	return e;
}

enum err
tenants_find(struct db *db, struct req *r, uint8_t out_id[16])
{
	struct db_rows *rows;
	enum err e;

	if (!db_uuid_parse(req_param(r, 0), strlen(req_param(r, 0)), out_id))
		return ERR_NOT_FOUND;
	e = look(db, out_id, &rows);
	if (e == OK)
		db_rows_free(rows);
	return e;
}

enum err
tenants_reply(struct db *db, struct req *r, unsigned int status,
    const uint8_t id[16])
{
	char text[DB_UUID_TEXT_SIZE];
	struct db_rows *rows;
	struct jw w;
	enum err e = look(db, id, &rows);

	if (e != OK)
		return e;
	jw_init(&w, TENANT_REPLY_MAX);
	tenants_print(&w, rows, 0);
	db_rows_free(rows);
	if (status == 201) {
		db_uuid_print(id, text);
		reply_header(&r->reply, "Location", "/v1/operator/tenants/%s",
		    text);
	}
	return req_json(r, status, &w);
}

bool
tenants_force(struct req *r, bool *out_force)
{
	const char *text = req_query(r, "force");

	*out_force = text != NULL && strcmp(text, "true") == 0;
	if (text == NULL || *out_force || strcmp(text, "false") == 0)
		return true;
	(void)req_bad_query(r, "force", "must be true or false");
	return false;
}

enum err
tenants_end(struct db *db, struct req *r, const uint8_t id[16], bool force)
{
	char text[DB_UUID_TEXT_SIZE];
	struct db_rows *rows = NULL;
	struct audit a;
	int64_t n;
	enum err e;

	e = db_exec(db, SQL_STMT(tenant_zones), DB_PARAMS(db_uuid(id)),
	    &rows);
	if (e != OK)
		return e;
	n = db_get_i64(rows, 0, 0);
	db_rows_free(rows);
	if (n > 0 && !force)
		return req_problem(r, PROBLEM_IN_USE, "the tenant has %lld "
		    "zones, which would no longer be served: delete them "
		    "first, or send ?force=true", (long long)n);
	db_uuid_print(id, text);
	e = audit_look_in(db, r, AUDIT_TENANT, id, id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(tenant_delete), DB_PARAMS(
		    db_uuid(id)), NULL);
	if (e == OK)
		e = repo_audit_change(db, r, id, "tenant.delete", text,
		    a.before, NULL);
	audit_fini(&a);
	if (e == OK)
		reply_none(&r->reply, 204);
	return e;
}
