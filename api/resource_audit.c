/*
 * resource_audit.c - /v1/audit, /v1/operator/audit: who did what.
 *
 * Newest first, in pages or as a stream of lines (NDJSON).  Rows are only
 * ever added, so going down from an id misses nothing and repeats nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"
#include "api/when.h"

enum {
	ROW_BYTES = 160 << 10,		/* two documents and escapes */
	PIECE_ROWS = 20,
	EXPORT_ROWS_MAX = 1000000,
};

struct filter {
	bool all;			/* the operator's: every tenant's rows */
	bool has_tenant, has_since, has_until;
	uint8_t tenant_id[16];
	const char *action, *actor, *object;
	int64_t since_ms, until_ms;
	int64_t before;			/* id; 0: from the newest on */
};

static bool
read_time(struct req *r, const char *name, bool *out_has, int64_t *out_ms)
{
	const char *text = req_query(r, name);

	*out_has = text != NULL;
	if (text == NULL || when_parse(text, out_ms))
		return true;
	(void)req_bad_query(r, name, "must be a time as "
	    "2030-01-31T12:00:00Z");
	return false;
}

static bool
read_word(struct req *r, const char *name, size_t max, const char **out)
{
	*out = req_query(r, name);
	if (*out == NULL || strlen(*out) <= max)
		return true;
	(void)req_bad_query(r, name, "is too long");
	return false;
}

static bool
read_filter(struct req *r, bool all, struct filter *f)
{
	const char *tenant = all ? req_query(r, "tenant") : NULL;

	memset(f, 0, sizeof(*f));
	f->all = all;
	f->has_tenant = !all || tenant != NULL;
	if (!all)
		memcpy(f->tenant_id, r->who.tenant_id, 16);
	if (tenant != NULL &&
	    !db_uuid_parse(tenant, strlen(tenant), f->tenant_id)) {
		(void)req_bad_query(r, "tenant", "must be a tenant's id");
		return false;
	}
	return read_word(r, "action", 64, &f->action) &&
	    read_word(r, "actor", 300, &f->actor) &&
	    read_word(r, "object", 1100, &f->object) &&
	    read_time(r, "since", &f->has_since, &f->since_ms) &&
	    read_time(r, "until", &f->has_until, &f->until_ms);
}

static enum err
ask(struct db *db, const struct filter *f, int64_t limit,
    struct db_rows **out_rows)
{
	return db_exec(db, f->all ? SQL_STMT(audit_list_all) :
	    SQL_STMT(audit_list), DB_PARAMS(
	    db_uuid(f->has_tenant ? f->tenant_id : NULL), db_i64(f->before),
	    db_i64(limit), db_text(f->action), db_text(f->actor),
	    db_text(f->object), db_if(f->has_since, db_time_ms(f->since_ms)),
	    db_if(f->has_until, db_time_ms(f->until_ms))), out_rows);
}

static void
print_row(struct jw *w, const struct filter *f, struct db_rows *rows,
    size_t row)
{
	jw_begin_object(w, NULL);
	jw_fmt(w, "id", "%lld", (long long)db_get_i64(rows, row, 0));
	show_time(w, "at", rows, row, 1);
	if (f->all)
		show_uuid(w, "tenant", rows, row, 2);
	show_text(w, "action", rows, row, 10);
	show_text(w, "object", rows, row, 11);
	jw_begin_object(w, "actor");
	show_text(w, "kind", rows, row, 4);
	show_uuid(w, "id", rows, row, 5);
	show_text(w, "name", rows, row, 6);
	show_text(w, "label", rows, row, 3);
	jw_end_object(w);
	show_uuid(w, "token", rows, row, 7);
	show_uuid(w, "session", rows, row, 8);
	show_text(w, "source", rows, row, 9);
	show_text(w, "reason", rows, row, 12);
	show_text(w, "request_id", rows, row, 13);
	show_json(w, "before", rows, row, 14);
	show_json(w, "after", rows, row, 15);
	jw_end_object(w);
}

/* ---- pages ---- */

static enum err
list(struct db *db, struct req *r, void *arg)
{
	struct filter *f = arg;
	char cursor[REPLY_CURSOR_BYTES], last[24] = "", *end;
	struct db_rows *rows = NULL;
	struct jw w;
	int64_t limit;
	size_t n;
	enum err e;

	if (!req_page(r, &limit, cursor))
		return OK;
	f->before = strtoll(cursor, &end, 10);
	if (cursor[0] != '\0' && (*end != '\0' || f->before <= 0))
		return req_bad_query(r, "cursor", "not one of ours");
	e = ask(db, f, limit + 1, &rows);
	if (e != OK)
		return e;
	n = db_rows_n(rows);
	jw_init(&w, REPLY_BYTES_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++)
		print_row(&w, f, rows, i);
	if (n > (size_t)limit)
		snprintf(last, sizeof(last), "%lld",
		    (long long)db_get_i64(rows, (size_t)limit - 1, 0));
	req_list_end(r, &w, n > (size_t)limit ? last : NULL);
	e = db_rows_failed(rows) ? ERR_CORRUPT : OK;
	db_rows_free(rows);
	if (e != OK) {
		jw_fini(&w);
		return e;
	}
	return req_json(r, 200, &w);
}

enum err
resource_audit_list(struct req *r)
{
	struct filter f;

	return read_filter(r, false, &f) ? repo_read(r, list, &f) : OK;
}

enum err
resource_audit_operator(struct req *r)
{
	struct filter f;

	return read_filter(r, true, &f) ? repo_operator(r, list, &f) : OK;
}

/* ---- the stream ---- */

struct export {
	struct filter f;
	int64_t n_rows;
	struct buf *out;		/* of this piece */
	int64_t next;
	size_t n_piece;
	bool end;
};

static enum err
read_piece(struct db *db, struct req *r, void *arg)
{
	struct export *x = arg;
	struct db_rows *rows = NULL;
	enum err e = ask(db, &x->f, PIECE_ROWS, &rows);

	(void)r;
	if (e != OK)
		return e;
	buf_reset(x->out);
	x->n_piece = db_rows_n(rows);
	x->end = x->n_piece < PIECE_ROWS;
	x->next = x->f.before;
	for (size_t i = 0; e == OK && i < x->n_piece; i++) {
		struct jw w;
		size_t len;
		char *text;

		jw_init(&w, ROW_BYTES);
		print_row(&w, &x->f, rows, i);
		text = jw_take(&w, &len);
		e = text == NULL ? ERR_NO_MEMORY :
		    buf_bytes(x->out, text, len);
		if (e == OK)
			e = buf_str(x->out, "\n");
		free(text);
		x->next = db_get_i64(rows, i, 0);
	}
	if (e == OK && db_rows_failed(rows))
		e = ERR_CORRUPT;
	db_rows_free(rows);
	return e;
}

static enum err
export_piece(struct req *r, struct buf *out, bool *out_end)
{
	struct export *x = r->stream_state;
	enum err e;

	x->out = out;
	e = x->f.all ? repo_operator(r, read_piece, x) :
	    repo_read(r, read_piece, x);
	if (e != OK)
		return e;
	x->f.before = x->next;
	x->n_rows += (int64_t)x->n_piece;
	*out_end = x->end || x->n_rows >= EXPORT_ROWS_MAX;
	return OK;
}

static enum err
begin(struct req *r, bool all)
{
	struct export *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return ERR_NO_MEMORY;
	r->stream_state = x;
	r->stream_free = free;
	if (!read_filter(r, all, &x->f))
		return OK;
	reply_header(&r->reply, "Content-Disposition",
	    "attachment; filename=\"audit.ndjson\"");
	r->reply.status = 200;
	r->reply.content_type = "application/x-ndjson";
	r->reply.stream = true;
	r->stream = export_piece;
	return OK;
}

enum err
resource_audit_export(struct req *r)
{
	return begin(r, false);
}

enum err
resource_audit_operator_export(struct req *r)
{
	return begin(r, true);
}
