/*
 * repo.c - connections and transactions of a handler thread.  See repo.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/repo.h"
#include "api/req.h"
#include "api/sql.h"
#include "common/db/db_tx.h"

enum role { ROLE_APP, ROLE_AUTH, ROLE_OPERATOR, ROLE_N };

struct repo {
	struct repo_conf conf;
	struct db *db[ROLE_N];
	char why[256];
};

enum err
repo_new(const struct repo_conf *conf, struct repo **out_repo)
{
	struct repo *repo = calloc(1, sizeof(*repo));

	if (repo == NULL)
		return ERR_NO_MEMORY;
	repo->conf = *conf;
	*out_repo = repo;
	return OK;
}

void
repo_free(struct repo *repo)
{
	if (repo == NULL)
		return;
	for (int i = 0; i < ROLE_N; i++)
		if (repo->db[i] != NULL)
			db_close(repo->db[i]);
	free(repo);
}

const char *
repo_why(const struct repo *repo)
{
	return repo->why;
}

/* The connection of a role: opened when first needed, again when lost. */
static enum err
connection(struct repo *repo, enum role role, struct db **out_db)
{
	const char *conninfo[ROLE_N] = {
		repo->conf.app, repo->conf.auth, repo->conf.operator,
	};
	struct db_conf conf = {
		.conninfo = conninfo[role],
		.program = "apid",
		.connect_timeout_s = repo->conf.connect_timeout_s,
		.timeout_ms = repo->conf.timeout_ms,
		.prepare = repo->conf.prepare,
	};
	enum err e;

	repo->why[0] = '\0';
	if (repo->db[role] == NULL)
		e = db_open(&conf, &repo->db[role], repo->why,
		    sizeof(repo->why));
	else
		e = db_ensure(repo->db[role]);
	if (e == OK)
		*out_db = repo->db[role];
	return e;
}

static void
keep_why(struct repo *repo, struct db *db)
{
	snprintf(repo->why, sizeof(repo->why), "%s %s", db_sqlstate(db),
	    db_error(db));
}

static enum err
fill_who(struct db_rows *rows, struct auth_who *who)
{
	char scopes[AUTH_SCOPES_BYTES];

	memset(who, 0, sizeof(*who));
	db_get_uuid(rows, 0, 0, who->token_id);
	who->kind = strcmp(db_get_text(rows, 0, 1), "operator") == 0 ?
	    AUTH_OPERATOR : AUTH_TENANT;
	if (who->kind == AUTH_TENANT) {
		db_get_uuid(rows, 0, 2, who->tenant_id);
		db_uuid_print(who->tenant_id, who->tenant_text);
	}
	snprintf(who->prefix, sizeof(who->prefix), "%s",
	    db_get_text(rows, 0, 3));
	snprintf(scopes, sizeof(scopes), "%s", db_get_text(rows, 0, 4));
	snprintf(who->scopes, sizeof(who->scopes), " %.*s ",
	    (int)sizeof(who->scopes) - 3, scopes);
	if (db_rows_failed(rows))
		return ERR_CORRUPT;
	return db_get_bool(rows, 0, 5) ? ERR_DENIED : OK;
}

enum err
repo_token_find(struct repo *repo, const char *token,
    struct auth_who *out_who)
{
	uint8_t hash[AUTH_HASH_BYTES];
	struct db_rows *rows = NULL;
	struct db *db;
	enum err e;

	auth_token_hash(repo->conf.pepper, token, hash);
	e = connection(repo, ROLE_AUTH, &db);
	if (e != OK)
		return e;
	e = db_exec(db, SQL_STMT(token_find),
	    DB_PARAMS(db_bytes(hash, sizeof(hash))), &rows);
	if (e == ERR_DB_LOST) {
		/* An idle connection that the server closed: once more. */
		e = connection(repo, ROLE_AUTH, &db);
		if (e == OK)
			e = db_exec(db, SQL_STMT(token_find),
			    DB_PARAMS(db_bytes(hash, sizeof(hash))), &rows);
	}
	if (e != OK) {
		if (repo->db[ROLE_AUTH] != NULL)
			keep_why(repo, repo->db[ROLE_AUTH]);
		return e;
	}
	if (db_rows_n(rows) != 1) {
		db_rows_free(rows);
		return ERR_NOT_FOUND;
	}
	/* The look-up is by a keyed hash: its time tells nothing about the
	 * token, so there is nothing left to compare. */
	e = fill_who(rows, out_who);
	db_rows_free(rows);
	return e;
}

struct closure {
	struct req *r;
	repo_fn *fn;
	void *arg;
	bool as_tenant;
};

static enum err
run_closure(struct db *db, void *arg)
{
	struct closure *c = arg;
	enum err e;

	if (!c->r->stream_begun)
		reply_reset(&c->r->reply);
	c->r->faults.n = 0;
	c->r->faults.n_more = 0;
	if (c->as_tenant) {
		e = db_exec(db, SQL_STMT(tenant_set),
		    DB_PARAMS(db_text(c->r->who.tenant_text)), NULL);
		if (e != OK)
			return e;
	}
	return c->fn(db, c->r, c->arg);
}

static enum err
run_in(struct req *r, enum role role, enum db_tx_mode mode, repo_fn *fn,
    void *arg)
{
	struct closure c = { r, fn, arg, role == ROLE_APP };
	struct db *db;
	enum err e;

	e = connection(r->repo, role, &db);
	if (e != OK)
		return e;
	e = db_tx_run(db, mode, REPO_TRIES, run_closure, &c);
	if (e != OK)
		keep_why(r->repo, db);
	return e;
}

enum err
repo_write(struct req *r, repo_fn *fn, void *arg)
{
	return run_in(r, ROLE_APP, DB_TX_WRITE, fn, arg);
}

enum err
repo_read(struct req *r, repo_fn *fn, void *arg)
{
	return run_in(r, ROLE_APP, DB_TX_SNAPSHOT, fn, arg);
}

enum err
repo_operator(struct req *r, repo_fn *fn, void *arg)
{
	return run_in(r, ROLE_OPERATOR, DB_TX_WRITE, fn, arg);
}

enum err
repo_savepoint(struct db *db, struct req *r, repo_fn *fn, void *arg)
{
	enum err e, undo;

	e = db_tx_save(db);
	if (e != OK)
		return e;
	e = fn(db, r, arg);
	if (e == OK)
		return db_tx_save_keep(db);
	if (err_class(e) == ERR_CLASS_REJECT) {
		undo = db_tx_save_undo(db);
		if (undo != OK)
			return undo;
	}
	return e;
}

void
repo_actor(const struct req *r, char out[REPO_ACTOR_MAX])
{
	snprintf(out, REPO_ACTOR_MAX, "%s:%s",
	    r->who.kind == AUTH_OPERATOR ? "operator" : "token",
	    r->who.prefix);
}

enum err
repo_audit(struct db *db, struct req *r, const char *action,
    const char *object)
{
	char actor[REPO_ACTOR_MAX];

	repo_actor(r, actor);
	return db_exec(db, SQL_STMT(audit_add),
	    DB_PARAMS(db_uuid(r->who.kind == AUTH_TENANT ? r->who.tenant_id :
		NULL), db_text(actor), db_uuid(r->who.token_id),
		db_text(r->peer[0] != '\0' ? r->peer : NULL), db_text(action),
		db_text(object), db_text(r->id)), NULL);
}

enum err
repo_ready(struct repo *repo)
{
	struct db *db;
	enum err e;

	e = connection(repo, ROLE_APP, &db);
	if (e == OK)
		e = db_exec(db, SQL_STMT(ready), DB_NO_PARAMS, NULL);
	return e;
}
