/*
 * resource_meta.c - health, the description of the API, our name servers.
 */
#include <string.h>
#include <strings.h>

#include "api/app.h"
#include "api/claims.h"
#include "api/openapi.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"
#include "common/base/offer.h"

enum { META_REPLY_MAX = 64 << 10 };

/* Alive: this process answers.  Says nothing about the database. */
enum err
resource_meta_health(struct req *r)
{
	struct jw w;

	jw_init(&w, META_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_str(&w, "status", "ok");
	jw_str(&w, "version", UNDERSTUDY_VERSION);
	jw_end_object(&w);
	return req_json(r, 200, &w);
}

enum err
resource_meta_ready(struct req *r)
{
	enum err e = repo_ready(r->repo);
	struct jw w;

	if (e != OK)
		return req_problem(r, PROBLEM_UNAVAILABLE,
		    "the database cannot be asked");
	jw_init(&w, META_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_str(&w, "status", "ready");
	jw_begin_object(&w, "checks");
	jw_str(&w, "database", "ok");
	jw_end_object(&w);
	jw_end_object(&w);
	return req_json(r, 200, &w);
}

enum err
resource_meta_openapi(struct req *r)
{
	size_t len;
	const char *text = openapi_json(&len);

	reply_fixed(&r->reply, 200, "application/json", text, len);
	return OK;
}

static void
print_list(struct jw *w, const char *key, const char *const *items, size_t n)
{
	jw_begin_list(w, key);
	for (size_t i = 0; i < n; i++)
		jw_str(w, NULL, items[i]);
	jw_end_list(w);
}

static void
print_nameserver(struct jw *w, const struct conf_nameserver *ns)
{
	char text[SOCK_TEXT_MAX];

	jw_begin_object(w, NULL);
	jw_str(w, "name", ns->host);
	jw_begin_list(w, "addresses");
	for (size_t i = 0; i < ns->n_addresses; i++)
		jw_str(w, NULL, sock_ip_print(&ns->addresses[i], text));
	jw_end_list(w);
	jw_int(w, "stripe", ns->stripe);
	jw_end_object(w);
}

/* The tenant's set of names, or all where there are none. */
static bool
is_of_set(struct db_rows *rows, const char *host)
{
	size_t n = rows == NULL ? 0 : db_rows_n(rows);

	for (size_t i = 0; i < n; i++)
		if (strcasecmp(db_get_text(rows, i, 0), host) == 0)
			return true;
	return n == 0;
}

static enum err
get_nameservers(struct db *db, struct req *r, void *arg UNUSED)
{
	const struct conf *conf = r->app->conf;
	struct db_rows *rows = NULL;
	struct offer offer;
	struct jw w;
	enum err e = OK;

	if (claims_on(conf))
		e = db_exec(db, SQL_STMT(claim_hosts),
		    DB_PARAMS(db_uuid(r->who.tenant_id)), &rows);
	if (e != OK)
		return e;
	jw_init(&w, META_REPLY_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "nameservers");
	for (size_t i = 0; i < conf->n_nameservers; i++)
		if (is_of_set(rows, conf->nameserver[i].host))
			print_nameserver(&w, &conf->nameserver[i]);
	db_rows_free(rows);
	jw_end_list(&w);
	offer_init(&offer, conf);
	print_list(&w, "transfer_sources", offer.source, offer.n_sources);
	print_list(&w, "notify_targets", offer.target, offer.n_targets);
	jw_end_object(&w);
	return req_json(r, 200, &w);
}

enum err
resource_meta_nameservers(struct req *r)
{
	return repo_read(r, get_nameservers, NULL);
}
