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
on_probe(void *arg, const struct probes_answer *answer)
{
	struct round *r = arg;
	struct zone_event ev = { .kind = ZONE_EV_PROBE_FAILED };
	uint32_t ours = r->zone.in.soa.serial;

	r->probe = NULL;
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
		logbook_explain(r, answer->reason, &answer->facts, NULL, 0);
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

void
round_probe_begin(struct round *r)
{
	const struct lease_primary *p = &r->lz->primaries[r->p];
	uint32_t key;

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
