/*
 * resource_suspend.c - the operator stops a tenant or a zone, and lets it go
 *                      on.
 *
 * What is stopped is not served and not transferred; its tenant reads and
 * changes nothing.  The claims underneath go on, so resuming restores what
 * would be there (zone_shown() in the schema).
 */
#include <string.h>

#include "api/acting.h"
#include "api/audit.h"
#include "api/lookup.h"
#include "api/repo.h"
#include "api/sql.h"
#include "api/tenants.h"

struct stop {
	bool on;
	const char *action;
};

static enum err
stop_tenant(struct db *db, struct req *r, void *arg)
{
	const struct stop *s = arg;
	char actor[REPO_ACTOR_MAX];
	uint8_t id[16];
	struct audit a;
	enum err e;

	e = tenants_find(db, r, id);
	if (e != OK)
		return e;
	repo_actor(r, actor);
	e = audit_look_in(db, r, AUDIT_TENANT, id, id, &a);
	if (e == OK && s->on)
		e = db_exec(db, SQL_STMT(tenant_suspend), DB_PARAMS(
		    db_uuid(id), db_text(actor), db_text(r->who.reason)),
		    NULL);
	else if (e == OK)
		e = db_exec(db, SQL_STMT(tenant_resume), DB_PARAMS(
		    db_uuid(id)), NULL);
	if (e == OK)
		e = audit_write(db, r, &a, s->action, req_param(r, 0));
	audit_fini(&a);
	return e != OK ? e : tenants_reply(db, r, 200, id);
}

static enum err
stop_zone(struct db *db, struct req *r, void *arg)
{
	const struct stop *s = arg;
	char actor[REPO_ACTOR_MAX];
	struct lookup_zone z;
	uint8_t id[16];
	struct audit a;
	struct jw w;
	enum err e;

	e = tenants_find(db, r, id);
	if (e != OK)
		return e;
	memcpy(r->who.tenant_id, id, 16);	/* whose zone it is */
	e = lookup_zone(db, r, req_param(r, 1), &z);
	if (e != OK)
		return e;
	repo_actor(r, actor);
	e = audit_look_in(db, r, AUDIT_ZONE, id, z.id, &a);
	if (e == OK && s->on)
		e = db_exec(db, SQL_STMT(zone_suspend), DB_PARAMS(
		    db_uuid(id), db_uuid(z.id), db_text(actor),
		    db_text(r->who.reason)), NULL);
	else if (e == OK)
		e = db_exec(db, SQL_STMT(zone_resume), DB_PARAMS(db_uuid(id),
		    db_uuid(z.id)), NULL);
	if (e == OK)
		e = audit_write(db, r, &a, s->action, z.name.text);
	audit_fini(&a);
	if (e != OK)
		return e;
	jw_init(&w, 4096);
	jw_begin_object(&w, NULL);
	jw_str(&w, "zone", z.name.text);
	jw_bool(&w, "suspended", s->on);
	jw_str(&w, "reason", s->on ? r->who.reason : NULL);
	jw_end_object(&w);
	return req_json(r, 200, &w);
}

static enum err
run(struct req *r, repo_fn *fn, bool on, const char *action)
{
	struct stop s = { on, action };
	char nothing;

	if (r->body != NULL && !req_read(r, NULL, 0, &nothing))
		return OK;
	return acting_need_reason(r) ? repo_operator(r, fn, &s) : OK;
}

enum err
resource_suspend_tenant(struct req *r)
{
	return run(r, stop_tenant, true, "tenant.suspend");
}

enum err
resource_suspend_tenant_end(struct req *r)
{
	return run(r, stop_tenant, false, "tenant.resume");
}

enum err
resource_suspend_zone(struct req *r)
{
	return run(r, stop_zone, true, "zone.suspend");
}

enum err
resource_suspend_zone_end(struct req *r)
{
	return run(r, stop_zone, false, "zone.resume");
}
