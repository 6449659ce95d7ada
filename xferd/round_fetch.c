/*
 * round_fetch.c - see round_fetch.h.
 */
#include "xferd/round_fetch.h"

#include <string.h>

#include "common/base/now.h"
#include "common/dns/rr.h"
#include "xferd/count.h"
#include "xferd/ledger.h"
#include "xferd/logbook.h"
#include "xferd/round_parts.h"

/* What a failed transfer means to the machine. */
static enum zone_event_kind
event_of(const struct round *r, enum handoff_reason reason)
{
	switch (reason) {
	case HANDOFF_CONNECT_REFUSED:
	case HANDOFF_CONNECT_TIMEOUT:
	case HANDOFF_CONNECT_FAILED:
	case HANDOFF_TLS_FAILED:
	case HANDOFF_TLS_TIMEOUT:
	case HANDOFF_TLS_VERSION:
	case HANDOFF_TLS_ALPN:
	case HANDOFF_TLS_CERTIFICATE:
	case HANDOFF_TLS_DATE:
	case HANDOFF_TLS_NAME:
	case HANDOFF_TLS_PIN:
	case HANDOFF_TLS_CLIENT:
	case HANDOFF_TLS_SETUP:
	case HANDOFF_TIMEOUT_FIRST:
	case HANDOFF_TIMEOUT_TOTAL:
	case HANDOFF_TOO_SLOW:
	case HANDOFF_UNASKED:
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
	logbook_take_facts(a, &res->facts, res->reason);
	logbook_take_tls(a, &res->tls);
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
	enum zone_event_kind kind = event_of(r, reason);

	if (answer->egress != EGRESS_ALLOWED) {
		logbook_refuse_egress(r, answer->egress);
		round_parts_step(r, ZONE_EV_LINK_FAILED);
		return;
	}
	logbook_note_address(r, reason);
	if (answer->spool_full)
		logbook_say(r,
		    "the transfer from %s needs more memory than allowed "
		    "for one zone, or for all transfers of this account at "
		    "a time", SOCK_TEXT(&r->attempt.primary));
	else
		logbook_explain(r, reason, &res->facts, res->text,
		    res->text_len);
	if (r->zone.mode == ZONE_MODE_IXFR && kind != ZONE_EV_LINK_FAILED)
		logbook_add(r, "; the whole zone is fetched instead");
	logbook_close(r, ATTEMPT_FAILED, handoff_reason_text(reason));
	round_parts_step(r, kind);
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
	logbook_note_address(r, HANDOFF_OK);
	if (!res->has_soa || rr_rdata_check(RRTYPE_SOA, res->soa,
	    res->soa_len) != OK || rr_soa_parse(res->soa, res->soa_len,
	    &soa) != OK) {
		logbook_say(r, "the SOA of the transfer cannot be read");
		logbook_close(r, ATTEMPT_FAILED, "no-soa");
		round_parts_step(r, ZONE_EV_REPLY_FAILED);
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
		logbook_say(r, "%s has serial %u and sends no differences",
		    SOCK_TEXT(&r->attempt.primary), soa.serial);
		logbook_close(r, ATTEMPT_UPTODATE, "uptodate");
		r->step(r, &ev);
		return;
	}
	if (res->style == HANDOFF_STYLE_NONE ||
	    (res->style == HANDOFF_STYLE_IXFR &&
	    r->zone.mode != ZONE_MODE_IXFR)) {
		logbook_say(r, "%s sent something that is no whole zone",
		    SOCK_TEXT(&r->attempt.primary));
		logbook_close(r, ATTEMPT_FAILED, "bad-order");
		round_parts_step(r, ZONE_EV_REPLY_FAILED);
		return;
	}
	r->ixfr_style = res->style == HANDOFF_STYLE_IXFR;
	r->received = ev;
	r->not_aa = !res->aa;
	r->out_of_zone = res->out_of_zone;
	r->step(r, &ev);
	/* Not wanted after all: another serial than the probe's. */
	if (r->ingest == NULL && r->spool != NULL && r->ending) {
		logbook_say(r, "%s sent serial %u, which we have",
		    SOCK_TEXT(&r->attempt.primary), soa.serial);
		logbook_close(r, ATTEMPT_UPTODATE, "uptodate");
		spool_free(r->spool);
		r->spool = NULL;
	}
}

/* The account has had its bytes of today. */
static void
stop(struct round *r, enum zone_mode mode, bool tls)
{
	logbook_open(r, mode == ZONE_MODE_IXFR ? ATTEMPT_IXFR : ATTEMPT_AXFR,
	    tls ? "tls" : "tcp");
	logbook_say(r, "the transfers of this account have used up today's "
	    "bytes: they go on after 00:00 UTC; the operator can raise the "
	    "limit transfer_bytes");
	logbook_close(r, ATTEMPT_REFUSED, "account-transfer");
	if (r->lz->failures == 0)
		ledger_event(r->keep->ledger, r->lz->zone_id,
		    r->lz->tenant_id, r->lz->name, "account-transfer",
		    "transfers wait for 00:00 UTC: the account has used up "
		    "its bytes of today");
	round_parts_step(r, ZONE_EV_STOPPED);
}

void
round_fetch_begin(struct round *r, enum zone_mode mode)
{
	const struct lease_primary *p = &r->lz->primaries[r->p];
	struct fetches_ask ask = { .tenant = r->tenant, .at = r->at[r->p],
		.addr = p->addr, .profile = p->tls ? p->profile : NULL,
		.apex_len = r->lz->apex_len, .mode = mode,
		.urgency = r->lz->reason };

	if (r->lz->used_up) {
		stop(r, mode, p->tls);
		return;
	}
	if (mode == ZONE_MODE_AXFR && r->zone.no_ixfr != 0)
		count_add(COUNT_ixfr_fallbacks, 1);
	logbook_open(r, mode == ZONE_MODE_IXFR ? ATTEMPT_IXFR : ATTEMPT_AXFR,
	    p->tls ? "tls" : "tcp");
	if (!logbook_take_key(r, &ask.key)) {
		round_parts_step(r, ZONE_EV_LINK_FAILED);
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
		round_parts_step(r, ZONE_EV_TROUBLE);
}
