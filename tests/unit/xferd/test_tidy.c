/* test_tidy.c - old versions go, in batches; what is live stays. */
#include "tests/lib/test.h"

#include "tests/lib/keeptest.h"
#include "xferd/tidy.h"

enum { BULK = 2 * TIDY_ROWS + 7 };

static struct tidy *tidy;

static int
setup(void **state)
{
	if (keeptest_setup(state) != 0)
		return -1;
	keeptest_conf->transfer.keep_versions = 2;
	return tidy_new(&keeptest, &tidy) == OK ? 0 : -1;
}

static int
teardown(void **state)
{
	tidy_stop(tidy);
	return xferdb_teardown(state);
}

/* Five versions; each but the last left one page and one node behind. */
static void
versions(unsigned zone)
{
	xferdb_zone(zone);
	for (int g = 1; g <= 5; g++) {
		xferdb_do("INSERT INTO zone_version (zone_id, tenant_id,"
		    " generation, serial, soa, root_level, root_digest,"
		    " record_count, page_count, pages_written, mode) VALUES"
		    " ($Z%u, $T1, %d, 1, decode(repeat('00', 22), 'hex'), 1,"
		    " decode(repeat('00', 32), 'hex'), 1, 1, 1, 'axfr')",
		    zone, g);
		xferdb_do("INSERT INTO zone_page (zone_id, tenant_id, low_key,"
		    " from_generation, to_generation, record_count, digest,"
		    " body) VALUES ($Z%u, $T1, '\\x00', %d, nullif(%d, 6), 1,"
		    " decode(repeat('00', 32), 'hex'), 'p')", zone, g, g + 1);
		xferdb_do("INSERT INTO zone_node (zone_id, tenant_id, level,"
		    " low_key, from_generation, to_generation, digest,"
		    " children) VALUES ($Z%u, $T1, 1, '\\x00', %d,"
		    " nullif(%d, 6), decode(repeat('00', 32), 'hex'), 'n')",
		    zone, g, g + 1);
	}
}

static const char *
left(unsigned zone)
{
	return xferdb_get("SELECT concat_ws(' ', (SELECT string_agg("
	    "generation::text, '' ORDER BY generation) FROM zone_version"
	    " WHERE zone_id = $Z%u), (SELECT string_agg(from_generation"
	    "::text, '' ORDER BY from_generation) FROM zone_page WHERE"
	    " zone_id = $Z%u AND low_key = '\\x00'), (SELECT string_agg("
	    "from_generation::text, '' ORDER BY from_generation) FROM"
	    " zone_node WHERE zone_id = $Z%u))", zone, zone, zone);
}

TEST_WITH(versions_beyond_those_to_keep_go, setup, teardown)
{
	uint8_t id[16];

	for (unsigned i = 1; i <= 3; i++)
		versions(i);
	xferdb_do("INSERT INTO zone_page (zone_id, tenant_id, low_key,"
	    " from_generation, to_generation, record_count, digest, body)"
	    " SELECT $Z1, $T1, '\\x0002'::bytea || int4send(i), 1, 2, 1,"
	    " decode(repeat('00', 32), 'hex'), 'p' FROM generate_series(1,"
	    " %d) AS g (i)", BULK);
	xferdb_zone_id(1, id);
	tidy_zone(tidy, id, 5);
	xferdb_zone_id(2, id);
	tidy_zone(tidy, id, 3);		/* nothing is old enough */
	while (strcmp(left(1), "12345 12345 12345") == 0) {
		uv_run(&xferdb.loop, UV_RUN_ONCE);	/* its tick */
		xferdb_turn();
	}
	/* 3 and 4 are kept beside 5; what ended with 3 is in none of them. */
	assert_string_equal(left(1), "345 345 345");
	assert_string_equal(left(2), "12345 12345 12345");
	assert_string_equal(left(3), "12345 12345 12345");
	assert_string_equal(xferdb_get("SELECT count(*) FROM zone_page WHERE"
	    " zone_id = $Z1"), "3");
}
