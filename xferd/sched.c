/*
 * sched.c - when to claim due zones, and how many.
 *
 * One claim is under way at a time.  A full batch asks for the next one at
 * once; else the poll does, or a hint.  Leases are renewed at a third of their
 * time; a zone whose renewal finds no lease is dropped without a trace.
 */
#include "xferd/sched.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "xferd/count.h"
#include "xferd/crew.h"
#include "xferd/keepparts.h"
#include "xferd/lease.h"
#include "xferd/round.h"
#include "xferd/tally.h"

enum {
	BATCH_MAX = 128,
	BUSY_MAX = 4096,
	ROOM_MS = 10,			/* rounds end in bunches */
	ROOM_SHARE = 4,			/* of the time goes into claiming */
	PRIORITY_NOTIFY = 0,
	PRIORITY_ALL = 3,
};

struct sched {
	struct keep *keep;
	uv_timer_t poll, renew_timer, room;
	struct lease_claim claim;
	struct lease_renew renew;
	struct lease_orphans orphans;
	bool reclaim;			/* before anything is claimed */
	bool claiming, renewing, stopped;
	int want;			/* least urgent priority to claim; -1 */
	int64_t begun_ms, took_ms;	/* of the last claim */
	bool limited, room_on;		/* more may be due than was claimed */
};

static void
claim(struct sched *s, int want);

static void
claim_done(struct crew_job *job)
{
	struct sched *s = CONTAINER_OF(job, struct sched, claim.job);
	struct lease_zone *z = s->claim.zones;
	bool full = s->claim.n_zones == s->claim.n_max;

	s->claiming = false;
	s->took_ms = now_mono_ms() - s->begun_ms;
	s->claim.zones = NULL;
	free(s->claim.busy);
	s->claim.busy = NULL;
	while (z != NULL) {
		struct lease_zone *next = z->next;

		z->next = NULL;
		if (s->stopped || round_find(s->keep, z->zone_id) != NULL) {
			/* Ours already: it was slower than its lease. */
			lease_zone_free(z);
		} else {
			round_begin(s->keep, z);
		}
		z = next;
	}
	if (job->err == OK && (full || s->want >= 0))
		claim(s, full ? s->claim.priority_max : s->want);
}

static void
reclaim_done(struct crew_job *job)
{
	struct sched *s = CONTAINER_OF(job, struct sched, orphans.job);

	free(s->orphans.held);
	s->orphans.held = NULL;
	s->claiming = false;
	if (job->err != OK) {
		s->reclaim = true;	/* the poll tries again */
		return;
	}
	if (s->orphans.n_freed > 0)
		log_info("leases.freed", "zones=%" PRIu64,
		    s->orphans.n_freed);
	claim(s, PRIORITY_ALL);
}

/* No claim runs meanwhile: what one brings is no round's yet. */
static void
reclaim(struct sched *s)
{
	struct lease_orphans *o = &s->orphans;
	unsigned n = s->keep->n_rounds;

	o->held = malloc((n + 1) * 16);
	if (o->held == NULL)
		return;
	s->reclaim = false;
	s->claiming = true;
	o->n_held = round_ids(s->keep, o->held, n);
	memcpy(o->owner, s->keep->owner, 16);
	o->job = (struct crew_job){ .run = lease_orphans_run,
		.done = reclaim_done };
	crew_submit(s->keep->crew, CREW_QUICK, &o->job);
}

/* @want: the least urgent priority that may have become due */
static void
claim(struct sched *s, int want)
{
	const struct conf *conf = s->keep->conf;
	struct lease_claim *c = &s->claim;
	unsigned room;

	s->want = MAX(s->want, want);
	if (s->claiming || s->stopped)
		return;
	if (s->reclaim) {
		reclaim(s);
		return;
	}
	if (s->keep->n_rounds >= conf->transfer.rounds_max) {
		s->limited = true;
		return;
	}
	room = conf->transfer.rounds_max - s->keep->n_rounds;
	c->busy = malloc(BUSY_MAX * 16);
	if (c->busy == NULL)
		return;
	c->priority_max = s->want;
	s->want = -1;
	s->begun_ms = now_mono_ms();
	s->claiming = true;
	/* Nobody has more than is free: there is room for who comes next,
	 * however many tenants fill what they may. */
	c->n_busy = tally_busy(s->keep->tally, MIN(room,
	    conf->transfer.rounds_per_tenant), c->busy, BUSY_MAX);
	c->n_max = MIN(room, (unsigned)BATCH_MAX);
	s->limited = c->n_busy > 0;
	c->compare_s = conf->transfer.compare_s;
	c->day_bytes = (int64_t)conf->limits.transfer_mib_per_day << 20;
	c->lease_ms = (int64_t)conf->transfer.lease_s * 1000;
	memcpy(c->owner, s->keep->owner, 16);
	c->job = (struct crew_job){ .run = lease_claim_run,
		.done = claim_done };
	crew_submit(s->keep->crew, CREW_QUICK, &c->job);
}

void
sched_poke(struct sched *s)
{
	claim(s, PRIORITY_ALL);
}

void
sched_poke_notify(struct sched *s)
{
	claim(s, PRIORITY_NOTIFY);
}

static void
on_room(uv_timer_t *timer)
{
	struct sched *s = timer->data;

	s->room_on = false;
	claim(s, PRIORITY_ALL);
}

void
sched_room(struct sched *s)
{
	if (!s->limited || s->room_on || s->stopped)
		return;
	s->room_on = true;
	uv_timer_start(&s->room, on_room, (uint64_t)MAX(ROOM_MS,
	    s->took_ms * ROOM_SHARE), 0);
}

void
sched_reclaim(struct sched *s)
{
	s->reclaim = true;
	claim(s, PRIORITY_ALL);
}

static void
on_poll(uv_timer_t *timer)
{
	claim(timer->data, PRIORITY_ALL);
}

/* ---- leases ------------------------------------------------------------ */

static void
renew_done(struct crew_job *job)
{
	struct sched *s = CONTAINER_OF(job, struct sched, renew.job);
	struct lease_renew *r = &s->renew;

	s->renewing = false;
	for (size_t i = 0; job->err == OK && i < r->n_zones; i++) {
		struct round *round;

		if (r->held[i])
			continue;
		round = round_find(s->keep, r->zones[i]);
		if (round == NULL)
			continue;	/* it ended meanwhile */
		count_add(COUNT_leases_lost, 1);
		round_abort(round);
	}
	free(r->zones);
	free(r->held);
	r->zones = NULL;
	r->held = NULL;
}

static void
on_renew(uv_timer_t *timer)
{
	struct sched *s = timer->data;
	struct lease_renew *r = &s->renew;
	unsigned n = s->keep->n_rounds;

	if (s->renewing || n == 0)
		return;
	r->zones = malloc(n * 16);
	r->held = calloc(n, sizeof(bool));
	if (r->zones == NULL || r->held == NULL) {
		free(r->zones);
		free(r->held);
		return;
	}
	r->n_zones = round_ids(s->keep, r->zones, n);
	r->lease_ms = (int64_t)s->keep->conf->transfer.lease_s * 1000;
	memcpy(r->owner, s->keep->owner, 16);
	r->job = (struct crew_job){ .run = lease_renew_run,
		.done = renew_done };
	s->renewing = true;
	crew_submit(s->keep->crew, CREW_QUICK, &r->job);
}

enum err
sched_new(struct keep *keep, struct sched **out)
{
	struct sched *s = calloc(1, sizeof(*s));
	const struct conf *conf = keep->conf;
	uint64_t third_ms = (uint64_t)conf->transfer.lease_s * 1000 / 3;

	if (s == NULL)
		return ERR_NO_MEMORY;
	s->keep = keep;
	s->want = -1;
	uv_timer_init(keep->loop, &s->poll);
	uv_timer_init(keep->loop, &s->renew_timer);
	uv_timer_init(keep->loop, &s->room);
	s->poll.data = s->renew_timer.data = s->room.data = s;
	uv_timer_start(&s->poll, on_poll, 0, conf->transfer.poll_ms);
	uv_timer_start(&s->renew_timer, on_renew, third_ms, third_ms);
	*out = s;
	return OK;
}

void
sched_stop(struct sched *s)
{
	s->stopped = true;
	uv_timer_stop(&s->poll);
}
