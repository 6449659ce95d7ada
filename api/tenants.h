/*
 * tenants.h - a tenant's document, and the tenant of an operator's path.
 *
 * Not here: routes (resource_operator.c, resource_suspend.c).
 * Runs in:  handler threads, in a transaction of the operator's role.
 */
#ifndef API_TENANTS_H
#define API_TENANTS_H

#include "api/req.h"
#include "common/base/base.h"
#include "common/base/err.h"
#include "common/db/db.h"

/** tenants_print() - a row of TENANT_COLUMNS */
void tenants_print(struct jw *w, struct db_rows *rows, size_t row);

/** tenants_find() - {tenant} of the path, the first one: OK, ERR_NOT_FOUND,
 *  database */
MUST_USE enum err tenants_find(struct db *db, struct req *r,
    uint8_t out_id[16]);

/** tenants_reply() - the document of one that is there */
MUST_USE enum err tenants_reply(struct db *db, struct req *r,
    unsigned int status, const uint8_t id[16]);

/** tenants_force() - the parameter force; false when it is wrong: r->reply is
 *  the problem */
MUST_USE bool tenants_force(struct req *r, bool *out_force);

/** tenants_end() - delete one; r->reply says so, or that it has zones */
MUST_USE enum err tenants_end(struct db *db, struct req *r,
    const uint8_t id[16], bool force);

#endif
