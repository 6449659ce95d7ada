/*
 * crew.h - threads with a database connection each, and their queues.
 *
 * Knows:    lanes, waking, reconnecting, trying again until a job gives up.
 * Not here: what a job does.
 * Runs in:  keep.  crew_submit() and done() belong to the loop's thread,
 *           run() to a thread of the crew.
 * Bounded:  CREW_THREADS_MAX threads; the number of jobs by who submits them
 *           (rounds, NOTIFYs and flushes each have a bound of their own).
 *
 * The loop never waits for the database: whatever needs it is a job.
 */
#ifndef XFERD_CREW_H
#define XFERD_CREW_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/base.h"
#include "common/base/err.h"

struct db;
struct db_conf;
struct crew;

enum crew_lane {
	CREW_QUICK,		/* claims, due times, look-ups: milliseconds */
	CREW_BUILD,		/* transfers into pages: CPU and reading */
	CREW_PUBLISH,		/* one thread, so that commits are grouped */
	CREW_TIDY,		/* pruning: may be slow */
	CREW_GATE,		/* publish gates: slices of long checks */
	CREW_LANES
};

enum { CREW_THREADS_MAX = 32 };

struct crew_job {
	/* In a thread.  A RETRY class is tried again after a pause until
	 * give_up_ms; then done() sees it in err. */
	enum err (*run)(struct crew_job *job, struct db *db);
	/* In the loop; the job belongs to its maker again. */
	void (*done)(struct crew_job *job);
	int64_t give_up_ms;		/* now_mono_ms(); 0: one try */
	enum err err;			/* set before done() */
	struct crew_job *next;		/* the crew's */
};

/**
 * crew_new() - start the threads; connections are opened when first needed
 * @conf:     copied, texts too
 * @n_threads: for each lane, at least 1
 */
MUST_USE enum err crew_new(uv_loop_t *loop, const struct db_conf *conf,
    const unsigned n_threads[CREW_LANES], struct crew **out_crew);

/** crew_submit() - hand a job over; it is borrowed until its done() */
void crew_submit(struct crew *crew, enum crew_lane lane, struct crew_job *job);

/** crew_busy() - jobs submitted whose done() has not been called */
unsigned crew_busy(const struct crew *crew);

/** crew_db_away() - did the last attempt of any thread find no database? */
bool crew_db_away(const struct crew *crew);

/** crew_losses() - connections that were lost and opened again, ever */
unsigned crew_losses(const struct crew *crew);

/**
 * crew_stop() - finish what is queued without trying again, join, close
 *
 * done() of the remaining jobs is called from here.
 */
void crew_stop(struct crew *crew);

#endif
