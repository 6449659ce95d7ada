/*
 * resource_people.c - what people do before they are signed in: sign up,
 *                     prove an address, set a forgotten password.
 *
 * Whether an address is known here is nobody's business: the same answer,
 * the same work, whatever is found.
 */
#include <stdlib.h>
#include <string.h>

#include "api/app.h"
#include "api/onetime.h"
#include "api/login.h"
#include "api/mail.h"
#include "api/repo.h"
#include "api/sql.h"

enum {
	PEOPLE_REPLY_MAX = 4096,
	/* What one client may ask for, and how often about one address. */
	CLIENT_BURST = 10, CLIENT_PAUSE_S = 60,
	SUBJECT_BURST = 3, SUBJECT_PAUSE_S = 900,
};

static enum err
accepted(struct req *r, const char *what)
{
	struct jw w;

	jw_init(&w, PEOPLE_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_str(&w, "status", "accepted");
	jw_str(&w, "message", what);
	jw_end_object(&w);
	return req_json(r, 202, &w);
}

static bool
read_email(struct req *r, const struct body_str *in, char out[EMAIL_BYTES])
{
	if (email_normal(in->s, out))
		return true;
	body_fault_add(&r->faults, "/email", "email", "is not an address");
	return false;
}

static bool
good_password(struct req *r, const struct body_str *in, const char *email)
{
	const char *fault = password_fault(in->s, in->len, email);

	if (fault == NULL)
		return true;
	body_fault_add(&r->faults, "/password", "password", "%s", fault);
	return false;
}

static enum err
void_link(struct req *r)
{
	return req_problem(r, PROBLEM_LINK_VOID, "ask for another one");
}

/* ---- sign-up ---- */

struct signup_in {
	struct body_str email, name, password, tenant;
};

static const struct body_field signup_fields[] = {
	{ "email", BODY_STR, BODY_REQ, 1, 300,
	  offsetof(struct signup_in, email) },
	{ "name", BODY_STR, BODY_OPT, 0, 100,
	  offsetof(struct signup_in, name) },
	{ "password", BODY_STR, BODY_REQ, 1, 1000,
	  offsetof(struct signup_in, password) },
	{ "tenant", BODY_STR, BODY_REQ, 1, 100,
	  offsetof(struct signup_in, tenant) },
};

struct signup {
	struct signup_in in;
	char email[EMAIL_BYTES];
	struct onetime link;
};

static enum err
may_sign_up(struct db *db, struct req *r, void *arg)
{
	bool taken;

	(void)arg;
	return login_rate(db, r, "sign-up", NULL, CLIENT_BURST,
	    CLIENT_PAUSE_S, &taken);
}

/* The account is made when the link is followed: until then, nothing that
 * somebody else typed stands under this address. */
static enum err
keep_sign_up(struct db *db, struct req *r, const struct signup *s)
{
	const struct mail m = { .recipient = s->email, .template = "verify",
		.link = s->link.url };
	char *payload;
	struct jw w;
	size_t len;
	bool queued;
	enum err e;

	jw_init(&w, PEOPLE_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_str(&w, "name", s->in.name.set ? s->in.name.s : "");
	jw_str(&w, "password_hash", r->password.made);
	jw_str(&w, "tenant", s->in.tenant.s);
	jw_end_object(&w);
	payload = jw_take(&w, &len);
	if (payload == NULL)
		return ERR_NO_MEMORY;
	e = onetime_store(db, &s->link, ONETIME_VERIFY, NULL, s->email, payload,
	    len);
	free(payload);
	if (e == OK)
		e = mail_put(db, r->app, &m, &queued);
	return e;
}

static enum err
sign_up(struct db *db, struct req *r, void *arg)
{
	const struct signup *s = arg;
	struct person p;
	bool taken;
	enum err e;

	e = login_rate(db, r, "sign-up", s->email, SUBJECT_BURST,
	    SUBJECT_PAUSE_S, &taken);
	if (e != OK)
		return e;
	e = person_find(db, s->email, NULL, &p);
	person_wipe(&p);
	if (e == ERR_NOT_FOUND && taken)
		e = keep_sign_up(db, r, s);
	if (e == OK || e == ERR_NOT_FOUND)
		e = repo_audit(db, r, "user.sign_up", NULL);
	return e != OK ? e : accepted(r, "if this address has no account yet, "
	    "a link was sent there: it finishes the sign-up");
}

enum err
resource_people_sign_up(struct req *r)
{
	struct signup s = { .email = "" };
	enum err e;

	if (!r->app->conf->api.signup)
		return req_problem(r, PROBLEM_SIGNUP_OFF, "ask the operator "
		    "of this service, or a member of your tenant, for an "
		    "invitation");
	if (!login_site(r) || !req_read(r, signup_fields,
	    COUNT_OF(signup_fields), &s.in))
		return OK;
	(void)read_email(r, &s.in.email, s.email);
	(void)good_password(r, &s.in.password, s.email);
	if (r->faults.n > 0)
		return req_invalid(r);
	if (r->password.state == PASSWORD_IDLE) {
		e = repo_auth(r, may_sign_up, NULL);
		if (e == OK && r->reply.status == 0)
			password_make(&r->password, s.in.password.s);
		return e;
	}
	if (r->password.err != OK)
		return r->password.err;
	onetime_make(r->app, ONETIME_VERIFY, &s.link);
	e = repo_auth(r, sign_up, &s);
	onetime_wipe(&s.link);
	return e;
}

/* ---- an address is theirs ---- */

struct token_only {
	struct body_str token;
};

static const struct body_field token_fields[] = {
	{ "token", BODY_STR, BODY_REQ, 1, 200,
	  offsetof(struct token_only, token) },
};

static enum err
make_account(struct db *db, const struct onetime_found *f, uint8_t out_id[16],
    uint8_t out_tenant[16])
{
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, SQL_STMT(user_add), DB_PARAMS(db_text(f->email),
	    db_text(f->name), db_text(f->password_hash)), &rows);
	if (e == OK && db_is_null(rows, 0, 0))
		e = ERR_EXISTS;
	if (e == OK)
		db_get_uuid(rows, 0, 0, out_id);
	db_rows_free(rows);
	rows = NULL;
	if (e == OK)
		e = db_exec(db, SQL_STMT(user_tenant_add), DB_PARAMS(
		    db_uuid(out_id), db_text(f->tenant)), &rows);
	if (e == OK)
		db_get_uuid(rows, 0, 0, out_tenant);
	db_rows_free(rows);
	return e;
}

static enum err
move_account(struct db *db, const struct onetime_found *f)
{
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, SQL_STMT(user_move), DB_PARAMS(db_uuid(f->user_id),
	    db_text(f->email)), &rows);
	if (e == OK && !db_get_bool(rows, 0, 0))
		e = ERR_EXISTS;
	db_rows_free(rows);
	return e;
}

static enum err
verify(struct db *db, struct req *r, void *arg)
{
	const struct token_only *in = arg;
	struct person p = { .email = "" };
	struct onetime_found f;
	uint8_t tenant[16];
	struct jw w;
	enum err e;

	e = onetime_find(db, r->app, in->token.s, ONETIME_VERIFY, true, &f);
	if (e == ERR_NOT_FOUND)
		return void_link(r);
	if (e == OK)
		e = f.has_user ? move_account(db, &f) :
		    make_account(db, &f, f.user_id, tenant);
	if (e == ERR_EXISTS) {
		(void)req_problem(r, PROBLEM_EXISTS,
		    "another account has this address: sign in there");
		return e;
	}
	if (e == OK)
		e = person_find(db, NULL, f.user_id, &p);
	if (e == OK) {
		person_is(r, &p);
		if (!f.has_user) {
			r->who.kind = AUTH_TENANT;
			memcpy(r->who.tenant_id, tenant, sizeof(tenant));
		}
		e = repo_audit(db, r, f.has_user ? "user.verify" :
		    "user.create", f.email);
	}
	person_wipe(&p);
	if (e != OK)
		return e;
	jw_init(&w, PEOPLE_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_str(&w, "email", f.email);
	jw_bool(&w, "verified", true);
	jw_end_object(&w);
	return req_json(r, 200, &w);
}

enum err
resource_people_verify(struct req *r)
{
	struct token_only in = { 0 };

	if (!login_site(r) || !req_read(r, token_fields,
	    COUNT_OF(token_fields), &in))
		return OK;
	return repo_auth(r, verify, &in);
}

/* ---- a forgotten password ---- */

struct reset_in {
	struct body_str email;
};

static const struct body_field reset_fields[] = {
	{ "email", BODY_STR, BODY_REQ, 1, 300,
	  offsetof(struct reset_in, email) },
};

struct reset {
	char email[EMAIL_BYTES];
	struct onetime link;
};

static enum err
send_reset(struct db *db, struct req *r, void *arg)
{
	const struct reset *x = arg;
	const struct mail m = { .recipient = x->email, .template = "reset",
		.link = x->link.url };
	struct person p = { .email = "" };
	bool client, subject, queued;
	enum err e;

	e = login_rate(db, r, "reset", NULL, CLIENT_BURST, CLIENT_PAUSE_S,
	    &client);
	if (e != OK || r->reply.status != 0)
		return e;
	e = login_rate(db, r, "reset", x->email, SUBJECT_BURST,
	    SUBJECT_PAUSE_S, &subject);
	if (e == OK)
		e = person_find(db, x->email, NULL, &p);
	/* Without a relay a link would be known to nobody. */
	if (e == OK && subject && mail_relayed(r->app)) {
		e = onetime_store(db, &x->link, ONETIME_RESET, p.id, p.email, NULL,
		    0);
		if (e == OK)
			e = mail_put(db, r->app, &m, &queued);
	}
	if (e == OK)
		e = repo_audit(db, r, "user.reset_wanted", p.email);
	person_wipe(&p);
	if (e != OK && e != ERR_NOT_FOUND)
		return e;
	return accepted(r, mail_relayed(r->app) ?
	    "if this address has an account, a link was sent there" :
	    "this service sends no mail: ask its operator for a link");
}

enum err
resource_people_reset(struct req *r)
{
	struct reset_in in = { 0 };
	struct reset x;
	enum err e;

	if (!login_site(r) || !req_read(r, reset_fields,
	    COUNT_OF(reset_fields), &in))
		return OK;
	if (!read_email(r, &in.email, x.email))
		return req_invalid(r);
	onetime_make(r->app, ONETIME_RESET, &x.link);
	e = repo_auth(r, send_reset, &x);
	onetime_wipe(&x.link);
	return e;
}

struct new_in {
	struct body_str token, password;
};

static const struct body_field new_fields[] = {
	{ "token", BODY_STR, BODY_REQ, 1, 200,
	  offsetof(struct new_in, token) },
	{ "password", BODY_STR, BODY_REQ, 1, 1000,
	  offsetof(struct new_in, password) },
};

static enum err
look_at_link(struct db *db, struct req *r, void *arg)
{
	const struct new_in *in = arg;
	struct onetime_found f;
	enum err e;

	e = onetime_find(db, r->app, in->token.s, ONETIME_RESET, false, &f);
	if (e == ERR_NOT_FOUND)
		return void_link(r);
	if (e == OK && !good_password(r, &in->password, f.email))
		return req_invalid(r);
	return e;
}

static enum err
set_password(struct db *db, struct req *r, void *arg)
{
	const struct new_in *in = arg;
	struct person p = { .email = "" };
	struct onetime_found f;
	enum err e;

	e = onetime_find(db, r->app, in->token.s, ONETIME_RESET, true, &f);
	if (e == OK)
		e = person_find(db, NULL, f.user_id, &p);
	if (e == ERR_NOT_FOUND)
		return void_link(r);
	if (e == OK)
		e = db_exec(db, SQL_STMT(password_set), DB_PARAMS(
		    db_uuid(p.id), db_text(r->password.made), db_uuid(NULL),
		    db_text(NULL)), NULL);
	if (e == OK) {
		person_is(r, &p);
		e = repo_audit(db, r, "user.password", p.email);
	}
	person_wipe(&p);
	if (e == OK)
		reply_none(&r->reply, 204);
	return e;
}

enum err
resource_people_new_password(struct req *r)
{
	struct new_in in = { 0 };
	enum err e;

	if (!login_site(r) || !req_read(r, new_fields, COUNT_OF(new_fields),
	    &in))
		return OK;
	if (r->password.state == PASSWORD_IDLE) {
		e = repo_auth(r, look_at_link, &in);
		if (e == OK && r->reply.status == 0)
			password_make(&r->password, in.password.s);
		return e;
	}
	return r->password.err != OK ? r->password.err :
	    repo_auth(r, set_password, &in);
}
