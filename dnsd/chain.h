/*
 * chain.h - the names that CNAME and DNAME lead to.
 *
 * Knows:    the next name and whether it is new; RFC 6672's substitution.
 * Not here: what is at the next name (respond).
 * Pure:     job->name is moved; the CNAME of a DNAME goes into job->emit.
 * Bounded:  ANSWER_CHAIN_MAX names.
 *
 * A function that returns bool says whether job->name is to be looked up
 * next. If not, the answer is complete as it is.
 */
#ifndef DNSD_CHAIN_H
#define DNSD_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns/page.h"

struct answer_job;

/**
 * chain_follow() - go on at @target, whose text in the message is at @at
 *
 * Returns false when it is not in the zone, or was there before.
 */
bool chain_follow(struct answer_job *job, const uint8_t *target, size_t at);

/** chain_redirect() - job->name is below a DNAME that has @n_labels below
 *  the apex. RFC 6672 3.2 */
bool chain_redirect(struct answer_job *job, const struct page_name *dname,
    unsigned n_labels);

/** chain_had_dname() - is this one in the answer already? From now on it is */
bool chain_had_dname(struct answer_job *job, const struct page_name *name);

#endif
