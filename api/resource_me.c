/*
 * resource_me.c - /v1/me: who is signed in, their name, address, password
 *                 and second factor.
 */
#include <stdio.h>
#include <string.h>

#include "api/app.h"
#include "api/onetime.h"
#include "api/login.h"
#include "api/mail.h"
#include "api/repo.h"
#include "api/show.h"
#include "api/sql.h"
#include "common/base/now.h"

enum { ME_REPLY_MAX = 64 << 10 };

/* ---- who am I ---- */

static enum err
show_person(struct db *db, struct req *r, void *arg)
{
	(void)arg;
	return person_reply(db, r, 200);
}

static enum err
show_tenant_token(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	struct jw w;
	enum err e;

	(void)arg;
	e = db_exec(db, SQL_STMT(me), DB_PARAMS(db_uuid(r->who.tenant_id),
	    db_uuid(r->who.token_id)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0) {
		db_rows_free(rows);
		return ERR_NOT_FOUND;
	}
	jw_init(&w, ME_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_object(&w, "tenant");
	show_uuid(&w, "id", rows, 0, 0);
	show_text(&w, "name", rows, 0, 1);
	show_json(&w, "limits", rows, 0, 2);
	show_time(&w, "created_at", rows, 0, 3);
	jw_end_object(&w);
	jw_begin_object(&w, "token");
	show_uuid(&w, "id", rows, 0, 4);
	show_text(&w, "name", rows, 0, 5);
	show_text(&w, "prefix", rows, 0, 6);
	show_json(&w, "scopes", rows, 0, 7);
	show_time(&w, "expires_at", rows, 0, 8);
	jw_end_object(&w);
	jw_end_object(&w);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

/* An operator's token has no tenant, and no row that apid_app sees. */
static enum err
show_operator_token(struct req *r)
{
	char id[DB_UUID_TEXT_SIZE];
	struct jw w;

	db_uuid_print(r->who.token_id, id);
	jw_init(&w, ME_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_null(&w, "tenant");
	jw_begin_object(&w, "token");
	jw_str(&w, "id", id);
	jw_str(&w, "prefix", r->who.prefix);
	jw_end_object(&w);
	jw_bool(&w, "operator", true);
	jw_end_object(&w);
	return req_json(r, 200, &w);
}

enum err
resource_me_get(struct req *r)
{
	if (r->who.via == AUTH_VIA_SESSION)
		return repo_auth(r, show_person, NULL);
	if (r->who.kind == AUTH_OPERATOR)
		return show_operator_token(r);
	return repo_read(r, show_tenant_token, NULL);
}

/* ---- name and address ---- */

struct me_in {
	struct body_str name, email;
};

static const struct body_field me_fields[] = {
	{ "name", BODY_STR, BODY_OPT, 0, 100, offsetof(struct me_in, name) },
	{ "email", BODY_STR, BODY_OPT, 1, 300, offsetof(struct me_in, email) },
};

struct me_patch {
	struct me_in in;
	char email[EMAIL_BYTES];
	struct onetime link;
};

/* A new address counts when the link that goes there was followed. */
static enum err
send_verify(struct db *db, struct req *r, const struct me_patch *p)
{
	const struct mail m = { .recipient = p->email, .template = "verify",
		.link = p->link.url };
	bool taken, queued;
	enum err e;

	e = login_rate(db, r, "verify", NULL, 10, 60, &taken);
	if (e != OK || r->reply.status != 0)
		return e;
	e = onetime_store(db, &p->link, ONETIME_VERIFY, r->who.user_id, p->email,
	    NULL, 0);
	if (e == OK)
		e = mail_put(db, r->app, &m, &queued);
	return e;
}

static enum err
patch_me(struct db *db, struct req *r, void *arg)
{
	const struct me_patch *p = arg;
	enum err e = OK;

	if (p->in.name.set)
		e = db_exec(db, SQL_STMT(user_rename), DB_PARAMS(
		    db_uuid(r->who.user_id), db_text(p->in.name.s)), NULL);
	if (e == OK && p->in.email.set)
		e = send_verify(db, r, p);
	if (e != OK || r->reply.status != 0)
		return e != OK ? e : ERR_LIMIT;
	e = repo_audit(db, r, p->in.email.set ? "user.email" : "user.name",
	    p->in.email.set ? p->email : r->who.email);
	return e != OK ? e : person_reply(db, r, p->in.email.set ? 202 : 200);
}

enum err
resource_me_patch(struct req *r)
{
	struct me_patch p = { .email = "" };
	enum err e;

	if (!req_read(r, me_fields, COUNT_OF(me_fields), &p.in))
		return OK;
	if (p.in.email.set && !email_normal(p.in.email.s, p.email)) {
		body_fault_add(&r->faults, "/email", "email",
		    "is not an address");
		return req_invalid(r);
	}
	if (p.in.email.set && !login_fresh(r))
		return OK;
	if (p.in.email.set)
		onetime_make(r->app, ONETIME_VERIFY, &p.link);
	e = repo_auth(r, patch_me, &p);
	onetime_wipe(&p.link);
	return e;
}

/* ---- the password ---- */

struct password_in {
	struct body_str password;
};

static const struct body_field password_fields[] = {
	{ "password", BODY_STR, BODY_REQ, 1, 1000,
	  offsetof(struct password_in, password) },
};

static enum err
store_password(struct db *db, struct req *r, void *arg)
{
	enum err e;

	(void)arg;
	e = db_exec(db, SQL_STMT(password_set), DB_PARAMS(
	    db_uuid(r->who.user_id), db_text(r->password.made),
	    db_uuid(r->who.session_id), db_text(NULL)), NULL);
	if (e == OK)
		e = repo_audit(db, r, "user.password", r->who.email);
	if (e == OK)
		reply_none(&r->reply, 204);
	return e;
}

enum err
resource_me_password(struct req *r)
{
	struct password_in in = { 0 };
	const char *fault;

	if (r->password.state == PASSWORD_DONE)
		return r->password.err != OK ? r->password.err :
		    repo_auth(r, store_password, NULL);
	if (!req_read(r, password_fields, COUNT_OF(password_fields), &in) ||
	    !login_fresh(r))
		return OK;
	fault = password_fault(in.password.s, in.password.len, r->who.email);
	if (fault != NULL) {
		body_fault_add(&r->faults, "/password", "password", "%s",
		    fault);
		return req_invalid(r);
	}
	password_make(&r->password, in.password.s);
	return OK;
}

/* ---- the second factor ---- */

static enum err
begin_totp(struct db *db, struct req *r, void *arg)
{
	uint8_t sealed[PERSON_SEALED_LEN];
	const uint8_t *secret = arg;
	char text[TOTP_SECRET_TEXT], uri[TOTP_URI_MAX];
	struct db_rows *rows = NULL;
	struct jw w;
	bool begun;
	enum err e;

	vault_seal(&r->app->vault, r->who.user_id, secret, TOTP_SECRET_LEN,
	    sealed);
	e = db_exec(db, SQL_STMT(totp_begin), DB_PARAMS(
	    db_uuid(r->who.user_id), db_bytes(sealed, sizeof(sealed))),
	    &rows);
	if (e != OK)
		return e;
	begun = db_get_bool(rows, 0, 0);
	db_rows_free(rows);
	if (!begun)
		return req_problem(r, PROBLEM_EXISTS, "there is a second "
		    "factor: POST /v1/me/totp/disable first");
	totp_base32(secret, text);
	totp_uri(secret, "Understudy", r->who.email, uri);
	jw_init(&w, ME_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_str(&w, "secret", text);
	jw_str(&w, "uri", uri);
	jw_end_object(&w);
	auth_wipe(text, sizeof(text));
	auth_wipe(uri, sizeof(uri));
	return req_json(r, 201, &w);
}

enum err
resource_me_totp(struct req *r)
{
	uint8_t secret[TOTP_SECRET_LEN];
	enum err e;

	if (!login_fresh(r))
		return OK;
	if (!r->app->vault.open)
		return req_problem(r, PROBLEM_NOT_BUILT, "the operator has "
		    "not set up api.totp_key_file");
	auth_random(secret, sizeof(secret));
	e = repo_auth(r, begin_totp, secret);
	auth_wipe(secret, sizeof(secret));
	return e;
}

struct code_in {
	struct body_str code;
};

static const struct body_field code_fields[] = {
	{ "code", BODY_STR, BODY_REQ, 1, 20, offsetof(struct code_in, code) },
};

static enum err
wrong_code(struct req *r)
{
	body_fault_add(&r->faults, "/code", "code", "is not the code of now; "
	    "is the clock of the device right?");
	return req_invalid(r);
}

static enum err
confirm_totp(struct db *db, struct req *r, void *arg)
{
	uint8_t secret[TOTP_SECRET_LEN];
	struct db_rows *rows = NULL;
	struct person p;
	struct jw w;
	int64_t step;
	bool used;
	enum err e;

	e = login_take(db, r, r->who.email);
	if (e != OK || r->reply.status != 0)
		return e;
	e = person_find(db, NULL, r->who.user_id, &p);
	if (e != OK)
		return e;
	if (p.has_totp || p.sealed_len == 0)
		return req_problem(r, PROBLEM_CONFLICT, "nothing waits for a "
		    "code: POST /v1/me/totp first");
	e = vault_unseal(&r->app->vault, p.id, p.sealed, p.sealed_len, secret,
	    sizeof(secret));
	if (e == OK)
		e = totp_match(secret, arg, now_wall_ms() / 1000, 0, &step);
	auth_wipe(secret, sizeof(secret));
	person_wipe(&p);
	if (e == ERR_MISMATCH)
		return wrong_code(r);
	if (e == OK)
		e = db_exec(db, SQL_STMT(totp_use), DB_PARAMS(
		    db_uuid(r->who.user_id), db_i64(step), db_bool(true)),
		    &rows);
	if (e != OK)
		return e == ERR_BAD_SIG ? ERR_CORRUPT : e;
	used = db_get_bool(rows, 0, 0);
	db_rows_free(rows);
	if (!used)
		return wrong_code(r);
	/* Sessions that did without end, but for this one. */
	e = db_exec(db, SQL_STMT(session_end), DB_PARAMS(
	    db_uuid(r->who.user_id), db_uuid(NULL),
	    db_uuid(r->who.session_id)), NULL);
	if (e == OK)
		e = repo_audit(db, r, "totp.enable", r->who.email);
	if (e != OK)
		return e;
	jw_init(&w, ME_REPLY_MAX);
	jw_begin_object(&w, NULL);
	e = login_codes(db, r, r->who.user_id, &w);
	jw_end_object(&w);
	if (e != OK) {
		jw_fini(&w);
		return e;
	}
	return req_json(r, 201, &w);
}

enum err
resource_me_totp_confirm(struct req *r)
{
	struct code_in in = { 0 };

	if (!req_read(r, code_fields, COUNT_OF(code_fields), &in))
		return OK;
	return repo_auth(r, confirm_totp, (void *)(uintptr_t)in.code.s);
}

struct disable_in {
	struct body_str password, code, recovery_code;
};

static const struct body_field disable_fields[] = {
	{ "password", BODY_STR, BODY_REQ, 1, PASSWORD_MAX,
	  offsetof(struct disable_in, password) },
	{ "code", BODY_STR, BODY_OPT, 1, 20,
	  offsetof(struct disable_in, code) },
	{ "recovery_code", BODY_STR, BODY_OPT, 1, 40,
	  offsetof(struct disable_in, recovery_code) },
};

struct disable {
	struct disable_in in;
	struct person person;
};

static enum err
begin_disable(struct db *db, struct req *r, void *arg)
{
	struct disable *d = arg;
	enum err e;

	e = login_take(db, r, r->who.email);
	if (e == OK && r->reply.status == 0)
		e = person_find(db, NULL, r->who.user_id, &d->person);
	return e;
}

static enum err
end_disable(struct db *db, struct req *r, void *arg)
{
	struct disable *d = arg;
	enum err e;

	e = person_find(db, NULL, r->who.user_id, &d->person);
	if (e != OK)
		return e;
	if (!r->password.good || strcmp(d->person.password_hash,
	    r->password.stored) != 0)
		return login_refuse(db, r, &d->person);
	e = login_second(db, r, &d->person,
	    d->in.code.set ? d->in.code.s : NULL,
	    d->in.recovery_code.set ? d->in.recovery_code.s : NULL);
	if (e == ERR_MISMATCH)
		return login_refuse(db, r, &d->person);
	if (e == ERR_NOT_FOUND)
		return req_problem(r, PROBLEM_CODE_NEEDED,
		    "send \"code\" or \"recovery_code\", too");
	if (e == OK)
		e = db_exec(db, SQL_STMT(totp_remove),
		    DB_PARAMS(db_uuid(r->who.user_id)), NULL);
	if (e == OK)
		e = repo_audit(db, r, "totp.disable", r->who.email);
	if (e == OK)
		reply_none(&r->reply, 204);
	return e == ERR_BAD_SIG ? ERR_CORRUPT : e;
}

enum err
resource_me_totp_disable(struct req *r)
{
	struct disable d = { .in = { .code = { .set = false } } };
	enum err e;

	if (!req_read(r, disable_fields, COUNT_OF(disable_fields), &d.in))
		return OK;
	if (r->password.state == PASSWORD_IDLE) {
		e = repo_auth(r, begin_disable, &d);
		if (e == OK && r->reply.status == 0)
			password_verify(&r->password, d.in.password.s,
			    d.person.password_hash[0] != '\0' ?
			    d.person.password_hash : NULL);
	} else {
		e = r->password.err;
		if (e == OK)
			e = repo_auth(r, end_disable, &d);
	}
	person_wipe(&d.person);
	return e;
}

static enum err
new_codes(struct db *db, struct req *r, void *arg)
{
	struct jw w;
	enum err e;

	(void)arg;
	e = repo_audit(db, r, "totp.codes", r->who.email);
	if (e != OK)
		return e;
	jw_init(&w, ME_REPLY_MAX);
	jw_begin_object(&w, NULL);
	e = login_codes(db, r, r->who.user_id, &w);
	jw_end_object(&w);
	if (e != OK) {
		jw_fini(&w);
		return e;
	}
	return req_json(r, 201, &w);
}

enum err
resource_me_codes(struct req *r)
{
	if (!login_fresh(r))
		return OK;
	if (!r->who.has_totp)
		return req_problem(r, PROBLEM_CONFLICT,
		    "recovery codes belong to a second factor, and there is "
		    "none: POST /v1/me/totp");
	return repo_auth(r, new_codes, NULL);
}
