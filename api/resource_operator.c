/*
 * resource_operator.c - /v1/operator/tenants: who is a customer here.
 */
#include <string.h>

#include "api/acting.h"
#include "api/audit.h"
#include "api/limits.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/sql.h"
#include "api/tenants.h"
#include "api/token.h"

enum { TENANT_LIST_MAX = 1 << 20 };

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

static const struct body_field patch_fields[] = {
	{ "name", BODY_STR, BODY_OPT, 1, 100,
	  offsetof(struct tenant_in, name) },
	{ "limits", BODY_OBJ, BODY_OPT, 0, 0,
	  offsetof(struct tenant_in, limits) },
};

static enum err
read_tenant(struct req *r, const struct body_field *fields, bool patch,
    struct tenant_in *in, char limits[LIMITS_TEXT_BYTES])
{
	memset(in, 0, sizeof(*in));
	memcpy(limits, "{}", 3);
	body_read(body_root(r->body), "", fields, COUNT_OF(create_fields), in,
	    &r->faults);
	return in->limits.set ? limits_read(r, in->limits.node, patch,
	    limits) : OK;
}

static enum err
name_taken(struct req *r)
{
	body_fault_add(&r->faults, "/name", "exists",
	    "a tenant has this name");
	(void)req_problem(r, PROBLEM_EXISTS, "a tenant of this name exists");
	return ERR_EXISTS;
}

static enum err
create_tenant(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	char limits[LIMITS_TEXT_BYTES];
	struct tenant_in in;
	struct audit a;
	uint8_t id[16];
	enum err e;

	(void)arg;
	e = read_tenant(r, create_fields, false, &in, limits);
	if (e != OK)
		return e;
	if (r->faults.n > 0)
		return req_invalid(r);
	e = db_exec(db, SQL_STMT(tenant_insert),
	    DB_PARAMS(db_text(in.name.s), db_text(limits)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0) {
		db_rows_free(rows);
		return name_taken(r);
	}
	db_get_uuid(rows, 0, 0, id);
	db_rows_free(rows);
	audit_none(&a, r, AUDIT_TENANT, id);
	memcpy(a.tenant_id, id, 16);
	e = audit_write(db, r, &a, "tenant.create", in.name.s);
	return e != OK ? e : tenants_reply(db, r, 201, id);
}

enum err
resource_operator_create(struct req *r)
{
	return repo_operator(r, create_tenant, NULL);
}

static enum err
patch_tenant(struct db *db, struct req *r, void *arg)
{
	char limits[LIMITS_TEXT_BYTES];
	struct tenant_in in;
	struct audit a;
	uint8_t id[16];
	enum err e;

	(void)arg;
	e = tenants_find(db, r, id);
	if (e == OK)
		e = read_tenant(r, patch_fields, true, &in, limits);
	if (e != OK)
		return e;
	if (r->faults.n > 0)
		return req_invalid(r);
	e = audit_look_in(db, r, AUDIT_TENANT, id, id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(tenant_change), DB_PARAMS(
		    db_uuid(id), db_text(in.name.set ? in.name.s : NULL),
		    db_text(limits)), NULL);
	if (e == ERR_EXISTS)
		e = name_taken(r);
	if (e == OK)
		e = audit_write(db, r, &a, "tenant.change", req_param(r, 0));
	audit_fini(&a);
	return e != OK ? e : tenants_reply(db, r, 200, id);
}

enum err
resource_operator_patch(struct req *r)
{
	return acting_need_reason(r) ? repo_operator(r, patch_tenant, NULL) :
	    OK;
}

/* ---- the end of one ---- */

static enum err
delete_tenant(struct db *db, struct req *r, void *arg)
{
	const bool *force = arg;
	uint8_t id[16];
	enum err e = tenants_find(db, r, id);

	return e != OK ? e : tenants_end(db, r, id, *force);
}

enum err
resource_operator_delete(struct req *r)
{
	bool force;

	return tenants_force(r, &force) && acting_need_reason(r) ?
	    repo_operator(r, delete_tenant, &force) : OK;
}

static enum err
list_tenants(struct db *db, struct req *r, void *arg)
{
	const char *q = req_query(r, "q");
	const char *suspended = req_query(r, "suspended");
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
	if (suspended != NULL && strcmp(suspended, "true") != 0 &&
	    strcmp(suspended, "false") != 0)
		return req_bad_query(r, "suspended", "must be true or false");
	if (cursor[0] != '\0' && !db_uuid_parse(cursor, strlen(cursor), after))
		return req_bad_query(r, "cursor", "not one of ours");
	e = db_exec(db, SQL_STMT(tenant_list),
	    DB_PARAMS(db_uuid(after), db_i64(limit + 1), db_text(q),
		db_if(suspended != NULL, db_bool(suspended != NULL &&
		strcmp(suspended, "true") == 0))), &rows);
	if (e != OK)
		return e;
	n = db_rows_n(rows);
	jw_init(&w, TENANT_LIST_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++)
		tenants_print(&w, rows, i);
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

static enum err
get_tenant(struct db *db, struct req *r, void *arg)
{
	uint8_t id[16];
	enum err e;

	(void)arg;
	e = tenants_find(db, r, id);
	return e != OK ? e : tenants_reply(db, r, 200, id);
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
	e = tenants_find(db, r, id);
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

	e = tenants_find(db, r, id);
	if (e != OK)
		return e;
	memcpy(r->who.tenant_id, id, 16);	/* whose zones it names */
	return token_create(db, r, id, arg);
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

/* ---- the operator's own tokens ---- */

static enum err
list_own(struct db *db, struct req *r, void *arg)
{
	(void)arg;
	return token_list(db, r, NULL);
}

enum err
resource_operator_own_tokens(struct req *r)
{
	return repo_operator(r, list_own, NULL);
}

static enum err
revoke_own(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	uint8_t id[16];
	int64_t n;
	enum err e;

	(void)arg;
	if (!db_uuid_parse(req_param(r, 0), strlen(req_param(r, 0)), id))
		return ERR_NOT_FOUND;
	e = db_exec(db, SQL_STMT(token_revoke), DB_PARAMS(db_uuid(NULL),
	    db_uuid(id)), &rows);
	if (e != OK)
		return e;
	n = db_rows_affected(rows);
	db_rows_free(rows);
	if (n == 0)
		return ERR_NOT_FOUND;
	e = repo_audit(db, r, "token.revoke", req_param(r, 0));
	if (e == OK)
		reply_none(&r->reply, 204);
	return e;
}

enum err
resource_operator_own_revoke(struct req *r)
{
	return repo_operator(r, revoke_own, NULL);
}
