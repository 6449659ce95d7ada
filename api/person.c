/*
 * person.c - people.  See person.h.
 */
#include <stdio.h>
#include <string.h>

#include "api/app.h"
#include "api/person.h"
#include "api/show.h"
#include "api/sql.h"

enum { PERSON_REPLY_MAX = 512 << 10 };

enum err
person_find(struct db *db, const char *email, const uint8_t *id,
    struct person *out)
{
	struct db_rows *rows = NULL;
	struct person p = { .email = "" };
	const uint8_t *sealed;
	enum err e;

	e = db_exec(db, SQL_STMT(user_find), DB_PARAMS(db_text(email),
	    db_uuid(id)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) != 1) {
		db_rows_free(rows);
		return ERR_NOT_FOUND;
	}
	db_get_uuid(rows, 0, 0, p.id);
	snprintf(p.email, sizeof(p.email), "%s", db_get_text(rows, 0, 1));
	p.staff = db_get_bool(rows, 0, 3);
	snprintf(p.password_hash, sizeof(p.password_hash), "%s",
	    db_get_text_or(rows, 0, 4, ""));
	if (!db_is_null(rows, 0, 5)) {
		sealed = db_get_bytes(rows, 0, 5, &p.sealed_len);
		p.sealed_len = MIN(p.sealed_len, sizeof(p.sealed));
		if (sealed != NULL)
			memcpy(p.sealed, sealed, p.sealed_len);
	}
	p.has_totp = db_get_bool(rows, 0, 6);
	p.n_codes = db_get_i64(rows, 0, 10);
	e = db_rows_failed(rows) ? ERR_CORRUPT : OK;
	db_rows_free(rows);
	if (e == OK)
		*out = p;
	person_wipe(&p);
	return e;
}

void
person_wipe(struct person *p)
{
	auth_wipe(p, sizeof(*p));
}

void
person_is(struct req *r, const struct person *p)
{
	struct auth_who *who = &r->who;

	memset(who, 0, sizeof(*who));
	who->via = AUTH_VIA_SESSION;
	who->has_user = true;
	memcpy(who->user_id, p->id, sizeof(who->user_id));
	memcpy(who->email, p->email, sizeof(who->email));
	who->staff = p->staff;
	who->has_totp = p->has_totp;
}

static void
print_user(struct jw *w, struct db_rows *rows)
{
	jw_begin_object(w, "user");
	show_uuid(w, "id", rows, 0, 0);
	show_text(w, "email", rows, 0, 1);
	show_text(w, "name", rows, 0, 2);
	jw_bool(w, "staff", db_get_bool(rows, 0, 3));
	jw_bool(w, "has_password", !db_is_null(rows, 0, 4));
	jw_bool(w, "has_totp", db_get_bool(rows, 0, 6));
	show_i64(w, "recovery_codes", rows, 0, 10);
	show_time(w, "verified_at", rows, 0, 7);
	show_time(w, "created_at", rows, 0, 8);
	show_time(w, "last_login_at", rows, 0, 9);
	jw_end_object(w);
}

static void
print_scopes(struct jw *w, const char *set)
{
	jw_begin_list(w, "scopes");
	for (const char *p = set + strspn(set, " "); *p != '\0';) {
		char word[64];
		size_t len = strcspn(p, " ");

		snprintf(word, sizeof(word), "%.*s", (int)len, p);
		jw_str(w, NULL, word);
		p += len;
		p += strspn(p, " ");
	}
	jw_end_list(w);
}

/* All memberships; and the one that this request works for, or null. */
static void
print_tenants(struct jw *w, struct req *r, struct db_rows *rows)
{
	size_t n = db_rows_n(rows), at = n;
	uint8_t id[16];

	jw_begin_list(w, "memberships");
	for (size_t i = 0; i < n; i++) {
		db_get_uuid(rows, i, 0, id);
		if (r->who.kind == AUTH_TENANT &&
		    memcmp(id, r->who.tenant_id, sizeof(id)) == 0)
			at = i;
		jw_begin_object(w, NULL);
		show_uuid(w, "tenant_id", rows, i, 0);
		show_text(w, "tenant_name", rows, i, 1);
		show_text(w, "role", rows, i, 2);
		jw_bool(w, "suspended", db_get_bool(rows, i, 3));
		jw_end_object(w);
	}
	jw_end_list(w);
	if (at == n) {
		jw_null(w, "tenant");
		jw_null(w, "role");
	} else {
		jw_begin_object(w, "tenant");
		show_uuid(w, "id", rows, at, 0);
		show_text(w, "name", rows, at, 1);
		jw_end_object(w);
		show_text(w, "role", rows, at, 2);
	}
	print_scopes(w, r->who.scopes);
}

enum err
person_reply(struct db *db, struct req *r, unsigned int status)
{
	struct db_rows *user = NULL, *tenants = NULL;
	struct jw w;
	enum err e;

	e = db_exec(db, SQL_STMT(user_find), DB_PARAMS(db_text(NULL),
	    db_uuid(r->who.user_id)), &user);
	if (e == OK && db_rows_n(user) != 1)
		e = ERR_NOT_FOUND;
	if (e == OK)
		e = db_exec(db, SQL_STMT(user_tenants),
		    DB_PARAMS(db_uuid(r->who.user_id)), &tenants);
	if (e == OK) {
		jw_init(&w, PERSON_REPLY_MAX);
		jw_begin_object(&w, NULL);
		print_user(&w, user);
		print_tenants(&w, r, tenants);
		jw_bool(&w, "operator", r->who.kind == AUTH_OPERATOR);
		jw_bool(&w, "needs_totp", r->who.staff && !r->who.has_totp);
		jw_end_object(&w);
		e = req_json(r, status, &w);
	}
	db_rows_free(user);
	db_rows_free(tenants);
	return e;
}
