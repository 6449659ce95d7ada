/*
 * additional.h - addresses of the names that an answer speaks of.
 *
 * Knows:    which types have targets, glue in and beside the cut, what may
 *           be left out and what may not (RFC 9471).
 * Not here: the sets whose targets these are (respond), the format (emit).
 * Pure:     into job->emit.
 * Bounded:  ANSWER_ADDITIONAL_MAX names; of a referral, GLUE_NAMES_MAX.
 */
#ifndef DNSD_ADDITIONAL_H
#define DNSD_ADDITIONAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns/page.h"
#include "common/dns/rrtype.h"

struct answer_job;

/** additional_target_at() - where in its rdata such a record has the name of
 *  a target; -1: it has none */
static inline int
additional_target_at(uint16_t type)
{
	switch (type) {
	case RRTYPE_NS:
		return 0;
	case RRTYPE_MX:
	case RRTYPE_AFSDB:
	case RRTYPE_KX:
	case RRTYPE_SVCB:
	case RRTYPE_HTTPS:
		return 2;
	case RRTYPE_SRV:
		return 6;
	default:
		return -1;
	}
}

/**
 * additional_put() - for an answer's set, as much as fits
 * @name: who owns @set
 * @at: where the set is in the message
 */
void additional_put(struct answer_job *job, const struct page_name *name,
    const struct page_set *set, size_t at);

/**
 * additional_put_glue() - for a referral
 * @ns: the NS set of @cut, at @at in the message
 *
 * Returns false when glue did not fit that a resolver cannot get elsewhere.
 */
bool additional_put_glue(struct answer_job *job, const struct page_name *cut,
    const struct page_set *ns, size_t at);

#endif
