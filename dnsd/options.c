/*
 * options.c - see options.h.
 */
#include "dnsd/options.h"

#include <stdatomic.h>
#include <string.h>

#include "common/dns/rrtype.h"
#include "dnsd/cookie.h"

enum { SOA_EXPIRE_FROM_END = 8 };	/* expire, minimum: the last two */

bool
options_cookie(struct answer_job *job)
{
	const struct answer_ctx *ctx = job->ctx;
	const struct edns *e = &job->query.edns;

	if (ctx->cookies == NULL || ctx->cookies->n == 0 ||
	    job->facts.client_len == 0)
		return true;
	job->cookie = (uint8_t)cookie_judge(ctx->cookies, e->cookie,
	    e->cookie_len, job->facts.client, job->facts.client_len,
	    job->facts.now_wall_s, job->server_cookie);
	if (job->cookie == COOKIE_GOOD)
		return true;
	if (job->query.question_end == QUERY_HEADER)	/* RFC 7873 5.4 */
		return job->cookie == COOKIE_CLIENT_ONLY;
	return !ctx->cookies->required ||
	    job->facts.transport != ANSWER_UDP;
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* The zone whose records are in the answer; NULL for none. */
static const struct cache_zone *
zone_of(const struct answer_job *job)
{
	if (job->rcode != QUERY_NOERROR && job->rcode != QUERY_NXDOMAIN &&
	    job->rcode != QUERY_YXDOMAIN)
		return NULL;
	return job->view.zone;
}

/* Which of the asked options, besides padding, there is an answer to. */
static uint8_t
granted(const struct answer_job *job)
{
	const struct answer_ctx *ctx = job->ctx;
	uint8_t has = job->query.edns.wants;

	if (ctx->nsid_len == 0)
		has &= (uint8_t)~EDNS_NSID;
	if (job->cookie == COOKIE_NONE)
		has &= (uint8_t)~EDNS_COOKIE;
	if (job->facts.transport == ANSWER_UDP)		/* RFC 7828 3.1 */
		has &= (uint8_t)~EDNS_KEEPALIVE;
	if (job->view.zone == NULL)
		has &= (uint8_t)~(EDNS_ZONEVERSION | EDNS_EXPIRE);
	if (job->query.qtype != RRTYPE_SOA)
		has &= (uint8_t)~EDNS_EXPIRE;
	return has & (uint8_t)~EDNS_PADDING;
}

size_t
options_reserve(const struct answer_job *job)
{
	struct edns_reply r = {
		.has = granted(job), .nsid_len = job->ctx->nsid_len
	};

	return edns_reply_size(&r) - EDNS_OPT_BYTES;
}

/*
 * Seconds until we stop answering, as a secondary must say it; never more
 * than the SOA's expire. RFC 7314 3.2, 4
 */
static uint32_t
expire_of(const struct answer_job *job, const struct cache_zone *z)
{
	const uint8_t *soa = (const uint8_t *)cache_view_at(job->ctx->arena,
	    z->apex_page) + z->soa_at;
	uint32_t most = get32(soa + z->soa_len - SOA_EXPIRE_FROM_END);
	int64_t left = atomic_load_explicit(&job->slot->expire_at_ms,
	    memory_order_relaxed);

	if (left == INT64_MAX)
		return most;
	left = (left - job->facts.now_boot_ms) / 1000;
	if (left < 0)
		return 0;
	return left < (int64_t)most ? (uint32_t)left : most;
}

static const char *
ede_text(const struct answer_job *job)
{
	switch (job->ede) {
	case EDNS_EDE_NOT_READY:
		return "zone not loaded yet";
	case EDNS_EDE_INVALID_DATA:
		return "zone expired";
	case EDNS_EDE_OTHER:
		return "answer exceeds 65535 octets";
	case EDNS_EDE_NOT_SUPPORTED:
		return (job->query.flags & QUERY_OPCODE_MASK) >>
		    QUERY_OPCODE_SHIFT == QUERY_OPCODE_UPDATE ?
		    "read-only secondary: edit at your primary, the change is "
		    "transferred" : "";
	default:
		return "";
	}
}

static inline uint8_t
lower(uint8_t c)
{
	return (uint8_t)(c + ((uint8_t)(c - 'A') < 26 ? 32 : 0));
}

/* Is @name, uncompressed, at or below @top? */
static bool
name_within(const uint8_t *name, size_t len, const uint8_t *top,
    size_t top_len)
{
	while (len > top_len) {
		size_t n = 1u + *name;

		name += n;
		len -= n;
	}
	if (len != top_len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (lower(name[i]) != lower(top[i]))
			return false;
	return true;
}

/*
 * Reports about the agent's own zone would report on themselves: neither
 * for names below the agent's domain, nor for the zone that it is in.
 * RFC 9567 6.2, 8
 */
static bool
agent_is_due(const struct answer_job *job, const struct cache_zone *z)
{
	const struct answer_ctx *ctx = job->ctx;
	const struct query *q = &job->query;

	return ctx->agent_len > 0 && z != NULL &&
	    !name_within(query_name(q), q->qname_len, ctx->agent,
	    ctx->agent_len) &&
	    !name_within(ctx->agent, ctx->agent_len, z->tail, z->apex_len);
}

/* So that the whole message is a multiple of the block, or as near as the
 * limit lets it. RFC 8467 4.1 */
static void
pad(struct edns_reply *r, size_t len, size_t limit, size_t after)
{
	size_t whole = len + edns_reply_size(r) + EDNS_OPTION_HEAD + after;
	size_t end = (whole + OPTIONS_PAD_BLOCK - 1) / OPTIONS_PAD_BLOCK *
	    OPTIONS_PAD_BLOCK;

	if (whole > limit)
		return;
	if (end > limit)
		end = limit;
	r->pad = (uint16_t)(end - whole);
	r->has |= EDNS_PADDING;
}

size_t
options_write(const struct answer_job *job, uint8_t *p, size_t len,
    size_t limit, size_t after)
{
	const struct answer_ctx *ctx = job->ctx;
	const struct cache_zone *z = zone_of(job);
	struct edns_reply r = {
		.rcode = job->rcode,
		.payload = ctx->udp_max,
		.dnssec_ok = job->query.edns.dnssec_ok,
		.has = granted(job),
		.nsid = ctx->nsid,
		.nsid_len = ctx->nsid_len,
		.cookie = job->server_cookie,
		.keepalive_100ms = ctx->keepalive_100ms,
		.agent = ctx->agent,
		.agent_len = ctx->agent_len,
	};
	size_t room = limit - after;

	if (z == NULL) {
		r.has &= (uint8_t)~(EDNS_ZONEVERSION | EDNS_EXPIRE);
	} else {
		r.zone_labels = z->apex_labels;
		r.serial = z->serial;
		if (job->query.n_labels != z->apex_labels)
			r.has &= (uint8_t)~EDNS_EXPIRE;
		if (r.has & EDNS_EXPIRE)
			r.expire_s = expire_of(job, z);
	}
	if (job->ede != EDNS_NO_EDE) {
		r.has |= EDNS_EDE;
		r.ede = (uint16_t)job->ede;
		r.ede_text = ede_text(job);
		r.ede_text_len = (uint8_t)strlen(r.ede_text);
	}
	if (agent_is_due(job, z))
		r.has |= EDNS_AGENT;
	if (len + edns_reply_size(&r) > room)
		r.has &= (uint8_t)~EDNS_AGENT;
	if (len + edns_reply_size(&r) > room)
		r.ede_text_len = 0;
	if (len + edns_reply_size(&r) > room)
		r.has &= (uint8_t)~EDNS_EDE;
	if (job->query.edns.wants & EDNS_PADDING &&
	    job->facts.transport == ANSWER_TLS)
		pad(&r, len, limit, after);
	return edns_write(p, &r);
}
