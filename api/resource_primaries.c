/*
 * resource_primaries.c - /v1/primaries: where zones are pulled from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/audit.h"
#include "api/lookup.h"
#include "api/primary.h"
#include "api/primary_tls.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"

enum { PRIMARY_REPLY_MAX = 256 << 10, PRIMARY_LIST_MAX = 4 << 20 };

static void
print_primary(struct jw *w, struct db_rows *rows, size_t row, bool pem)
{
	jw_begin_object(w, NULL);
	show_uuid(w, "id", rows, row, 0);
	show_text(w, "name", rows, row, 1);
	show_text(w, "address", rows, row, 2);
	show_i64(w, "port", rows, row, 3);
	show_text(w, "transport", rows, row, 4);
	show_uuid(w, "key", rows, row, 5);
	show_text(w, "key_name", rows, row, 6);
	show_time(w, "created_at", rows, row, 7);
	if (strcmp(db_get_text(rows, row, 4), "tls") == 0)
		primary_tls_print(w, rows, row, 8, pem);
	else
		jw_null(w, "tls");
	jw_end_object(w);
}

static enum err
reply_primary(struct db *db, struct req *r, unsigned int status,
    const uint8_t *id)
{
	char text[DB_UUID_TEXT_SIZE];
	struct db_rows *rows = NULL;
	uint8_t again[16];
	struct jw w;
	enum err e;

	db_uuid_print(id, text);
	e = lookup_primary(db, r, text, again, &rows);
	if (e != OK)
		return e;
	jw_init(&w, PRIMARY_REPLY_MAX);
	print_primary(&w, rows, 0, true);
	db_rows_free(rows);
	if (status == 201)
		reply_header(&r->reply, "Location", "/v1/primaries/%s", text);
	return req_json(r, status, &w);
}

static enum err
name_taken(struct req *r)
{
	body_fault_add(&r->faults, "/name", "exists",
	    "you have a primary of this name");
	(void)req_problem(r, PROBLEM_EXISTS, "a primary of this name exists");
	return ERR_EXISTS;
}

/* The member `tls` in and on its way to the database. */
static enum err
store_tls(struct db *db, struct req *r, const struct primary_in *in,
    const struct primary *p, const uint8_t *id, const struct primary_tls *t)
{
	if (strcmp(p->transport, "tls") != 0)
		return primary_tls_clear(db, r, id);
	return in->tls.set ? primary_tls_store(db, r, id, t) : OK;
}

static enum err
create_with(struct db *db, struct req *r, struct primary_tls *t)
{
	struct primary_in in;
	struct primary p;
	uint8_t id[16];
	enum err e;

	primary_defaults(&p);
	primary_tls_defaults(t);
	primary_read(r, body_root(r->body), "", 0, &in);
	e = primary_apply(db, r, &in, "", &p);
	if (e == OK && in.tls.set)
		e = primary_tls_apply(r, &in.tls, "/tls", t);
	if (e != OK)
		return e;
	if (r->faults.n > 0)
		return req_invalid(r);
	e = primary_make(db, r, &p, id);
	if (e == ERR_EXISTS)
		return name_taken(r);
	if (e == OK)
		e = store_tls(db, r, &in, &p, id, t);
	if (e == OK)
		e = audit_made(db, r, AUDIT_PRIMARY, id, "primary.create",
		    p.address);
	return e != OK ? e : reply_primary(db, r, 201, id);
}

static enum err
create_primary(struct db *db, struct req *r, void *arg)
{
	struct primary_tls *t = calloc(1, sizeof(*t));
	enum err e = t == NULL ? ERR_NO_MEMORY : create_with(db, r, t);

	(void)arg;
	free(t);
	return e;
}

enum err
resource_primaries_create(struct req *r)
{
	return repo_write(r, create_primary, NULL);
}

static enum err
get_primary(struct db *db, struct req *r, void *arg)
{
	uint8_t id[16];
	enum err e;

	(void)arg;
	e = lookup_primary(db, r, req_param(r, 0), id, NULL);
	return e != OK ? e : reply_primary(db, r, 200, id);
}

enum err
resource_primaries_get(struct req *r)
{
	return repo_read(r, get_primary, NULL);
}

static enum err
list_primaries(struct db *db, struct req *r, void *arg)
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
	e = db_exec(db, SQL_STMT(primary_list), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(after), db_i64(limit + 1)),
	    &rows);
	if (e != OK)
		return e;
	n = db_rows_n(rows);
	jw_init(&w, PRIMARY_LIST_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++)
		print_primary(&w, rows, i, false);
	if (n > (size_t)limit) {
		db_get_uuid(rows, (size_t)limit - 1, 0, after);
		db_uuid_print(after, last);
	}
	req_list_end(r, &w, n > (size_t)limit ? last : NULL);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

enum err
resource_primaries_list(struct req *r)
{
	return repo_read(r, list_primaries, NULL);
}

/* What is stored, to apply a patch to. */
static void
load_primary(struct db_rows *rows, struct primary *p)
{
	primary_defaults(p);
	snprintf(p->name, sizeof(p->name), "%s",
	    db_get_text_or(rows, 0, 1, ""));
	snprintf(p->address, sizeof(p->address), "%s",
	    db_get_text(rows, 0, 2));
	p->port = db_get_i64(rows, 0, 3);
	p->transport = strcmp(db_get_text(rows, 0, 4), "tls") == 0 ? "tls" :
	    "tcp";
	p->has_key = !db_is_null(rows, 0, 5);
	if (p->has_key)
		db_get_uuid(rows, 0, 5, p->key_id);
}

static enum err
patch_with(struct db *db, struct req *r, struct primary_tls *t)
{
	struct db_rows *rows = NULL;
	struct primary_in in;
	struct primary p;
	struct audit a;
	uint8_t id[16];
	enum err e;

	e = lookup_primary(db, r, req_param(r, 0), id, &rows);
	if (e != OK)
		return e;
	load_primary(rows, &p);
	db_rows_free(rows);
	primary_read(r, body_root(r->body), "", PRIMARY_PATCH, &in);
	e = primary_apply(db, r, &in, "", &p);
	if (e == OK && in.tls.set)
		e = primary_tls_load(db, r, id, t);
	if (e == OK && in.tls.set)
		e = primary_tls_apply(r, &in.tls, "/tls", t);
	if (e != OK)
		return e;
	if (r->faults.n > 0)
		return req_invalid(r);
	e = audit_look(db, r, AUDIT_PRIMARY, id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(primary_update),
		    DB_PARAMS(db_uuid(r->who.tenant_id), db_uuid(id),
			p.name[0] != '\0' ? db_text(p.name) : db_text(NULL),
			db_text(p.address), db_i64(p.port),
			db_text(p.transport),
			db_uuid(p.has_key ? p.key_id : NULL)), NULL);
	if (e == ERR_EXISTS)
		e = name_taken(r);
	if (e == OK)
		e = store_tls(db, r, &in, &p, id, t);
	if (e == OK)
		e = audit_write(db, r, &a, "primary.change", req_param(r, 0));
	audit_fini(&a);
	return e != OK ? e : reply_primary(db, r, 200, id);
}

static enum err
patch_primary(struct db *db, struct req *r, void *arg)
{
	struct primary_tls *t = calloc(1, sizeof(*t));
	enum err e = t == NULL ? ERR_NO_MEMORY : patch_with(db, r, t);

	(void)arg;
	free(t);
	return e;
}

enum err
resource_primaries_patch(struct req *r)
{
	return repo_write(r, patch_primary, NULL);
}

static enum err
delete_primary(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	struct audit a;
	uint8_t id[16];
	int64_t users;
	enum err e;

	(void)arg;
	e = lookup_primary(db, r, req_param(r, 0), id, NULL);
	if (e == OK)
		e = db_exec(db, SQL_STMT(primary_users), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(id)), &rows);
	if (e != OK)
		return e;
	users = db_get_i64(rows, 0, 0);
	db_rows_free(rows);
	if (users > 0)
		return req_problem(r, PROBLEM_IN_USE,
		    "%lld zones use this primary", (long long)users);
	e = audit_look(db, r, AUDIT_PRIMARY, id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(primary_delete), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(id)), NULL);
	if (e == OK)
		e = audit_write(db, r, &a, "primary.delete", req_param(r, 0));
	audit_fini(&a);
	if (e == OK)
		reply_none(&r->reply, 204);
	return e;
}

enum err
resource_primaries_delete(struct req *r)
{
	return repo_write(r, delete_primary, NULL);
}
