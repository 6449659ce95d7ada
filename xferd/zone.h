/*
 * zone.h - the state machine of one secondary zone.
 *
 * Knows:    which primary to ask next and for what, when a round is over, when
 *           the next one is due, when the data expires.    RFC 1034 4.3.5,
 *           RFC 1035 3.3.13, RFC 1982, RFC 1995, RFC 1996, RFC 7314
 * Not here: sockets, the database, the clock, TSIG, records.  Pure.
 * Runs in:  keep's loop thread; one struct zone per running round.
 * Bounded:  ZONE_PRIMARIES_MAX; a round asks each primary at most once by SOA,
 *           once by IXFR and once by AXFR.
 *
 * The clock is the caller's and any that does not jump: what goes in and out
 * are moments of it, and only their differences count.		T-019
 */
#ifndef XFERD_ZONE_H
#define XFERD_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/base.h"

enum { ZONE_PRIMARIES_MAX = 16 };

/* Why a round was begun, in the order of urgency that the scheduler uses. */
enum zone_reason {
	ZONE_REASON_NOTIFY,		/* a primary says that there is news */
	ZONE_REASON_NEW,		/* never loaded, first tries */
	ZONE_REASON_JOB,		/* the tenant asked for a refresh */
	ZONE_REASON_RETRANSFER,		/* the tenant asked for the whole zone */
	ZONE_REASON_DUE,		/* refresh or retry has come */
};

enum zone_state {
	ZONE_IDLE,
	ZONE_PROBING,
	ZONE_FETCHING,
	ZONE_PUBLISHING,
	ZONE_DONE,
};

enum zone_mode {
	ZONE_MODE_AXFR,
	ZONE_MODE_IXFR,
};

/* Bounds that the operator puts on what SOA records say.  All in seconds. */
struct zone_limits {
	uint32_t refresh_min_s, refresh_max_s;
	uint32_t retry_min_s, retry_max_s;
	uint32_t expire_min_s, expire_max_s;
	uint32_t backoff_min_s, backoff_max_s;	/* zones never loaded */
	uint32_t recheck_s;		/* NOTIFY came before the data */
};

struct zone_soa {
	uint32_t serial, refresh, retry, expire, minimum;
};

/* What is known of one primary when the round begins. */
struct zone_primary_in {
	bool avoid;			/* its circuit breaker is open */
	bool later;			/* failed this zone lately: others first */
	bool no_ixfr;			/* failed at IXFR not long ago */
};

/* What is known of the zone when the round begins. */
struct zone_start {
	enum zone_reason reason;
	uint64_t spread;		/* a hash of the zone id, for jitter */
	bool loaded;			/* soa and expires_at_ms are set */
	bool accept_lower;		/* take a lower serial: always, or */
	bool has_accept;		/* once, from this one on */
	uint32_t accept;
	bool held;			/* held_serial was refused by a gate */
	bool held_counts;		/* ... and EXPIRE counts down */
	uint32_t held_serial;
	bool pinned;			/* nothing newer is wanted */
	bool repin;			/* serve another stored version first */
	struct zone_soa soa;
	int64_t contact_at_ms;		/* that expires_at_ms counts from */
	int64_t expires_at_ms;
	uint8_t noted;			/* ZONE_NOTED of this contact */
	bool compare;			/* another primary's content is due */
	uint32_t failures;		/* rounds failed in a row */
	int notify_primary;		/* index, or -1 */
	bool has_hint;
	uint32_t hint;			/* serial that the NOTIFY named */
	unsigned n_primaries;
	struct zone_primary_in primaries[ZONE_PRIMARIES_MAX];
};

enum zone_event_kind {
	ZONE_EV_SOA,		/* an authoritative SOA came: serial, expire */
	ZONE_EV_PROBE_FAILED,	/* no usable SOA answer */
	ZONE_EV_CURRENT,	/* IXFR answered by one SOA: serial, expire;
				   or nothing to publish in what came */
	ZONE_EV_RECEIVED,	/* a whole transfer is in the spool: soa */
	ZONE_EV_REPLY_FAILED,	/* the primary answered, but not with a zone */
	ZONE_EV_LINK_FAILED,	/* connection refused, cut, timed out */
	ZONE_EV_PUBLISHED,	/* committed: soa */
	ZONE_EV_MISMATCH,	/* the differences do not fit our version */
	ZONE_EV_REJECTED,	/* the content may not be served, or a limit */
	ZONE_EV_STOPPED,	/* a limit of the account: no primary helps */
	ZONE_EV_HELD,		/* a publish gate said no */
	ZONE_EV_CONFLICT,	/* somebody else published, or lease lost */
	ZONE_EV_DIFFERS,	/* comparing: same serial, another content */
	ZONE_EV_TROUBLE,	/* our fault: database, memory */
	ZONE_EV_NOTIFY,		/* another NOTIFY while the round runs */
};

struct zone_event {
	enum zone_event_kind kind;
	struct zone_soa soa;		/* SOA, CURRENT: serial only */
	bool has_expire;		/* EDNS EXPIRE in the answer */
	uint32_t expire_s;
};

enum zone_action_kind {
	ZONE_ACT_NONE,
	ZONE_ACT_PROBE,			/* ask primary for its SOA */
	ZONE_ACT_FETCH,			/* mode; IXFR from z->in.soa.serial */
	ZONE_ACT_PUBLISH,		/* build the version, commit it */
	ZONE_ACT_COMPARE,		/* is it the one that we have? */
	ZONE_ACT_REPIN,			/* publish a stored version again */
	ZONE_ACT_FINISH,		/* read z->end */
};

struct zone_action {
	enum zone_action_kind kind;
	unsigned primary;
	enum zone_mode mode;
};

enum zone_outcome {
	ZONE_OUT_CURRENT,	/* our version is the primary's */
	ZONE_OUT_UPDATED,	/* a new version was published */
	ZONE_OUT_OLDER,		/* every primary that answered is behind us */
	ZONE_OUT_FAILED,	/* nobody answered usefully */
	ZONE_OUT_HELD,		/* theirs is newer, and held back */
	ZONE_OUT_CONFLICT,	/* lost against another publisher */
	ZONE_OUT_TROUBLE,	/* our own trouble; no failure of the primary */
};

/* Every primary that answered has a serial that is not newer.  T-013, T-014 */
enum zone_back {
	ZONE_BACK_NONE,
	ZONE_BACK_LOWER,
	ZONE_BACK_UNDEFINED,		/* exactly 2^31 away */
};

/* How much of EXPIRE has passed without a contact, in percent. */
enum zone_noted {
	ZONE_NOTED_NOTHING = 0,
	ZONE_NOTED_HALF = 50,
	ZONE_NOTED_MOST = 75,
	ZONE_NOTED_NEARLY = 90,
	ZONE_NOTED_EXPIRED = 100,
};

struct zone_end {
	enum zone_outcome outcome;
	enum zone_reason next_reason;
	int64_t due_at_ms;
	bool contact;			/* expires_at_ms moved */
	int64_t expires_at_ms;
	uint32_t failures;
	bool recheck;			/* the delayed recheck after a NOTIFY */
	enum zone_back back;
	uint32_t back_serial;		/* with back: the newest of them */
	uint8_t noted;			/* zone_noted, after this round */
	bool took_lower;		/* published a serial that is not newer */
	bool compared, split;		/* with the primary asked last */
};

/* What one primary showed in this round. */
struct zone_seen {
	bool asked, failed, has_serial;
	uint32_t serial;
	bool has_expire;
	uint32_t expire_s;
};

/*
 * Invariants: 1. turn < n_order while the round runs
 *             2. tried_axfr implies that IXFR is not tried at that primary
 *             3. end is valid in state ZONE_DONE only
 */
struct zone {
	enum zone_state state;
	struct zone_limits limits;
	struct zone_start in;
	uint8_t order[ZONE_PRIMARIES_MAX];
	unsigned n_order, turn;
	enum zone_mode mode;
	bool tried_axfr;		/* at this primary */
	bool survey;			/* everybody's serial first */
	bool surveyed;			/* order has the candidates now */
	bool comparing;
	bool regressed;			/* showed a newer serial than it sent:
					   several servers at one address */
	bool follow_up;
	struct zone_seen seen[ZONE_PRIMARIES_MAX];
	int64_t begun_ms;
	uint16_t no_ixfr;		/* bit per primary: remember it */
	struct zone_event contact;
	struct zone_end end;
};

/**
 * zone_begin() - start a round
 * @z:        caller's storage, any content
 * @limits:   copied
 * @start:    copied; n_primaries at most ZONE_PRIMARIES_MAX
 * @now_ms:   wall clock
 * @out:      what to do first; FINISH at once when there is nobody to ask
 */
void zone_begin(struct zone *z, const struct zone_limits *limits,
    const struct zone_start *start, int64_t now_ms, struct zone_action *out);

/**
 * zone_step() - tell the machine what happened
 * @z:        between zone_begin() and the action FINISH
 * @ev:       borrowed; an event that does not fit the state is ignored
 * @now_ms:   wall clock
 * @out:      what to do now; NONE for "go on waiting"
 */
void zone_step(struct zone *z, const struct zone_event *ev, int64_t now_ms,
    struct zone_action *out);

/**
 * zone_next_refresh_s() - seconds from a good contact to the next check
 * @soa:      of the version that is served
 * @spread:   hash of the zone id; takes up to a tenth off
 */
uint32_t zone_next_refresh_s(const struct zone_limits *limits,
    const struct zone_soa *soa, uint64_t spread);

/** zone_given_s() - EXPIRE of a version that was just transferred, with the
 *  EDNS option of that answer, if there was one.  RFC 7314 4, T-170, T-171 */
uint32_t zone_given_s(const struct zone_limits *limits,
    const struct zone_soa *soa, bool has_option, uint32_t option_s);

/** zone_expire_s() - the SOA's EXPIRE within the operator's bounds */
uint32_t zone_expire_s(const struct zone_limits *limits,
    const struct zone_soa *soa);

/** zone_wants_notify() - does a NOTIFY with this hint call for a round? T-034 */
bool zone_wants_notify(bool loaded, bool expired, uint32_t serial,
    bool has_hint, uint32_t hint);

const char *zone_outcome_text(enum zone_outcome outcome);

#endif
