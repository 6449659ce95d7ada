/*
 * resource_tokens.c - /v1/tokens: a tenant's own tokens.
 */
#include <stdio.h>
#include <string.h>

#include "api/app.h"
#include "api/audit.h"
#include "api/lookup.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"
#include "api/token.h"

static enum err
list_tokens(struct db *db, struct req *r, void *arg)
{
	(void)arg;
	return token_list(db, r, r->who.tenant_id);
}

enum err
resource_tokens_list(struct req *r)
{
	return repo_read(r, list_tokens, NULL);
}

static enum err
create_token(struct db *db, struct req *r, void *arg)
{
	enum err e;

	e = lookup_room(db, r, "tokens",
	    r->app->conf->limits.tokens_per_tenant, SQL_STMT(token_count));
	return e != OK ? e : token_create(db, r, r->who.tenant_id, arg);
}

/* Nobody hands out more than they have. */
static void
check_own(struct req *r, const struct token_new *t)
{
	char pointer[FAULT_POINTER_MAX];

	for (size_t i = 0; i < t->n_scopes; i++) {
		/* Of a person "*" is "what I may": it is looked up at use. */
		if (auth_has_scope(&r->who, t->scope[i]) ||
		    (r->who.has_user && strcmp(t->scope[i], "*") == 0 &&
		    r->who.via == AUTH_VIA_SESSION))
			continue;
		body_pointer_at(pointer, sizeof(pointer), "/scopes", i);
		body_fault_add(&r->faults, pointer, "scope",
		    "your own token does not have this scope");
	}
}

enum err
resource_tokens_create(struct req *r)
{
	struct token_new t;
	enum err e;

	token_read(r, &t);
	if (r->faults.n == 0)
		check_own(r, &t);
	if (r->faults.n > 0)
		return req_invalid(r);
	e = repo_write(r, create_token, &t);
	token_wipe(&t);
	return e;
}

static enum err
revoke_token(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	struct audit a;
	uint8_t id[16];
	int64_t n;
	enum err e;

	(void)arg;
	if (!db_uuid_parse(req_param(r, 0), strlen(req_param(r, 0)), id))
		return ERR_NOT_FOUND;
	e = audit_look(db, r, AUDIT_TOKEN, id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(token_revoke), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(id)), &rows);
	n = e == OK ? db_rows_affected(rows) : 0;
	db_rows_free(rows);
	if (e == OK && n == 0)
		e = ERR_NOT_FOUND;
	if (e == OK)
		e = audit_write(db, r, &a, "token.revoke", req_param(r, 0));
	audit_fini(&a);
	if (e == OK)
		reply_none(&r->reply, 204);
	return e;
}

enum err
resource_tokens_revoke(struct req *r)
{
	return repo_write(r, revoke_token, NULL);
}

/* ---- one token ---- */

static bool
read_id(struct req *r, uint8_t id[16])
{
	return db_uuid_parse(req_param(r, 0), strlen(req_param(r, 0)), id);
}

static enum err
get_token(struct db *db, struct req *r, void *arg)
{
	uint8_t id[16];

	(void)arg;
	return read_id(r, id) ? token_reply(db, r, 200, r->who.tenant_id, id,
	    NULL) : ERR_NOT_FOUND;
}

enum err
resource_tokens_get(struct req *r)
{
	return repo_read(r, get_token, NULL);
}

static enum err
change(struct db *db, struct req *r, const uint8_t id[16],
    const struct token_new *t)
{
	struct db_array networks;
	struct db_rows *rows = NULL;
	enum err e;

	db_array_init(&networks, DB_ARRAY_TEXT, 8192);
	for (size_t i = 0; i < t->n_networks; i++)
		db_array_add(&networks, t->network[i],
		    strlen(t->network[i]));
	e = db_exec(db, SQL_STMT(token_change), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(id),
	    db_text(t->set_name ? t->name : NULL), db_bool(t->set_expiry),
	    db_if(t->has_expiry, db_time_ms(t->expires_ms)),
	    db_bool(t->set_networks),
	    db_if(t->n_networks > 0, db_array_param(&networks)),
	    db_bool(t->set_idle), db_if(t->idle_days > 0,
	    db_i64(t->idle_days))), &rows);
	db_array_fini(&networks);
	if (e == OK && db_rows_affected(rows) == 0)
		e = ERR_NOT_FOUND;
	db_rows_free(rows);
	return e;
}

static enum err
patch_token(struct db *db, struct req *r, void *arg)
{
	struct token_new *t = arg;
	struct audit a;
	uint8_t id[16];
	enum err e;

	token_read_patch(r, t);
	if (!read_id(r, id))
		return ERR_NOT_FOUND;
	e = token_check_bounds(db, r, t);
	if (e != OK)
		return e;
	if (r->faults.n > 0)
		return req_invalid(r);
	e = audit_look(db, r, AUDIT_TOKEN, id, &a);
	if (e == OK)
		e = change(db, r, id, t);
	if (e == OK)
		e = audit_write(db, r, &a, "token.change", req_param(r, 0));
	audit_fini(&a);
	return e != OK ? e : token_reply(db, r, 200, r->who.tenant_id, id,
	    NULL);
}

enum err
resource_tokens_patch(struct req *r)
{
	struct token_new t;

	return repo_write(r, patch_token, &t);
}

/* ---- a new secret ---- */

struct rotation {
	struct body_int overlap_hours;
	struct token_new t;
};

static const struct body_field rotate_fields[] = {
	{ "overlap_hours", BODY_INT, BODY_OPT, 0, 168,
	  offsetof(struct rotation, overlap_hours) },
};

/* A new secret is in the caller's hands: what it opens must be theirs. */
static enum err
check_rotation(struct db *db, struct req *r, const uint8_t id[16],
    struct db_rows *rows)
{
	const char *scopes = db_get_text(rows, 0, 3);
	struct db_rows *own = NULL;
	char scope[64];
	bool bounded;
	enum err e;

	for (const char *p = scopes; (p = strchr(p, '"')) != NULL; p++) {
		size_t n = strcspn(++p, "\"");

		snprintf(scope, sizeof(scope), "%.*s", (int)n, p);
		p += n;
		if (!auth_has_scope(&r->who, scope) &&
		    !(r->who.via == AUTH_VIA_SESSION && strcmp(scope, "*") == 0))
			return req_problem(r, PROBLEM_NOT_ALLOWED, "the token "
			    "has the scope %s, which you do not have", scope);
	}
	if (r->who.kind != AUTH_TENANT || r->who.via != AUTH_VIA_TOKEN ||
	    memcmp(id, r->who.token_id, 16) == 0)
		return OK;
	e = db_exec(db, SQL_STMT(token_bounds), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(r->who.token_id),
	    db_if(false, db_text("")), db_bool(false),
	    db_if(false, db_time_ms(0)), db_bool(false)), &own);
	if (e != OK)
		return e;
	bounded = db_rows_n(own) != 1 || db_get_bool(own, 0, 2);
	db_rows_free(own);
	return bounded ? req_problem(r, PROBLEM_NOT_ALLOWED, "a token with "
	    "networks or an expiry rotates itself only") : OK;
}

/* Its own expiry is that of before the old one was retired. */
static enum err
renew(struct db *db, struct req *r, const uint8_t id[16],
    struct rotation *x, struct db_rows *before, uint8_t out_id[16])
{
	bool expires = !db_is_null(before, 0, 5);
	bool person = r->who.kind == AUTH_TENANT && r->who.has_user;
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, SQL_STMT(token_renew), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(id), db_text(x->t.prefix),
	    db_bytes(x->t.hash, sizeof(x->t.hash)),
	    db_uuid(person ? r->who.user_id : NULL),
	    db_if(expires, db_time_ms(expires ?
		db_get_time_ms(before, 0, 5) : 0))), &rows);
	if (e == OK)
		db_get_uuid(rows, 0, 0, out_id);
	db_rows_free(rows);
	return e;
}

static enum err
retire(struct db *db, struct req *r, const uint8_t id[16], int64_t hours)
{
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, SQL_STMT(token_retire), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(id), db_i64(hours)), &rows);
	if (e == OK && db_rows_affected(rows) == 0)
		e = ERR_NOT_FOUND;
	db_rows_free(rows);
	return e != OK ? e : lookup_room(db, r, "tokens",
	    r->app->conf->limits.tokens_per_tenant, SQL_STMT(token_count));
}

static enum err
rotate(struct db *db, struct req *r, void *arg)
{
	struct rotation *x = arg;
	struct db_rows *rows = NULL;
	struct audit a = { .before = NULL };
	uint8_t id[16], new_id[16];
	enum err e;

	if (!read_id(r, id))
		return ERR_NOT_FOUND;
	e = db_exec(db, SQL_STMT(token_get), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(id)), &rows);
	if (e != OK)
		return e;
	e = db_rows_n(rows) == 0 ? ERR_NOT_FOUND :
	    check_rotation(db, r, id, rows);
	if (e != OK || r->reply.status != 0)
		goto out;
	e = audit_look(db, r, AUDIT_TOKEN, id, &a);
	if (e == OK)
		e = retire(db, r, id, x->overlap_hours.set ?
		    x->overlap_hours.v : 24);
	if (e == OK)
		e = renew(db, r, id, x, rows, new_id);
	if (e == OK)
		e = audit_write(db, r, &a, "token.rotate", req_param(r, 0));
	if (e == OK)
		e = audit_made(db, r, AUDIT_TOKEN, new_id, "token.create",
		    x->t.prefix);
	if (e == OK)
		e = token_reply(db, r, 201, r->who.tenant_id, new_id,
		    x->t.text);
out:
	audit_fini(&a);
	db_rows_free(rows);
	return e;
}

enum err
resource_tokens_rotate(struct req *r)
{
	struct rotation x;
	enum err e;

	memset(&x, 0, sizeof(x));
	if (r->body != NULL && !req_read(r, rotate_fields,
	    COUNT_OF(rotate_fields), &x))
		return OK;
	token_draw(r, &x.t);
	e = repo_write(r, rotate, &x);
	token_wipe(&x.t);
	return e;
}
