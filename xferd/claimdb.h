/*
 * claimdb.h - claims that are due to be looked at, and what came of the look.
 *
 * Knows:    the statements claim_*; rows into claim_facts and back.
 * Not here: asking (the checker), what a sighting means (claim.h), who is
 *           served where (claim_apply in SQL).
 * Runs in:  the crew's threads; claimdb_free() of one batch in one thread at a
 *           time.
 * Bounded:  CLAIMDB_BATCH claims at a time, a lease of CLAIMDB_LEASE_MS: a look
 *           that takes longer is done again.
 *
 *	claimdb_take(db, owner, max, &list);	due claims, leased
 *	... a sighting of each ...
 *	claimdb_put(db, c, &sighting, now);	judged, stored, lease gone
 *
 * A claim that is not put back is due again when its lease ends.
 */
#ifndef XFERD_CLAIMDB_H
#define XFERD_CLAIMDB_H

#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "xferd/claim.h"

struct db;

enum { CLAIMDB_BATCH = 64 };
#define CLAIMDB_LEASE_MS	(INT64_C(5) * 60 * 1000)

/* The operator's names and addresses: read once for a batch, counted. */
struct claimdb_pool {
	unsigned refs;
	size_t n_hosts, n_addresses;
	uint8_t address[CLAIM_ADDRESSES_MAX][16];
	struct claim_host host[CLAIM_HOSTS_MAX];
	int set_no[CLAIM_HOSTS_MAX];	/* -1: of none yet */
};

struct claimdb_claim {
	struct claimdb_claim *next;
	uint8_t zone_id[16], tenant_id[16], owner[16];
	char *name;			/* presentation, for logs */
	uint8_t apex[SIGHTING_NAME_MAX];	/* lower case */
	uint8_t apex_len;
	char token[CLAIM_TOKEN_MAX + 1];	/* value of the TXT record */
	int set_no;			/* -1: none */
	uint64_t others[4];		/* sets of other claims on the name */
	struct claim_facts facts;
	struct claimdb_pool *pool;
};

/**
 * claimdb_take() - lease claims that are due, oldest first
 * @owner:    of this instance
 * @out_list: given on OK; NULL: nothing is due
 */
MUST_USE enum err claimdb_take(struct db *db, const uint8_t owner[16],
    size_t max, struct claimdb_claim **out_list);

/** claimdb_put() - judge a sighting and store what it amounts to; @c stays
 * the caller's.  One statement: may be run again after ERR_DB_RETRY */
MUST_USE enum err claimdb_put(struct db *db, const struct claimdb_claim *c,
    const struct sighting *s, int64_t now_ms);

/** claimdb_free() - one claim; accepts NULL */
void claimdb_free(struct claimdb_claim *c);

/** claimdb_prune() - names that stood without proof and may be given again */
MUST_USE enum err claimdb_prune(struct db *db);

#endif
