/*
 * repo.c - connections and transactions of a handler thread.  See repo.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/mask.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/role.h"
#include "api/sql.h"
#include "api/terms.h"
#include "common/db/db_tx.h"

enum db_role { AS_APP, AS_AUTH, AS_OPERATOR, AS_N };

struct repo {
	struct repo_conf conf;
	struct db *db[AS_N];
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
	for (int i = 0; i < AS_N; i++)
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
connection(struct repo *repo, enum db_role role, struct db **out_db)
{
	const char *conninfo[AS_N] = {
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

/* A token does what its maker may do today, and no more. */
static void
fill_maker(struct db_rows *rows, struct auth_who *who)
{
	if (db_is_null(rows, 0, 7))
		return;
	who->has_user = true;
	db_get_uuid(rows, 0, 7, who->user_id);
	who->role = role_parse(db_get_text_or(rows, 0, 8, ""));
	role_limit(who->scopes, who->role, who->scopes);
}

static void
fill_zones(struct db_rows *rows, struct auth_who *who)
{
	struct db_items items;
	const uint8_t *id;
	size_t len;

	if (db_is_null(rows, 0, 9))
		return;
	who->zones_limited = true;
	db_get_items(rows, 0, 9, &items);
	while (who->n_zones < AUTH_ZONES_MAX &&
	    db_items_next(&items, &id, &len))
		if (id != NULL && len == 16)
			memcpy(who->zone_id[who->n_zones++], id, 16);
}

static enum err
fill_who(struct db_rows *rows, struct auth_who *who)
{
	char scopes[AUTH_SCOPES_BYTES];

	memset(who, 0, sizeof(*who));
	who->via = AUTH_VIA_TOKEN;
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
	who->suspended = db_get_bool(rows, 0, 5);
	snprintf(who->name, sizeof(who->name), "%s", db_get_text(rows, 0, 6));
	fill_maker(rows, who);
	fill_zones(rows, who);
	if (db_rows_failed(rows))
		return ERR_CORRUPT;
	return db_get_bool(rows, 0, 10) ? OK : ERR_DENIED;
}

/* One statement as apid_auth, outside a transaction. */
static enum err
ask_auth(struct repo *repo, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params, struct db_rows **out_rows)
{
	struct db *db;
	enum err e;

	e = connection(repo, AS_AUTH, &db);
	if (e != OK)
		return e;
	e = db_exec(db, stmt, params, n_params, out_rows);
	if (e == ERR_DB_LOST) {
		/* An idle connection that the server closed: once more. */
		e = connection(repo, AS_AUTH, &db);
		if (e == OK)
			e = db_exec(db, stmt, params, n_params, out_rows);
	}
	if (e != OK && repo->db[AS_AUTH] != NULL)
		keep_why(repo, repo->db[AS_AUTH]);
	return e;
}

/* The look-ups are by a keyed hash: their time tells nothing about the
 * secret, so there is nothing left to compare. */

enum err
repo_token_find(struct repo *repo, const char *token, const char *peer,
    struct auth_who *out_who)
{
	uint8_t hash[AUTH_HASH_BYTES];
	struct db_rows *rows = NULL;
	enum err e;

	auth_token_hash(repo->conf.pepper, token, hash);
	e = ask_auth(repo, SQL_STMT(token_find),
	    DB_PARAMS(db_bytes(hash, sizeof(hash)),
		db_text(*peer != '\0' ? peer : NULL)), &rows);
	if (e != OK)
		return e;
	e = db_rows_n(rows) != 1 ? ERR_NOT_FOUND : fill_who(rows, out_who);
	db_rows_free(rows);
	return e;
}

/* What a person may do: staff as the operator, with a second factor only;
 * others by their role in the tenant. */
enum err
repo_person(struct db_rows *rows, struct auth_who *who)
{
	memset(who, 0, sizeof(*who));
	who->via = AUTH_VIA_SESSION;
	who->has_user = true;
	db_get_uuid(rows, 0, 0, who->session_id);
	db_get_uuid(rows, 0, 1, who->user_id);
	snprintf(who->email, sizeof(who->email), "%s",
	    db_get_text(rows, 0, 2));
	who->staff = db_get_bool(rows, 0, 3);
	who->has_totp = db_get_bool(rows, 0, 4);
	who->proven_ms = db_get_time_ms(rows, 0, 5);
	who->role = role_parse(db_get_text_or(rows, 0, 7, ""));
	role_scopes(who->role, who->scopes);
	if (who->staff) {
		if (who->has_totp) {
			who->kind = AUTH_OPERATOR;
			snprintf(who->scopes, sizeof(who->scopes), " * ");
		}
	} else if (who->role != ROLE_NONE) {
		who->kind = AUTH_TENANT;
		db_get_uuid(rows, 0, 6, who->tenant_id);
		db_uuid_print(who->tenant_id, who->tenant_text);
		who->suspended = db_get_bool(rows, 0, 8);
	}
	return db_rows_failed(rows) ? ERR_CORRUPT : OK;
}

enum err
repo_session_find(struct repo *repo, const char *session,
    const uint8_t *tenant_id, struct auth_who *out_who)
{
	uint8_t hash[AUTH_HASH_BYTES];
	struct db_rows *rows = NULL;
	enum err e;

	auth_token_hash(repo->conf.pepper, session, hash);
	e = ask_auth(repo, SQL_STMT(session_find),
	    DB_PARAMS(db_bytes(hash, sizeof(hash)),
		db_i64(repo->conf.session_idle_s), db_uuid(tenant_id)), &rows);
	if (e != OK)
		return e;
	e = db_rows_n(rows) != 1 ? ERR_NOT_FOUND : repo_person(rows, out_who);
	db_rows_free(rows);
	return e;
}

struct closure {
	struct req *r;
	repo_fn *fn;
	void *arg;
	enum db_role role;
	bool undone;			/* rolled back on purpose */
	bool aside;			/* the request's terms do not count */
};

/* Of one thing, not a list with filters: planning its statements again for
 * each request takes longer than running them. */
static bool
goes_by_keys(const struct route *route)
{
	return route != NULL && (route->method != ROUTE_GET ||
	    strchr(route->path, '{') != NULL);
}

static enum err
run_closure(struct db *db, void *arg)
{
	struct closure *c = arg;
	bool go, undo;
	enum err e;

	c->undone = false;
	if (!c->r->stream_begun)
		reply_reset(&c->r->reply);
	c->r->faults.n = 0;
	c->r->faults.n_more = 0;
	if (c->role == AS_APP) {
		e = db_exec(db, SQL_STMT(tenant_set),
		    DB_PARAMS(db_text(c->r->who.tenant_text)), NULL);
		if (e == OK)
			e = db_exec(db, SQL_STMT(plans_set), DB_PARAMS(db_text(
			    goes_by_keys(c->r->route) ? "force_generic_plan" :
			    "force_custom_plan")), NULL);
		if (e != OK)
			return e;
	}
	if (c->aside)
		return c->fn(db, c->r, c->arg);
	e = terms_before(db, (int)c->role, c->r, &go);
	if (e == OK && go)
		e = c->fn(db, c->r, c->arg);
	if (e != OK)
		return e;
	if (!go)
		undo = true;
	else
		e = terms_after(db, c->r, &undo);
	if (e == OK && undo) {
		c->undone = true;
		return ERR_INVALID;	/* roll back, do not try again */
	}
	return e;
}

static enum err
run_in(struct req *r, enum db_role role, enum db_tx_mode mode, repo_fn *fn,
    void *arg)
{
	struct closure c = { r, fn, arg, role, false, false };
	struct db *db;
	enum err e;

	if (r->terms.db != NULL && r->terms.db_role == (int)role)
		return fn(r->terms.db, r, arg);
	e = connection(r->repo, role, &db);
	if (e != OK)
		return e;
	/* What If-Match was compared with must not change under us. */
	if (mode == DB_TX_WRITE && req_header(r, REQ_HEADER_IF_MATCH) != NULL)
		mode = DB_TX_REPEATABLE;
	e = db_tx_run(db, mode, REPO_TRIES, run_closure, &c);
	if (c.undone)
		return OK;
	if (e != OK)
		keep_why(r->repo, db);
	return e;
}

enum err
repo_write(struct req *r, repo_fn *fn, void *arg)
{
	return run_in(r, AS_APP, DB_TX_WRITE, fn, arg);
}

enum err
repo_read(struct req *r, repo_fn *fn, void *arg)
{
	return run_in(r, AS_APP, DB_TX_SNAPSHOT, fn, arg);
}

enum err
repo_operator(struct req *r, repo_fn *fn, void *arg)
{
	return run_in(r, AS_OPERATOR, DB_TX_WRITE, fn, arg);
}

enum err
repo_aside(struct req *r, repo_fn *fn, void *arg)
{
	struct closure c = { r, fn, arg, AS_OPERATOR, false, true };
	struct db *db;
	enum err e;

	e = connection(r->repo, AS_OPERATOR, &db);
	if (e != OK)
		return e;
	e = db_tx_run(db, DB_TX_WRITE, REPO_TRIES, run_closure, &c);
	if (e != OK)
		keep_why(r->repo, db);
	return e;
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

enum err
repo_auth(struct req *r, repo_fn *fn, void *arg)
{
	return run_in(r, AS_AUTH, DB_TX_WRITE, fn, arg);
}

void
repo_actor(const struct req *r, char out[REPO_ACTOR_MAX])
{
	const struct auth_who *who = &r->who;

	if (who->via == AUTH_VIA_SESSION)
		snprintf(out, REPO_ACTOR_MAX, "%s:%s",
		    who->staff ? "operator" : "user", who->email);
	else if (who->via == AUTH_VIA_NOTHING)
		snprintf(out, REPO_ACTOR_MAX, "nobody");
	else
		snprintf(out, REPO_ACTOR_MAX, "%s:%s",
		    who->kind == AUTH_OPERATOR ? "operator" : "token",
		    who->prefix);
}

/* Who acts, as columns. */
struct actor {
	char text[REPO_ACTOR_MAX];
	const uint8_t *tenant_id;
	const char *kind, *source, *name, *reason;
	const uint8_t *person, *session, *token;
};

static void
find_actor(const struct req *r, struct actor *a)
{
	const struct auth_who *who = &r->who;
	bool operator = who->kind == AUTH_OPERATOR || who->staff;

	memset(a, 0, sizeof(*a));
	repo_actor(r, a->text);
	if (who->kind == AUTH_TENANT || who->acting)
		a->tenant_id = who->tenant_id;
	if (who->via == AUTH_VIA_SESSION) {
		a->kind = operator ? "staff" : "user";
		a->session = who->session_id;
		a->name = who->email;
	} else if (who->via == AUTH_VIA_TOKEN) {
		a->kind = operator ? "operator" : "token";
		a->token = who->token_id;
		a->name = who->name;
	} else {
		a->kind = "system";
	}
	if (who->has_user)
		a->person = who->user_id;
	if (who->reason[0] != '\0')
		a->reason = who->reason;
	a->source = r->peer[0] != '\0' ? r->peer : NULL;
}

/* What of a document goes into the audit; owned by @b. */
static enum err
masked(const char *json, struct buf *b, const char **out_text)
{
	enum err e;

	*out_text = NULL;
	if (json == NULL)
		return OK;
	e = mask_json(json, strlen(json), b);
	if (e == ERR_LIMIT) {
		*out_text = "{\"omitted\":\"the document is too large\"}";
		return OK;
	}
	if (e == OK)
		*out_text = buf_cstr(b);
	return e == ERR_MALFORMED ? ERR_INTERNAL : e;
}

enum err
repo_audit_change(struct db *db, struct req *r, const uint8_t *tenant_id,
    const char *action, const char *object, const char *before,
    const char *after)
{
	const char *old, *new;
	struct actor a;
	struct buf b[2];
	enum err e;

	find_actor(r, &a);
	buf_init(&b[0], REPO_DOCUMENT_MAX);
	buf_init(&b[1], REPO_DOCUMENT_MAX);
	e = masked(before, &b[0], &old);
	if (e == OK)
		e = masked(after, &b[1], &new);
	if (e == OK)
		e = db_exec(db, SQL_STMT(audit_put), DB_PARAMS(
		    db_uuid(tenant_id), db_text(a.text),
		    db_uuid(a.token), db_text(a.source),
		    db_text(action), db_text(object), db_text(r->id),
		    db_text(a.kind), db_uuid(a.person), db_text(a.name),
		    db_uuid(a.session), db_text(a.reason), db_text(old),
		    db_text(new)), NULL);
	buf_fini(&b[0]);
	buf_fini(&b[1]);
	return e;
}

enum err
repo_audit(struct db *db, struct req *r, const char *action,
    const char *object)
{
	struct actor a;

	find_actor(r, &a);
	return repo_audit_change(db, r, a.tenant_id, action, object, NULL,
	    NULL);
}

enum err
repo_audit_zones(struct db *db, struct req *r, struct db_array *ids)
{
	struct actor a;

	find_actor(r, &a);
	return db_exec(db, SQL_STMT(audit_put_zones), DB_PARAMS(
	    db_uuid(a.tenant_id), db_text(a.text), db_uuid(a.token),
	    db_text(a.source), db_text("zone.create"), db_array_param(ids),
	    db_text(r->id), db_text(a.kind), db_uuid(a.person),
	    db_text(a.name), db_uuid(a.session), db_text(a.reason)), NULL);
}

enum err
repo_ready(struct repo *repo)
{
	struct db *db;
	enum err e;

	e = connection(repo, AS_APP, &db);
	if (e == OK)
		e = db_exec(db, SQL_STMT(ready), DB_NO_PARAMS, NULL);
	return e;
}
