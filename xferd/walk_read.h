/*
 * walk_read.h - what an answer on the way from the root means.
 *
 * Knows:    referrals, authoritative answers and denials, lame servers, glue
 *           and whether it may be believed.   RFC 1034 4.3.2, 5.3.3
 * Not here: whom to ask next (walk.h).
 * Runs in:  keep's loop thread; tests and the fuzzer.  Pure, no allocation.
 * Bounded:  WALK_NS_MAX names of servers, WALK_ADDRS_MAX addresses of each.
 */
#ifndef XFERD_WALK_READ_H
#define XFERD_WALK_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/sock.h"
#include "common/dns/dname.h"
#include "xferd/handoff.h"

enum {
	WALK_NS_MAX = 24,		/* of one set; a larger one is not read */
	WALK_ADDRS_MAX = 4,		/* of one server */
	WALK_TTL_MAX_S = 3600,
};

/* An answer as keep has it. */
struct walk_answer {
	enum handoff_reason reason;
	uint16_t rcode;
	bool aa, cut;
	bool forbidden;			/* an address that is never asked */
	uint32_t ms;
	size_t n_records;
	const struct handoff_said *records;	/* borrowed */
};

struct walk_host {
	uint8_t name[DNAME_MAX];	/* lower case */
	uint8_t name_len;
	uint8_t n_addrs;
	struct sock_addr addrs[WALK_ADDRS_MAX];
};

/* A zone and its servers, as its parent (or a resolver) names them. */
struct walk_cut {
	uint8_t zone[DNAME_MAX];
	uint8_t zone_len;
	uint8_t n;
	uint32_t ttl_s;
	struct walk_host hosts[WALK_NS_MAX];
};

enum walk_says {
	WALK_REFERRAL,			/* down to out->zone, not authoritative */
	WALK_NS_HERE,			/* the NS set of the name, from whoever
					   has its zone; out->zone is the name */
	WALK_NO_DATA,			/* authoritative: no such set there */
	WALK_NO_NAME,			/* authoritative: no such name */
	WALK_ALIAS,			/* authoritative: CNAME or DNAME */
	WALK_DATA,			/* the set that was asked for */
	WALK_LAME,			/* does not serve the zone it should */
	WALK_FAILED,			/* no answer, SERVFAIL, REFUSED, too large */
};

/**
 * walk_read() - what the answer of a server of @zone to (@name, @type) says
 * @zone:    whose server it is: only what is below is believed
 * @resolver: it is the operator's own recursive resolver: no AA is needed
 * @port:    for addresses of glue
 * @out:     set with WALK_REFERRAL and WALK_NS_HERE
 */
enum walk_says walk_read(const struct walk_answer *a, const uint8_t *zone,
    const uint8_t *name, uint16_t type, bool resolver, uint16_t port,
    struct walk_cut *out);

/** walk_read_addresses() - those of @name in the answer section, with WALK_DATA */
void walk_read_addresses(const struct walk_answer *a, const uint8_t *name,
    uint16_t port, struct walk_host *host);

/** walk_read_address() - once; false when there is no room */
bool walk_read_address(struct walk_host *host, const struct handoff_said *said,
    uint16_t port);

#endif
