/*
 * claims.c - who may claim what, and what a new zone needs for it.
 */
#include "api/claims.h"

#include <string.h>

#include "api/app.h"
#include "api/reserved.h"
#include "api/sql.h"
#include "common/base/log.h"
#include "common/base/ownership.h"
#include "common/base/sock.h"
#include "common/db/db_tx.h"

enum {
	ARRAY_MAX = 256 << 10,
	ADDRESSES_TEXT_MAX = 4096,
	TRIES = 4,
};

bool
claims_on(const struct conf *conf)
{
	return !ownership_is_off(conf);
}

/* ---- the pool ---- */

struct pool_arrays {
	struct db_array host, wire, stripe, addresses;
};

static enum err
add_host(const struct conf_nameserver *ns, struct pool_arrays *a)
{
	char text[ADDRESSES_TEXT_MAX], ip[SOCK_TEXT_MAX];
	struct lookup_name name;
	size_t len = 0;

	if (lookup_name_parse(ns->host, strlen(ns->host), &name) != OK) {
		log_err("nameservers.refused", "host=%s reason=%s",
		    LOG_Q(ns->host), LOG_Q("not a domain name"));
		return ERR_CONFIG;
	}
	for (size_t i = 0; i < ns->n_addresses; i++) {
		const char *one = sock_ip_print(&ns->addresses[i], ip);
		size_t n = strlen(one);

		if (len + n + 2 > sizeof(text))
			break;
		if (len > 0)
			text[len++] = ' ';
		memcpy(text + len, one, n);
		len += n;
	}
	db_array_add(&a->host, name.text, strlen(name.text));
	db_array_add(&a->wire, name.wire, name.len);
	db_array_add_i64(&a->stripe, ns->stripe);
	db_array_add(&a->addresses, text, len);
	return OK;
}

struct start {
	const struct conf *conf;
	struct pool_arrays arrays;
};

static enum err
store_pool(struct db *db, void *arg)
{
	struct start *s = arg;
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, SQL_STMT(pool_sync), DB_PARAMS(
	    db_array_param(&s->arrays.host), db_array_param(&s->arrays.wire),
	    db_array_param(&s->arrays.stripe),
	    db_array_param(&s->arrays.addresses),
	    db_i64(s->conf->nameservers.per_set)), &rows);
	if (e == OK && db_rows_n(rows) > 0 && !db_is_null(rows, 0, 0)) {
		log_err("nameservers.refused", "reason=%s",
		    LOG_Q(db_get_text(rows, 0, 0)));
		e = ERR_CONFIG;
	}
	db_rows_free(rows);
	rows = NULL;
	if (e == OK)
		e = db_exec(db, SQL_STMT(claim_adopt), DB_NO_PARAMS, &rows);
	if (e == OK && db_get_i64(rows, 0, 0) > 0)
		log_info("claims.adopted", "zones=%lld",
		    (long long)db_get_i64(rows, 0, 0));
	db_rows_free(rows);
	return e;
}

enum err
claims_start(const struct conf *conf)
{
	struct db_conf open = {
		.conninfo = conf->database.apid_operator,
		.program = "apid",
		.connect_timeout_s = (int)conf->database.connect_timeout_s,
		.prepare = true,
	};
	struct start s = { .conf = conf };
	struct db *db = NULL;
	char why[256] = "";
	enum err e = OK;

	if (!claims_on(conf))
		return OK;
	if (conf->n_nameservers == 0)
		log_warn("nameservers.missing", "reason=%s", LOG_Q("no name "
		    "servers are configured: no claim can be proven by "
		    "delegation"));
	db_array_init(&s.arrays.host, DB_ARRAY_TEXT, ARRAY_MAX);
	db_array_init(&s.arrays.wire, DB_ARRAY_BYTES, ARRAY_MAX);
	db_array_init(&s.arrays.stripe, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&s.arrays.addresses, DB_ARRAY_TEXT, ARRAY_MAX);
	for (size_t i = 0; e == OK && i < conf->n_nameservers; i++)
		e = add_host(&conf->nameserver[i], &s.arrays);
	if (e == OK)
		e = db_open(&open, &db, why, sizeof(why));
	if (e == OK)
		e = db_tx_run(db, DB_TX_WRITE, TRIES, store_pool, &s);
	if (e != OK && e != ERR_CONFIG)
		log_warn("nameservers.unstored", "error=%s reason=%s",
		    err_name(e), LOG_Q(db != NULL ? db_error(db) : why));
	if (db != NULL)
		db_close(db);
	db_array_fini(&s.arrays.host);
	db_array_fini(&s.arrays.wire);
	db_array_fini(&s.arrays.stripe);
	db_array_fini(&s.arrays.addresses);
	return e;
}

/* ---- a new claim ---- */

enum err
claims_check_name(struct db *db, struct req *r,
    const struct lookup_name *name, const char *pointer)
{
	const struct conf *conf = r->app->conf;
	struct db_rows *rows = NULL;
	char sub[FAULT_POINTER_MAX];
	const char *why;
	bool allowed;
	enum err e;

	if (!claims_on(conf))
		return OK;
	why = reserved_why(conf, name->wire);
	if (why == NULL)
		return OK;
	e = db_exec(db, SQL_STMT(claim_allowed), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_bytes(name->wire, name->len)),
	    &rows);
	if (e != OK)
		return e;
	allowed = db_rows_n(rows) > 0;
	db_rows_free(rows);
	if (allowed)
		return OK;
	body_pointer(sub, sizeof(sub), pointer, "name");
	body_fault_add(&r->faults, sub, "reserved", "is %s: ask the operator "
	    "to allow it for your account", why);
	return ERR_DENIED;
}

enum err
claims_open(struct db *db, struct req *r, struct db_array *ids)
{
	if (!claims_on(r->app->conf) || ids->n == 0)
		return OK;
	return db_exec(db, SQL_STMT(claim_open),
	    DB_PARAMS(db_array_param(ids)), NULL);
}
