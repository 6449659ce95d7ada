/*
 * exam_ask.c - the questions of a check to the zone's primaries.
 *
 * First, of each: its SOA by UDP and by TCP as anybody asks, the SOA signed
 * where there is a key; where TCP answers, the beginning of a transfer. Then,
 * of one that serves the zone: its NS and DNSKEY sets.
 */
#include <string.h>

#include "common/base/check.h"
#include "common/dns/rr.h"
#include "common/dns/rrtype.h"
#include "xferd/exam.h"

enum {
	UDP_MS = 1500,
	UDP_TRIES = 2,
	TCP_MS = 4000,
	AXFR_MS = 8000,
};

static struct exam_ask *
new_ask(struct exam *x, unsigned primary, struct diagnosis_ask *into)
{
	struct exam_ask *a;

	CHECK(x->n_asks < EXAM_ASKS_MAX);
	a = &x->ask[x->n_asks++];
	a->x = x;
	a->primary = primary;
	a->into = into;
	return a;
}

/* ---- answers ----------------------------------------------------------- */

static void
find_soa(const struct exam *x, const struct lookups_answer *a,
    struct diagnosis_ask *into)
{
	for (size_t i = 0; i < a->n_records; i++) {
		const struct handoff_said *r = &a->records[i];
		struct rr_soa soa;

		if (r->section != HANDOFF_SECTION_ANSWER ||
		    r->type != RRTYPE_SOA || r->owner_len != x->apex_len ||
		    memcmp(r->owner, x->apex, x->apex_len) != 0 ||
		    rr_soa_parse(r->rdata, r->rdlen, &soa) != OK)
			continue;
		into->has_serial = true;
		into->serial = soa.serial;
		return;
	}
}

static void
on_answer(void *arg, const struct lookups_answer *a)
{
	struct exam_ask *ask = arg;
	struct exam *x = ask->x;

	ask->query = NULL;
	x->open--;
	if (a->egress != EGRESS_ALLOWED)
		x->f.primary[ask->primary].forbidden = egress_text(a->egress);
	if (ask->take != NULL) {
		ask->take(x, a);
	} else {
		*ask->into = (struct diagnosis_ask){ .done = true,
			.reason = a->reason, .facts = a->facts, .aa = a->aa,
			.ms = a->ms };
		find_soa(x, a, ask->into);
	}
	exam_ask_look(x);
}

static void
send_it(struct exam *x, struct exam_ask *ask, struct lookups_question *q)
{
	q->to = x->primaries[ask->primary].addr;
	q->purpose = LOOKUPS_VISIT;
	memcpy(q->tenant, x->tenant_id, 16);
	memcpy(q->name, x->apex, x->apex_len);
	q->name_len = x->apex_len;
	q->timeout_ms = q->transport == HANDOFF_UDP ? UDP_MS : TCP_MS;
	q->tries = q->transport == HANDOFF_UDP ? UDP_TRIES : 1;
	if (q->type == RRTYPE_AXFR)
		q->timeout_ms = AXFR_MS;
	if (lookups_ask(x->keep->lookups, q, on_answer, ask, &ask->query) ==
	    OK) {
		x->open++;
		return;
	}
	ask->query = NULL;
	if (ask->into != NULL)
		*ask->into = (struct diagnosis_ask){ .done = true,
			.reason = HANDOFF_INTERNAL };
	else
		ask->take(x, &(struct lookups_answer){
		    .reason = HANDOFF_INTERNAL });
}

static void
ask_plain(struct exam *x, unsigned i, struct diagnosis_ask *into,
    enum handoff_transport transport, uint16_t type, uint32_t key)
{
	struct lookups_question q = { .transport = transport, .type = type,
		.edns = true, .key = key };

	send_it(x, new_ask(x, i, into), &q);
}

/* ---- over TLS ---------------------------------------------------------- */

static void
on_fetched(void *arg, const struct fetches_answer *answer)
{
	const struct handoff_result *res = answer->result;
	struct exam_ask *ask = arg;
	struct exam *x = ask->x;
	struct diagnosis_primary *p = &x->f.primary[ask->primary];
	bool good = res->reason == HANDOFF_OK ||
	    res->reason == HANDOFF_UPTODATE;
	char text[HANDOFF_TEXT_MAX + 1];

	ask->fetch = NULL;
	x->open--;
	spool_free(answer->spool);
	if (answer->egress != EGRESS_ALLOWED)
		p->forbidden = egress_text(answer->egress);
	*ask->into = (struct diagnosis_ask){ .done = true,
		.reason = good ? HANDOFF_OK : res->reason,
		.facts = res->facts, .aa = good, .has_serial = res->has_soa,
		.serial = res->serial, .ms = res->first_ms };
	if (res->text_len > 0) {
		memcpy(text, res->text, MIN(res->text_len,
		    (size_t)HANDOFF_TEXT_MAX));
		text[MIN(res->text_len, (size_t)HANDOFF_TEXT_MAX)] = '\0';
		ask->into->text = exam_string(x, text);
	}
	/* Of a transfer only its beginning was wanted. */
	if (ask->into == &p->axfr && good && !ask->into->has_serial) {
		ask->into->has_serial = true;
		ask->into->serial = p->soa.serial;
	}
	exam_ask_look(x);
}

static void
ask_secure(struct exam *x, unsigned i, struct diagnosis_ask *into, bool probe)
{
	struct exam_ask *ask = new_ask(x, i, into);
	struct fetches_ask q = { .tenant = x->tenant, .at = x->at[i],
		.addr = x->primaries[i].addr,
		.profile = x->primaries[i].profile, .key = x->key[i],
		.apex_len = x->apex_len, .probe = probe, .peek = !probe,
		.mode = ZONE_MODE_AXFR, .urgency = ZONE_REASON_JOB };

	memcpy(q.tenant_id, x->tenant_id, 16);
	memcpy(q.apex, x->apex, x->apex_len);
	if (x->tenant != NULL && x->at[i] != NULL && q.profile != NULL)
		ask->fetch = fetches_ask(x->keep->fetches, &q, on_fetched,
		    ask);
	if (ask->fetch != NULL)
		x->open++;
	else
		*into = (struct diagnosis_ask){ .done = true,
			.reason = q.profile == NULL ? HANDOFF_TLS_SETUP :
			    HANDOFF_INTERNAL };
}

/* ---- the first questions ----------------------------------------------- */

void
exam_ask_primary(struct exam *x, unsigned i)
{
	struct diagnosis_primary *p = &x->f.primary[i];
	bool bad_key = p->key != NULL && x->key[i] == 0;

	if (p->tls) {
		if (!bad_key)
			ask_secure(x, i, &p->soa, true);
		return;
	}
	ask_plain(x, i, &p->udp, HANDOFF_UDP, RRTYPE_SOA, 0);
	ask_plain(x, i, &p->tcp, HANDOFF_TCP, RRTYPE_SOA, 0);
	if (bad_key)
		return;
	if (p->key != NULL)
		ask_plain(x, i, &p->soa, HANDOFF_TCP, RRTYPE_SOA, x->key[i]);
}

/* Without a key the question as transfers ask it is the plain one; where TCP
 * is shut, what came by UDP. */
static void
derive(struct diagnosis_primary *p)
{
	if (!p->tls && p->key == NULL)
		p->soa = p->tcp.done && p->tcp.reason == HANDOFF_OK ?
		    p->tcp : p->udp;
}

static bool
serves(const struct diagnosis_ask *a)
{
	return a->done && a->reason == HANDOFF_OK && a->facts.rcode == 0 &&
	    a->aa && a->has_serial;
}

/* A transfer is tried once it is known that TCP, or TLS, answers. */
static void
ask_transfer(struct exam *x, unsigned i)
{
	struct diagnosis_primary *p = &x->f.primary[i];
	const struct diagnosis_ask *way = p->tls ? &p->soa : &p->tcp;

	if (x->transfer[i] || !way->done || p->forbidden != NULL ||
	    (p->key != NULL && x->key[i] == 0))
		return;
	x->transfer[i] = true;
	if (p->tls && !serves(way))
		return;
	if (p->tls)
		ask_secure(x, i, &p->axfr, false);
	else if (way->reason == HANDOFF_OK)
		ask_plain(x, i, &p->axfr, HANDOFF_TCP, RRTYPE_AXFR,
		    x->key[i]);
	else
		p->axfr = *way;
}

/* ---- the second questions ---------------------------------------------- */

static void
take_ns(struct exam *x, const struct lookups_answer *a)
{
	struct diagnosis_facts *f = &x->f;

	x->ns_done = true;
	if (a->reason != HANDOFF_OK || a->facts.rcode != 0 || !a->aa)
		return;
	for (size_t i = 0; i < a->n_records; i++) {
		const struct handoff_said *r = &a->records[i];

		if (r->section != HANDOFF_SECTION_ANSWER ||
		    r->type != RRTYPE_NS || r->owner_len != x->apex_len ||
		    memcmp(r->owner, x->apex, x->apex_len) != 0 ||
		    f->n_apex == DIAGNOSIS_NAMES_MAX)
			continue;
		f->apex[f->n_apex++] = exam_name(x, r->rdata);
		f->apex_known = true;
	}
}

static void
take_keys(struct exam *x, const struct lookups_answer *a)
{
	x->keys_done = true;
	if (a->reason != HANDOFF_OK || a->facts.rcode != 0 || !a->aa)
		return;
	x->f.keys_known = true;
	for (size_t i = 0; i < a->n_records; i++) {
		const struct handoff_said *r = &a->records[i];

		if (r->section != HANDOFF_SECTION_ANSWER ||
		    r->type != RRTYPE_DNSKEY || r->owner_len != x->apex_len ||
		    memcmp(r->owner, x->apex, x->apex_len) != 0 ||
		    x->n_keys == EXAM_KEYS_MAX ||
		    r->rdlen > EXAM_KEY_BYTES_MAX)
			continue;
		memcpy(x->key_seen[x->n_keys].rdata, r->rdata, r->rdlen);
		x->key_seen[x->n_keys++].len = r->rdlen;
	}
	x->f.n_keys = x->n_keys;
}

static void
ask_apex(struct exam *x, unsigned i, bool is_signed)
{
	bool tcp = x->f.primary[i].tcp.done &&
	    x->f.primary[i].tcp.reason == HANDOFF_OK;
	struct lookups_question q = { .transport = tcp ? HANDOFF_TCP :
		HANDOFF_UDP, .type = RRTYPE_NS, .edns = true,
		.key = is_signed ? x->key[i] : 0 };
	struct exam_ask *ask = new_ask(x, i, NULL);

	ask->take = take_ns;
	send_it(x, ask, &q);
	q.type = RRTYPE_DNSKEY;
	ask = new_ask(x, i, NULL);
	ask->take = take_keys;
	send_it(x, ask, &q);
}

static void
begin_second(struct exam *x)
{
	x->second = true;
	for (unsigned i = 0; i < x->n_primaries; i++) {
		const struct diagnosis_primary *p = &x->f.primary[i];

		if (p->tls || p->forbidden != NULL)
			continue;
		if (serves(&p->udp) || serves(&p->tcp)) {
			ask_apex(x, i, false);
			return;
		}
		if (serves(&p->soa)) {
			ask_apex(x, i, true);
			return;
		}
	}
	x->ns_done = x->keys_done = true;
}

/* One that has our serial is compared with what we have. */
static void
begin_compare(struct exam *x)
{
	const struct diagnosis_facts *f = &x->f;
	const char *why = "no primary sends the zone";

	if (f->content != DIAGNOSIS_CONTENT_UNKNOWN)
		return;
	for (unsigned i = 0; i < x->n_primaries; i++) {
		const struct diagnosis_primary *p = &x->f.primary[i];

		if (p->forbidden != NULL || !p->axfr.done ||
		    p->axfr.reason != HANDOFF_OK ||
		    p->axfr.facts.rcode != 0 || !p->axfr.has_serial)
			continue;
		if (p->axfr.serial == f->serial) {
			exam_compare_begin(x, i);
			return;
		}
		why = "no primary that sends it has our serial";
	}
	x->f.content = DIAGNOSIS_CONTENT_SKIPPED;
	x->f.content_why = why;
}

/* The first answers are all there, of all. */
static void
end_first(struct exam *x)
{
	static const enum diagnosis_id STEPS[] = { DIAGNOSIS_UDP,
		DIAGNOSIS_TCP, DIAGNOSIS_SOA, DIAGNOSIS_TSIG, DIAGNOSIS_AXFR,
		DIAGNOSIS_SERIAL };

	for (size_t i = 0; i < COUNT_OF(STEPS); i++)
		exam_know(x, STEPS[i]);
	begin_second(x);
	begin_compare(x);
}

void
exam_ask_look(struct exam *x)
{
	if (x->ending)
		return;
	for (unsigned i = 0; i < x->n_primaries; i++) {
		derive(&x->f.primary[i]);
		ask_transfer(x, i);
	}
	if (!x->second && x->n_begun == x->n_primaries && x->open == 0)
		end_first(x);
	if (x->second && x->ns_done && !x->known[DIAGNOSIS_APEX_NS])
		exam_know(x, DIAGNOSIS_APEX_NS);
	if (x->second && x->f.content != DIAGNOSIS_CONTENT_UNKNOWN &&
	    !x->known[DIAGNOSIS_CONTENT])
		exam_know(x, DIAGNOSIS_CONTENT);
	exam_walk_dnssec(x);
}

void
exam_ask_cancel(struct exam *x)
{
	for (unsigned i = 0; i < x->n_asks; i++) {
		lookups_cancel(x->keep->lookups, x->ask[i].query);
		fetches_cancel(x->keep->fetches, x->ask[i].fetch);
		x->ask[i].query = NULL;
		x->ask[i].fetch = NULL;
	}
	x->open = 0;
}
