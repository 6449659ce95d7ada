/* The segment that workers write: made once, refused when it is another's. */
#include <sys/mman.h>
#include <unistd.h>

#include "tests/lib/test.h"

#include "dnsd/control.h"

struct fixture {
	int fd;
	struct control *c;
};

static struct fixture f;

static int
setup(void **state)
{
	(void)state;
	f.c = NULL;
	f.fd = memfd_create("test_control", MFD_CLOEXEC);
	return f.fd < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	control_unmap(f.c);
	close(f.fd);
	return 0;
}

#define CASE(what)	TEST_WITH(what, setup, teardown)

CASE(a_new_segment_is_made_and_empty)
{
	assert_ok(control_map(f.fd, &f.c));
	assert_true(f.c->magic == CONTROL_MAGIC);
	assert_int_equal(f.c->layout, CACHE_LAYOUT);
	assert_int_equal(f.c->n_counters, CONTROL_N_COUNTERS);
	for (int i = 0; i < CONTROL_N_COUNTERS; i++)
		assert_true(control_sum(f.c, (enum control_counter)i) == 0);
	for (int i = 0; i < CACHE_READERS_MAX; i++)
		assert_true(atomic_load(&f.c->reader[i].epoch) == 0);
}

CASE(a_successor_finds_what_was_counted)
{
	struct control *again = NULL;

	assert_ok(control_map(f.fd, &f.c));
	control_add(&f.c->counters[3], 0, 41);
	assert_ok(control_map(f.fd, &again));
	assert_ptr_not_equal(again, f.c);
	control_add(&again->counters[3], 0, 1);
	assert_true(control_sum(f.c, 0) == 42);
	control_unmap(again);
}

CASE(another_layout_is_refused_and_left_alone)
{
	struct control *again = NULL;

	assert_ok(control_map(f.fd, &f.c));
	f.c->layout++;
	assert_err(control_map(f.fd, &again), ERR_MALFORMED);
	f.c->layout--;
	f.c->n_counters--;
	assert_err(control_map(f.fd, &again), ERR_MALFORMED);
	f.c->n_counters++;
	f.c->magic ^= 1;
	assert_err(control_map(f.fd, &again), ERR_MALFORMED);
	f.c->magic ^= 1;
	assert_null(again);
	assert_ok(control_map(f.fd, &again));
	control_unmap(again);
}

CASE(a_segment_too_small_is_refused)
{
	assert_int_equal(ftruncate(f.fd, sizeof(struct control) - 1), 0);
	assert_err(control_map(f.fd, &f.c), ERR_MALFORMED);
}

TEST(no_descriptor_is_an_error_not_an_end)
{
	struct control *c = NULL;

	assert_err(control_map(-1, &c), ERR_IO);
	assert_null(c);
	control_unmap(NULL);
}

CASE(a_sum_is_over_all_slots_of_one_counter)
{
	assert_ok(control_map(f.fd, &f.c));
	for (int i = 0; i < CACHE_READERS_MAX; i++)
		control_add(&f.c->counters[i], 1, (uint64_t)i);
	control_add(&f.c->counters[CACHE_READERS_MAX - 1], 2, 7);
	assert_true(control_sum(f.c, 1) ==
	    (uint64_t)CACHE_READERS_MAX * (CACHE_READERS_MAX - 1) / 2);
	assert_true(control_sum(f.c, 2) == 7);
	assert_true(control_sum(f.c, 0) == 0);
}

TEST(counters_have_metric_names_and_texts_each_its_own)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789_";

	for (int i = 0; i < CONTROL_N_COUNTERS; i++) {
		const char *name = control_name((enum control_counter)i);

		assert_int_equal(strspn(name, plain), strlen(name));
		assert_true(control_text((enum control_counter)i)[0] != '\0');
		for (int k = 0; k < i; k++)
			assert_string_not_equal(name,
			    control_name((enum control_counter)k));
	}
	assert_string_equal(control_name(CONTROL_zones_loaded),
	    "zones_loaded");
}

CASE(a_reader_shows_the_epoch_it_came_in_and_leaves)
{
	struct cache_super s = { .magic = CACHE_MAGIC };
	struct cache_reader *r;

	assert_ok(control_map(f.fd, &f.c));
	r = &f.c->reader[5];
	atomic_store(&s.epoch, 17);
	control_enter(r, &s);
	assert_true(atomic_load(&r->epoch) == 17);
	atomic_store(&s.epoch, 18);		/* it does not move */
	assert_true(atomic_load(&r->epoch) == 17);
	control_leave(r);
	assert_true(atomic_load(&r->epoch) == 0);
	control_beat(r);
	control_beat(r);
	assert_true(atomic_load(&r->beat) == 2);
}

TEST(slots_of_roles_and_of_workers_do_not_overlap)
{
	assert_true(CONTROL_SLOT_SNAPSHOT >= CONTROL_WORKERS_MAX);
	assert_true(CONTROL_SLOT_RELAY >= CONTROL_WORKERS_MAX);
	assert_true(CONTROL_SLOT_FEEDER >= CONTROL_WORKERS_MAX);
	assert_int_equal(offsetof(struct control, reader) % CACHE_LINE, 0);
	assert_int_equal(offsetof(struct control, counters) % CACHE_LINE, 0);
	assert_int_equal(sizeof(struct control_counters) % CACHE_LINE, 0);
}
