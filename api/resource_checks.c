/*
 * resource_checks.c - POST /v1/preflight, POST /v1/zones/{zone}/check and
 *                     GET /v1/checks/{check}.
 *
 * apid only writes down who is to be asked, and whether the rates allow it;
 * xferd asks.  Nothing of a preflight's zone is stored but its check.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/app.h"
#include "api/lookup.h"
#include "api/primary.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/resource_zones.h"
#include "api/show.h"
#include "api/sql.h"
#include "common/base/now.h"

enum {
	CHECK_REPLY_MAX = 1 << 20,
	CHECK_PRIMARIES_MAX = RESOURCE_ZONES_PRIMARIES_MAX,
	CHECK_WAIT_MAX_S = 300,
	ARRAY_MAX = 4096,
};

/* Whom a check goes to: for the rates, and for xferd as JSON. */
struct targets {
	struct db_array addresses, ports;
	struct jw json;
};

static void
targets_init(struct targets *t)
{
	db_array_init(&t->addresses, DB_ARRAY_TEXT, ARRAY_MAX);
	db_array_init(&t->ports, DB_ARRAY_I64, ARRAY_MAX);
	jw_init(&t->json, ARRAY_MAX);
	jw_begin_list(&t->json, NULL);
}

static void
targets_fini(struct targets *t)
{
	db_array_fini(&t->addresses);
	db_array_fini(&t->ports);
	jw_fini(&t->json);
}

static void
targets_add(struct targets *t, const char *address, int64_t port)
{
	db_array_add(&t->addresses, address, strlen(address));
	db_array_add_i64(&t->ports, port);
}

static void
targets_add_id(struct targets *t, const uint8_t id[16])
{
	char text[DB_UUID_TEXT_SIZE];

	db_uuid_print(id, text);
	jw_begin_object(&t->json, NULL);
	jw_str(&t->json, "id", text);
	jw_end_object(&t->json);
}

/* ---- the document ------------------------------------------------------ */

static void
print_check(struct jw *w, struct db_rows *rows, bool whole)
{
	jw_begin_object(w, NULL);
	show_uuid(w, "id", rows, 0, 0);
	show_text(w, "kind", rows, 0, 1);
	show_text(w, "name", rows, 0, 2);
	show_uuid(w, "zone", rows, 0, 3);
	show_text(w, "state", rows, 0, 4);
	show_time(w, "created_at", rows, 0, 5);
	if (whole) {
		show_time(w, "finished_at", rows, 0, 6);
		show_json(w, "steps", rows, 0, 7);
	} else {
		jw_null(w, "finished_at");
		jw_begin_list(w, "steps");
		jw_end_list(w);
	}
	jw_end_object(w);
}

static enum err
reply_accepted(struct req *r, struct db_rows *rows)
{
	char text[DB_UUID_TEXT_SIZE];
	uint8_t id[16];
	struct jw w;

	db_get_uuid(rows, 0, 0, id);
	db_uuid_print(id, text);
	reply_header(&r->reply, "Location", "/v1/checks/%s", text);
	jw_init(&w, CHECK_REPLY_MAX);
	print_check(&w, rows, false);
	return req_json(r, 202, &w);
}

/* ---- asking for one ---------------------------------------------------- */

/* OK, or ERR_LIMIT with the problem in the reply. */
static enum err
admit(struct db *db, struct req *r, struct targets *t)
{
	const struct conf *conf = r->app->conf;
	struct db_rows *rows = NULL;
	int64_t wait_s;
	enum err e;

	e = db_exec(db, SQL_STMT(check_admit), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_array_param(&t->addresses),
	    db_array_param(&t->ports), db_i64(conf->limits.checks_per_minute),
	    db_i64(conf->limits.check_gap_s),
	    db_i64(conf->limits.checks_kept)), &rows);
	if (e != OK || db_rows_n(rows) == 0) {
		db_rows_free(rows);
		return e;
	}
	wait_s = db_get_i64(rows, 0, 2);
	if (db_is_null(rows, 0, 0))
		(void)req_problem(r, PROBLEM_TOO_MANY,
		    "this account may begin %u checks a minute; the next one "
		    "in %" PRId64 " s", conf->limits.checks_per_minute,
		    wait_s);
	else
		(void)req_problem(r, PROBLEM_TOO_MANY,
		    "%s port %" PRId64 " was asked for a check less than %u s "
		    "ago; again in %" PRId64 " s", db_get_text(rows, 0, 0),
		    db_get_i64(rows, 0, 1), conf->limits.check_gap_s, wait_s);
	reply_header(&r->reply, "Retry-After", "%" PRId64, wait_s);
	db_rows_free(rows);
	return ERR_LIMIT;
}

static enum err
begin(struct db *db, struct req *r, const char *kind,
    const struct lookup_name *name, const uint8_t *zone_id,
    struct targets *t)
{
	struct db_rows *rows = NULL;
	size_t len;
	char *json;
	enum err e;

	jw_end_list(&t->json);
	json = jw_take(&t->json, &len);
	if (json == NULL)
		return ERR_NO_MEMORY;
	e = admit(db, r, t);
	if (e == OK)
		e = db_exec(db, SQL_STMT(check_insert), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(zone_id),
		    db_text(kind), db_text(name->text),
		    db_bytes(name->wire, name->len), db_textn(json, len)),
		    &rows);
	free(json);
	if (e == OK)
		e = repo_audit(db, r, strcmp(kind, "check") == 0 ?
		    "zone.check" : "zone.preflight", name->text);
	if (e == OK)
		e = reply_accepted(r, rows);
	db_rows_free(rows);
	return e;
}

static enum err
add_stored(struct db *db, struct req *r, const uint8_t *zone_id,
    struct targets *t)
{
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, SQL_STMT(check_primaries), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(zone_id)), &rows);
	for (size_t i = 0; e == OK && i < db_rows_n(rows); i++) {
		uint8_t id[16];

		db_get_uuid(rows, i, 0, id);
		targets_add_id(t, id);
		targets_add(t, db_get_text(rows, i, 1),
		    db_get_i64(rows, i, 2));
	}
	db_rows_free(rows);
	return e;
}

static enum err
check_zone(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	struct lookup_zone z;
	struct targets t;
	enum err e;

	(void)arg;
	if (r->body != NULL) {
		char nothing;

		if (!req_read(r, NULL, 0, &nothing))
			return OK;
	}
	e = lookup_zone(db, r, req_param(r, 0), &z);
	/* One under way will do. */
	if (e == OK)
		e = db_exec(db, SQL_STMT(check_open), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z.id)), &rows);
	if (e == OK && db_rows_n(rows) > 0) {
		e = reply_accepted(r, rows);
		db_rows_free(rows);
		return e;
	}
	db_rows_free(rows);
	if (e != OK)
		return e;
	targets_init(&t);
	e = add_stored(db, r, z.id, &t);
	if (e == OK)
		e = begin(db, r, "check", &z.name, z.id, &t);
	targets_fini(&t);
	return e;
}

enum err
resource_checks_zone(struct req *r)
{
	return repo_write(r, check_zone, NULL);
}

/* ---- preflight --------------------------------------------------------- */

struct preflight_in {
	struct body_str name;
	struct body_list primaries;
};

static const struct body_field preflight_fields[] = {
	{ "name", BODY_STR, BODY_REQ, 1, 1024,
	  offsetof(struct preflight_in, name) },
	{ "primaries", BODY_LIST, BODY_REQ, 1, CHECK_PRIMARIES_MAX,
	  offsetof(struct preflight_in, primaries) },
};

static enum err
add_id_or_name(struct db *db, struct req *r, const char *text,
    const char *pointer, struct targets *t)
{
	struct db_rows *rows = NULL;
	uint8_t id[16];
	enum err e;

	e = lookup_primary(db, r, text, id, NULL);
	if (e == ERR_NOT_FOUND) {
		body_fault_add(&r->faults, pointer, "not-found",
		    "you have no primary of this id or name");
		return OK;
	}
	if (e == OK)
		e = db_exec(db, SQL_STMT(check_primary), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(id)), &rows);
	if (e == OK && db_rows_n(rows) > 0) {
		targets_add_id(t, id);
		targets_add(t, db_get_text(rows, 0, 0),
		    db_get_i64(rows, 0, 1));
	}
	db_rows_free(rows);
	return e;
}

static void
add_described(const struct primary *p, struct targets *t)
{
	char key[DB_UUID_TEXT_SIZE];

	jw_begin_object(&t->json, NULL);
	jw_str(&t->json, "address", p->address);
	jw_int(&t->json, "port", p->port);
	jw_str(&t->json, "transport", p->transport);
	if (p->has_key) {
		db_uuid_print(p->key_id, key);
		jw_str(&t->json, "key", key);
	}
	jw_end_object(&t->json);
	targets_add(t, p->address, p->port);
}

static enum err
add_element(struct db *db, struct req *r, const struct body_node *node,
    const char *pointer, struct targets *t)
{
	size_t before = r->faults.n;
	struct primary_in in;
	struct primary p;
	enum err e;

	if (body_string(node) != NULL)
		return add_id_or_name(db, r, body_string(node), pointer, t);
	if (!body_is_object(node)) {
		body_fault_add(&r->faults, pointer, "type",
		    "must be a primary's id or an object");
		return OK;
	}
	primary_defaults(&p);
	primary_read(r, node, pointer, PRIMARY_INLINE, &in);
	e = primary_apply(db, r, &in, pointer, &p);
	if (e == OK && r->faults.n == before)
		add_described(&p, t);
	return e;
}

static enum err
add_elements(struct db *db, struct req *r, const struct body_list *list,
    struct targets *t)
{
	size_t max = MIN(r->app->conf->limits.primaries_per_zone,
	    (uint32_t)CHECK_PRIMARIES_MAX);
	char sub[FAULT_POINTER_MAX];
	enum err e = OK;

	if (list->n < 1 || list->n > max) {
		body_fault_add(&r->faults, "/primaries", "length",
		    "must have 1 to %zu elements", max);
		return OK;
	}
	for (size_t i = 0; i < list->n && e == OK; i++) {
		body_pointer_at(sub, sizeof(sub), "/primaries", i);
		e = add_element(db, r, body_at(list->node, i), sub, t);
	}
	return e;
}

static enum err
preflight(struct db *db, struct req *r, void *arg)
{
	struct preflight_in in = { 0 };
	struct lookup_name name;
	struct targets t;
	enum err e = OK;

	(void)arg;
	body_read(body_root(r->body), "", preflight_fields,
	    COUNT_OF(preflight_fields), &in, &r->faults);
	resource_zones_check_name(r, &in.name, "", &name);
	targets_init(&t);
	if (in.primaries.set)
		e = add_elements(db, r, &in.primaries, &t);
	if (e == OK && r->faults.n > 0) {
		(void)req_invalid(r);
		e = ERR_INVALID;
	}
	if (e == OK)
		e = begin(db, r, "preflight", &name, NULL, &t);
	targets_fini(&t);
	return e;
}

enum err
resource_checks_preflight(struct req *r)
{
	return repo_write(r, preflight, NULL);
}

/* ---- reading one ------------------------------------------------------- */

struct look {
	bool last;			/* answer whatever is there */
};

/* A token for some zones sees the checks of those. */
static bool
may_see(const struct req *r, struct db_rows *rows)
{
	uint8_t zone_id[16];

	if (!r->who.zones_limited)
		return true;
	if (db_is_null(rows, 0, 3))
		return false;
	db_get_uuid(rows, 0, 3, zone_id);
	return auth_sees_zone(&r->who, zone_id);
}

static enum err
get_check(struct db *db, struct req *r, void *arg)
{
	const struct look *look = arg;
	const char *text = req_param(r, 0);
	struct db_rows *rows = NULL;
	uint8_t id[16];
	const char *state;
	struct jw w;
	enum err e;

	if (!db_uuid_parse(text, strlen(text), id))
		return ERR_NOT_FOUND;
	e = db_exec(db, SQL_STMT(check_get), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(id)), &rows);
	if (e == OK && (db_rows_n(rows) == 0 || !may_see(r, rows)))
		e = ERR_NOT_FOUND;
	if (e != OK) {
		db_rows_free(rows);
		return e;
	}
	state = db_get_text(rows, 0, 4);
	if (!look->last && (strcmp(state, "queued") == 0 ||
	    strcmp(state, "running") == 0)) {
		db_rows_free(rows);
		return OK;		/* wait for more */
	}
	jw_init(&w, CHECK_REPLY_MAX);
	print_check(&w, rows, true);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

enum err
resource_checks_get(struct req *r)
{
	const char *wait = req_query(r, "wait");
	int64_t until_ms = r->began_ms;
	struct look look;
	enum err e;

	if (wait != NULL) {
		size_t len = strlen(wait);

		if (len == 0 || len > 3 ||
		    strspn(wait, "0123456789") != len ||
		    atoi(wait) > CHECK_WAIT_MAX_S)
			return req_bad_query(r, "wait",
			    "must be 0 to 300 seconds");
		until_ms += atoi(wait) * INT64_C(1000);
	}
	look.last = now_mono_ms() >= until_ms || r->park_stopped;
	e = repo_read(r, get_check, &look);
	if (e == OK && r->reply.status == 0)
		r->park_until_ms = until_ms;
	return e;
}
