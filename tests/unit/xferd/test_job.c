/* test_job.c - what apid asks for makes zones due, once. */
#include "tests/lib/test.h"

#include "tests/lib/keeptest.h"
#include "xferd/job.h"
#include "xferd/sched.h"

static struct job *jobs;		/* one for all tests */

static int
setup(void **state)
{
	if (keeptest_setup(state) != 0)
		return -1;
	if (jobs == NULL) {
		/* No room for rounds: what becomes due stays so. */
		keeptest.n_rounds = keeptest_conf->transfer.rounds_max;
		if (sched_new(&keeptest, &keeptest.sched) != OK ||
		    job_new(&keeptest, &jobs) != OK)
			return -1;
		uv_run(&xferdb.loop, UV_RUN_NOWAIT);
		xferdb_turn();
	}
	xferdb_zone(1);
	xferdb_zone(2);
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, xferdb_teardown)

static void
ask(unsigned zone, const char *kind)
{
	xferdb_do("INSERT INTO job (tenant_id, zone_id, kind) VALUES ($T1,"
	    " $Z%u, '%s')", zone, kind);
}

static void
take(void)
{
	job_poke(jobs);
	xferdb_turn();
}

static const char *
timer(unsigned zone)
{
	return xferdb_get("SELECT concat_ws('/', due_at <= now(), priority,"
	    " retransfer) FROM zone_timer WHERE zone_id = $Z%u", zone);
}

CASE(a_refresh_makes_its_zone_due)
{
	ask(1, "refresh");
	take();
	assert_string_equal(timer(1), "t/2/f");
	assert_string_equal(timer(2), "f/3/f");
	assert_string_equal(xferdb_get("SELECT concat_ws('/', state,"
	    " lease_owner = $O1, tries, lease_until > now()) FROM job"),
	    "running/t/1/t");
	take();				/* it is not taken twice */
	assert_string_equal(xferdb_get("SELECT tries FROM job"), "1");
}

CASE(a_retransfer_wins_over_a_refresh_of_the_same_zone)
{
	ask(1, "refresh");
	ask(1, "retransfer");
	ask(1, "refresh");
	ask(2, "refresh");
	take();
	assert_string_equal(timer(1), "t/2/t");
	assert_string_equal(timer(2), "t/2/f");
}

CASE(a_job_does_not_make_a_notify_less_urgent)
{
	xferdb_due(1, 0);
	ask(1, "refresh");
	take();
	assert_string_equal(timer(1), "t/0/f");
}

CASE(a_zone_that_sleeps_for_ever_goes_on_sleeping)
{
	xferdb_do("UPDATE zone_timer SET due_at = 'infinity'");
	ask(1, "refresh");
	take();
	assert_string_equal(timer(1), "f/2/f");
}

CASE(kinds_that_nobody_does_are_answered)
{
	ask(1, "check");
	ask(2, "refresh");
	take();
	assert_string_equal(xferdb_get("SELECT string_agg(concat_ws('/',"
	    " kind, state, result ->> 'outcome', result ->> 'message',"
	    " finished_at IS NOT NULL), ' ' ORDER BY id) FROM job"),
	    "check/failed/unsupported/not supported yet/t refresh/running/f");
	assert_string_equal(timer(1), "f/3/f");
}

CASE(a_job_of_a_dead_instance_is_taken_over)
{
	ask(1, "refresh");
	ask(2, "refresh");
	xferdb_do("UPDATE job SET state = 'running', tries = 100, lease_owner"
	    " = $O2, lease_until = now() + CASE WHEN zone_id = $Z1 THEN"
	    " -1 ELSE 60 END * interval '1 s'");
	take();
	assert_string_equal(timer(1), "t/2/f");
	assert_string_equal(timer(2), "f/3/f");
	assert_string_equal(xferdb_get("SELECT string_agg((lease_owner ="
	    " $O1)::text, ' ' ORDER BY id) FROM job"), "true false");
}

CASE(more_than_a_batch_is_taken_in_one_go)
{
	xferdb_do("INSERT INTO job (tenant_id, zone_id, kind) SELECT $T1,"
	    " $Z1, 'refresh' FROM generate_series(1, %d)", 2 * JOB_BATCH + 1);
	take();
	assert_string_equal(xferdb_get("SELECT count(*) FROM job WHERE state"
	    " = 'queued'"), "0");
}

/* The last one: it stops the room. */
CASE(nothing_is_taken_after_the_stop)
{
	ask(1, "refresh");
	job_stop(jobs);
	take();
	assert_string_equal(xferdb_get("SELECT state FROM job"), "queued");
}
