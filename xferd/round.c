/*
 * round.c - one zone being looked at.
 *
 * The machine (zone.c) says what to do; each answer becomes an event and, for
 * people, an attempt row: round_probe, round_fetch, round_publish.  Here are
 * the beginning, the end, and the step from one to the next.
 */
#include "xferd/round.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/dns/rr.h"
#include "xferd/count.h"
#include "xferd/guard.h"
#include "xferd/ledger.h"
#include "xferd/round_end.h"
#include "xferd/round_fetch.h"
#include "xferd/round_parts.h"
#include "xferd/round_pin.h"
#include "xferd/round_probe.h"
#include "xferd/round_publish.h"

enum {
	ASLEEP_MS = 24 * 3600 * 1000,
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
	CHECK(r->gate == NULL);
	CHECK(r->repin == NULL);
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

/* ---- events ------------------------------------------------------------ */

static void
step(struct round *r, const struct zone_event *ev)
{
	struct zone_action a;

	if (r->aborted)
		return;
	zone_step(&r->zone, ev, now_mono_ms(), &a);
	for (unsigned i = 0; i < r->lz->n_primaries; i++)
		if ((r->zone.no_ixfr & (1u << i)) != 0 &&
		    r->memory[i] != NULL)
			r->memory[i]->no_ixfr_until_ms = now_mono_ms() +
			    (int64_t)r->keep->conf->transfer.no_ixfr_s * 1000;
	act(r, &a);
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

static void
do_finish(struct round *r)
{
	struct ledger_end e = { .written = on_written, .arg = r };

	round_end_fill(r, &e);
	switch (r->zone.end.outcome) {
	case ZONE_OUT_UPDATED:
		count_add(COUNT_rounds_updated, 1);
		break;
	case ZONE_OUT_CURRENT:
		count_add(COUNT_rounds_current, 1);
		break;
	case ZONE_OUT_HELD:
		count_add(COUNT_rounds_held, 1);
		break;
	case ZONE_OUT_OLDER:
	case ZONE_OUT_FAILED:
		count_add(COUNT_rounds_failed, 1);
		break;
	case ZONE_OUT_CONFLICT:
	case ZONE_OUT_TROUBLE:
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
		.noted = r->lz->noted, .outcome = "asleep", .written = on_written, .arg = r };

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
		round_probe_begin(r);
		break;
	case ZONE_ACT_FETCH:
		r->p = a->primary;
		round_fetch_begin(r, a->mode);
		break;
	case ZONE_ACT_PUBLISH:
	case ZONE_ACT_COMPARE:
		r->comparing = a->kind == ZONE_ACT_COMPARE;
		round_publish_begin(r);
		break;
	case ZONE_ACT_REPIN:
		round_pin_begin(r);
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
	if (r->ingest == NULL && r->version == NULL && r->gate == NULL &&
	    r->repin == NULL)
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
	int64_t now = now_mono_ms();
	struct zone_start s = { .reason = lz->reason,
		.spread = spread_of(lz->zone_id), .loaded = lz->loaded,
		.failures = lz->failures, .notify_primary = -1,
		.has_hint = lz->has_hint, .hint = lz->hint,
		.n_primaries = lz->n_primaries };
	const struct conf *conf = r->keep->conf;
	bool asked_by_timer = lz->reason == ZONE_REASON_DUE;
	struct zone_action a;
	struct rr_soa soa;

	if (lz->loaded && rr_soa_parse(lz->soa, lz->soa_len, &soa) == OK) {
		s.soa = (struct zone_soa){ .serial = soa.serial,
			.refresh = soa.refresh, .retry = soa.retry,
			.expire = soa.expire, .minimum = soa.minimum };
		s.expires_at_ms = now + lz->expires_in_ms;
		s.contact_at_ms = now - lz->contact_age_ms;
		s.noted = lz->noted;
		s.accept_lower = lz->accept_lower;
		s.has_accept = lz->has_accept;
		s.accept = lz->accept;
		s.compare = lz->compare;
	} else {
		s.loaded = false;
	}
	if (lz->guard != NULL) {
		s.held = lz->guard->held && !lz->guard->accepted &&
		    lz->reason != ZONE_REASON_RETRANSFER;
		s.held_counts = lz->guard->held_counts;
		s.held_serial = lz->guard->held_serial;
		s.pinned = guard_pinned(lz->guard);
		s.repin = s.loaded && guard_repins(lz->guard);
		/* A pin's "for ever" is not what EXPIRE is counted from. */
		if (s.loaded)
			s.expires_at_ms = MIN(s.expires_at_ms, now +
			    (int64_t)zone_expire_s(&r->keep->limits, &s.soa) *
			    1000);
	}
	if (lz->reason == ZONE_REASON_NOTIFY)
		s.notify_primary = index_of(lz, lz->first_ordinal);
	for (unsigned i = 0; i < lz->n_primaries; i++) {
		s.primaries[i].avoid = !tally_may_try(r->at[i],
		    conf->transfer.breaker_failures,
		    (int64_t)conf->transfer.breaker_s * 1000, now);
		if (r->memory[i] == NULL)
			continue;
		/* T-008: somebody who speaks to us, or for us, is heard. */
		s.primaries[i].later = asked_by_timer &&
		    r->memory[i]->avoid_until_ms > now;
		s.primaries[i].no_ixfr = r->memory[i]->no_ixfr_until_ms > now;
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
		/* Without memory it only tries more often. */
		ok = r->at[i] != NULL;
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
	r->step = step;
	r->gone = round_free;
	r->lz = lz;
	r->started_ms = now_mono_ms();
	r->primary_serial = -1;
	for (unsigned i = 0; i < ZONE_PRIMARIES_MAX; i++)
		r->shown[i].serial = -1;
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
