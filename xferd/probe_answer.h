/*
 * probe_answer.h - what a primary's answer to "apex SOA IN" says.
 *
 * Pure: no clock, no descriptor, no allocation.
 * Not here: IDs, TSIG, asking again (probe.c).
 * Runs in:  the probe role; tests and the fuzzer.
 *
 * An answer counts when its ID, question and direction fit: on UDP anything
 * else is passed over and waited on (T-016). TC gives HANDOFF_TRUNCATED:
 * keep connects by TCP and asks again. FORMERR or NOTIMP to a question with
 * OPT, without OPT in it: asked again without (T-017).
 */
#ifndef XFERD_PROBE_ANSWER_H
#define XFERD_PROBE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xferd/handoff.h"

/* What one answer says. */
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
 * probe_answer_judge() - read an answer to "apex SOA IN"; the ID has been matched
 * @sent_opt: our question had an OPT record
 */
void probe_answer_judge(const uint8_t *msg, size_t len,
    const uint8_t *apex, size_t apex_len, bool sent_opt, struct probe_answer *out);

#endif
