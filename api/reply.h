/*
 * reply.h - what goes back: a JSON document, a problem, a list, a stream.
 *
 * Knows:    problem.def, RFC 9457, the shape of lists.
 * Not here: HTTP itself, what a document means.
 * Runs in:  any thread; a reply belongs to one request.
 * Bounded:  REPLY_BYTES_MAX, REPLY_HEADERS_MAX.
 */
#ifndef API_REPLY_H
#define API_REPLY_H

#include <stdarg.h>

#include "api/body.h"
#include "api/cursor.h"
#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/jw.h"

enum {
	REPLY_BYTES_MAX = 16 << 20,
	REPLY_HEADERS_MAX = 14,
	REPLY_HEADER_BYTES = 3072,
	REPLY_LIMIT_DEFAULT = 50,
	REPLY_LIMIT_MAX = 500,
	REPLY_CURSOR_BYTES = CURSOR_BYTES,
};

enum problem {
#define PROBLEM(symbol, status, type, title) PROBLEM_##symbol,
#include "api/problem.def"
#undef PROBLEM
	PROBLEM_N
};

struct reply {
	unsigned int status;		/* 0: nothing yet */
	const char *content_type;	/* static text */
	char *text;			/* owned; or NULL */
	const char *fixed;		/* or static text, not owned */
	size_t len;
	bool close;			/* close the connection afterwards */
	const char *cache;		/* Cache-Control; NULL: no-store */
	bool stream;			/* text comes by the request's stream */
	size_t n_headers;
	struct {
		const char *name;	/* static text */
		char *value;		/* owned */
	} header[REPLY_HEADERS_MAX];
};

void reply_fini(struct reply *rp);

/** reply_reset() - as if nothing had been said; before a second try */
void reply_reset(struct reply *rp);

/** reply_header() - @name is static text; no memory: the header is left out */
void reply_header(struct reply *rp, const char *name, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/**
 * reply_json() - the document is finished; takes its text
 * Returns OK; ERR_LIMIT when it did not fit, ERR_NO_MEMORY.
 */
MUST_USE enum err reply_json(struct reply *rp, unsigned int status,
    struct jw *w);

/** reply_none() - a status without a body (204) */
void reply_none(struct reply *rp, unsigned int status);

/** reply_fixed() - static text, not copied */
void reply_fixed(struct reply *rp, unsigned int status,
    const char *content_type, const char *text, size_t len);

/**
 * reply_problem() - a problem document, replacing what was said before
 * @instance:   path of the request
 * @request_id: for the log
 * @faults:     its errors[]; may be NULL
 * @detail:     printf text, or NULL
 *
 * Cannot fail: without memory the reply is a fixed text.
 */
void reply_problem(struct reply *rp, enum problem p, const char *instance,
    const char *request_id, const struct faults *faults, const char *detail,
    ...) PRINTF_LIKE(6, 7);
void reply_vproblem(struct reply *rp, enum problem p, const char *instance,
    const char *request_id, const struct faults *faults, const char *detail,
    va_list ap) PRINTF_LIKE(6, 0);

/** reply_problem_object() - the same as a value inside a document */
void reply_problem_object(struct jw *w, const char *key, enum problem p,
    const char *instance, const char *request_id,
    const struct faults *faults, const char *detail);

unsigned int reply_problem_status(enum problem p);
const char *reply_problem_type(enum problem p);

#endif
