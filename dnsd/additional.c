/*
 * additional.c - see additional.h.
 */
#include "dnsd/additional.h"

#include "common/dns/ownerkey.h"
#include "common/dns/rrtype.h"
#include "dnsd/answer_job.h"
#include "dnsd/octets.h"
#include "dnsd/section.h"

enum {
	SOUGHT_MAX = 32,	/* names looked up that are not required */
	GLUE_NAMES_MAX = 256,	/* in-domain name servers looked up */
};

/* Which part of the glue a pass is for. */
enum pass { PASS_ALL, PASS_IN_DOMAIN, PASS_SIBLING };

struct additional {
	const struct page_set *set;	/* whose targets */
	size_t at;			/* where it is in the message */
	unsigned skip;			/* octets of rdata before the name */
	bool glue;			/* names below cuts are wanted too */
	bool sibling;			/* in-domain pass: there are others */
	const uint8_t *cut;		/* key, for the passes */
	size_t cut_len;
	unsigned n_sought;		/* in the zone, there or not */
	unsigned n_done;
	const uint8_t *done[ANSWER_ADDITIONAL_MAX];
};

static size_t
name_size(const uint8_t *name)
{
	const uint8_t *p = name;

	while (*p != 0)
		p += 1 + *p;
	return (size_t)(p - name) + 1;
}

/* Is a cut at or above the name, or a DNAME above? */
static bool
is_occluded(struct answer_job *job, const uint8_t *key, unsigned n,
    const uint64_t *hash, const uint16_t *len)
{
	struct page_name name;

	for (unsigned i = 1; i <= n; i++) {
		if (!cache_view_find(&job->view, key, len[i], hash[i], &name))
			continue;
		if (name.flags & PAGE_HAS_NS)
			return true;
		if (i < n && name.flags & PAGE_HAS_DNAME)
			return true;
	}
	return false;
}

static bool
put_address(struct answer_job *job, const struct additional *a,
    const struct page_name *name, struct emit_owner *owner, uint16_t type)
{
	struct page_set set;
	struct emit_set stored;

	if (!page_set_find(name, type, &set))
		return true;
	stored = section_stored(job, &set);
	if (a->glue && a->cut != NULL)
		stored.sig_len = 0;	/* glue is not signed. Q-085 */
	return emit_put(&job->emit, EMIT_ADDITIONAL, owner, &stored, NULL);
}

/* Is the name at or below the apex? Most targets are elsewhere. */
static bool
is_in_zone(const struct answer_job *job, const uint8_t *name)
{
	const struct cache_zone *z = job->view.zone;
	size_t size = name_size(name);
	const uint8_t *tail;

	if (size < z->apex_len)
		return false;
	tail = name + size - z->apex_len;
	while (name < tail)
		name += 1 + *name;
	return name == tail && cache_view_is_zone(z, name, z->apex_len);
}

/* The addresses of one target in the zone; false when they did not fit. */
static bool
put_target(struct answer_job *job, struct additional *a, const uint8_t *target,
    size_t at, enum pass pass)
{
	uint64_t hash[OWNERKEY_LABELS_MAX + 1] UNINITIALIZED;
	uint16_t len[OWNERKEY_LABELS_MAX + 1] UNINITIALIZED;
	struct ownerkey key UNINITIALIZED;
	struct emit_owner owner = { .at = emit_reach(at) };
	struct page_name name;
	unsigned n;

	if (*target == 0 && a->skip == 2)
		return true;		/* SVCB ".", MX ".": see put_self() */
	if (ownerkey_from_dname(target, cache_view_apex(job->view.zone),
	    OWNERKEY_TREE_NORMAL, &key) != OK)
		return true;
	if (pass != PASS_ALL && ownerkey_is_below(key.bytes, key.len, a->cut,
	    a->cut_len) != (pass == PASS_IN_DOMAIN)) {
		a->sibling = true;
		return true;
	}
	a->n_sought++;
	n = page_hash_chain(key.bytes, key.len, hash, len);
	if (!cache_view_find(&job->view, key.bytes, key.len, hash[n], &name))
		return true;
	for (unsigned i = 0; i < a->n_done; i++)
		if (a->done[i] == name.key)
			return true;
	if (a->n_done < ANSWER_ADDITIONAL_MAX)
		a->done[a->n_done++] = name.key;
	else if (pass != PASS_IN_DOMAIN)
		return true;
	if (!a->glue && is_occluded(job, key.bytes, n, hash, len))
		return true;		/* */
	owner.key = name.key;
	owner.key_len = name.key_len;
	return put_address(job, a, &name, &owner, RRTYPE_A) &&
	    put_address(job, a, &name, &owner, RRTYPE_AAAA);
}

/* Returns false when something did not fit. */
static bool
put_targets(struct answer_job *job, struct additional *a, enum pass pass)
{
	const uint8_t *rr = a->set->rr;
	size_t at = a->at;
	unsigned n = a->set->n_rr;
	bool fits = true;

	if (n > GLUE_NAMES_MAX)
		n = GLUE_NAMES_MAX;
	while (n-- > 0) {
		size_t end, rdata = emit_rdata(&job->emit, at, &end);

		/* What may be left out is, rather than sought for long. */
		if (pass != PASS_IN_DOMAIN &&
		    (a->n_done == ANSWER_ADDITIONAL_MAX ||
		    a->n_sought == SOUGHT_MAX))
			break;
		/* Never from outside the zone. Q-077 */
		if (is_in_zone(job, rr + PAGE_RR_FIXED + a->skip))
			fits &= put_target(job, a, rr + PAGE_RR_FIXED +
			    a->skip, rdata + a->skip, pass);
		rr += PAGE_RR_FIXED + octets_get16(rr + 10);
		at = end;
	}
	return fits;
}

/* SVCB whose target is ".": the owner itself. RFC 9460 2.5 */
static void
put_self(struct answer_job *job, struct additional *a,
    const struct page_name *name)
{
	const uint8_t *rr = a->set->rr;

	for (unsigned i = 0; i < a->set->n_rr; i++) {
		const uint8_t *rdata = rr + PAGE_RR_FIXED;

		if (octets_get16(rr + 10) >= 3 && octets_get16(rdata) != 0 &&
		    rdata[2] == 0) {
			struct emit_owner owner = section_owner(job);

			(void)(put_address(job, a, name, &owner, RRTYPE_A) &&
			    put_address(job, a, name, &owner, RRTYPE_AAAA));
			return;
		}
		rr += PAGE_RR_FIXED + octets_get16(rr + 10);
	}
}

void
additional_put(struct answer_job *job, const struct page_name *name,
    const struct page_set *set, size_t at)
{
	int skip = additional_target_at(set->type);
	struct additional a;

	if (skip < 0)
		return;
	a = (struct additional){
		.set = set,
		.at = at,
		.skip = (unsigned)skip,
		.glue = set->type == RRTYPE_NS,
	};
	if (set->type == RRTYPE_SVCB || set->type == RRTYPE_HTTPS)
		put_self(job, &a, name);
	(void)put_targets(job, &a, PASS_ALL);		/* */
}

bool
additional_put_glue(struct answer_job *job, const struct page_name *cut,
    const struct page_set *ns, size_t at)
{
	struct additional a = {
		.set = ns,
		.at = at,
		.glue = true,
		.cut = cut->key,
		.cut_len = cut->key_len,
	};

	if (!put_targets(job, &a, PASS_IN_DOMAIN))
		return false;
	if (a.sibling)
		(void)put_targets(job, &a, PASS_SIBLING);
	return true;
}
