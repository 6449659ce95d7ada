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
#include "dnsd/octets.h"
#include "dnsd/respond.h"
#include "dnsd/section.h"

enum stage {
	STAGE_SLOT,		/* read directory slots */
	STAGE_ZONE,		/* read a zone head */
	STAGE_NODE,		/* read a node, down to a page */
	STAGE_PAGE,		/* read a page's header */
	STAGE_FIND,		/* read its hash slots */
	STAGE_NAME,		/* read a name's entry, then all the rest */
	STAGE_DONE,
};

enum {
	SMALL_PAGE = 1024,	/* octets that are prefetched at once */
	EDE_PROHIBITED = 18,
};

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
	while (respond_to_name(job) && !job->full)
		;
	if (!job->full && job->n_proofs > 0)
		section_put_proofs(job);
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
	octets_put16(out + 2, flags);
	octets_put16(out + 4, q->question_end > QUERY_HEADER);
	octets_put16(out + 6, job->emit.count[EMIT_ANSWER]);
	octets_put16(out + 8, job->emit.count[EMIT_AUTHORITY]);
	octets_put16(out + 10, job->emit.count[EMIT_ADDITIONAL] + additional);
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
