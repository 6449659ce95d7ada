/*
 * Zones from the database into the cache: which version is taken, which parts
 * are read, and what is refused.
 *
 * The tables have the columns that intake reads and no constraints, so that
 * wrong copies can be made; tests/sql has the real ones.
 */
#include "common/db/db.h"
#include "dnsd/intake.h"
#include "tests/lib/pgtest.h"
#include "tests/unit/dnsd/cachemodel.h"

enum { ZONES = 3, ARENA = 32 << 20 };

struct fixture {
	struct model m;
	struct intake in;
	struct control_counters count;
	struct model_version have[ZONES];	/* in the database */
	uint32_t n_names[ZONES];
	enum err e[ZONES];			/* results */
	uint64_t generation[ZONES];
	int n_results;
};

static struct fixture *f;
static struct db *db;

#define STMT(name, n, text) static const struct db_stmt name = \
	{ #name, text, n }

STMT(state_put, 7, "INSERT INTO zone_state VALUES ($1, $2, 1, 'live', $3, $4,"
    " $5, $6, $7, now() + interval '1 hour')");
STMT(page_close, 3, "UPDATE zone_page SET to_generation = $3"
    " WHERE zone_id = $1 AND low_key = $2 AND to_generation IS NULL");
STMT(page_put, 4, "INSERT INTO zone_page VALUES ($1, $2, $3, NULL, $4)");
STMT(node_close, 2, "UPDATE zone_node SET to_generation = $2"
    " WHERE zone_id = $1 AND to_generation IS NULL");
STMT(node_put, 4, "INSERT INTO zone_node VALUES ($1, $2, $3, NULL, $4)");
STMT(state_drop, 1, "DELETE FROM zone_state WHERE zone_id = $1");

static void
result(void *arg, const uint8_t id[16], enum err e, uint64_t generation)
{
	uint32_t zone;

	(void)arg;
	memcpy(&zone, id, sizeof(zone));
	assert_in_range(zone, 0, ZONES - 1);
	f->e[zone] = e;
	f->generation[zone] = generation;
	f->n_results++;
}

static int
open_db(void)
{
	struct db_conf c = { .conninfo = pgtest_start_bare(),
	    .program = "test_intake", .timeout_ms = 10000, .prepare = true };

	if (c.conninfo == NULL || db_open(&c, &db, NULL, 0) != OK)
		return -1;
	return db_command(db, "CREATE TABLE zone_state (zone_id uuid, apex"
	    " bytea, stripes bigint, state text, generation bigint, serial"
	    " bigint, root_level smallint, root_digest bytea, checked_at"
	    " timestamptz, expires_at timestamptz);"
	    "CREATE TABLE zone_page (zone_id uuid, low_key bytea,"
	    " from_generation bigint, to_generation bigint, body bytea);"
	    "CREATE TABLE zone_node (zone_id uuid, low_key bytea,"
	    " from_generation bigint, to_generation bigint, children bytea)")
	    == OK ? 0 : -1;
}

static int
setup(void **state)
{
	(void)state;
	if (db == NULL && open_db() != 0)
		return -1;
	if (db_ensure(db) != OK || db_command(db,
	    "TRUNCATE zone_state, zone_page, zone_node") != OK)
		return -1;
	f = aligned_alloc(64, ALIGN_UP(sizeof(*f), 64));
	if (f == NULL)
		return -1;
	memset(f, 0, sizeof(*f));
	model_open(&f->m, ARENA);
	f->in = (struct intake){ .db = db, .w = f->m.w, .count = &f->count,
	    .epoch = 1, .turn = 5, .result = result };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (int i = 0; i < ZONES; i++)
		model_free(&f->have[i]);
	model_close(&f->m);
	free(f);
	return 0;
}

__attribute__((destructor)) static void
close_db(void)
{
	db_close(db);
}

#define CASE(what)	TEST_WITH(what, setup, teardown)

/* The row of a zone: version @v as generation @g, checked at a time. */
static void
state(uint32_t zone, uint64_t g, uint32_t v, int64_t checked_ms)
{
	const struct model_version *have = &f->have[zone];
	struct cache_facts facts;

	model_facts(&facts, zone, g);
	assert_ok(db_exec(db, &state_drop, DB_PARAMS(db_uuid(facts.id)),
	    NULL));
	assert_ok(db_exec(db, &state_put, DB_PARAMS(db_uuid(facts.id),
	    db_bytes(facts.apex, facts.apex_len), db_i64((int64_t)g),
	    db_i64(v), db_i64((int64_t)have->root.level),
	    db_bytes(&have->root.digest, DIGEST_SIZE),
	    db_time_ms(checked_ms)), NULL));
}

/* Version @v of a zone as generation @g, with the rows that change. */
static void
publish(uint32_t zone, uint64_t g, uint32_t v, uint32_t n_names)
{
	struct model_version next, *old = &f->have[zone];
	struct cache_facts facts;

	model_facts(&facts, zone, g);
	model_build(&next, zone, v, n_names);
	for (size_t i = 0; i < old->n_pages; i++)
		if (!model_had(&next, &old->page[i]))
			assert_ok(db_exec(db, &page_close, DB_PARAMS(
			    db_uuid(facts.id), db_bytes(old->page[i].low,
			    old->page[i].low_len), db_i64((int64_t)g)), NULL));
	for (size_t i = 0; i < next.n_pages; i++)
		if (!model_had(old, &next.page[i]))
			assert_ok(db_exec(db, &page_put, DB_PARAMS(
			    db_uuid(facts.id), db_bytes(next.page[i].low,
			    next.page[i].low_len), db_i64((int64_t)g),
			    db_bytes(next.page[i].body, next.page[i].len)),
			    NULL));
	assert_ok(db_exec(db, &node_close, DB_PARAMS(db_uuid(facts.id),
	    db_i64((int64_t)g)), NULL));
	for (size_t i = 0; i < next.n_nodes; i++)
		assert_ok(db_exec(db, &node_put, DB_PARAMS(db_uuid(facts.id),
		    db_bytes(next.node_low[i], next.node_low_len[i]),
		    db_i64((int64_t)g), db_bytes(next.node[i],
		    next.node_len[i])), NULL));
	model_free(old);
	*old = next;
	f->n_names[zone] = n_names;
	state(zone, g, v, 1000);
}

static enum err
take(uint32_t from, uint32_t n, bool large)
{
	uint8_t ids[ZONES][16];

	f->n_results = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct cache_facts facts;

		model_facts(&facts, from + i, 0);
		memcpy(ids[i], facts.id, 16);
		f->e[from + i] = ERR_INTERNAL;
	}
	return intake_zones(&f->in, (const uint8_t (*)[16])ids, n, large);
}

/* Take one zone; what became of it, and what is served then. */
static void
takes(uint32_t zone, enum err want, uint64_t generation)
{
	assert_ok(take(zone, 1, false));
	assert_int_equal(f->n_results, 1);
	assert_err(f->e[zone], want);
	assert_true(f->generation[zone] == generation);
}

static void
serves(uint32_t zone, uint32_t v)
{
	const struct cache_zone *z = model_head(f->m.view, zone);

	assert_non_null(z);
	assert_int_equal(z->state, CACHE_ZONE_LOADED);
	assert_int_equal(z->serial, v);
	for (uint32_t i = 0; i < f->n_names[zone]; i++)
		assert_int_equal(model_read(f->m.view, z, zone, i),
		    model_exists(zone, i, v) ?
		    (int64_t)model_value(zone, i, v) + 1 : 0);
	assert_true(cache_write_check(f->m.w));
}

static uint64_t
pages_read(void)
{
	return atomic_load(&f->count.v[CONTROL_pages_loaded]);
}

CASE(zones_of_one_page_and_of_many_are_taken_together)
{
	publish(0, 1, 7, 2);
	publish(1, 4, 8, 90);
	publish(2, 2, 9, 30);
	assert_ok(take(0, 3, false));
	assert_int_equal(f->n_results, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_ok(f->e[i]);
		serves(i, 7 + i);
	}
	assert_true(f->generation[1] == 4);
	assert_true(atomic_load(&f->count.v[CONTROL_zones_loaded]) == 3);
}

CASE(of_a_newer_version_only_what_changed_is_read)
{
	struct model_version one, two;
	size_t changed = 0;
	uint64_t before;

	publish(1, 1, 8, 300);
	takes(1, OK, 1);
	model_build(&one, 1, 8, 300);
	model_build(&two, 1, 9, 300);
	for (size_t i = 0; i < two.n_pages; i++)
		changed += !model_had(&one, &two.page[i]);
	assert_in_range(changed, 1, two.n_pages - 1);
	before = pages_read();
	publish(1, 2, 9, 300);
	takes(1, OK, 2);
	assert_int_equal(pages_read() - before, changed);
	serves(1, 9);
	model_free(&one);
	model_free(&two);
}

CASE(what_is_served_already_is_not_read_again)
{
	uint64_t before;

	publish(1, 3, 8, 60);
	takes(1, OK, 3);
	before = pages_read();
	takes(1, OK, 3);
	assert_true(pages_read() == before);
	assert_int_equal(cache_write_n_zones(f->m.w), 1);
}

CASE(a_zone_in_many_pieces_is_taken_whole)
{
	publish(1, 1, 8, 1700);
	assert_true(f->have[1].n_pages > 500);
	assert_ok(take(1, 1, true));
	assert_ok(f->e[1]);
	serves(1, 8);
	publish(1, 2, 9, 1700);
	assert_ok(take(1, 1, true));
	serves(1, 9);
}

CASE(deleted_withdrawn_and_unknown_zones_leave_the_cache)
{
	static const char *const gone[] = {
		"UPDATE zone_state SET state = 'deleted'",
		"UPDATE zone_state SET state = 'withdrawn'",
		"DELETE FROM zone_state",
	};

	for (size_t i = 0; i < COUNT_OF(gone); i++) {
		publish(0, i + 1, (uint32_t)i + 1, 10);
		takes(0, OK, i + 1);
		serves(0, (uint32_t)i + 1);
		assert_ok(db_command(db, gone[i]));
		takes(0, OK, 0);
		assert_null(model_head(f->m.view, 0));
	}
	takes(1, OK, 0);			/* never heard of */
}

CASE(a_zone_never_loaded_is_there_and_empty)
{
	publish(0, 1, 1, 10);
	assert_ok(db_command(db, "UPDATE zone_state SET state = 'empty',"
	    " generation = 0, serial = NULL, root_level = NULL,"
	    " root_digest = NULL, checked_at = NULL, expires_at = NULL"));
	takes(0, OK, 0);
	assert_non_null(model_head(f->m.view, 0));
	assert_int_equal(model_head(f->m.view, 0)->state, CACHE_ZONE_EMPTY);
	state(0, 1, 1, 1000);
	takes(0, OK, 1);
	serves(0, 1);
}

CASE(an_older_generation_of_the_same_history_is_passed_over)
{
	publish(0, 5, 8, 20);
	takes(0, OK, 5);
	publish(0, 4, 9, 20);
	takes(0, OK, 5);
	serves(0, 8);
}

CASE(in_another_history_the_serial_decides)
{
	publish(0, 5, 8, 20);
	takes(0, OK, 5);
	f->in.epoch = 2;
	publish(0, 3, 7, 20);			/* restored to before */
	takes(0, ERR_STALE, 5);
	serves(0, 8);
	publish(0, 4, 9, 20);
	takes(0, OK, 4);
	serves(0, 9);
	assert_true(cache_write_find(f->m.w,
	    (const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\7")->epoch == 2);
}

CASE(the_same_generation_with_other_content_is_read_anew)
{
	publish(0, 5, 8, 20);
	takes(0, OK, 5);
	publish(0, 5, 9, 20);
	takes(0, OK, 5);
	serves(0, 9);
}

CASE(a_base_that_is_not_what_it_seemed_is_read_anew)
{
	publish(0, 5, 8, 60);
	takes(0, OK, 5);
	publish(0, 6, 12, 60);
	/* As if the changed pages were older than what the cache has. */
	assert_ok(db_command(db, "UPDATE zone_page SET from_generation = 4"));
	takes(0, OK, 6);
	serves(0, 12);
}

CASE(a_part_that_is_missing_fails_its_zone_and_no_other)
{
	publish(0, 1, 8, 60);
	publish(1, 1, 8, 60);
	takes(0, OK, 1);
	publish(0, 2, 12, 60);
	assert_ok(db_command(db, "DELETE FROM zone_page WHERE from_generation"
	    " = 2 AND low_key = (SELECT low_key FROM zone_page"
	    " WHERE from_generation = 2 ORDER BY 1 DESC LIMIT 1)"));
	assert_ok(take(0, 2, false));
	assert_int_equal(f->n_results, 2);
	assert_err(f->e[0], ERR_MISMATCH);
	assert_true(f->generation[0] == 1);
	serves(0, 8);				/* the old version stays */
	assert_ok(f->e[1]);
	serves(1, 8);
}

CASE(a_damaged_page_is_malformed_or_does_not_match)
{
	publish(0, 1, 8, 3);
	assert_ok(db_command(db, "UPDATE zone_page SET body ="
	    " set_byte(body, 0, 0)"));
	assert_ok(take(0, 1, false));
	assert_true(f->e[0] == ERR_MALFORMED || f->e[0] == ERR_MISMATCH);
	assert_null(model_head(f->m.view, 0));
}

CASE(a_later_check_moves_the_deadline_an_earlier_one_does_not)
{
	struct cache_write *w = f->m.w;
	static const uint8_t id[16] = { [15] = 7 };
	int64_t first;

	publish(0, 1, 8, 3);
	takes(0, OK, 1);
	first = cache_write_find(w, id)->expire_boot_ms;
	state(0, 1, 8, 999);
	assert_ok(db_command(db, "UPDATE zone_state SET expires_at ="
	    " now() + interval '9 hours'"));
	takes(0, OK, 1);
	assert_true(cache_write_find(w, id)->expire_boot_ms == first);
	state(0, 1, 8, 1001);
	assert_ok(db_command(db, "UPDATE zone_state SET expires_at ="
	    " now() + interval '9 hours'"));
	takes(0, OK, 1);
	assert_true(cache_write_find(w, id)->expire_boot_ms >
	    first + 7 * 3600 * INT64_C(1000));
	assert_int_equal(cache_write_find(w, id)->turn, 5);
}

CASE(a_database_that_fails_says_nothing_of_the_zones)
{
	publish(0, 1, 8, 3);
	takes(0, OK, 1);
	publish(1, 1, 8, 3);
	assert_ok(db_command(db, "ALTER TABLE zone_page RENAME TO hidden;"
	    "DISCARD PLANS"));
	assert_true(take(0, 2, false) != OK);
	assert_int_equal(f->n_results, 0);
	assert_ok(db_command(db, "ALTER TABLE hidden RENAME TO zone_page"));
	serves(0, 8);
}
