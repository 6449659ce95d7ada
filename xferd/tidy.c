/*
 * tidy.c - dropping what is no longer needed, in batches.
 *
 * A zone is tidied after it was published, never in the same transaction.
 * What a full list forgets is tidied after the next publication.
 */
#include "xferd/tidy.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/db/db.h"
#include "xferd/count.h"
#include "xferd/crew.h"
#include "xferd/keepparts.h"
#include "xferd/keepsql.h"

enum {
	TICK_MS = 1000,
	GENERAL_MS = 60000,
	REFRESH_KEEP_S = 3600,
	EVENT_KEEP_S = 90 * 24 * 3600,
	JOB_KEEP_S = 7 * 24 * 3600,
	MAIL_KEEP_S = 7 * 24 * 3600,
	DOOMED_KEEP_S = 3600,
	DOOMED_BATCH = 20,
	ZONES_BATCH = 50,
	ROUNDS_MAX = 10000,
	FIGURES = 5,
};

struct entry {
	uint8_t zone_id[16];
	int64_t generation;		/* that was published */
	int64_t oldest;			/* to keep; 0: all */
};

struct tidy {
	struct keep *keep;
	uv_timer_t tick;
	struct crew_job job;
	bool busy, stopped, general;
	uint8_t swept[16];		/* zones up to here were looked at */
	int64_t general_ms;
	struct entry *waiting;
	size_t n_waiting;
	struct entry now[ZONES_BATCH];
	size_t n_now;
	int64_t figure[FIGURES];
	bool figures_known;
};

/* Each statement is a transaction of its own: nothing is held for long. */
static enum err
tidy_one(struct db *db, const struct entry *z)
{
	const struct db_stmt *stmts[2] = { KEEPSQL(tidy_pages),
		KEEPSQL(tidy_nodes) };
	enum err e = OK;

	for (int i = 0; i < 2; i++)
		for (int n = 0; n < ROUNDS_MAX && e == OK; n++) {
			struct db_rows *rows = NULL;
			int64_t gone;

			e = db_exec(db, stmts[i], DB_PARAMS(
			    db_uuid(z->zone_id), db_i64(z->oldest),
			    db_i64(TIDY_ROWS)), &rows);
			gone = e == OK ? db_rows_affected(rows) : 0;
			db_rows_free(rows);
			if (gone < TIDY_ROWS)
				break;
		}
	if (e == OK)
		e = db_exec(db, KEEPSQL(tidy_versions), DB_PARAMS(
		    db_uuid(z->zone_id), db_i64(z->oldest)), NULL);
	return e;
}

/*
 * What each zone keeps follows from its tenant's limits, and from what is
 * pinned: that and what the pin replaced stay.
 */
static enum err
find_oldest(struct tidy *t, struct db *db)
{
	const struct conf *conf = t->keep->conf;
	struct db_array zones, generations;
	struct db_rows *rows = NULL;
	enum err e;

	if (t->n_now == 0)
		return OK;
	db_array_init(&zones, DB_ARRAY_UUID, 1 << 20);
	db_array_init(&generations, DB_ARRAY_I64, 1 << 20);
	for (size_t i = 0; i < t->n_now; i++) {
		db_array_add(&zones, t->now[i].zone_id, 16);
		db_array_add_i64(&generations, t->now[i].generation);
		t->now[i].oldest = 0;
	}
	e = db_exec(db, KEEPSQL(tidy_oldest), DB_PARAMS(
	    db_array_param(&zones), db_array_param(&generations),
	    db_i64(conf->transfer.keep_versions),
	    db_i64(conf->transfer.keep_versions_days)), &rows);
	for (size_t k = 0; e == OK && k < db_rows_n(rows); k++) {
		uint8_t id[16];

		db_get_uuid(rows, k, 0, id);
		for (size_t i = 0; i < t->n_now; i++)
			if (memcmp(t->now[i].zone_id, id, 16) == 0)
				t->now[i].oldest = db_get_i64_or(rows, k, 1,
				    0);
	}
	db_rows_free(rows);
	db_array_fini(&zones);
	db_array_fini(&generations);
	return e;
}

/* Zones that nothing is published of any more: their versions age, too.  A
 * few at a time, round and round. */
static enum err
sweep(struct tidy *t, struct db *db)
{
	struct db_rows *rows = NULL;
	size_t n;
	enum err e = db_exec(db, KEEPSQL(tidy_sweep), DB_PARAMS(
	    db_uuid(t->swept), db_i64(ZONES_BATCH)), &rows);

	if (e != OK)
		return e;
	n = db_rows_n(rows);
	for (t->n_now = 0; t->n_now < n; t->n_now++) {
		db_get_uuid(rows, t->n_now, 0, t->now[t->n_now].zone_id);
		t->now[t->n_now].generation = db_get_i64(rows, t->n_now, 1);
	}
	if (n < ZONES_BATCH)
		memset(t->swept, 0, sizeof(t->swept));
	else
		memcpy(t->swept, t->now[n - 1].zone_id, 16);
	db_rows_free(rows);
	e = find_oldest(t, db);
	for (size_t i = 0; i < t->n_now && e == OK; i++)
		if (t->now[i].oldest > 1)
			e = tidy_one(db, &t->now[i]);
	return e;
}

static enum err
read_figures(struct tidy *t, struct db *db)
{
	struct db_rows *rows = NULL;
	enum err e = db_exec(db, KEEPSQL(tidy_figures), DB_NO_PARAMS, &rows);

	for (int i = 0; i < FIGURES && e == OK; i++)
		t->figure[i] = db_get_i64(rows, 0, i);
	t->figures_known = e == OK;
	db_rows_free(rows);
	return e;
}

/* Claims deleted an hour ago: every edge has heard of it, or will reconcile. */
static enum err
bury(struct db *db)
{
	struct db_rows *rows = NULL;
	enum err e = db_exec(db, KEEPSQL(tidy_doomed), DB_PARAMS(
	    db_i64(DOOMED_KEEP_S), db_i64(DOOMED_BATCH)), &rows);

	for (size_t i = 0; e == OK && i < db_rows_n(rows); i++) {
		struct entry z = { .oldest = INT64_MAX };

		db_get_uuid(rows, i, 0, z.zone_id);
		e = db_exec(db, KEEPSQL(tidy_close_pages), DB_PARAMS(
		    db_uuid(z.zone_id)), NULL);
		if (e == OK)
			e = db_exec(db, KEEPSQL(tidy_close_nodes), DB_PARAMS(
			    db_uuid(z.zone_id)), NULL);
		if (e == OK)
			e = tidy_one(db, &z);
		if (e == OK)
			e = db_exec(db, KEEPSQL(tidy_attempts_of), DB_PARAMS(
			    db_uuid(z.zone_id)), NULL);
		if (e == OK)
			e = db_exec(db, KEEPSQL(tidy_claim), DB_PARAMS(
			    db_uuid(z.zone_id)), NULL);
	}
	db_rows_free(rows);
	return e;
}

static enum err
tidy_run(struct crew_job *job, struct db *db)
{
	struct tidy *t = CONTAINER_OF(job, struct tidy, job);
	enum err e = db_exec(db, KEEPSQL(tidy_feed_mark), DB_NO_PARAMS, NULL);

	if (e == OK)
		e = find_oldest(t, db);
	for (size_t i = 0; i < t->n_now && e == OK; i++)
		if (t->now[i].oldest > 1)
			e = tidy_one(db, &t->now[i]);
	if (e == OK && t->general)
		e = sweep(t, db);
	if (e == OK && t->general)
		e = read_figures(t, db);
	if (e == OK && t->general) {
		e = db_exec(db, KEEPSQL(tidy_refreshes), DB_PARAMS(
		    db_i64(REFRESH_KEEP_S)), NULL);
		if (e == OK)
			e = db_exec(db, KEEPSQL(tidy_jobs), DB_PARAMS(
			    db_i64(JOB_KEEP_S)), NULL);
		if (e == OK)
			e = db_exec(db, KEEPSQL(tidy_mail), DB_PARAMS(
			    db_i64(MAIL_KEEP_S)), NULL);
		if (e == OK)
			e = db_exec(db, KEEPSQL(tidy_mail_unsent), DB_PARAMS(
			    db_i64(MAIL_KEEP_S)), NULL);
		if (e == OK)
			e = db_exec(db, KEEPSQL(tidy_events), DB_PARAMS(
			    db_i64(EVENT_KEEP_S)), NULL);
		if (e == OK)
			e = db_exec(db, KEEPSQL(tidy_exams), DB_PARAMS(
			    db_i64(t->keep->conf->limits.checks_kept_days)),
			    NULL);
		if (e == OK)
			e = bury(db);
	}
	if (err_class(e) == ERR_CLASS_FAIL || err_class(e) == ERR_CLASS_REJECT)
		log_warn("tidy.failed", "err=%s sqlstate=%s why=%s",
		    err_name(e), db_sqlstate(db), LOG_Q(db_error(db)));
	return e;
}

static void
tidy_done(struct crew_job *job)
{
	struct tidy *t = CONTAINER_OF(job, struct tidy, job);

	t->busy = false;
	if (!t->figures_known)
		return;
	count_set(COUNT_held_zones, (uint64_t)t->figure[0]);
	count_set(COUNT_pinned_zones, (uint64_t)t->figure[1]);
	count_set(COUNT_signatures_ended_zones, (uint64_t)t->figure[2]);
	count_set(COUNT_signatures_day_zones, (uint64_t)t->figure[3]);
	count_set(COUNT_signatures_week_zones, (uint64_t)t->figure[4]);
}

static void
on_tick(uv_timer_t *timer)
{
	struct tidy *t = timer->data;
	int64_t now = now_mono_ms();

	if (t->busy || t->stopped)
		return;
	t->n_now = MIN(t->n_waiting, (size_t)ZONES_BATCH);
	memcpy(t->now, t->waiting, t->n_now * sizeof(t->now[0]));
	t->n_waiting -= t->n_now;
	memmove(t->waiting, t->waiting + t->n_now,
	    t->n_waiting * sizeof(t->waiting[0]));
	t->general = now - t->general_ms >= GENERAL_MS;
	if (t->general)
		t->general_ms = now;
	t->busy = true;
	t->job = (struct crew_job){ .run = tidy_run, .done = tidy_done };
	crew_submit(t->keep->crew, CREW_TIDY, &t->job);
}

void
tidy_zone(struct tidy *t, const uint8_t zone_id[16], int64_t generation)
{
	/* Of the third version on there can be something to drop. */
	if (generation < 3 || t->n_waiting == TIDY_WAITING)
		return;
	memcpy(t->waiting[t->n_waiting].zone_id, zone_id, 16);
	t->waiting[t->n_waiting++].generation = generation;
}

enum err
tidy_new(struct keep *keep, struct tidy **out)
{
	struct tidy *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ERR_NO_MEMORY;
	t->keep = keep;
	t->general_ms = now_mono_ms();
	t->waiting = calloc(TIDY_WAITING, sizeof(*t->waiting));
	if (t->waiting == NULL) {
		free(t);
		return ERR_NO_MEMORY;
	}
	uv_timer_init(keep->loop, &t->tick);
	t->tick.data = t;
	uv_timer_start(&t->tick, on_tick, TICK_MS, TICK_MS);
	*out = t;
	return OK;
}

void
tidy_stop(struct tidy *t)
{
	t->stopped = true;
	uv_timer_stop(&t->tick);
}
