/*
 * respond.h - what one name of the zone is answered with.
 *
 * Knows:    RFC 1034 4.3.2 step 3: cuts, DNAMEs, the name itself, wildcards,
 *           nothing; ANY (RFC 8482), RRSIG, DS and NSEC at a cut.
 * Not here: which zone, whether it may be served, header and EDNS (answer).
 * Pure:     into job->emit, by section, additional and chain.
 */
#ifndef DNSD_RESPOND_H
#define DNSD_RESPOND_H

#include <stdbool.h>
#include <stddef.h>

struct answer_job;

/** respond_to_name() - job->name, in job->view. Returns whether it leads on:
 *  then job->name is the next one. */
bool respond_to_name(struct answer_job *job);

/**
 * respond_plainly() - the shortest way, for most questions
 * @limit: octets that the message may have with what it puts
 *
 * If the question's name exists, nothing above it can matter, the set is
 * there and asks for nothing else, then this is the whole answer.  Returns
 * false, with nothing put, when it is not that simple.
 */
bool respond_plainly(struct answer_job *job, size_t limit);

#endif
