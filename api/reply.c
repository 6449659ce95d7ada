/*
 * reply.c - replies.  See reply.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/reply.h"

#define PROBLEM_URN "urn:understudy:problem:"

static const struct {
	unsigned int status;
	const char *type, *title;
} kinds[] = {
#define PROBLEM(symbol, status, type, title) { status, type, title },
#include "api/problem.def"
#undef PROBLEM
};

void
reply_fini(struct reply *rp)
{
	free(rp->text);
	for (size_t i = 0; i < rp->n_headers; i++)
		free(rp->header[i].value);
	memset(rp, 0, sizeof(*rp));
}

void
reply_reset(struct reply *rp)
{
	reply_fini(rp);
}

void
reply_header(struct reply *rp, const char *name, const char *fmt, ...)
{
	char value[REPLY_HEADER_BYTES];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(value) ||
	    rp->n_headers == REPLY_HEADERS_MAX)
		return;
	/* Nothing from outside may start a header of its own. */
	for (char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	rp->header[rp->n_headers].name = name;
	rp->header[rp->n_headers].value = strdup(value);
	if (rp->header[rp->n_headers].value != NULL)
		rp->n_headers++;
}

enum err
reply_json(struct reply *rp, unsigned int status, struct jw *w)
{
	size_t len;
	char *text;
	enum err e = w->failed ? ERR_INTERNAL : buf_err(&w->b);

	text = jw_take(w, &len);
	if (e != OK)
		return e;
	free(rp->text);
	rp->text = text;
	rp->fixed = NULL;
	rp->len = len;
	rp->status = status;
	rp->content_type = "application/json";
	return OK;
}

void
reply_none(struct reply *rp, unsigned int status)
{
	free(rp->text);
	rp->text = NULL;
	rp->fixed = NULL;
	rp->len = 0;
	rp->status = status;
	rp->content_type = NULL;
}

void
reply_fixed(struct reply *rp, unsigned int status, const char *content_type,
    const char *text, size_t len)
{
	reply_none(rp, status);
	rp->fixed = text;
	rp->len = len;
	rp->content_type = content_type;
}

unsigned int
reply_problem_status(enum problem p)
{
	return kinds[p].status;
}

const char *
reply_problem_type(enum problem p)
{
	return kinds[p].type;
}

void
reply_problem_object(struct jw *w, const char *key, enum problem p,
    const char *instance, const char *request_id,
    const struct faults *faults, const char *detail)
{
	jw_begin_object(w, key);
	jw_fmt(w, "type", PROBLEM_URN "%s", kinds[p].type);
	jw_str(w, "title", kinds[p].title);
	jw_int(w, "status", kinds[p].status);
	if (detail != NULL)
		jw_str(w, "detail", detail);
	if (instance != NULL)
		jw_str(w, "instance", instance);
	if (request_id != NULL)
		jw_str(w, "request_id", request_id);
	if (faults != NULL && faults->n > 0) {
		jw_begin_list(w, "errors");
		for (size_t i = 0; i < faults->n; i++) {
			jw_begin_object(w, NULL);
			jw_str(w, "pointer", faults->item[i].pointer);
			jw_str(w, "code", faults->item[i].code);
			jw_str(w, "message", faults->item[i].message);
			jw_end_object(w);
		}
		jw_end_list(w);
		if (faults->n_more > 0)
			jw_int(w, "errors_left_out",
			    (int64_t)faults->n_more);
	}
	jw_end_object(w);
}

void
reply_vproblem(struct reply *rp, enum problem p, const char *instance,
    const char *request_id, const struct faults *faults, const char *detail,
    va_list ap)
{
	static const char no_memory[] =
	    "{\"type\":\"" PROBLEM_URN "internal-error\",\"status\":500}";
	char text[512];
	struct jw w;

	if (detail != NULL)
		vsnprintf(text, sizeof(text), detail, ap);
	reply_reset(rp);
	jw_init(&w, REPLY_BYTES_MAX);
	reply_problem_object(&w, NULL, p, instance, request_id, faults,
	    detail != NULL ? text : NULL);
	if (reply_json(rp, kinds[p].status, &w) != OK)
		reply_fixed(rp, 500, NULL, no_memory, sizeof(no_memory) - 1);
	rp->content_type = "application/problem+json";
	if (kinds[p].status == 503)
		reply_header(rp, "Retry-After", "2");
	if (kinds[p].status == 401)
		reply_header(rp, "WWW-Authenticate",
		    "Bearer realm=\"understudy\"");
}

void
reply_problem(struct reply *rp, enum problem p, const char *instance,
    const char *request_id, const struct faults *faults, const char *detail,
    ...)
{
	va_list ap;

	va_start(ap, detail);
	reply_vproblem(rp, p, instance, request_id, faults, detail, ap);
	va_end(ap);
}
