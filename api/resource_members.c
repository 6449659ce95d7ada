/*
 * resource_members.c - /v1/members: who may do what in a tenant.
 *
 * Owners are made, changed and removed by owners alone; the last one stays,
 * which the database sees to (membership_guard).
 */
#include <string.h>

#include "api/audit.h"
#include "api/login.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/role.h"
#include "api/show.h"
#include "api/sql.h"
#include "api/tenants.h"

enum { MEMBER_REPLY_MAX = 8192, MEMBER_LIST_MAX = 1 << 20, ROLE_AT = 3 };

static void
print_member(struct jw *w, struct db_rows *rows, size_t row)
{
	jw_begin_object(w, NULL);
	show_uuid(w, "id", rows, row, 0);
	show_text(w, "email", rows, row, 1);
	show_text(w, "name", rows, row, 2);
	show_text(w, "role", rows, row, ROLE_AT);
	show_time(w, "created_at", rows, row, 4);
	jw_bool(w, "second_factor", db_get_bool(rows, row, 5));
	show_time(w, "last_login_at", rows, row, 6);
	show_time(w, "disabled_at", rows, row, 7);
	jw_end_object(w);
}

static enum err
list_members(struct db *db, struct req *r, void *arg)
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
	e = db_exec(db, SQL_STMT(member_list), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(after), db_i64(limit + 1)),
	    &rows);
	if (e != OK)
		return e;
	n = db_rows_n(rows);
	jw_init(&w, MEMBER_LIST_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++)
		print_member(&w, rows, i);
	if (n > (size_t)limit) {
		db_get_uuid(rows, (size_t)limit - 1, 0, after);
		db_uuid_print(after, last);
	}
	req_list_end(r, &w, n > (size_t)limit ? last : NULL);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

enum err
resource_members_list(struct req *r)
{
	return repo_read(r, list_members, NULL);
}

/* {member}: one row, or ERR_NOT_FOUND. */
static enum err
find(struct db *db, struct req *r, uint8_t id[16], struct db_rows **out_rows)
{
	enum err e;

	if (!db_uuid_parse(req_param(r, 0), strlen(req_param(r, 0)), id))
		return ERR_NOT_FOUND;
	e = db_exec(db, SQL_STMT(member_get), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(id)), out_rows);
	if (e == OK && db_rows_n(*out_rows) == 0) {
		db_rows_free(*out_rows);
		e = ERR_NOT_FOUND;
	}
	return e;
}

static enum err
get_member(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows;
	uint8_t id[16];
	struct jw w;
	enum err e;

	(void)arg;
	e = find(db, r, id, &rows);
	if (e != OK)
		return e;
	jw_init(&w, MEMBER_REPLY_MAX);
	print_member(&w, rows, 0);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

enum err
resource_members_get(struct req *r)
{
	return repo_read(r, get_member, NULL);
}

/* An owner is the business of owners. */
static bool
may_touch(struct req *r, struct db_rows *rows, const char *new_role)
{
	bool owner = strcmp(db_get_text(rows, 0, ROLE_AT), "owner") == 0 ||
	    (new_role != NULL && strcmp(new_role, "owner") == 0);

	if (!owner || auth_has_scope(&r->who, "tenant:owner"))
		return true;
	(void)req_problem(r, PROBLEM_NOT_ALLOWED,
	    "only an owner makes, changes or removes owners");
	return false;
}

/* What the database said of the last owner. */
static enum err
explain(struct db *db, struct req *r, enum err e)
{
	if (e == ERR_CONSTRAINT &&
	    strcmp(db_constraint(db), "membership_last_owner_ck") == 0)
		(void)req_problem(r, PROBLEM_LAST_OWNER, "make somebody else "
		    "an owner first");
	return e;
}

struct member_in {
	struct body_str role;
};

static const struct body_field patch_fields[] = {
	{ "role", BODY_STR, BODY_REQ, 1, 20,
	  offsetof(struct member_in, role) },
};

static enum err
patch_member(struct db *db, struct req *r, void *arg)
{
	const struct member_in *in = arg;
	struct db_rows *rows;
	struct audit a;
	uint8_t id[16];
	bool may;
	enum err e;

	e = find(db, r, id, &rows);
	if (e != OK)
		return e;
	may = may_touch(r, rows, in->role.s);
	db_rows_free(rows);
	if (!may)
		return OK;
	e = audit_look(db, r, AUDIT_MEMBER, id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(member_change), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(id),
		    db_text(in->role.s)), NULL);
	if (e == OK)
		e = audit_write(db, r, &a, "member.change", req_param(r, 0));
	audit_fini(&a);
	return e != OK ? explain(db, r, e) : get_member(db, r, NULL);
}

enum err
resource_members_patch(struct req *r)
{
	struct member_in in = { { 0 } };

	if (!req_read(r, patch_fields, COUNT_OF(patch_fields), &in))
		return OK;
	if (role_parse(in.role.s) == ROLE_NONE) {
		body_fault_add(&r->faults, "/role", "choice",
		    "must be viewer, editor, admin or owner");
		return req_invalid(r);
	}
	return repo_write(r, patch_member, &in);
}

static enum err
remove_id(struct db *db, struct req *r, const uint8_t id[16],
    const char *action)
{
	char text[DB_UUID_TEXT_SIZE];
	struct audit a;
	enum err e;

	db_uuid_print(id, text);
	e = audit_look(db, r, AUDIT_MEMBER, id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(member_remove), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(id)), NULL);
	if (e == OK)
		e = repo_audit_change(db, r, r->who.tenant_id, action, text,
		    a.before, NULL);
	audit_fini(&a);
	if (e == OK)
		reply_none(&r->reply, 204);
	return e != OK ? explain(db, r, e) : OK;
}

static enum err
remove_member(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows;
	uint8_t id[16];
	bool may;
	enum err e;

	(void)arg;
	e = find(db, r, id, &rows);
	if (e != OK)
		return e;
	may = may_touch(r, rows, NULL);
	db_rows_free(rows);
	return may ? remove_id(db, r, id, "member.remove") : OK;
}

enum err
resource_members_delete(struct req *r)
{
	return repo_write(r, remove_member, NULL);
}

static enum err
leave(struct db *db, struct req *r, void *arg)
{
	(void)arg;
	return remove_id(db, r, r->who.user_id, "member.leave");
}

enum err
resource_members_leave(struct req *r)
{
	char nothing;

	if (r->body != NULL && !req_read(r, NULL, 0, &nothing))
		return OK;
	if (r->who.via != AUTH_VIA_SESSION || r->who.staff)
		return req_problem(r, PROBLEM_NOT_ALLOWED,
		    "only a member who is logged in leaves");
	return repo_write(r, leave, NULL);
}

/* ---- the end of all of it ---- */

static enum err
end_tenant(struct db *db, struct req *r, void *arg)
{
	const bool *force = arg;

	return tenants_end(db, r, r->who.tenant_id, *force);
}

enum err
resource_members_end_tenant(struct req *r)
{
	bool force;

	if (r->who.via != AUTH_VIA_SESSION || r->who.staff)
		return req_problem(r, PROBLEM_NOT_ALLOWED,
		    "an owner who is logged in ends a tenant, not a token");
	return login_fresh(r) && tenants_force(r, &force) ?
	    repo_operator(r, end_tenant, &force) : OK;
}
