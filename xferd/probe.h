/*
 * probe.h - the probe role: what serial do the primaries have?
 *
 * Knows:    SOA questions over connected UDP sockets (and TCP when keep hands
 *           one in), retries, EDNS fallback, which answers count.
 * Not here: when to ask, whom, and what follows (keep). No keys: MACs come
 *           from keep by HANDOFF_HMAC.
 * Runs in:  a child process of xferd, `--role=probe`; one thread.
 * Bounded:  PROBE_ADDRS_MAX sockets, PROBE_ASKS_MAX questions under way (more
 *           are answered with HANDOFF_INTERNAL), PROBE_FLIGHT_MAX on the way
 *           per socket.
 *
 * An answer counts when its ID, question and direction fit: on UDP anything
 * else is passed over and waited on (T-016). TC gives HANDOFF_TRUNCATED:
 * keep connects by TCP and asks again. FORMERR or NOTIMP to a question with
 * OPT, without OPT in it: asked again without (T-017).
 */
#ifndef XFERD_PROBE_H
#define XFERD_PROBE_H

#include "xferd/handoff.h"
#include "common/dns/dnsmsg.h"

#define PROBE_ADDRS_MAX		512
#define PROBE_ASKS_MAX		4096
#define PROBE_FLIGHT_MAX	64

/**
 * probe_run() - serve keep over @keep until it goes away
 *
 * Returns the exit status: 0, or 1 when keep sent what it may not.
 */
int probe_run(int keep);

/* What one answer says; pure, for tests and the fuzzer. */
struct probe_answer {
	enum handoff_reason reason;	/* OK, RCODE, NOT_AUTH, TRUNCATED,
					   NO_SOA, MALFORMED, WRONG_QUESTION */
	bool no_opt_wanted;		/* ask again without OPT */
	uint32_t serial;		/* with OK, as the next two */
	uint16_t soa_len;
	uint8_t soa[HANDOFF_SOA_MAX];
	struct handoff_facts facts;	/* tsig not touched */
};

/**
 * probe_judge() - read an answer to "apex SOA IN"; the ID has been matched
 * @sent_opt: our question had an OPT record
 */
void probe_judge(const uint8_t *msg, size_t len, const uint8_t *apex,
    size_t apex_len, bool sent_opt, struct probe_answer *out);

#endif
