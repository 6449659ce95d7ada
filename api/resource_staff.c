/*
 * resource_staff.c - /v1/operator/users: people, as the operator sees them;
 *                    the staff among them; one-time links to hand out
 *                    (/v1/operator/links).
 */
#include <stdio.h>
#include <string.h>

#include "api/app.h"
#include "api/onetime.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"

enum { STAFF_REPLY_MAX = 256 << 10, STAFF_LIST_MAX = 1 << 20 };

static void
print_columns(struct jw *w, struct db_rows *rows, size_t row)
{
	show_uuid(w, "id", rows, row, 0);
	show_text(w, "email", rows, row, 1);
	show_text(w, "name", rows, row, 2);
	jw_bool(w, "staff", db_get_bool(rows, row, 3));
	jw_bool(w, "has_totp", !db_is_null(rows, row, 6));
	jw_bool(w, "disabled", !db_is_null(rows, row, 5));
	show_time(w, "disabled_at", rows, row, 5);
	show_time(w, "verified_at", rows, row, 4);
	show_time(w, "created_at", rows, row, 7);
	show_time(w, "last_login_at", rows, row, 8);
}

static enum err
reply_user(struct db *db, struct req *r, unsigned int status,
    const uint8_t id[16])
{
	struct db_rows *user = NULL, *tenants = NULL;
	char text[DB_UUID_TEXT_SIZE];
	struct jw w;
	enum err e;

	e = db_exec(db, SQL_STMT(operator_user), DB_PARAMS(db_uuid(id),
	    db_text(NULL)), &user);
	if (e == OK && db_rows_n(user) == 0)
		e = ERR_NOT_FOUND;
	if (e == OK)
		e = db_exec(db, SQL_STMT(operator_user_tenants),
		    DB_PARAMS(db_uuid(id)), &tenants);
	if (e == OK) {
		jw_init(&w, STAFF_REPLY_MAX);
		jw_begin_object(&w, NULL);
		print_columns(&w, user, 0);
		jw_begin_list(&w, "memberships");
		for (size_t i = 0; i < db_rows_n(tenants); i++) {
			jw_begin_object(&w, NULL);
			show_uuid(&w, "tenant_id", tenants, i, 0);
			show_text(&w, "tenant_name", tenants, i, 1);
			show_text(&w, "role", tenants, i, 2);
			jw_end_object(&w);
		}
		jw_end_list(&w);
		jw_end_object(&w);
		if (status == 201) {
			db_uuid_print(id, text);
			reply_header(&r->reply, "Location",
			    "/v1/operator/users/%s", text);
		}
		e = req_json(r, status, &w);
	}
	db_rows_free(user);
	db_rows_free(tenants);
	return e;
}

static enum err
list_users(struct db *db, struct req *r, void *arg)
{
	char cursor[REPLY_CURSOR_BYTES], last[DB_UUID_TEXT_SIZE];
	const char *staff = req_query(r, "staff");
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
	if (staff != NULL && strcmp(staff, "true") != 0 &&
	    strcmp(staff, "false") != 0)
		return req_bad_query(r, "staff", "must be true or false");
	e = db_exec(db, SQL_STMT(operator_users), DB_PARAMS(db_uuid(after),
	    db_i64(limit + 1), db_if(staff != NULL,
	    db_bool(staff != NULL && staff[0] == 't')),
	    db_text(req_query(r, "q"))), &rows);
	if (e != OK)
		return e;
	n = db_rows_n(rows);
	jw_init(&w, STAFF_LIST_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++) {
		jw_begin_object(&w, NULL);
		print_columns(&w, rows, i);
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
resource_staff_list(struct req *r)
{
	return repo_operator(r, list_users, NULL);
}

/* ---- make ---- */

struct user_in {
	struct body_str email, name, tenant, role;
	struct body_bool staff;
};

static const struct body_field user_fields[] = {
	{ "email", BODY_STR, BODY_REQ, 1, 300,
	  offsetof(struct user_in, email) },
	{ "name", BODY_STR, BODY_OPT, 0, 100, offsetof(struct user_in, name) },
	{ "staff", BODY_BOOL, BODY_OPT, 0, 0, offsetof(struct user_in, staff) },
	{ "tenant", BODY_STR, BODY_OPT, 36, 36,
	  offsetof(struct user_in, tenant) },
	{ "role", BODY_STR, BODY_OPT, 1, 20, offsetof(struct user_in, role) },
};

struct user_new {
	char email[EMAIL_BYTES];
	const char *name;
	bool staff, member;
	uint8_t tenant[16];
	enum role role;
};

static bool
read_user(struct req *r, struct user_new *u)
{
	struct user_in in = { 0 };

	body_read(body_root(r->body), "", user_fields, COUNT_OF(user_fields),
	    &in, &r->faults);
	u->name = in.name.set ? in.name.s : "";
	u->staff = in.staff.set && in.staff.v;
	u->member = in.tenant.set;
	u->role = ROLE_OWNER;
	if (in.email.set && !email_normal(in.email.s, u->email))
		body_fault_add(&r->faults, "/email", "email",
		    "is not an address");
	if (in.role.set)
		u->role = role_parse(in.role.s);
	if (u->role == ROLE_NONE)
		body_fault_add(&r->faults, "/role", "choice",
		    "must be viewer, editor, admin or owner");
	if (in.role.set && !in.tenant.set)
		body_fault_add(&r->faults, "/role", "unwanted",
		    "a role is had in a tenant: name it");
	if (u->staff && u->member)
		body_fault_add(&r->faults, "/tenant", "unwanted",
		    "staff are members of no tenant");
	if (in.tenant.set && !db_uuid_parse(in.tenant.s, in.tenant.len,
	    u->tenant))
		body_fault_add(&r->faults, "/tenant", "uuid",
		    "must be the id of a tenant");
	return r->faults.n == 0;
}

static enum err
add_member(struct db *db, struct req *r, const struct user_new *u,
    const uint8_t id[16])
{
	struct db_rows *rows = NULL;
	int64_t n;
	enum err e;

	e = db_exec(db, SQL_STMT(operator_member_add), DB_PARAMS(
	    db_uuid(u->tenant), db_uuid(id), db_text(role_print(u->role))),
	    &rows);
	if (e != OK)
		return e;
	n = db_rows_affected(rows);
	db_rows_free(rows);
	if (n == 1)
		return repo_audit_change(db, r, u->tenant, "member.create",
		    u->email, NULL, NULL);
	body_fault_add(&r->faults, "/tenant", "not-found",
	    "there is no such tenant");
	(void)req_invalid(r);
	return ERR_INVALID;
}

static enum err
create_user(struct db *db, struct req *r, void *arg)
{
	const struct user_new *u = arg;
	struct db_rows *rows = NULL;
	uint8_t id[16];
	enum err e;

	e = db_exec(db, SQL_STMT(operator_user_add), DB_PARAMS(
	    db_text(u->email), db_text(u->name), db_bool(u->staff)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0) {
		db_rows_free(rows);
		body_fault_add(&r->faults, "/email", "exists",
		    "somebody has this address");
		return req_problem(r, PROBLEM_EXISTS,
		    "a person with this address exists");
	}
	db_get_uuid(rows, 0, 0, id);
	db_rows_free(rows);
	if (u->member)
		e = add_member(db, r, u, id);
	if (e == OK)
		e = repo_audit(db, r, u->staff ? "staff.create" :
		    "user.create", u->email);
	return e != OK ? e : reply_user(db, r, 201, id);
}

enum err
resource_staff_create(struct req *r)
{
	struct user_new u = { .email = "" };

	if (!read_user(r, &u))
		return req_invalid(r);
	return repo_operator(r, create_user, &u);
}

/* ---- look and change ---- */

static bool
read_id(struct req *r, uint8_t id[16])
{
	return db_uuid_parse(req_param(r, 0), strlen(req_param(r, 0)), id);
}

static enum err
get_user(struct db *db, struct req *r, void *arg)
{
	return reply_user(db, r, 200, arg);
}

enum err
resource_staff_get(struct req *r)
{
	uint8_t id[16];

	return read_id(r, id) ? repo_operator(r, get_user, id) :
	    ERR_NOT_FOUND;
}

struct change_in {
	struct body_str name;
	struct body_bool disabled, has_totp;
};

static const struct body_field change_fields[] = {
	{ "name", BODY_STR, BODY_OPT, 0, 100,
	  offsetof(struct change_in, name) },
	{ "disabled", BODY_BOOL, BODY_OPT, 0, 0,
	  offsetof(struct change_in, disabled) },
	{ "has_totp", BODY_BOOL, BODY_OPT, 0, 0,
	  offsetof(struct change_in, has_totp) },
};

struct change {
	uint8_t id[16];
	struct change_in in;
};

static enum err
change_user(struct db *db, struct req *r, void *arg)
{
	const struct change *c = arg;
	bool disable = c->in.disabled.set && c->in.disabled.v;
	bool no_totp = c->in.has_totp.set;
	struct db_rows *rows = NULL;
	int64_t n;
	enum err e;

	e = db_exec(db, SQL_STMT(operator_user_set), DB_PARAMS(
	    db_uuid(c->id), db_text(c->in.name.set ? c->in.name.s : NULL),
	    db_text(!c->in.disabled.set ? "keep" : disable ? "yes" : "no")),
	    &rows);
	if (e != OK)
		return e;
	n = db_rows_affected(rows);
	db_rows_free(rows);
	if (n == 0)
		return ERR_NOT_FOUND;
	if (disable || no_totp)
		e = db_exec(db, SQL_STMT(operator_sessions_end),
		    DB_PARAMS(db_uuid(c->id)), NULL);
	if (e == OK && no_totp)
		e = db_exec(db, SQL_STMT(operator_totp_end),
		    DB_PARAMS(db_uuid(c->id)), NULL);
	if (e == OK && no_totp)
		e = db_exec(db, SQL_STMT(operator_codes_end),
		    DB_PARAMS(db_uuid(c->id)), NULL);
	if (e == OK)
		e = repo_audit(db, r, disable ? "user.disable" :
		    no_totp ? "user.totp_remove" : "user.change",
		    req_param(r, 0));
	return e != OK ? e : reply_user(db, r, 200, c->id);
}

enum err
resource_staff_patch(struct req *r)
{
	struct change c = { .in = { .name = { .set = false } } };

	if (!read_id(r, c.id))
		return ERR_NOT_FOUND;
	body_read(body_root(r->body), "", change_fields,
	    COUNT_OF(change_fields), &c.in, &r->faults);
	if (c.in.has_totp.set && c.in.has_totp.v)
		body_fault_add(&r->faults, "/has_totp", "choice",
		    "can be taken away here, not given");
	if (r->faults.n > 0)
		return req_invalid(r);
	if (c.in.disabled.set && c.in.disabled.v && r->who.has_user &&
	    memcmp(c.id, r->who.user_id, sizeof(c.id)) == 0)
		return req_problem(r, PROBLEM_CONFLICT,
		    "you would lock yourself out: somebody else must do it");
	return repo_operator(r, change_user, &c);
}

/* ---- links ---- */

struct link_in {
	struct body_str email, purpose;
};

static const struct body_field link_fields[] = {
	{ "email", BODY_STR, BODY_REQ, 1, 300,
	  offsetof(struct link_in, email) },
	{ "purpose", BODY_STR, BODY_REQ, 1, 20,
	  offsetof(struct link_in, purpose) },
};

struct link_job {
	char email[EMAIL_BYTES];
	enum onetime_purpose purpose;
	struct onetime link;
};

static enum err
make_link(struct db *db, struct req *r, void *arg)
{
	const struct link_job *j = arg;
	struct db_rows *rows = NULL;
	struct jw w;
	enum err e;

	e = onetime_issue(db, &j->link, j->purpose, j->email, &rows);
	if (e == ERR_NOT_FOUND)
		return req_problem(r, PROBLEM_NOT_FOUND,
		    j->purpose == ONETIME_VERIFY ? "nobody with this address "
		    "signed up, or wants to change to it" :
		    "nobody has this address");
	if (e == ERR_CONSTRAINT)
		return req_problem(r, PROBLEM_CONFLICT, "this person is "
		    "disabled: PATCH {\"disabled\": false} first");
	if (e == OK)
		e = repo_audit(db, r, "link.create", j->email);
	if (e != OK) {
		db_rows_free(rows);
		return e;
	}
	jw_init(&w, STAFF_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_str(&w, "email", j->email);
	jw_str(&w, "purpose", onetime_purpose(j->purpose));
	jw_str(&w, "link", j->link.url);
	show_time(&w, "expires_at", rows, 0, 0);
	jw_end_object(&w);
	db_rows_free(rows);
	return req_json(r, 201, &w);
}

enum err
resource_staff_link(struct req *r)
{
	struct link_job j = { .purpose = ONETIME_PURPOSE_N };
	struct link_in in = { 0 };
	enum err e;

	body_read(body_root(r->body), "", link_fields,
	    COUNT_OF(link_fields), &in, &r->faults);
	if (in.email.set && !email_normal(in.email.s, j.email))
		body_fault_add(&r->faults, "/email", "email",
		    "is not an address");
	if (in.purpose.set)
		j.purpose = onetime_purpose_parse(in.purpose.s);
	if (in.purpose.set && j.purpose == ONETIME_PURPOSE_N)
		body_fault_add(&r->faults, "/purpose", "choice",
		    "must be verify, reset or login");
	if (r->faults.n > 0)
		return req_invalid(r);
	onetime_make(r->app, j.purpose, &j.link);
	e = repo_operator(r, make_link, &j);
	onetime_wipe(&j.link);
	return e;
}
