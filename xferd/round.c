/*
 * round.c - one zone being looked at.
 *
 * The machine (zone.c) says what to do; each answer becomes an event and, for
 * people, an attempt row.  One thing is under way at a time: a probe, a
 * transfer, an ingest, a publication, or the end being written.
 */
#include "xferd/round.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/dns/dname.h"
#include "common/dns/rr.h"
#include "common/dns/serial.h"
#include "xferd/attempt.h"
#include "xferd/count.h"
#include "xferd/fetches.h"
#include "xferd/ingest.h"
#include "xferd/keepparts.h"
#include "xferd/keyring.h"
#include "xferd/lease.h"
#include "xferd/ledger.h"
#include "xferd/probes.h"
#include "xferd/publish.h"
#include "xferd/tally.h"
#include "xferd/tidy.h"

enum {
	ASLEEP_MS = 24 * 3600 * 1000,
	PUBLISH_GIVE_UP_MS = 60000,
};

struct round {
	struct round *next;
	struct keep *keep;
	struct lease_zone *lz;
	struct zone zone;
	struct tally_entry *tenant;
	struct tally_entry *at[ZONE_PRIMARIES_MAX];
	struct tally_entry *memory[ZONE_PRIMARIES_MAX];
	unsigned p;			/* the primary being asked */

	struct probes_query *probe;
	struct fetches_req *fetch;
	struct spool *spool;
	struct ingest *ingest;
	struct publish_version *version;
	bool ending;
	bool aborted;

	struct attempt attempt;		/* of what is under way */
	char key_name[DNAME_TEXT_MAX];
	int64_t started_ms;
	int64_t primary_serial;
	struct zone_event received;	/* what came, while it is published */
	bool ixfr_style;
	char error[ATTEMPT_MESSAGE_MAX + 1];
};

static void act(struct round *r, const struct zone_action *a);

/* ---- the list ---------------------------------------------------------- */

struct round *
round_find(struct keep *keep, const uint8_t zone_id[16])
{
	for (struct round *r = keep->rounds; r != NULL; r = r->next)
		if (memcmp(r->lz->zone_id, zone_id, 16) == 0)
			return r;
	return NULL;
}

unsigned
round_ids(struct keep *keep, uint8_t (*out)[16], unsigned n_max)
{
	unsigned n = 0;

	for (struct round *r = keep->rounds; r != NULL && n < n_max;
	    r = r->next)
		if (!r->aborted)
			memcpy(out[n++], r->lz->zone_id, 16);
	return n;
}

static void
round_free(struct round *r)
{
	struct round **at = &r->keep->rounds;

	CHECK(r->probe == NULL);
	CHECK(r->fetch == NULL);
	CHECK(r->ingest == NULL);
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	CHECK(r->keep->n_rounds > 0);
	r->keep->n_rounds--;
	count_set(COUNT_rounds_running, r->keep->n_rounds);
	r->tenant->rounds--;
	tally_put(r->tenant);
	for (unsigned i = 0; i < r->lz->n_primaries; i++) {
		tally_put(r->at[i]);
		tally_put(r->memory[i]);
	}
	spool_free(r->spool);
	publish_version_free(r->version);
	lease_zone_free(r->lz);
	free(r);
}

/* ---- attempts ---------------------------------------------------------- */

static void
attempt_open(struct round *r, enum attempt_kind kind, const char *transport)
{
	attempt_init(&r->attempt);
	memcpy(r->attempt.zone_id, r->lz->zone_id, 16);
	memcpy(r->attempt.tenant_id, r->lz->tenant_id, 16);
	r->attempt.started_ms = now_mono_ms();
	r->attempt.kind = kind;
	r->attempt.primary = r->lz->primaries[r->p].addr;
	r->attempt.transport = transport;
	if (r->zone.in.loaded)
		r->attempt.serial_before = r->zone.in.soa.serial;
}

static void
attempt_close(struct round *r, enum attempt_outcome outcome,
    const char *reason)
{
	struct attempt *a = &r->attempt;

	a->outcome = outcome;
	a->reason = reason;
	if (a->total_ms < 0)
		a->total_ms = now_mono_ms() - a->started_ms;
	if (outcome == ATTEMPT_FAILED || outcome == ATTEMPT_REFUSED) {
		snprintf(r->error, sizeof(r->error), "%s", a->message);
		log_info("attempt.failed", "zone=%s kind=%s primary=%s "
		    "reason=%s why=%s", LOG_Q(r->lz->name),
		    attempt_kind_text(a->kind), SOCK_TEXT(&a->primary),
		    reason, LOG_Q(a->message));
	}
	ledger_attempt(r->keep->ledger, a);
}

static void
say(struct round *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
say(struct round *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->attempt.message, sizeof(r->attempt.message), fmt, ap);
	va_end(ap);
}

static void
take_facts(struct attempt *a, const struct handoff_facts *f,
    enum handoff_reason reason)
{
	if (reason == HANDOFF_RCODE || reason == HANDOFF_IXFR_REFUSED ||
	    reason == HANDOFF_OK || f->rcode != 0)
		a->rcode = f->rcode;
	if (f->has_ede)
		a->ede = f->ede;
	if (f->tsig_error != 0)
		a->tsig_error = f->tsig_error;
	a->has_skew = f->has_skew;
	a->skew_s = f->skew_s;
}

static void
explain(struct round *r, enum handoff_reason reason,
    const struct handoff_facts *facts, const char *detail, size_t detail_len)
{
	const struct conf *conf = r->keep->conf;
	const struct lease_primary *p = &r->lz->primaries[r->p];
	struct attempt_case c = { .kind = r->attempt.kind,
		.primary = &p->addr, .transport = r->attempt.transport,
		.reason = reason, .facts = facts, .detail = detail,
		.detail_len = detail_len,
		.key_name = p->has_key ? r->key_name : NULL,
		.sources = r->keep->sources[0] != '\0' ?
		    r->keep->sources : NULL };

	if (reason == HANDOFF_CONNECT_TIMEOUT)
		c.timeout_ms = conf->transfer.connect_timeout_ms;
	else if (reason == HANDOFF_TIMEOUT_IDLE)
		c.timeout_ms = conf->transfer.idle_timeout_ms;
	else if (reason == HANDOFF_TIMEOUT_TOTAL)
		c.timeout_ms = conf->transfer.total_timeout_s * 1000;
	else if (r->attempt.kind == ATTEMPT_PROBE)
		c.timeout_ms = conf->transfer.connect_timeout_ms;
	else
		c.timeout_ms = conf->transfer.first_timeout_ms;
	attempt_explain(&c, r->attempt.message);
}

static void
refuse_egress(struct round *r, enum egress_verdict verdict)
{
	say(r, "%s is %s: transfers from there are not allowed",
	    SOCK_TEXT(&r->attempt.primary), egress_text(verdict));
	attempt_close(r, ATTEMPT_REFUSED, "egress");
}

/* ---- events ------------------------------------------------------------ */

static void
step(struct round *r, const struct zone_event *ev)
{
	struct zone_action a;

	if (r->aborted)
		return;
	zone_step(&r->zone, ev, now_wall_ms(), &a);
	for (unsigned i = 0; i < r->lz->n_primaries; i++)
		if ((r->zone.no_ixfr & (1u << i)) != 0 &&
		    r->memory[i] != NULL)
			r->memory[i]->no_ixfr_until_ms = now_mono_ms() +
			    (int64_t)r->keep->conf->transfer.no_ixfr_s * 1000;
	act(r, &a);
}

static void
step_kind(struct round *r, enum zone_event_kind kind)
{
	struct zone_event ev = { .kind = kind };

	step(r, &ev);
}

/* Did this reason show that nobody is there?  T-009 */
static bool
is_silence(enum handoff_reason reason)
{
	return reason == HANDOFF_CONNECT_REFUSED ||
	    reason == HANDOFF_CONNECT_TIMEOUT ||
	    reason == HANDOFF_CONNECT_FAILED ||
	    reason == HANDOFF_TIMEOUT_FIRST;
}

static void
note_address(struct round *r, enum handoff_reason reason)
{
	const struct conf *conf = r->keep->conf;

	if (reason == HANDOFF_INTERNAL)
		return;
	if (is_silence(reason))
		tally_failed(r->at[r->p], conf->transfer.breaker_failures,
		    (int64_t)conf->transfer.breaker_s * 1000, now_mono_ms());
	else
		tally_worked(r->at[r->p]);
}

/*
 * The key's number in the keyring; false when it cannot be used, with the
 * attempt written.
 */
static bool
take_key(struct round *r, uint32_t *out_key)
{
	const struct lease_primary *p = &r->lz->primaries[r->p];
	struct keyring_row row = { .tenant_id = r->lz->tenant_id,
		.key_id = p->key_id, .name = p->key_name,
		.name_len = p->key_name_len, .algorithm = p->algorithm,
		.sealed = p->sealed, .sealed_len = p->sealed_len };

	*out_key = 0;
	if (p->tls) {
		say(r, "transfers over TLS are not supported yet");
		attempt_close(r, ATTEMPT_REFUSED, "tls-unsupported");
		return false;
	}
	if (!p->has_key)
		return true;
	if (p->key_name_len == 0 || keyring_number(r->keep->keys, &row,
	    out_key) != OK) {
		say(r, "the TSIG key of this primary cannot be opened: set "
		    "its secret again");
		attempt_close(r, ATTEMPT_REFUSED, "tsig-key");
		return false;
	}
	dname_print_bare(p->key_name, r->key_name);
	return true;
}

/* ---- probing ----------------------------------------------------------- */

static void
on_probe(void *arg, const struct probes_answer *answer)
{
	struct round *r = arg;
	struct zone_event ev = { .kind = ZONE_EV_PROBE_FAILED };
	uint32_t ours = r->zone.in.soa.serial;

	r->probe = NULL;
	r->attempt.transport = answer->transport;
	r->attempt.first_ms = answer->ms;
	take_facts(&r->attempt, &answer->facts, answer->reason);
	if (answer->has_soa) {
		r->attempt.primary_serial = answer->serial;
		r->primary_serial = answer->serial;
	}
	if (answer->egress != EGRESS_ALLOWED) {
		refuse_egress(r, answer->egress);
		step(r, &ev);
		return;
	}
	note_address(r, answer->reason);
	if (answer->reason != HANDOFF_OK) {
		explain(r, answer->reason, &answer->facts, NULL, 0);
		attempt_close(r, ATTEMPT_FAILED,
		    handoff_reason_text(answer->reason));
		step(r, &ev);
		return;
	}
	ev.kind = ZONE_EV_SOA;
	ev.soa.serial = answer->serial;
	ev.has_expire = answer->facts.has_expire;
	ev.expire_s = answer->facts.expire_s;
	if (answer->serial == ours) {
		say(r, "%s has serial %u, as we do", SOCK_TEXT(
		    &r->attempt.primary), answer->serial);
		attempt_close(r, ATTEMPT_UPTODATE, "uptodate");
	} else if (serial_newer(answer->serial, ours)) {
		say(r, "%s has serial %u, newer than ours (%u)", SOCK_TEXT(
		    &r->attempt.primary), answer->serial, ours);
		attempt_close(r, ATTEMPT_OK, "newer");
	} else if (serial_undefined(answer->serial, ours)) {
		say(r, "%s has serial %u, which is neither newer nor older "
		    "than ours (%u): raise it by less than 2147483648 "
		    "(RFC 1982 3.2)", SOCK_TEXT(&r->attempt.primary),
		    answer->serial, ours);
		attempt_close(r, ATTEMPT_REFUSED, "serial-undefined");
	} else {
		say(r, "%s has serial %u, older than ours (%u): raise the "
		    "serial there, or ask for a retransfer to accept it",
		    SOCK_TEXT(&r->attempt.primary), answer->serial, ours);
		attempt_close(r, ATTEMPT_REFUSED, "older");
	}
	step(r, &ev);
}

static void
do_probe(struct round *r)
{
	const struct lease_primary *p = &r->lz->primaries[r->p];
	uint32_t key;

	attempt_open(r, ATTEMPT_PROBE, "udp");
	if (!take_key(r, &key)) {
		step_kind(r, ZONE_EV_PROBE_FAILED);
		return;
	}
	r->probe = probes_ask(r->keep->probes, r->lz->tenant_id, r->at[r->p],
	    &p->addr, r->lz->apex, r->lz->apex_len, key, on_probe, r);
	if (r->probe == NULL)
		step_kind(r, ZONE_EV_TROUBLE);
}

/* ---- fetching ---------------------------------------------------------- */

/* What a failed transfer means to the machine. */
static enum zone_event_kind
event_of(const struct round *r, enum handoff_reason reason)
{
	switch (reason) {
	case HANDOFF_CONNECT_REFUSED:
	case HANDOFF_CONNECT_TIMEOUT:
	case HANDOFF_CONNECT_FAILED:
	case HANDOFF_TIMEOUT_FIRST:
	case HANDOFF_TIMEOUT_TOTAL:
	case HANDOFF_TOO_SLOW:
	case HANDOFF_INTERNAL:
		return ZONE_EV_LINK_FAILED;
	case HANDOFF_CLOSED_EARLY:
	case HANDOFF_TIMEOUT_IDLE:
		/* It took the connection and dislikes IXFR: T-076. */
		return r->zone.mode == ZONE_MODE_IXFR ?
		    ZONE_EV_REPLY_FAILED : ZONE_EV_LINK_FAILED;
	case HANDOFF_LIMIT_RECORDS:
	case HANDOFF_LIMIT_BYTES:
	case HANDOFF_LIMIT_RRSET:
	case HANDOFF_LIMIT_MESSAGES:
		return ZONE_EV_REJECTED;
	case HANDOFF_OK:
	case HANDOFF_UPTODATE:
	case HANDOFF_RCODE:
	case HANDOFF_NOT_AUTH:
	case HANDOFF_MALFORMED:
	case HANDOFF_WRONG_ID:
	case HANDOFF_WRONG_QUESTION:
	case HANDOFF_TRUNCATED:
	case HANDOFF_NO_SOA:
	case HANDOFF_BAD_ORDER:
	case HANDOFF_OUT_OF_ZONE:
	case HANDOFF_BAD_RDATA:
	case HANDOFF_TSIG_MISSING:
	case HANDOFF_TSIG_BADSIG:
	case HANDOFF_TSIG_BADKEY:
	case HANDOFF_TSIG_BADTIME:
	case HANDOFF_TSIG_BADTRUNC:
	case HANDOFF_TSIG_ORDER:
	case HANDOFF_IXFR_REFUSED:
	case HANDOFF_IXFR_MISMATCH:
	case HANDOFF_REASONS:
		break;
	}
	return ZONE_EV_REPLY_FAILED;
}

/* A child says them: one that lies gets what its row can hold. */
static void
take_times(struct attempt *a, const struct handoff_result *res)
{
	uint32_t ms = MIN(res->ms, (uint32_t)INT32_MAX);
	uint32_t first_ms = MIN(res->first_ms, ms);
	uint32_t connect_ms = MIN(res->connect_ms, res->messages == 0 ? ms :
	    first_ms);

	if (res->has_connect)
		a->connect_ms = connect_ms;
	if (res->messages == 0)
		return;
	a->first_ms = first_ms - (res->has_connect ? connect_ms : 0);
	a->transfer_ms = ms - first_ms;
}

static void
take_numbers(struct round *r, const struct fetches_answer *answer)
{
	const struct handoff_result *res = answer->result;
	struct attempt *a = &r->attempt;

	a->bytes = (int64_t)res->bytes;
	a->records = (int64_t)res->records;
	a->messages = res->messages;
	take_times(a, res);
	a->total_ms = now_mono_ms() - a->started_ms - answer->waited_ms;
	if (a->total_ms < 0)
		a->total_ms = 0;
	take_facts(a, &res->facts, res->reason);
	if (res->has_soa) {
		a->primary_serial = res->serial;
		r->primary_serial = res->serial;
	}
}

static void
fetch_failed(struct round *r, const struct fetches_answer *answer)
{
	const struct handoff_result *res = answer->result;
	enum handoff_reason reason = res->reason;

	if (answer->egress != EGRESS_ALLOWED) {
		refuse_egress(r, answer->egress);
		step_kind(r, ZONE_EV_LINK_FAILED);
		return;
	}
	note_address(r, reason);
	if (answer->spool_full)
		say(r, "the transfer from %s needs more memory than allowed "
		    "for one zone, or for all transfers of this account at "
		    "a time", SOCK_TEXT(&r->attempt.primary));
	else
		explain(r, reason, &res->facts, res->text, res->text_len);
	attempt_close(r, ATTEMPT_FAILED, handoff_reason_text(reason));
	step_kind(r, event_of(r, reason));
}

static void
on_fetch(void *arg, const struct fetches_answer *answer)
{
	const struct handoff_result *res = answer->result;
	struct round *r = arg;
	struct zone_event ev = { .kind = ZONE_EV_RECEIVED };
	struct rr_soa soa;

	r->fetch = NULL;
	spool_free(r->spool);
	r->spool = answer->spool;
	take_numbers(r, answer);
	if (answer->egress != EGRESS_ALLOWED ||
	    (res->reason != HANDOFF_OK && res->reason != HANDOFF_UPTODATE)) {
		fetch_failed(r, answer);
		return;
	}
	note_address(r, HANDOFF_OK);
	if (!res->has_soa || rr_rdata_check(RRTYPE_SOA, res->soa,
	    res->soa_len) != OK || rr_soa_parse(res->soa, res->soa_len,
	    &soa) != OK) {
		say(r, "the SOA of the transfer cannot be read");
		attempt_close(r, ATTEMPT_FAILED, "no-soa");
		step_kind(r, ZONE_EV_REPLY_FAILED);
		return;
	}
	ev.soa = (struct zone_soa){ .serial = soa.serial,
		.refresh = soa.refresh, .retry = soa.retry,
		.expire = soa.expire, .minimum = soa.minimum };
	ev.has_expire = res->facts.has_expire;
	ev.expire_s = res->facts.expire_s;
	if (res->style == HANDOFF_STYLE_SINGLE ||
	    res->reason == HANDOFF_UPTODATE) {
		ev.kind = ZONE_EV_CURRENT;
		say(r, "%s has serial %u and sends no differences",
		    SOCK_TEXT(&r->attempt.primary), soa.serial);
		attempt_close(r, ATTEMPT_UPTODATE, "uptodate");
		step(r, &ev);
		return;
	}
	if (res->style == HANDOFF_STYLE_NONE ||
	    (res->style == HANDOFF_STYLE_IXFR &&
	    r->zone.mode != ZONE_MODE_IXFR)) {
		say(r, "%s sent something that is no whole zone",
		    SOCK_TEXT(&r->attempt.primary));
		attempt_close(r, ATTEMPT_FAILED, "bad-order");
		step_kind(r, ZONE_EV_REPLY_FAILED);
		return;
	}
	r->ixfr_style = res->style == HANDOFF_STYLE_IXFR;
	r->received = ev;
	step(r, &ev);
	/* Not wanted after all: another serial than the probe's. */
	if (r->ingest == NULL && r->spool != NULL && r->ending) {
		spool_free(r->spool);
		r->spool = NULL;
	}
}

static void
do_fetch(struct round *r, enum zone_mode mode)
{
	const struct lease_primary *p = &r->lz->primaries[r->p];
	struct fetches_ask ask = { .tenant = r->tenant, .at = r->at[r->p],
		.addr = p->addr, .apex_len = r->lz->apex_len, .mode = mode,
		.urgency = r->lz->reason };

	if (mode == ZONE_MODE_AXFR && r->zone.no_ixfr != 0)
		count_add(COUNT_ixfr_fallbacks, 1);
	attempt_open(r, mode == ZONE_MODE_IXFR ? ATTEMPT_IXFR : ATTEMPT_AXFR,
	    "tcp");
	if (!take_key(r, &ask.key)) {
		step_kind(r, ZONE_EV_LINK_FAILED);
		return;
	}
	memcpy(ask.tenant_id, r->lz->tenant_id, 16);
	memcpy(ask.apex, r->lz->apex, r->lz->apex_len);
	if (mode == ZONE_MODE_IXFR) {
		ask.serial = r->lz->serial;
		ask.soa_len = r->lz->soa_len;
		memcpy(ask.soa, r->lz->soa, r->lz->soa_len);
	}
	r->fetch = fetches_ask(r->keep->fetches, &ask, on_fetch, r);
	if (r->fetch == NULL)
		step_kind(r, ZONE_EV_TROUBLE);
}

/* ---- building and publishing ------------------------------------------- */

static void
on_published(struct publish_version *v, enum err e)
{
	struct round *r = v->arg;
	struct zone_event ev = r->received;
	uint64_t n_pages = v->pages.n;

	r->version = NULL;
	publish_version_free(v);
	if (r->aborted) {
		round_free(r);
		return;
	}
	r->attempt.ingest_ms = now_mono_ms() - r->attempt.started_ms -
	    r->attempt.total_ms;
	r->attempt.total_ms = -1;
	if (e == OK) {
		ev.kind = ZONE_EV_PUBLISHED;
		r->attempt.serial_after = ev.soa.serial;
		r->attempt.generation = r->lz->generation + 1;
		r->attempt.pages = (int64_t)n_pages;
		say(r, "serial %u was transferred from %s by %s and published",
		    ev.soa.serial, SOCK_TEXT(&r->attempt.primary),
		    r->ixfr_style ? "IXFR" : "AXFR");
		log_info("zone.published", "zone=%s serial=%u generation=%"
		    PRId64 " mode=%s primary=%s records=%" PRId64
		    " bytes=%" PRId64 " pages=%" PRIu64 " ms=%" PRId64,
		    LOG_Q(r->lz->name), ev.soa.serial, r->lz->generation + 1,
		    r->ixfr_style ? "ixfr" : "axfr",
		    SOCK_TEXT(&r->attempt.primary), r->attempt.records,
		    r->attempt.bytes, n_pages,
		    now_mono_ms() - r->attempt.started_ms);
		attempt_close(r, ATTEMPT_OK, "ok");
		tidy_zone(r->keep->tidy, r->lz->zone_id,
		    r->lz->generation + 1);
	} else if (e == ERR_CONFLICT) {
		ev.kind = ZONE_EV_CONFLICT;
		say(r, "another worker published a version first");
		attempt_close(r, ATTEMPT_REFUSED, "conflict");
	} else {
		ev.kind = ZONE_EV_TROUBLE;
		say(r, "our database did not take the version; it is tried "
		    "again");
		attempt_close(r, ATTEMPT_REFUSED, "trouble");
		log_err("zone.not_published", "zone=%s err=%s",
		    LOG_Q(r->lz->name), err_name(e));
	}
	step(r, &ev);
}

static void
submit_version(struct round *r, struct publish_version *v)
{
	uint32_t expire_s = zone_expire_s(&r->keep->limits,
	    &r->received.soa);

	memcpy(v->zone_id, r->lz->zone_id, 16);
	memcpy(v->tenant_id, r->lz->tenant_id, 16);
	memcpy(v->primary_id, r->lz->primaries[r->p].id, 16);
	v->ixfr = r->ixfr_style;
	if (v->soa_len == 0) {		/* the apex did not change */
		v->serial = r->lz->serial;
		v->soa_len = r->lz->soa_len;
		memcpy(v->soa, r->lz->soa, r->lz->soa_len);
	}
	if (r->received.has_expire && r->received.expire_s < expire_s)
		expire_s = MAX(r->received.expire_s, 1u);
	v->expires_in_ms = (int64_t)expire_s * 1000;
	v->done = on_published;
	v->arg = r;
	r->version = v;
	publish_submit(r->keep->publish, v);
}

static void
ingest_refused(struct round *r, struct ingest *in)
{
	enum zone_event_kind kind = ZONE_EV_TROUBLE;

	r->attempt.ingest_ms = in->ms;
	r->attempt.total_ms = -1;
	switch (in->verdict) {
	case INGEST_REJECTED:
		kind = ZONE_EV_REJECTED;
		count_add(COUNT_rejected, 1);
		say(r, "the zone from %s was not accepted: %s; the last good "
		    "version stays", SOCK_TEXT(&r->attempt.primary),
		    in->check.text);
		attempt_close(r, ATTEMPT_REFUSED, in->check.reason);
		break;
	case INGEST_MISMATCH:
		kind = ZONE_EV_MISMATCH;
		say(r, "the differences from %s do not fit the version that "
		    "we have (%s); the whole zone is fetched instead",
		    SOCK_TEXT(&r->attempt.primary), in->check.text[0] != '\0' ?
		    in->check.text : "serials");
		attempt_close(r, ATTEMPT_FAILED, "ixfr-mismatch");
		break;
	case INGEST_CONFLICT:
		kind = ZONE_EV_CONFLICT;
		say(r, "another worker published a version first");
		attempt_close(r, ATTEMPT_REFUSED, "conflict");
		break;
	case INGEST_SAME:
		kind = ZONE_EV_CURRENT;
		say(r, "the zone from %s is the one that we have",
		    SOCK_TEXT(&r->attempt.primary));
		attempt_close(r, ATTEMPT_UPTODATE, "same");
		break;
	case INGEST_READY:
	case INGEST_TROUBLE:
		say(r, "our own trouble while taking the zone (%s); it is "
		    "tried again", err_text(in->job.err));
		attempt_close(r, ATTEMPT_REFUSED, "trouble");
		break;
	}
	step_kind(r, kind);
}

static void
on_ingest(struct crew_job *job)
{
	struct ingest *in = CONTAINER_OF(job, struct ingest, job);
	struct round *r = in->owner;

	CHECK(r->ingest == in);
	r->ingest = NULL;
	spool_free(r->spool);
	r->spool = NULL;
	if (job->err != OK)
		in->verdict = INGEST_TROUBLE;
	if (r->aborted) {
		publish_version_free(in->version);
		free(in);
		round_free(r);
		return;
	}
	if (in->verdict == INGEST_READY)
		submit_version(r, in->version);
	else
		ingest_refused(r, in);
	free(in);
}

static void
do_publish(struct round *r)
{
	struct ingest *in = calloc(1, sizeof(*in));

	if (in == NULL) {
		step_kind(r, ZONE_EV_TROUBLE);
		return;
	}
	in->job = (struct crew_job){ .run = ingest_run, .done = on_ingest,
		.give_up_ms = now_mono_ms() + PUBLISH_GIVE_UP_MS };
	in->owner = r;
	in->spool = r->spool;
	in->ixfr = r->ixfr_style;
	memcpy(in->apex, r->lz->apex, r->lz->apex_len);
	in->apex_len = r->lz->apex_len;
	memcpy(in->zone_id, r->lz->zone_id, 16);
	in->generation = r->lz->generation;
	in->serial = r->received.soa.serial;
	in->limits = r->keep->content;
	r->ingest = in;
	crew_submit(r->keep->crew, CREW_BUILD, &in->job);
}

/* ---- the end ----------------------------------------------------------- */

static void
on_written(void *arg)
{
	struct round *r = arg;
	struct keep *keep = r->keep;

	round_free(r);
	keep->round_ended(keep);
}

static int
priority_of(enum zone_reason reason)
{
	return reason == ZONE_REASON_NOTIFY ? 0 : 3;
}

static void
do_finish(struct round *r)
{
	const struct zone_end *end = &r->zone.end;
	int64_t now = now_wall_ms();
	struct ledger_end e = { .due_in_ms = end->due_at_ms - now,
		.priority = priority_of(end->next_reason),
		.failures = end->failures,
		.primary_serial = r->primary_serial,
		.contact = end->contact,
		.expires_in_ms = end->expires_at_ms - now,
		.renew = end->outcome == ZONE_OUT_CURRENT,
		.outcome = zone_outcome_text(end->outcome),
		.written = on_written, .arg = r };

	if (e.due_in_ms < 0)
		e.due_in_ms = 0;
	memcpy(e.zone_id, r->lz->zone_id, 16);
	e.n_jobs = r->lz->n_jobs;
	memcpy(e.job_ids, r->lz->job_ids, sizeof(e.job_ids));
	e.jobs_ok = end->outcome == ZONE_OUT_CURRENT ||
	    end->outcome == ZONE_OUT_UPDATED;
	switch (end->outcome) {
	case ZONE_OUT_UPDATED:
		count_add(COUNT_rounds_updated, 1);
		break;
	case ZONE_OUT_CURRENT:
		count_add(COUNT_rounds_current, 1);
		break;
	case ZONE_OUT_OLDER:
	case ZONE_OUT_FAILED:
		count_add(COUNT_rounds_failed, 1);
		/* FALLTHROUGH */
	case ZONE_OUT_CONFLICT:
	case ZONE_OUT_TROUBLE:
		if (r->error[0] == '\0')
			snprintf(r->error, sizeof(r->error), "%s",
			    r->lz->n_primaries == 0 ?
			    "the zone has no primary" : "every primary of "
			    "the zone is being left alone after failures");
		e.error = strdup(r->error);
		break;
	}
	r->ending = true;
	ledger_finish(r->keep->ledger, &e);
}

static void
do_sleep(struct round *r)
{
	struct ledger_end e = { .due_in_ms = ASLEEP_MS, .priority = 3,
		.failures = r->lz->failures, .primary_serial = -1,
		.outcome = "asleep", .written = on_written, .arg = r };

	memcpy(e.zone_id, r->lz->zone_id, 16);
	e.n_jobs = r->lz->n_jobs;
	memcpy(e.job_ids, r->lz->job_ids, sizeof(e.job_ids));
	r->ending = true;
	ledger_finish(r->keep->ledger, &e);
}

static void
act(struct round *r, const struct zone_action *a)
{
	switch (a->kind) {
	case ZONE_ACT_NONE:
		break;
	case ZONE_ACT_PROBE:
		r->p = a->primary;
		do_probe(r);
		break;
	case ZONE_ACT_FETCH:
		r->p = a->primary;
		do_fetch(r, a->mode);
		break;
	case ZONE_ACT_PUBLISH:
		do_publish(r);
		break;
	case ZONE_ACT_FINISH:
		do_finish(r);
		break;
	}
}

void
round_abort(struct round *r)
{
	if (r->aborted || r->ending)
		return;
	r->aborted = true;
	probes_cancel(r->keep->probes, r->probe);
	fetches_cancel(r->keep->fetches, r->fetch);
	r->probe = NULL;
	r->fetch = NULL;
	/* What is in the crew ends by itself; its done() frees the round. */
	if (r->ingest == NULL && r->version == NULL)
		round_free(r);
}

/* ---- the beginning ----------------------------------------------------- */

static uint64_t
spread_of(const uint8_t zone_id[16])
{
	uint64_t n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 8 | zone_id[i + 8];
	return n % 1000;		/* uuids are random already */
}

static int
index_of(const struct lease_zone *lz, int ordinal)
{
	for (unsigned i = 0; i < lz->n_primaries; i++)
		if (lz->primaries[i].ordinal == ordinal)
			return (int)i;
	return -1;
}

static void
begin_machine(struct round *r)
{
	struct lease_zone *lz = r->lz;
	int64_t now = now_wall_ms(), mono = now_mono_ms();
	struct zone_start s = { .reason = lz->reason,
		.spread = spread_of(lz->zone_id), .loaded = lz->loaded,
		.failures = lz->failures, .notify_primary = -1,
		.has_hint = lz->has_hint, .hint = lz->hint,
		.n_primaries = lz->n_primaries };
	struct zone_action a;
	struct rr_soa soa;

	if (lz->loaded && rr_soa_parse(lz->soa, lz->soa_len, &soa) == OK) {
		s.soa = (struct zone_soa){ .serial = soa.serial,
			.refresh = soa.refresh, .retry = soa.retry,
			.expire = soa.expire, .minimum = soa.minimum };
		s.expires_at_ms = now + lz->expires_in_ms;
	} else {
		s.loaded = false;
	}
	if (lz->reason == ZONE_REASON_NOTIFY)
		s.notify_primary = index_of(lz, lz->first_ordinal);
	for (unsigned i = 0; i < lz->n_primaries; i++) {
		s.primaries[i].avoid = tally_avoid(r->at[i], mono);
		s.primaries[i].no_ixfr =
		    r->memory[i]->no_ixfr_until_ms > mono;
	}
	zone_begin(&r->zone, &r->keep->limits, &s, now, &a);
	act(r, &a);
}

void
round_begin(struct keep *keep, struct lease_zone *lz)
{
	struct round *r = calloc(1, sizeof(*r));
	bool ok = r != NULL;

	if (ok) {
		r->tenant = tally_tenant(keep->tally, lz->tenant_id);
		ok = r->tenant != NULL;
	}
	for (unsigned i = 0; ok && i < lz->n_primaries; i++) {
		r->at[i] = tally_address(keep->tally, lz->tenant_id,
		    &lz->primaries[i].addr);
		r->memory[i] = tally_zone_primary(keep->tally, lz->zone_id,
		    lz->primaries[i].id);
		ok = r->at[i] != NULL && r->memory[i] != NULL;
	}
	if (!ok) {
		/* Its lease lapses; by then there may be room. */
		log_warn("round.dropped", "zone=%s why=memory",
		    LOG_Q(lz->name));
		if (r != NULL) {
			tally_put(r->tenant);
			for (unsigned i = 0; i < lz->n_primaries; i++) {
				tally_put(r->at[i]);
				tally_put(r->memory[i]);
			}
		}
		free(r);
		lease_zone_free(lz);
		return;
	}
	r->keep = keep;
	r->lz = lz;
	r->started_ms = now_mono_ms();
	r->primary_serial = -1;
	r->tenant->rounds++;
	r->next = keep->rounds;
	keep->rounds = r;
	keep->n_rounds++;
	count_add(COUNT_rounds, 1);
	count_set(COUNT_rounds_running, keep->n_rounds);
	if (lz->asleep)
		do_sleep(r);
	else
		begin_machine(r);
}
