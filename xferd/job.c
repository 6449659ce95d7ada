/*
 * job.c - what apid asks for by rows in `job`.
 *
 * Claiming a job and making its zone due are one transaction: a job that is
 * `running` always has a zone on its way.  A poll at half the speed of
 * the scheduler's stands behind the hint.
 */
#include "xferd/job.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/db/db.h"
#include "common/db/db_tx.h"
#include "xferd/count.h"
#include "xferd/crew.h"
#include "xferd/exams.h"
#include "xferd/keepparts.h"
#include "xferd/keepsql.h"
#include "xferd/sched.h"

enum { ARRAY_MAX = 1 << 20 };

struct job {
	struct keep *keep;
	uv_timer_t poll;
	struct crew_job job;
	uint8_t owner[16];
	bool busy, again, stopped;
	size_t n_taken, n_zones;	/* of the last run */
	size_t n_checks;
	struct {
		int64_t id;
		uint8_t diagnosis[16];
	} checks[JOB_BATCH];		/* for exams */
};

static enum err
answer_unsupported(struct db *db, struct db_array *ids)
{
	struct db_array state, outcome, text;
	static const char WHY[] = "not supported yet";
	enum err e = OK;

	if (ids->n == 0)
		return OK;
	db_array_init(&state, DB_ARRAY_TEXT, ARRAY_MAX);
	db_array_init(&outcome, DB_ARRAY_TEXT, ARRAY_MAX);
	db_array_init(&text, DB_ARRAY_TEXT, ARRAY_MAX);
	for (uint32_t i = 0; i < ids->n; i++) {
		db_array_add(&state, "failed", 6);
		db_array_add(&outcome, "unsupported", 11);
		db_array_add(&text, WHY, sizeof(WHY) - 1);
	}
	e = db_exec(db, KEEPSQL(job_finish), DB_PARAMS(db_array_param(ids),
	    db_array_param(&state), db_array_param(&outcome),
	    db_array_param(&text)), NULL);
	db_array_fini(&state);
	db_array_fini(&outcome);
	db_array_fini(&text);
	return e;
}

/* "check" and "preflight": they are made, and answered, by exams. */
static bool
take_check(struct job *j, struct db_rows *rows, size_t row)
{
	if (db_is_null(rows, row, 3))
		return false;
	j->checks[j->n_checks].id = db_get_i64(rows, row, 0);
	db_get_uuid(rows, row, 3, j->checks[j->n_checks++].diagnosis);
	return true;
}

static enum err
take_jobs(struct db *db, void *arg)
{
	struct job *j = arg;
	struct db_array zones, whole, other;
	struct db_rows *rows = NULL;
	enum err e;

	db_array_init(&zones, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&whole, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&other, DB_ARRAY_I64, ARRAY_MAX);
	j->n_checks = 0;
	e = db_exec(db, KEEPSQL(job_claim), DB_PARAMS(db_uuid(j->owner),
	    db_i64(JOB_BATCH)), &rows);
	for (size_t i = 0; e == OK && i < db_rows_n(rows); i++) {
		const char *kind = db_get_text(rows, i, 1);
		bool retransfer = strcmp(kind, "retransfer") == 0;
		bool accept = strcmp(kind, "accept") == 0;
		uint8_t zone[16];

		if (retransfer || accept || strcmp(kind, "refresh") == 0 ||
		    strcmp(kind, "pin") == 0 || strcmp(kind, "unpin") == 0) {
			db_get_uuid(rows, i, 2, zone);
			db_array_add(&zones, zone, 16);
			db_array_add_i64(&whole, retransfer | accept << 1);
		} else if (!take_check(j, rows, i)) {
			db_array_add_i64(&other, db_get_i64(rows, i, 0));
		}
	}
	if (e == OK && db_rows_failed(rows))
		e = ERR_DB;
	j->n_taken = e == OK ? db_rows_n(rows) : 0;
	j->n_zones = zones.n;
	if (e == OK && zones.n > 0)
		e = db_exec(db, KEEPSQL(job_wake), DB_PARAMS(
		    db_array_param(&zones), db_array_param(&whole)), NULL);
	if (e == OK)
		e = answer_unsupported(db, &other);
	db_rows_free(rows);
	db_array_fini(&zones);
	db_array_fini(&whole);
	db_array_fini(&other);
	return e;
}

static enum err
job_run(struct crew_job *cj, struct db *db)
{
	struct job *j = CONTAINER_OF(cj, struct job, job);

	return db_tx_run(db, DB_TX_WRITE, 4, take_jobs, j);
}

static void
job_done(struct crew_job *cj)
{
	struct job *j = CONTAINER_OF(cj, struct job, job);

	j->busy = false;
	if (cj->err != OK) {
		if (err_class(cj->err) == ERR_CLASS_FAIL)
			log_err("jobs.failed", "err=%s", err_name(cj->err));
		return;
	}
	count_add(COUNT_jobs, j->n_taken);
	for (size_t i = 0; i < j->n_checks; i++)
		if (!exams_add(j->keep->exams, j->checks[i].id,
		    j->checks[i].diagnosis))
			log_warn("check.dropped", "");
	if (j->n_zones > 0)
		sched_poke(j->keep->sched);
	if (j->again || j->n_taken == JOB_BATCH)
		job_poke(j);
}

void
job_poke(struct job *j)
{
	j->again = true;
	if (j->busy || j->stopped)
		return;
	j->again = false;
	j->busy = true;
	j->job = (struct crew_job){ .run = job_run, .done = job_done };
	crew_submit(j->keep->crew, CREW_QUICK, &j->job);
}

static void
on_poll(uv_timer_t *timer)
{
	job_poke(timer->data);
}

enum err
job_new(struct keep *keep, struct job **out)
{
	struct job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return ERR_NO_MEMORY;
	j->keep = keep;
	memcpy(j->owner, keep->owner, 16);
	uv_timer_init(keep->loop, &j->poll);
	j->poll.data = j;
	uv_timer_start(&j->poll, on_poll, 0,
	    (uint64_t)keep->conf->transfer.poll_ms * 2);
	*out = j;
	return OK;
}

void
job_stop(struct job *j)
{
	j->stopped = true;
	uv_timer_stop(&j->poll);
}
