/*
 * test_lease.c - zones go to one instance at a time, with all that a round
 * needs. Two owners, one database.
 */
#include "tests/lib/test.h"

#include "tests/lib/xferdb.h"
#include "xferd/lease.h"

static struct lease_claim claim;

static void
free_zones(void)
{
	while (claim.zones != NULL) {
		struct lease_zone *next = claim.zones->next;

		lease_zone_free(claim.zones);
		claim.zones = next;
	}
	claim.n_zones = 0;
}

static int
teardown(void **state)
{
	free_zones();
	memset(&claim, 0, sizeof(claim));
	return xferdb_teardown(state);
}

#define CASE(name)	TEST_WITH(name, xferdb_setup, teardown)

/* What owner n gets of at most @max zones, as "1 2 5". */
static const char *
claimed(unsigned owner, unsigned max)
{
	static char text[200];
	size_t n = 0;

	free_zones();
	xferdb_owner(owner, claim.owner);
	claim.lease_ms = 60000;
	claim.n_max = max;
	claim.priority_max = 3;
	claim.day_bytes = 1000;
	assert_ok(lease_claim_run(&claim.job, xferdb.db));
	text[0] = '\0';
	for (struct lease_zone *z = claim.zones; z != NULL; z = z->next)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u",
		    n > 0 ? " " : "", z->zone_id[15]);
	return text;
}

static bool
holds(unsigned owner, unsigned zone)
{
	uint8_t ids[2][16];
	bool held[2] = { true, true };
	struct lease_renew renew = { .lease_ms = 60000, .zones = ids,
		.n_zones = 2, .held = held };

	xferdb_owner(owner, renew.owner);
	xferdb_zone_id(99, ids[0]);		/* there is none */
	xferdb_zone_id(zone, ids[1]);
	assert_ok(lease_renew_run(&renew.job, xferdb.db));
	assert_false(held[0]);
	return held[1];
}

CASE(what_is_due_is_claimed_and_nothing_else)
{
	for (unsigned i = 1; i <= 3; i++)
		xferdb_zone(i);
	xferdb_due(2, 3);
	assert_string_equal(claimed(1, 10), "2");
	assert_string_equal(claimed(1, 10), "");
	assert_string_equal(xferdb_get("SELECT count(*) FROM zone_timer WHERE"
	    " lease_owner IS NOT NULL"), "1");
}

CASE(two_owners_share_out_what_is_due)
{
	for (unsigned i = 1; i <= 3; i++) {
		xferdb_zone(i);
		xferdb_due(i, 3);
	}
	assert_int_equal(strlen(claimed(1, 2)), 3);
	assert_int_equal(strlen(claimed(2, 2)), 1);
	assert_string_equal(claimed(1, 2), "");
}

CASE(who_is_being_claimed_is_passed_over_and_not_waited_for)
{
	xferdb_zone(1);
	xferdb_zone(2);
	xferdb_due(1, 3);
	xferdb_due(2, 3);
	xferdb_do("BEGIN");
	xferdb_do("SELECT 1 FROM zone_timer WHERE zone_id = $Z1 FOR UPDATE");
	assert_string_equal(claimed(1, 10), "2");
	xferdb_do("ROLLBACK");
	assert_string_equal(claimed(1, 10), "1");
}

CASE(a_lease_that_lapsed_goes_to_the_next_who_asks)
{
	xferdb_zone(1);
	xferdb_due(1, 3);
	assert_string_equal(claimed(1, 10), "1");
	assert_true(holds(1, 1));
	assert_string_equal(claimed(2, 10), "");
	xferdb_lease(1, 1, -1);
	assert_string_equal(claimed(2, 10), "1");
	assert_false(holds(1, 1));
	assert_true(holds(2, 1));
}

/* The database was killed before it had written their return down. */
CASE(leases_that_no_round_holds_are_freed_and_others_left)
{
	uint8_t held[1][16];
	struct lease_orphans o = { .held = held, .n_held = 1 };

	for (unsigned i = 1; i <= 4; i++)
		xferdb_zone(i);
	xferdb_lease(1, 1, 60);
	xferdb_lease(2, 1, 60);
	xferdb_lease(3, 2, 60);
	xferdb_owner(1, o.owner);
	xferdb_zone_id(2, held[0]);
	assert_ok(lease_orphans_run(&o.job, xferdb.db));
	assert_int_equal(o.n_freed, 1);
	assert_string_equal(claimed(3, 10), "1");
	assert_true(holds(1, 2));
	assert_true(holds(2, 3));
}

CASE(a_lease_is_kept_although_it_is_due_again)
{
	xferdb_zone(1);
	xferdb_due(1, 3);
	assert_string_equal(claimed(1, 10), "1");
	xferdb_due(1, 0);		/* a NOTIFY meanwhile */
	assert_string_equal(claimed(2, 10), "");
	assert_true(holds(1, 1));
	/* Renewal leaves the NOTIFY's due time where it is. */
	assert_string_equal(xferdb_get("SELECT due_at < now() FROM zone_timer"
	    " WHERE zone_id = $Z1"), "true");
}

CASE(the_most_urgent_come_first)
{
	for (unsigned i = 1; i <= 4; i++) {
		xferdb_zone(i);
		xferdb_due(i, (int)(4 - i));
	}
	xferdb_do("UPDATE zone_timer SET serial_hint = 4294967295,"
	    " primary_ordinal = 2 WHERE zone_id = $Z4");
	assert_string_equal(claimed(1, 2), "4 3");
	assert_int_equal(claim.zones->reason, ZONE_REASON_NOTIFY);
	assert_true(claim.zones->has_hint);
	assert_int_equal(claim.zones->hint, UINT32_MAX);
	assert_int_equal(claim.zones->first_ordinal, 2);
	assert_int_equal(claim.zones->next->reason, ZONE_REASON_NEW);
	assert_false(claim.zones->next->has_hint);
	assert_string_equal(claimed(1, 10), "2 1");
	assert_int_equal(claim.zones->reason, ZONE_REASON_JOB);
	assert_int_equal(claim.zones->next->reason, ZONE_REASON_DUE);
}

CASE(tenants_at_their_cap_are_passed_over)
{
	uint8_t busy[1][16];

	xferdb_zone(1);
	xferdb_zone(11);
	xferdb_due(1, 0);
	xferdb_due(11, 3);
	xferdb_tenant_id(1, busy[0]);
	claim.busy = busy;
	claim.n_busy = 1;
	assert_string_equal(claimed(1, 10), "11");
	claim.n_busy = 0;
	assert_string_equal(claimed(1, 10), "1");
}

CASE(a_round_gets_the_primaries_in_order_with_their_keys)
{
	const struct lease_primary *p;

	xferdb_zone(1);
	xferdb_do("INSERT INTO tsig_key (id, tenant_id, name, name_wire,"
	    " algorithm, sealed, fingerprint) VALUES ($T77, $T1, 'key',"
	    " '\\x036b657900', 'hmac-sha256', decode(repeat('5e', 80),"
	    " 'hex'), '0123456789abcdef')");
	xferdb_do("INSERT INTO primary_server (id, tenant_id, address, port,"
	    " transport, key_id) VALUES ($P2, $T1, '2001:db8::1', 5353,"
	    " 'tls', $T77)");
	xferdb_do("UPDATE zone_primary SET ordinal = 3");
	xferdb_do("INSERT INTO zone_primary (zone_id, tenant_id, ordinal,"
	    " primary_id) VALUES ($Z1, $T1, 1, $P2)");
	xferdb_due(1, 3);
	assert_string_equal(claimed(1, 10), "1");
	assert_int_equal(claim.zones->n_primaries, 2);
	p = claim.zones->primaries;
	assert_int_equal(p[0].ordinal, 1);
	assert_int_equal(p[0].addr.family, 6);
	assert_int_equal(p[0].addr.ip[0], 0x20);
	assert_int_equal(p[0].addr.port, 5353);
	assert_true(p[0].tls);
	assert_true(p[0].has_key);
	assert_int_equal(p[0].key_name_len, 5);
	assert_memory_equal(p[0].key_name, "\3key\0", 5);
	assert_string_equal(p[0].algorithm, "hmac-sha256");
	assert_int_equal(p[0].sealed_len, 80);
	assert_int_equal(p[0].sealed[79], 0x5e);
	assert_int_equal(p[1].ordinal, 3);
	assert_int_equal(p[1].addr.family, 4);
	assert_int_equal(p[1].addr.ip[3], 1);
	assert_int_equal(p[1].addr.port, 53);
	assert_false(p[1].tls);
	assert_false(p[1].has_key);
}

CASE(a_zone_that_was_never_loaded_says_so)
{
	const struct lease_zone *z;

	xferdb_zone(1);
	xferdb_due(1, 1);
	assert_string_equal(claimed(1, 10), "1");
	z = claim.zones;
	assert_string_equal(z->name, "z1.test");
	assert_int_equal(z->apex_len, 9);
	assert_memory_equal(z->apex, "\2z1\4test", 9);
	assert_false(z->asleep);
	assert_false(z->loaded);
	assert_int_equal(z->generation, 0);
	assert_int_equal(z->n_jobs, 0);
}

CASE(the_later_of_two_checks_tells_when_a_zone_expires)
{
	xferdb_zone(1);
	xferdb_do("UPDATE zone_state SET generation = 1, serial = 4000000000,"
	    " soa = decode(repeat('00', 22), 'hex'), root_level = 0,"
	    " root_digest = decode(repeat('00', 32), 'hex'), loaded_at ="
	    " now(), checked_at = now() - interval '1 h', expires_at = now() +"
	    " interval '100 s'");
	xferdb_due(1, 3);
	assert_string_equal(claimed(1, 10), "1");
	assert_true(claim.zones->loaded);
	assert_true(claim.zones->serial == 4000000000u);
	assert_int_equal(claim.zones->soa_len, 22);
	assert_in_range(claim.zones->expires_in_ms, 1, 100000);
	xferdb_do("UPDATE zone_timer SET lease_owner = NULL, lease_until ="
	    " NULL, checked_at = now(), expires_at = now() +"
	    " interval '500 s'");
	xferdb_due(1, 3);
	assert_string_equal(claimed(1, 10), "1");
	assert_in_range(claim.zones->expires_in_ms, 400000, 500000);
}

CASE(zones_that_nobody_is_served_are_asleep)
{
	for (unsigned i = 1; i <= 3; i++)
		xferdb_zone(i);
	xferdb_zone(11);
	xferdb_do("UPDATE zone SET state = 'lapsed' WHERE id = $Z1");
	xferdb_do("UPDATE zone SET state = 'suspended' WHERE id = $Z2");
	xferdb_do("UPDATE zone SET deleted_at = now() WHERE id = $Z3");
	xferdb_do("UPDATE tenant SET suspended_at = now() WHERE id = $T2");
	for (unsigned i = 1; i <= 3; i++)
		xferdb_due(i, 3);
	xferdb_due(11, 3);
	assert_string_equal(claimed(1, 10), "1 2 3 11");
	for (struct lease_zone *z = claim.zones; z != NULL; z = z->next)
		assert_int_equal(z->asleep, z->zone_id[15] != 2);
}

CASE(jobs_that_wait_for_the_round_come_with_it)
{
	xferdb_zone(1);
	xferdb_zone(2);
	xferdb_do("INSERT INTO job (tenant_id, zone_id, kind, state,"
	    " lease_owner, lease_until) SELECT $T1, $Z1, k, 'running', $O9,"
	    " now() FROM unnest(ARRAY['refresh', 'check', 'retransfer']) AS"
	    " u (k)");
	xferdb_do("INSERT INTO job (tenant_id, zone_id, kind) VALUES ($T1,"
	    " $Z2, 'retransfer')");	/* queued: not yet this round's */
	xferdb_due(1, 2);
	xferdb_due(2, 2);
	assert_string_equal(claimed(1, 10), "1 2");
	assert_int_equal(claim.zones->n_jobs, 2);
	assert_true(claim.zones->job_ids[0] < claim.zones->job_ids[1]);
	assert_int_equal(claim.zones->reason, ZONE_REASON_RETRANSFER);
	assert_int_equal(claim.zones->next->n_jobs, 0);
	assert_int_equal(claim.zones->next->reason, ZONE_REASON_JOB);
}

CASE(the_wish_for_a_retransfer_is_taken_once)
{
	xferdb_zone(1);
	xferdb_due(1, 2);
	xferdb_do("UPDATE zone_timer SET retransfer = true");
	assert_string_equal(claimed(1, 10), "1");
	assert_int_equal(claim.zones->reason, ZONE_REASON_RETRANSFER);
	xferdb_lease(1, 1, -1);
	assert_string_equal(claimed(1, 10), "1");
	assert_int_equal(claim.zones->reason, ZONE_REASON_DUE);
}

CASE(a_former_life_gives_back_its_own_zones_only)
{
	uint8_t owner[16];

	xferdb_zone(1);
	xferdb_zone(2);
	xferdb_lease(1, 1, 60);
	xferdb_lease(2, 2, 60);
	xferdb_owner(1, owner);
	assert_ok(lease_release(xferdb.db, owner));
	assert_string_equal(claimed(3, 10), "1");
	assert_true(holds(2, 2));
}
