/*
 * resource_setup.c - /v1/zones/{zone}/setup: configuration to copy into the
 * primary and at the registrar; /v1/zones/{zone}/stats: what edges counted.
 */
#include <string.h>

#include "api/app.h"
#include "api/lookup.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"
#include "common/base/offer.h"
#include "common/dns/recipe.h"

enum { SETUP_REPLY_MAX = 1 << 20, SETUP_TEXT_MAX = 64 << 10 };

/* ---- setup ------------------------------------------------------------- */

static void
print_strings(struct jw *w, const char *key, const char *const *items,
    size_t n)
{
	jw_begin_list(w, key);
	for (size_t i = 0; i < n; i++)
		jw_str(w, NULL, items[i]);
	jw_end_list(w);
}

static void
print_configurations(struct jw *w, const struct recipe *recipe)
{
	jw_begin_list(w, "configurations");
	for (int k = 0; k < RECIPE_KINDS; k++) {
		enum recipe_kind kind = (enum recipe_kind)k;
		struct buf text;

		buf_init(&text, SETUP_TEXT_MAX);
		recipe_print(recipe, kind, RECIPE_ALL, &text);
		jw_begin_object(w, NULL);
		jw_str(w, "server", recipe_word(kind));
		jw_str(w, "title", recipe_title(kind));
		jw_str(w, "place", recipe_place(kind));
		jw_bool(w, "tested", recipe_is_tested(kind));
		if (buf_err(&text) == OK)
			jw_str(w, "text", buf_cstr(&text));
		else
			jw_null(w, "text");
		jw_end_object(w);
		buf_fini(&text);
	}
	jw_end_list(w);
}

/* A claim has its own names; without claims those of the stripes. */
static bool
is_ours(const struct conf_nameserver *ns, uint64_t stripes, const char *hosts)
{
	char word[300];

	if (hosts == NULL)
		return (stripes >> ns->stripe & 1) != 0;
	snprintf(word, sizeof(word), " %s ", ns->host);
	return strcasestr(hosts, word) != NULL;
}

/* What goes to the registrar, and into the zone itself. */
static void
print_registrar(struct jw *w, const struct conf *conf, struct db_rows *rows,
    const char *zone)
{
	uint64_t stripes = (uint64_t)db_get_i64(rows, 0, 0);
	const char *hosts = db_get_text_or(rows, 0, 3, NULL);
	const char *dot = strcmp(zone, ".") == 0 ? "" : ".";
	char ip[SOCK_TEXT_MAX];
	struct buf records;

	buf_init(&records, SETUP_TEXT_MAX);
	jw_begin_object(w, "registrar");
	jw_begin_list(w, "nameservers");
	for (size_t i = 0; i < conf->n_nameservers; i++) {
		const struct conf_nameserver *ns = &conf->nameserver[i];

		if (!is_ours(ns, stripes, hosts))
			continue;
		jw_begin_object(w, NULL);
		jw_str(w, "name", ns->host);
		jw_begin_list(w, "addresses");
		for (size_t k = 0; k < ns->n_addresses; k++)
			jw_str(w, NULL, sock_ip_print(&ns->addresses[k], ip));
		jw_end_list(w);
		jw_end_object(w);
		buf_printf(&records, "%s%s 86400 IN NS %s.\n", zone, dot,
		    ns->host);
	}
	jw_end_list(w);
	jw_str(w, "text", "Add these names to the domain's name servers at "
	    "your registrar, beside those that you have; no addresses (glue) "
	    "are needed.");
	if (buf_err(&records) == OK)
		jw_str(w, "records", buf_cstr(&records));
	jw_str(w, "records_text", "Add these records to the zone at your "
	    "primary, and raise its serial, so that the zone and its parent "
	    "agree.");
	jw_end_object(w);
	buf_fini(&records);
}

/* The key that was asked for, else that of the first primary that has one. */
static enum err
find_key(struct db *db, struct req *r, const uint8_t *zone_id,
    struct db_rows **out)
{
	const char *wanted = req_query(r, "key");
	uint8_t id[16];
	enum err e;

	if (wanted == NULL)
		return db_exec(db, SQL_STMT(setup_keys), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(zone_id)), out);
	e = lookup_key(db, r, wanted, id, NULL);
	if (e == ERR_NOT_FOUND) {
		(void)req_bad_query(r, "key",
		    "you have no key of this id or name");
		return ERR_INVALID;
	}
	return e != OK ? e : db_exec(db, SQL_STMT(setup_key), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(id)), out);
}

static void
print_key(struct jw *w, const struct recipe *recipe)
{
	if (recipe->key == NULL) {
		jw_null(w, "key");
		return;
	}
	jw_begin_object(w, "key");
	jw_str(w, "name", recipe->key);
	jw_str(w, "algorithm", recipe->algorithm);
	jw_str(w, "secret_placeholder", RECIPE_SECRET);
	jw_end_object(w);
}

static void
print_setup(struct jw *w, struct req *r, struct db_rows *rows,
    const struct lookup_zone *z, struct recipe *recipe)
{
	struct offer offer;

	offer_init(&offer, r->app->conf);
	recipe->zone = z->name.text;
	recipe->sources = offer.source;
	recipe->n_sources = offer.n_sources;
	recipe->targets = offer.target;
	recipe->n_targets = offer.n_targets;
	jw_begin_object(w, NULL);
	jw_str(w, "name", z->name.text);
	show_text(w, "state", rows, 0, 1);
	show_json(w, "primaries", rows, 0, 2);
	print_strings(w, "transfer_sources", offer.source, offer.n_sources);
	print_strings(w, "notify_targets", offer.target, offer.n_targets);
	print_key(w, recipe);
	print_configurations(w, recipe);
	print_registrar(w, r->app->conf, rows, z->name.text);
	jw_fmt(w, "next", "When it is done: POST /v1/zones/%s/check tells "
	    "step by step what works.", z->name.text);
	jw_end_object(w);
}

static enum err
get_setup(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL, *keys = NULL;
	struct recipe recipe = { 0 };
	struct lookup_zone z;
	struct jw w;
	enum err e;

	(void)arg;
	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e == OK)
		e = db_exec(db, SQL_STMT(setup_zone), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z.id)), &rows);
	if (e == OK && db_rows_n(rows) == 0)
		e = ERR_NOT_FOUND;
	if (e == OK)
		e = find_key(db, r, z.id, &keys);
	if (e == OK) {
		if (db_rows_n(keys) > 0) {
			recipe.key = db_get_text(keys, 0, 0);
			recipe.algorithm = db_get_text(keys, 0, 1);
		}
		jw_init(&w, SETUP_REPLY_MAX);
		print_setup(&w, r, rows, &z, &recipe);
		e = req_json(r, 200, &w);
	}
	db_rows_free(rows);
	db_rows_free(keys);
	return e;
}

enum err
resource_setup_get(struct req *r)
{
	return repo_read(r, get_setup, NULL);
}

/* ---- stats ------------------------------------------------------------- */

static void
print_edge(struct jw *w, struct db_rows *rows, size_t row)
{
	jw_begin_object(w, NULL);
	show_text(w, "name", rows, row, 0);
	show_time(w, "seen_at", rows, row, 1);
	show_i64(w, "answers", rows, row, 2);
	show_i64(w, "nxdomain", rows, row, 3);
	jw_end_object(w);
}

static enum err
get_stats(struct db *db, struct req *r, void *arg)
{
	int64_t answers = 0, nxdomain = 0;
	struct db_rows *rows = NULL;
	struct lookup_zone z;
	bool counted = false;
	struct jw w;
	enum err e;

	(void)arg;
	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e == OK)
		e = db_exec(db, SQL_STMT(zone_busy), DB_PARAMS(
		    db_uuid(z.id)), &rows);
	if (e != OK)
		return e;
	jw_init(&w, SETUP_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_str(&w, "name", z.name.text);
	jw_begin_list(&w, "edges");
	for (size_t i = 0; i < db_rows_n(rows); i++) {
		print_edge(&w, rows, i);
		if (db_is_null(rows, i, 2))
			continue;
		counted = true;
		answers += db_get_i64(rows, i, 2);
		nxdomain += db_get_i64_or(rows, i, 3, 0);
	}
	jw_end_list(&w);
	if (counted) {
		jw_int(&w, "answers", answers);
		jw_int(&w, "nxdomain", nxdomain);
	} else {
		jw_null(&w, "answers");
		jw_null(&w, "nxdomain");
	}
	jw_str(&w, "text", counted ? "Answers since each edge has the zone "
	    "in its memory." : "Each edge reports the zones that it is asked "
	    "for most; this one is not among them now.");
	jw_end_object(&w);
	db_rows_free(rows);
	return req_json(r, 200, &w);
}

enum err
resource_setup_stats(struct req *r)
{
	return repo_read(r, get_stats, NULL);
}
