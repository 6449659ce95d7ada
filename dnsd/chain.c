/*
 * chain.c - see chain.h.
 */
#include "dnsd/chain.h"

#include <string.h>

#include "common/dns/ownerkey.h"
#include "common/dns/rrtype.h"
#include "dnsd/answer_job.h"
#include "dnsd/octets.h"
#include "dnsd/section.h"

bool
chain_follow(struct answer_job *job, const uint8_t *target, size_t at)
{
	struct answer_name *name = &job->name;
	uint64_t hash;

	job->seen[job->n_seen++] = name->hash[name->n_labels];
	if (job->n_seen == ANSWER_CHAIN_MAX)
		return false;		/* */
	if (ownerkey_from_dname(target, cache_view_apex(job->view.zone),
	    OWNERKEY_TREE_NORMAL, &job->target) != OK)
		return false;		/* */
	job->known = ANSWER_UNKNOWN;
	name->key = job->target.bytes;
	name->wire = target;
	name->at = emit_reach(at);
	name->n_labels = (uint8_t)page_hash_chain(job->target.bytes,
	    job->target.len, name->hash, name->len);
	hash = name->hash[name->n_labels];
	for (unsigned i = 0; i < job->n_seen; i++)
		if (job->seen[i] == hash)
			return false;	/* */
	return true;
}

bool
chain_had_dname(struct answer_job *job, const struct page_name *name)
{
	for (unsigned i = 0; i < job->n_dnames; i++)
		if (job->dname[i] == name->key)
			return true;
	if (job->n_dnames < ANSWER_CHAIN_MAX)
		job->dname[job->n_dnames++] = name->key;
	return false;
}

bool
chain_redirect(struct answer_job *job, const struct page_name *dname,
    unsigned n_labels)
{
	struct emit_owner owner = section_ancestor(job, n_labels);
	uint8_t record[PAGE_RR_FIXED + QUERY_NAME_MAX] UNINITIALIZED;
	uint8_t *name = job->synthesized[job->n_seen & 1];
	const uint8_t *target, *rest = job->name.wire;
	struct emit_set stored;
	struct page_set set;
	size_t prefix, len, at, end;
	unsigned n_prefix;

	if (!page_set_find(dname, RRTYPE_DNAME, &set))
		return false;
	job->aa = true;
	stored = section_stored(job, &set);
	if (!chain_had_dname(job, dname) &&
	    !section_put(job, EMIT_ANSWER, &owner, &stored, NULL))
		return false;

	for (unsigned i = job->name.n_labels; i > n_labels; i--)
		rest += 1 + *rest;
	prefix = (size_t)(rest - job->name.wire);
	target = set.rr + PAGE_RR_FIXED;
	len = octets_get16(set.rr + 10);
	if (prefix + len > QUERY_NAME_MAX) {
		job->rcode = QUERY_YXDOMAIN;		/* */
		return false;
	}
	memcpy(name, job->name.wire, prefix);
	memcpy(name + prefix, target, len);
	len += prefix;

	memcpy(record, set.rr, PAGE_RR_FIXED);	/* class and TTL of it */
	octets_put16(record + 2, RRTYPE_CNAME);
	octets_put16(record + 10, (unsigned)len);
	memcpy(record + PAGE_RR_FIXED, name, len);
	stored = (struct emit_set){
		.rr = record, .rr_len = (uint32_t)(PAGE_RR_FIXED + len),
		.n_rr = 1,
	};
	owner = section_owner(job);
	if (!section_put(job, EMIT_ANSWER, &owner, &stored, &at))
		return false;
	if (job->query.qtype == RRTYPE_CNAME ||
	    job->query.qtype == RRTYPE_ANY)
		return false;			/* */
	at = emit_rdata(&job->emit, at, &end);
	n_prefix = job->name.n_labels - n_labels;
	if (!chain_follow(job, name, at))
		return false;
	/* Into its own subtree: it would go on like this. Q-102 */
	return !ownerkey_is_below(job->target.bytes,
	    job->name.len[job->name.n_labels - n_prefix], dname->key,
	    dname->key_len);
}
