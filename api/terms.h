/*
 * terms.h - the terms on which a request is made, whatever its route: how
 *           often, only if nothing changed, once only, or just to see.
 *
 * Knows:    RateLimit, If-Match, If-None-Match, Idempotency-Key, dry_run.
 * Not here: headers as bytes (http.h), transactions (repo.h), resources.
 * Runs in:  a handler thread.
 * Bounded:  buckets by api.rate_clients_max; answers kept for a key by
 *           TERMS_KEYS_MAX and TERMS_KEYS_BYTES for each tenant.
 *
 * Handlers get all of it for nothing: dispatch.c calls the first two, repo.c
 * the next two around the body of every transaction of a POST, PATCH or
 * DELETE.  dry_run needs the word in the route's query list.
 *
 * Idempotency-Key: what a POST answered with 2xx is stored in its own
 * transaction, secrets as null, and answered again for 24 hours.  Answers
 * below that are not stored: nothing was changed.  A handler that writes in
 * two transactions must look at r->reply.status between them.
 */
#ifndef API_TERMS_H
#define API_TERMS_H

#include "api/req.h"
#include "common/db/db.h"

enum {
	TERMS_CONDITION_MAX = 511,	/* bytes of If-Match, If-None-Match */
	TERMS_KEY_MAX = 128,		/* of Idempotency-Key */
	TERMS_KEYS_MAX = 10000,		/* answers kept for one tenant */
	TERMS_KEYS_BYTES = 64 << 20,	/* of all of them together */
};

/** terms_begin() - the caller is known, or nobody is needed: count the
 *  request.  False: too many, r->reply says so. */
MUST_USE bool terms_begin(struct req *r);

/** terms_end() - the reply is there: its tag, 304, headers */
void terms_end(struct req *r);

/**
 * terms_tag() - the reply has this entity tag: 304 when the client has it
 * @public: it is the same for everybody
 *
 * Called for JSON documents by terms_end(); a handler that knows better calls
 * it itself, before it sets up a stream, and looks whether r->reply.status is
 * 304 now.
 */
void terms_tag(struct req *r, const char *etag, bool public);

/**
 * terms_before() - in a transaction, before its body
 * @role:   of the connection: a reading handler of the same role reads in it
 * @out_go: false: r->reply is the answer, nothing is to be done
 * Returns OK or an error of the database.
 */
MUST_USE enum err terms_before(struct db *db, int role, struct req *r,
    bool *out_go);

/**
 * terms_after() - in a transaction whose body returned OK
 * @out_undo: roll back; r->reply stays
 * Returns OK or an error of the database.
 */
MUST_USE enum err terms_after(struct db *db, struct req *r, bool *out_undo);

#endif
