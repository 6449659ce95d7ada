/* test_ledger.c - the ends of rounds: one batch, one transaction. */
#include "tests/lib/test.h"

#include "tests/lib/xferdb.h"
#include "common/base/now.h"
#include "xferd/ledger.h"

enum { ME = 1, KEEP = 3 };

static struct ledger *ledger;		/* one for all tests */
static unsigned n_written;

static int
setup(void **state)
{
	uint8_t owner[16];

	if (xferdb_setup(state) != 0)
		return -1;
	xferdb_owner(ME, owner);
	if (ledger == NULL && ledger_new(&xferdb.loop, xferdb.crew, owner,
	    KEEP, &ledger) != OK)
		return -1;
	for (unsigned i = 1; i <= 3; i++) {
		xferdb_zone(i);
		xferdb_lease(i, ME, 60);
	}
	n_written = 0;
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, xferdb_teardown)

static void
written(void *arg)
{
	assert_ptr_equal(arg, &n_written);
	n_written++;
}

static struct ledger_end
end_of(unsigned zone)
{
	struct ledger_end end = { .due_in_ms = 1000000, .priority = 3,
		.primary_serial = -1, .outcome = "current",
		.written = written, .arg = &n_written };

	xferdb_zone_id(zone, end.zone_id);
	return end;
}

static struct attempt
attempt_at(unsigned zone)
{
	struct attempt a;

	attempt_init(&a);
	xferdb_zone_id(zone, a.zone_id);
	xferdb_tenant_id(zone, a.tenant_id);
	a.started_ms = now_mono_ms();
	return a;
}

static void
flush(void)
{
	while (!ledger_idle(ledger)) {
		ledger_flush(ledger);
		xferdb_turn();
	}
}

static const char *
timer(unsigned zone, const char *columns)
{
	return xferdb_get("SELECT concat_ws('/', %s) FROM zone_timer"
	    " WHERE zone_id = $Z%u", columns, zone);
}

CASE(the_end_of_a_round_gives_the_lease_back)
{
	struct ledger_end end = end_of(1);

	end.failures = 2;
	end.error = strdup("it did not answer");
	ledger_finish(ledger, &end);
	assert_false(ledger_idle(ledger));
	assert_int_equal(n_written, 0);
	flush();
	assert_int_equal(n_written, 1);
	assert_string_equal(timer(1, "lease_owner IS NULL, failures,"
	    " last_error, round(extract(epoch FROM due_at - last_error_at)),"
	    " checked_at IS NULL, primary_serial IS NULL"),
	    "t/2/it did not answer/1000/t/t");
	assert_string_equal(timer(2, "lease_owner = $O1"), "t");
}

CASE(contact_renews_the_time_of_expiry)
{
	struct ledger_end end = end_of(1);

	xferdb_do("UPDATE zone_timer SET last_error = 'old', failures = 9");
	end.contact = true;
	end.expires_in_ms = 500000;
	end.primary_serial = UINT32_MAX;
	ledger_finish(ledger, &end);
	flush();
	assert_string_equal(timer(1, "failures, last_error IS NULL,"
	    " primary_serial, round(extract(epoch FROM expires_at -"
	    " checked_at)), checked_at > now() - interval '1 min'"),
	    "0/t/4294967295/500/t");
	assert_string_equal(xferdb_get("SELECT count(*) FROM"
	    " refresh_batch"), "0");
}

CASE(all_renewals_of_a_batch_are_one_row_for_the_edges)
{
	for (unsigned i = 1; i <= 3; i++) {
		struct ledger_end end = end_of(i);

		end.contact = true;
		end.renew = i != 2;
		end.expires_in_ms = 500000;
		ledger_finish(ledger, &end);
	}
	flush();
	assert_int_equal(n_written, 3);
	assert_string_equal(xferdb_get("SELECT zone_ids = ARRAY[$Z1, $Z3]"
	    "::uuid[] AND expires_at[2] > now() + interval '400 s' FROM"
	    " refresh_batch"), "true");
}

CASE(a_notify_that_came_meanwhile_keeps_its_due_time)
{
	struct ledger_end end = end_of(1);

	xferdb_due(1, 0);
	ledger_finish(ledger, &end);
	flush();
	assert_string_equal(timer(1, "lease_owner IS NULL, due_at < now(),"
	    " priority"), "t/t/0");
}

CASE(who_lost_the_lease_changes_nothing)
{
	struct ledger_end end = end_of(1);

	xferdb_lease(1, ME + 1, 60);
	end.failures = 7;
	ledger_finish(ledger, &end);
	flush();
	assert_int_equal(n_written, 1);
	assert_string_equal(timer(1, "lease_owner = $O2, failures"), "t/0");
}

CASE(the_jobs_of_a_round_are_answered)
{
	struct ledger_end end = end_of(1), bad = end_of(2);

	xferdb_do("INSERT INTO job (tenant_id, zone_id, kind, state,"
	    " lease_owner, lease_until) SELECT $T1, z, 'refresh', 'running',"
	    " $O1, now() FROM unnest(ARRAY[$Z1, $Z1, $Z2, $Z3]::uuid[]) AS"
	    " u (z)");
	end.job_ids[0] = atoll(xferdb_get("SELECT min(id) FROM job"));
	end.job_ids[1] = end.job_ids[0] + 1;
	end.n_jobs = 2;
	end.jobs_ok = true;
	bad.job_ids[0] = end.job_ids[0] + 2;
	bad.n_jobs = 1;
	bad.outcome = "failed";
	bad.error = strdup("why");
	ledger_finish(ledger, &end);
	ledger_finish(ledger, &bad);
	flush();
	assert_string_equal(xferdb_get("SELECT string_agg(state || ':' ||"
	    " coalesce(result ->> 'outcome', '') || ':' || coalesce(result"
	    " ->> 'message', ''), ' ' ORDER BY id) FROM job"),
	    "done:current: done:current: failed:failed:why running::");
}

CASE(an_attempt_has_nulls_for_what_is_not_known)
{
	struct attempt a = attempt_at(1);

	a.kind = ATTEMPT_AXFR;
	a.outcome = ATTEMPT_FAILED;
	a.reason = "connect-refused";
	snprintf(a.message, sizeof(a.message), "nobody there");
	assert_ok(sock_addr_parse("[2001:db8::1]:5353", -1, &a.primary));
	a.transport = "tcp";
	a.serial_before = UINT32_MAX;
	a.has_skew = true;
	a.skew_s = -7200;
	a.started_ms -= 5000;
	ledger_attempt(ledger, &a);
	flush();
	assert_string_equal(xferdb_get("SELECT concat_ws('/', kind, outcome,"
	    " reason, message, host(primary_address), primary_port,"
	    " transport, serial_before, clock_skew_s, rcode IS NULL,"
	    " serial_after IS NULL, bytes IS NULL, tenant_id = $T1,"
	    " round(extract(epoch FROM finished_at - started_at)))"
	    " FROM attempt WHERE zone_id = $Z1"),
	    "axfr/failed/connect-refused/nobody there/2001:db8::1/5353/tcp/"
	    "4294967295/-7200/t/t/t/t/5");
}

CASE(only_the_last_attempts_of_a_zone_are_kept)
{
	struct attempt a = attempt_at(1), b = attempt_at(2);

	for (int i = 0; i < 2 * KEEP; i++) {
		a.serial_after = i;
		ledger_attempt(ledger, &a);
	}
	ledger_attempt(ledger, &b);
	flush();
	assert_string_equal(xferdb_get("SELECT string_agg(serial_after::text,"
	    " ' ' ORDER BY id) FROM attempt WHERE zone_id = $Z1"), "3 4 5");
	assert_string_equal(xferdb_get("SELECT count(*) FROM attempt WHERE"
	    " zone_id = $Z2"), "1");
}

CASE(due_times_are_written_although_an_attempt_is_refused)
{
	struct ledger_end end = end_of(1);
	struct attempt a = attempt_at(1);

	a.rcode = 99999;		/* out of the column's range */
	ledger_attempt(ledger, &a);
	ledger_finish(ledger, &end);
	flush();
	assert_int_equal(n_written, 1);
	assert_string_equal(xferdb_get("SELECT count(*) FROM attempt"), "0");
	assert_string_equal(timer(1, "lease_owner IS NULL"), "t");
}

CASE(what_comes_while_one_batch_is_written_makes_the_next)
{
	struct ledger_end end = end_of(1);

	ledger_finish(ledger, &end);
	ledger_flush(ledger);		/* the crew has it */
	end = end_of(2);
	ledger_finish(ledger, &end);
	end = end_of(3);
	ledger_finish(ledger, &end);
	xferdb_turn();			/* the timer is not needed */
	assert_int_equal(n_written, 3);
	assert_true(ledger_idle(ledger));
}
