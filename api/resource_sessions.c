/*
 * resource_sessions.c - /v1/sessions: signing in and out.
 */
#include <string.h>

#include "api/app.h"
#include "api/onetime.h"
#include "api/login.h"
#include "api/repo.h"
#include "api/show.h"
#include "api/sql.h"

enum { SESSIONS_REPLY_MAX = 128 << 10 };

/* ---- by password ---- */

struct login_in {
	struct body_str email, password, code, recovery_code;
};

static const struct body_field login_fields[] = {
	{ "email", BODY_STR, BODY_REQ, 1, 300,
	  offsetof(struct login_in, email) },
	{ "password", BODY_STR, BODY_REQ, 1, PASSWORD_MAX,
	  offsetof(struct login_in, password) },
	{ "code", BODY_STR, BODY_OPT, 1, 20,
	  offsetof(struct login_in, code) },
	{ "recovery_code", BODY_STR, BODY_OPT, 1, 40,
	  offsetof(struct login_in, recovery_code) },
};

struct login {
	struct login_in in;
	char email[EMAIL_BYTES];
	struct person person;
};

/* May they try, and what is the password's hash? */
static enum err
begin_login(struct db *db, struct req *r, void *arg)
{
	struct login *l = arg;
	enum err e;

	e = login_take(db, r, l->email);
	if (e != OK || r->reply.status != 0)
		return e;
	e = person_find(db, l->email, NULL, &l->person);
	return e == ERR_NOT_FOUND ? OK : e;
}

/* Without a second factor, or with a good one, they are in. */
static enum err
second_step(struct db *db, struct req *r, const struct person *p,
    const char *code, const char *recovery, const char *how)
{
	enum err e = login_second(db, r, p, code, recovery);

	if (e == OK)
		return login_session(db, r, p, how);
	if (e == ERR_NOT_FOUND)
		return req_problem(r, PROBLEM_CODE_NEEDED, "send \"code\", or "
		    "one of the recovery codes as \"recovery_code\"");
	if (e == ERR_MISMATCH)
		return login_refuse(db, r, p);
	return e == ERR_BAD_SIG ? ERR_CORRUPT : e;
}

static enum err
end_login(struct db *db, struct req *r, void *arg)
{
	struct login *l = arg;
	struct person *p = &l->person;
	enum err e;

	e = person_find(db, l->email, NULL, p);
	if (e == ERR_NOT_FOUND)
		return login_refuse(db, r, NULL);
	if (e != OK)
		return e;
	/* It may have been changed since it was looked at. */
	if (!r->password.good ||
	    strcmp(p->password_hash, r->password.stored) != 0)
		return login_refuse(db, r, p);
	if (r->password.made[0] != '\0')
		e = db_exec(db, SQL_STMT(password_set), DB_PARAMS(
		    db_uuid(p->id), db_text(r->password.made), db_uuid(NULL),
		    db_text(p->password_hash)), NULL);
	return e != OK ? e : second_step(db, r, p,
	    l->in.code.set ? l->in.code.s : NULL,
	    l->in.recovery_code.set ? l->in.recovery_code.s : NULL,
	    "password");
}

enum err
resource_sessions_create(struct req *r)
{
	struct login l = { .email = "" };
	enum err e;

	if (!login_site(r) || !req_read(r, login_fields,
	    COUNT_OF(login_fields), &l.in))
		return OK;
	if (!email_normal(l.in.email.s, l.email)) {
		body_fault_add(&r->faults, "/email", "email",
		    "is not an address");
		return req_invalid(r);
	}
	if (r->password.state == PASSWORD_IDLE) {
		e = repo_auth(r, begin_login, &l);
		if (e == OK && r->reply.status == 0)
			password_verify(&r->password, l.in.password.s,
			    l.person.password_hash[0] != '\0' ?
			    l.person.password_hash : NULL);
	} else {
		e = r->password.err;
		if (e == OK)
			e = repo_auth(r, end_login, &l);
	}
	person_wipe(&l.person);
	return e;
}

/* ---- by a link ---- */

struct link_in {
	struct body_str token, code, recovery_code;
};

static const struct body_field link_fields[] = {
	{ "token", BODY_STR, BODY_REQ, 1, 200,
	  offsetof(struct link_in, token) },
	{ "code", BODY_STR, BODY_OPT, 1, 20, offsetof(struct link_in, code) },
	{ "recovery_code", BODY_STR, BODY_OPT, 1, 40,
	  offsetof(struct link_in, recovery_code) },
};

static enum err
void_link(struct req *r)
{
	return req_problem(r, PROBLEM_LINK_VOID,
	    "ask for another one, or sign in with your password");
}

/* The tries of a code at a link count as those at a password. */
static enum err
begin_link(struct db *db, struct req *r, void *arg)
{
	struct link_in *in = arg;
	struct onetime_found f;
	enum err e;

	e = onetime_find(db, r->app, in->token.s, ONETIME_LOGIN, false, &f);
	if (e == ERR_NOT_FOUND)
		return void_link(r);
	if (e == OK && (in->code.set || in->recovery_code.set))
		e = login_take(db, r, f.email);
	return e;
}

static enum err
follow_link(struct db *db, struct req *r, void *arg)
{
	struct link_in *in = arg;
	struct onetime_found f;
	struct person p = { .email = "" };
	enum err e;

	e = onetime_find(db, r->app, in->token.s, ONETIME_LOGIN, false, &f);
	if (e == OK)
		e = person_find(db, NULL, f.user_id, &p);
	if (e == ERR_NOT_FOUND)
		return void_link(r);
	if (e == OK)
		e = second_step(db, r, &p, in->code.set ? in->code.s : NULL,
		    in->recovery_code.set ? in->recovery_code.s : NULL,
		    "link");
	/* Used up when it let somebody in, and not before. */
	if (e == OK && r->reply.status == 201)
		e = onetime_find(db, r->app, in->token.s, ONETIME_LOGIN, true, &f);
	person_wipe(&p);
	return e;
}

enum err
resource_sessions_link(struct req *r)
{
	struct link_in in = { 0 };
	enum err e;

	if (!login_site(r) || !req_read(r, link_fields, COUNT_OF(link_fields),
	    &in))
		return OK;
	e = repo_auth(r, begin_link, &in);
	if (e == OK && r->reply.status == 0)
		e = repo_auth(r, follow_link, &in);
	return e;
}

/* ---- once more, for what is dangerous ---- */

struct prove_in {
	struct body_str password, code;
};

static const struct body_field prove_fields[] = {
	{ "password", BODY_STR, BODY_OPT, 1, PASSWORD_MAX,
	  offsetof(struct prove_in, password) },
	{ "code", BODY_STR, BODY_OPT, 1, 20, offsetof(struct prove_in, code) },
};

struct prove {
	struct prove_in in;
	struct person person;
};

static enum err
begin_prove(struct db *db, struct req *r, void *arg)
{
	struct prove *p = arg;
	enum err e;

	e = login_take(db, r, r->who.email);
	if (e == OK && r->reply.status == 0)
		e = person_find(db, NULL, r->who.user_id, &p->person);
	return e;
}

static enum err
end_prove(struct db *db, struct req *r, void *arg)
{
	struct prove *p = arg;
	bool good;
	enum err e;

	e = person_find(db, NULL, r->who.user_id, &p->person);
	if (e != OK)
		return e;
	if (p->in.password.set) {
		good = r->password.good && strcmp(p->person.password_hash,
		    r->password.stored) == 0;
	} else {
		e = p->person.has_totp ? login_second(db, r, &p->person,
		    p->in.code.s, NULL) : ERR_MISMATCH;
		if (e == ERR_BAD_SIG)
			return ERR_CORRUPT;
		if (e != OK && e != ERR_MISMATCH)
			return e;
		good = e == OK;
	}
	if (!good)
		return login_refuse(db, r, &p->person);
	e = db_exec(db, SQL_STMT(session_prove),
	    DB_PARAMS(db_uuid(r->who.session_id)), NULL);
	if (e == OK)
		e = repo_audit(db, r, "login.again", NULL);
	if (e == OK)
		reply_none(&r->reply, 204);
	return e;
}

enum err
resource_sessions_prove(struct req *r)
{
	struct prove p = { .in = { .code = { .set = false } } };
	enum err e;

	if (!req_read(r, prove_fields, COUNT_OF(prove_fields), &p.in))
		return OK;
	if (p.in.password.set == p.in.code.set) {
		body_fault_add(&r->faults, "/password", "choice",
		    "send either a password or a code");
		return req_invalid(r);
	}
	if (r->password.state == PASSWORD_DONE) {
		e = r->password.err;
		if (e == OK)
			e = repo_auth(r, end_prove, &p);
	} else {
		e = repo_auth(r, begin_prove, &p);
		if (e == OK && r->reply.status == 0 && p.in.password.set)
			password_verify(&r->password, p.in.password.s,
			    p.person.password_hash[0] != '\0' ?
			    p.person.password_hash : NULL);
		else if (e == OK && r->reply.status == 0)
			e = repo_auth(r, end_prove, &p);
	}
	person_wipe(&p.person);
	return e;
}

/* ---- one's own sessions ---- */

static enum err
list_sessions(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	uint8_t id[16];
	struct jw w;
	enum err e;

	(void)arg;
	e = db_exec(db, SQL_STMT(session_list), DB_PARAMS(
	    db_uuid(r->who.user_id), db_i64(r->app->conf->api.session_idle_s)),
	    &rows);
	if (e != OK)
		return e;
	jw_init(&w, SESSIONS_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < db_rows_n(rows); i++) {
		db_get_uuid(rows, i, 0, id);
		jw_begin_object(&w, NULL);
		show_uuid(&w, "id", rows, i, 0);
		jw_bool(&w, "current", memcmp(id, r->who.session_id,
		    sizeof(id)) == 0);
		show_time(&w, "created_at", rows, i, 1);
		show_time(&w, "used_at", rows, i, 2);
		show_time(&w, "expires_at", rows, i, 3);
		show_text(&w, "address", rows, i, 4);
		show_text(&w, "user_agent", rows, i, 5);
		show_uuid(&w, "tenant_id", rows, i, 6);
		jw_end_object(&w);
	}
	db_rows_free(rows);
	req_list_end(r, &w, NULL);
	return req_json(r, 200, &w);
}

enum err
resource_sessions_list(struct req *r)
{
	return repo_auth(r, list_sessions, NULL);
}

struct ending {
	bool all_others;
	bool current;
	uint8_t id[16];
};

static enum err
end_sessions(struct db *db, struct req *r, void *arg)
{
	const struct ending *x = arg;
	struct db_rows *rows = NULL;
	int64_t n;
	enum err e;

	e = db_exec(db, SQL_STMT(session_end), DB_PARAMS(
	    db_uuid(r->who.user_id), db_uuid(x->all_others ? NULL : x->id),
	    db_uuid(x->all_others ? r->who.session_id : NULL)), &rows);
	if (e != OK)
		return e;
	n = db_get_i64(rows, 0, 0);
	db_rows_free(rows);
	if (n == 0 && !x->all_others)
		return ERR_NOT_FOUND;
	e = repo_audit(db, r, "session.end", x->all_others ? "all others" :
	    x->current ? "current" : req_param(r, 0));
	if (e != OK)
		return e;
	reply_none(&r->reply, 204);
	if (x->current)
		login_cookie_end(r);
	return OK;
}

enum err
resource_sessions_end_others(struct req *r)
{
	struct ending x = { .all_others = true };

	return repo_auth(r, end_sessions, &x);
}

enum err
resource_sessions_end(struct req *r)
{
	const char *text = req_param(r, 0);
	struct ending x = { .current = strcmp(text, "current") == 0 };

	if (x.current)
		memcpy(x.id, r->who.session_id, sizeof(x.id));
	else if (!db_uuid_parse(text, strlen(text), x.id))
		return ERR_NOT_FOUND;
	else
		x.current = memcmp(x.id, r->who.session_id,
		    sizeof(x.id)) == 0;
	return repo_auth(r, end_sessions, &x);
}

/* ---- which tenant ---- */

struct choice_in {
	struct body_str tenant;
};

static const struct body_field choice_fields[] = {
	{ "tenant", BODY_STR, BODY_REQ | BODY_NULL, 1, 40,
	  offsetof(struct choice_in, tenant) },
};

static enum err
choose(struct db *db, struct req *r, void *arg)
{
	const struct body_str *tenant = arg;
	struct db_rows *rows = NULL;
	uint8_t hash[AUTH_HASH_BYTES], id[16];
	bool member;
	enum err e;

	if (!tenant->null && !db_uuid_parse(tenant->s, tenant->len, id)) {
		body_fault_add(&r->faults, "/tenant", "uuid",
		    "must be the id of a tenant, or null");
		return req_invalid(r);
	}
	e = db_exec(db, SQL_STMT(session_choose), DB_PARAMS(
	    db_uuid(r->who.session_id), db_uuid(tenant->null ? NULL : id)),
	    &rows);
	if (e != OK)
		return e;
	member = db_get_bool(rows, 0, 0);
	db_rows_free(rows);
	if (!member) {
		body_fault_add(&r->faults, "/tenant", "not-found",
		    "you are no member of such a tenant");
		return req_invalid(r);
	}
	auth_token_hash(&r->app->pepper, r->session, hash);
	rows = NULL;
	e = db_exec(db, SQL_STMT(session_find), DB_PARAMS(
	    db_bytes(hash, sizeof(hash)),
	    db_i64(r->app->conf->api.session_idle_s), db_uuid(NULL)), &rows);
	if (e == OK)
		e = db_rows_n(rows) != 1 ? ERR_NOT_FOUND :
		    repo_person(rows, &r->who);
	db_rows_free(rows);
	return e != OK ? e : person_reply(db, r, 200);
}

enum err
resource_sessions_choose(struct req *r)
{
	struct choice_in in = { 0 };

	if (!req_read(r, choice_fields, COUNT_OF(choice_fields), &in))
		return OK;
	return repo_auth(r, choose, &in.tenant);
}
