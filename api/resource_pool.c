/*
 * resource_pool.c - what the operator says of claims: the word for a zone,
 *                   the brake on suspensions, reserved names that a tenant may
 *                   have, the pool of name servers.
 */
#include <string.h>

#include "api/acting.h"
#include "api/app.h"
#include "api/audit.h"
#include "api/claims.h"
#include "api/lookup.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"
#include "api/tenants.h"

enum { WORD_REPLY_MAX = 4096, POOL_LIST_MAX = 1 << 20 };

/* ---- the word for a zone ---- */

enum word { WORD_ACTIVATE, WORD_DEACTIVATE, WORD_RELEASE };

static enum err
say_word(struct db *db, enum word word, const uint8_t *zone_id,
    const char **out_what)
{
	static const char *const known[] = { "done", "same", "off", "names",
		"blocked" };
	struct db_rows *rows = NULL;
	enum err e;

	*out_what = "done";
	if (word == WORD_RELEASE) {
		e = db_exec(db, SQL_STMT(claim_reopen),
		    DB_PARAMS(db_uuid(zone_id)), &rows);
		if (e == OK && !db_get_bool(rows, 0, 0))
			*out_what = "same";
		db_rows_free(rows);
		return e;
	}
	e = db_exec(db, SQL_STMT(claim_word), DB_PARAMS(db_uuid(zone_id),
	    db_bool(word == WORD_ACTIVATE)), &rows);
	for (size_t i = 0; e == OK && i < COUNT_OF(known); i++)
		if (strcmp(db_get_text(rows, 0, 0), known[i]) == 0)
			*out_what = known[i];
	db_rows_free(rows);
	return e;
}

static enum err
refuse(struct req *r, enum word word, const char *what)
{
	if (strcmp(what, "off") == 0)
		(void)req_problem(r, PROBLEM_CONFLICT,
		    "ownership is off: the zone has no claim");
	else if (strcmp(what, "names") == 0)
		(void)req_problem(r, PROBLEM_CONFLICT, "other claims on this "
		    "name have all of the name servers");
	else if (strcmp(what, "blocked") == 0)
		(void)req_problem(r, PROBLEM_CONFLICT, "another claim on this "
		    "name is served at the same addresses: deactivate it "
		    "first");
	else if (word == WORD_RELEASE)
		(void)req_problem(r, PROBLEM_CONFLICT,
		    "the claim is neither suspended nor lapsed");
	return ERR_INVALID;
}

static enum err
reply_word(struct db *db, struct req *r, const uint8_t *tenant_id,
    const struct lookup_zone *z)
{
	struct db_rows *rows = NULL;
	struct jw w;
	enum err e;

	e = db_exec(db, SQL_STMT(claim_proof), DB_PARAMS(db_uuid(tenant_id),
	    db_uuid(z->id)), &rows);
	if (e == OK && db_rows_n(rows) == 0)
		e = ERR_NOT_FOUND;
	if (e != OK) {
		db_rows_free(rows);
		return e;
	}
	jw_init(&w, WORD_REPLY_MAX);
	jw_begin_object(&w, NULL);
	show_text(&w, "zone", rows, 0, 0);
	show_text(&w, "state", rows, 0, 1);
	show_text(&w, "proof", rows, 0, 6);
	show_json(&w, "nameservers", rows, 0, 19);
	jw_end_object(&w);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

static enum err
give_word(struct db *db, struct req *r, void *arg)
{
	static const char *const actions[] = { "zone.activate",
		"zone.deactivate", "zone.release" };
	enum word word = *(enum word *)arg;
	char tenant[DB_UUID_TEXT_SIZE];
	struct lookup_zone z;
	const char *what;
	uint8_t id[16];
	struct audit a;
	enum err e;

	e = tenants_find(db, r, id);
	if (e != OK)
		return e;
	memcpy(r->who.tenant_id, id, 16);	/* whose zone it is */
	db_uuid_print(id, tenant);
	e = db_exec(db, SQL_STMT(tenant_set), DB_PARAMS(db_text(tenant)),
	    NULL);
	if (e == OK)
		e = lookup_zone(db, r, req_param(r, 1), &z);
	if (e != OK)
		return e;
	e = audit_look_in(db, r, AUDIT_ZONE, id, z.id, &a);
	if (e == OK)
		e = say_word(db, word, z.id, &what);
	if (e == OK && strcmp(what, "done") != 0 && (strcmp(what, "same") != 0
	    || word == WORD_RELEASE))
		e = refuse(r, word, what);
	if (e == OK)
		e = audit_write(db, r, &a, actions[word], z.name.text);
	audit_fini(&a);
	return e != OK ? e : reply_word(db, r, id, &z);
}

static enum err
run_word(struct req *r, enum word word)
{
	char nothing;

	if (r->body != NULL && !req_read(r, NULL, 0, &nothing))
		return OK;
	return acting_need_reason(r) ? repo_operator(r, give_word, &word) : OK;
}

enum err
resource_pool_activate(struct req *r)
{
	return run_word(r, WORD_ACTIVATE);
}

enum err
resource_pool_deactivate(struct req *r)
{
	return run_word(r, WORD_DEACTIVATE);
}

enum err
resource_pool_release(struct req *r)
{
	return run_word(r, WORD_RELEASE);
}

/* ---- the brake ---- */

static enum err
get_brake(struct db *db, struct req *r, void *arg UNUSED)
{
	struct db_rows *brake = NULL, *rows = NULL;
	char cursor[REPLY_CURSOR_BYTES], last[DB_UUID_TEXT_SIZE];
	uint8_t id[16];
	struct jw w;
	int64_t limit;
	size_t n;
	enum err e;

	if (!req_page(r, &limit, cursor))
		return OK;
	e = db_exec(db, SQL_STMT(brake_look), DB_NO_PARAMS, &brake);
	if (e == OK)
		e = db_exec(db, SQL_STMT(brake_held), DB_PARAMS(
		    db_text(cursor[0] != '\0' ? cursor :
		    "00000000-0000-0000-0000-000000000000"),
		    db_i64(limit + 1)), &rows);
	if (e != OK) {
		db_rows_free(brake);
		return e;
	}
	n = db_rows_n(rows);
	jw_init(&w, POOL_LIST_MAX);
	jw_begin_object(&w, NULL);
	show_i64(&w, "suspended_last_hour", brake, 0, 0);
	show_i64(&w, "limit_per_hour", brake, 0, 1);
	show_i64(&w, "held", brake, 0, 2);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++) {
		jw_begin_object(&w, NULL);
		show_uuid(&w, "zone_id", rows, i, 0);
		show_text(&w, "zone", rows, i, 1);
		show_uuid(&w, "tenant_id", rows, i, 2);
		show_time(&w, "held_at", rows, i, 3);
		jw_end_object(&w);
	}
	if (n > (size_t)limit) {
		db_get_uuid(rows, (size_t)limit - 1, 0, id);
		db_uuid_print(id, last);
	}
	req_list_end(r, &w, n > (size_t)limit ? last : NULL);
	db_rows_free(brake);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

enum err
resource_pool_brake(struct req *r)
{
	return repo_operator(r, get_brake, NULL);
}

static enum err
release_brake(struct db *db, struct req *r, void *arg UNUSED)
{
	struct db_rows *rows = NULL;
	struct jw w;
	int64_t n;
	enum err e;

	e = db_exec(db, SQL_STMT(brake_release), DB_NO_PARAMS, &rows);
	if (e != OK)
		return e;
	n = db_get_i64(rows, 0, 0);
	db_rows_free(rows);
	e = repo_audit(db, r, "brake.release", NULL);
	if (e != OK)
		return e;
	jw_init(&w, WORD_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_int(&w, "released", n);
	jw_end_object(&w);
	return req_json(r, 200, &w);
}

enum err
resource_pool_brake_release(struct req *r)
{
	char nothing;

	if (r->body != NULL && !req_read(r, NULL, 0, &nothing))
		return OK;
	return acting_need_reason(r) ? repo_operator(r, release_brake, NULL) :
	    OK;
}

/* ---- reserved names that a tenant may have ---- */

static enum err
list_allowed(struct db *db, struct req *r, void *arg UNUSED)
{
	char cursor[REPLY_CURSOR_BYTES];
	struct db_rows *rows = NULL;
	struct jw w;
	uint8_t id[16];
	int64_t limit;
	size_t n;
	enum err e;

	if (!req_page(r, &limit, cursor))
		return OK;
	e = tenants_find(db, r, id);
	if (e == OK)
		e = db_exec(db, SQL_STMT(allowed_list), DB_PARAMS(db_uuid(id),
		    db_text(cursor), db_i64(limit + 1)), &rows);
	if (e != OK)
		return e;
	n = db_rows_n(rows);
	jw_init(&w, POOL_LIST_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++) {
		jw_begin_object(&w, NULL);
		show_text(&w, "name", rows, i, 0);
		show_text(&w, "allowed_by", rows, i, 1);
		show_time(&w, "allowed_at", rows, i, 2);
		jw_end_object(&w);
	}
	req_list_end(r, &w, n > (size_t)limit ?
	    db_get_text(rows, (size_t)limit - 1, 0) : NULL);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

enum err
resource_pool_names(struct req *r)
{
	return repo_operator(r, list_allowed, NULL);
}

struct name_in {
	struct body_str name;
};

static const struct body_field name_fields[] = {
	{ "name", BODY_STR, BODY_REQ, 1, 1024, offsetof(struct name_in, name) },
};

static enum err
allow_name(struct db *db, struct req *r, void *arg)
{
	struct name_in *in = arg;
	char actor[REPO_ACTOR_MAX];
	struct lookup_name name;
	struct jw w;
	uint8_t id[16];
	enum err e;

	e = tenants_find(db, r, id);
	if (e != OK)
		return e;
	if (lookup_name_parse(in->name.s, in->name.len, &name) != OK) {
		body_fault_add(&r->faults, "/name", "name",
		    "must be a domain name");
		return req_invalid(r);
	}
	repo_actor(r, actor);
	e = db_exec(db, SQL_STMT(allowed_add), DB_PARAMS(db_uuid(id),
	    db_bytes(name.wire, name.len), db_text(name.text),
	    db_text(actor)), NULL);
	if (e == OK)
		e = repo_audit(db, r, "name.allow", name.text);
	if (e != OK)
		return e;
	jw_init(&w, WORD_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_str(&w, "name", name.text);
	jw_str(&w, "allowed_by", actor);
	jw_end_object(&w);
	return req_json(r, 201, &w);
}

enum err
resource_pool_name_allow(struct req *r)
{
	struct name_in in = { 0 };

	if (!req_read(r, name_fields, COUNT_OF(name_fields), &in))
		return OK;
	return acting_need_reason(r) ? repo_operator(r, allow_name, &in) : OK;
}

static enum err
disallow_name(struct db *db, struct req *r, void *arg UNUSED)
{
	struct lookup_name name;
	struct db_rows *rows = NULL;
	const char *text = req_param(r, 1);
	uint8_t id[16];
	enum err e;

	e = tenants_find(db, r, id);
	if (e != OK)
		return e;
	if (lookup_name_parse(text, strlen(text), &name) != OK)
		return ERR_NOT_FOUND;
	e = db_exec(db, SQL_STMT(allowed_remove), DB_PARAMS(db_uuid(id),
	    db_bytes(name.wire, name.len)), &rows);
	if (e == OK && db_rows_affected(rows) == 0)
		e = ERR_NOT_FOUND;
	db_rows_free(rows);
	if (e == OK)
		e = repo_audit(db, r, "name.disallow", name.text);
	if (e == OK)
		reply_none(&r->reply, 204);
	return e;
}

enum err
resource_pool_name_disallow(struct req *r)
{
	return acting_need_reason(r) ? repo_operator(r, disallow_name, NULL) :
	    OK;
}

/* ---- the pool ---- */

static enum err
list_pool(struct db *db, struct req *r, void *arg UNUSED)
{
	struct db_rows *rows = NULL;
	struct jw w;
	enum err e;

	e = db_exec(db, SQL_STMT(pool_list), DB_NO_PARAMS, &rows);
	if (e != OK)
		return e;
	jw_init(&w, POOL_LIST_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < db_rows_n(rows); i++) {
		jw_begin_object(&w, NULL);
		show_text(&w, "name", rows, i, 0);
		show_json(&w, "addresses", rows, i, 1);
		show_i64(&w, "stripe", rows, i, 2);
		show_i64(&w, "set", rows, i, 3);
		show_time(&w, "retired_at", rows, i, 4);
		show_i64(&w, "tenants", rows, i, 5);
		show_i64(&w, "claims", rows, i, 6);
		jw_end_object(&w);
	}
	jw_end_list(&w);
	jw_end_object(&w);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

/* Without ownership checks the database has no pool: the configuration's. */
static enum err
print_configured(struct req *r)
{
	const struct conf *conf = r->app->conf;
	char text[SOCK_TEXT_MAX];
	struct jw w;

	jw_init(&w, POOL_LIST_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < conf->n_nameservers; i++) {
		const struct conf_nameserver *ns = &conf->nameserver[i];

		jw_begin_object(&w, NULL);
		jw_str(&w, "name", ns->host);
		jw_begin_list(&w, "addresses");
		for (size_t k = 0; k < ns->n_addresses; k++)
			jw_str(&w, NULL, sock_ip_print(&ns->addresses[k],
			    text));
		jw_end_list(&w);
		jw_int(&w, "stripe", ns->stripe);
		jw_null(&w, "set");
		jw_null(&w, "retired_at");
		jw_int(&w, "tenants", 0);
		jw_int(&w, "claims", 0);
		jw_end_object(&w);
	}
	jw_end_list(&w);
	jw_end_object(&w);
	return req_json(r, 200, &w);
}

enum err
resource_pool_nameservers(struct req *r)
{
	return claims_on(r->app->conf) ? repo_operator(r, list_pool, NULL) :
	    print_configured(r);
}
