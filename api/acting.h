/*
 * acting.h - the operator's way into a tenant.
 *
 * Knows:    /v1/operator/tenants/{tenant}/..., Understudy-Reason, what is
 *           written into the tenant's audit of it.
 * Not here: which route that is (route_find()), the operator's own routes.
 * Runs in:  handler threads.
 *
 * Everything below runs as the tenant: its transaction, its row security, its
 * limits.  A change needs a reason; a look is noted, with the reason if there
 * is one.  The tenant reads both in its audit.
 */
#ifndef API_ACTING_H
#define API_ACTING_H

#include "api/req.h"
#include "common/base/base.h"
#include "common/base/err.h"

/**
 * acting_reason() - an operator's Understudy-Reason into r->who.reason
 * Returns OK; r->reply is the problem when it cannot be read.
 */
MUST_USE enum err acting_reason(struct req *r);

/** acting_need_reason() - false without one: r->reply is the problem then */
MUST_USE bool acting_need_reason(struct req *r);

/**
 * acting_begin() - r->who, an operator, enters the tenant of r->match
 * Returns OK (look at r->reply); ERR_NOT_FOUND; database.
 */
MUST_USE enum err acting_begin(struct req *r);

/** acting_end() - a Location of the tenant's becomes one of the operator's */
void acting_end(struct req *r);

#endif
