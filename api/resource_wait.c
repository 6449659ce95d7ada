/*
 * resource_wait.c - GET /v1/zones/{zone}/wait: until a serial is served.
 *
 * The request is parked and run again on each report of an edge (waiter.h);
 * no thread sleeps for it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/lookup.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"
#include "common/base/now.h"
#include "common/dns/serial.h"

enum { WAIT_TIMEOUT_MAX_S = 300, WAIT_TIMEOUT_DEFAULT_S = 30 };

struct wait {
	bool has_serial, all_edges;
	uint32_t serial;
	int64_t until_ms;
	bool last;			/* answer whatever is there */
	bool reached;
};

static bool
read_number(const char *text, int64_t max, int64_t *out)
{
	size_t len = strlen(text);

	if (len == 0 || len > 10 || strspn(text, "0123456789") != len)
		return false;
	*out = strtoll(text, NULL, 10);
	return *out <= max;
}

static bool
read_query(struct req *r, struct wait *w)
{
	const char *serial = req_query(r, "serial");
	const char *timeout = req_query(r, "timeout");
	const char *edges = req_query(r, "edges");
	int64_t n = WAIT_TIMEOUT_DEFAULT_S;

	if (timeout != NULL && !read_number(timeout, WAIT_TIMEOUT_MAX_S, &n)) {
		(void)req_bad_query(r, "timeout", "must be 0 to 300 seconds");
		return false;
	}
	w->until_ms = r->began_ms + n * 1000;
	if (serial != NULL) {
		if (!read_number(serial, UINT32_MAX, &n)) {
			(void)req_bad_query(r, "serial",
			    "must be 0 to 4294967295");
			return false;
		}
		w->has_serial = true;
		w->serial = (uint32_t)n;
	}
	if (edges != NULL && strcmp(edges, "all") == 0)
		w->all_edges = true;
	else if (edges != NULL && strcmp(edges, "live") != 0) {
		(void)req_bad_query(r, "edges", "must be live or all");
		return false;
	}
	return true;
}

/* Does this edge serve the serial or a newer one? */
static bool
edge_reached(const struct wait *w, struct db_rows *rows, size_t row)
{
	uint32_t serial;

	if (db_is_null(rows, row, 5))
		return false;
	serial = db_get_u32(rows, row, 5);
	return !w->has_serial || serial == w->serial ||
	    serial_newer(serial, w->serial);
}

static void
print_edge(struct jw *out, struct db_rows *rows, size_t row)
{
	jw_begin_object(out, NULL);
	show_text(out, "name", rows, row, 0);
	jw_str(out, "state", db_get_bool(rows, row, 1) ? "live" : "absent");
	show_i64(out, "serial", rows, row, 5);
	show_i64(out, "generation", rows, row, 4);
	jw_bool(out, "current", db_get_bool(rows, row, 3));
	show_text(out, "reason", rows, row, 6);
	show_time(out, "seen_at", rows, row, 2);
	jw_end_object(out);
}

static enum err
look(struct db *db, struct req *r, void *arg)
{
	struct wait *w = arg;
	struct db_rows *rows = NULL;
	struct lookup_zone z;
	size_t n_awaited = 0, n_reached = 0;
	struct jw out;
	enum err e;

	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e == OK)
		e = db_exec(db, SQL_STMT(zone_edges), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z.id)), &rows);
	if (e != OK)
		return e;
	for (size_t i = 0; i < db_rows_n(rows); i++) {
		if (db_is_null(rows, i, 0) ||
		    (!w->all_edges && !db_get_bool(rows, i, 1)))
			continue;
		n_awaited++;
		n_reached += edge_reached(w, rows, i) ? 1 : 0;
	}
	w->reached = n_awaited > 0 && n_reached == n_awaited;
	if (!w->reached && !w->last) {
		db_rows_free(rows);
		return OK;
	}
	jw_init(&out, 1 << 20);
	jw_begin_object(&out, NULL);
	jw_bool(&out, "reached", w->reached);
	if (db_rows_n(rows) > 0) {
		show_i64(&out, "serial", rows, 0, 8);
		show_i64(&out, "generation", rows, 0, 7);
	}
	jw_begin_list(&out, "edges");
	for (size_t i = 0; i < db_rows_n(rows); i++)
		if (!db_is_null(rows, i, 0))
			print_edge(&out, rows, i);
	jw_end_list(&out);
	jw_end_object(&out);
	db_rows_free(rows);
	return req_json(r, 200, &out);
}

enum err
resource_wait_get(struct req *r)
{
	struct wait w = { 0 };
	enum err e;

	r->terms.untagged = true;
	if (!read_query(r, &w))
		return OK;
	w.last = now_mono_ms() >= w.until_ms || r->park_stopped;
	e = repo_read(r, look, &w);
	if (e == OK && r->reply.status == 0)
		r->park_until_ms = w.until_ms;
	return e;
}
