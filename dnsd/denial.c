/*
 * denial.c - see denial.h.
 */
#include "dnsd/denial.h"

#include <string.h>

#include "common/dns/rrtype.h"
#include "dnsd/answer_job.h"
#include "dnsd/proof.h"

static bool
uses_nsec3(const struct answer_job *job)
{
	return (job->view.zone->flags & CACHE_ZONE_NSEC3) != 0;
}

static bool
uses_nsec(const struct answer_job *job)
{
	return !uses_nsec3(job) &&
	    (job->view.zone->flags & CACHE_ZONE_NSEC) != 0;
}

static void
add(struct answer_job *job, const struct page_name *name)
{
	for (unsigned i = 0; i < job->n_proofs; i++)
		if (job->proof[i].key == name->key)
			return;
	if (job->n_proofs < ANSWER_PROOFS_MAX)
		job->proof[job->n_proofs++] = *name;
}

size_t
denial_wildcard_key(const struct answer_job *job, unsigned encloser,
    uint8_t *out)
{
	size_t len = job->name.len[encloser];

	memcpy(out, job->name.key, len);
	out[len] = '*';
	out[len + 1] = 0;
	return len + 2;
}

/*
 * NSEC: the last name before the key; if it is below a cut or a DNAME, it
 * has no NSEC of its own and the cut's covers it. Q-115
 */
static void
add_cover(struct answer_job *job, const uint8_t *key, size_t len)
{
	uint64_t hash[OWNERKEY_LABELS_MAX + 1] UNINITIALIZED;
	uint16_t end[OWNERKEY_LABELS_MAX + 1] UNINITIALIZED;
	struct page_name before, cut;
	unsigned n;

	if (!cache_view_before(&job->view, key, len, &before) ||
	    before.key[0] != OWNERKEY_TREE_NORMAL)
		return;
	if (before.flags & PAGE_HAS_NSEC) {
		add(job, &before);
		return;
	}
	n = page_hash_chain(before.key, before.key_len, hash, end);
	for (unsigned i = 1; i < n; i++) {
		if (!cache_view_find(&job->view, before.key, end[i], hash[i],
		    &cut))
			continue;
		if (cut.flags & (PAGE_HAS_NS | PAGE_HAS_DNAME)) {
			if (cut.flags & PAGE_HAS_NSEC)
				add(job, &cut);
			return;
		}
	}
}

/* The absolute wire form of job->name's ancestor with @n labels. */
static const uint8_t *
ancestor(const struct answer_job *job, unsigned n)
{
	const uint8_t *p = job->name.wire;

	for (unsigned i = job->name.n_labels; i > n; i--)
		p += 1 + *p;
	return p;
}

static size_t
wire_len(const uint8_t *name)
{
	const uint8_t *p = name;

	while (*p != 0)
		p += 1 + *p;
	return (size_t)(p - name) + 1;
}

/*
 * SHA-1 runs over 64 octets; a name is at most five of them, a later round
 * one to five. What an answer may cost is bounded by rounds. Past that it
 * goes without the proof: a zone like that keeps no one else waiting.
 */
static bool
hash_name(struct answer_job *job, const uint8_t *name, size_t len,
    uint8_t key[PROOF_KEY])
{
	const struct cache_zone *z = job->view.zone;
	unsigned rounds = z->nsec3_iterations + 1u;

	if (job->n_rounds + rounds > ANSWER_HASH_ROUNDS_MAX)
		return false;
	job->n_rounds += rounds;
	return proof_key(job->ctx->nsec3hash, z, name, len, key);
}

static bool
hash_ancestor(struct answer_job *job, unsigned n, uint8_t key[PROOF_KEY])
{
	const uint8_t *name = ancestor(job, n);

	return hash_name(job, name, wire_len(name), key);
}

static bool
hash_wildcard(struct answer_job *job, unsigned encloser, uint8_t key[PROOF_KEY])
{
	uint8_t name[QUERY_NAME_MAX + 3] UNINITIALIZED;
	const uint8_t *tail = ancestor(job, encloser);
	size_t len = wire_len(tail);

	name[0] = 1;
	name[1] = '*';
	memcpy(name + 2, tail, len);
	return len + 2 <= QUERY_NAME_MAX && hash_name(job, name, len + 2, key);
}

static bool
add_match(struct answer_job *job, unsigned n)
{
	uint8_t key[PROOF_KEY] UNINITIALIZED;
	struct page_name name UNINITIALIZED;

	if (!(n == 0 && proof_noted(&job->view, CACHE_PROOF_APEX, &name)) &&
	    !(hash_ancestor(job, n, key) &&
	    proof_match(&job->view, key, &name)))
		return false;
	add(job, &name);
	return true;
}

static void
add_ancestor_cover(struct answer_job *job, unsigned n)
{
	uint8_t key[PROOF_KEY] UNINITIALIZED;
	struct page_name name UNINITIALIZED;

	if (hash_ancestor(job, n, key) && proof_cover(&job->view, key, &name))
		add(job, &name);
}

/*
 * The closest *provable* encloser at or above @n labels and, where it is
 * above @target, the cover of the next closer name. With opt-out, names that
 * exist may have no NSEC3. RFC 5155 7.2.1, 8.3; Q-120. Returns the encloser's
 * labels.
 */
static unsigned
add_encloser(struct answer_job *job, unsigned n, unsigned target)
{
	for (;; n--) {
		if (add_match(job, n)) {
			if (n < target)
				add_ancestor_cover(job, n + 1);
			return n;
		}
		if (n == 0)
			return 0;
	}
}

static void
add_wildcard_cover(struct answer_job *job, unsigned encloser)
{
	uint8_t key[PROOF_KEY] UNINITIALIZED;
	struct page_name name UNINITIALIZED;

	if ((encloser == 0 && proof_noted(&job->view, CACHE_PROOF_WILDCARD,
	    &name)) || (hash_wildcard(job, encloser, key) &&
	    proof_cover(&job->view, key, &name)))
		add(job, &name);
}

void
denial_no_type(struct answer_job *job, const struct page_name *name)
{
	if (uses_nsec(job)) {
		if (name->flags & PAGE_HAS_NSEC)
			add(job, name);
	} else if (uses_nsec3(job)) {
		denial_no_records(job);
	}
}

void
denial_no_records(struct answer_job *job)
{
	unsigned n = job->name.n_labels;

	if (uses_nsec(job))
		add_cover(job, job->name.key, job->name.len[n]);
	else if (uses_nsec3(job))
		(void)add_encloser(job, n, n);
}

void
denial_no_name(struct answer_job *job, unsigned encloser)
{
	uint8_t key[OWNERKEY_MAX + 2] UNINITIALIZED;
	size_t len;

	if (uses_nsec(job)) {
		add_cover(job, job->name.key,
		    job->name.len[job->name.n_labels]);
		len = denial_wildcard_key(job, encloser, key);
		add_cover(job, key, len);
	} else if (uses_nsec3(job)) {
		add_wildcard_cover(job, add_encloser(job, encloser,
		    encloser + 1));
	}
}

void
denial_no_closer(struct answer_job *job, unsigned encloser)
{
	if (uses_nsec(job))
		add_cover(job, job->name.key,
		    job->name.len[job->name.n_labels]);
	else if (uses_nsec3(job))
		add_ancestor_cover(job, encloser + 1);	/* RFC 5155 7.2.6 */
}

void
denial_no_wildcard_type(struct answer_job *job, unsigned encloser,
    const struct page_name *wildcard)
{
	uint8_t key[OWNERKEY_MAX + 2] UNINITIALIZED;
	struct page_name name;
	size_t len;

	if (uses_nsec(job)) {
		add_cover(job, job->name.key,
		    job->name.len[job->name.n_labels]);
		if (wildcard != NULL) {
			if (wildcard->flags & PAGE_HAS_NSEC)
				add(job, wildcard);
			return;
		}
		len = denial_wildcard_key(job, encloser, key);
		add_cover(job, key, len);
	} else if (uses_nsec3(job)) {
		/*
		 * RFC 5155 7.2.5. With opt-out, a wildcard that is an empty
		 * non-terminal may have no record, nor what is above it:
		 * then what covers that of the provable encloser.
		 */
		encloser = add_encloser(job, encloser, encloser + 1);
		if (hash_wildcard(job, encloser, key) &&
		    proof_cover(&job->view, key, &name))
			add(job, &name);
	}
}

void
denial_no_ds(struct answer_job *job, const struct page_name *cut,
    unsigned n_labels)
{
	if (uses_nsec(job)) {
		if (cut->flags & PAGE_HAS_NSEC)
			add(job, cut);
	} else if (uses_nsec3(job)) {
		/* RFC 5155 7.2.7 */
		(void)add_encloser(job, n_labels, n_labels);
	}
}
