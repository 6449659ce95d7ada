/*
 * token.c - rows of tokens.  See token.h.
 */
#include <stdio.h>
#include <string.h>

#include "api/app.h"
#include "api/audit.h"
#include "api/lookup.h"
#include "api/repo.h"
#include "api/show.h"
#include "api/sql.h"
#include "api/token.h"
#include "api/when.h"
#include "common/base/now.h"

enum { TOKEN_REPLY_MAX = 32768, TOKEN_LIST_MAX = 1 << 20 };

struct token_in {
	struct body_str name, expires_at;
	struct body_list scopes, zones, networks;
	struct body_int idle_days;
};

#define COMMON_FIELDS \
	{ "expires_at", BODY_STR, BODY_NULL, 1, 40, \
	  offsetof(struct token_in, expires_at) }, \
	{ "networks", BODY_LIST, BODY_NULL, 1, TOKEN_NETWORKS_MAX, \
	  offsetof(struct token_in, networks) }, \
	{ "idle_days", BODY_INT, BODY_NULL, 1, 3650, \
	  offsetof(struct token_in, idle_days) }

static const struct body_field fields[] = {
	{ "name", BODY_STR, BODY_REQ, 1, 100,
	  offsetof(struct token_in, name) },
	{ "scopes", BODY_LIST, BODY_OPT, 1, AUTH_SCOPES_MAX,
	  offsetof(struct token_in, scopes) },
	{ "zones", BODY_LIST, BODY_NULL, 1, AUTH_ZONES_MAX,
	  offsetof(struct token_in, zones) },
	COMMON_FIELDS,
};

static const struct body_field patch_fields[] = {
	{ "name", BODY_STR, BODY_OPT, 1, 100,
	  offsetof(struct token_in, name) },
	COMMON_FIELDS,
};

static void
read_scopes(struct req *r, const struct body_list *list,
    struct token_new *t)
{
	char pointer[FAULT_POINTER_MAX];

	if (!list->set) {
		snprintf(t->scope[0], sizeof(t->scope[0]), "*");
		t->n_scopes = 1;
		return;
	}
	for (size_t i = 0; i < list->n && i < AUTH_SCOPES_MAX; i++) {
		const char *s = body_string(body_at(list->node, i));

		if (s == NULL || !auth_scope_known(s)) {
			body_pointer_at(pointer, sizeof(pointer), "/scopes",
			    i);
			body_fault_add(&r->faults, pointer, "choice",
			    "must be one of %s", role_scopes_text());
			continue;
		}
		snprintf(t->scope[t->n_scopes++], sizeof(t->scope[0]), "%s",
		    s);
	}
}

static void
read_zones(struct req *r, const struct body_list *list, struct token_new *t)
{
	char pointer[FAULT_POINTER_MAX];

	t->set_zones = list->set;
	for (size_t i = 0; !list->null && i < list->n; i++) {
		const char *s = body_string(body_at(list->node, i));

		if (s != NULL && t->n_zones < AUTH_ZONES_MAX) {
			t->zone[t->n_zones++] = s;
			continue;
		}
		body_pointer_at(pointer, sizeof(pointer), "/zones", i);
		body_fault_add(&r->faults, pointer, "type",
		    "must be a zone's id or name");
	}
}

static void
read_networks(struct req *r, const struct body_list *list,
    struct token_new *t)
{
	char pointer[FAULT_POINTER_MAX];

	t->set_networks = list->set;
	for (size_t i = 0; !list->null && i < list->n; i++) {
		const char *s = body_string(body_at(list->node, i));
		struct sock_prefix prefix;

		if (s != NULL && strlen(s) < sizeof(t->network[0]) &&
		    sock_prefix_parse(s, &prefix) == OK &&
		    t->n_networks < TOKEN_NETWORKS_MAX) {
			snprintf(t->network[t->n_networks++],
			    sizeof(t->network[0]), "%s", s);
			continue;
		}
		body_pointer_at(pointer, sizeof(pointer), "/networks", i);
		body_fault_add(&r->faults, pointer, "network",
		    "must be a network as 192.0.2.0/24 or 2001:db8::/32, "
		    "without bits behind the prefix");
	}
}

/* What can be given anew and changed. */
static void
read_common(struct req *r, const struct token_in *in, struct token_new *t)
{
	t->set_name = in->name.set;
	if (in->name.set)
		snprintf(t->name, sizeof(t->name), "%s", in->name.s);
	t->set_expiry = in->expires_at.set;
	if (in->expires_at.set && !in->expires_at.null) {
		t->has_expiry = true;
		if (!when_parse(in->expires_at.s, &t->expires_ms) ||
		    t->expires_ms <= now_wall_ms())
			body_fault_add(&r->faults, "/expires_at", "time",
			    "must be a time to come, as "
			    "2030-01-31T12:00:00Z");
	}
	read_networks(r, &in->networks, t);
	t->set_idle = in->idle_days.set;
	if (in->idle_days.set && !in->idle_days.null)
		t->idle_days = in->idle_days.v;
}

void
token_draw(struct req *r, struct token_new *t)
{
	auth_token_make(AUTH_TENANT, t->text);
	auth_token_hash(&r->app->pepper, t->text, t->hash);
	auth_token_prefix(t->text, t->prefix);
}

void
token_read(struct req *r, struct token_new *t)
{
	struct token_in in = { 0 };

	memset(t, 0, sizeof(*t));
	body_read(body_root(r->body), "", fields, COUNT_OF(fields), &in,
	    &r->faults);
	read_scopes(r, &in.scopes, t);
	read_zones(r, &in.zones, t);
	read_common(r, &in, t);
	t->has_maker = r->who.kind == AUTH_TENANT && r->who.has_user;
	if (t->has_maker)
		memcpy(t->maker_id, r->who.user_id, 16);
	token_draw(r, t);
}

void
token_read_patch(struct req *r, struct token_new *t)
{
	struct token_in in = { 0 };

	memset(t, 0, sizeof(*t));
	body_read(body_root(r->body), "", patch_fields,
	    COUNT_OF(patch_fields), &in, &r->faults);
	read_common(r, &in, t);
}

void
token_wipe(struct token_new *t)
{
	auth_wipe(t, sizeof(*t));
}

static void
fill_networks(struct db_array *a, const struct token_new *t)
{
	db_array_init(a, DB_ARRAY_TEXT, 8192);
	for (size_t i = 0; i < t->n_networks; i++)
		db_array_add(a, t->network[i], strlen(t->network[i]));
}

enum err
token_check_bounds(struct db *db, struct req *r, const struct token_new *t)
{
	struct db_array networks;
	struct db_rows *rows = NULL;
	enum err e;

	if (r->who.kind != AUTH_TENANT || r->who.via != AUTH_VIA_TOKEN)
		return OK;
	fill_networks(&networks, t);
	e = db_exec(db, SQL_STMT(token_bounds), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(r->who.token_id),
	    db_if(t->n_networks > 0, db_array_param(&networks)),
	    db_bool(t->set_networks),
	    db_if(t->has_expiry, db_time_ms(t->expires_ms)),
	    db_bool(t->set_expiry)), &rows);
	db_array_fini(&networks);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 1 && db_get_bool(rows, 0, 0))
		body_fault_add(&r->faults, "/networks", "wider",
		    "your own token is not good for all of these");
	if (db_rows_n(rows) == 1 && db_get_bool(rows, 0, 1))
		body_fault_add(&r->faults, "/expires_at", "wider",
		    "your own token ends before that");
	db_rows_free(rows);
	return OK;
}

enum err
token_store(struct db *db, const uint8_t *tenant_id,
    const struct token_new *t, const uint8_t *caller,
    struct db_rows **out_rows)
{
	struct db_array zones, networks;
	char scopes[AUTH_SCOPES_BYTES];
	size_t n = 0;
	enum err e;

	for (size_t i = 0; i < t->n_scopes; i++)
		n += (size_t)snprintf(scopes + n, sizeof(scopes) - n, "%s%s",
		    i == 0 ? "" : " ", t->scope[i]);
	db_array_init(&zones, DB_ARRAY_UUID, 8192);
	for (size_t i = 0; i < t->n_zones; i++)
		db_array_add(&zones, t->zone_id[i], 16);
	fill_networks(&networks, t);
	e = db_exec(db, SQL_STMT(token_insert),
	    DB_PARAMS(db_uuid(tenant_id),
		db_text(tenant_id != NULL ? "tenant" : "operator"),
		db_text(t->name), db_text(t->prefix),
		db_bytes(t->hash, sizeof(t->hash)), db_text(scopes),
		db_if(t->has_expiry, db_time_ms(t->expires_ms)),
		db_uuid(t->has_maker ? t->maker_id : NULL),
		db_if(t->n_zones > 0, db_array_param(&zones)),
		db_if(t->n_networks > 0, db_array_param(&networks)),
		db_if(t->idle_days > 0, db_i64(t->idle_days)),
		db_uuid(caller)), out_rows);
	db_array_fini(&zones);
	db_array_fini(&networks);
	return e;
}

/* The zones of the list are this tenant's. */
static enum err
find_zones(struct db *db, struct req *r, struct token_new *t)
{
	char pointer[FAULT_POINTER_MAX];

	for (size_t i = 0; i < t->n_zones; i++) {
		struct lookup_zone z;
		enum err e = lookup_zone(db, r, t->zone[i], &z);

		if (e == OK) {
			memcpy(t->zone_id[i], z.id, 16);
			continue;
		}
		if (e != ERR_NOT_FOUND)
			return e;
		body_pointer_at(pointer, sizeof(pointer), "/zones", i);
		body_fault_add(&r->faults, pointer, "not-found",
		    "there is no zone of this id or name");
	}
	return OK;
}

enum err
token_create(struct db *db, struct req *r, const uint8_t *tenant_id,
    struct token_new *t)
{
	bool child = r->who.kind == AUTH_TENANT &&
	    r->who.via == AUTH_VIA_TOKEN;
	struct db_rows *rows = NULL;
	struct audit a;
	uint8_t id[16];
	enum err e;

	e = find_zones(db, r, t);
	if (e == OK)
		e = token_check_bounds(db, r, t);
	if (e == OK && r->faults.n > 0)
		return req_invalid(r);
	if (e == OK)
		e = token_store(db, tenant_id, t, child ? r->who.token_id :
		    NULL, &rows);
	if (e != OK)
		return e;
	db_get_uuid(rows, 0, 0, id);
	db_rows_free(rows);
	audit_none(&a, r, AUDIT_TOKEN, id);
	memcpy(a.tenant_id, tenant_id, 16);
	e = audit_write(db, r, &a, "token.create", t->prefix);
	return e != OK ? e : token_reply(db, r, 201, tenant_id, id, t->text);
}

static void
print_token(struct jw *w, struct db_rows *rows, size_t row, const char *text)
{
	jw_begin_object(w, NULL);
	show_uuid(w, "id", rows, row, 0);
	show_text(w, "name", rows, row, 1);
	show_text(w, "prefix", rows, row, 2);
	show_json(w, "scopes", rows, row, 3);
	show_time(w, "created_at", rows, row, 4);
	show_time(w, "expires_at", rows, row, 5);
	show_time(w, "last_used_at", rows, row, 6);
	show_time(w, "revoked_at", rows, row, 7);
	show_json(w, "zones", rows, row, 8);
	show_json(w, "networks", rows, row, 9);
	show_i64(w, "idle_days", rows, row, 10);
	show_text(w, "last_used_from", rows, row, 11);
	show_json(w, "maker", rows, row, 12);
	if (text != NULL)
		jw_str(w, "token", text);
	jw_end_object(w);
}

enum err
token_reply(struct db *db, struct req *r, unsigned int status,
    const uint8_t *tenant_id, const uint8_t id[16], const char *text)
{
	struct db_rows *rows = NULL;
	struct jw w;
	enum err e;

	e = db_exec(db, SQL_STMT(token_get), DB_PARAMS(db_uuid(tenant_id),
	    db_uuid(id)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0) {
		db_rows_free(rows);
		return ERR_NOT_FOUND;
	}
	jw_init(&w, TOKEN_REPLY_MAX);
	print_token(&w, rows, 0, text);
	e = db_rows_failed(rows) ? ERR_CORRUPT : OK;
	db_rows_free(rows);
	if (e != OK) {
		jw_fini(&w);
		return e;
	}
	return req_json(r, status, &w);
}

enum err
token_list(struct db *db, struct req *r, const uint8_t *tenant_id)
{
	char cursor[REPLY_CURSOR_BYTES], last[DB_UUID_TEXT_SIZE];
	struct db_rows *rows = NULL;
	uint8_t after[16] = { 0 };
	struct jw w;
	int64_t limit;
	size_t n;
	enum err e;

	if (!req_page(r, &limit, cursor))
		return OK;
	if (cursor[0] != '\0' && !db_uuid_parse(cursor, strlen(cursor), after))
		return req_bad_query(r, "cursor", "not one of ours");
	e = tenant_id != NULL ?
	    db_exec(db, SQL_STMT(token_list), DB_PARAMS(db_uuid(tenant_id),
	    db_uuid(after), db_i64(limit + 1)), &rows) :
	    db_exec(db, SQL_STMT(token_list_operator), DB_PARAMS(
	    db_uuid(after), db_i64(limit + 1)), &rows);
	if (e != OK)
		return e;
	n = db_rows_n(rows);
	jw_init(&w, TOKEN_LIST_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++)
		print_token(&w, rows, i, NULL);
	if (n > (size_t)limit) {
		db_get_uuid(rows, (size_t)limit - 1, 0, after);
		db_uuid_print(after, last);
	}
	req_list_end(r, &w, n > (size_t)limit ? last : NULL);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}
