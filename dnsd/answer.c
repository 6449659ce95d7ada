/*
 * answer.c - see answer.h.
 *
 * The steps that can miss the processor's cache (directory slot, zone head,
 * nodes, page, hash slots) are stages; what follows works on lines that are
 * near and runs to the end in one step.
 */
#include "dnsd/answer.h"

#include <string.h>

#include "common/dns/namehash.h"
#include "common/dns/rrtype.h"
#include "dnsd/denial.h"

enum stage {
	STAGE_SLOT,		/* read directory slots */
	STAGE_ZONE,		/* read a zone head */
	STAGE_NODE,		/* read a node, down to a page */
	STAGE_PAGE,		/* read a page's header */
	STAGE_FIND,		/* read its hash slots */
	STAGE_NAME,		/* read a name's entry, then all the rest */
	STAGE_DONE,
};

enum outcome {
	COMPLETE,
	FOLLOW,			/* job->name is the next one to look up */
};

enum {
	SMALL_PAGE = 1024,	/* octets that are prefetched at once */
	GLUE_NAMES_MAX = 256,	/* in-domain name servers looked up */
	EDE_PROHIBITED = 18,
};

static inline unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static inline void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline uint8_t
lower(uint8_t c)
{
	return (uint8_t)(c + ((uint8_t)(c - 'A') < 26 ? 32 : 0));
}

/*
 * One label in key form: lower case, 0x00 and 0x01 escaped. Eight octets at a
 * time as long as that stays in the request and nothing is to be escaped;
 * what is written too much is written over, the key has room for it.
 */
static inline uint8_t *
put_label(uint8_t *p, const uint8_t *label, size_t len, const uint8_t *end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	size_t i = 0;

	while (i < len && end - (label + i) >= 8) {
		uint64_t v, low;

		memcpy(&v, label + i, 8);
		v = cache_view_lower8(v);
		low = v & ~ones;		/* 0 where to be escaped */
		if (len - i < 8)
			low |= UINT64_MAX << 8 * (len - i);
		if (__builtin_expect(((low - ones) & ~low & ones << 7) != 0, 0))
			break;
		memcpy(p + i, &v, 8);
		i += 8;
	}
	p += i < len ? i : len;
	for (; i < len; i++) {
		uint8_t c = lower(label[i]);

		if (c <= 1) {
			*p++ = 1;
			c++;
		}
		*p++ = c;
	}
	return p;
}

/*
 * The key of the question's name relative to the root, and the directory's
 * hash of each suffix. Relative to an apex of k labels the key begins one
 * byte before key_end[k]: the 0x00 that ends the apex's last label is also
 * the tree byte of the normal tree.
 */
static void
make_keys(struct answer_job *job)
{
	static_assert(OWNERKEY_TREE_NORMAL == 0, "see above");
	const struct namehash_seed seed = {
		{ job->dir.seed[0], job->dir.seed[1] }
	};
	const uint8_t *name = query_name(&job->query);
	const uint8_t *end = job->facts.request + job->facts.request_len;
	unsigned n = job->query.n_labels;
	uint8_t *p = job->key;
	uint64_t h = namehash_init(&seed);

	*p++ = OWNERKEY_TREE_NORMAL;
	job->key_end[0] = 1;
	job->dir_hash[0] = namehash_final(h);
	for (unsigned i = 1; i <= n; i++) {
		const uint8_t *label = name + job->query.label_at[n - i];
		const uint8_t *start = p;

		p = put_label(p, label + 1, label[0], end);
		h = namehash_label(&seed, h, start, (size_t)(p - start));
		job->dir_hash[i] = namehash_final(h);
		*p++ = 0;
		job->key_end[i] = (uint16_t)(p - job->key);
	}
}

static void
fail(struct answer_job *job, unsigned rcode, int ede)
{
	job->rcode = (uint16_t)rcode;
	job->ede = (int16_t)ede;
	job->stage = STAGE_DONE;
}

static void
try_labels(struct answer_job *job, int at_most)
{
	job->labels = cache_view_deeper(&job->dir, at_most);
	job->passed = 0;
	if (job->labels >= 0 && job->dir.slots != NULL)
		cache_view_prefetch(cache_view_first_slot(&job->dir,
		    job->dir_hash[job->labels]));
}

void
answer_begin(struct answer_job *job, const struct answer_ctx *ctx,
    const struct answer_facts *facts)
{
	job->ctx = ctx;
	job->facts = *facts;
	job->verdict = ANSWER_SEND;
	job->stage = STAGE_DONE;
	job->rcode = QUERY_NOERROR;
	job->ede = EDNS_NO_EDE;
	job->aa = false;
	job->tc = false;
	job->full = false;
	job->zone_stats = 0;
	job->emit.len = 0;
	job->query.qtype = 0;
	job->query.edns.present = false;

	if (facts->transport == ANSWER_UDP && facts->source_port == 0) {
		job->verdict = ANSWER_DROP;		/* */
		return;
	}
	switch (query_parse(facts->request, facts->request_len,
	    &job->query)) {
	case QUERY_DROP:
		job->verdict = ANSWER_DROP;
		return;
	case QUERY_RELAY:
		job->verdict = ANSWER_NOTIFY;
		return;
	case QUERY_ERROR:
		fail(job, job->query.rcode, EDNS_NO_EDE);
		return;
	case QUERY_GOOD:
		break;
	}
	cache_view_open_dir(ctx->arena, &job->dir);
	make_keys(job);
	job->child_slot = NULL;
	job->stage = STAGE_SLOT;
	try_labels(job, job->query.n_labels);
}

/* Deepest zone first; every suffix with a label count that some zone has. */
static void
step_slot(struct answer_job *job)
{
	while (job->labels >= 0) {
		job->slot = cache_view_probe(&job->dir,
		    job->dir_hash[job->labels], job->facts.stripe,
		    job->passed, &job->passed);
		if (job->slot != NULL) {
			const void *head = cache_view_head(job->ctx->arena,
			    job->slot);

			cache_view_prefetch(head);
			cache_view_prefetch((const char *)head + 64);
			job->stage = STAGE_ZONE;
			return;
		}
		try_labels(job, job->labels - 1);
	}
	if (job->child_slot != NULL) {
		job->slot = job->child_slot;	/* no parent here */
		job->stage = STAGE_ZONE;
		return;
	}
	fail(job, QUERY_REFUSED, EDNS_EDE_NOT_AUTHORITATIVE);
}

static bool
may_serve(struct answer_job *job, const struct cache_zone *zone)
{
	/* The deadline moves on its own; the head stays. */
	int64_t deadline = atomic_load_explicit(&job->slot->expire_at_ms,
	    memory_order_relaxed);

	switch ((enum cache_zone_state)zone->state) {
	case CACHE_ZONE_SUSPENDED:
		fail(job, QUERY_REFUSED, EDE_PROHIBITED);	/* */
		return false;
	case CACHE_ZONE_EMPTY:
		fail(job, QUERY_SERVFAIL, EDNS_EDE_NOT_READY);	/* */
		return false;
	case CACHE_ZONE_LOADED:
		break;
	}
	if (zone->root == 0) {
		fail(job, QUERY_SERVFAIL, EDNS_EDE_NOT_READY);
		return false;
	}
	if (deadline <= job->facts.now_boot_ms) {
		fail(job, QUERY_SERVFAIL, EDNS_EDE_INVALID_DATA); /* */
		return false;
	}
	return true;
}

/* The name to look up is the question's. */
static void
name_is_qname(struct answer_job *job)
{
	unsigned apex = job->view.zone->apex_labels;
	struct answer_name *name = &job->name;
	size_t start = job->key_end[apex] - 1u;

	name->key = job->key + start;
	name->wire = query_name(&job->query);
	name->at = EMIT_QNAME;
	name->n_labels = (uint8_t)page_hash_chain(name->key,
	    job->key_end[job->query.n_labels] - start, name->hash, name->len);
}

static size_t
question_size(const struct answer_job *job)
{
	return job->query.question_end;
}

static void
prefetch_ref(struct answer_job *job)
{
	const char *p = cache_view_at(job->ctx->arena, job->ref);

	cache_view_prefetch(p);
	if (job->level > 0) {		/* a node: its header, then the middle */
		cache_view_prefetch(p + 1024);
		cache_view_prefetch(p + 512);
		cache_view_prefetch(p + 1536);
	}
}

/* Where the last @n labels of the question's name begin. */
static unsigned
apex_in_qname(const struct query *q, unsigned n)
{
	return n == 0 ? q->qname_len - 1u : q->label_at[q->n_labels - n];
}

static void
step_zone(struct answer_job *job)
{
	const struct query *q = &job->query;
	const struct cache_zone *zone = cache_view_head(job->ctx->arena,
	    job->slot);
	unsigned apex_at;

	if (job->slot != job->child_slot) {
		apex_at = apex_in_qname(q, (unsigned)job->labels);
		if (zone == NULL || !cache_view_is_zone(zone,
		    query_name(q) + apex_at, q->qname_len - apex_at)) {
			job->passed++;
			job->stage = STAGE_SLOT;
			return;
		}
		if (q->qtype == RRTYPE_DS && job->labels == q->n_labels &&
		    q->n_labels > 0) {
			/* The parent has the DS. RFC 4035 3.1.4.1, Q-025 */
			job->child_slot = job->slot;
			job->stage = STAGE_SLOT;
			try_labels(job, job->labels - 1);
			return;
		}
	}
	if (zone == NULL) {
		fail(job, QUERY_REFUSED, EDNS_EDE_NOT_AUTHORITATIVE);
		return;
	}
	job->zone_stats = job->slot->stats;
	if (!may_serve(job, zone))
		return;
	job->view.arena = job->ctx->arena;
	job->view.zone = zone;
	job->view.leaf = (struct cache_view_leaf){ 0 };
	job->dnssec = q->edns.dnssec_ok;
	job->level = zone->root_level;
	job->ref = zone->root;
	job->stage = job->level > 0 ? STAGE_NODE : STAGE_PAGE;
	prefetch_ref(job);
	name_is_qname(job);
}

static void
step_node(struct answer_job *job)
{
	const struct answer_name *name = &job->name;

	job->ref = cache_view_child(&job->view,
	    cache_view_at(job->ctx->arena, job->ref), name->key,
	    name->len[name->n_labels]);
	if (--job->level == 0)
		job->stage = STAGE_PAGE;
	prefetch_ref(job);
}

static void
step_page(struct answer_job *job)
{
	const struct answer_name *name = &job->name;
	size_t size;

	job->view.leaf.page = cache_view_at(job->ctx->arena, job->ref);
	size = page_size(job->view.leaf.page);

	if (size <= SMALL_PAGE) {	/* all of it */
		for (size_t at = 64; at < size; at += 64)
			cache_view_prefetch(job->view.leaf.page + at);
		job->stage = STAGE_NAME;
	} else {
		page_prefetch_find(job->view.leaf.page,
		    name->hash[name->n_labels]);
		if (name->n_labels > 1)	/* a cut is mostly just there */
			page_prefetch_find(job->view.leaf.page,
			    name->hash[1]);
		job->stage = STAGE_FIND;
	}
}

static void
step_find(struct answer_job *job)
{
	const struct answer_name *name = &job->name;

	page_prefetch_entry(job->view.leaf.page, name->hash[name->n_labels]);
	if (name->n_labels > 1)
		page_prefetch_entry(job->view.leaf.page, name->hash[1]);
	job->stage = STAGE_NAME;
}

/* ---- what goes into the answer ---------------------------------------- */

static struct emit_set
as_stored(const struct answer_job *job, const struct page_set *set)
{
	return (struct emit_set){
		.rr = set->rr,
		.rr_len = set->rr_len,
		.sig_len = job->dnssec ? set->sig_len : 0,
		.n_rr = set->n_rr,
	};
}

static struct emit_owner
owner_is_name(const struct answer_job *job)
{
	return (struct emit_owner){
		.at = job->name.at,
		.key = job->name.key,
		.key_len = job->name.len[job->name.n_labels],
	};
}

/* The ancestor of job->name with @n labels below the apex. */
static struct emit_owner
owner_is_ancestor(const struct answer_job *job, unsigned n)
{
	return (struct emit_owner){
		.at = job->name.at == 0 ? 0 : emit_skip_labels(&job->emit,
		    job->name.at, job->name.n_labels - n),
		.key = job->name.key,
		.key_len = job->name.len[n],
	};
}

/* Put what the answer must have; returns false when it did not fit. */
static bool
must_put(struct answer_job *job, enum emit_section section,
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

static enum outcome
put_soa(struct answer_job *job)
{
	const struct cache_zone *z = job->view.zone;
	const uint8_t *page = cache_view_at(job->ctx->arena, z->apex_page);
	struct emit_owner owner = { .at = job->emit.apex_at };
	struct emit_set set = {
		.rr = page + z->soa_at,
		.rr_len = z->soa_len,
		.sig_len = job->dnssec ? z->soa_sig_len : 0,
		.n_rr = 1,
	};
	size_t at;

	/* RFC 2308 3, Q-110 */
	if (must_put(job, EMIT_AUTHORITY, &owner, &set, &at))
		emit_cap_ttl(&job->emit, at, z->negative_ttl);
	return COMPLETE;
}

static void
put_proofs(struct answer_job *job)
{
	uint16_t type = job->view.zone->flags & CACHE_ZONE_NSEC3 ?
	    RRTYPE_NSEC3 : RRTYPE_NSEC;

	for (unsigned i = 0; i < job->n_proofs; i++) {
		const struct page_name *name = &job->proof[i];
		struct emit_owner owner = {
			.key = name->key, .key_len = name->key_len
		};
		struct page_set set;
		struct emit_set stored;

		if (!page_set_find(name, type, &set))
			continue;
		if (name->key_len == 1)
			owner.at = job->emit.apex_at;
		stored = as_stored(job, &set);
		if (!must_put(job, EMIT_AUTHORITY, &owner, &stored, NULL))
			return;
	}
}

static size_t
name_size(const uint8_t *name)
{
	const uint8_t *p = name;

	while (*p != 0)
		p += 1 + *p;
	return (size_t)(p - name) + 1;
}

/* ---- additional ------------------------------------------------------- */

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
	unsigned n_done;
	const uint8_t *done[ANSWER_ADDITIONAL_MAX];
};

/* Where the name of a target stands in the rdata; -1: no such type. */
static int
target_offset(uint16_t type)
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
	stored = as_stored(job, &set);
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

		/* Never from outside the zone. Q-077 */
		if (is_in_zone(job, rr + PAGE_RR_FIXED + a->skip))
			fits &= put_target(job, a, rr + PAGE_RR_FIXED +
			    a->skip, rdata + a->skip, pass);
		rr += PAGE_RR_FIXED + get16(rr + 10);
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

		if (get16(rr + 10) >= 3 && get16(rdata) != 0 &&
		    rdata[2] == 0) {
			struct emit_owner owner = owner_is_name(job);

			(void)(put_address(job, a, name, &owner, RRTYPE_A) &&
			    put_address(job, a, name, &owner, RRTYPE_AAAA));
			return;
		}
		rr += PAGE_RR_FIXED + get16(rr + 10);
	}
}

static void
put_additional(struct answer_job *job, const struct page_name *name,
    const struct page_set *set, size_t at)
{
	int skip = target_offset(set->type);
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

/* ---- the kinds of answer ---------------------------------------------- */

static bool
is_signed(const struct answer_job *job)
{
	return (job->view.zone->flags &
	    (CACHE_ZONE_NSEC | CACHE_ZONE_NSEC3)) != 0;
}

static enum outcome
refer(struct answer_job *job, const struct page_name *cut, unsigned n_labels)
{
	struct emit_owner owner = owner_is_ancestor(job, n_labels);
	struct emit_set stored;
	struct page_set ns, ds;
	struct additional a;
	size_t at;

	if (!page_set_find(cut, RRTYPE_NS, &ns))
		return COMPLETE;
	stored = as_stored(job, &ns);
	if (!must_put(job, EMIT_AUTHORITY, &owner, &stored, &at))
		return COMPLETE;
	if (job->dnssec) {
		if (!is_signed(job)) {
			;		/* a DS without a chain says nothing */
		} else if (page_set_find(cut, RRTYPE_DS, &ds)) {
			stored = as_stored(job, &ds);
			if (!must_put(job, EMIT_AUTHORITY, &owner, &stored,
			    NULL))
				return COMPLETE;
		} else {
			denial_no_ds(job, cut, n_labels);
		}
		put_proofs(job);
		job->n_proofs = 0;
		if (job->full)
			return COMPLETE;
	}
	a = (struct additional){
		.set = &ns,
		.at = at,
		.glue = true,
		.cut = cut->key,
		.cut_len = cut->key_len,
	};
	/* RFC 9471 3: what the resolver cannot get elsewhere is required. */
	if (!put_targets(job, &a, PASS_IN_DOMAIN)) {
		if (!job->emit.compress)
			job->full = true;	/* once more, shorter */
		else
			job->tc = job->facts.transport == ANSWER_UDP;
		return COMPLETE;
	}
	if (a.sibling)
		(void)put_targets(job, &a, PASS_SIBLING);
	return COMPLETE;
}

/*
 * Go on at @target, whose text in the message is at @at. Returns COMPLETE
 * when it is not in the zone, or was there before.
 */
static enum outcome
follow(struct answer_job *job, const uint8_t *target, size_t at)
{
	struct answer_name *name = &job->name;
	uint64_t hash;

	job->seen[job->n_seen++] = name->hash[name->n_labels];
	if (job->n_seen == ANSWER_CHAIN_MAX)
		return COMPLETE;		/* */
	if (ownerkey_from_dname(target, cache_view_apex(job->view.zone),
	    OWNERKEY_TREE_NORMAL, &job->target) != OK)
		return COMPLETE;		/* */
	name->key = job->target.bytes;
	name->wire = target;
	name->at = emit_reach(at);
	name->n_labels = (uint8_t)page_hash_chain(job->target.bytes,
	    job->target.len, name->hash, name->len);
	hash = name->hash[name->n_labels];
	for (unsigned i = 0; i < job->n_seen; i++)
		if (job->seen[i] == hash)
			return COMPLETE;	/* */
	return FOLLOW;
}

static bool
dname_was_put(struct answer_job *job, const struct page_name *name)
{
	for (unsigned i = 0; i < job->n_dnames; i++)
		if (job->dname[i] == name->key)
			return true;
	if (job->n_dnames < ANSWER_CHAIN_MAX)
		job->dname[job->n_dnames++] = name->key;
	return false;
}

/* The name is below a DNAME @n_labels below the apex. RFC 6672 3.2 */
static enum outcome
redirect(struct answer_job *job, const struct page_name *dname,
    unsigned n_labels)
{
	struct emit_owner owner = owner_is_ancestor(job, n_labels);
	uint8_t record[PAGE_RR_FIXED + QUERY_NAME_MAX] UNINITIALIZED;
	uint8_t *name = job->synthesized[job->n_seen & 1];
	const uint8_t *target, *rest = job->name.wire;
	struct emit_set stored;
	struct page_set set;
	size_t prefix, len, at, end;
	unsigned n_prefix;

	if (!page_set_find(dname, RRTYPE_DNAME, &set))
		return COMPLETE;
	job->aa = true;
	stored = as_stored(job, &set);
	if (!dname_was_put(job, dname) &&
	    !must_put(job, EMIT_ANSWER, &owner, &stored, NULL))
		return COMPLETE;

	for (unsigned i = job->name.n_labels; i > n_labels; i--)
		rest += 1 + *rest;
	prefix = (size_t)(rest - job->name.wire);
	target = set.rr + PAGE_RR_FIXED;
	len = name_size(target);
	if (prefix + len > QUERY_NAME_MAX) {
		job->rcode = QUERY_YXDOMAIN;		/* */
		return COMPLETE;
	}
	memcpy(name, job->name.wire, prefix);
	memcpy(name + prefix, target, len);
	len += prefix;

	memcpy(record, set.rr, PAGE_RR_FIXED);	/* class and TTL of it */
	put16(record + 2, RRTYPE_CNAME);
	put16(record + 10, (unsigned)len);
	memcpy(record + PAGE_RR_FIXED, name, len);
	stored = (struct emit_set){
		.rr = record, .rr_len = (uint32_t)(PAGE_RR_FIXED + len),
		.n_rr = 1,
	};
	owner = owner_is_name(job);
	if (!must_put(job, EMIT_ANSWER, &owner, &stored, &at))
		return COMPLETE;
	if (job->query.qtype == RRTYPE_CNAME ||
	    job->query.qtype == RRTYPE_ANY)
		return COMPLETE;			/* */
	at = emit_rdata(&job->emit, at, &end);
	n_prefix = job->name.n_labels - n_labels;
	if (follow(job, name, at) != FOLLOW)
		return COMPLETE;
	/* Into its own subtree: it would go on like this. Q-102 */
	return ownerkey_is_below(job->target.bytes,
	    job->name.len[job->name.n_labels - n_prefix], dname->key,
	    dname->key_len) ? COMPLETE : FOLLOW;
}

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
	*out_stored = as_stored(job, out);
	if (qtype == RRTYPE_ANY)
		out->type = 0;
	return true;
}

/*
 * The node that answers: job->name itself, or (@encloser >= 0) the wildcard
 * below that ancestor.
 */
static enum outcome
respond(struct answer_job *job, const struct page_name *node, int encloser)
{
	struct emit_owner owner = owner_is_name(job);
	uint16_t qtype = job->query.qtype;
	struct emit_set stored;
	struct page_set set;
	size_t at, end;

	job->aa = true;
	if (pick_set(job, node, &set, &stored)) {
		if (encloser >= 0 && job->dnssec)
			denial_no_closer(job, (unsigned)encloser);
		if (set.type == RRTYPE_DNAME && dname_was_put(job, node))
			return COMPLETE;	/* on the way here */
		if (must_put(job, EMIT_ANSWER, &owner, &stored, &at) &&
		    set.type != 0 && target_offset(set.type) >= 0) {
			put_proofs(job);	/* they go first */
			job->n_proofs = 0;
			if (!job->full)
				put_additional(job, node, &set, at);
		}
		return COMPLETE;
	}
	if (node->flags & PAGE_HAS_CNAME && qtype != RRTYPE_NSEC &&
	    qtype != RRTYPE_RRSIG && page_set_find(node, RRTYPE_CNAME, &set)) {
		if (encloser >= 0 && job->dnssec)
			denial_no_closer(job, (unsigned)encloser);
		stored = as_stored(job, &set);
		if (!must_put(job, EMIT_ANSWER, &owner, &stored, &at))
			return COMPLETE;
		at = emit_rdata(&job->emit, at, &end);
		return follow(job, set.rr + PAGE_RR_FIXED, at);
	}
	if (job->dnssec) {
		if (encloser >= 0)
			denial_no_wildcard_type(job, (unsigned)encloser, node);
		else
			denial_no_type(job, node);
	}
	return put_soa(job);
}

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
static enum outcome
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
		return put_soa(job);
	}
	encloser = closest_encloser(job, &place);
	if (job->view.zone->flags & CACHE_ZONE_HAS_WILDCARD) {
		len = denial_wildcard_key(job, encloser, wildcard);
		if (cache_view_find(&job->view, wildcard, len,
		    page_hash(wildcard, len), &node))
			return respond(job, &node, (int)encloser);
		cache_view_place(&job->view, wildcard, len, &place);
		if (has_descendant(&place, wildcard, len)) {
			job->aa = true;			/* */
			if (job->dnssec)
				denial_no_wildcard_type(job, encloser, NULL);
			return put_soa(job);
		}
	}
	job->aa = true;
	job->rcode = QUERY_NXDOMAIN;
	if (job->dnssec)
		denial_no_name(job, encloser);
	return put_soa(job);
}

/* At the cut itself only what the parent has the say of is answered. */
static bool
is_referral_at_cut(const struct answer_job *job, const struct page_name *cut)
{
	uint16_t qtype = job->query.qtype;

	if (qtype == RRTYPE_DS)
		return false;				/* */
	return qtype != RRTYPE_NSEC || !(cut->flags & PAGE_HAS_NSEC);
}

/* RFC 1034 4.3.2 step 3, from the apex down: the topmost cut wins. */
static enum outcome
look_up(struct answer_job *job)
{
	struct answer_name *name = &job->name;
	struct cache_view *view = &job->view;
	unsigned n = name->n_labels;
	struct page_name node;

	for (unsigned i = view->zone->flags & CACHE_ZONE_HAS_DNAME ? 0 : 1;
	    i < n; i++) {
		if (!cache_view_find(view, name->key, name->len[i],
		    name->hash[i], &node))
			continue;
		if (i > 0 && node.flags & PAGE_HAS_NS)
			return refer(job, &node, i);
		if (node.flags & PAGE_HAS_DNAME)
			return redirect(job, &node, i);
	}
	if (!cache_view_find(view, name->key, name->len[n], name->hash[n],
	    &node))
		return missing(job);
	if (n > 0 && node.flags & PAGE_HAS_NS &&
	    is_referral_at_cut(job, &node))
		return refer(job, &node, n);
	return respond(job, &node, -1);
}

/* ---- putting it together ----------------------------------------------- */

static void
opt_of_reply(const struct answer_job *job, struct edns_reply *out)
{
	const struct answer_ctx *ctx = job->ctx;

	*out = (struct edns_reply){
		.rcode = job->rcode,
		.payload = ctx->udp_max,
		.dnssec_ok = job->query.edns.dnssec_ok,
		.ede = job->ede,
	};
	if (job->query.edns.wants_nsid && ctx->nsid_len > 0) {
		out->nsid = ctx->nsid;
		out->nsid_len = ctx->nsid_len;
	}
}

static size_t
reply_limit(const struct answer_job *job)
{
	size_t limit = job->facts.out_max;

	if (job->facts.transport == ANSWER_UDP) {
		size_t asked = job->query.edns.present ?
		    job->query.edns.payload : ANSWER_UDP_MIN;

		if (asked > job->ctx->udp_max)
			asked = job->ctx->udp_max;
		if (asked < limit)
			limit = asked;
	} else if (limit > ANSWER_TCP_MAX) {
		limit = ANSWER_TCP_MAX;
	}
	return limit;
}

/* One try at the whole answer. */
static void
compose(struct answer_job *job, bool compress)
{
	const struct query *q = &job->query;
	unsigned apex = job->view.zone->apex_labels;
	size_t apex_at = apex_in_qname(q, apex);
	size_t reserve = 0;

	if (q->edns.present) {
		reserve = EDNS_OPT_BYTES;
		if (q->edns.wants_nsid)
			reserve += EDNS_OPTION_HEAD + job->ctx->nsid_len;
	}
	emit_begin(&job->emit, job->facts.out, question_size(job),
	    reply_limit(job) - reserve, job->facts.out_max - reserve,
	    (uint16_t)(EMIT_QNAME + apex_at), compress);
	job->rcode = QUERY_NOERROR;
	job->aa = false;
	job->full = false;
	job->n_proofs = 0;
	job->n_seen = 0;
	job->n_dnames = 0;
	while (look_up(job) == FOLLOW && !job->full)
		;
	if (!job->full && job->n_proofs > 0)
		put_proofs(job);
}

static void
step_name(struct answer_job *job)
{
	memcpy(job->facts.out, job->facts.request, question_size(job));
	compose(job, false);
	if (job->full) {
		name_is_qname(job);
		compose(job, true);
	}
	if (job->full) {
		job->emit.len = 0;		/* no partial answer. Q-149 */
		if (job->facts.transport == ANSWER_UDP)
			job->tc = true;
		else
			job->rcode = QUERY_SERVFAIL;
	}
	job->stage = STAGE_DONE;
}

bool
answer_step(struct answer_job *job)
{
	switch ((enum stage)job->stage) {
	case STAGE_SLOT:
		step_slot(job);
		break;
	case STAGE_ZONE:
		step_zone(job);
		break;
	case STAGE_NODE:
		step_node(job);
		break;
	case STAGE_PAGE:
		step_page(job);
		break;
	case STAGE_FIND:
		step_find(job);
		break;
	case STAGE_NAME:
		step_name(job);
		break;
	case STAGE_DONE:
		break;
	}
	return job->stage != STAGE_DONE;
}

enum answer_verdict
answer_finish(struct answer_job *job, size_t *out_len)
{
	const struct query *q = &job->query;
	uint8_t *out = job->facts.out;
	struct edns_reply opt;
	unsigned flags, additional = 0;
	size_t len, limit;

	if (job->verdict != ANSWER_SEND)
		return (enum answer_verdict)job->verdict;
	limit = reply_limit(job);
	len = job->emit.len;
	if (len == 0) {				/* nothing but the question */
		len = question_size(job);
		memcpy(out, job->facts.request, len);
		job->emit.len = len;
		memset(job->emit.count, 0, sizeof(job->emit.count));
	}
	if (q->edns.present) {
		opt_of_reply(job, &opt);
		len += edns_write(out + len, &opt);
		additional++;
	}
	if (q->tsig_at != 0) {
		size_t n = query_write_bad_key(q, out + len, limit - len);

		len += n;
		additional += n > 0;
	}
	flags = QUERY_FLAG_QR | (q->flags & (QUERY_OPCODE_MASK |
	    QUERY_FLAG_RD)) | (job->aa ? QUERY_FLAG_AA : 0u) |
	    (job->tc ? QUERY_FLAG_TC : 0u) | (job->rcode & 15u);
	put16(out + 2, flags);
	put16(out + 4, q->question_end > QUERY_HEADER);
	put16(out + 6, job->emit.count[EMIT_ANSWER]);
	put16(out + 8, job->emit.count[EMIT_AUTHORITY]);
	put16(out + 10, job->emit.count[EMIT_ADDITIONAL] + additional);
	*out_len = len;
	return ANSWER_SEND;
}

enum answer_verdict
answer(struct answer_job *job, const struct answer_ctx *ctx,
    const struct answer_facts *facts, size_t *out_len)
{
	answer_begin(job, ctx, facts);
	while (answer_step(job))
		;
	return answer_finish(job, out_len);
}

void
answer_summarise(const struct answer_job *job, struct answer_summary *out)
{
	out->rcode = (uint8_t)job->rcode;
	out->tc = job->tc;
	out->have_edns = job->query.edns.present;
	out->qtype = job->query.qtype;
	out->zone_stats = job->zone_stats;
}
