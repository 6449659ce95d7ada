/*
 * wake.c - see wake.h.
 */
#include "xferd/wake.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/base/base.h"
#include "common/base/conf.h"
#include "common/base/now.h"
#include "common/base/sock.h"
#include "common/db/db_pipe.h"
#include "xferd/crew.h"
#include "xferd/keepparts.h"
#include "xferd/keepsql.h"
#include "xferd/sched.h"

enum {
	ARRAY_MAX = 1 << 16,
	LATELY = 256,
	LATELY_MS = 5000,		/* until the disk surely has it */
};

/* Zones that were woken lately, the loop's. */
static struct {
	uint8_t zone_id[16];
	int64_t ordinal, at_ms;
} lately[LATELY];
static unsigned n_lately;

struct wake {
	struct crew_job job;
	struct keep *keep;
	struct db_array zones, ordinals, delays, strays;
	char source[SOCK_TEXT_MAX];	/* of the strays */
	int64_t delay_ms;		/* the shortest */
	uv_timer_t timer;
	bool has_hint;
	uint32_t hint;
};

struct wake *
wake_new(void)
{
	struct wake *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return NULL;
	db_array_init(&w->zones, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&w->ordinals, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&w->delays, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&w->strays, DB_ARRAY_UUID, ARRAY_MAX);
	return w;
}

static void
wake_free(struct wake *w)
{
	db_array_fini(&w->zones);
	db_array_fini(&w->ordinals);
	db_array_fini(&w->delays);
	db_array_fini(&w->strays);
	free(w);
}

void
wake_add(struct wake *w, const uint8_t zone_id[16], int64_t ordinal,
    int64_t delay_ms)
{
	if (w->zones.n == 0 || delay_ms < w->delay_ms)
		w->delay_ms = delay_ms;
	memcpy(lately[n_lately % LATELY].zone_id, zone_id, 16);
	lately[n_lately % LATELY].ordinal = ordinal;
	lately[n_lately++ % LATELY].at_ms = now_mono_ms();
	db_array_add(&w->zones, zone_id, 16);
	db_array_add_i64(&w->ordinals, ordinal);
	db_array_add_i64(&w->delays, delay_ms);
}

void
wake_add_stray(struct wake *w, const uint8_t zone_id[16],
    const struct sock_addr *source)
{
	db_array_add(&w->strays, zone_id, 16);
	sock_ip_print(source, w->source);
}

size_t
wake_n(const struct wake *w)
{
	return w->zones.n;
}

static enum err
wake_run(struct crew_job *job, struct db *db)
{
	struct wake *w = CONTAINER_OF(job, struct wake, job);
	struct db_pipe pipe;
	enum err e;

	/* A crash of PostgreSQL may forget it: wake_again() is for that. */
	db_pipe_begin(&pipe, db);
	db_pipe_open_tx(&pipe, DB_TX_WRITE_LAX);
	if (w->strays.n > 0)
		db_pipe_do(&pipe, KEEPSQL(notice_stray), DB_PARAMS(
		    db_array_param(&w->strays), db_text(w->source)));
	if (w->zones.n > 0)
		db_pipe_do(&pipe, KEEPSQL(notice_wake), DB_PARAMS(
		    db_array_param(&w->zones), db_array_param(&w->ordinals),
		    db_array_param(&w->delays),
		    db_if(w->has_hint, db_i64(w->hint))));
	db_pipe_commit(&pipe);
	e = db_pipe_run(&pipe);
	db_pipe_end(&pipe);
	return e;
}

static void
on_closed(uv_handle_t *handle)
{
	wake_free(handle->data);
}

static void
on_time(uv_timer_t *timer)
{
	struct wake *w = timer->data;
	struct keep *keep = w->keep;

	if (!keep->draining && keep->sched != NULL)
		sched_poke_notify(keep->sched);
	uv_close((uv_handle_t *)timer, on_closed);
}

static void
wake_done(struct crew_job *job)
{
	struct wake *w = CONTAINER_OF(job, struct wake, job);
	struct keep *keep = w->keep;

	if (job->err != OK || keep->sched == NULL || w->zones.n == 0) {
		wake_free(w);
		return;
	}
	if (w->delay_ms == 0) {
		sched_poke_notify(keep->sched);
		wake_free(w);
		return;
	}
	uv_timer_init(keep->loop, &w->timer);
	w->timer.data = w;
	uv_timer_start(&w->timer, on_time, (uint64_t)w->delay_ms + 1, 0);
}

void
wake_submit(struct wake *w, struct keep *keep, bool has_hint, uint32_t hint)
{
	if (w->zones.n == 0 && w->strays.n == 0) {
		wake_free(w);
		return;
	}
	w->keep = keep;
	w->has_hint = has_hint;
	w->hint = hint;
	/* Its NOTIFY was answered: it is not forgotten.		T-043 */
	w->job = (struct crew_job){ .run = wake_run, .done = wake_done,
		.give_up_ms = INT64_MAX };
	crew_submit(keep->crew, CREW_QUICK, &w->job);
}

void
wake_again(struct keep *keep)
{
	int64_t since_ms = now_mono_ms() - keep->conf->transfer.poll_ms * 2 -
	    LATELY_MS;
	unsigned n = MIN(n_lately, (unsigned)LATELY);
	struct wake *w = wake_new();

	if (w == NULL)
		return;
	for (unsigned i = 0; i < n; i++) {
		if (lately[i].at_ms < since_ms)
			continue;
		db_array_add(&w->zones, lately[i].zone_id, 16);
		db_array_add_i64(&w->ordinals, lately[i].ordinal);
		db_array_add_i64(&w->delays, 0);
	}
	n_lately = 0;
	wake_submit(w, keep, false, 0);
}
