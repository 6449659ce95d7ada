/*
 * policy.h - what a zone's owner wants a new version to be before it is
 * published.
 *
 * Knows:    the member "policy" of a zone, and its row in zone_guard.
 * Not here: judging versions (xferd).
 * Runs in:  handler threads, inside a tenant's transaction.
 */
#ifndef API_POLICY_H
#define API_POLICY_H

#include "api/body.h"
#include "api/lookup.h"
#include "api/req.h"
#include "common/db/db.h"

enum {
	POLICY_ANCHORS_MAX = 8,		/* zone_guard_trust_anchors_ck */
	POLICY_ANCHOR_MAX = 240,
};

struct policy_in {
	struct body_int removed_percent_max, removed_names_min;
	struct body_bool keep_ns, keep_dnskey;
	struct body_str zonemd, dnssec, held_expire;
	struct body_list trust_anchors;
	struct body_int signature_hours_min;
};

/** policy_read() - the object at @pointer; faults go to r->faults */
void policy_read(struct req *r, const struct body_node *node,
    const char *pointer, struct policy_in *out);

/** policy_store() - members that were given; the others stay */
MUST_USE enum err policy_store(struct db *db, struct req *r,
    const struct lookup_zone *z, const struct policy_in *in);

#endif
