/*
 * resource_zones.c - /v1/zones: claims, one tenant's row for a zone name.
 *
 * A zone's state and timer rows are made by a trigger with the claim, which
 * also wakes xferd: creating a zone is one transaction here.
 */
#include <stdio.h>
#include <string.h>

#include "api/app.h"
#include "api/claims.h"
#include "api/audit.h"
#include "api/lookup.h"
#include "api/policy.h"
#include "api/primary.h"
#include "api/req.h"
#include "api/resource_zones.h"
#include "api/show.h"
#include "api/sql.h"
#include "api/verdict.h"
#include "common/base/now.h"

#define SIGNATURES_SOON_MS (INT64_C(3) * 86400 * 1000)

enum {
	ZONE_PRIMARIES_MAX = RESOURCE_ZONES_PRIMARIES_MAX,
	ZONE_REPLY_MAX = 256 << 10,
	ZONE_LIST_MAX = REPLY_BYTES_MAX,
};

struct zone_in {
	struct body_str name;
	struct body_list primaries;
	struct body_bool accept_lower;
	struct body_any policy;
};

/* ---- the document ---- */

/* A claim's own names; without claims those of the stripes that serve it. */
static void
print_nameservers(struct jw *w, const struct conf *conf, struct db_rows *rows,
    size_t row)
{
	uint64_t stripes = (uint64_t)db_get_i64(rows, row, 14);

	if (!db_is_null(rows, row, 34)) {
		show_json(w, "nameservers", rows, row, 34);
		return;
	}
	jw_begin_list(w, "nameservers");
	for (size_t i = 0; i < conf->n_nameservers; i++)
		if ((stripes >> conf->nameserver[i].stripe & 1) != 0)
			jw_str(w, NULL, conf->nameserver[i].host);
	jw_end_list(w);
}

/* The reason is the stable word of the last attempt that failed. */
static void
print_error(struct jw *w, struct db_rows *rows, size_t row)
{
	if (db_is_null(rows, row, 12)) {
		jw_null(w, "last_error");
		return;
	}
	jw_begin_object(w, "last_error");
	show_text(w, "reason", rows, row, 21);
	show_text(w, "message", rows, row, 12);
	show_time(w, "at", rows, row, 13);
	jw_end_object(w);
}

static const char *
served(struct db_rows *rows, size_t row)
{
	bool live = strcmp(db_get_text(rows, row, 3), "live") == 0;
	bool expired = strcmp(db_get_text(rows, row, 17), "expired") == 0;

	/* An edge that has the first generation serves; one that is behind
	 * still serves an older one. */
	if (!live || expired || (!db_get_bool(rows, row, 20) &&
	    db_get_i64(rows, row, 6) <= 1))
		return "no";
	return db_get_bool(rows, row, 35) ? "preview" : "yes";
}

static void
print_pin(struct jw *w, struct db_rows *rows, size_t row)
{
	int64_t until = db_get_time_ms_or(rows, row, 31, INT64_MAX);
	char when[NOW_TEXT_MAX];

	if (!db_is_null(rows, row, 30))
		jw_str(w, NULL, "an old version is pinned: what your primary "
		    "has is not taken until it is unpinned");
	if (until - now_wall_ms() < SIGNATURES_SOON_MS)
		jw_fmt(w, NULL, "the first of the zone's signatures %s at %s: "
		    "sign the zone again at your primary", until <
		    now_wall_ms() ? "ended" : "ends", now_print(until, when));
}

/* In sentences: how the zone fares, and what its owner should know. */
static void
print_verdict(struct jw *w, struct db_rows *rows, size_t row)
{
	int64_t expires = db_get_time_ms_or(rows, row, 11, INT64_MAX);
	char when[NOW_TEXT_MAX], text[VERDICT_MAX + 1];
	struct verdict_in in = { .health = db_get_text(rows, row, 17),
		.name = db_get_text(rows, row, 1),
		.loaded = db_get_i64(rows, row, 6) > 0,
		.has_primaries = strcmp(db_get_text(rows, row, 18), "[]") != 0,
		.has_primary_serial = !db_is_null(rows, row, 5),
		.error = db_get_text_or(rows, row, 12, NULL),
		.back = db_get_text_or(rows, row, 22, NULL) };

	if (in.loaded)
		in.serial = db_get_u32(rows, row, 4);
	if (in.has_primary_serial)
		in.primary_serial = db_get_u32(rows, row, 5);
	if (in.back != NULL)
		in.back_serial = db_get_u32(rows, row, 23);
	if (expires != INT64_MAX && expires != INT64_MIN)
		in.expires = now_print(expires, when);
	verdict_print(&in, text);
	jw_str(w, "status", text);
	jw_begin_list(w, "notices");
	if (!db_is_null(rows, row, 25))
		jw_fmt(w, NULL, "NOTIFY came from %s, which is not one of "
		    "your primaries: add it, or let the primary send from "
		    "the address that is listed", db_get_text(rows, row, 25));
	if (!db_is_null(rows, row, 27))
		jw_fmt(w, NULL, "%s has another content than the version that "
		    "we serve, at the same serial %u: raise the serial at the "
		    "primary that is right", db_get_text(rows, row, 27),
		    in.serial);
	if (!db_is_null(rows, row, 33))
		jw_str(w, NULL, "the operator has suspended this zone: it is "
		    "not served; ask the operator");
	print_pin(w, rows, row);
	jw_end_list(w);
}

void
resource_zones_print(struct jw *w, const char *member, const struct conf *conf,
    struct db_rows *rows, size_t row)
{
	jw_begin_object(w, member);
	show_uuid(w, "id", rows, row, 0);
	show_text(w, "name", rows, row, 1);
	show_text(w, "state", rows, row, 2);
	jw_str(w, "served", served(rows, row));
	show_text(w, "health", rows, row, 17);
	show_i64(w, "serial", rows, row, 4);
	show_i64(w, "primary_serial", rows, row, 5);
	show_i64(w, "generation", rows, row, 6);
	show_i64(w, "record_count", rows, row, 7);
	show_time(w, "checked_at", rows, row, 8);
	show_time(w, "loaded_at", rows, row, 9);
	show_time(w, "refresh_at", rows, row, 10);
	show_time(w, "expires_at", rows, row, 11);
	show_time(w, "signed_until", rows, row, 31);
	show_time(w, "runs_out_at", rows, row, 32);
	print_nameservers(w, conf, rows, row);
	show_json(w, "primaries", rows, row, 18);
	show_json(w, "edges", rows, row, 19);
	print_verdict(w, rows, row);
	print_error(w, rows, row);
	jw_bool(w, "accept_lower_serial", db_get_bool(rows, row, 24));
	show_json(w, "policy", rows, row, 28);
	show_json(w, "held", rows, row, 29);
	show_json(w, "pinned", rows, row, 30);
	show_json(w, "suspended", rows, row, 33);
	show_time(w, "created_at", rows, row, 15);
	show_time(w, "changed_at", rows, row, 16);
	jw_end_object(w);
}

static enum err
write_zone(struct db *db, struct req *r, const uint8_t *id, struct jw *w,
    const char *member)
{
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, SQL_STMT(zone_doc), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(id)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0)
		e = ERR_NOT_FOUND;
	else
		resource_zones_print(w, member, r->app->conf, rows, 0);
	if (e == OK && db_rows_failed(rows))
		e = ERR_CORRUPT;
	db_rows_free(rows);
	return e;
}

static enum err
reply_zone(struct db *db, struct req *r, unsigned int status,
    const uint8_t *id)
{
	char text[DB_UUID_TEXT_SIZE];
	struct jw w;
	enum err e;

	jw_init(&w, ZONE_REPLY_MAX);
	e = write_zone(db, r, id, &w, NULL);
	if (e != OK) {
		jw_fini(&w);
		return e;
	}
	if (status == 201) {
		db_uuid_print(id, text);
		reply_header(&r->reply, "Location", "/v1/zones/%s", text);
	}
	return req_json(r, status, &w);
}

/* ---- creating ---- */

/* One element of a zone's primaries: an id or name, or a description. */
static enum err
take_primary(struct db *db, struct req *r, const struct body_node *node,
    const char *pointer, uint8_t *out_id)
{
	struct primary_in in;
	struct primary p;
	size_t before = r->faults.n;
	enum err e;

	if (body_string(node) != NULL) {
		e = lookup_primary(db, r, body_string(node), out_id, NULL);
		if (e != ERR_NOT_FOUND)
			return e;
		body_fault_add(&r->faults, pointer, "not-found",
		    "you have no primary of this id or name");
		return OK;
	}
	if (!body_is_object(node)) {
		body_fault_add(&r->faults, pointer, "type",
		    "must be a primary's id or an object");
		return OK;
	}
	primary_defaults(&p);
	primary_read(r, node, pointer, PRIMARY_INLINE, &in);
	e = primary_apply(db, r, &in, pointer, &p);
	if (e != OK || r->faults.n > before)
		return e;
	return primary_find_or_make(db, r, &p, out_id);
}

enum err
resource_zones_take_primaries(struct db *db, struct req *r,
    const struct body_list *list, const char *pointer,
    struct resource_zones_primaries *out)
{
	size_t max = MIN(r->app->conf->limits.primaries_per_zone,
	    (uint32_t)ZONE_PRIMARIES_MAX);
	char sub[FAULT_POINTER_MAX];
	enum err e;

	out->n = 0;
	if (list->n < 1 || list->n > max) {
		body_fault_add(&r->faults, pointer, "length",
		    "must have 1 to %zu elements", max);
		return OK;
	}
	for (size_t i = 0; i < list->n; i++) {
		size_t before = r->faults.n;

		body_pointer_at(sub, sizeof(sub), pointer, i);
		e = take_primary(db, r, body_at(list->node, i), sub,
		    out->id[out->n]);
		if (e != OK)
			return e;
		if (r->faults.n > before)
			continue;
		for (size_t k = 0; k < out->n; k++)
			if (memcmp(out->id[k], out->id[out->n], 16) == 0)
				body_fault_add(&r->faults, sub, "duplicate",
				    "the same primary twice");
		out->n++;
	}
	return OK;
}

void
resource_zones_check_name(struct req *r, const struct body_str *in,
    const char *pointer, struct lookup_name *out_name)
{
	char sub[FAULT_POINTER_MAX];

	if (!in->set)
		return;
	if (lookup_name_parse(in->s, in->len, out_name) == OK)
		return;
	body_pointer(sub, sizeof(sub), pointer, "name");
	body_fault_add(&r->faults, sub, "name", "must be a domain name: labels "
	    "of 1 to 63 bytes, 255 bytes in all, other bytes as \\DDD");
}

static enum err
store_primaries(struct db *db, struct req *r, const uint8_t *zone_id,
    const struct resource_zones_primaries *primaries)
{
	struct db_array ids;
	enum err e;

	db_array_init(&ids, DB_ARRAY_UUID, 4096);
	for (size_t i = 0; i < primaries->n; i++)
		db_array_add(&ids, primaries->id[i], 16);
	e = db_exec(db, SQL_STMT(zone_primary_insert),
	    DB_PARAMS(db_uuid(r->who.tenant_id), db_uuid(zone_id),
		db_array_param(&ids)), NULL);
	db_array_fini(&ids);
	return e;
}

static enum err
check_room(struct db *db, struct req *r)
{
	return lookup_room(db, r, "zones",
	    r->app->conf->limits.zones_per_tenant, SQL_STMT(zone_count));
}

const char *
resource_zones_first_state(const struct conf *conf)
{
	return claims_on(conf) ? "pending" : "active";
}

static enum err
open_claim(struct db *db, struct req *r, const uint8_t *id)
{
	struct db_array ids;
	enum err e;

	db_array_init(&ids, DB_ARRAY_UUID, 256);
	db_array_add(&ids, id, 16);
	e = claims_open(db, r, &ids);
	db_array_fini(&ids);
	return e;
}

/* The claim and its primaries: OK, ERR_EXISTS, or database. */
static enum err
insert_zone(struct db *db, struct req *r, const struct lookup_name *name,
    const struct resource_zones_primaries *primaries, uint8_t *out_id)
{
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, SQL_STMT(zone_insert),
	    DB_PARAMS(db_uuid(r->who.tenant_id), db_text(name->text),
		db_bytes(name->wire, name->len),
		db_text(resource_zones_first_state(r->app->conf))), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0)
		e = ERR_EXISTS;
	else
		db_get_uuid(rows, 0, 0, out_id);
	db_rows_free(rows);
	if (e == OK)
		e = store_primaries(db, r, out_id, primaries);
	if (e == OK)
		e = open_claim(db, r, out_id);
	if (e == OK)
		e = audit_made(db, r, AUDIT_ZONE, out_id, "zone.create",
		    name->text);
	return e;
}

static const struct body_field create_fields[] = {
	{ "name", BODY_STR, BODY_REQ, 1, 1024,
	  offsetof(struct zone_in, name) },
	{ "primaries", BODY_LIST, BODY_REQ, 1, ZONE_PRIMARIES_MAX,
	  offsetof(struct zone_in, primaries) },
};

static enum err
create_zone(struct db *db, struct req *r, void *arg)
{
	struct lookup_name name;
	struct resource_zones_primaries primaries;
	struct zone_in in = { 0 };
	uint8_t id[16];
	enum err e;

	(void)arg;
	body_read(body_root(r->body), "", create_fields,
	    COUNT_OF(create_fields), &in, &r->faults);
	resource_zones_check_name(r, &in.name, "", &name);
	if (in.primaries.set) {
		e = resource_zones_take_primaries(db, r, &in.primaries, "/primaries",
		    &primaries);
		if (e != OK)
			return e;
	}
	if (r->faults.n > 0) {
		(void)req_invalid(r);
		return ERR_INVALID;	/* undo primaries made on the way */
	}
	e = claims_check_name(db, r, &name, "");
	if (e == ERR_DENIED)
		(void)req_problem(r, PROBLEM_RESERVED,
		    "this name is claimed with the operator's word only");
	if (e == OK)
		e = check_room(db, r);
	if (e == OK)
		e = insert_zone(db, r, &name, &primaries, id);
	if (e == ERR_EXISTS) {
		body_fault_add(&r->faults, "/name", "exists",
		    "you have this zone");
		(void)req_problem(r, PROBLEM_EXISTS,
		    "you have a zone of this name");
	}
	return e != OK ? e : reply_zone(db, r, 201, id);
}

enum err
resource_zones_create(struct req *r)
{
	return repo_write(r, create_zone, NULL);
}

/* ---- reading ---- */

static enum err
get_zone(struct db *db, struct req *r, void *arg)
{
	struct lookup_zone z;
	enum err e;

	(void)arg;
	e = lookup_zone(db, r, req_param(r, 0), &z);
	return e != OK ? e : reply_zone(db, r, 200, z.id);
}

enum err
resource_zones_get(struct req *r)
{
	return repo_read(r, get_zone, NULL);
}

static bool
is_word(const char *value, const char *const *words, size_t n)
{
	for (size_t i = 0; value != NULL && i < n; i++)
		if (strcmp(value, words[i]) == 0)
			return true;
	return value == NULL;
}

static bool
check_filters(struct req *r, const char *health, const char *state)
{
	static const char *const healths[] = {
		"new", "ok", "behind", "failing", "held", "expired",
	};
	static const char *const states[] = {
		"pending", "active", "warned", "suspended", "lapsed",
	};

	if (!is_word(health, healths, COUNT_OF(healths))) {
		(void)req_bad_query(r, "health", "must be new, ok, behind, "
		    "failing, held or expired");
		return false;
	}
	if (!is_word(state, states, COUNT_OF(states))) {
		(void)req_bad_query(r, "state", "must be pending, active, "
		    "warned, suspended or lapsed");
		return false;
	}
	return true;
}

static enum err
list_zones(struct db *db, struct req *r, void *arg)
{
	const char *health = req_query(r, "health");
	const char *state = req_query(r, "state");
	const char *q = req_query(r, "q"), *sort = req_query(r, "sort");
	bool down = sort != NULL && strcmp(sort, "-name") == 0;
	char cursor[REPLY_CURSOR_BYTES], lower[DNAME_TEXT_MAX];
	struct db_array seen;
	struct db_rows *rows = NULL;
	struct jw w;
	int64_t limit;
	size_t n;
	enum err e;

	(void)arg;
	if (!req_page(r, &limit, cursor) || !check_filters(r, health, state))
		return OK;
	if (sort != NULL && strcmp(sort, "name") != 0 && !down)
		return req_bad_query(r, "sort", "must be name or -name");
	if (q != NULL) {
		if (strlen(q) >= sizeof(lower))
			return req_bad_query(r, "q", "is too long");
		for (n = 0; q[n] != '\0'; n++)
			lower[n] = (char)dname_lower_octet((uint8_t)q[n]);
		lower[n] = '\0';
		q = lower;
	}
	e = db_exec(db, down ? SQL_STMT(zone_list_down) : SQL_STMT(zone_list),
	    DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_text(cursor), db_i64(limit + 1),
	    db_text(q), db_text(health), db_text(state),
	    lookup_seen(r, &seen)), &rows);
	db_array_fini(&seen);
	if (e != OK)
		return e;
	n = db_rows_n(rows);
	jw_init(&w, ZONE_LIST_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++)
		resource_zones_print(&w, NULL, r->app->conf, rows, i);
	req_list_end(r, &w, n > (size_t)limit ?
	    db_get_text(rows, (size_t)limit - 1, 1) : NULL);
	e = db_rows_failed(rows) ? ERR_CORRUPT : OK;
	db_rows_free(rows);
	if (e != OK) {
		jw_fini(&w);
		return e;
	}
	return req_json(r, 200, &w);
}

enum err
resource_zones_list(struct req *r)
{
	return repo_read(r, list_zones, NULL);
}

/* ---- changing ---- */

/* A client may send back what it read, as far as it changes nothing:
 * only primaries and accept_lower_serial can change. */
static const struct body_field patch_fields[] = {
	{ "name", BODY_STR, BODY_OPT, 1, 1024,
	  offsetof(struct zone_in, name) },
	{ "primaries", BODY_LIST, BODY_OPT, 1, ZONE_PRIMARIES_MAX,
	  offsetof(struct zone_in, primaries) },
	{ "accept_lower_serial", BODY_BOOL, BODY_OPT, 0, 0,
	  offsetof(struct zone_in, accept_lower) },
	{ "policy", BODY_OBJ, BODY_OPT, 0, 0,
	  offsetof(struct zone_in, policy) },
};

static enum err
add_job(struct db *db, struct req *r, const uint8_t *zone_id,
    const char *kind, struct db_rows **out_rows)
{
	enum err e;

	/* One that waits already will do: no row, no second transfer. */
	e = db_exec(db, SQL_STMT(job_queued),
	    DB_PARAMS(db_uuid(r->who.tenant_id), db_uuid(zone_id),
		db_text(kind)), out_rows);
	if (e != OK || db_rows_n(*out_rows) > 0)
		return e;
	db_rows_free(*out_rows);
	*out_rows = NULL;
	return db_exec(db, SQL_STMT(job_insert),
	    DB_PARAMS(db_uuid(r->who.tenant_id), db_uuid(zone_id),
		db_text(kind)), out_rows);
}

static enum err
replace_primaries(struct db *db, struct req *r, const struct lookup_zone *z,
    const struct resource_zones_primaries *primaries)
{
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, SQL_STMT(zone_primary_clear), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(z->id)), NULL);
	if (e == OK)
		e = store_primaries(db, r, z->id, primaries);
	if (e == OK)
		e = db_exec(db, SQL_STMT(zone_touch), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z->id)), NULL);
	if (e == OK)
		e = add_job(db, r, z->id, "refresh", &rows);
	db_rows_free(rows);
	return e;
}

/* What is held now may pass, so it is looked at again. */
static enum err
change_policy(struct db *db, struct req *r, const struct lookup_zone *z,
    const struct policy_in *policy)
{
	struct db_rows *rows = NULL;
	enum err e = policy_store(db, r, z, policy);

	if (e == OK)
		e = db_exec(db, SQL_STMT(zone_touch), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z->id)), NULL);
	if (e == OK)
		e = add_job(db, r, z->id, "refresh", &rows);
	db_rows_free(rows);
	return e;
}

static enum err
patch_zone(struct db *db, struct req *r, void *arg)
{
	struct resource_zones_primaries primaries;
	struct lookup_zone z;
	struct lookup_name name;
	struct zone_in in = { 0 };
	struct policy_in policy;
	struct audit a;
	enum err e;

	(void)arg;
	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e != OK)
		return e;
	body_read(body_root(r->body), "", patch_fields,
	    COUNT_OF(patch_fields), &in, &r->faults);
	if (in.policy.set)
		policy_read(r, in.policy.node, "/policy", &policy);
	resource_zones_check_name(r, &in.name, "", &name);
	if (in.name.set && r->faults.n == 0 &&
	    !dname_equal(name.wire, z.name.wire))
		body_fault_add(&r->faults, "/name", "read-only",
		    "a zone cannot be renamed");
	if (in.primaries.set) {
		e = resource_zones_take_primaries(db, r, &in.primaries, "/primaries",
		    &primaries);
		if (e != OK)
			return e;
	}
	if (r->faults.n > 0) {
		(void)req_invalid(r);
		return ERR_INVALID;
	}
	e = audit_look(db, r, AUDIT_ZONE, z.id, &a);
	if (e == OK && in.primaries.set)
		e = replace_primaries(db, r, &z, &primaries);
	if (e == OK && in.accept_lower.set)
		e = db_exec(db, SQL_STMT(zone_accept_lower), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z.id),
		    db_bool(in.accept_lower.v)), NULL);
	if (e == OK && in.policy.set)
		e = change_policy(db, r, &z, &policy);
	if (e == OK)
		e = audit_write(db, r, &a, "zone.change", z.name.text);
	audit_fini(&a);
	return e != OK ? e : reply_zone(db, r, 200, z.id);
}

enum err
resource_zones_patch(struct req *r)
{
	return repo_write(r, patch_zone, NULL);
}

/* What the parent still sends here would find nobody, or a stranger. */
static enum err
check_delegated(struct db *db, struct req *r, const uint8_t *zone_id)
{
	struct db_rows *rows = NULL;
	char when[NOW_TEXT_MAX];
	enum err e;

	e = db_exec(db, SQL_STMT(claim_listed), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(zone_id)), &rows);
	if (e == OK && db_rows_n(rows) > 0 && db_get_bool(rows, 0, 0)) {
		(void)req_problem(r, PROBLEM_DELEGATED, "at %s the parent "
		    "listed our name servers for this zone: remove them there "
		    "first, or send ?force=true",
		    now_print(db_get_time_ms(rows, 0, 1), when));
		e = ERR_INVALID;
	}
	db_rows_free(rows);
	return e;
}

static enum err
delete_zone(struct db *db, struct req *r, void *arg)
{
	const bool *force = arg;
	struct lookup_zone z;
	struct audit a;
	enum err e;

	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e == OK && !*force)
		e = check_delegated(db, r, z.id);
	if (e != OK)
		return e;
	e = audit_look(db, r, AUDIT_ZONE, z.id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(zone_delete), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z.id)), NULL);
	/* Its primaries are free to be deleted from now on. */
	if (e == OK)
		e = db_exec(db, SQL_STMT(zone_primary_clear), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z.id)), NULL);
	if (e == OK)
		e = audit_write(db, r, &a, "zone.delete", z.name.text);
	audit_fini(&a);
	if (e == OK)
		reply_none(&r->reply, 204);
	return e;
}

enum err
resource_zones_delete(struct req *r)
{
	const char *text = req_query(r, "force");
	bool force = text != NULL && strcmp(text, "true") == 0;

	if (text != NULL && !force && strcmp(text, "false") != 0)
		return req_bad_query(r, "force", "must be true or false");
	return repo_write(r, delete_zone, &force);
}

/* ---- work for xferd ---- */

static enum err
ask(struct db *db, struct req *r, void *arg)
{
	const char *kind = arg;
	struct db_rows *rows = NULL;
	struct lookup_zone z;
	struct jw w;
	enum err e;

	if (r->body != NULL) {
		char nothing;

		if (!req_read(r, NULL, 0, &nothing))
			return OK;
	}
	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e == OK)
		e = add_job(db, r, z.id, kind, &rows);
	if (e == OK)
		e = repo_audit(db, r, strcmp(kind, "refresh") == 0 ?
		    "zone.refresh" : "zone.retransfer", z.name.text);
	if (e != OK) {
		db_rows_free(rows);
		return e;
	}
	jw_init(&w, ZONE_REPLY_MAX);
	show_job(&w, rows, z.name.text);
	db_rows_free(rows);
	return req_json(r, 202, &w);
}

enum err
resource_zones_refresh(struct req *r)
{
	static char kind[] = "refresh";

	return repo_write(r, ask, kind);
}

enum err
resource_zones_retransfer(struct req *r)
{
	static char kind[] = "retransfer";

	return repo_write(r, ask, kind);
}
