/*
 * dispatch.c - the order of checks of a request.  See dispatch.h.
 */
#include "api/dispatch.h"
#include "common/base/log.h"

/* What an error of a handler becomes: the one place that decides. */
static enum problem
problem_of(enum err e)
{
	switch (e) {
	case ERR_NOT_FOUND:
		return PROBLEM_NOT_FOUND;
	case ERR_DENIED:
		return PROBLEM_NOT_ALLOWED;
	case ERR_EXISTS:
		return PROBLEM_EXISTS;
	case ERR_CONSTRAINT:
	case ERR_MISMATCH:
		return PROBLEM_CONFLICT;
	case ERR_MALFORMED:
	case ERR_INVALID:
		return PROBLEM_BAD_REQUEST;
	case ERR_LIMIT:
		return PROBLEM_LIMIT;
	case ERR_DB_LOST:
	case ERR_DB_UNKNOWN:
		return PROBLEM_UNAVAILABLE;
	default:
		break;
	}
	return err_class(e) == ERR_CLASS_RETRY ? PROBLEM_OVERLOADED :
	    PROBLEM_INTERNAL;
}

static enum err
check_caller(struct req *r)
{
	const struct route *rt = r->route;
	enum err e;

	if (rt->who == ROUTE_ANYBODY)
		return OK;
	if (!r->known) {
		if (r->token[0] == '\0')
			return req_problem(r, PROBLEM_NO_TOKEN,
			    "send Authorization: Bearer us_...");
		e = repo_token_find(r->repo, r->token, &r->who);
		if (e == ERR_NOT_FOUND)
			return req_problem(r, PROBLEM_NO_TOKEN,
			    "the token is not known, expired or revoked");
		if (e != OK)
			return e;
		r->known = true;
	}
	if (rt->who == ROUTE_TENANT && r->who.kind != AUTH_TENANT)
		return req_problem(r, PROBLEM_NOT_ALLOWED,
		    "an operator's token does not open a tenant's routes");
	if (rt->who == ROUTE_OPERATOR && r->who.kind != AUTH_OPERATOR)
		return req_problem(r, PROBLEM_NOT_ALLOWED,
		    "this route needs an operator's token");
	if (!auth_has_scope(&r->who, rt->scope))
		return req_problem(r, PROBLEM_NOT_ALLOWED,
		    "the token lacks the scope %s", rt->scope);
	return OK;
}

static enum err
parse_body(struct req *r)
{
	struct body_fault fault;
	enum err e;

	if (r->body != NULL || r->route->body == ROUTE_BODY_NONE)
		return OK;
	if (r->route->body == ROUTE_BODY_OPTIONAL && r->text.len == 0)
		return OK;
	e = body_parse((const char *)r->text.data, r->text.len, &r->body,
	    &fault);
	if (e != ERR_MALFORMED)
		return e;
	r->faults.n = 0;
	body_fault_add(&r->faults, "", fault.code,
	    "line %u, column %u: %s", fault.line, fault.column,
	    fault.message);
	return req_problem(r, PROBLEM_BAD_JSON, "line %u, column %u: %s",
	    fault.line, fault.column, fault.message);
}

void
dispatch_run(struct req *r, struct repo *repo)
{
	enum err e;

	r->repo = repo;
	r->park_until_ms = 0;
	e = check_caller(r);
	if (e == OK && r->reply.status == 0)
		e = parse_body(r);
	if (e == OK && r->reply.status == 0)
		e = r->route->handler(r);
	if (e == OK && r->reply.status == 0 && r->park_until_ms == 0)
		e = ERR_INTERNAL;
	/* A handler may have said it better than problem_of() can. */
	if (e != OK && (err_class(e) != ERR_CLASS_REJECT ||
	    r->reply.status < 400)) {
		enum problem p = problem_of(e);

		r->park_until_ms = 0;
		r->faults.n = 0;
		(void)req_problem(r, p, NULL);
		if (p == PROBLEM_INTERNAL)
			log_err("request.failed", "request=%s route=\"%s\" "
			    "error=%s reason=%s", r->id, r->route->path,
			    err_name(e), LOG_Q(repo_why(repo)));
	}
	r->repo = NULL;
}
