/*
 * acting.c - see acting.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/acting.h"
#include "api/repo.h"
#include "api/sql.h"

enum { OBJECT_MAX = 1000 };

enum err
acting_reason(struct req *r)
{
	const char *text = req_header(r, REQ_HEADER_REASON);

	if (text == NULL || r->who.kind != AUTH_OPERATOR)
		return OK;
	/* Headers are ASCII: what is not comes percent-encoded. */
	if (route_unescape(text, strlen(text), false, r->who.reason,
	    sizeof(r->who.reason)) != OK) {
		r->who.reason[0] = '\0';
		return req_problem(r, PROBLEM_REASON, "Understudy-Reason must "
		    "be at most %d bytes of UTF-8, other than ASCII (and %%) "
		    "percent-encoded", AUTH_REASON_BYTES - 1);
	}
	return OK;
}

bool
acting_need_reason(struct req *r)
{
	if (r->who.reason[strspn(r->who.reason, " ")] != '\0')
		return true;
	(void)req_problem(r, PROBLEM_REASON, "say why: Understudy-Reason: "
	    "<text>; the tenant reads it in its audit");
	return false;
}

static enum err
enter(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	char object[OBJECT_MAX];
	enum err e;

	(void)arg;
	e = db_exec(db, SQL_STMT(tenant_open), DB_PARAMS(
	    db_uuid(r->who.tenant_id)), &rows);
	if (e == OK && db_rows_n(rows) == 0)
		e = ERR_NOT_FOUND;
	db_rows_free(rows);
	if (e != OK || r->route->method != ROUTE_GET)
		return e;
	snprintf(object, sizeof(object), "%s", strchr(r->path +
	    strlen("/v1/operator/tenants/"), '/'));
	return repo_audit(db, r, "operator.read", object);
}

enum err
acting_begin(struct req *r)
{
	struct auth_who *who = &r->who;

	if (!db_uuid_parse(r->match.tenant, strlen(r->match.tenant),
	    who->tenant_id))
		return ERR_NOT_FOUND;
	db_uuid_print(who->tenant_id, who->tenant_text);
	if (r->route->method != ROUTE_GET && !acting_need_reason(r))
		return OK;
	who->acting = true;
	return repo_aside(r, enter, NULL);
}

void
acting_end(struct req *r)
{
	struct reply *rp = &r->reply;

	for (size_t i = 0; i < rp->n_headers; i++) {
		size_t size = strlen(rp->header[i].value) + 64;
		char *to;

		if (strcmp(rp->header[i].name, "Location") != 0 ||
		    strncmp(rp->header[i].value, "/v1/", 4) != 0)
			continue;
		to = malloc(size);
		if (to == NULL)
			continue;
		snprintf(to, size, "/v1/operator/tenants/%s%s",
		    r->who.tenant_text, rp->header[i].value + 3);
		free(rp->header[i].value);
		rp->header[i].value = to;
	}
}
