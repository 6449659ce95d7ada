/*
 * dispatch.h - run a request: who asks, may they, is the body JSON, the
 *              handler, what an error becomes.
 *
 * Not here: HTTP, resources, the request's own functions (req.h).
 * Runs in:  a handler thread.
 */
#ifndef API_DISPATCH_H
#define API_DISPATCH_H

#include "api/repo.h"
#include "api/req.h"

/** dispatch_run() - run it in the thread that owns @repo; afterwards the reply
 *  is set, or park_until_ms is, or a password is wanted (password.h) */
void dispatch_run(struct req *r, struct repo *repo);

#endif
