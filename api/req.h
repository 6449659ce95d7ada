/*
 * req.h - one request, from its last byte to its reply.
 *
 * Knows:    its parts: parameters, query, body, caller, reply.
 * Not here: HTTP (http.c makes it and sends the reply), the order of checks
 *           (dispatch.h), resources.
 * Runs in:  a handler thread (pool.c); a request is in one thread at a time.
 * Bounded:  by the named limits below and those of http.c.
 */
#ifndef API_REQ_H
#define API_REQ_H

#include "api/auth.h"
#include "api/body.h"
#include "api/bucket.h"
#include "api/password.h"
#include "api/reply.h"
#include "api/route.h"
#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/jw.h"

enum {
	REQ_ID_BYTES = 65,
	REQ_QUERY_MAX = 8,
	REQ_QUERY_BYTES = 2500,
	REQ_PATH_BYTES = 4096,
	REQ_LIST_BYTES = 512,
};

/* Headers that handlers may read. */
enum req_header {
#define HEADER(symbol, name) REQ_HEADER_##symbol,
#include "api/headers.def"
#undef HEADER
	REQ_HEADER_N
};

struct app;
struct repo;

struct req_query {
	char name[24];
	char *value;			/* owned */
};

/* More of a body that is sent in pieces: fills @out, sets *out_end with the
 * last piece.  Called in a handler thread, once for each piece. */
typedef enum err req_stream_fn(struct req *r, struct buf *out, bool *out_end);

/* What terms.c knows of a request. */
struct req_terms {
	const uint8_t *secret;		/* of auth.h's pepper; for cursors */
	struct bucket_table *by_caller, *by_address;	/* or NULL */
	bool dry_run;
	bool untagged;			/* a handler wants no ETag */
	bool counted;			/* in rate, which has quota 0 before */
	struct bucket_view rate;
	struct db *db;			/* a transaction to read in, or NULL */
	int db_role;
};

struct req {
	struct app *app;
	struct repo *repo;		/* the running thread's; else NULL */
	const struct route *route;
	struct route_match match;
	char id[REQ_ID_BYTES];
	char path[REQ_PATH_BYTES];	/* raw, without the query */
	char peer[48];			/* address of the client */
	const char *header[REQ_HEADER_N]; /* borrowed from http.c; or NULL */
	bool merge_patch;		/* by its Content-Type */
	bool json_type;			/* Content-Type is JSON, even of nothing */
	size_t n_query;
	struct req_query query[REQ_QUERY_MAX];
	char token[AUTH_TOKEN_BYTES];	/* "" when none of the right form */
	char session[AUTH_TOKEN_BYTES];	/* of the cookie; "" beside a token */
	struct auth_who who;
	bool known;			/* who is filled */
	struct buf text;		/* the body as received */
	struct body *body;
	struct faults faults;
	struct req_terms terms;
	int64_t began_ms, deadline_ms;	/* mono */
	struct reply reply;
	struct password_job password;	/* see password.h */
	/* A handler that must wait sets park_until_ms and returns OK: the
	 * waiter runs it again on news, and when the time has come. */
	int64_t park_until_ms;
	bool park_stopped;		/* ... or apid is stopping */
	struct req *next;		/* in the pool's or the waiter's list */
	req_stream_fn *stream;		/* with reply.stream */
	void *stream_state;		/* owned; freed by stream_free */
	void (*stream_free)(void *state);
	struct buf piece;		/* the piece being sent */
	bool stream_begun;		/* the reply is out, pieces follow */
	bool stream_end, stream_failed;
};

/** req_fini() - free what it owns, wipe its secrets */
void req_fini(struct req *r);

/** req_param() - the n-th {parameter} of the path, decoded */
const char *req_param(const struct req *r, size_t n);

/** req_header() - value of a header of headers.def, NULL when absent */
const char *req_header(const struct req *r, enum req_header h);

/** req_query() - value of a query parameter, NULL when absent */
const char *req_query(const struct req *r, const char *name);

/**
 * req_problem() - reply with a problem; returns OK, so that handlers can
 * `return req_problem(...)`
 *
 * Inside a transaction that has changed something, return an error of the
 * class REJECT after it: the changes are undone and this reply stays.
 */
enum err req_problem(struct req *r, enum problem p, const char *detail, ...)
    PRINTF_LIKE(3, 4);

/** req_invalid() - a problem with what is in r->faults */
enum err req_invalid(struct req *r);

/** req_bad_query() - 400 that names a query parameter */
enum err req_bad_query(struct req *r, const char *name, const char *message);

/**
 * req_read() - read the body's object by @fields
 * Returns true when there were no faults; else r->reply is the problem.
 */
MUST_USE bool req_read(struct req *r, const struct body_field *fields,
    size_t n, void *target);

/**
 * req_page() - the limit and cursor parameters of a list
 * @out_cursor: "" at the beginning; REPLY_CURSOR_BYTES
 * Returns false when one is wrong; r->reply is the problem then.
 */
MUST_USE bool req_page(struct req *r, int64_t *out_limit, char *out_cursor);

/** req_list_end() - close items[], add next_cursor and the Link header
 *  @next: sort key of the last item, or NULL at the end */
void req_list_end(struct req *r, struct jw *w, const char *next);

/** req_json() - reply_json(), with errors for the caller's return */
MUST_USE enum err req_json(struct req *r, unsigned int status, struct jw *w);

#endif
