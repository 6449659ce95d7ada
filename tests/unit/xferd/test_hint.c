/* test_hint.c - a job row is heard of without a poll. */
#include "tests/lib/test.h"

#include "tests/lib/xferdb.h"
#include "xferd/hint.h"

static struct hint *hint[2];		/* one a test; never freed */
static unsigned n_hints;
static unsigned n_heard;

static void
heard(void *arg)
{
	assert_ptr_equal(arg, &n_heard);
	n_heard++;
}

static void
wait_until_heard(void)
{
	unsigned before = n_heard;

	while (n_heard == before)
		uv_run(&xferdb.loop, UV_RUN_ONCE);
}

static int
setup(void **state)
{
	static struct db_conf conf;

	n_heard = 0;
	if (xferdb_setup(state) != 0)
		return -1;
	conf = xferdb_conf("understudy_xferd");
	return hint_new(&xferdb.loop, &conf, heard, &n_heard,
	    &hint[n_hints++]) == OK ? 0 : -1;
}

static int
teardown(void **state)
{
	hint_stop(hint[n_hints - 1]);
	uv_run(&xferdb.loop, UV_RUN_NOWAIT);
	return xferdb_teardown(state);
}

TEST_WITH(a_new_job_is_heard_of, setup, teardown)
{
	wait_until_heard();		/* it listens: look what was missed */
	xferdb_zone(1);
	xferdb_do("INSERT INTO job (tenant_id, zone_id, kind) VALUES ($T1,"
	    " $Z1, 'refresh')");
	wait_until_heard();
}

TEST_WITH(a_lost_connection_counts_as_a_hint, setup, teardown)
{
	wait_until_heard();
	xferdb_do("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
	    " WHERE usename = 'understudy_xferd' AND query LIKE 'LISTEN%%'");
	wait_until_heard();
}

TEST(no_hint_can_be_stopped)
{
	hint_stop(NULL);
}
