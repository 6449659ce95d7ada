/*
 * show.c - columns as JSON.  See show.h.
 */
#include "api/show.h"
#include "common/base/now.h"

void
show_uuid(struct jw *w, const char *key, struct db_rows *rows, size_t row,
    int col)
{
	char text[DB_UUID_TEXT_SIZE];
	uint8_t id[16];

	if (db_is_null(rows, row, col)) {
		jw_null(w, key);
		return;
	}
	db_get_uuid(rows, row, col, id);
	db_uuid_print(id, text);
	jw_str(w, key, text);
}

void
show_text(struct jw *w, const char *key, struct db_rows *rows, size_t row,
    int col)
{
	jw_str(w, key, db_get_text_or(rows, row, col, NULL));
}

void
show_i64(struct jw *w, const char *key, struct db_rows *rows, size_t row,
    int col)
{
	if (db_is_null(rows, row, col))
		jw_null(w, key);
	else
		jw_int(w, key, db_get_i64(rows, row, col));
}

void
show_time(struct jw *w, const char *key, struct db_rows *rows, size_t row,
    int col)
{
	int64_t ms = db_get_time_ms_or(rows, row, col, INT64_MAX);
	char text[NOW_TEXT_MAX];

	if (ms == INT64_MAX || ms == INT64_MIN)
		jw_null(w, key);
	else
		jw_str(w, key, now_print(ms, text));
}

void
show_json(struct jw *w, const char *key, struct db_rows *rows, size_t row,
    int col)
{
	jw_raw(w, key, db_get_text_or(rows, row, col, NULL));
}

void
show_job(struct jw *w, struct db_rows *rows, const char *zone)
{
	jw_begin_object(w, NULL);
	jw_fmt(w, "id", "%lld", (long long)db_get_i64(rows, 0, 0));
	show_text(w, "kind", rows, 0, 1);
	show_text(w, "state", rows, 0, 2);
	jw_str(w, "zone", zone);
	show_time(w, "created_at", rows, 0, 3);
	jw_end_object(w);
}
