/*
 * round_probe.c - see round_probe.h.
 */
#include "xferd/round_probe.h"

#include <string.h>

#include "common/base/now.h"
#include "common/dns/serial.h"
#include "xferd/logbook.h"
#include "xferd/round_parts.h"

static void
probed(struct round *r, const struct probes_answer *answer,
    const char *detail, size_t detail_len)
{
	struct zone_event ev = { .kind = ZONE_EV_PROBE_FAILED };
	uint32_t ours = r->zone.in.soa.serial;

	r->attempt.transport = answer->transport;
	r->attempt.first_ms = answer->ms;
	logbook_take_facts(&r->attempt, &answer->facts, answer->reason);
	if (answer->has_soa) {
		r->attempt.primary_serial = answer->serial;
		r->primary_serial = answer->serial;
	}
	if (answer->egress != EGRESS_ALLOWED) {
		logbook_refuse_egress(r, answer->egress);
		r->step(r, &ev);
		return;
	}
	logbook_note_address(r, answer->reason);
	if (answer->reason != HANDOFF_OK) {
		logbook_explain(r, answer->reason, &answer->facts, detail,
		    detail_len);
		logbook_close(r, ATTEMPT_FAILED,
		    handoff_reason_text(answer->reason));
		r->step(r, &ev);
		return;
	}
	ev.kind = ZONE_EV_SOA;
	ev.soa.serial = answer->serial;
	ev.has_expire = answer->facts.has_expire;
	ev.expire_s = answer->facts.expire_s;
	if (answer->serial == ours) {
		logbook_say(r, "%s has serial %u, as we do", SOCK_TEXT(
		    &r->attempt.primary), answer->serial);
		logbook_close(r, ATTEMPT_UPTODATE, "uptodate");
	} else if (serial_newer(answer->serial, ours)) {
		logbook_say(r,
		    "%s has serial %u, newer than ours (%u)", SOCK_TEXT(
		    &r->attempt.primary), answer->serial, ours);
		logbook_close(r, ATTEMPT_OK, "newer");
	} else if (serial_undefined(answer->serial, ours)) {
		logbook_say(r,
		    "%s has serial %u, which is neither newer nor older "
		    "than ours (%u): raise it by less than 2147483648 "
		    "(RFC 1982 3.2)", SOCK_TEXT(&r->attempt.primary),
		    answer->serial, ours);
		logbook_close(r, ATTEMPT_REFUSED, "serial-undefined");
	} else {
		logbook_say(r,
		    "%s has serial %u, older than ours (%u): raise the "
		    "serial there, or ask for a retransfer to accept it",
		    SOCK_TEXT(&r->attempt.primary), answer->serial, ours);
		logbook_close(r, ATTEMPT_REFUSED, "older");
	}
	r->step(r, &ev);
}

static void
on_probe(void *arg, const struct probes_answer *answer)
{
	struct round *r = arg;

	r->probe = NULL;
	probed(r, answer, NULL, 0);
}

/* The same over TLS, where the transfer will go, too. */
static void
on_secure_probe(void *arg, const struct fetches_answer *answer)
{
	const struct handoff_result *res = answer->result;
	struct round *r = arg;
	struct probes_answer a = { .reason = res->reason,
		.egress = answer->egress, .transport = "tls",
		.has_soa = res->has_soa, .serial = res->serial,
		.ms = res->first_ms, .facts = res->facts };

	r->fetch = NULL;
	spool_free(answer->spool);
	if (res->has_connect)
		r->attempt.connect_ms = MIN(res->connect_ms, res->ms);
	logbook_take_tls(&r->attempt, &res->tls);
	probed(r, &a, res->text, res->text_len);
}

/* No SOA is asked for in the clear.  T-160 */
static void
begin_secure(struct round *r, const struct lease_primary *p)
{
	struct fetches_ask ask = { .tenant = r->tenant, .at = r->at[r->p],
		.addr = p->addr, .profile = p->profile,
		.apex_len = r->lz->apex_len, .probe = true,
		.urgency = r->lz->reason };

	logbook_open(r, ATTEMPT_PROBE, "tls");
	if (!logbook_take_key(r, &ask.key)) {
		round_parts_step(r, ZONE_EV_PROBE_FAILED);
		return;
	}
	memcpy(ask.tenant_id, r->lz->tenant_id, 16);
	memcpy(ask.apex, r->lz->apex, r->lz->apex_len);
	r->fetch = fetches_ask(r->keep->fetches, &ask, on_secure_probe, r);
	if (r->fetch == NULL)
		round_parts_step(r, ZONE_EV_TROUBLE);
}

void
round_probe_begin(struct round *r)
{
	const struct lease_primary *p = &r->lz->primaries[r->p];
	uint32_t key;

	if (p->tls) {
		begin_secure(r, p);
		return;
	}
	logbook_open(r, ATTEMPT_PROBE, "udp");
	if (!logbook_take_key(r, &key)) {
		round_parts_step(r, ZONE_EV_PROBE_FAILED);
		return;
	}
	r->probe = probes_ask(r->keep->probes, r->lz->tenant_id, r->at[r->p],
	    &p->addr, r->lz->apex, r->lz->apex_len, key, on_probe, r);
	if (r->probe == NULL)
		round_parts_step(r, ZONE_EV_TROUBLE);
}
