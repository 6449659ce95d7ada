/*
 * test.h - what every unit test includes: cmocka and TEST().
 *
 *	#include "tests/lib/test.h"
 *
 *	TEST(rd_u16_past_end_is_sticky)
 *	{
 *		...
 *	}
 *
 * A test registers itself; main() is in tests/lib. No sleep, no network
 * beyond socket pairs and loopback, no order between tests. An assertion
 * leaves by longjmp: put resources in TEST_WITH's setup and teardown. A CHECK
 * that fails is mock_assert(): expect_assert_failure(call()) tests a promise.
 */
#ifndef TESTS_LIB_TEST_H
#define TESTS_LIB_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/err.h"

#define TEST(name)	TEST_WITH(name, NULL, NULL)

/* setup and teardown: int fn(void **test_state), 0 is success. */
#define TEST_WITH(name, setup, teardown) \
	static void name(void **test_state); \
	__attribute__((constructor)) static void \
	test_register_##name(void) \
	{ \
		test_register(#name, name, setup, teardown); \
	} \
	static void \
	name(void **test_state __attribute__((unused)))

void test_register(const char *name, CMUnitTestFunction fn,
    CMFixtureFunction setup, CMFixtureFunction teardown);

/* Compares enum err by name, so that the message is readable. */
#define assert_err(expr, want) \
	test_assert_err((expr), (want), #expr, __FILE__, __LINE__)
#define assert_ok(expr)	assert_err(expr, OK)

void test_assert_err(enum err got, enum err want, const char *expr,
    const char *file, int line);

/* Deterministic random numbers for property tests; TEST_SEED=n repeats one. */
struct test_rand {
	uint64_t state;
};
struct test_rand test_rand_make(uint64_t seed);
uint32_t test_rand_u32(struct test_rand *r);
uint32_t test_rand_below(struct test_rand *r, uint32_t n);
void test_rand_bytes(struct test_rand *r, void *out, size_t len);
uint64_t test_seed(uint64_t otherwise);

#endif
