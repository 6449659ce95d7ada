/*
 * apidb.h - a request of a tenant, and a database with zones (xferdb.h), for
 * units of apid's rooms. The code runs under apid's own roles.
 */
#ifndef TESTS_LIB_APIDB_H
#define TESTS_LIB_APIDB_H

#include "api/app.h"
#include "api/repo.h"
#include "api/req.h"
#include "tests/lib/xferdb.h"

static struct {
	struct app app;
	struct repo *repo;
	struct req *r;
} apidb;

/* A new request of tenant n, as if its token was known. */
static inline void
apidb_request(unsigned tenant)
{
	struct req *r = apidb.r;

	if (r != NULL)
		req_fini(r);
	else
		r = apidb.r = malloc(sizeof(*r));
	if (r == NULL)
		abort();
	memset(r, 0, sizeof(*r));
	r->app = &apidb.app;
	r->repo = apidb.repo;
	r->terms.secret = apidb.app.pepper.key;
	snprintf(r->id, sizeof(r->id), "request-1");
	snprintf(r->path, sizeof(r->path), "/v1/things");
	r->known = true;
	r->who.kind = AUTH_TENANT;
	r->who.via = AUTH_VIA_TOKEN;
	xferdb_id('t', tenant, r->who.tenant_id);
	xferdb_id('k', tenant, r->who.token_id);
	db_uuid_print(r->who.tenant_id, r->who.tenant_text);
	snprintf(r->who.prefix, sizeof(r->who.prefix), "us_t_tenant%u",
	    tenant);
	snprintf(r->who.scopes, sizeof(r->who.scopes), " * ");
}

static inline void
apidb_query(const char *name, const char *value)
{
	struct req_query *q = &apidb.r->query[apidb.r->n_query++];

	snprintf(q->name, sizeof(q->name), "%s", name);
	q->value = strdup(value);
}

/* The cursor behind @key in a list of this request. */
static inline void
apidb_cursor(const char *key, char out[CURSOR_BYTES])
{
	char list[REQ_LIST_BYTES];

	snprintf(list, sizeof(list), " %s ", apidb.r->who.tenant_text);
	cursor_print(apidb.app.pepper.key, list, key, out);
}

/* The body of the request, as JSON text with ' for ". */
static inline void
apidb_body(const char *json)
{
	char text[3000];
	struct body_fault fault;

	snprintf(text, sizeof(text), "%s", json);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	body_free(apidb.r->body);
	apidb.r->body = NULL;
	if (body_parse(text, strlen(text), &apidb.r->body, &fault) != OK)
		abort();
}

/* Does the reply hold this text, written with ' for "? */
static inline bool
apidb_says(const char *what)
{
	char text[3000];

	snprintf(text, sizeof(text), "%s", what);
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	if (apidb.r->reply.text != NULL && memmem(apidb.r->reply.text,
	    apidb.r->reply.len, text, strlen(text)) != NULL)
		return true;
	fprintf(stderr, "# no %s in %.*s\n", text,
	    (int)apidb.r->reply.len, apidb.r->reply.text != NULL ?
	    apidb.r->reply.text : "");
	return false;
}

static inline int
apidb_setup(void **state)
{
	static char app[300], auth[300], operator[300];
	struct repo_conf *conf = &apidb.app.repo;

	if (xferdb_setup(state) != 0 || auth_init() != OK)
		return -1;
	snprintf(app, sizeof(app), "%s user=understudy_apid_app",
	    pgtest_start());
	snprintf(auth, sizeof(auth), "%s user=understudy_apid_auth",
	    pgtest_start());
	snprintf(operator, sizeof(operator),
	    "%s user=understudy_apid_operator", pgtest_start());
	*conf = (struct repo_conf){ .app = app, .auth = auth,
		.operator = operator, .timeout_ms = 30000, .prepare = true,
		.pepper = &apidb.app.pepper, .session_idle_s = 3600 };
	if (repo_new(conf, &apidb.repo) != OK)
		return -1;
	xferdb_tenant(1);
	xferdb_tenant(2);
	apidb_request(1);
	return 0;
}

static inline int
apidb_teardown(void **state)
{
	req_fini(apidb.r);
	free(apidb.r);
	apidb.r = NULL;
	repo_free(apidb.repo);
	apidb.repo = NULL;
	return xferdb_teardown(state);
}

#define APIDB_TEST(name) TEST_WITH(name, apidb_setup, apidb_teardown)

#endif
