/*
 * respond.c - see respond.h.
 */
#include "dnsd/respond.h"

#include <string.h>

#include "common/dns/ownerkey.h"
#include "common/dns/rrtype.h"
#include "dnsd/additional.h"
#include "dnsd/answer_job.h"
#include "dnsd/chain.h"
#include "dnsd/denial.h"
#include "dnsd/section.h"

/* ---- a cut ------------------------------------------------------------- */

static bool
is_signed(const struct answer_job *job)
{
	return (job->view.zone->flags &
	    (CACHE_ZONE_NSEC | CACHE_ZONE_NSEC3)) != 0;
}

static void
refer(struct answer_job *job, const struct page_name *cut, unsigned n_labels)
{
	struct emit_owner owner = section_ancestor(job, n_labels);
	struct emit_set stored;
	struct page_set ns, ds;
	size_t at;

	if (!page_set_find(cut, RRTYPE_NS, &ns))
		return;
	stored = section_stored(job, &ns);
	if (!section_put(job, EMIT_AUTHORITY, &owner, &stored, &at))
		return;
	if (job->dnssec) {
		if (!is_signed(job)) {
			;		/* a DS without a chain says nothing */
		} else if (page_set_find(cut, RRTYPE_DS, &ds)) {
			stored = section_stored(job, &ds);
			if (!section_put(job, EMIT_AUTHORITY, &owner, &stored,
			    NULL))
				return;
		} else {
			denial_no_ds(job, cut, n_labels);
		}
		section_put_proofs(job);
		if (job->full)
			return;
	}
	/* RFC 9471 3: what the resolver cannot get elsewhere is required. */
	if (!additional_put_glue(job, cut, &ns, at)) {
		if (!job->emit.compress)
			job->full = true;	/* once more, shorter */
		else
			job->tc = job->facts.transport == ANSWER_UDP;
	}
}

/* ---- a name, or its wildcard ------------------------------------------- */

/* ANY: one set, the first that is not about the others. RFC 8482 4.1 */
static bool
pick_any(const struct page_name *name, struct page_set *out)
{
	for (unsigned i = 0; i < name->n_sets; i++) {
		page_set_at(name, i, out);
		if (out->type != RRTYPE_NSEC && out->type != RRTYPE_RRSIG)
			return true;
	}
	page_set_at(name, 0, out);
	return name->n_sets > 0;
}

/* RRSIG: those over the first set that has some. Q-130 */
static bool
pick_signatures(const struct page_name *name, struct emit_set *out)
{
	for (unsigned i = 0; i < name->n_sets; i++) {
		struct page_set set;

		page_set_at(name, i, &set);
		if (set.sig_len > 0) {
			*out = (struct emit_set){
				.rr = set.sig, .sig_len = set.sig_len
			};
			return true;
		}
	}
	return false;
}

/*
 * The set of the question at this owner. Returns false when there is none;
 * @out->type is 0 when what was found is not one whole set.
 */
static bool
pick_set(const struct answer_job *job, const struct page_name *name,
    struct page_set *out, struct emit_set *out_stored)
{
	uint16_t qtype = job->query.qtype;

	if (qtype == RRTYPE_RRSIG && pick_signatures(name, out_stored)) {
		out->type = 0;
		return true;
	}
	if (qtype == RRTYPE_ANY ? !pick_any(name, out) :
	    !page_set_find(name, qtype, out))
		return false;
	*out_stored = section_stored(job, out);
	if (qtype == RRTYPE_ANY)
		out->type = 0;
	return true;
}

/*
 * The node that answers: job->name itself, or (@encloser >= 0) the wildcard
 * below that ancestor.
 */
static bool
answer_from(struct answer_job *job, const struct page_name *node, int encloser)
{
	struct emit_owner owner = section_owner(job);
	uint16_t qtype = job->query.qtype;
	struct emit_set stored;
	struct page_set set;
	size_t at, end;

	job->aa = true;
	if (pick_set(job, node, &set, &stored)) {
		if (encloser >= 0 && job->dnssec)
			denial_no_closer(job, (unsigned)encloser);
		if (set.type == RRTYPE_DNAME && chain_had_dname(job, node))
			return false;	/* on the way here */
		if (section_put(job, EMIT_ANSWER, &owner, &stored, &at) &&
		    set.type != 0 && additional_target_at(set.type) >= 0) {
			section_put_proofs(job);	/* they go first */
			if (!job->full)
				additional_put(job, node, &set, at);
		}
		return false;
	}
	if (node->flags & PAGE_HAS_CNAME && qtype != RRTYPE_NSEC &&
	    qtype != RRTYPE_RRSIG && page_set_find(node, RRTYPE_CNAME, &set)) {
		if (encloser >= 0 && job->dnssec)
			denial_no_closer(job, (unsigned)encloser);
		stored = section_stored(job, &set);
		if (!section_put(job, EMIT_ANSWER, &owner, &stored, &at))
			return false;
		at = emit_rdata(&job->emit, at, &end);
		return chain_follow(job, set.rr + PAGE_RR_FIXED, at);
	}
	if (job->dnssec) {
		if (encloser >= 0)
			denial_no_wildcard_type(job, (unsigned)encloser, node);
		else
			denial_no_type(job, node);
	}
	section_put_soa(job);
	return false;
}

/* ---- no such name ------------------------------------------------------ */

static size_t
common_length(const uint8_t *key, size_t len, const struct page_name *other)
{
	size_t n = len < other->key_len ? len : other->key_len;
	size_t i = 0;

	while (i < n && key[i] == other->key[i])
		i++;
	return i;
}

/* Is there a name below the key? Then it is an empty non-terminal. */
static bool
has_descendant(const struct cache_view_place *place, const uint8_t *key,
    size_t len)
{
	return place->has_next && place->next.key_len > len &&
	    memcmp(place->next.key, key, len) == 0;
}

/*
 * The labels of the closest encloser: what the name has in common with its
 * neighbours. RFC 4592 3.3.1
 */
static unsigned
closest_encloser(const struct answer_job *job,
    const struct cache_view_place *place)
{
	const struct answer_name *name = &job->name;
	size_t len = name->len[name->n_labels];
	size_t common = 1;
	unsigned n = name->n_labels;

	if (place->has_previous)
		common = common_length(name->key, len, &place->previous);
	if (place->has_next) {
		size_t c = common_length(name->key, len, &place->next);

		if (c > common)
			common = c;
	}
	while (n > 0 && name->len[n] > common)
		n--;
	return n;
}

/* No record has this owner. */
static bool
missing(struct answer_job *job)
{
	struct answer_name *name = &job->name;
	uint8_t wildcard[OWNERKEY_MAX + 2] UNINITIALIZED;
	struct cache_view_place place;
	struct page_name node;
	unsigned encloser;
	size_t len;

	cache_view_place(&job->view, name->key, name->len[name->n_labels],
	    &place);
	if (has_descendant(&place, name->key, name->len[name->n_labels])) {
		job->aa = true;				/* */
		if (job->dnssec)
			denial_no_records(job);
		section_put_soa(job);
		return false;
	}
	encloser = closest_encloser(job, &place);
	if (job->view.zone->flags & CACHE_ZONE_HAS_WILDCARD) {
		len = denial_wildcard_key(job, encloser, wildcard);
		if (cache_view_find(&job->view, wildcard, len,
		    page_hash(wildcard, len), &node))
			return answer_from(job, &node, (int)encloser);
		cache_view_place(&job->view, wildcard, len, &place);
		if (has_descendant(&place, wildcard, len)) {
			job->aa = true;			/* */
			if (job->dnssec)
				denial_no_wildcard_type(job, encloser, NULL);
			section_put_soa(job);
			return false;
		}
	}
	job->aa = true;
	job->rcode = QUERY_NXDOMAIN;
	if (job->dnssec)
		denial_no_name(job, encloser);
	section_put_soa(job);
	return false;
}

/* ------------------------------------------------------------------------ */

/* At the cut itself only what the parent has the say of is answered. */
static bool
is_referral_at_cut(const struct answer_job *job, const struct page_name *cut)
{
	uint16_t qtype = job->query.qtype;

	if (qtype == RRTYPE_DS)
		return false;				/* */
	return qtype != RRTYPE_NSEC || !(cut->flags & PAGE_HAS_NSEC);
}

/* Does job->name own records? Then job->node has them. */
static bool
is_known(struct answer_job *job)
{
	const struct answer_name *name = &job->name;
	unsigned n = name->n_labels;

	if (job->known == ANSWER_UNKNOWN)
		job->known = cache_view_find(&job->view, name->key,
		    name->len[n], name->hash[n], &job->node) ?
		    ANSWER_EXISTS : ANSWER_ABSENT;
	return job->known == ANSWER_EXISTS;
}

/* RFC 1034 4.3.2 step 3, from the apex down: the topmost cut wins. */
bool
respond_to_name(struct answer_job *job)
{
	struct answer_name *name = &job->name;
	struct cache_view *view = &job->view;
	unsigned n = name->n_labels;
	struct page_name node UNINITIALIZED;

	for (unsigned i = view->zone->flags & CACHE_ZONE_HAS_DNAME ? 0 : 1;
	    i < n; i++) {
		if (!cache_view_find(view, name->key, name->len[i],
		    name->hash[i], &node))
			continue;
		if (i > 0 && node.flags & PAGE_HAS_NS) {
			refer(job, &node, i);
			return false;
		}
		if (node.flags & PAGE_HAS_DNAME)
			return chain_redirect(job, &node, i);
	}
	if (!is_known(job))
		return missing(job);
	if (n > 0 && job->node.flags & PAGE_HAS_NS &&
	    is_referral_at_cut(job, &job->node)) {
		refer(job, &job->node, n);
		return false;
	}
	return answer_from(job, &job->node, -1);
}

/*
 * Types whose sets stand alone: nothing goes into the additional section.
 * ANY and RRSIG mean other sets.
 */
static bool
is_plain(uint16_t qtype)
{
	return qtype != RRTYPE_RRSIG && qtype != RRTYPE_ANY &&
	    qtype != RRTYPE_DNAME && additional_target_at(qtype) < 0;
}

bool
respond_plainly(struct answer_job *job, size_t limit)
{
	const struct answer_name *name = &job->name;
	struct emit *e = &job->emit;
	unsigned n_labels = name->n_labels;
	struct page_set set UNINITIALIZED;
	size_t n, at = job->query.question_end;

	/* The page is the one that covers the name. */
	if (!page_find_name(job->view.leaf.page, name->key,
	    name->len[n_labels], name->hash[n_labels], &job->node)) {
		job->known = ANSWER_ABSENT;
		return false;
	}
	job->known = ANSWER_EXISTS;
	if (n_labels > 1 || job->view.zone->flags & CACHE_ZONE_HAS_DNAME ||
	    (n_labels > 0 && job->node.flags & PAGE_HAS_NS) ||
	    !is_plain(job->query.qtype) ||
	    !page_set_scan(&job->node, job->query.qtype, &set))
		return false;
	n = set.rr_len + (job->dnssec ? set.sig_len : 0);
	if (at + n > limit)
		return false;
	memcpy(job->facts.out + at, set.rr, n);
	e->len = at + n;
	e->count[EMIT_ANSWER] = (uint16_t)(set.n_rr +
	    emit_count_records(set.sig, n - set.rr_len));
	e->count[EMIT_AUTHORITY] = e->count[EMIT_ADDITIONAL] = 0;
	job->aa = true;
	return true;
}
