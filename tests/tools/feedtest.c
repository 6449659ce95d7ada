/*
 * feedtest.c - writers commit out of order while followers poll the feed.
 *
 * feedtest SECONDS CORE [NAME=CONNINFO]...
 *
 * CORE has the zones of tests/sql/run: those named once-N get their only
 * publication here, those named hot-N many. Sixteen writers publish with
 * sleeps, savepoints and rollbacks. Each follower polls feed_changes() and
 * keeps what a dnsd would. At the end, and for each horizon on the way,
 * nothing may be missing, and nothing may come twice that is not dropped by
 * generation. A naive follower (stamp > greatest stamp seen) runs beside
 * them, to show that the load would expose a wrong feed.
 *
 * Prints one line per follower; exits 1 if one of them missed something.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/hash.h"
#include "common/base/now.h"
#include "common/db/db_tx.h"

#define WRITERS		16
#define FOLLOWERS_MAX	8
#define ZONES_MAX	20000

#define STMT(name, n, text) static const struct db_stmt name = \
	{ #name, text, n }

STMT(all_zones, 0, "SELECT id, name FROM zone ORDER BY id");
STMT(publish, 1, "UPDATE zone_state SET generation = generation + 1,"
    " serial = generation + 1, soa = '\\x00000000000100000001000000010000000"
    "100000001', root_level = 0, root_digest = decode(repeat('00', 32),"
    " 'hex'), record_count = 1, page_count = 1, loaded_at = now(),"
    " checked_at = now(), expires_at = now() + interval '1 day'"
    " WHERE zone_id = $1");
STMT(refresh, 2, "INSERT INTO refresh_batch (checked_at, zone_ids,"
    " expires_at) VALUES (clock_timestamp(), ARRAY[$1::uuid, $2::uuid],"
    " ARRAY[now() + interval '2 days', now() + interval '2 days'])");
STMT(nap, 1, "SELECT pg_sleep($1)");
STMT(poll_feed, 1, "SELECT horizon, core_xmin, kind, zone_id, generation,"
    " checked_at FROM feed_changes($1)");
STMT(poll_naive, 1, "SELECT zone_id, generation, stamp FROM zone_state"
    " WHERE stamp > $1 ORDER BY stamp");
STMT(truth, 0, "SELECT zone_id, generation FROM zone_state");
STMT(truth_below, 1, "SELECT zone_id, generation FROM zone_state"
    " WHERE stamp < $1");
STMT(truth_refresh, 0, "SELECT u, max(checked_at) FROM refresh_batch,"
    " unnest(zone_ids) AS u GROUP BY u");
STMT(tick, 0, "SELECT feed_mark_tick()");

struct zone {
	uint8_t id[16];
	bool once;
};

static struct zone zones[ZONES_MAX];
static size_t n_zones, n_once;
static size_t once[ZONES_MAX];
static const char *core_conninfo;
static atomic_bool writing, following;
static atomic_size_t next_once;
static atomic_uint committed, rolled_back;
static atomic_uint failures;

struct follower {
	pthread_t thread;
	const char *name;
	const char *conninfo;
	struct db *db;
	struct db *core;
	int64_t generation[ZONES_MAX];
	int64_t checked_at[ZONES_MAX];
	uint64_t horizon;
	uint64_t core_xmin;
	unsigned polls, rows, applied, repeats, backwards, missed;
	bool naive;
};

static struct follower follower[FOLLOWERS_MAX];

static int
compare_zone(const void *key, const void *zone)
{
	return memcmp(key, ((const struct zone *)zone)->id, 16);
}

static size_t
zone_index(struct db_rows *r, size_t row, int col)
{
	uint8_t id[16];
	struct zone *z;

	db_get_uuid(r, row, col, id);
	z = bsearch(id, zones, n_zones, sizeof(*zones), compare_zone);
	return z == NULL ? SIZE_MAX : (size_t)(z - zones);
}

static struct db *
open_or_die(const char *conninfo)
{
	struct db_conf conf = { .conninfo = conninfo, .program = "feedtest",
	    .timeout_ms = 30000, .prepare = true };
	struct db *db = NULL;
	char why[256];

	if (db_open(&conf, &db, why, sizeof(why)) != OK) {
		fprintf(stderr, "feedtest: %s: %s\n", conninfo, why);
		exit(2);
	}
	return db;
}

static void
fail(struct db *db, const char *what)
{
	fprintf(stderr, "feedtest: %s: %s\n", what, db_error(db));
	atomic_fetch_add(&failures, 1);
}

static uint32_t
dice(uint32_t n)
{
	uint32_t v;

	hash_random(&v, sizeof(v));
	return v % n;
}

/* ------------------------------------------------------------ writers */

static int
by_value(const void *a, const void *b)
{
	const size_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* One transaction; false when it was rolled back. */
static bool
write_some(struct db *db, const size_t *pick, size_t n, bool keep)
{
	bool saved;
	size_t i;

	if (db_tx_begin(db, DB_TX_WRITE) != OK)
		return false;
	for (i = 0; i < n; i++) {
		saved = dice(4) == 0;
		if (saved) {
			/* Something that is undone, then the real thing. */
			if (db_tx_save(db) != OK ||
			    db_exec(db, &publish, DB_PARAMS(db_uuid(
			    zones[pick[i]].id)), NULL) != OK ||
			    db_tx_save_undo(db) != OK)
				goto undo;
			if (db_tx_save(db) != OK)
				goto undo;
		}
		if (db_exec(db, &publish, DB_PARAMS(db_uuid(
		    zones[pick[i]].id)), NULL) != OK)
			goto undo;
		if (saved && db_tx_save_keep(db) != OK)
			goto undo;
		if (dice(3) == 0 && db_exec(db, &nap, DB_PARAMS(
		    db_f64(dice(30) / 1000.0)), NULL) != OK)
			goto undo;
	}
	if (dice(5) == 0 && db_exec(db, &refresh, DB_PARAMS(
	    db_uuid(zones[pick[0]].id),
	    db_uuid(zones[once[dice((uint32_t)n_once)]].id)), NULL) != OK)
		goto undo;
	if (keep && db_tx_commit(db) == OK) {
		atomic_fetch_add(&committed, 1);
		return true;
	}
undo:
	db_tx_rollback(db);
	atomic_fetch_add(&rolled_back, 1);
	return false;
}

static void *
writer_run(void *arg)
{
	struct db *db = open_or_die(core_conninfo);
	size_t pick[4], n, i, o;

	(void)arg;
	while (atomic_load(&writing)) {
		n = 0;
		for (i = 0; i < 3; i++) {
			o = atomic_fetch_add(&next_once, 1);
			if (o < n_once)
				pick[n++] = once[o];
		}
		/* One hot zone, so that writers also wait for each other. */
		for (i = dice((uint32_t)n_zones); zones[i].once;
		    i = (i + 1) % n_zones)
			;
		pick[n++] = i;
		qsort(pick, n, sizeof(pick[0]), by_value);
		if (dice(5) == 0)
			(void)write_some(db, pick, n, false);
		for (i = 0; i < 50 && !write_some(db, pick, n, true); i++)
			;
		if (i == 50)
			fail(db, "writer");
	}
	db_close(db);
	return NULL;
}

static void *
tick_run(void *arg)
{
	struct db *db = open_or_die(core_conninfo);
	struct timespec pause = { 0, 50000000 };

	(void)arg;
	while (atomic_load(&following)) {
		if (db_exec(db, &tick, DB_NO_PARAMS, NULL) != OK)
			fail(db, "tick");
		nanosleep(&pause, NULL);
	}
	db_close(db);
	return NULL;
}

/* ------------------------------------------------------------ followers */

static void
take_zone(struct follower *f, struct db_rows *r, size_t row, int id_col,
    int generation_col)
{
	size_t z = zone_index(r, row, id_col);
	int64_t g = db_get_i64(r, row, generation_col);

	if (z == SIZE_MAX)
		return;
	if (g > f->generation[z]) {
		f->generation[z] = g;
		f->applied++;
	} else if (g == f->generation[z]) {
		f->repeats++;
	} else {
		f->backwards++;
	}
}

static bool
poll_once(struct follower *f)
{
	struct db_rows *r = NULL;
	size_t i, n, z;
	int64_t at;

	if (db_exec(f->db, f->naive ? &poll_naive : &poll_feed,
	    DB_PARAMS(db_xid8(f->horizon)), &r) != OK) {
		fail(f->db, f->name);
		return false;
	}
	n = db_rows_n(r);
	for (i = 0; i < n && f->naive; i++) {
		take_zone(f, r, i, 0, 1);
		f->horizon = db_get_xid8(r, i, 2);
	}
	for (i = 0; i < n && !f->naive; i++) {
		f->horizon = db_get_xid8(r, i, 0);
		f->core_xmin = db_get_xid8(r, i, 1);
		if (db_is_null(r, i, 2))
			break;
		f->rows++;
		if (strcmp(db_get_text(r, i, 2), "zone") == 0) {
			take_zone(f, r, i, 3, 4);
			continue;
		}
		z = zone_index(r, i, 3);
		at = db_get_time_ms(r, i, 5);
		if (z != SIZE_MAX && at > f->checked_at[z])
			f->checked_at[z] = at;
	}
	if (db_rows_failed(r))
		fail(f->db, "unexpected row");
	db_rows_free(r);
	f->polls++;
	return true;
}

/* What the core says against what the follower has. */
static unsigned
missing(struct follower *f, const struct db_stmt *stmt,
    const struct db_param *params, size_t n_params)
{
	struct db_rows *r = NULL;
	unsigned m = 0;
	size_t i, z;

	if (db_exec(f->core, stmt, params, n_params, &r) != OK) {
		fail(f->core, "truth");
		return 1;
	}
	for (i = 0; i < db_rows_n(r); i++) {
		z = zone_index(r, i, 0);
		if (z != SIZE_MAX && stmt == &truth_refresh)
			m += db_get_time_ms(r, i, 1) > f->checked_at[z];
		else if (z != SIZE_MAX)
			m += db_get_i64(r, i, 1) > f->generation[z];
	}
	db_rows_free(r);
	return m;
}

static void *
follower_run(void *arg)
{
	struct follower *f = arg;
	struct timespec pause = { 0, 3000000 };

	f->db = open_or_die(f->conninfo);
	f->core = open_or_die(core_conninfo);
	while (atomic_load(&following) && poll_once(f)) {
		/* What it would report as applied must be true. */
		if (!f->naive && f->polls % 16 == 0)
			f->missed += missing(f, &truth_below,
			    DB_PARAMS(db_xid8(f->core_xmin)));
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* After the last commit: poll until nothing is missing, or time is up. */
static void
follower_finish(struct follower *f)
{
	struct timespec pause = { 0, 50000000 };
	int64_t deadline = now_mono_ms() + 10000;
	unsigned zones_missing, refreshes_missing;

	do {
		(void)poll_once(f);
		zones_missing = missing(f, &truth, DB_NO_PARAMS);
		refreshes_missing = f->naive ? 0 :
		    missing(f, &truth_refresh, DB_NO_PARAMS);
		if (zones_missing == 0 && refreshes_missing == 0)
			break;
		nanosleep(&pause, NULL);
	} while (now_mono_ms() < deadline && !f->naive);
	printf("%s: polls=%u rows=%u applied=%u repeats=%u backwards=%u"
	    " early=%u missing=%u refreshes_missing=%u\n", f->name, f->polls,
	    f->rows, f->applied, f->repeats, f->backwards, f->missed,
	    zones_missing, refreshes_missing);
	if (!f->naive && (zones_missing != 0 || refreshes_missing != 0 ||
	    f->missed != 0 || f->backwards != 0))
		atomic_fetch_add(&failures, 1);
	db_close(f->db);
	db_close(f->core);
}

int
main(int argc, char **argv)
{
	pthread_t writer[WRITERS], ticker;
	struct db_rows *r = NULL;
	struct db *db;
	size_t n_followers = 0, i;
	char *eq;
	int a;

	if (argc < 3 || argc > FOLLOWERS_MAX + 1)
		return 64;
	hash_init();
	core_conninfo = argv[2];
	db = open_or_die(core_conninfo);
	if (db_exec(db, &all_zones, DB_NO_PARAMS, &r) != OK)
		return 2;
	for (i = 0; i < db_rows_n(r) && i < ZONES_MAX; i++) {
		db_get_uuid(r, i, 0, zones[i].id);
		zones[i].once = strncmp(db_get_text(r, i, 1), "once-", 5) == 0;
		if (zones[i].once)
			once[n_once++] = i;
	}
	n_zones = i;
	db_rows_free(r);
	db_close(db);
	follower[n_followers++] = (struct follower){ .name = "core",
	    .conninfo = core_conninfo };
	follower[n_followers++] = (struct follower){ .name = "naive",
	    .conninfo = core_conninfo, .naive = true };
	for (a = 3; a < argc; a++) {
		eq = strchr(argv[a], '=');
		if (eq == NULL)
			return 64;
		*eq = '\0';
		follower[n_followers++] = (struct follower){ .name = argv[a],
		    .conninfo = eq + 1 };
	}
	atomic_store(&writing, true);
	atomic_store(&following, true);
	for (i = 0; i < n_followers; i++)
		pthread_create(&follower[i].thread, NULL, follower_run,
		    &follower[i]);
	pthread_create(&ticker, NULL, tick_run, NULL);
	for (i = 0; i < WRITERS; i++)
		pthread_create(&writer[i], NULL, writer_run, NULL);
	nanosleep(&(struct timespec){ atoi(argv[1]), 0 }, NULL);
	atomic_store(&writing, false);
	for (i = 0; i < WRITERS; i++)
		pthread_join(writer[i], NULL);
	atomic_store(&following, false);
	pthread_join(ticker, NULL);
	for (i = 0; i < n_followers; i++)
		pthread_join(follower[i].thread, NULL);
	printf("writers: committed=%u rolled_back=%u published_once=%zu\n",
	    atomic_load(&committed), atomic_load(&rolled_back),
	    atomic_load(&next_once) < n_once ? atomic_load(&next_once) :
	    n_once);
	for (i = 0; i < n_followers; i++)
		follower_finish(&follower[i]);
	return atomic_load(&failures) == 0 ? 0 : 1;
}
