/*
 * test.c - registration and main() of unit tests.
 */
#include "tests/lib/test.h"

#define TESTS_MAX 512

static struct CMUnitTest tests[TESTS_MAX];
static size_t n_tests;

void
test_register(const char *name, CMUnitTestFunction fn,
    CMFixtureFunction setup, CMFixtureFunction teardown)
{
	if (n_tests == TESTS_MAX) {
		fprintf(stderr, "more than %d tests in one program\n",
		    TESTS_MAX);
		abort();
	}
	tests[n_tests++] = (struct CMUnitTest){ name, fn, setup, teardown,
	    NULL };
}

void
test_assert_err(enum err got, enum err want, const char *expr,
    const char *file, int line)
{
	if (got == want)
		return;
	print_error("%s is %s, expected %s\n", expr, err_name(got),
	    err_name(want));
	_fail(file, line);
}

struct test_rand
test_rand_make(uint64_t seed)
{
	return (struct test_rand){ seed * 0x9e3779b97f4a7c15u + 1 };
}

/* splitmix64: small, and good enough to shake code. */
uint32_t
test_rand_u32(struct test_rand *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ (z >> 31)) >> 16);
}

uint32_t
test_rand_below(struct test_rand *r, uint32_t n)
{
	return n == 0 ? 0 : test_rand_u32(r) % n;
}

void
test_rand_bytes(struct test_rand *r, void *out, size_t len)
{
	uint8_t *p = out;
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = (uint8_t)test_rand_u32(r);
}

uint64_t
test_seed(uint64_t otherwise)
{
	const char *text = getenv("TEST_SEED");

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* Weak: a test that needs its own main() may have one. */
__attribute__((weak)) int
main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return _cmocka_run_group_tests(argv[0], tests, n_tests, NULL, NULL);
}
