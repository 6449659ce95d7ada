/*
 * route.h - which handler answers a method and a path.
 *
 * Knows:    routes.def; segments, percent escapes, "=2E" and "=2F".
 * Not here: HTTP, what a handler does.
 * Runs in:  any thread; the table is constant.
 * Bounded:  ROUTE_PARAMS_MAX, ROUTE_PARAM_BYTES.
 */
#ifndef API_ROUTE_H
#define API_ROUTE_H

#include <stddef.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum {
	ROUTE_PARAMS_MAX = 2,
	ROUTE_PARAM_BYTES = 1100,	/* a name of 255 bytes, each \DDD */
	ROUTE_ALLOW_BYTES = 64,
	ROUTE_INNER_BYTES = 4096,	/* of a tenant's path, for operators */
};

enum route_method {
	ROUTE_GET = 1,
	ROUTE_POST = 2,
	ROUTE_PATCH = 4,
	ROUTE_DELETE = 8,
	ROUTE_PUT = 16,			/* known, on no route */
	ROUTE_OTHER = 32,
};

enum route_who {
	ROUTE_ANYBODY,
	ROUTE_KNOWN,			/* any token, any signed-in person */
	ROUTE_USER,			/* a signed-in person, of any tenant */
	ROUTE_TENANT,
	ROUTE_OPERATOR,
};
enum route_body { ROUTE_BODY_NONE, ROUTE_BODY_OPTIONAL, ROUTE_BODY_JSON };

struct req;
typedef enum err route_fn(struct req *r);

struct route {
	enum route_method method;
	const char *path;
	enum route_who who;
	const char *scope;
	enum route_body body;
	const char *query;
	route_fn *handler;
};

struct route_match {
	const struct route *route;	/* NULL: see allow */
	int allow;			/* methods of this path; 0: no such path */
	bool read_only;			/* a write to a zone's records */
	bool acting;			/* a tenant's route, for an operator: */
	char tenant[37];		/* below /v1/operator/tenants/{this}/ */
	size_t n_params;
	char param[ROUTE_PARAMS_MAX][ROUTE_PARAM_BYTES];
};

/** route_method() - "GET" ... and HEAD as GET; ROUTE_OTHER for the rest */
enum route_method route_method(const char *name);

/** route_allow() - "GET, HEAD, POST" of a set of methods; @out of
 *  ROUTE_ALLOW_BYTES */
void route_allow(int methods, char *out);

/**
 * route_find() - match a raw path, without the query
 *
 * Segments are compared raw, parameters are percent-decoded, then "=XX".
 * Below /v1/operator/tenants/{tenant}/, what is no route of its own is the
 * tenant's route of the rest, with @out->acting.
 *
 * Returns OK (look at @out->route and @out->allow); ERR_MALFORMED when the
 * path holds an escape that is wrong or not allowed (%00, %2F), or a byte
 * outside printable ASCII.
 */
MUST_USE enum err route_find(enum route_method method, const char *path,
    struct route_match *out);

/**
 * route_unescape() - percent-decode @len bytes
 * @plus: '+' is a blank (query strings)
 * @out:  room for @max bytes, NUL included
 * Returns OK; ERR_MALFORMED (bad escape, NUL, not UTF-8); ERR_SPACE.
 */
MUST_USE enum err route_unescape(const char *text, size_t len, bool plus,
    char *out, size_t max);

/*
 * The handlers that routes.def names.  Each lives in the file its name
 * begins with: resource_zones_create() in resource_zones.c.  A handler runs
 * in a handler thread (pool.c) with the caller already known; it fills
 * r->reply and returns OK, or returns an error, which dispatch.c turns into
 * a problem document.
 */
#define ROUTE(method, path, who, scope, body, query, handler) route_fn handler;
#include "api/routes.def"
#undef ROUTE

/** route_table() - all of them, for tests and tools */
const struct route *route_table(size_t *out_n);

#endif
