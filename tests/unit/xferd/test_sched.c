/*
 * test_sched.c - how many zones are claimed, and when. The zones are deleted
 * ones: their rounds end at once, without a primary.
 */
#include "tests/lib/test.h"

#include "tests/lib/keeptest.h"
#include "xferd/sched.h"

static int
setup(void **state)
{
	struct sched *fresh;

	if (keeptest_setup(state) != 0 ||
	    sched_new(&keeptest, &fresh) != OK)
		return -1;
	keeptest.sched = fresh;
	uv_run(&xferdb.loop, UV_RUN_NOWAIT);	/* its first look */
	xferdb_turn();
	return 0;
}

static int
teardown(void **state)
{
	sched_stop(keeptest.sched);
	keeptest.n_rounds = 0;
	keeptest_conf->transfer.rounds_max = 512;
	return xferdb_teardown(state);
}

#define CASE(name)	TEST_WITH(name, setup, teardown)

static void
zones(unsigned n)
{
	for (unsigned i = 1; i <= n; i++)
		xferdb_zone(i);
	xferdb_do("UPDATE zone SET deleted_at = now()");
	xferdb_do("UPDATE zone_timer SET due_at = now() - interval '1 s'");
}

/* Until the rounds that were begun have ended, in the database too. */
static void
turn(unsigned n_running)
{
	do {
		xferdb_turn();
		ledger_flush(keeptest.ledger);
		xferdb_turn();
	} while (keeptest.n_rounds > n_running);
}

static int
n_due(void)
{
	return atoi(xferdb_get("SELECT count(*) FROM zone_timer WHERE"
	    " due_at <= now()"));
}

CASE(what_is_due_is_claimed_when_it_is_poked)
{
	zones(3);
	sched_poke(keeptest.sched);
	turn(0);
	assert_int_equal(n_due(), 0);
	assert_int_equal(keeptest_ended, 3);
	assert_string_equal(xferdb_get("SELECT count(*) FROM zone_timer WHERE"
	    " lease_owner IS NOT NULL"), "0");
}

CASE(a_full_batch_asks_for_the_next_at_once)
{
	zones(150);			/* the batch is 128 */
	sched_poke(keeptest.sched);
	turn(0);
	assert_int_equal(n_due(), 0);
	assert_int_equal(keeptest_ended, 150);
}

CASE(no_more_is_claimed_than_there_is_room_for)
{
	keeptest_conf->transfer.rounds_max = 12;
	keeptest.n_rounds = 10;
	zones(3);
	sched_poke(keeptest.sched);
	while (n_due() == 3)
		uv_run(&xferdb.loop, UV_RUN_ONCE);
	assert_int_equal(n_due(), 1);
	turn(10);
}

CASE(without_room_nothing_is_claimed_until_a_round_ends)
{
	keeptest.n_rounds = keeptest_conf->transfer.rounds_max;
	zones(2);
	sched_poke(keeptest.sched);
	assert_int_equal(crew_busy(xferdb.crew), 0);
	keeptest.n_rounds = 0;
	sched_room(keeptest.sched);
	while (crew_busy(xferdb.crew) == 0)	/* rounds end in bunches */
		uv_run(&xferdb.loop, UV_RUN_ONCE);
	turn(0);
	assert_int_equal(n_due(), 0);
}

CASE(a_round_that_ends_asks_for_nothing_when_there_was_room)
{
	zones(1);
	sched_poke(keeptest.sched);
	turn(0);
	sched_room(keeptest.sched);
	uv_run(&xferdb.loop, UV_RUN_NOWAIT);
	assert_int_equal(crew_busy(xferdb.crew), 0);
}

CASE(pokes_while_a_claim_is_under_way_are_one_more_claim)
{
	zones(1);
	for (int i = 0; i < 10; i++)
		sched_poke(keeptest.sched);
	assert_int_equal(crew_busy(xferdb.crew), 1);
	turn(0);
	assert_int_equal(keeptest_ended, 1);
}

CASE(leases_whose_return_was_forgotten_are_taken_up_again)
{
	zones(2);
	xferdb_lease(1, KEEPTEST_ME, 60);
	xferdb_lease(2, KEEPTEST_ME + 1, 60);
	sched_reclaim(keeptest.sched);
	turn(0);
	assert_int_equal(keeptest_ended, 1);
	assert_string_equal(xferdb_get("SELECT string_agg(lease_owner::text,"
	    " ' ') = $O2 FROM zone_timer WHERE lease_owner IS NOT NULL"),
	    "true");
}

CASE(a_notify_claims_what_was_notified_and_nothing_else)
{
	zones(3);
	xferdb_due(2, 0);
	sched_poke_notify(keeptest.sched);
	turn(0);
	assert_int_equal(keeptest_ended, 1);
	assert_int_equal(n_due(), 2);
}

CASE(after_the_stop_nothing_is_claimed)
{
	zones(2);
	sched_stop(keeptest.sched);
	sched_poke(keeptest.sched);
	sched_room(keeptest.sched);
	assert_int_equal(crew_busy(xferdb.crew), 0);
	assert_int_equal(n_due(), 2);
}

CASE(what_a_claim_brings_after_the_stop_is_left_to_its_lease)
{
	zones(2);
	sched_poke(keeptest.sched);
	sched_stop(keeptest.sched);
	turn(0);
	assert_int_equal(keeptest_ended, 0);
	assert_string_equal(xferdb_get("SELECT count(*) FROM zone_timer WHERE"
	    " lease_owner = $O1"), "2");
}
