/*
 * section.h - put what an answer must have into its sections.
 *
 * Knows:    sets as stored, who owns them, the SOA of a negative answer, the
 *           proofs that denial chose; job->full when something did not fit.
 * Not here: which records (respond, chain), the format (emit), what may be
 *           left out (additional).
 * Pure:     into job->emit. What each answer needs is inline.
 */
#ifndef DNSD_SECTION_H
#define DNSD_SECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "dnsd/answer_job.h"
#include "dnsd/emit.h"

/** section_stored() - a set of the page, with its RRSIGs if they are wanted */
static inline struct emit_set
section_stored(const struct answer_job *job, const struct page_set *set)
{
	return (struct emit_set){
		.rr = set->rr,
		.rr_len = set->rr_len,
		.sig_len = job->dnssec ? set->sig_len : 0,
		.n_rr = set->n_rr,
	};
}

/** section_owner() - job->name */
static inline struct emit_owner
section_owner(const struct answer_job *job)
{
	return (struct emit_owner){
		.at = job->name.at,
		.key = job->name.key,
		.key_len = job->name.len[job->name.n_labels],
	};
}

/** section_ancestor() - the ancestor of job->name, @n labels below the apex */
static inline struct emit_owner
section_ancestor(const struct answer_job *job, unsigned n)
{
	return (struct emit_owner){
		.at = job->name.at == 0 ? 0 : emit_skip_labels(&job->emit,
		    job->name.at, job->name.n_labels - n),
		.key = job->name.key,
		.key_len = job->name.len[n],
	};
}

/**
 * section_put() - put what the answer must have
 *
 * Returns false, and job->full is set, when it did not fit.
 */
static inline bool
section_put(struct answer_job *job, enum emit_section section,
    struct emit_owner *owner, const struct emit_set *set, size_t *out_at)
{
	bool fits;

	if (section == EMIT_ANSWER && owner->at == EMIT_QNAME &&
	    !job->emit.compress) {
		if (out_at != NULL)
			*out_at = job->emit.len;
		fits = emit_put_fast(&job->emit, set);
	} else {
		fits = emit_put(&job->emit, section, owner, set, out_at);
	}
	if (!fits)
		job->full = true;
	return fits;
}

/** section_put_soa() - a negative answer's. RFC 2308 3 */
void section_put_soa(struct answer_job *job);

/** section_put_proofs() - what denial chose, now */
void section_put_proofs(struct answer_job *job);

#endif
