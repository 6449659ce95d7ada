/*
 * resource_keys.c - /v1/keys: TSIG keys.
 *
 * A secret comes in, is sealed for xferd at once, and never goes out again;
 * one that we make is shown in the answer that creates it.
 */
#include <string.h>

#include "api/app.h"
#include "api/audit.h"
#include "api/lookup.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"

enum { KEY_REPLY_MAX = 8192, KEY_LIST_MAX = 1 << 20 };

static const struct algorithm {
	const char *name;
	size_t secret_len;		/* of a secret that we make */
} algorithms[] = {
	{ "hmac-sha1", 20 }, { "hmac-sha224", 28 }, { "hmac-sha256", 32 },
	{ "hmac-sha384", 48 }, { "hmac-sha512", 64 },
};

struct key_in {
	struct body_str name, algorithm, secret;
};

/* What is stored: made once, before the transaction that may run twice. */
struct key {
	uint8_t id[16];
	struct lookup_name name;
	const struct algorithm *algorithm;
	uint8_t sealed[SEAL_SEALED_MAX];
	size_t sealed_len;
	char fingerprint[AUTH_FINGERPRINT_BYTES];
	bool made;
	char secret_text[SEAL_SECRET_MAX * 2];
	bool set_name, set_secret;
};

static const struct algorithm *
find_algorithm(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(algorithms); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

static void
print_key(struct jw *w, const char *member, struct db_rows *rows, size_t row)
{
	jw_begin_object(w, member);
	show_uuid(w, "id", rows, row, 0);
	show_text(w, "name", rows, row, 1);
	show_text(w, "algorithm", rows, row, 2);
	show_text(w, "fingerprint", rows, row, 3);
	show_time(w, "created_at", rows, row, 4);
	show_time(w, "changed_at", rows, row, 5);
}

/* Seal the secret of the body, or a new one, for this tenant and key. */
static enum err
seal_secret(struct req *r, const struct key_in *in, struct key *k)
{
	struct seal_context ctx = {
		r->who.tenant_id, k->id, k->algorithm->name,
	};
	uint8_t secret[SEAL_SECRET_MAX];
	size_t len = 0;
	enum err e = OK;

	if (!r->app->has_seal)
		return ERR_CONFIG;
	if (in->secret.set && !in->secret.null) {
		e = auth_base64_parse(in->secret.s, in->secret.len, secret,
		    sizeof(secret), &len);
		if (e != OK || len == 0) {
			body_fault_add(&r->faults, "/secret", "base64",
			    "must be 1 to %d bytes in base64",
			    SEAL_SECRET_MAX);
			auth_wipe(secret, sizeof(secret));
			return OK;
		}
	} else {
		len = k->algorithm->secret_len;
		auth_random(secret, len);
		auth_base64(secret, len, k->secret_text,
		    sizeof(k->secret_text));
		k->made = true;
	}
	auth_fingerprint(secret, len, k->fingerprint);
	e = seal_close(&r->app->seal, &ctx, secret, len, k->sealed,
	    &k->sealed_len);
	auth_wipe(secret, sizeof(secret));
	return e;
}

static void
check_name(struct req *r, const struct key_in *in, struct key *k)
{
	if (!in->name.set)
		return;
	k->set_name = true;
	if (lookup_name_parse(in->name.s, in->name.len, &k->name) != OK ||
	    k->name.len == 1)
		body_fault_add(&r->faults, "/name", "name",
		    "must be a domain name");
}

static void
check_algorithm(struct req *r, const struct key_in *in, struct key *k)
{
	k->algorithm = find_algorithm(in->algorithm.set ? in->algorithm.s :
	    "hmac-sha256");
	if (k->algorithm == NULL)
		body_fault_add(&r->faults, "/algorithm", "choice",
		    "must be hmac-sha256, hmac-sha384, hmac-sha512, "
		    "hmac-sha224 or hmac-sha1");
}

static enum err
insert_key(struct db *db, struct req *r, void *arg)
{
	struct key *k = arg;
	struct db_rows *rows = NULL;
	struct jw w;
	enum err e;

	e = lookup_room(db, r, "keys", r->app->conf->limits.keys_per_tenant,
	    SQL_STMT(key_count));
	if (e != OK)
		return e;
	e = db_exec(db, SQL_STMT(key_insert),
	    DB_PARAMS(db_uuid(r->who.tenant_id), db_uuid(k->id),
		db_text(k->name.text), db_bytes(k->name.wire, k->name.len),
		db_text(k->algorithm->name),
		db_bytes(k->sealed, k->sealed_len),
		db_text(k->fingerprint)), &rows);
	if (e != OK)
		return e;
	if (db_rows_affected(rows) == 0) {
		db_rows_free(rows);
		body_fault_add(&r->faults, "/name", "exists",
		    "you have a key of this name");
		return req_problem(r, PROBLEM_EXISTS,
		    "a key of this name exists");
	}
	db_rows_free(rows);
	e = audit_made(db, r, AUDIT_KEY, k->id, "key.create", k->name.text);
	if (e == OK)
		e = db_exec(db, SQL_STMT(key_by_id),
		    DB_PARAMS(db_uuid(r->who.tenant_id), db_uuid(k->id)),
		    &rows);
	if (e != OK)
		return e;
	jw_init(&w, KEY_REPLY_MAX);
	print_key(&w, NULL, rows, 0);
	if (k->made)
		jw_str(&w, "secret", k->secret_text);
	jw_end_object(&w);
	db_rows_free(rows);
	return req_json(r, 201, &w);
}

static const struct body_field create_fields[] = {
	{ "name", BODY_STR, BODY_REQ, 1, 1024, offsetof(struct key_in, name) },
	{ "algorithm", BODY_STR, BODY_OPT, 1, 32,
	  offsetof(struct key_in, algorithm) },
	{ "secret", BODY_STR, BODY_OPT, 1, 1024,
	  offsetof(struct key_in, secret) },
};

static const struct body_field patch_fields[] = {
	{ "name", BODY_STR, BODY_OPT, 1, 1024, offsetof(struct key_in, name) },
	{ "algorithm", BODY_STR, BODY_OPT, 1, 32,
	  offsetof(struct key_in, algorithm) },
	{ "secret", BODY_STR, BODY_OPT, 1, 1024,
	  offsetof(struct key_in, secret) },
};

/* A random (version 4) UUID: the secret is sealed to it, so it must be
 * known before the row is. */
static void
make_id(uint8_t id[16])
{
	auth_random(id, 16);
	id[6] = (uint8_t)((id[6] & 0x0f) | 0x40);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
}

enum err
resource_keys_create(struct req *r)
{
	struct key_in in = { 0 };
	struct key k = { 0 };
	enum err e;

	body_read(body_root(r->body), "", create_fields,
	    COUNT_OF(create_fields), &in, &r->faults);
	check_name(r, &in, &k);
	check_algorithm(r, &in, &k);
	make_id(k.id);
	if (k.algorithm != NULL) {
		e = seal_secret(r, &in, &k);
		if (e != OK)
			return e;
	}
	if (r->faults.n > 0)
		return req_invalid(r);
	e = repo_write(r, insert_key, &k);
	auth_wipe(k.secret_text, sizeof(k.secret_text));
	return e;
}

static enum err
get_key(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	uint8_t id[16];
	struct jw w;
	enum err e;

	(void)arg;
	e = lookup_key(db, r, req_param(r, 0), id, &rows);
	if (e != OK)
		return e;
	jw_init(&w, KEY_REPLY_MAX);
	print_key(&w, NULL, rows, 0);
	jw_end_object(&w);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

enum err
resource_keys_get(struct req *r)
{
	return repo_read(r, get_key, NULL);
}

static enum err
list_keys(struct db *db, struct req *r, void *arg)
{
	char cursor[REPLY_CURSOR_BYTES];
	struct db_rows *rows = NULL;
	struct jw w;
	int64_t limit;
	size_t n;
	enum err e;

	(void)arg;
	if (!req_page(r, &limit, cursor))
		return OK;
	e = db_exec(db, SQL_STMT(key_list), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_text(cursor), db_i64(limit + 1)),
	    &rows);
	if (e != OK)
		return e;
	n = db_rows_n(rows);
	jw_init(&w, KEY_LIST_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < n && i < (size_t)limit; i++) {
		print_key(&w, NULL, rows, i);
		jw_end_object(&w);
	}
	req_list_end(r, &w, n > (size_t)limit ?
	    db_get_text(rows, (size_t)limit - 1, 1) : NULL);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

enum err
resource_keys_list(struct req *r)
{
	return repo_read(r, list_keys, NULL);
}

struct key_patch {
	struct key_in in;
	struct key k;
};

static enum err
reseal(struct db *db, struct req *r, struct key_patch *p,
    struct db_rows *rows)
{
	enum err e;

	/* A sealed secret carries its algorithm, so one cannot change
	 * without the other. */
	p->k.algorithm = find_algorithm(p->in.algorithm.set ?
	    p->in.algorithm.s : db_get_text(rows, 0, 2));
	if (p->k.algorithm == NULL)
		return ERR_CORRUPT;
	if (!p->in.secret.set) {
		if (p->in.algorithm.set &&
		    strcmp(p->in.algorithm.s, db_get_text(rows, 0, 2)) != 0)
			body_fault_add(&r->faults, "/secret", "required",
			    "must be given with another algorithm");
		return OK;
	}
	e = seal_secret(r, &p->in, &p->k);
	if (e != OK || r->faults.n > 0)
		return e;
	return db_exec(db, SQL_STMT(key_reseal),
	    DB_PARAMS(db_uuid(r->who.tenant_id), db_uuid(p->k.id),
		db_text(p->k.algorithm->name),
		db_bytes(p->k.sealed, p->k.sealed_len),
		db_text(p->k.fingerprint)), NULL);
}

static enum err
patch_key(struct db *db, struct req *r, void *arg)
{
	struct key_patch *p = arg;
	struct db_rows *rows = NULL;
	struct audit a;
	enum err e;

	e = lookup_key(db, r, req_param(r, 0), p->k.id, &rows);
	if (e != OK)
		return e;
	e = audit_look(db, r, AUDIT_KEY, p->k.id, &a);
	if (e == OK)
		e = reseal(db, r, p, rows);
	db_rows_free(rows);
	if (e == OK && r->faults.n > 0) {
		audit_fini(&a);
		return req_invalid(r);
	}
	if (e == OK && p->k.set_name)
		e = db_exec(db, SQL_STMT(key_rename),
		    DB_PARAMS(db_uuid(r->who.tenant_id), db_uuid(p->k.id),
			db_text(p->k.name.text),
			db_bytes(p->k.name.wire, p->k.name.len)), NULL);
	if (e == OK)
		e = audit_write(db, r, &a, "key.change", req_param(r, 0));
	audit_fini(&a);
	if (e == OK) {
		/* Read again by id: the name may be a new one. */
		db_uuid_print(p->k.id, r->match.param[0]);
		e = get_key(db, r, NULL);
	}
	return e;
}

enum err
resource_keys_patch(struct req *r)
{
	struct key_patch p = { 0 };

	body_read(body_root(r->body), "", patch_fields,
	    COUNT_OF(patch_fields), &p.in, &r->faults);
	check_name(r, &p.in, &p.k);
	if (p.in.algorithm.set)
		check_algorithm(r, &p.in, &p.k);
	if (r->faults.n > 0)
		return req_invalid(r);
	return repo_write(r, patch_key, &p);
}

static enum err
delete_key(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	struct audit a;
	uint8_t id[16];
	int64_t users;
	enum err e;

	(void)arg;
	e = lookup_key(db, r, req_param(r, 0), id, NULL);
	if (e == OK)
		e = db_exec(db, SQL_STMT(key_users), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(id)), &rows);
	if (e != OK)
		return e;
	users = db_get_i64(rows, 0, 0);
	db_rows_free(rows);
	if (users > 0)
		return req_problem(r, PROBLEM_IN_USE,
		    "%lld primaries use this key", (long long)users);
	e = audit_look(db, r, AUDIT_KEY, id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(key_delete), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(id)), NULL);
	if (e == OK)
		e = audit_write(db, r, &a, "key.delete", req_param(r, 0));
	audit_fini(&a);
	if (e == OK)
		reply_none(&r->reply, 204);
	return e;
}

enum err
resource_keys_delete(struct req *r)
{
	return repo_write(r, delete_key, NULL);
}
