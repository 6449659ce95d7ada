/*
 * test_publish.c - versions go in whole or not at all, and one that is refused
 * does not hold back its neighbours.
 */
#include "tests/lib/test.h"

#include "tests/lib/xferdb.h"
#include "xferd/publish.h"

enum { ME = 1, N = 4 };

static struct publish *publish;		/* one for all tests */
static struct publish_version *version[N];
static enum err result[N];
static unsigned n_done;

static void
done(struct publish_version *v, enum err e)
{
	for (unsigned i = 0; i < N; i++)
		if (version[i] == v)
			result[i] = e;
	n_done++;
}

static int
setup(void **state)
{
	uint8_t owner[16];

	if (xferdb_setup(state) != 0)
		return -1;
	xferdb_owner(ME, owner);
	if (publish == NULL && publish_new(xferdb.crew, owner, &publish) !=
	    OK)
		return -1;
	for (unsigned i = 0; i < N; i++) {
		xferdb_zone(i + 1);
		xferdb_lease(i + 1, ME, 60);
		result[i] = ERR_INTERNAL;
	}
	n_done = 0;
	return 0;
}

static int
teardown(void **state)
{
	for (unsigned i = 0; i < N; i++) {
		publish_version_free(version[i]);
		version[i] = NULL;
	}
	return xferdb_teardown(state);
}

#define CASE(name)	TEST_WITH(name, setup, teardown)

/* The version of zone @i + 1: one page, one node, all of them fit to store. */
static struct publish_version *
make(unsigned i, int64_t base)
{
	struct publish_version *v = calloc(1, sizeof(*v));
	struct digest digest;

	publish_version_free(version[i]);
	version[i] = v;
	memset(&digest, (int)(0x40 + base), sizeof(digest));
	xferdb_zone_id(i + 1, v->zone_id);
	xferdb_tenant_id(i + 1, v->tenant_id);
	xferdb_id('p', i + 1, v->primary_id);
	v->base_generation = base;
	v->serial = (uint32_t)(100 + base);
	v->soa_len = 22;
	v->root_level = 1;
	v->root_digest = digest;
	v->n_records = 2;
	v->n_pages = 1;
	v->expires_in_ms = 3600000;
	v->done = done;
	assert_ok(publish_rows_add(&v->pages, 0, (const uint8_t *)"", 1,
	    NULL, 0, &digest, 2, (const uint8_t *)"page", 4));
	assert_ok(publish_rows_add(&v->nodes, 1, (const uint8_t *)"", 1,
	    NULL, 0, &digest, 0, (const uint8_t *)"node", 4));
	v->n_bytes = 8;
	return v;
}

/* Hand over all that was made: the first goes alone, the rest together. */
static void
write_all(void)
{
	unsigned n = 0;

	n_done = 0;
	for (unsigned i = 0; i < N; i++)
		if (version[i] != NULL) {
			publish_submit(publish, version[i]);
			n++;
		}
	xferdb_turn();
	assert_int_equal(n_done, n);
	assert_true(publish_idle(publish));
}

/* "generation/versions/live pages/live nodes" of a zone */
static const char *
stored(unsigned zone)
{
	return xferdb_get("SELECT concat_ws('/', generation,"
	    " (SELECT count(*) FROM zone_version v WHERE v.zone_id ="
	    " s.zone_id), (SELECT count(*) FROM zone_page p WHERE p.zone_id ="
	    " s.zone_id AND to_generation IS NULL),"
	    " (SELECT count(*) FROM zone_node p WHERE p.zone_id = s.zone_id"
	    " AND to_generation IS NULL)) FROM zone_state s"
	    " WHERE zone_id = $Z%u", zone);
}

CASE(the_first_version_brings_a_zone_to_life)
{
	make(0, 0);
	write_all();
	assert_ok(result[0]);
	assert_string_equal(stored(1), "1/1/1/1");
	assert_string_equal(xferdb_get("SELECT concat_ws('/', state, serial,"
	    " root_level, record_count, page_count) FROM zone_state"
	    " WHERE zone_id = $Z1"), "live/100/1/2/1");
	assert_string_equal(xferdb_get("SELECT expires_at BETWEEN now() +"
	    " interval '59 min' AND now() + interval '1 h' FROM zone_state"
	    " WHERE zone_id = $Z1"), "true");
	assert_string_equal(xferdb_get("SELECT mode || primary_id::text ="
	    " 'axfr' || $P1 FROM zone_version"), "true");
	assert_string_equal(xferdb_get("SELECT body = 'page' AND high_key IS"
	    " NULL AND low_key = '\\x00' AND record_count = 2 AND tenant_id ="
	    " $T1 FROM zone_page"), "true");
	assert_string_equal(stored(2), "0/0/0/0");
}

CASE(a_version_above_the_account_s_records_is_refused_alone)
{
	/* Each zone is another tenant's: the second has a limit of its own,
	 * the others that of the configuration. */
	xferdb_do("UPDATE tenant SET limits = '{\"records\": 1}'"
	    " WHERE id = $T2");
	publish_limit(publish, 2);
	for (unsigned i = 0; i < 3; i++)
		make(i, 0);
	version[2]->n_records = 3;
	write_all();
	publish_limit(publish, 0);
	assert_ok(result[0]);
	assert_err(result[1], ERR_LIMIT);
	assert_err(result[2], ERR_LIMIT);
	assert_string_equal(stored(1), "1/1/1/1");
	assert_string_equal(stored(2), "0/0/0/0");
	assert_string_equal(stored(3), "0/0/0/0");
}

CASE(the_next_version_closes_what_it_replaces)
{
	struct publish_version *v;

	make(0, 0);
	write_all();
	v = make(0, 1);
	v->ixfr = true;
	assert_ok(publish_rows_add(&v->close_pages, 0, (const uint8_t *)"", 1,
	    NULL, 0, NULL, 0, NULL, 0));
	assert_ok(publish_rows_add(&v->close_nodes, 1, (const uint8_t *)"", 1,
	    NULL, 0, NULL, 0, NULL, 0));
	write_all();
	assert_ok(result[0]);
	assert_string_equal(stored(1), "2/2/1/1");
	assert_string_equal(xferdb_get("SELECT string_agg(from_generation ||"
	    " '-' || coalesce(to_generation::text, ''), ' ' ORDER BY"
	    " from_generation) FROM zone_page"), "1-2 2-");
	assert_string_equal(xferdb_get("SELECT mode FROM zone_version WHERE"
	    " generation = 2"), "ixfr");
}

CASE(a_version_built_on_another_generation_loses_alone)
{							/* T-078 */
	make(0, 0);
	make(1, 0);
	make(2, 5);
	make(3, 0);
	write_all();
	assert_ok(result[0]);
	assert_ok(result[1]);
	assert_err(result[2], ERR_CONFLICT);
	assert_ok(result[3]);
	assert_string_equal(stored(2), "1/1/1/1");
	assert_string_equal(stored(3), "0/0/0/0");
	assert_string_equal(stored(4), "1/1/1/1");
}

CASE(of_two_versions_on_one_generation_the_second_loses)
{
	struct publish_version *first;

	make(0, 0);
	write_all();
	first = version[0];
	version[0] = NULL;
	make(0, 0);			/* made before the first was known */
	write_all();
	publish_version_free(first);
	assert_err(result[0], ERR_CONFLICT);
	assert_string_equal(stored(1), "1/1/1/1");
}

CASE(who_committed_first_while_we_waited_wins)
{
	xferdb_do("BEGIN");
	xferdb_do("UPDATE zone_state SET generation = 1, serial = 1, soa ="
	    " decode(repeat('00', 22), 'hex'), root_level = 0, root_digest ="
	    " decode(repeat('00', 32), 'hex'), loaded_at = now(), checked_at"
	    " = now(), expires_at = now() WHERE zone_id = $Z1");
	publish_submit(publish, make(0, 0));
	assert_false(publish_idle(publish));
	xferdb_do("COMMIT");
	xferdb_turn();
	assert_int_equal(n_done, 1);
	assert_err(result[0], ERR_CONFLICT);
	assert_string_equal(stored(1), "1/0/0/0");
}

CASE(without_the_lease_nothing_is_published)
{
	xferdb_lease(1, ME + 1, 60);	/* somebody else's */
	xferdb_lease(2, ME, -1);	/* lapsed */
	xferdb_do("UPDATE zone_timer SET lease_owner = NULL, lease_until ="
	    " NULL WHERE zone_id = $Z3");
	for (unsigned i = 0; i < N; i++)
		make(i, 0);
	write_all();
	for (unsigned i = 0; i < 3; i++) {
		assert_err(result[i], ERR_CONFLICT);
		assert_string_equal(stored(i + 1), "0/0/0/0");
	}
	assert_ok(result[3]);
}

CASE(a_deleted_zone_stays_deleted)
{
	xferdb_do("UPDATE zone SET deleted_at = now() WHERE id = $Z1");
	make(0, 0);
	write_all();
	assert_err(result[0], ERR_CONFLICT);
	assert_string_equal(stored(1), "0/0/0/0");
	assert_string_equal(xferdb_get("SELECT state FROM zone_state WHERE"
	    " zone_id = $Z1"), "deleted");
}

CASE(a_version_that_the_database_refuses_leaves_nothing_behind)
{
	make(0, 0);
	make(1, 0);
	make(2, 0)->soa_len = 7;	/* found last, behind pages and nodes */
	make(3, 0);
	write_all();
	assert_err(result[2], ERR_CONSTRAINT);
	assert_string_equal(stored(3), "0/0/0/0");
	assert_ok(result[1]);
	assert_ok(result[3]);
	assert_string_equal(stored(2), "1/1/1/1");
	assert_string_equal(stored(4), "1/1/1/1");
}

CASE(a_refused_version_alone_is_told_why)
{
	make(0, 0)->pages.row[0].body_len = 0;
	write_all();
	assert_err(result[0], ERR_CONSTRAINT);
	assert_string_equal(stored(1), "0/0/0/0");
}

CASE(pages_beyond_one_statement_all_arrive)
{
	enum { PAGES = 40, BODY = 256 * 1024 };		/* 10 MiB */
	struct publish_version *v = make(0, 0);
	uint8_t *body = malloc(BODY);
	struct digest digest = { { 1 } };

	memset(body, 'b', BODY);
	for (unsigned i = 1; i < PAGES; i++) {
		uint8_t low[3] = { 0, (uint8_t)(i + 1), 0 };

		assert_ok(publish_rows_add(&v->pages, 0, low, 3, NULL, 0,
		    &digest, 1, body, BODY));
		v->n_bytes += BODY;
	}
	free(body);
	v->n_pages = PAGES;
	write_all();
	assert_ok(result[0]);
	assert_string_equal(stored(1), "1/1/40/1");
	assert_string_equal(xferdb_get("SELECT sum(length(body)) FROM"
	    " zone_page"), "10223620");
}

TEST(no_version_is_freed_as_well)
{
	publish_version_free(NULL);
}
