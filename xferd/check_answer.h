/*
 * check_answer.h - what any server's answer to any question says.
 *
 * Knows:    the header, the question that must be ours, the records of class
 *           IN, expanded and checked one by one.
 * Not here: IDs, TSIG, asking again (probe.c); what follows from it (keep).
 * Runs in:  the check role; tests and the fuzzer.  Pure, no allocation.
 * Bounded:  HANDOFF_ANSWER_RECORDS_MAX records of HANDOFF_ANSWER_BYTES_MAX
 *           octets; what does not fit is left out and `cut` is set.
 */
#ifndef XFERD_CHECK_ANSWER_H
#define XFERD_CHECK_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xferd/handoff.h"

struct check_answer {
	enum handoff_reason reason;	/* OK, TRUNCATED (case), MALFORMED,
					   WRONG_QUESTION */
	bool is_answer;			/* QR, opcode QUERY */
	bool aa, tc, ra;
	bool cut;
	bool no_opt_wanted;		/* ask again without OPT */
	struct handoff_facts facts;	/* tsig not touched */
	uint16_t n_records;
	size_t records_len;
	uint8_t records[HANDOFF_ANSWER_BYTES_MAX];	/* as in an ANSWER */
};

/**
 * check_answer_read() - read an answer; the ID has been matched
 * @name:     as it was sent
 * @mixed:    its letters were sent in random case: one that comes back in
 *            other case is not believed (HANDOFF_TRUNCATED: ask by TCP)
 * @sent_opt: our question had an OPT record
 *
 * With HANDOFF_OK the RCODE may be anything.  Of a truncated answer no record
 * is taken.
 */
void check_answer_read(const uint8_t *msg, size_t len, const uint8_t *name,
    size_t name_len, uint16_t type, bool mixed, bool sent_opt,
    struct check_answer *out);

#endif
