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

struct answer_job;

/** respond_to_name() - job->name, in job->view. Returns whether it leads on:
 *  then job->name is the next one. */
bool respond_to_name(struct answer_job *job);

#endif
