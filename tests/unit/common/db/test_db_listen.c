/* LISTEN: hints come, and come again after the connection was lost. */
#include <poll.h>

#include "common/db/db_listen.h"
#include "tests/unit/common/db/dbtest.h"

static void
note(void *arg, const char *channel, const char *payload)
{
	if (strcmp(channel, "understudy_edge") == 0)
		*(int *)arg += payload[0] - '0';
}

static int
listener_setup(void **state)
{
	return dbtest_setup(state) == 0 && db_command(db,
	    "DROP ROLE IF EXISTS listener; CREATE ROLE listener LOGIN") == OK ?
	    0 : -1;
}

TEST_WITH(listen_hears_and_comes_back, listener_setup, NULL)
{
	static const char *const channels[] = { "understudy_edge",
	    "understudy_feed" };
	struct db_conf c = dbtest_conf("listener");
	struct db_listen *l;
	struct pollfd p;
	size_t n;
	int sum = 0;

	assert_ok(db_listen_open(&c, channels, 2, &l));
	assert_ok(db_listen_drain(l, note, &sum, &n));
	assert_int_equal(0, n);
	assert_ok(db_command(db, "NOTIFY understudy_edge, '3';"
	    "NOTIFY understudy_edge, '4'; NOTIFY understudy_feed"));
	p = (struct pollfd){ .fd = db_listen_fd(l), .events = POLLIN };
	assert_int_equal(1, poll(&p, 1, 5000));
	assert_ok(db_listen_drain(l, note, &sum, &n));
	assert_int_equal(3, n);
	assert_int_equal(7, sum);
	assert_ok(db_command(db, "SELECT pg_terminate_backend(pid)"
	    " FROM pg_stat_activity WHERE usename = 'listener'"));
	p.fd = db_listen_fd(l);
	assert_int_equal(1, poll(&p, 1, 5000));
	while (db_listen_drain(l, note, &sum, &n) == OK)
		assert_int_equal(1, poll(&p, 1, 5000));
	assert_int_equal(-1, db_listen_fd(l));
	assert_ok(db_listen_ensure(l));
	assert_ok(db_command(db, "NOTIFY understudy_edge, '2'"));
	p.fd = db_listen_fd(l);
	assert_int_equal(1, poll(&p, 1, 5000));
	assert_ok(db_listen_drain(l, note, &sum, &n));
	assert_int_equal(9, sum);
	db_listen_close(l);
}

CASE(nothing_new_is_no_error_and_does_not_wait)
{
	static const char *const channels[] = { "understudy_job" };
	struct db_conf c = dbtest_conf(NULL);
	struct db_listen *l;
	size_t n = 99;

	assert_ok(db_listen_open(&c, channels, 1, &l));
	assert_ok(db_listen_drain(l, NULL, NULL, &n));
	assert_int_equal(n, 0);
	assert_ok(db_listen_ensure(l));		/* not lost: costs nothing */
	db_listen_close(l);
	db_listen_close(NULL);
}

CASE(nobody_to_call_still_takes_what_came)
{
	static const char *const channels[] = { "understudy_job" };
	struct db_conf c = dbtest_conf(NULL);
	struct db_listen *l;
	struct pollfd p = { .events = POLLIN };
	size_t n;

	assert_ok(db_listen_open(&c, channels, 1, &l));
	assert_ok(db_command(db, "NOTIFY understudy_job;"
	    "NOTIFY understudy_edge"));
	p.fd = db_listen_fd(l);
	assert_int_equal(1, poll(&p, 1, 5000));
	assert_ok(db_listen_drain(l, NULL, NULL, &n));
	assert_int_equal(n, 1);			/* the other is not ours */
	assert_ok(db_listen_drain(l, NULL, NULL, &n));
	assert_int_equal(n, 0);
	db_listen_close(l);
}

CASE(where_nobody_listens_opening_fails)
{
	static const char *const channels[] = { "understudy_job" };
	struct db_conf c = dbtest_conf("nobody_here");
	struct db_listen *l = NULL;

	assert_err(db_listen_open(&c, channels, 1, &l), ERR_DB);
	assert_null(l);
}
