/*
 * The cache's writer against a model, alone, with readers, and killed.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/dnsd/cachemodel.h"

enum {
	ARENA = 64 << 20,
	ZONES = 12,
	NAMES = 900,			/* 300 pages: two levels of nodes */
	READERS = 2,
};

static uint32_t
names_of(uint32_t zone)
{
	/* From one page to two levels. */
	static const uint32_t n[] = { 2, 6, 40, 200, NAMES };

	return n[zone % 5];
}

static void
expect_zone(struct model *m, uint32_t zone, uint32_t v)
{
	const struct cache_zone *z = model_head(m->view, zone);

	assert_non_null(z);
	assert_int_equal(z->serial, v);
	for (uint32_t i = 0; i < names_of(zone); i++)
		assert_int_equal(model_read(m->view, z, zone, i),
		    model_exists(zone, i, v) ?
		    (int64_t)model_value(zone, i, v) + 1 : 0);
}

TEST(cache_write_publishes_what_was_loaded)
{
	struct model m;
	struct model_version v;

	model_open(&m, ARENA);
	for (uint32_t zone = 0; zone < 5; zone++) {
		assert_null(model_head(m.view, zone));
		model_build(&v, zone, 1, names_of(zone));
		assert_ok(model_publish(m.w, zone, 1, &v, NULL));
		expect_zone(&m, zone, 1);
		model_free(&v);
	}
	assert_true(cache_write_check(m.w));
	assert_int_equal(cache_write_n_zones(m.w), 5);
	model_close(&m);
}

TEST(cache_write_equals_a_model_under_random_publications)
{
	struct test_rand r = test_rand_make(test_seed(1));
	struct model_version have[ZONES] = { 0 }, next;
	uint32_t at[ZONES] = { 0 };
	struct model m;

	model_open(&m, ARENA);
	for (int turn = 0; turn < 400; turn++) {
		uint32_t zone = test_rand_below(&r, ZONES);
		struct cache_facts f;
		uint32_t v = at[zone] + 1 + test_rand_below(&r, 3);

		if (at[zone] != 0 && test_rand_below(&r, 12) == 0) {
			model_facts(&f, zone, 0);
			cache_write_delete(m.w, f.id);
			assert_null(model_head(m.view, zone));
			model_free(&have[zone]);
			memset(&have[zone], 0, sizeof(have[zone]));
			at[zone] = 0;
			continue;
		}
		model_build(&next, zone, v, names_of(zone));
		assert_ok(model_publish(m.w, zone, v, &next, at[zone] != 0 &&
		    test_rand_below(&r, 8) != 0 ? &have[zone] : NULL));
		model_free(&have[zone]);
		have[zone] = next;
		at[zone] = v;
		cache_write_reclaim(m.w);
		if (turn % 20 == 0) {
			assert_true(cache_write_check(m.w));
			for (uint32_t k = 0; k < ZONES; k++)
				if (at[k] != 0)
					expect_zone(&m, k, at[k]);
		}
	}
	/* Without readers nothing is retained, without zones nothing used. */
	assert_int_equal(cache_write_reclaim(m.w), 0);
	for (uint32_t k = 0; k < ZONES; k++) {
		struct cache_facts f;

		model_facts(&f, k, 0);
		cache_write_delete(m.w, f.id);
		model_free(&have[k]);
	}
	cache_write_reclaim(m.w);
	assert_true(cache_write_check(m.w));
	assert_int_equal(cache_write_used(m.w), 256 * 64);
	model_close(&m);
}

TEST(cache_write_refuses_a_mixed_copy_and_keeps_the_old_version)
{
	struct model_version one, two;
	struct model m;
	uint32_t zone = 4;

	model_open(&m, ARENA);
	model_build(&one, zone, 1, NAMES);
	model_build(&two, zone, 2, NAMES);
	assert_ok(model_publish(m.w, zone, 1, &one, NULL));
	/* A page of the old version among the new ones. */
	assert_err(model_publish(m.w, zone, 2, &two, &two), ERR_MISMATCH);
	expect_zone(&m, zone, 1);
	/* A changed byte. */
	for (size_t i = 0; i < two.page[7].len; i += 3) {
		enum err e;

		two.page[7].body[i] ^= 0x20;
		e = model_publish(m.w, zone, 2, &two, NULL);
		assert_true(e == ERR_MALFORMED || e == ERR_MISMATCH);
		two.page[7].body[i] ^= 0x20;
	}
	expect_zone(&m, zone, 1);
	assert_ok(model_publish(m.w, zone, 2, &two, &one));
	expect_zone(&m, zone, 2);
	/* Generations never go back. */
	assert_err(model_publish(m.w, zone, 1, &one, NULL), ERR_STALE);
	expect_zone(&m, zone, 2);
	cache_write_reclaim(m.w);
	assert_true(cache_write_check(m.w));
	model_free(&one);
	model_free(&two);
	model_close(&m);
}

TEST(cache_write_refuses_what_does_not_fit)
{
	struct model_version v;
	struct model m;
	uint32_t zone;
	enum err e = OK;

	model_open(&m, 4 << 20);
	for (zone = 0; zone < 200 && e == OK; zone++) {
		model_build(&v, zone, 1, NAMES);
		e = model_publish(m.w, zone, 1, &v, NULL);
		model_free(&v);
	}
	assert_err(e, ERR_LIMIT);
	assert_true(cache_write_check(m.w));
	assert_null(model_head(m.view, zone - 1));
	for (uint32_t k = 0; k < zone - 1; k++)
		assert_non_null(model_head(m.view, k));
	model_close(&m);
}

TEST(cache_write_directory_grows_and_forgets)
{
	struct cache_facts f;
	struct model m;

	model_open(&m, ARENA);
	for (uint32_t zone = 0; zone < 20000; zone++) {
		model_facts(&f, zone, 0);
		f.state = CACHE_FACTS_EMPTY;
		assert_ok(cache_write_set(m.w, &f));
		if (zone % 3 == 0) {
			model_facts(&f, zone / 2, 0);
			cache_write_delete(m.w, f.id);
		}
		if (zone % 64 == 0)
			cache_write_reclaim(m.w);
	}
	for (uint32_t zone = 0; zone < 20000; zone++) {
		model_facts(&f, zone, 0);
		assert_int_equal(cache_write_find(m.w, f.id) != NULL,
		    model_head(m.view, zone) != NULL);
		cache_write_delete(m.w, f.id);
	}
	cache_write_reclaim(m.w);
	assert_int_equal(cache_write_n_zones(m.w), 0);
	assert_true(cache_write_check(m.w));
	model_close(&m);
}

/* ---- readers ------------------------------------------------------------------ */

struct reader {
	pthread_t thread;
	struct model *m;
	int slot;
	_Atomic bool *stop;
	_Atomic uint64_t visits;
	_Atomic bool wrong;
};

static void *
read_on(void *arg)
{
	struct reader *me = arg;
	struct test_rand r = test_rand_make((uint64_t)me->slot + 99);
	const struct cache_super *super = (const void *)me->m->view;
	struct cache_reader *slot = &me->m->control->reader[me->slot];

	while (!atomic_load(me->stop)) {
		control_enter(slot, super);
		for (int i = 0; i < 4; i++) {
			uint32_t zone = test_rand_below(&r, ZONES);

			if (!model_visit(me->m->view, zone, names_of(zone),
			    &r, 8))
				atomic_store(&me->wrong, true);
		}
		control_leave(slot);
		atomic_fetch_add(&me->visits, 1);
	}
	return NULL;
}

static void
readers_start(struct reader *list, struct model *m, _Atomic bool *stop)
{
	for (int i = 0; i < READERS; i++) {
		list[i] = (struct reader){ .m = m, .slot = i, .stop = stop };
		assert_int_equal(pthread_create(&list[i].thread, NULL,
		    read_on, &list[i]), 0);
	}
}

static void
readers_end(struct reader *list, _Atomic bool *stop)
{
	atomic_store(stop, true);
	for (int i = 0; i < READERS; i++) {
		pthread_join(list[i].thread, NULL);
		assert_false(atomic_load(&list[i].wrong));
		assert_true(atomic_load(&list[i].visits) > 0);
	}
}

/* One random publication; the versions count up for ever. */
static void
publish_random(struct cache_write *w, struct test_rand *r)
{
	uint32_t zone = test_rand_below(r, ZONES);
	struct cache_facts f;
	struct cache_held *z;
	struct model_version v;
	uint32_t serial;

	model_facts(&f, zone, 0);
	z = cache_write_find(w, f.id);
	if (z != NULL && test_rand_below(r, 30) == 0) {
		cache_write_delete(w, f.id);
		return;
	}
	serial = z == NULL ? 1 + test_rand_below(r, 50) : z->serial + 1;
	model_build(&v, zone, serial, names_of(zone));
	assert_ok(model_publish(w, zone, serial, &v, NULL));
	model_free(&v);
	cache_write_reclaim(w);
}

TEST(cache_readers_see_whole_versions_only)
{
	struct test_rand r = test_rand_make(test_seed(2));
	struct reader reader[READERS];
	_Atomic bool stop = false;
	struct model m;

	model_open(&m, ARENA);
	readers_start(reader, &m, &stop);
	for (int i = 0; i < 600; i++)
		publish_random(m.w, &r);
	readers_end(reader, &stop);
	cache_write_reclaim(m.w);
	assert_true(cache_write_check(m.w));
	model_close(&m);
}

#ifndef __SANITIZE_THREAD__		/* forks beside threads */
TEST(cache_survives_writers_that_are_killed)
{
	struct test_rand r = test_rand_make(test_seed(3));
	struct reader reader[READERS];
	_Atomic bool stop = false;
	struct model m;

	model_open(&m, ARENA);
	publish_random(m.w, &r);
	readers_start(reader, &m, &stop);
	for (int turn = 0; turn < 25; turn++) {
		uint64_t seed = test_rand_u32(&r);
		struct timespec t = { 0, 1000 * (1 +
		    test_rand_below(&r, 30000)) };
		pid_t pid;

		cache_write_close(m.w);
		m.w = NULL;
		pid = fork();
		if (pid == 0) {
			struct test_rand mine = test_rand_make(seed);

			if (cache_write_open(m.fd, m.size, m.control, &m.w) !=
			    OK)
				_exit(1);
			for (;;)
				publish_random(m.w, &mine);
		}
		nanosleep(&t, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_ok(cache_write_open(m.fd, m.size, m.control, &m.w));
		assert_true(cache_write_check(m.w));
		publish_random(m.w, &r);
		assert_true(cache_write_check(m.w));
	}
	readers_end(reader, &stop);
	model_close(&m);
}

TEST(cache_write_waits_for_nobody_and_keeps_what_a_reader_may_see)
{
	struct model m;
	struct model_version v;
	const struct cache_zone *z;
	uint64_t held;

	model_open(&m, ARENA);
	model_build(&v, 4, 1, NAMES);
	assert_ok(model_publish(m.w, 4, 1, &v, NULL));
	model_free(&v);
	control_enter(&m.control->reader[0], (const void *)m.view);
	z = model_head(m.view, 4);
	for (uint32_t serial = 2; serial < 10; serial++) {
		model_build(&v, 4, serial, NAMES);
		assert_ok(model_publish(m.w, 4, serial, &v, NULL));
		model_free(&v);
		cache_write_reclaim(m.w);
	}
	held = cache_write_reclaim(m.w);
	assert_true(held > 0);
	assert_int_equal(z->serial, 1);		/* still all there */
	for (uint32_t i = 0; i < NAMES; i++)
		assert_int_equal(model_read(m.view, z, 4, i),
		    model_exists(4, i, 1) ?
		    (int64_t)model_value(4, i, 1) + 1 : 0);
	control_leave(&m.control->reader[0]);
	assert_int_equal(cache_write_reclaim(m.w), 0);
	model_close(&m);
}

TEST(cache_write_has_one_writer)
{
	struct cache_write *other;
	struct model m;

	model_open(&m, ARENA);
	assert_err(cache_write_open(m.fd, m.size, m.control, &other),
	    ERR_BUSY);
	model_close(&m);
}
#endif
