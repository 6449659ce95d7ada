/*
 * chaos.c - see chaos.h.
 */
#include "dnsd/chaos.h"

#include <string.h>

#include "common/dns/rrtype.h"
#include "dnsd/answer_job.h"
#include "dnsd/octets.h"

enum { CLASS_CH = 3, TYPE_ANY = 255, POINTER_TO_QNAME = 0xc00c };

static bool
name_is(const struct query *q, const char *wire, size_t len)
{
	const uint8_t *name = query_name(q);

	if (q->qname_len != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = name[i];

		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c + 32);
		if (c != (uint8_t)wire[i])
			return false;
	}
	return true;
}

static const struct chaos_text *
text_of(const struct chaos *c, const struct query *q)
{
	if (name_is(q, "\7version\4bind", 14) ||
	    name_is(q, "\7version\6server", 16))
		return &c->version;
	if (name_is(q, "\10hostname\4bind", 15))
		return &c->hostname;
	if (name_is(q, "\2id\6server", 11))
		return &c->id;
	return NULL;
}

/* C00C, type, class, TTL 0, length, one string. */
static void
put_text(struct answer_job *job, const struct chaos_text *text)
{
	uint8_t *p = job->facts.out + job->emit.len;

	octets_put16(p, POINTER_TO_QNAME);
	octets_put16(p + 2, RRTYPE_TXT);
	octets_put16(p + 4, CLASS_CH);
	memset(p + 6, 0, 4);
	octets_put16(p + 10, text->len + 1u);
	p[12] = text->len;
	memcpy(p + 13, text->text, text->len);
	job->emit.len += 13u + text->len;
	job->emit.count[EMIT_ANSWER] = 1;
}

void
chaos_answer(struct answer_job *job)
{
	const struct query *q = &job->query;
	const struct chaos_text *text = NULL;

	if (job->ctx->chaos != NULL)
		text = text_of(job->ctx->chaos, q);
	if (text == NULL || text->len == 0) {
		job->rcode = QUERY_REFUSED;
		job->ede = EDNS_EDE_PROHIBITED;
		return;
	}
	memcpy(job->facts.out, job->facts.request, q->question_end);
	job->emit.len = q->question_end;
	memset(job->emit.count, 0, sizeof(job->emit.count));
	job->aa = true;
	if (q->qtype == RRTYPE_TXT || q->qtype == TYPE_ANY)
		put_text(job, text);
}
