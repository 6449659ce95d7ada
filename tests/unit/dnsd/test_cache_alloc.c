/*
 * The arena's allocator against a map of who owns which unit.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "dnsd/cache_alloc.h"
#include "tests/lib/test.h"

enum { BYTES = 32 << 20, UNITS = BYTES / CACHE_UNIT, BLOCKS = 600 };

struct owned {
	cache_ref ref;
	size_t bytes;
};

static struct cache_alloc a;
static uint8_t *base;
static uint16_t *owner;			/* of each unit; 0: nobody */
static int fd;

static int
open_arena(void **state)
{
	(void)state;
	fd = memfd_create("arena", MFD_CLOEXEC);
	if (ftruncate(fd, BYTES) < 0)
		return -1;
	base = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	owner = calloc(UNITS, sizeof(*owner));
	return cache_alloc_init(&a, base, fd, BYTES, CACHE_SUPER_BYTES) == OK ?
	    0 : -1;
}

static int
close_arena(void **state)
{
	(void)state;
	cache_alloc_fini(&a);
	munmap(base, BYTES);
	close(fd);
	free(owner);
	return 0;
}

static size_t
random_size(struct test_rand *r)
{
	switch (test_rand_below(r, 8)) {
	case 0:
		return 1 + test_rand_below(r, 64);
	case 1:
		return 1 + test_rand_below(r, 262144);
	default:
		return 1 + test_rand_below(r, 20000);
	}
}

static void
own(cache_ref ref, size_t bytes, uint16_t who, uint16_t was)
{
	uint32_t n = cache_alloc_units(bytes);

	assert_true(ref >= CACHE_SUPER_BYTES / CACHE_UNIT);
	assert_true(ref + n <= UNITS);
	for (uint32_t i = ref; i < ref + n; i++) {
		assert_int_equal(owner[i], was);
		owner[i] = who;
	}
	if (who != 0)
		memset(base + (size_t)ref * CACHE_UNIT, who & 0xff, bytes);
}

static void
churn(struct test_rand *r, struct owned *b, int turns)
{
	for (int t = 0; t < turns; t++) {
		uint32_t i = test_rand_below(r, BLOCKS);

		if (b[i].ref != 0) {
			const uint8_t *p = base +
			    (size_t)b[i].ref * CACHE_UNIT;

			/* Nobody wrote into it. */
			assert_int_equal(p[0], (i + 1) & 0xff);
			assert_int_equal(p[b[i].bytes - 1], (i + 1) & 0xff);
			own(b[i].ref, b[i].bytes, 0, (uint16_t)(i + 1));
			cache_alloc_put(&a, b[i].ref, b[i].bytes);
			b[i].ref = 0;
			continue;
		}
		b[i].bytes = random_size(r);
		b[i].ref = cache_alloc_get(&a, b[i].bytes);
		if (b[i].ref != 0)
			own(b[i].ref, b[i].bytes, (uint16_t)(i + 1), 0);
		if (t % 1000 == 0)
			assert_true(cache_alloc_check(&a));
	}
}

TEST_WITH(cache_alloc_gives_no_unit_twice, open_arena, close_arena)
{
	struct test_rand r = test_rand_make(test_seed(4));
	struct owned b[BLOCKS] = { 0 };

	churn(&r, b, 30000);
	for (uint32_t i = 0; i < BLOCKS; i++)
		if (b[i].ref != 0)
			cache_alloc_put(&a, b[i].ref, b[i].bytes);
	assert_true(cache_alloc_check(&a));
	assert_int_equal(a.n_used, 0);
	/* All of it is one block again. */
	assert_true(cache_alloc_get(&a, (size_t)(a.high - 128) * CACHE_UNIT) !=
	    0);
}

TEST_WITH(cache_alloc_says_when_it_is_full, open_arena, close_arena)
{
	cache_ref first = cache_alloc_get(&a, 100000);

	assert_true(first != 0);
	assert_int_equal(cache_alloc_get(&a, BYTES), 0);
	while (cache_alloc_get(&a, 100000) != 0)
		;
	assert_true(a.n_used > UNITS / 10 * 9);
	cache_alloc_put(&a, first, 100000);
	assert_int_equal(cache_alloc_get(&a, 100000), first);
	assert_true(cache_alloc_check(&a));
}

TEST_WITH(cache_alloc_taken_over_has_the_marked_and_nothing_else, open_arena,
    close_arena)
{
	struct test_rand r = test_rand_make(test_seed(5));
	struct owned b[BLOCKS] = { 0 };

	churn(&r, b, 5000);
	for (int turn = 0; turn < 10; turn++) {
		cache_alloc_fini(&a);
		assert_ok(cache_alloc_init(&a, base, fd, BYTES,
		    CACHE_SUPER_BYTES));
		assert_ok(cache_alloc_mark_begin(&a));
		for (uint32_t i = 0; i < BLOCKS; i++)
			if (b[i].ref != 0) {
				assert_true(cache_alloc_mark(&a, b[i].ref,
				    b[i].bytes));
				assert_false(cache_alloc_mark(&a, b[i].ref,
				    b[i].bytes));
			}
		assert_false(cache_alloc_mark(&a, UNITS - 1, 100));
		assert_false(cache_alloc_mark(&a, 0, 100));
		cache_alloc_sweep(&a);
		assert_true(cache_alloc_check(&a));
		churn(&r, b, 2000);
	}
}
