/*
 * lookups.h - DNS questions to strangers' servers, asked of the check process.
 *
 * Knows:    one question by UDP or TCP to one address, with or without TSIG,
 *           its answer as validated records; how much may be on the way.
 * Not here: what an answer means (walk, diagnosis); DNS messages (the check
 *           role, xferd/probe.c and check_answer).
 * Runs in:  keep's loop thread.
 * Bounded:  LOOKUPS_MAX questions known, LOOKUPS_FLIGHT_MAX of them on the way
 *           (the others wait); LOOKUPS_VISITS_MAX visits' and
 *           LOOKUPS_TENANT_MAX visits' of one tenant;
 *           LOOKUPS_PLACES_MAX addresses remembered; to one address
 *           lookups_conf.per_second questions a second of LOOKUPS_WALK, and
 *           for LOOKUPS_VISIT one visit each LOOKUPS_VISIT_GAP_MS over all
 *           tenants, of at most LOOKUPS_VISIT_QUESTIONS.
 *
 * A question has a socket of its own: its port, its ID and (where `mixed`) the
 * letters of its name are a stranger's to guess.  RFC 5452
 */
#ifndef XFERD_LOOKUPS_H
#define XFERD_LOOKUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/sock.h"
#include "xferd/children.h"
#include "xferd/egress.h"
#include "xferd/handoff.h"
#include "xferd/keyring.h"

enum {
	LOOKUPS_MAX = 6144,
	LOOKUPS_VISITS_MAX = 2048,	/* of LOOKUPS_VISIT */
	LOOKUPS_FLIGHT_MAX = 256,
	LOOKUPS_TENANT_MAX = 512,	/* of LOOKUPS_VISIT */
	LOOKUPS_PLACES_MAX = 8192,
	LOOKUPS_VISIT_GAP_MS = 10000,
	LOOKUPS_VISIT_MS = 60000,	/* how long a visit may last */
	LOOKUPS_VISIT_QUESTIONS = 64,
	LOOKUPS_SILENT = 5,		/* questions in a row without answer */
	LOOKUPS_SILENT_MS = 15000,	/* so long no more of LOOKUPS_WALK: they
					   end as if not answered */
};

struct lookups;
struct lookups_query;

struct lookups_conf {
	unsigned per_second;		/* LOOKUPS_WALK, to one address */
	unsigned tsig_mac_min;		/* see tsig_mac_min() */
	/* Destinations: of LOOKUPS_WALK, which may be our own name servers; of
	 * LOOKUPS_VISIT; of LOOKUPS_OPERATOR.  Borrowed. */
	const struct egress_rules *walk, *visit, *operator_;
};

enum lookups_purpose {
	LOOKUPS_WALK,			/* root, parents, listed servers */
	LOOKUPS_VISIT,			/* an address that a customer named */
	LOOKUPS_OPERATOR,		/* one of the configuration: any */
};

struct lookups_question {
	struct sock_addr to;
	enum lookups_purpose purpose;
	uint8_t tenant[16];		/* for whom; zeros: nobody's */
	enum handoff_transport transport;	/* HANDOFF_UDP or HANDOFF_TCP */
	uint8_t name[HANDOFF_NAME_MAX];	/* wire */
	uint8_t name_len;
	uint16_t type;			/* AXFR too, by TCP: the answer is then
					   the first message of it */
	bool edns;			/* with OPT, 1232 octets; asked again
					   without when that is not known there */
	bool dnssec_ok;			/* DO; needs edns */
	bool recurse;			/* RD */
	bool mixed;			/* random letter case (UDP); an answer in
					   other case gives HANDOFF_TRUNCATED */
	bool then_tcp;			/* UDP: truncated or mixed up: ask by TCP */
	uint32_t timeout_ms;		/* first try, doubles; TCP: to connect, then
					   again for the answer */
	uint8_t tries;			/* UDP 1 to 8; TCP 1 */
	uint32_t key;			/* number in the keyring; 0: no TSIG */
};

/*
 * What came.  reason HANDOFF_OK: a whole answer to this question, with
 * whatever RCODE (facts.rcode), TSIG verified when there is a key.
 * HANDOFF_TRUNCATED: TC by UDP (no records).  HANDOFF_TIMEOUT_FIRST: no
 * answer; HANDOFF_CONNECT_TIMEOUT, _REFUSED, _FAILED; HANDOFF_CLOSED_EARLY;
 * HANDOFF_MALFORMED; HANDOFF_TSIG_*; HANDOFF_INTERNAL: nothing can be said.
 */
struct lookups_answer {
	enum handoff_reason reason;
	enum egress_verdict egress;	/* not ALLOWED: nothing was sent */
	enum handoff_transport transport;	/* the last one used */
	bool aa, tc, ra;
	bool cut;			/* more records came than are here */
	bool no_edns;			/* it answered only without OPT */
	uint32_t ms;			/* of the try that was answered */
	uint8_t tries;
	struct handoff_facts facts;	/* rcode, EDE, TSIG error, skew */
	size_t n_records;		/* to HANDOFF_ANSWER_RECORDS_MAX */
	const struct handoff_said *records;	/* all sections, in order; valid
					   during the call only */
};

typedef void (*lookups_fn)(void *arg, const struct lookups_answer *answer);

MUST_USE enum err lookups_new(uv_loop_t *loop, const struct lookups_conf *conf,
    struct children *children, const struct keyring *keys,
    struct lookups **out);

/**
 * lookups_visit() - may an address that a customer named be asked now?
 * @to: the port does not count
 * @out_wait_ms: with ERR_LIMIT: when to come again
 *
 * Opens a visit: LOOKUPS_VISIT_QUESTIONS questions in LOOKUPS_VISIT_MS.  One
 * who holds a visit (the same tenant, within LOOKUPS_VISIT_MS, questions left)
 * is not refused, and goes on with it.
 *
 * Returns OK or ERR_LIMIT: somebody was there less than LOOKUPS_VISIT_GAP_MS
 * ago.
 */
MUST_USE enum err lookups_visit(struct lookups *l, const uint8_t tenant[16],
    const struct sock_addr *to, uint32_t *out_wait_ms);

/**
 * lookups_ask() - ask; fn is called once, from a later turn of the loop
 * @q:   copied
 * @out: to cancel it; dies when fn is called
 *
 * Returns OK; ERR_LIMIT: too much is under way, of this tenant or at all, or
 * LOOKUPS_VISIT without a visit, or its questions are used up;
 * ERR_NO_MEMORY.
 */
MUST_USE enum err lookups_ask(struct lookups *l,
    const struct lookups_question *q, lookups_fn fn, void *arg,
    struct lookups_query **out);

/** lookups_cancel() - forget it; fn is not called; NULL is fine */
void lookups_cancel(struct lookups *l, struct lookups_query *q);

/** lookups_waiting() - questions that are known and not answered */
unsigned lookups_waiting(const struct lookups *l);

/* From the owner of the children. */
void lookups_frame(struct lookups *l, struct child *child,
    enum handoff_kind kind, const uint8_t *payload, size_t len);
void lookups_ready(struct lookups *l);
void lookups_gone(struct lookups *l);

#endif
