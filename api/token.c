/*
 * token.c - rows of tokens.  See token.h.
 */
#include <stdio.h>
#include <string.h>

#include "api/app.h"
#include "api/audit.h"
#include "api/repo.h"
#include "api/show.h"
#include "api/sql.h"
#include "api/token.h"
#include "api/when.h"
#include "common/base/now.h"

enum { TOKEN_REPLY_MAX = 8192, TOKEN_LIST_MAX = 1 << 20 };

struct token_in {
	struct body_str name, expires_at;
	struct body_list scopes;
};

static const struct body_field fields[] = {
	{ "name", BODY_STR, BODY_REQ, 1, 100,
	  offsetof(struct token_in, name) },
	{ "scopes", BODY_LIST, BODY_OPT, 1, AUTH_SCOPES_MAX,
	  offsetof(struct token_in, scopes) },
	{ "expires_at", BODY_STR, BODY_NULL, 1, 40,
	  offsetof(struct token_in, expires_at) },
};

static void
read_scopes(struct req *r, const struct body_list *list,
    struct token_new *t)
{
	char pointer[FAULT_POINTER_MAX];

	if (!list->set) {
		snprintf(t->scope[0], sizeof(t->scope[0]), "*");
		t->n_scopes = 1;
		return;
	}
	for (size_t i = 0; i < list->n && i < AUTH_SCOPES_MAX; i++) {
		const char *s = body_string(body_at(list->node, i));

		if (s == NULL || !auth_scope_known(s)) {
			body_pointer_at(pointer, sizeof(pointer), "/scopes",
			    i);
			body_fault_add(&r->faults, pointer, "choice",
			    "must be one of %s", role_scopes_text());
			continue;
		}
		snprintf(t->scope[t->n_scopes++], sizeof(t->scope[0]), "%s",
		    s);
	}
}

void
token_read(struct req *r, struct token_new *t)
{
	struct token_in in = { 0 };

	memset(t, 0, sizeof(*t));
	body_read(body_root(r->body), "", fields, COUNT_OF(fields), &in,
	    &r->faults);
	if (in.name.set)
		snprintf(t->name, sizeof(t->name), "%s", in.name.s);
	read_scopes(r, &in.scopes, t);
	if (in.expires_at.set && !in.expires_at.null) {
		t->has_expiry = true;
		if (!when_parse(in.expires_at.s, &t->expires_ms) ||
		    t->expires_ms <= now_wall_ms())
			body_fault_add(&r->faults, "/expires_at", "time",
			    "must be a time to come, as "
			    "2030-01-31T12:00:00Z");
	}
	auth_token_make(AUTH_TENANT, t->text);
	auth_token_hash(&r->app->pepper, t->text, t->hash);
	auth_token_prefix(t->text, t->prefix);
}

void
token_wipe(struct token_new *t)
{
	auth_wipe(t, sizeof(*t));
}

enum err
token_store(struct db *db, const uint8_t *tenant_id,
    const struct token_new *t, struct db_rows **out_rows)
{
	char scopes[AUTH_SCOPES_BYTES];
	size_t n = 0;

	for (size_t i = 0; i < t->n_scopes; i++)
		n += (size_t)snprintf(scopes + n, sizeof(scopes) - n, "%s%s",
		    i == 0 ? "" : " ", t->scope[i]);
	return db_exec(db, SQL_STMT(token_insert),
	    DB_PARAMS(db_uuid(tenant_id),
		db_text(tenant_id != NULL ? "tenant" : "operator"),
		db_text(t->name), db_text(t->prefix),
		db_bytes(t->hash, sizeof(t->hash)), db_text(scopes),
		t->has_expiry ? db_time_ms(t->expires_ms) : db_null()),
	    out_rows);
}

enum err
token_create(struct db *db, struct req *r, const uint8_t *tenant_id,
    const struct token_new *t)
{
	struct db_rows *rows = NULL;
	struct audit a;
	uint8_t id[16];
	struct jw w;
	enum err e;

	e = token_store(db, tenant_id, t, &rows);
	if (e == OK) {
		db_get_uuid(rows, 0, 0, id);
		audit_none(&a, r, AUDIT_TOKEN, id);
		memcpy(a.tenant_id, tenant_id, 16);
		e = audit_write(db, r, &a, "token.create", t->prefix);
	}
	if (e != OK) {
		db_rows_free(rows);
		return e;
	}
	jw_init(&w, TOKEN_REPLY_MAX);
	jw_begin_object(&w, NULL);
	show_uuid(&w, "id", rows, 0, 0);
	jw_str(&w, "name", t->name);
	jw_str(&w, "token", t->text);
	jw_str(&w, "prefix", t->prefix);
	jw_begin_list(&w, "scopes");
	for (size_t i = 0; i < t->n_scopes; i++)
		jw_str(&w, NULL, t->scope[i]);
	jw_end_list(&w);
	show_time(&w, "created_at", rows, 0, 1);
	jw_end_object(&w);
	db_rows_free(rows);
	return req_json(r, 201, &w);
}

static void
print_token(struct jw *w, struct db_rows *rows, size_t row)
{
	jw_begin_object(w, NULL);
	show_uuid(w, "id", rows, row, 0);
	show_text(w, "name", rows, row, 1);
	show_text(w, "prefix", rows, row, 2);
	show_json(w, "scopes", rows, row, 3);
	show_time(w, "created_at", rows, row, 4);
	show_time(w, "expires_at", rows, row, 5);
	show_time(w, "last_used_at", rows, row, 6);
	show_time(w, "revoked_at", rows, row, 7);
	jw_end_object(w);
}

enum err
token_list(struct db *db, struct req *r, const uint8_t *tenant_id)
{
	char cursor[REPLY_CURSOR_BYTES], last[DB_UUID_TEXT_SIZE];
	struct db_rows *rows = NULL;
	uint8_t after[16] = { 0 };
	struct jw w;
	int64_t limit;
	size_t n;
	enum err e;

	if (!req_page(r, &limit, cursor))
		return OK;
	if (cursor[0] != '\0' && !db_uuid_parse(cursor, strlen(cursor), after))
		return req_bad_query(r, "cursor", "not one of ours");
	e = db_exec(db, SQL_STMT(token_list), DB_PARAMS(db_uuid(tenant_id),
	    db_uuid(after), db_i64(limit + 1)), &rows);
	if (e != OK)
		return e;
	n = db_rows_n(rows);
	jw_init(&w, TOKEN_LIST_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++)
		print_token(&w, rows, i);
	if (n > (size_t)limit) {
		db_get_uuid(rows, (size_t)limit - 1, 0, after);
		db_uuid_print(after, last);
	}
	req_list_end(r, &w, n > (size_t)limit ? last : NULL);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}
