/*
 * round_gate.c - see round_gate.h.
 */
#include "xferd/round_gate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/dns/dname.h"
#include "xferd/count.h"
#include "xferd/gate_run.h"
#include "xferd/guard.h"
#include "xferd/ledger.h"
#include "xferd/logbook.h"
#include "xferd/round_parts.h"

enum { GATE_GIVE_UP_MS = 60000 };

bool
round_gate_wanted(const struct round *r, const struct ingest *in)
{
	/* An apex that stays while the rest changes may have a ZONEMD. */
	return r->lz->guard != NULL || in->check.has_zonemd ||
	    !in->check.saw_apex;
}

static void
drop(struct round *r)
{
	publish_version_free(r->version);
	r->version = NULL;
	free(r->gate);
	r->gate = NULL;
}

static void
say_held(struct round *r, const struct gate_run *g)
{
	count_add(COUNT_held, 1);
	logbook_say(r, "serial %u from %s is held back: %s; %s", g->serial,
	    SOCK_TEXT(&r->attempt.primary), g->verdict.message,
	    g->verdict.advice);
	log_info("zone.held", "zone=%s serial=%u reason=%s why=%s ms=%" PRId64,
	    LOG_Q(r->lz->name), g->serial, g->verdict.reason,
	    LOG_Q(g->verdict.message), g->ms);
	logbook_close(r, ATTEMPT_REFUSED, g->verdict.reason);
	ledger_event(r->keep->ledger, r->lz->zone_id, r->lz->tenant_id,
	    r->lz->name, "version-held", "serial %u is held back: %.400s; "
	    "%.400s", g->serial, g->verdict.message, g->verdict.advice);
}

static void
on_slice(struct crew_job *job)
{
	struct gate_run *g = CONTAINER_OF(job, struct gate_run, job);
	struct round *r = g->owner;
	enum zone_event_kind kind = ZONE_EV_TROUBLE;

	CHECK(r->gate == g);
	if (job->err == OK && g->step != GATE_RUN_DONE && !r->aborted) {
		job->give_up_ms = now_mono_ms() + GATE_GIVE_UP_MS;
		crew_submit(r->keep->crew, CREW_GATE, job);
		return;
	}
	gate_run_fini(g);
	if (r->aborted) {
		drop(r);
		r->gone(r);
		return;
	}
	count_add(COUNT_gates, 1);
	count_add(COUNT_gate_signatures, g->n_verified);
	count_add(COUNT_gate_ms, (uint64_t)g->ms);
	if (job->err == OK && g->verdict.reason == NULL) {
		void (*pass)(struct round *r) = r->gate_pass;

		free(g);
		r->gate = NULL;
		pass(r);
		return;
	}
	r->attempt.total_ms = -1;
	if (job->err == OK) {
		kind = ZONE_EV_HELD;
		say_held(r, g);
	} else if (job->err == ERR_CONFLICT) {
		kind = ZONE_EV_CONFLICT;
		logbook_say(r, "another worker published a version first");
		logbook_close(r, ATTEMPT_REFUSED, "conflict");
	} else {
		logbook_say(r, "our own trouble while checking the zone (%s); "
		    "it is tried again", err_text(job->err));
		logbook_close(r, ATTEMPT_REFUSED, "trouble");
	}
	drop(r);
	round_parts_step(r, kind);
}

void
round_gate_begin(struct round *r, void (*pass)(struct round *r))
{
	const struct guard *guard = r->lz->guard;
	struct gate_run *g = calloc(1, sizeof(*g));

	CHECK(r->version != NULL);
	r->gate = g;
	if (g == NULL) {
		drop(r);
		logbook_say(r, "our own trouble while checking the zone (%s); "
		    "it is tried again", err_text(ERR_NO_MEMORY));
		logbook_close(r, ATTEMPT_REFUSED, "trouble");
		round_parts_step(r, ZONE_EV_TROUBLE);
		return;
	}
	g->job = (struct crew_job){ .run = gate_run_slice, .done = on_slice,
		.give_up_ms = now_mono_ms() + GATE_GIVE_UP_MS };
	g->owner = r;
	g->version = r->version;
	g->serial = r->received.soa.serial;
	g->now_s = now_wall_ms() / 1000;
	dname_lower(r->lz->apex, g->apex);
	gate_policy_default(&g->policy);
	if (guard != NULL) {
		g->policy = guard->policy;
		g->accepted = guard->accepted && guard->has_digest &&
		    guard->held_serial == g->serial;
		g->accepted_digest = guard->held_digest;
	}
	r->gate_pass = pass;
	crew_submit(r->keep->crew, CREW_GATE, &g->job);
}
