/*
 * claim.h - the state machine of one claim on a zone name.
 *
 * Knows:    what a sighting proves, when proof is lost, when a claim lapses,
 *           whether it may be previewed, when the parent is asked next.
 * Not here: asking (checker), the database (claimdb), the brake on many
 *           suspensions at once and the wall between two claims that want the
 *           same address (SQL, claim_apply).  Pure.
 * Runs in:  keep.
 * Bounded:  CLAIM_HOSTS_MAX names of ours.
 *
 * A transfer proves nothing: only what the parent says does.  The rules in
 * words are in docs/decisions/0120-claims.md.
 */
#ifndef XFERD_CLAIM_H
#define XFERD_CLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xferd/sighting.h"

enum {
	CLAIM_HOSTS_MAX = 256,		/* the pool, retired names too */
	CLAIM_ADDRESSES_MAX = 512,	/* of these */
	CLAIM_TOKEN_MAX = 64,
};

#define CLAIM_DAY_MS		(INT64_C(86400) * 1000)
#define CLAIM_TXT_MS		(30 * CLAIM_DAY_MS)	/* a TXT is good for */
#define CLAIM_LOSS_MS		(7 * CLAIM_DAY_MS)	/* then suspended */
#define CLAIM_LAPSE_MS		(28 * CLAIM_DAY_MS)	/* unproven */
/* Between two sightings of loss no more time than this counts. */
#define CLAIM_LOSS_STEP_MS	(INT64_C(26) * 3600 * 1000)

enum claim_state {
	CLAIM_PENDING,
	CLAIM_ACTIVE,
	CLAIM_WARNED,
	CLAIM_SUSPENDED,
	CLAIM_LAPSED,
	CLAIM_STATES,
};

enum claim_proof {
	CLAIM_PROOF_NONE,
	CLAIM_PROOF_DELEGATION,
	CLAIM_PROOF_TXT,
	CLAIM_PROOF_OPERATOR,		/* the operator's word; never looked at */
};

/* Whose is a name of the operator's pool, as far as this zone name goes? */
enum claim_whose {
	CLAIM_HOST_FREE,		/* nobody's here */
	CLAIM_HOST_MINE,		/* of the claim's set */
	CLAIM_HOST_OTHERS,		/* of another tenant's claim on the same
					 * name, or of one that ended */
};

struct claim_host {
	uint8_t len;
	uint8_t wire[SIGHTING_NAME_MAX];	/* lower case */
	uint8_t whose;
};

/* The operator's names and addresses, as seen from one claim. */
struct claim_pool {
	size_t n_hosts, n_addresses;
	const struct claim_host *host;
	const uint8_t (*address)[16];
};

/* What is remembered of a claim between two looks; 0 is "never". */
struct claim_facts {
	enum claim_state state;
	enum claim_proof proof;
	bool has_set;			/* it was given names */
	bool alone;			/* ... and no other tenant's claim on
					 * the name, above or below it stands
					 * or stood on their addresses */
	bool blocked;			/* another claim on the name is served
					 * at one of these addresses now */
	bool returned;			/* the set was this tenant's and proven
					 * for this name before: an old listing
					 * counts */
	bool preview;
	int64_t opened_ms;		/* made, or asked for anew */
	int64_t unproven_ms;		/* since when; of those not served */
	int64_t clear_ms;		/* all parents were seen without any of
					 * the set's names after it was given */
	int64_t txt_until_ms;
	int64_t loss_at_ms;		/* last sighting, when it was a loss */
	int64_t lost_ms;		/* how long that lasts, as seen */
	uint64_t spread;		/* a hash of the zone's id */
};

/* What the last look amounts to. */
enum claim_seen {
	CLAIM_SEEN_UNKNOWN,		/* changes nothing */
	CLAIM_SEEN_PROVEN,		/* by delegation */
	CLAIM_SEEN_TXT,
	CLAIM_SEEN_PARTLY,		/* some parents list the claim's names */
	CLAIM_SEEN_MIXED,		/* another claim's as well */
	CLAIM_SEEN_OLD,			/* listed before the names were given */
	CLAIM_SEEN_OURS,		/* names of ours, none of this claim's */
	CLAIM_SEEN_OTHERS,		/* delegated, to none of ours */
	CLAIM_SEEN_NOTHING,		/* not delegated */
	CLAIM_SEENS,
};

/* What the owner is told, bits. */
enum claim_event {
	CLAIM_EVENT_PROVEN = 1 << 0,
	CLAIM_EVENT_RESTORED = 1 << 1,
	CLAIM_EVENT_WARNED = 1 << 2,
	CLAIM_EVENT_SUSPENDED = 1 << 3,
	CLAIM_EVENT_LAPSED = 1 << 4,
	CLAIM_EVENT_PREVIEW = 1 << 5,
	CLAIM_EVENT_PREVIEW_OVER = 1 << 6,
	CLAIM_EVENT_NEW_SET = 1 << 7,	/* said by SQL: other names */
	CLAIM_EVENT_MISSING = 1 << 8,	/* some of the set's names are not
					 * listed: a warning */
};

struct claim_next {
	struct claim_facts facts;	/* as they are to be stored */
	enum claim_seen seen;
	unsigned events;
	unsigned missing;		/* names of the set that no parent has */
	bool listed_ours;		/* a parent lists names of ours */
	bool wants_set;			/* proven, or its names were listed
					 * before: another set, if there is one */
	bool displaces;			/* proven by delegation: claims at the
					 * same addresses yield */
	int64_t check_ms;		/* look again then */
};

/** claim_judge() - what a sighting says to a claim, history aside; @out may be
 * NULL: gets missing and listed_ours */
enum claim_seen claim_judge(const struct claim_pool *pool,
    const struct claim_facts *c, const struct sighting *s,
    struct claim_next *out);

/** claim_step() - the claim after a sighting at @now_ms */
void claim_step(const struct claim_pool *pool, const struct claim_facts *c,
    const struct sighting *s, int64_t now_ms, struct claim_next *out);

/** claim_check_ms() - when to look next, all well: each minute in the first
 * hour, then backing off to daily; hourly while proof is being lost */
int64_t claim_check_ms(const struct claim_facts *c, int64_t now_ms);

const char *claim_state_name(enum claim_state state);
bool claim_state_parse(const char *text, enum claim_state *out_state);
const char *claim_proof_name(enum claim_proof proof);
enum claim_proof claim_proof_parse(const char *text);
/** claim_seen_name() - stable word for programs: delegation, txt, partly ... */
const char *claim_seen_name(enum claim_seen seen);

#endif
