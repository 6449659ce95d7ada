/* test_crew.c - jobs to threads and back, whatever the database does. */
#include "tests/lib/test.h"

#include <stdatomic.h>

#include "common/base/now.h"
#include "tests/lib/xferdb.h"

enum { N = 200 };

struct counted {
	struct crew_job job;
	unsigned n_runs, number;
	enum err answer[3];		/* of the first runs */
};

static unsigned order[N];
static unsigned n_done;

static enum err
run(struct crew_job *job, struct db *db)
{
	struct counted *c = CONTAINER_OF(job, struct counted, job);

	assert_non_null(db);
	return c->answer[c->n_runs++];
}

static void
done(struct crew_job *job)
{
	order[n_done++] = CONTAINER_OF(job, struct counted, job)->number;
}

static int
setup(void **state)
{
	n_done = 0;
	return xferdb_setup(state);
}

#define CASE(name)	TEST_WITH(name, setup, xferdb_teardown)

static struct counted
counted(unsigned number, int64_t give_up_ms)
{
	return (struct counted){ .number = number, .job = { .run = run,
		.done = done, .give_up_ms = give_up_ms } };
}

CASE(a_lane_of_one_thread_keeps_the_order)
{
	static struct counted c[N];

	for (unsigned i = 0; i < N; i++) {
		c[i] = counted(i, 0);
		crew_submit(xferdb.crew, CREW_QUICK, &c[i].job);
	}
	assert_int_equal(crew_busy(xferdb.crew), N);
	xferdb_turn();
	assert_int_equal(n_done, N);
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(order[i], i);
		assert_int_equal(c[i].n_runs, 1);
		assert_ok(c[i].job.err);
	}
	assert_false(crew_db_away(xferdb.crew));
}

CASE(what_may_pass_is_tried_again_until_it_gives_up)
{
	static struct counted again, once, never;

	again = counted(1, INT64_MAX);
	again.answer[0] = again.answer[1] = ERR_DB_RETRY;
	once = counted(2, 0);
	once.answer[0] = ERR_DB_RETRY;
	never = counted(3, INT64_MAX);
	never.answer[0] = ERR_CONSTRAINT;
	crew_submit(xferdb.crew, CREW_QUICK, &again.job);
	crew_submit(xferdb.crew, CREW_BUILD, &once.job);
	crew_submit(xferdb.crew, CREW_BUILD, &never.job);
	xferdb_turn();
	assert_ok(again.job.err);
	assert_int_equal(again.n_runs, 3);
	assert_err(once.job.err, ERR_DB_RETRY);
	assert_int_equal(once.n_runs, 1);
	assert_err(never.job.err, ERR_CONSTRAINT);
	assert_int_equal(never.n_runs, 1);
	assert_int_equal(order[2], 1);	/* the other lane did not wait */
}

static struct counted follower;

static void
submit_more(struct crew_job *job)
{
	done(job);
	crew_submit(xferdb.crew, CREW_TIDY, &follower.job);
}

CASE(a_job_may_be_followed_by_another_in_its_done)
{
	static struct counted first;

	first = counted(1, 0);
	first.job.done = submit_more;
	follower = counted(2, 0);
	crew_submit(xferdb.crew, CREW_QUICK, &first.job);
	xferdb_turn();
	assert_int_equal(n_done, 2);
	assert_int_equal(order[1], 2);
}

static enum err
use_connection(struct crew_job *job UNUSED, struct db *db)
{
	return db_command(db, "SELECT 1");
}

CASE(a_connection_that_was_cut_is_made_again)
{
	static struct counted c;

	c = counted(1, INT64_MAX);
	c.job.run = use_connection;
	crew_submit(xferdb.crew, CREW_QUICK, &c.job);
	xferdb_turn();
	assert_ok(c.job.err);
	xferdb_do("SELECT pg_terminate_backend(pid, 5000) FROM"
	    " pg_stat_activity WHERE usename = 'understudy_xferd'");
	crew_submit(xferdb.crew, CREW_QUICK, &c.job);
	xferdb_turn();
	assert_ok(c.job.err);
}

/* Crews whose database is not there; never freed, see crew_stop(). */
static struct crew *lost[2];
static unsigned n_lost;

static struct crew *
lost_crew(void)
{
	static const unsigned one[CREW_LANES] = { 1, 1, 1, 1, 1 };
	struct db_conf conf = { .conninfo = "host=/nonexistent dbname=x",
		.program = "unit" };

	assert_ok(crew_new(&xferdb.loop, &conf, one, &lost[n_lost]));
	return lost[n_lost++];
}

CASE(without_a_database_a_job_comes_back_unrun)
{
	static struct counted c;
	struct crew *crew = lost_crew();

	c = counted(1, 0);
	crew_submit(crew, CREW_QUICK, &c.job);
	while (crew_busy(crew) > 0)
		uv_run(&xferdb.loop, UV_RUN_ONCE);
	assert_err(c.job.err, ERR_DB_LOST);
	assert_int_equal(c.n_runs, 0);
	assert_true(crew_db_away(crew));
	crew_stop(crew);
	uv_run(&xferdb.loop, UV_RUN_NOWAIT);
}

CASE(the_stop_ends_what_would_be_tried_for_ever)
{
	static struct counted c[3];
	struct crew *crew = lost_crew();

	for (unsigned i = 0; i < 3; i++) {
		c[i] = counted(i, INT64_MAX);
		crew_submit(crew, CREW_QUICK, &c[i].job);
	}
	crew_stop(crew);
	uv_run(&xferdb.loop, UV_RUN_NOWAIT);
	assert_int_equal(n_done, 3);
	assert_int_equal(crew_busy(crew), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_err(c[i].job.err, ERR_DB_LOST);
	crew_stop(NULL);
}
