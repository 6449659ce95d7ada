/*
 * resource_join.c - /v1/invitations/look, accept, join: the other end of an
 *                   invitation.
 *
 * Who has the link may accept it: signed in as whoever they are, or, where the
 * invited address has no account, by setting a password, which makes one. The
 * switch for self sign-up has no say here: somebody invited them.
 */
#include <string.h>

#include "api/app.h"
#include "api/login.h"
#include "api/password.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"

enum { JOIN_REPLY_MAX = 4096, JOIN_BURST = 20, JOIN_PAUSE_S = 10 };

struct join_in {
	struct body_str token, password, name;
};

struct join {
	struct join_in in;
	uint8_t hash[AUTH_HASH_BYTES];
};

static const struct body_field token_fields[] = {
	{ "token", BODY_STR, BODY_REQ, 1, 200,
	  offsetof(struct join_in, token) },
};

static const struct body_field join_fields[] = {
	{ "token", BODY_STR, BODY_REQ, 1, 200,
	  offsetof(struct join_in, token) },
	{ "password", BODY_STR, BODY_REQ, 1, 1000,
	  offsetof(struct join_in, password) },
	{ "name", BODY_STR, BODY_OPT, 0, 100,
	  offsetof(struct join_in, name) },
};

static enum err
void_link(struct req *r)
{
	return req_problem(r, PROBLEM_LINK_VOID, "the invitation is over, or "
	    "was withdrawn: ask for another one");
}

static bool
read_token(struct req *r, struct join *j)
{
	if (!auth_text_check(AUTH_TEXT_LINK, j->in.token.s,
	    j->in.token.len)) {
		(void)void_link(r);
		return false;
	}
	auth_token_hash(&r->app->pepper, j->in.token.s, j->hash);
	return true;
}

/* One row of invitation_look, or the problem. */
static enum err
look(struct db *db, struct req *r, const struct join *j,
    struct db_rows **out_rows)
{
	bool taken;
	enum err e = login_rate(db, r, "invitation", NULL, JOIN_BURST,
	    JOIN_PAUSE_S, &taken);

	if (e != OK || r->reply.status != 0)
		return e;
	e = db_exec(db, SQL_STMT(invitation_look), DB_PARAMS(
	    db_bytes(j->hash, sizeof(j->hash))), out_rows);
	return e == OK && db_rows_n(*out_rows) == 0 ? void_link(r) : e;
}

/* ---- what is it? ---- */

static enum err
show(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	struct jw w;
	enum err e = look(db, r, arg, &rows);

	if (e == OK && r->reply.status == 0) {
		jw_init(&w, JOIN_REPLY_MAX);
		jw_begin_object(&w, NULL);
		show_text(&w, "tenant", rows, 0, 1);
		show_text(&w, "email", rows, 0, 2);
		show_text(&w, "role", rows, 0, 3);
		jw_bool(&w, "has_account", db_get_bool(rows, 0, 4));
		jw_end_object(&w);
		e = req_json(r, 200, &w);
	}
	db_rows_free(rows);
	return e;
}

enum err
resource_join_look(struct req *r)
{
	struct join j = { { { 0 } } };

	if (!req_read(r, token_fields, COUNT_OF(token_fields), &j.in) ||
	    !read_token(r, &j))
		return OK;
	return repo_auth(r, show, &j);
}

/* ---- becoming a member ---- */

static enum err
take(struct db *db, struct req *r, const struct join *j,
    const uint8_t user_id[16], struct db_rows **out_rows)
{
	char text[DB_UUID_TEXT_SIZE], after[128];
	uint8_t tenant_id[16];
	enum err e;

	e = db_exec(db, SQL_STMT(invitation_take), DB_PARAMS(
	    db_bytes(j->hash, sizeof(j->hash)), db_uuid(user_id)), out_rows);
	if (e != OK)
		return e;
	if (db_rows_n(*out_rows) == 0) {
		(void)void_link(r);
		return ERR_NOT_FOUND;
	}
	db_get_uuid(*out_rows, 0, 0, tenant_id);
	db_uuid_print(user_id, text);
	snprintf(after, sizeof(after), "{\"id\":\"%s\",\"role\":\"%s\"}", text,
	    db_get_text(*out_rows, 0, 1));
	return repo_audit_change(db, r, tenant_id, "member.join", text, NULL,
	    after);
}

static enum err
accept_it(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	struct jw w;
	enum err e = take(db, r, arg, r->who.user_id, &rows);

	if (e == OK) {
		jw_init(&w, JOIN_REPLY_MAX);
		jw_begin_object(&w, NULL);
		show_uuid(&w, "tenant", rows, 0, 0);
		show_text(&w, "role", rows, 0, 1);
		jw_bool(&w, "joined", db_get_bool(rows, 0, 2));
		jw_end_object(&w);
		e = req_json(r, 200, &w);
	}
	db_rows_free(rows);
	return e;
}

enum err
resource_join_accept(struct req *r)
{
	struct join j = { { { 0 } } };

	if (!req_read(r, token_fields, COUNT_OF(token_fields), &j.in) ||
	    !read_token(r, &j))
		return OK;
	if (r->who.staff)
		return req_problem(r, PROBLEM_NOT_ALLOWED,
		    "staff of the operator are members of no tenant");
	return repo_auth(r, accept_it, &j);
}

/* ---- with a new account ---- */

static enum err
may_join(struct db *db, struct req *r, void *arg)
{
	struct join *j = arg;
	struct db_rows *rows = NULL;
	const char *fault;
	enum err e = look(db, r, j, &rows);

	if (e == OK && r->reply.status == 0 && db_get_bool(rows, 0, 4))
		e = req_problem(r, PROBLEM_EXISTS, "there is an account for "
		    "this address: log in, then POST /v1/invitations/accept");
	if (e == OK && r->reply.status == 0) {
		fault = password_fault(j->in.password.s, j->in.password.len,
		    db_get_text(rows, 0, 2));
		if (fault != NULL) {
			body_fault_add(&r->faults, "/password", "password",
			    "%s", fault);
			e = req_invalid(r);
		}
	}
	db_rows_free(rows);
	return e;
}

static enum err
make_person(struct db *db, struct req *r, const struct join *j,
    const char *email, struct person *p)
{
	struct db_rows *rows = NULL;
	uint8_t id[16];
	enum err e;

	e = db_exec(db, SQL_STMT(user_add), DB_PARAMS(db_text(email),
	    db_text(j->in.name.set ? j->in.name.s : ""),
	    db_text(r->password.made)), &rows);
	if (e == OK && db_is_null(rows, 0, 0)) {
		(void)req_problem(r, PROBLEM_EXISTS, "there is an account for "
		    "this address: log in, then POST /v1/invitations/accept");
		e = ERR_EXISTS;
	}
	if (e == OK)
		db_get_uuid(rows, 0, 0, id);
	db_rows_free(rows);
	if (e == OK)
		e = person_find(db, NULL, id, p);
	if (e != OK)
		return e;
	person_is(r, p);
	return repo_audit(db, r, "user.create", p->email);
}

static enum err
join(struct db *db, struct req *r, void *arg)
{
	const struct join *j = arg;
	struct db_rows *rows = NULL, *taken = NULL;
	struct person p = { .email = "" };
	enum err e;

	e = db_exec(db, SQL_STMT(invitation_look), DB_PARAMS(
	    db_bytes(j->hash, sizeof(j->hash))), &rows);
	if (e == OK && db_rows_n(rows) == 0) {
		(void)void_link(r);
		e = ERR_NOT_FOUND;
	}
	if (e == OK)
		e = make_person(db, r, j, db_get_text(rows, 0, 2), &p);
	if (e == OK)
		e = take(db, r, j, p.id, &taken);
	if (e == OK)
		e = login_session(db, r, &p, "invitation");
	db_rows_free(taken);
	db_rows_free(rows);
	person_wipe(&p);
	return e;
}

enum err
resource_join_new(struct req *r)
{
	struct join j = { { { 0 } } };
	enum err e;

	if (!login_site(r) || !req_read(r, join_fields, COUNT_OF(join_fields),
	    &j.in) || !read_token(r, &j))
		return OK;
	if (r->password.state == PASSWORD_IDLE) {
		e = repo_auth(r, may_join, &j);
		if (e == OK && r->reply.status == 0)
			password_make(&r->password, j.in.password.s);
		return e;
	}
	return r->password.err != OK ? r->password.err :
	    repo_auth(r, join, &j);
}
