/*
 * crew.c - threads with a database connection each.
 *
 * A thread owns its struct db.  Jobs go in by a queue per lane, and come back
 * by one list and a uv_async.  When the database is away a job is tried again
 * every RETRY_PAUSE_MS until it gives up; its thread waits meanwhile, since
 * the others of the lane would find the same.
 */
#include "xferd/crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/db/db.h"

enum {
	RETRY_PAUSE_MS = 500,
	AWAY_LOG_EVERY_MS = 30000,
};

struct lane {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct crew_job *head, **tail;
};

struct worker {
	struct crew *crew;
	enum crew_lane lane;
	pthread_t thread;
	struct db *db;
	int64_t logged_ms;
};

struct crew {
	struct lane lanes[CREW_LANES];
	struct worker workers[CREW_THREADS_MAX];
	unsigned n_workers;
	struct db_conf conf;
	char *conninfo, *user, *program;
	atomic_bool stopping;
	atomic_bool away;
	atomic_uint losses;
	pthread_mutex_t done_lock;
	struct crew_job *done_head, **done_tail;
	uv_async_t done_async;
	unsigned busy;			/* loop thread only */
};

static void
pause_ms(struct lane *lane, atomic_bool *stopping, int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&lane->lock);
	if (!atomic_load(stopping))
		pthread_cond_timedwait(&lane->wake, &lane->lock, &until);
	pthread_mutex_unlock(&lane->lock);
}

/* The connection of this thread, opened or opened again. */
static enum err
connection(struct worker *w)
{
	char why[256] = "";
	bool lost = w->db != NULL && !db_alive(w->db);
	enum err e;

	if (w->db == NULL)
		e = db_open(&w->crew->conf, &w->db, why, sizeof(why));
	else
		e = db_ensure(w->db);
	if (e == OK) {
		if (lost)
			atomic_fetch_add(&w->crew->losses, 1);
		if (atomic_exchange(&w->crew->away, false))
			log_info("db.back", "");
		return OK;
	}
	atomic_store(&w->crew->away, true);
	if (w->logged_ms == 0 ||
	    now_mono_ms() - w->logged_ms > AWAY_LOG_EVERY_MS) {
		w->logged_ms = now_mono_ms();
		log_warn("db.away", "err=%s why=%s", err_name(e), LOG_Q(why));
	}
	return e;
}

static void
run_job(struct worker *w, struct crew_job *job)
{
	struct crew *crew = w->crew;

	for (;;) {
		bool db_ok = connection(w) == OK;

		job->err = ERR_DB_LOST;
		if (db_ok)
			job->err = job->run(job, w->db);
		if (err_class(job->err) != ERR_CLASS_RETRY)
			return;
		if (atomic_load(&crew->stopping) ||
		    now_mono_ms() >= job->give_up_ms)
			return;
		pause_ms(&crew->lanes[w->lane], &crew->stopping,
		    RETRY_PAUSE_MS);
	}
}

static struct crew_job *
next_job(struct crew *crew, struct lane *lane)
{
	struct crew_job *job;

	pthread_mutex_lock(&lane->lock);
	while (lane->head == NULL && !atomic_load(&crew->stopping))
		pthread_cond_wait(&lane->wake, &lane->lock);
	job = lane->head;
	if (job != NULL) {
		lane->head = job->next;
		if (lane->head == NULL)
			lane->tail = &lane->head;
	}
	pthread_mutex_unlock(&lane->lock);
	return job;
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;
	struct crew *crew = w->crew;
	struct crew_job *job;

	while ((job = next_job(crew, &crew->lanes[w->lane])) != NULL) {
		run_job(w, job);
		job->next = NULL;
		pthread_mutex_lock(&crew->done_lock);
		*crew->done_tail = job;
		crew->done_tail = &job->next;
		pthread_mutex_unlock(&crew->done_lock);
		uv_async_send(&crew->done_async);
	}
	db_close(w->db);
	return NULL;
}

static void
deliver(struct crew *crew)
{
	struct crew_job *job;

	pthread_mutex_lock(&crew->done_lock);
	job = crew->done_head;
	crew->done_head = NULL;
	crew->done_tail = &crew->done_head;
	pthread_mutex_unlock(&crew->done_lock);
	while (job != NULL) {
		struct crew_job *next = job->next;

		CHECK(crew->busy > 0);
		crew->busy--;
		job->next = NULL;
		job->done(job);
		job = next;
	}
}

static void
on_done(uv_async_t *async)
{
	deliver(async->data);
}

enum err
crew_new(uv_loop_t *loop, const struct db_conf *conf,
    const unsigned n_threads[CREW_LANES], struct crew **out_crew)
{
	struct crew *crew = calloc(1, sizeof(*crew));
	sigset_t all, old;
	enum err e = OK;

	if (crew == NULL)
		return ERR_NO_MEMORY;
	crew->conf = *conf;
	if (conf->conninfo != NULL)
		crew->conf.conninfo = crew->conninfo = strdup(conf->conninfo);
	if (conf->user != NULL)
		crew->conf.user = crew->user = strdup(conf->user);
	if (conf->program != NULL)
		crew->conf.program = crew->program = strdup(conf->program);
	crew->done_tail = &crew->done_head;
	pthread_mutex_init(&crew->done_lock, NULL);
	uv_async_init(loop, &crew->done_async, on_done);
	crew->done_async.data = crew;

	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (int l = 0; l < CREW_LANES; l++) {
		struct lane *lane = &crew->lanes[l];

		lane->tail = &lane->head;
		pthread_mutex_init(&lane->lock, NULL);
		pthread_cond_init(&lane->wake, NULL);
		for (unsigned i = 0; i < n_threads[l] &&
		    crew->n_workers < CREW_THREADS_MAX; i++) {
			struct worker *w = &crew->workers[crew->n_workers];

			*w = (struct worker){ .crew = crew,
				.lane = (enum crew_lane)l };
			if (pthread_create(&w->thread, NULL, worker_main,
			    w) != 0) {
				e = ERR_SYSTEM;
				break;
			}
			crew->n_workers++;
		}
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (e != OK) {
		crew_stop(crew);
		return e;
	}
	*out_crew = crew;
	return OK;
}

void
crew_submit(struct crew *crew, enum crew_lane lane, struct crew_job *job)
{
	struct lane *l = &crew->lanes[lane];

	CHECK(lane < CREW_LANES);
	job->next = NULL;
	job->err = OK;
	crew->busy++;
	pthread_mutex_lock(&l->lock);
	*l->tail = job;
	l->tail = &job->next;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
}

unsigned
crew_busy(const struct crew *crew)
{
	return crew->busy;
}

bool
crew_db_away(const struct crew *crew)
{
	return atomic_load(&crew->away);
}

unsigned
crew_losses(const struct crew *crew)
{
	return atomic_load(&crew->losses);
}

void
crew_stop(struct crew *crew)
{
	if (crew == NULL)
		return;
	atomic_store(&crew->stopping, true);
	for (int l = 0; l < CREW_LANES; l++) {
		pthread_mutex_lock(&crew->lanes[l].lock);
		pthread_cond_broadcast(&crew->lanes[l].wake);
		pthread_mutex_unlock(&crew->lanes[l].lock);
	}
	for (unsigned i = 0; i < crew->n_workers; i++)
		pthread_join(crew->workers[i].thread, NULL);
	crew->n_workers = 0;
	deliver(crew);
	uv_close((uv_handle_t *)&crew->done_async, NULL);
	/* The struct stays: done_async is closed by the loop's last turn, and
	 * the process ends. */
}
