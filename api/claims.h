/*
 * claims.h - who may claim what, and what a new zone needs for it.
 *
 * Knows:    transfer.ownership; the pool of name servers in the database;
 *           reserved names and who may have them all the same.
 * Not here: proofs and states (xferd, claim_apply in SQL), routes.
 * Runs in:  claims_start() in the main thread, the others in handler threads.
 */
#ifndef API_CLAIMS_H
#define API_CLAIMS_H

#include "api/lookup.h"
#include "api/req.h"
#include "common/base/conf.h"
#include "common/db/db.h"

/** claims_on() - false: ownership is off, zones are served at once */
bool claims_on(const struct conf *conf);

/**
 * claims_start() - the configured name servers into the database
 *
 * Also gives zones from a time without ownership checks their claims.
 * Returns OK; ERR_CONFIG, which it logs; database: call again later.
 */
MUST_USE enum err claims_start(const struct conf *conf);

/**
 * claims_check_name() - is the name free of reservations for this tenant?
 * Returns OK; ERR_DENIED with a fault at @pointer/name; database.
 */
MUST_USE enum err claims_check_name(struct db *db, struct req *r,
    const struct lookup_name *name, const char *pointer);

/** claims_open() - new zones of the tenant get names; @ids: of UUIDs */
MUST_USE enum err claims_open(struct db *db, struct req *r,
    struct db_array *ids);

#endif
