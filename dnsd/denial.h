/*
 * denial.h - which NSEC or NSEC3 records prove what was just answered.
 *
 * Knows:    RFC 4035 3.1.3, RFC 5155 7.2, opt-out.
 * Not here: the answer itself, the SOA, writing (answer, emit).
 * Pure:     only names are chosen here; each goes into job->proof once.
 * Bounded:  at most three hashes and three searches a call, plus the walk to
 *           the closest provable encloser (one hash a label), and over an
 *           answer ANSWER_HASH_ROUNDS_MAX rounds of SHA-1.
 *
 * All of them speak of job->name in job->view's zone, do nothing in a zone
 * without proofs, and leave out what the zone does not have.
 */
#ifndef DNSD_DENIAL_H
#define DNSD_DENIAL_H

#include "common/dns/page.h"

struct answer_job;

/** The name exists, the type does not; at a cut: no DS. RFC 5155 7.2.3-5 */
void denial_no_type(struct answer_job *job, const struct page_name *name);

/** An empty non-terminal. */
void denial_no_records(struct answer_job *job);

/** Neither the name nor a wildcard; @encloser: labels below the apex. */
void denial_no_name(struct answer_job *job, unsigned encloser);

/** Expanded from a wildcard: no closer match exists. */
void denial_no_closer(struct answer_job *job, unsigned encloser);

/** The wildcard exists, the type does not. @wildcard: NULL if it is an
 *  empty non-terminal. */
void denial_no_wildcard_type(struct answer_job *job, unsigned encloser,
    const struct page_name *wildcard);

/** A delegation without DS; the cut has @n_labels below the apex. */
void denial_no_ds(struct answer_job *job, const struct page_name *cut,
    unsigned n_labels);

/** denial_wildcard_key() - the key of "*" below an ancestor of job->name
 *  @out: OWNERKEY_MAX + 2 bytes. Returns its length. */
size_t denial_wildcard_key(const struct answer_job *job, unsigned encloser,
    uint8_t *out);

#endif
