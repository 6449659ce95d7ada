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
		if (auth_has_scope(&r->who, t->scope[i]))
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
