/*
 * resource_history.c - /v1/zones/{zone}/attempts, /versions and /events, and
 * /v1/events of all zones.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/lookup.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"

typedef void print_fn(struct jw *w, struct db_rows *rows, size_t row);

struct history {
	const struct db_stmt *stmt;
	print_fn *print;
};

static void
print_attempt(struct jw *w, struct db_rows *rows, size_t row)
{
	static const struct {
		const char *key;
		int col;
	} numbers[] = {
		{ "serial_before", 9 }, { "serial_after", 10 },
		{ "primary_serial", 11 }, { "generation", 27 },
		{ "rcode", 12 }, { "ede", 13 },
		{ "tsig_error", 14 }, { "clock_skew_s", 15 }, { "bytes", 16 },
		{ "records", 17 }, { "messages", 18 },
		{ "pages_written", 19 }, { "connect_ms", 20 },
		{ "first_byte_ms", 21 }, { "transfer_ms", 22 },
		{ "ingest_ms", 23 }, { "total_ms", 24 },
	};

	jw_begin_object(w, NULL);
	jw_fmt(w, "id", "%" PRId64, db_get_i64(rows, row, 0));
	show_time(w, "started_at", rows, row, 1);
	show_time(w, "finished_at", rows, row, 25);
	show_text(w, "kind", rows, row, 2);
	jw_begin_object(w, "primary");
	show_text(w, "address", rows, row, 3);
	show_i64(w, "port", rows, row, 4);
	show_text(w, "transport", rows, row, 5);
	jw_end_object(w);
	show_text(w, "outcome", rows, row, 6);
	show_text(w, "reason", rows, row, 7);
	show_text(w, "message", rows, row, 8);
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		show_i64(w, numbers[i].key, rows, row, numbers[i].col);
	show_json(w, "details", rows, row, 26);
	jw_end_object(w);
}

static void
print_version(struct jw *w, struct db_rows *rows, size_t row)
{
	jw_begin_object(w, NULL);
	show_i64(w, "generation", rows, row, 0);
	show_i64(w, "serial", rows, row, 1);
	show_i64(w, "record_count", rows, row, 2);
	show_i64(w, "page_count", rows, row, 3);
	show_i64(w, "pages_written", rows, row, 4);
	show_text(w, "mode", rows, row, 5);
	show_uuid(w, "primary", rows, row, 6);
	if (db_is_null(rows, row, 7))
		jw_null(w, "attempt");
	else
		jw_fmt(w, "attempt", "%" PRId64, db_get_i64(rows, row, 7));
	show_time(w, "loaded_at", rows, row, 8);
	show_text(w, "digest", rows, row, 9);
	jw_end_object(w);
}

static void
print_event(struct jw *w, struct db_rows *rows, size_t row)
{
	jw_begin_object(w, NULL);
	jw_fmt(w, "id", "%" PRId64, db_get_i64(rows, row, 0));
	show_time(w, "at", rows, row, 1);
	show_text(w, "kind", rows, row, 2);
	show_text(w, "message", rows, row, 3);
	jw_end_object(w);
}

/* All go back in time: the cursor is the number of the last one. */
static bool
read_before(struct req *r, const char *cursor, int64_t *out_before)
{
	*out_before = 0;
	if (cursor[0] == '\0')
		return true;
	if (strlen(cursor) > 18 ||
	    cursor[strspn(cursor, "0123456789")] != '\0') {
		(void)req_bad_query(r, "cursor", "not one of ours");
		return false;
	}
	*out_before = strtoll(cursor, NULL, 10);
	return true;
}

static enum err
reply_list(struct req *r, struct db_rows *rows, int64_t limit,
    print_fn *print)
{
	size_t n = db_rows_n(rows);
	char last[24];
	struct jw w;
	enum err e;

	jw_init(&w, REPLY_BYTES_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++)
		print(&w, rows, i);
	if (n > (size_t)limit)
		snprintf(last, sizeof(last), "%" PRId64,
		    db_get_i64(rows, (size_t)limit - 1, 0));
	req_list_end(r, &w, n > (size_t)limit ? last : NULL);
	e = db_rows_failed(rows) ? ERR_CORRUPT : OK;
	db_rows_free(rows);
	if (e != OK) {
		jw_fini(&w);
		return e;
	}
	return req_json(r, 200, &w);
}

static enum err
list_history(struct db *db, struct req *r, void *arg)
{
	const struct history *h = arg;
	char cursor[REPLY_CURSOR_BYTES];
	struct db_rows *rows = NULL;
	struct lookup_zone z;
	int64_t limit, before = 0;
	enum err e;

	if (!req_page(r, &limit, cursor) ||
	    !read_before(r, cursor, &before))
		return OK;
	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e == OK)
		e = db_exec(db, h->stmt, DB_PARAMS(db_uuid(r->who.tenant_id),
		    db_uuid(z.id), db_i64(before), db_i64(limit + 1)), &rows);
	return e != OK ? e : reply_list(r, rows, limit, h->print);
}

enum err
resource_history_attempts(struct req *r)
{
	struct history h = { SQL_STMT(attempt_list), print_attempt };

	return repo_read(r, list_history, &h);
}

enum err
resource_history_versions(struct req *r)
{
	struct history h = { SQL_STMT(version_list), print_version };

	return repo_read(r, list_history, &h);
}

enum err
resource_history_events(struct req *r)
{
	struct history h = { SQL_STMT(event_list), print_event };

	return repo_read(r, list_history, &h);
}

/* ---- of all zones ---- */

static void
print_any_event(struct jw *w, struct db_rows *rows, size_t row)
{
	jw_begin_object(w, NULL);
	jw_fmt(w, "id", "%" PRId64, db_get_i64(rows, row, 0));
	show_time(w, "at", rows, row, 1);
	show_text(w, "kind", rows, row, 2);
	show_text(w, "message", rows, row, 3);
	jw_begin_object(w, "zone");
	show_uuid(w, "id", rows, row, 4);
	show_text(w, "name", rows, row, 5);
	jw_end_object(w);
	jw_end_object(w);
}

static enum err
list_all(struct db *db, struct req *r, void *arg)
{
	const char *kind = req_query(r, "kind");
	char cursor[REPLY_CURSOR_BYTES];
	struct db_rows *rows = NULL;
	int64_t limit, before = 0;
	struct db_array seen;
	enum err e;

	(void)arg;
	if (!req_page(r, &limit, cursor) ||
	    !read_before(r, cursor, &before))
		return OK;
	e = db_exec(db, SQL_STMT(events_all), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_i64(before), db_i64(limit + 1),
	    db_text(kind), lookup_seen(r, &seen)), &rows);
	db_array_fini(&seen);
	return e != OK ? e : reply_list(r, rows, limit, print_any_event);
}

enum err
resource_history_all(struct req *r)
{
	return repo_read(r, list_all, NULL);
}
