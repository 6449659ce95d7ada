/*
 * audit.h - an object's document before and after a change, for the audit.
 *
 * Knows:    the documents of the objects (sql_audit.def), when they are read.
 * Not here: who asks, writing the row (repo_audit_change()), masking (mask.h).
 * Runs in:  handler threads, inside a transaction.
 *
 *	struct audit a;
 *
 *	e = audit_look(db, r, AUDIT_KEY, id, &a);	(before: what is there)
 *	... change it ...
 *	if (e == OK)
 *		e = audit_write(db, r, &a, "key.change", name);
 *	audit_fini(&a);
 */
#ifndef API_AUDIT_H
#define API_AUDIT_H

#include <stdint.h>

#include "api/req.h"
#include "common/base/base.h"
#include "common/base/err.h"
#include "common/db/db.h"

enum audit_of {
	AUDIT_ZONE,
	AUDIT_KEY,
	AUDIT_PRIMARY,
	AUDIT_TOKEN,
	AUDIT_TENANT,			/* the id twice */
	AUDIT_MEMBER,			/* the person's id */
	AUDIT_INVITATION,
};

struct audit {
	enum audit_of of;
	uint8_t tenant_id[16], id[16];
	char *before;			/* owned; NULL: nothing was there */
};

/** audit_none() - of a thing that is about to be made */
void audit_none(struct audit *a, struct req *r, enum audit_of of,
    const uint8_t id[16]);

/** audit_look() - read what is there; @a is safe for audit_fini() whatever
 *  it returns */
MUST_USE enum err audit_look(struct db *db, struct req *r, enum audit_of of,
    const uint8_t id[16], struct audit *a);

/** audit_look_in() - the same in a tenant that is not the caller's: the
 *  operator's own routes */
MUST_USE enum err audit_look_in(struct db *db, struct req *r,
    enum audit_of of, const uint8_t tenant_id[16], const uint8_t id[16],
    struct audit *a);

/** audit_write() - read what is there now, write the row */
MUST_USE enum err audit_write(struct db *db, struct req *r,
    const struct audit *a, const char *action, const char *object);

void audit_fini(struct audit *a);

/** audit_made() - audit_none() and audit_write() */
MUST_USE enum err audit_made(struct db *db, struct req *r, enum audit_of of,
    const uint8_t id[16], const char *action, const char *object);

#endif
