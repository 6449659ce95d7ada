/*
 * resource_accept.c - /v1/zones/{zone}/accept: what waits for the customer's
 * word.
 *
 * Either the primaries' serial went back, or a version was held by the zone's
 * policy. What is accepted is what is held at that moment: a client that names
 * the serial it saw is refused when it is another one by now.
 */
#include <stddef.h>

#include "api/audit.h"
#include "api/lookup.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"

enum { REPLY_MAX = 4096 };

struct accept_in {
	struct body_int serial;
};

static const struct body_field accept_fields[] = {
	{ "serial", BODY_INT, BODY_OPT, 0, UINT32_MAX,
	  offsetof(struct accept_in, serial) },
};

static enum err
accept_held(struct db *db, struct req *r, void *arg)
{
	struct accept_in in = { 0 };
	struct db_rows *rows = NULL;
	struct lookup_zone z;
	struct audit a;
	struct jw w;
	enum err e;

	(void)arg;
	if (r->body != NULL && !req_read(r, accept_fields,
	    COUNT_OF(accept_fields), &in))
		return OK;
	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e != OK)
		return e;
	e = audit_look(db, r, AUDIT_ZONE, z.id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(zone_accept), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z.id),
		    in.serial.set ? db_i64(in.serial.v) : db_null()), &rows);
	if (e == OK && db_rows_n(rows) == 0) {
		(void)req_problem(r, PROBLEM_CONFLICT, in.serial.set ?
		    "nothing with that serial waits to be accepted" :
		    "nothing waits to be accepted");
		e = ERR_INVALID;
	}
	if (e == OK)
		e = audit_write(db, r, &a, "zone.accept", z.name.text);
	audit_fini(&a);
	if (e != OK) {
		db_rows_free(rows);
		return e;
	}
	jw_init(&w, REPLY_MAX);
	show_job(&w, rows, z.name.text);
	db_rows_free(rows);
	return req_json(r, 202, &w);
}

enum err
resource_accept_post(struct req *r)
{
	return repo_write(r, accept_held, NULL);
}
