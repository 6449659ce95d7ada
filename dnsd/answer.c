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
#include "dnsd/chaos.h"
#include "dnsd/octets.h"
#include "dnsd/options.h"
#include "dnsd/question.h"
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
};

static size_t
question_size(const struct answer_job *job)
{
	return job->query.question_end;
}

static bool
fail(struct answer_job *job, unsigned rcode, int ede)
{
	job->rcode = (uint16_t)rcode;
	job->ede = (int16_t)ede;
	job->stage = STAGE_DONE;
	return false;
}

static inline void
try_labels(struct answer_job *job, int labels)
{
	job->labels = labels;
	job->passed = 0;
	if (job->labels < 0)
		return;
	job->slot_hash = namehash_final(job->dir_hash[job->labels]);
	if (job->dir.slots != NULL)
		cache_view_prefetch(cache_view_first_slot(&job->dir,
		    job->slot_hash));
}

void
answer_begin(struct answer_job *job, const struct answer_ctx *ctx,
    const struct answer_facts *facts)
{
	int labels;

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
	job->view.zone = NULL;
	job->cookie = COOKIE_NONE;
	job->query.qtype = 0;
	job->query.edns.present = false;

	if ((facts->transport == ANSWER_UDP && facts->source_port == 0) ||
	    facts->out_max < ANSWER_UDP_MIN) {
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
		(void)fail(job, job->query.rcode, job->query.ede);
		if (job->query.edns.wants & EDNS_COOKIE)
			(void)options_cookie(job);
		return;
	case QUERY_COOKIE:
		(void)fail(job, options_cookie(job) ? QUERY_NOERROR :
		    QUERY_BADCOOKIE, EDNS_NO_EDE);
		if (job->cookie == COOKIE_NONE)	/* we have none: Q-003 */
			job->rcode = QUERY_FORMERR;
		return;
	case QUERY_CHAOS:
	case QUERY_GOOD:
		break;
	}
	if (job->query.edns.wants & EDNS_COOKIE && !options_cookie(job)) {
		(void)fail(job, QUERY_BADCOOKIE, EDNS_NO_EDE);
		return;
	}
	if (job->query.qclass == QUERY_CLASS_CH) {
		chaos_answer(job);
		return;
	}
	cache_view_open_dir(ctx->arena, &job->dir);
	/*
	 * The question goes where the answer will be, with room behind it:
	 * its name can be read there in large steps.
	 */
	memcpy(facts->out, facts->request, question_size(job));
	question_make_key(job, facts->out + QUERY_HEADER);
	labels = cache_view_deeper(&job->dir, job->query.n_labels);
	if (labels >= 0)
		question_hash_suffixes(job, (unsigned)labels);
	job->child_slot = NULL;
	job->stage = STAGE_SLOT;
	try_labels(job, labels);
}

/* Deepest zone first; every suffix with a label count that some zone has. */
static NOINLINE bool
step_slot(struct answer_job *job)
{
	while (job->labels >= 0) {
		job->slot = cache_view_probe(&job->dir, job->slot_hash,
		    job->facts.stripe, job->passed, &job->passed);
		if (job->slot != NULL) {
			const void *head = cache_view_head(job->ctx->arena,
			    job->slot);

			cache_view_prefetch(head);
			cache_view_prefetch((const char *)head + 64);
			job->stage = STAGE_ZONE;
			return true;
		}
		try_labels(job, cache_view_deeper(&job->dir,
		    job->labels - 1));
	}
	if (job->child_slot != NULL) {
		job->slot = job->child_slot;	/* no parent here */
		job->stage = STAGE_ZONE;
		return true;
	}
	return fail(job, QUERY_REFUSED, EDNS_EDE_NOT_AUTHORITATIVE);
}

static bool
may_serve(struct answer_job *job, const struct cache_zone *zone)
{
	/* The deadline moves on its own; the head stays. */
	int64_t deadline = atomic_load_explicit(&job->slot->expire_at_ms,
	    memory_order_relaxed);

	switch ((enum cache_zone_state)zone->state) {
	case CACHE_ZONE_SUSPENDED:
		return fail(job, QUERY_REFUSED, EDNS_EDE_PROHIBITED); /* */
	case CACHE_ZONE_EMPTY:
		return fail(job, QUERY_SERVFAIL, EDNS_EDE_NOT_READY);	/* */
	case CACHE_ZONE_LOADED:
		break;
	}
	if (zone->root == 0)
		return fail(job, QUERY_SERVFAIL, EDNS_EDE_NOT_READY);
	if (deadline <= job->facts.now_boot_ms)			/* */
		return fail(job, QUERY_SERVFAIL, EDNS_EDE_INVALID_DATA);
	return true;
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

static NOINLINE bool
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
			return true;
		}
		if (q->qtype == RRTYPE_DS && job->labels == q->n_labels &&
		    q->n_labels > 0) {
			/* The parent has the DS. RFC 4035 3.1.4.1, Q-025 */
			job->child_slot = job->slot;
			job->stage = STAGE_SLOT;
			try_labels(job, cache_view_deeper(&job->dir,
			    job->labels - 1));
			return true;
		}
	}
	if (zone == NULL)
		return fail(job, QUERY_REFUSED, EDNS_EDE_NOT_AUTHORITATIVE);
	job->zone_stats = job->slot->stats;
	if (!may_serve(job, zone))
		return false;
	job->view.arena = job->ctx->arena;
	job->view.zone = zone;
	job->view.leaf = (struct cache_view_leaf){ 0 };
	job->view.n_lookups = 0;
	job->dnssec = q->edns.dnssec_ok;
	job->level = zone->root_level;
	job->ref = zone->root;
	job->stage = job->level > 0 ? STAGE_NODE : STAGE_PAGE;
	prefetch_ref(job);
	question_is_name(job);
	return true;
}

static NOINLINE bool
step_node(struct answer_job *job)
{
	const struct answer_name *name = &job->name;

	job->ref = cache_view_child(&job->view,
	    cache_view_at(job->ctx->arena, job->ref), name->key,
	    name->len[name->n_labels]);
	if (--job->level == 0)
		job->stage = STAGE_PAGE;
	prefetch_ref(job);
	return true;
}

static NOINLINE bool
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
	return true;
}

static NOINLINE bool
step_find(struct answer_job *job)
{
	const struct answer_name *name = &job->name;

	page_prefetch_entry(job->view.leaf.page, name->hash[name->n_labels]);
	if (name->n_labels > 1)
		page_prefetch_entry(job->view.leaf.page, name->hash[1]);
	job->stage = STAGE_NAME;
	return true;
}

/* ---- putting it together ----------------------------------------------- */

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

/* What records may take: the limit without the OPT. */
static size_t
body_limit(const struct answer_job *job, size_t *out_reserve)
{
	const struct query *q = &job->query;
	size_t reserve = 0;

	if (q->edns.present) {
		reserve = EDNS_OPT_BYTES;
		if (q->edns.wants != 0)
			reserve += options_reserve(job);
	}
	*out_reserve = reserve;
	return reply_limit(job) - reserve;
}

/* One try at the whole answer. */
static void
compose(struct answer_job *job, bool compress)
{
	size_t reserve, limit = body_limit(job, &reserve);

	emit_begin(&job->emit, job->facts.out, question_size(job), limit,
	    job->facts.out_max - reserve, (uint16_t)(EMIT_QNAME +
	    apex_in_qname(&job->query, job->view.zone->apex_labels)),
	    compress);
	job->rcode = QUERY_NOERROR;
	job->aa = false;
	job->full = false;
	job->n_rounds = 0;
	job->n_proofs = 0;
	job->n_seen = 0;
	job->n_dnames = 0;
	while (respond_to_name(job) && !job->full)
		;
	if (!job->full && job->n_proofs > 0)
		section_put_proofs(job);
}

static NOINLINE bool
step_name(struct answer_job *job)
{
	size_t reserve;

	job->stage = STAGE_DONE;
	if (respond_plainly(job, body_limit(job, &reserve)))
		return false;
	compose(job, false);
	if (job->full) {
		question_is_name(job);
		compose(job, true);
	}
	if (job->full) {
		job->emit.len = 0;		/* no partial answer. Q-149 */
		if (job->facts.transport == ANSWER_UDP)
			job->tc = true;
		else
			(void)fail(job, QUERY_SERVFAIL, EDNS_EDE_OTHER);
	}
	return false;
}

/* Each step is a function of its own: it saves only the registers it uses. */
bool
answer_step(struct answer_job *job)
{
	switch ((enum stage)job->stage) {
	case STAGE_SLOT:
		return step_slot(job);
	case STAGE_ZONE:
		return step_zone(job);
	case STAGE_NODE:
		return step_node(job);
	case STAGE_PAGE:
		return step_page(job);
	case STAGE_FIND:
		return step_find(job);
	case STAGE_NAME:
		return step_name(job);
	case STAGE_DONE:
		break;
	}
	return false;
}

/* The OPT that most replies have. */
static size_t
put_opt(const struct answer_job *job, uint8_t *p)
{
	const struct edns_reply r = {
		.rcode = job->rcode,
		.payload = job->ctx->udp_max,
		.dnssec_ok = job->query.edns.dnssec_ok,
	};

	return edns_write(p, &r);
}

/* Error replies: an OPT with options, the TSIG of a key that we do not have.
 * Returns the octets, and how many records they are. */
static __attribute__((noinline)) size_t
put_extras(const struct answer_job *job, uint8_t *p, size_t len,
    unsigned *out_n)
{
	const struct query *q = &job->query;
	size_t limit = reply_limit(job), n = 0, tsig = 0, opt = 0;

	if (q->edns.present)
		opt = EDNS_OPT_BYTES + options_reserve(job);
	if (q->tsig_at != 0)
		tsig = query_bad_key_size(q);
	if (len + opt + tsig > limit)
		tsig = 0;
	if (q->edns.present)
		n = options_write(job, p, len, limit, tsig);
	if (tsig > 0)
		n += query_write_bad_key(q, p + n);
	*out_n = q->edns.present + (tsig > 0);
	return n;
}

enum answer_verdict
answer_finish(struct answer_job *job, size_t *out_len)
{
	const struct query *q = &job->query;
	uint8_t *out = job->facts.out;
	unsigned flags, additional = 0;
	size_t len;

	if (job->verdict != ANSWER_SEND)
		return (enum answer_verdict)job->verdict;
	len = job->emit.len;
	if (len == 0) {				/* nothing but the question */
		len = question_size(job);
		memcpy(out, job->facts.request, len);
		job->emit.len = len;
		memset(job->emit.count, 0, sizeof(job->emit.count));
	}
	if (q->tsig_at != 0 || (q->edns.present && options_any(job))) {
		len += put_extras(job, out + len, len, &additional);
	} else if (q->edns.present) {
		len += put_opt(job, out + len);
		additional = 1;
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
answer_liken(const struct answer_job *job, struct answer_likeness *out)
{
	const struct cache_zone *z = job->view.zone;

	out->cookie_good = job->cookie == COOKIE_GOOD;
	out->now_boot_ms = job->facts.now_boot_ms;
	out->zone = 0;
	if (z != NULL)
		memcpy(&out->zone, z->id, sizeof(out->zone));
	if (job->rcode == QUERY_NXDOMAIN)
		out->kind = ANSWER_KIND_NXDOMAIN;
	else if (job->rcode != QUERY_NOERROR)
		out->kind = ANSWER_KIND_ERROR;
	else if (job->tc || job->emit.count[EMIT_ANSWER] > 0)
		out->kind = ANSWER_KIND_DATA;
	else
		out->kind = job->aa ? ANSWER_KIND_NODATA :
		    ANSWER_KIND_REFERRAL;
}

size_t
answer_slip(struct answer_job *job)
{
	size_t len = 0;

	job->emit.len = 0;
	job->view.zone = NULL;
	job->query.edns.wants &= EDNS_COOKIE;
	job->query.tsig_at = 0;
	job->rcode = QUERY_NOERROR;
	job->ede = EDNS_NO_EDE;
	job->aa = false;
	job->tc = true;
	(void)answer_finish(job, &len);
	return len;
}

void
answer_summarise(const struct answer_job *job, struct answer_summary *out)
{
	out->rcode = (uint8_t)job->rcode;
	out->tc = job->tc;
	out->have_edns = job->query.edns.present;
	out->cookie = job->cookie;
	out->qtype = job->query.qtype;
	out->have_zone = job->view.zone != NULL;
	out->zone_stats = job->zone_stats;
}
