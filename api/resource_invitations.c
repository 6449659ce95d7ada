/*
 * resource_invitations.c - /v1/invitations: how somebody becomes a member.
 *
 * The link goes by mail; without a relay whoever invites is shown it, once.
 * It is good for seven days and once, and only while who invited could still
 * do so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/app.h"
#include "api/audit.h"
#include "api/email.h"
#include "api/lookup.h"
#include "api/mail.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/role.h"
#include "api/show.h"
#include "api/sql.h"

enum {
	INVITATION_REPLY_MAX = 8192,
	INVITATION_LIST_MAX = 1 << 20,
	INVITATION_URL_MAX = 300,
	ROLE_AT = 2, EMAIL_AT = 1,
};

struct ticket {
	char text[AUTH_TOKEN_BYTES];
	uint8_t hash[AUTH_HASH_BYTES];
	char url[INVITATION_URL_MAX];
};

struct invitation_in {
	struct body_str email, role;
};

struct invitation {
	struct invitation_in in;
	char email[EMAIL_BYTES];
	struct ticket ticket;
};

/* The secret is behind a '#', which browsers send to nobody. */
static void
draw(const struct app *app, struct ticket *t)
{
	const char *base = app->conf->api.public_url;
	size_t len = strlen(base);

	auth_text_make(AUTH_TEXT_LINK, t->text);
	auth_token_hash(&app->pepper, t->text, t->hash);
	while (len > 0 && base[len - 1] == '/')
		len--;
	if (len > 0)
		snprintf(t->url, sizeof(t->url), "%.*s/invite#token=%s",
		    (int)len, base, t->text);
	else
		snprintf(t->url, sizeof(t->url), "http://%s/invite#token=%s",
		    app->conf->api.listen, t->text);
}

static void
print_invitation(struct jw *w, struct db_rows *rows, size_t row)
{
	show_uuid(w, "id", rows, row, 0);
	show_text(w, "email", rows, row, EMAIL_AT);
	show_text(w, "role", rows, row, ROLE_AT);
	show_time(w, "created_at", rows, row, 3);
	show_time(w, "sent_at", rows, row, 4);
	show_time(w, "expires_at", rows, row, 5);
	show_json(w, "maker", rows, row, 6);
}

static enum err
list_invitations(struct db *db, struct req *r, void *arg)
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
	e = db_exec(db, SQL_STMT(invitation_list), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(after), db_i64(limit + 1)),
	    &rows);
	if (e != OK)
		return e;
	n = db_rows_n(rows);
	jw_init(&w, INVITATION_LIST_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++) {
		jw_begin_object(&w, NULL);
		print_invitation(&w, rows, i);
		jw_end_object(&w);
	}
	if (n > (size_t)limit) {
		db_get_uuid(rows, (size_t)limit - 1, 0, after);
		db_uuid_print(after, last);
	}
	req_list_end(r, &w, n > (size_t)limit ? last : NULL);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

enum err
resource_invitations_list(struct req *r)
{
	return repo_read(r, list_invitations, NULL);
}

/* ---- inviting ---- */

static enum err
send_letter(struct db *db, struct req *r, const char *email,
    const struct ticket *t, bool *out_sent)
{
	struct mail m = { .recipient = email, .template = "invite",
		.link = t->url, .tenant_id = r->who.tenant_id };
	struct db_rows *rows = NULL;
	char *params;
	struct jw w;
	size_t len;
	enum err e;

	e = db_exec(db, SQL_STMT(tenant_name), DB_PARAMS(
	    db_uuid(r->who.tenant_id)), &rows);
	if (e != OK)
		return e;
	jw_init(&w, 2048);
	jw_begin_object(&w, NULL);
	jw_str(&w, "tenant", db_rows_n(rows) == 1 ?
	    db_get_text(rows, 0, 0) : "");
	jw_end_object(&w);
	db_rows_free(rows);
	params = jw_take(&w, &len);
	if (params == NULL)
		return ERR_NO_MEMORY;
	m.params = params;
	m.params_len = len;
	e = mail_put(db, r->app, &m, out_sent);
	free(params);
	return e;
}

/* Its document; with the link where no letter can go. */
static enum err
reply(struct db *db, struct req *r, unsigned int status,
    const uint8_t id[16], const char *email, const struct ticket *t)
{
	struct db_rows *rows = NULL;
	bool sent = false;
	struct jw w;
	enum err e;

	e = send_letter(db, r, email, t, &sent);
	if (e == OK)
		e = db_exec(db, SQL_STMT(invitation_get), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(id)), &rows);
	if (e != OK)
		return e;
	jw_init(&w, INVITATION_REPLY_MAX);
	jw_begin_object(&w, NULL);
	if (db_rows_n(rows) == 1)
		print_invitation(&w, rows, 0);
	jw_bool(&w, "mail_sent", sent);
	jw_str(&w, "link", mail_relayed(r->app) ? NULL : t->url);
	jw_end_object(&w);
	db_rows_free(rows);
	return req_json(r, status, &w);
}

static enum err
already(struct req *r, const char *what)
{
	body_fault_add(&r->faults, "/email", "exists", "%s", what);
	(void)req_problem(r, PROBLEM_EXISTS, "%s", what);
	return ERR_EXISTS;
}

static const uint8_t *
maker(const struct req *r)
{
	return r->who.kind == AUTH_TENANT && r->who.has_user ?
	    r->who.user_id : NULL;
}

static enum err
insert(struct db *db, struct req *r, const struct invitation *v,
    uint8_t out_id[16])
{
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, SQL_STMT(member_by_email), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_text(v->email)), &rows);
	if (e == OK && db_rows_n(rows) > 0)
		e = already(r, "somebody with this address is a member");
	db_rows_free(rows);
	rows = NULL;
	if (e == OK)
		e = db_exec(db, SQL_STMT(invitation_lapse), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_text(v->email)), NULL);
	if (e == OK)
		e = lookup_room(db, r, "members",
		    r->app->conf->limits.members_per_tenant,
		    SQL_STMT(member_count));
	if (e == OK)
		e = db_exec(db, SQL_STMT(invitation_insert), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_text(v->email),
		    db_text(v->in.role.s), db_bytes(v->ticket.hash,
		    sizeof(v->ticket.hash)), db_uuid(maker(r))), &rows);
	if (e == OK && db_rows_n(rows) == 0)
		e = already(r, "this address is invited: send it again with "
		    "POST /v1/invitations/{invitation}/resend");
	if (e == OK)
		db_get_uuid(rows, 0, 0, out_id);
	db_rows_free(rows);
	return e;
}

static enum err
invite(struct db *db, struct req *r, void *arg)
{
	const struct invitation *v = arg;
	uint8_t id[16];
	enum err e;

	e = insert(db, r, v, id);
	if (e == OK)
		e = audit_made(db, r, AUDIT_INVITATION, id,
		    "invitation.create", v->email);
	return e != OK ? e : reply(db, r, 201, id, v->email, &v->ticket);
}

static const struct body_field create_fields[] = {
	{ "email", BODY_STR, BODY_REQ, 1, 300,
	  offsetof(struct invitation_in, email) },
	{ "role", BODY_STR, BODY_REQ, 1, 20,
	  offsetof(struct invitation_in, role) },
};

/* Owners are made by owners. */
static bool
may_invite(struct req *r, const char *role)
{
	if (strcmp(role, "owner") != 0 ||
	    auth_has_scope(&r->who, "tenant:owner"))
		return true;
	(void)req_problem(r, PROBLEM_NOT_ALLOWED,
	    "only an owner makes owners");
	return false;
}

enum err
resource_invitations_create(struct req *r)
{
	struct invitation v = { .email = "" };
	enum err e;

	if (!req_read(r, create_fields, COUNT_OF(create_fields), &v.in))
		return OK;
	if (!email_normal(v.in.email.s, v.email))
		body_fault_add(&r->faults, "/email", "email",
		    "is not an address");
	if (role_parse(v.in.role.s) == ROLE_NONE)
		body_fault_add(&r->faults, "/role", "choice",
		    "must be viewer, editor, admin or owner");
	if (r->faults.n > 0)
		return req_invalid(r);
	if (!may_invite(r, v.in.role.s))
		return OK;
	draw(r->app, &v.ticket);
	e = repo_write(r, invite, &v);
	auth_wipe(&v.ticket, sizeof(v.ticket));
	return e;
}

/* {invitation}: one row, or ERR_NOT_FOUND. */
static enum err
find(struct db *db, struct req *r, uint8_t id[16], struct db_rows **out_rows)
{
	enum err e;

	if (!db_uuid_parse(req_param(r, 0), strlen(req_param(r, 0)), id))
		return ERR_NOT_FOUND;
	e = db_exec(db, SQL_STMT(invitation_get), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(id)), out_rows);
	if (e == OK && db_rows_n(*out_rows) == 0) {
		db_rows_free(*out_rows);
		e = ERR_NOT_FOUND;
	}
	return e;
}

static enum err
send_again(struct db *db, struct req *r, void *arg)
{
	const struct ticket *t = arg;
	char email[EMAIL_BYTES];
	struct db_rows *rows;
	struct audit a;
	uint8_t id[16];
	bool may;
	enum err e;

	e = find(db, r, id, &rows);
	if (e != OK)
		return e;
	snprintf(email, sizeof(email), "%s", db_get_text(rows, 0, EMAIL_AT));
	may = may_invite(r, db_get_text(rows, 0, ROLE_AT));
	db_rows_free(rows);
	if (!may)
		return OK;
	e = audit_look(db, r, AUDIT_INVITATION, id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(invitation_again), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(id),
		    db_bytes(t->hash, sizeof(t->hash)), db_uuid(maker(r))),
		    NULL);
	if (e == OK)
		e = audit_write(db, r, &a, "invitation.resend", email);
	audit_fini(&a);
	return e != OK ? e : reply(db, r, 200, id, email, t);
}

enum err
resource_invitations_resend(struct req *r)
{
	struct ticket t;
	char nothing;
	enum err e;

	if (r->body != NULL && !req_read(r, NULL, 0, &nothing))
		return OK;
	draw(r->app, &t);
	e = repo_write(r, send_again, &t);
	auth_wipe(&t, sizeof(t));
	return e;
}

static enum err
withdraw(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows;
	char email[EMAIL_BYTES];
	struct audit a;
	uint8_t id[16];
	enum err e;

	(void)arg;
	e = find(db, r, id, &rows);
	if (e != OK)
		return e;
	snprintf(email, sizeof(email), "%s", db_get_text(rows, 0, EMAIL_AT));
	db_rows_free(rows);
	e = audit_look(db, r, AUDIT_INVITATION, id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(invitation_delete), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(id)), NULL);
	if (e == OK)
		e = audit_write(db, r, &a, "invitation.delete", email);
	audit_fini(&a);
	if (e == OK)
		reply_none(&r->reply, 204);
	return e;
}

enum err
resource_invitations_delete(struct req *r)
{
	return repo_write(r, withdraw, NULL);
}
