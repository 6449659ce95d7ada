/*
 * resource_operator.c - /v1/operator/tenants: who is a customer here.
 */
#include <stdlib.h>
#include <string.h>

#include "api/audit.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"
#include "api/token.h"

enum { TENANT_REPLY_MAX = 16384, TENANT_LIST_MAX = 1 << 20 };

struct limits_in {
	struct body_int zones, primaries, keys, tokens;
	struct body_int keep_versions, keep_versions_days;
};

struct tenant_in {
	struct body_str name;
	struct body_any limits;
};

static const struct body_field create_fields[] = {
	{ "name", BODY_STR, BODY_REQ, 1, 100,
	  offsetof(struct tenant_in, name) },
	{ "limits", BODY_OBJ, BODY_OPT, 0, 0,
	  offsetof(struct tenant_in, limits) },
};

static const struct body_field limit_fields[] = {
	{ "zones", BODY_INT, BODY_OPT, 0, 100000000,
	  offsetof(struct limits_in, zones) },
	{ "primaries", BODY_INT, BODY_OPT, 0, 100000000,
	  offsetof(struct limits_in, primaries) },
	{ "keys", BODY_INT, BODY_OPT, 0, 10000000,
	  offsetof(struct limits_in, keys) },
	{ "tokens", BODY_INT, BODY_OPT, 0, 10000000,
	  offsetof(struct limits_in, tokens) },
	{ "keep_versions", BODY_INT, BODY_OPT, 1, 100000,
	  offsetof(struct limits_in, keep_versions) },
	{ "keep_versions_days", BODY_INT, BODY_OPT, 0, 36500,
	  offsetof(struct limits_in, keep_versions_days) },
};

static void
print_tenant(struct jw *w, struct db_rows *rows, size_t row)
{
	jw_begin_object(w, NULL);
	show_uuid(w, "id", rows, row, 0);
	show_text(w, "name", rows, row, 1);
	show_json(w, "limits", rows, row, 2);
	show_time(w, "created_at", rows, row, 3);
	show_time(w, "suspended_at", rows, row, 4);
	jw_end_object(w);
}

static enum err
reply_tenant(struct db *db, struct req *r, unsigned int status,
    const uint8_t *id)
{
	char text[DB_UUID_TEXT_SIZE];
	struct db_rows *rows = NULL;
	struct jw w;
	enum err e;

	e = db_exec(db, SQL_STMT(tenant_by_id), DB_PARAMS(db_uuid(id)),
	    &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0) {
		db_rows_free(rows);
		return ERR_NOT_FOUND;
	}
	jw_init(&w, TENANT_REPLY_MAX);
	print_tenant(&w, rows, 0);
	db_rows_free(rows);
	if (status == 201) {
		db_uuid_print(id, text);
		reply_header(&r->reply, "Location", "/v1/operator/tenants/%s",
		    text);
	}
	return req_json(r, status, &w);
}

static void
add_limit(struct jw *w, const char *key, const struct body_int *n)
{
	if (n->set)
		jw_int(w, key, n->v);
}

/* The limits as JSON; @out of 256 bytes is more than six numbers take. */
static enum err
print_limits(const struct limits_in *in, char out[256])
{
	struct jw w;
	size_t len;
	char *text;

	jw_init(&w, 255);
	jw_begin_object(&w, NULL);
	add_limit(&w, "zones", &in->zones);
	add_limit(&w, "primaries", &in->primaries);
	add_limit(&w, "keys", &in->keys);
	add_limit(&w, "tokens", &in->tokens);
	add_limit(&w, "keep_versions", &in->keep_versions);
	add_limit(&w, "keep_versions_days", &in->keep_versions_days);
	jw_end_object(&w);
	text = jw_take(&w, &len);
	if (text == NULL)
		return ERR_NO_MEMORY;
	memcpy(out, text, len);
	out[len] = '\0';
	free(text);
	return OK;
}

static enum err
create_tenant(struct db *db, struct req *r, void *arg)
{
	struct tenant_in in = { 0 };
	struct limits_in limits = { 0 };
	struct db_rows *rows = NULL;
	struct audit a;
	char json[256];
	uint8_t id[16];
	enum err e;

	(void)arg;
	body_read(body_root(r->body), "", create_fields,
	    COUNT_OF(create_fields), &in, &r->faults);
	if (in.limits.set)
		body_read(in.limits.node, "/limits", limit_fields,
		    COUNT_OF(limit_fields), &limits, &r->faults);
	if (r->faults.n > 0)
		return req_invalid(r);
	e = print_limits(&limits, json);
	if (e != OK)
		return e;
	e = db_exec(db, SQL_STMT(tenant_insert),
	    DB_PARAMS(db_text(in.name.s), db_text(json)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0) {
		db_rows_free(rows);
		body_fault_add(&r->faults, "/name", "exists",
		    "a tenant has this name");
		return req_problem(r, PROBLEM_EXISTS,
		    "a tenant of this name exists");
	}
	db_get_uuid(rows, 0, 0, id);
	db_rows_free(rows);
	audit_none(&a, r, AUDIT_TENANT, id);
	memcpy(a.tenant_id, id, 16);
	e = audit_write(db, r, &a, "tenant.create", in.name.s);
	return e != OK ? e : reply_tenant(db, r, 201, id);
}

enum err
resource_operator_create(struct req *r)
{
	return repo_operator(r, create_tenant, NULL);
}

static enum err
list_tenants(struct db *db, struct req *r, void *arg)
{
	char cursor[REPLY_CURSOR_BYTES], last[DB_UUID_TEXT_SIZE];
	struct db_rows *rows = NULL;
	uint8_t after[16] = { 0 };
	struct jw w;
	int64_t limit;
	size_t n;
	enum err e;

	(void)arg;
	if (!req_page(r, &limit, cursor))
		return OK;
	if (cursor[0] != '\0' && !db_uuid_parse(cursor, strlen(cursor), after))
		return req_bad_query(r, "cursor", "not one of ours");
	e = db_exec(db, SQL_STMT(tenant_list),
	    DB_PARAMS(db_uuid(after), db_i64(limit + 1)), &rows);
	if (e != OK)
		return e;
	n = db_rows_n(rows);
	jw_init(&w, TENANT_LIST_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++)
		print_tenant(&w, rows, i);
	if (n > (size_t)limit) {
		db_get_uuid(rows, (size_t)limit - 1, 0, after);
		db_uuid_print(after, last);
	}
	req_list_end(r, &w, n > (size_t)limit ? last : NULL);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

enum err
resource_operator_tenants(struct req *r)
{
	return repo_operator(r, list_tenants, NULL);
}

/* The tenant of the path: OK or ERR_NOT_FOUND. */
static enum err
find_tenant(struct db *db, struct req *r, uint8_t *out_id)
{
	struct db_rows *rows = NULL;
	enum err e;

	if (!db_uuid_parse(req_param(r, 0), strlen(req_param(r, 0)), out_id))
		return ERR_NOT_FOUND;
	e = db_exec(db, SQL_STMT(tenant_by_id), DB_PARAMS(db_uuid(out_id)),
	    &rows);
	if (e == OK && db_rows_n(rows) == 0)
		e = ERR_NOT_FOUND;
	db_rows_free(rows);
	return e;
}

static enum err
get_tenant(struct db *db, struct req *r, void *arg)
{
	uint8_t id[16];
	enum err e;

	(void)arg;
	e = find_tenant(db, r, id);
	return e != OK ? e : reply_tenant(db, r, 200, id);
}

enum err
resource_operator_get(struct req *r)
{
	return repo_operator(r, get_tenant, NULL);
}

static enum err
list_tokens(struct db *db, struct req *r, void *arg)
{
	uint8_t id[16];
	enum err e;

	(void)arg;
	e = find_tenant(db, r, id);
	return e != OK ? e : token_list(db, r, id);
}

enum err
resource_operator_tokens(struct req *r)
{
	return repo_operator(r, list_tokens, NULL);
}

static enum err
create_token(struct db *db, struct req *r, void *arg)
{
	uint8_t id[16];
	enum err e;

	e = find_tenant(db, r, id);
	return e != OK ? e : token_create(db, r, id, arg);
}

enum err
resource_operator_token(struct req *r)
{
	struct token_new t;
	enum err e;

	token_read(r, &t);
	if (r->faults.n > 0)
		return req_invalid(r);
	e = repo_operator(r, create_token, &t);
	token_wipe(&t);
	return e;
}
