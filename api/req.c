/*
 * req.c - what handlers do with a request.  See req.h.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cursor.h"
#include "api/req.h"

const char *
req_param(const struct req *r, size_t n)
{
	return n < r->match.n_params ? r->match.param[n] : "";
}

const char *
req_header(const struct req *r, enum req_header h)
{
	return r->header[h];
}

const char *
req_query(const struct req *r, const char *name)
{
	for (size_t i = 0; i < r->n_query; i++)
		if (strcmp(r->query[i].name, name) == 0)
			return r->query[i].value;
	return NULL;
}

enum err
req_problem(struct req *r, enum problem p, const char *detail, ...)
{
	va_list ap;

	va_start(ap, detail);
	reply_vproblem(&r->reply, p, r->path, r->id,
	    r->faults.n > 0 ? &r->faults : NULL, detail, ap);
	va_end(ap);
	return OK;
}

enum err
req_invalid(struct req *r)
{
	return req_problem(r, PROBLEM_INVALID, "%zu field%s of the body "
	    "cannot be accepted", r->faults.n + r->faults.n_more,
	    r->faults.n == 1 ? "" : "s");
}

enum err
req_bad_query(struct req *r, const char *name, const char *message)
{
	r->faults.n = 0;
	body_fault_add(&r->faults, "", "parameter", "%s: %s", name, message);
	return req_problem(r, PROBLEM_BAD_PARAMETER,
	    "query parameter %s: %s", name, message);
}

bool
req_read(struct req *r, const struct body_field *fields, size_t n,
    void *target)
{
	body_read(body_root(r->body), "", fields, n, target, &r->faults);
	if (r->faults.n == 0)
		return true;
	(void)req_invalid(r);
	return false;
}

/* Whose list, and in which order: what a cursor is good for. */
static void
list_name(const struct req *r, char out[REQ_LIST_BYTES])
{
	const char *sort = req_query(r, "sort");

	snprintf(out, REQ_LIST_BYTES, "%s %s %s",
	    r->route != NULL ? r->route->path : "", r->who.tenant_text,
	    sort != NULL ? sort : "");
}

bool
req_page(struct req *r, int64_t *out_limit, char *out_cursor)
{
	const char *limit = req_query(r, "limit");
	const char *cursor = req_query(r, "cursor");
	char list[REQ_LIST_BYTES];

	*out_limit = REPLY_LIMIT_DEFAULT;
	out_cursor[0] = '\0';
	if (limit != NULL) {
		size_t len = strlen(limit);

		if (len == 0 || len > 4 || strspn(limit, "0123456789") != len ||
		    atoi(limit) < 1 || atoi(limit) > REPLY_LIMIT_MAX) {
			(void)req_bad_query(r, "limit", "must be 1 to 500");
			return false;
		}
		*out_limit = atoi(limit);
	}
	if (cursor == NULL)
		return true;
	list_name(r, list);
	if (!cursor_parse(r->terms.secret, list, cursor, out_cursor)) {
		(void)req_bad_query(r, "cursor", "must be the next_cursor of "
		    "the page before, of the same list in the same order");
		return false;
	}
	return true;
}

/* Percent-encode a query value for the Link header. */
static void
print_value(struct buf *b, const char *value)
{
	for (const unsigned char *p = (const unsigned char *)value; *p != 0;
	    p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || strchr("-._~", *p) != NULL)
			(void)buf_u8(b, *p);
		else
			(void)buf_printf(b, "%%%02X", *p);
	}
}

void
req_list_end(struct req *r, struct jw *w, const char *next)
{
	char cursor[REPLY_CURSOR_BYTES], list[REQ_LIST_BYTES];
	struct buf b;

	jw_end_list(w);
	if (next == NULL) {
		jw_null(w, "next_cursor");
		jw_end_object(w);
		return;
	}
	list_name(r, list);
	cursor_print(r->terms.secret, list, next, cursor);
	jw_str(w, "next_cursor", cursor);
	jw_end_object(w);
	buf_init(&b, REPLY_HEADER_BYTES - 64);
	(void)buf_printf(&b, "%s?", r->path);
	for (size_t i = 0; i < r->n_query; i++) {
		if (strcmp(r->query[i].name, "cursor") == 0)
			continue;
		(void)buf_printf(&b, "%s=", r->query[i].name);
		print_value(&b, r->query[i].value);
		(void)buf_str(&b, "&");
	}
	(void)buf_printf(&b, "cursor=%s", cursor);
	if (buf_err(&b) == OK)
		reply_header(&r->reply, "Link", "<%s>; rel=\"next\"",
		    buf_cstr(&b));
	buf_fini(&b);
}

enum err
req_json(struct req *r, unsigned int status, struct jw *w)
{
	return reply_json(&r->reply, status, w);
}

void
req_fini(struct req *r)
{
	auth_wipe(r->token, sizeof(r->token));
	auth_wipe(r->session, sizeof(r->session));
	password_fini(&r->password);
	if (r->text.data != NULL)
		auth_wipe(r->text.data, r->text.len);
	buf_fini(&r->text);
	body_free(r->body);
	reply_fini(&r->reply);
	buf_fini(&r->piece);
	if (r->stream_free != NULL && r->stream_state != NULL)
		r->stream_free(r->stream_state);
	for (size_t i = 0; i < r->n_query; i++)
		free(r->query[i].value);
}
