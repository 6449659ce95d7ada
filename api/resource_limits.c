/*
 * resource_limits.c - /v1/limits: what the tenant may have, and has.
 */
#include "api/app.h"
#include "api/limits.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"

enum {
	REPLY_MAX = 16 << 10,
	FIRST_LIMIT = 4,
	FIRST_USED = FIRST_LIMIT + LIMITS_N,
};

static void
print_suspended(struct jw *w, struct db_rows *rows)
{
	if (db_is_null(rows, 0, 1)) {
		jw_null(w, "suspended");
		return;
	}
	jw_begin_object(w, "suspended");
	show_time(w, "at", rows, 0, 1);
	show_text(w, "reason", rows, 0, 2);
	jw_end_object(w);
}

static enum err
get(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	struct jw w;
	enum err e;

	(void)arg;
	e = db_exec(db, SQL_STMT(limits_used), DB_PARAMS(
	    db_uuid(r->who.tenant_id)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0) {
		db_rows_free(rows);
		return ERR_NOT_FOUND;
	}
	jw_init(&w, REPLY_MAX);
	jw_begin_object(&w, NULL);
	for (int i = 0; i < LIMITS_N; i++) {
		jw_begin_object(&w, limits_text((enum limits_name)i));
		jw_int(&w, "limit", db_get_i64_or(rows, 0, FIRST_LIMIT + i,
		    limits_otherwise(r->app->conf, (enum limits_name)i)));
		jw_int(&w, "used", db_get_i64(rows, 0, FIRST_USED + i));
		jw_end_object(&w);
	}
	show_time(&w, "transfer_day_ends_at", rows, 0, 3);
	print_suspended(&w, rows);
	jw_end_object(&w);
	e = db_rows_failed(rows) ? ERR_CORRUPT : OK;
	db_rows_free(rows);
	if (e != OK) {
		jw_fini(&w);
		return e;
	}
	return req_json(r, 200, &w);
}

enum err
resource_limits_get(struct req *r)
{
	return repo_read(r, get, NULL);
}
