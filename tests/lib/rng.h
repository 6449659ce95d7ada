/*
 * rng.h - a seeded generator for property tests.
 *
 * rng_seed_of_test() prints the seed; TEST_SEED=n in the environment repeats
 * a run.
 */
#ifndef TESTS_LIB_RNG_H
#define TESTS_LIB_RNG_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct rng {
	uint64_t s;
};

/* splitmix64 */
static inline uint64_t
rng_u64(struct rng *r)
{
	uint64_t z = r->s += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* 0 .. n - 1 */
static inline uint32_t
rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)((rng_u64(r) >> 32) * n >> 32);
}

/* true once in @n times */
static inline int
rng_once_in(struct rng *r, uint32_t n)
{
	return rng_below(r, n) == 0;
}

static inline struct rng
rng_seed_of_test(const char *test)
{
	const char *text = getenv("TEST_SEED");
	struct rng r;

	if (text != NULL) {
		r.s = strtoull(text, NULL, 0);
	} else {
		struct timespec ts;

		clock_gettime(CLOCK_REALTIME, &ts);
		r.s = (uint64_t)ts.tv_sec * 1000000007u ^
		    (uint64_t)ts.tv_nsec;
	}
	fprintf(stderr, "%s: TEST_SEED=%llu\n", test,
	    (unsigned long long)r.s);
	return r;
}

#endif
