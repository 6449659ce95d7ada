/*
 * dispatch.c - the order of checks of a request.  See dispatch.h.
 */
#include <string.h>

#include "api/acting.h"
#include "api/app.h"
#include "api/dispatch.h"
#include "api/terms.h"
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

/* A browser sends its cookie wherever it is told to: requests that another
 * site caused are refused (docs/API.md, "Sessions"). */
static enum err
check_site(struct req *r)
{
	const char *site = req_header(r, REQ_HEADER_FETCH_SITE);

	if (r->route->method == ROUTE_GET) {
		if (site == NULL || strcmp(site, "same-origin") == 0 ||
		    strcmp(site, "none") == 0)
			return OK;
		return req_problem(r, PROBLEM_NOT_ALLOWED,
		    "a session is good for requests of our own pages only");
	}
	if (site == NULL || strcmp(site, "same-origin") != 0)
		return req_problem(r, PROBLEM_NOT_ALLOWED, "with a session, "
		    "changes need Sec-Fetch-Site: same-origin, as browsers "
		    "send it from our own pages; programs use a token");
	if (!r->json_type)
		return req_problem(r, PROBLEM_MEDIA_TYPE, "with a session, "
		    "changes need Content-Type: application/json");
	return OK;
}

/* The tenant that the request names: false when it is none. */
static bool
named_tenant(struct req *r, uint8_t id[16], bool *out_named)
{
	const char *text = req_header(r, REQ_HEADER_TENANT);

	*out_named = text != NULL;
	return text == NULL || db_uuid_parse(text, strlen(text), id);
}

static enum err
find_caller(struct req *r)
{
	uint8_t id[16];
	bool named;
	enum err e;

	if (!named_tenant(r, id, &named))
		return req_problem(r, PROBLEM_BAD_REQUEST,
		    "Understudy-Tenant must be the id of a tenant");
	if (r->token[0] != '\0') {
		e = repo_token_find(r->repo, r->token, r->peer, &r->who);
		if (e == ERR_DENIED)
			return req_problem(r, PROBLEM_NOT_ALLOWED,
			    "the token is not good for requests from %s",
			    r->peer);
		if (e == ERR_NOT_FOUND)
			return req_problem(r, PROBLEM_NO_TOKEN,
			    "the token is not known, expired or revoked");
	} else if (r->session[0] != '\0') {
		e = check_site(r);
		if (e != OK || r->reply.status != 0)
			return e;
		e = repo_session_find(r->repo, r->session, named ? id : NULL,
		    &r->who);
		if (e == ERR_NOT_FOUND)
			return req_problem(r, PROBLEM_NO_TOKEN,
			    "the session is over: log in again");
	} else {
		return req_problem(r, PROBLEM_NO_TOKEN,
		    "send Authorization: Bearer us_..., or log in");
	}
	if (e != OK)
		return e;
	if (named && !r->who.staff && r->who.kind != AUTH_OPERATOR &&
	    (r->who.kind != AUTH_TENANT ||
	    memcmp(id, r->who.tenant_id, sizeof(id)) != 0))
		return req_problem(r, PROBLEM_NOT_ALLOWED,
		    "Understudy-Tenant: you are no member of that tenant");
	r->known = true;
	return OK;
}

/* Why somebody known does not get in. */
static enum err
wrong_kind(struct req *r)
{
	const struct auth_who *who = &r->who;

	if (who->staff && !who->has_totp)
		return req_problem(r, PROBLEM_NOT_ALLOWED, "staff need a "
		    "second factor first: POST /v1/me/totp");
	if (r->route->who == ROUTE_USER)
		return req_problem(r, PROBLEM_NOT_ALLOWED,
		    "this route is for people who are logged in, not for "
		    "tokens");
	if (r->route->who == ROUTE_OPERATOR || r->match.acting)
		return req_problem(r, PROBLEM_NOT_ALLOWED,
		    "this route is the operator's");
	if (who->kind == AUTH_OPERATOR)
		return req_problem(r, PROBLEM_NOT_ALLOWED,
		    "the operator does not open a tenant's routes");
	return req_problem(r, PROBLEM_NOT_ALLOWED, "say for which tenant: "
	    "Understudy-Tenant: <id>, or PATCH /v1/sessions/current; GET "
	    "/v1/me lists yours");
}

/* What a token with a list of zones may do beside them is look at what all
 * zones share. */
static bool
open_to_some_zones(const struct route *rt)
{
	static const char *const scopes[] = {
		"zones:read", "zones:write", "transfers:run",
	};

	if (rt->method != ROUTE_GET && strstr(rt->path, "{zone}") == NULL)
		return false;
	for (size_t i = 0; i < COUNT_OF(scopes); i++)
		if (strcmp(rt->scope, scopes[i]) == 0)
			return true;
	return *rt->scope == '\0';
}

static enum err
check_caller(struct req *r)
{
	const struct route *rt = r->route;
	const struct auth_who *who = &r->who;
	bool opens = true;
	enum err e;

	if (rt->who == ROUTE_ANYBODY)
		return OK;
	if (!r->known) {
		e = find_caller(r);
		if (e == OK && r->reply.status == 0)
			e = acting_reason(r);
		if (e == OK && r->reply.status == 0 && r->match.acting &&
		    who->kind == AUTH_OPERATOR)
			e = acting_begin(r);
		if (e != OK || r->reply.status != 0)
			return e;
	}
	switch (rt->who) {
	case ROUTE_ANYBODY:
	case ROUTE_KNOWN:
		break;
	case ROUTE_USER:
		opens = who->via == AUTH_VIA_SESSION;
		break;
	case ROUTE_TENANT:
		opens = r->match.acting ? who->acting :
		    who->kind == AUTH_TENANT;
		break;
	case ROUTE_OPERATOR:
		opens = who->kind == AUTH_OPERATOR;
		break;
	}
	if (!opens)
		return wrong_kind(r);
	if (rt->who == ROUTE_TENANT && who->suspended &&
	    rt->method != ROUTE_GET)
		return req_problem(r, PROBLEM_SUSPENDED, "nothing can be "
		    "changed while the account is suspended; GET /v1/limits "
		    "says why: ask the operator");
	if (rt->who == ROUTE_TENANT && who->zones_limited &&
	    !open_to_some_zones(rt))
		return req_problem(r, PROBLEM_NOT_ALLOWED, "the token is for "
		    "some zones only: this route is not about one of them");
	if (!auth_has_scope(who, rt->scope))
		return req_problem(r, PROBLEM_NOT_ALLOWED,
		    who->via == AUTH_VIA_SESSION ?
		    "your role lacks the scope %s" :
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
	r->terms.secret = r->app->pepper.key;
	r->terms.by_caller = r->app->by_caller;
	r->terms.by_address = r->app->by_address;
	r->park_until_ms = 0;
	e = check_caller(r);
	if (e == OK && terms_begin(r) && r->reply.status == 0)
		e = parse_body(r);
	if (e == OK && r->reply.status == 0)
		e = r->route->handler(r);
	if (e == OK && r->who.acting)
		acting_end(r);
	if (e == OK && r->reply.status == 0 && r->park_until_ms == 0 &&
	    r->password.state != PASSWORD_WANTED)
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
	if (r->park_until_ms == 0 && r->password.state != PASSWORD_WANTED)
		terms_end(r);
	r->repo = NULL;
}
