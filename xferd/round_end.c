/*
 * round_end.c - see round_end.h.
 */
#include "xferd/round_end.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/conf.h"
#include "common/base/now.h"
#include "common/db/db.h"
#include "xferd/count.h"
#include "xferd/guard.h"
#include "xferd/ledger.h"
#include "xferd/round_parts.h"

enum { SEEN_MAX = 4096 };		/* 16 primaries in JSON */

static int
priority_of(enum zone_reason reason)
{
	return reason == ZONE_REASON_NOTIFY ? 0 : 3;
}

/* ---- what the primaries showed ----------------------------------------- */

static char *
print_shown(const struct round *r)
{
	char text[SEEN_MAX], id[DB_UUID_TEXT_SIZE], serial[24];
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < r->lz->n_primaries; i++) {
		const char *problem = r->shown[i].problem;
		int len;

		if (!r->shown[i].asked)
			continue;
		db_uuid_print(r->lz->primaries[i].id, id);
		snprintf(serial, sizeof(serial), "%" PRId64,
		    r->shown[i].serial);
		/* Problems are our own words: nothing to escape. */
		len = snprintf(text + n, sizeof(text) - n,
		    "%s\"%s\":{\"serial\":%s,\"problem\":%s%s%s}",
		    n == 0 ? "{" : ",", id,
		    r->shown[i].serial < 0 ? "null" : serial,
		    problem == NULL ? "" : "\"",
		    problem == NULL ? "null" : problem,
		    problem == NULL ? "" : "\"");
		if (len < 0 || n + (size_t)len + 2 > sizeof(text))
			return NULL;
		n += (size_t)len;
	}
	if (n == 0)
		return NULL;
	memcpy(text + n, "}", 2);
	return strdup(text);
}

/* ---- memory ------------------------------------------------------------ */

/* A primary that fails this zone is asked after the others, ever more rarely
 * before them; it is nobody else's memory.			T-008 */
static void
remember(struct round *r)
{
	const struct zone_limits *l = &r->keep->limits;
	int64_t now = now_mono_ms();

	for (unsigned i = 0; i < r->lz->n_primaries; i++) {
		struct tally_entry *m = r->memory[i];
		uint64_t wait_s = l->backoff_min_s;

		if (m == NULL || !r->shown[i].asked)
			continue;
		if (r->shown[i].problem == NULL) {
			tally_worked(m);
			continue;
		}
		for (unsigned n = 0; n < m->failures &&
		    wait_s < l->backoff_max_s; n++)
			wait_s *= 2;
		tally_failed(m, UINT32_MAX, 0, now);
		m->avoid_until_ms = now + (int64_t)MIN(wait_s,
		    (uint64_t)l->backoff_max_s) * 1000;
	}
}

/* ---- events ------------------------------------------------------------ */

static void
tell_expiry(struct round *r)
{
	const struct zone_end *end = &r->zone.end;
	int64_t left_s = (end->expires_at_ms - now_mono_ms()) / 1000;
	const char *name = r->lz->name;

	if (end->noted == r->lz->noted)
		return;
	if (end->noted == ZONE_NOTED_NOTHING)
		ledger_event(r->keep->ledger, r->lz->zone_id,
		    r->lz->tenant_id, name, "expiry-over", "a primary was "
		    "reached again: the zone has its whole EXPIRE before it");
	else if (end->noted == ZONE_NOTED_EXPIRED)
		ledger_event(r->keep->ledger, r->lz->zone_id,
		    r->lz->tenant_id, name, "expired", "no primary was reached "
		    "for the whole EXPIRE of the zone: it is answered with "
		    "SERVFAIL until one is. %s", r->error);
	else
		ledger_event(r->keep->ledger, r->lz->zone_id,
		    r->lz->tenant_id, name,
		    end->noted == ZONE_NOTED_HALF ? "expiry-50" :
		    end->noted == ZONE_NOTED_MOST ? "expiry-75" : "expiry-90",
		    "%u %% of the zone's EXPIRE have passed without reaching a "
		    "primary: in %" PRId64 " min it is answered with SERVFAIL. "
		    "%s", end->noted, left_s / 60, r->error);
}

static void
tell_others(struct round *r)
{
	const struct zone_end *end = &r->zone.end;
	const struct lease_zone *lz = r->lz;

	if (end->back != ZONE_BACK_NONE && (!lz->has_back ||
	    lz->back_serial != end->back_serial))
		ledger_event(r->keep->ledger, lz->zone_id, lz->tenant_id,
		    lz->name, "serial-back", "the primaries have serial %u, "
		    "which is not newer than ours (%u): we go on with ours "
		    "until it is accepted or raised", end->back_serial,
		    lz->serial);
	if (end->took_lower && lz->loaded)
		count_add(COUNT_lower_taken, 1);
	if (end->took_lower && lz->loaded)
		ledger_event(r->keep->ledger, lz->zone_id, lz->tenant_id,
		    lz->name, "serial-lower-taken", "serial %u was published "
		    "after %u, which is not older: %s", r->zone.in.soa.serial,
		    lz->serial, lz->reason == ZONE_REASON_RETRANSFER ?
		    "a retransfer asked for it" :
		    lz->accept_lower ? "the zone is set to accept that" :
		    lz->has_accept ? "it was accepted" :
		    "the zone had expired");
	if (end->split)
		ledger_event(r->keep->ledger, lz->zone_id, lz->tenant_id,
		    lz->name, "primaries-differ", "%s has another content "
		    "than the version that we serve, at the same serial %u: "
		    "raise the serial at the one that is right",
		    SOCK_TEXT(&lz->primaries[r->p].addr), lz->serial);
}

/* ---- all together ------------------------------------------------------ */

void
round_end_fill(struct round *r, struct ledger_end *e)
{
	const struct zone_end *end = &r->zone.end;
	int64_t now = now_mono_ms();

	e->good = end->outcome == ZONE_OUT_CURRENT ||
	    end->outcome == ZONE_OUT_UPDATED;
	e->learnt = end->outcome != ZONE_OUT_CONFLICT &&
	    end->outcome != ZONE_OUT_TROUBLE;
	e->due_in_ms = MAX(end->due_at_ms - now, 0);
	e->priority = priority_of(end->next_reason);
	e->failures = end->failures;
	e->primary_serial = r->primary_serial;
	e->contact = end->contact;
	e->expires_in_ms = end->expires_at_ms - now;
	e->renew = end->contact && end->outcome != ZONE_OUT_UPDATED;
	e->noted = end->noted;
	if (end->back != ZONE_BACK_NONE) {
		e->back = end->back == ZONE_BACK_LOWER ? "lower" :
		    "undefined";
		e->back_serial = end->back_serial;
	}
	e->compared = end->compared;
	e->differs = end->split;
	if (end->split)
		memcpy(e->differs_id, r->lz->primaries[r->p].id, 16);
	e->seen = print_shown(r);
	e->outcome = zone_outcome_text(end->outcome);
	memcpy(e->zone_id, r->lz->zone_id, 16);
	e->n_jobs = r->lz->n_jobs;
	memcpy(e->job_ids, r->lz->job_ids, sizeof(e->job_ids));
	e->jobs_ok = e->good;
	/* Edges have a deadline that no check brings nearer. */
	if (guard_pinned(r->lz->guard) && r->lz->guard->pin_past_expire)
		e->renew = false;
	if (end->outcome == ZONE_OUT_HELD && r->error[0] == '\0' &&
	    r->lz->guard != NULL)
		snprintf(r->error, sizeof(r->error),
		    "serial %u is held back: %.900s",
		    r->lz->guard->held_serial, r->lz->guard->held_text);
	if (!e->good) {
		if (r->error[0] == '\0')
			snprintf(r->error, sizeof(r->error), "%s",
			    r->lz->n_primaries == 0 ?
			    "the zone has no primary" : "every primary of "
			    "the zone is being left alone after failures");
		e->error = strdup(r->error);
	}
	remember(r);
	tell_expiry(r);
	tell_others(r);
}
