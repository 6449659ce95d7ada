/*
 * test_proof.c - NSEC3 records that were noted in a zone's head answer as
 * those that are searched for; the work for them is bounded.
 */
#include "tests/lib/nsec3zone.h"
#include "tests/lib/rng.h"
#include "tests/unit/dnsd/ask.h"

enum { NAMES = 3000 };

static struct asker t;

static int
setup(void **state)
{
	(void)state;
	ask_init(&t);
	nsec3zone_add(&t.cache, "example.", NAMES, 0);
	nsec3zone_add(&t.cache, "hard.example.", 50, 2500);
	testcache_add_text(&t.cache, "none.example.",
	    "@ 60 IN SOA ns1 admin 1 2 3 4 300\n@ 60 IN NS ns1\n"
	    "@ 60 IN NSEC3PARAM 1 0 0 -\n");
	ask_publish(&t);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	ask_fini(&t);
	return 0;
}

static struct cache_zone *
head_of(const char *question)
{
	ask(&t, question);
	return (struct cache_zone *)(uintptr_t)t.job.view.zone;
}

TEST_WITH(what_is_noted_is_what_is_found, setup, teardown)
{
	struct cache_zone *z = head_of("example. SOA");
	struct cache_zone noted = *z;
	static char text[1 << 16];
	struct rng r = rng_seed_of_test("proof");

	assert_int_not_equal(z->proof[CACHE_PROOF_APEX].page, 0);
	assert_int_not_equal(z->proof[CACHE_PROOF_WILDCARD].page, 0);
	for (int i = 0; i < 2000; i++) {
		char q[80];

		snprintf(q, sizeof(q), "%sx%u.example. A do",
		    i % 3 == 0 ? "deep." : "", rng_below(&r, 1000000));
		memcpy(z->proof, noted.proof, sizeof(z->proof));
		ask(&t, q);
		assert_non_null(strstr(t.text, "NSEC3"));
		strcpy(text, t.text);
		memset(z->proof, 0, sizeof(z->proof));
		ask(&t, q);
		assert_string_equal(t.text, text);
	}
	memcpy(z->proof, noted.proof, sizeof(z->proof));
}

TEST_WITH(a_chain_that_is_not_there_is_not_noted, setup, teardown)
{
	struct cache_zone *z = head_of("none.example. SOA");

	assert_int_equal(z->proof[CACHE_PROOF_APEX].page, 0);
	assert_int_equal(z->proof[CACHE_PROOF_WILDCARD].page, 0);
	ask(&t, "x.none.example. A do");
	assert_null(strstr(t.text, " NSEC3 "));
}

/* Steps, not time: the rounds of SHA-1 that an answer may take. */
TEST_WITH(rounds_are_bounded_at_the_most_iterations, setup, teardown)
{
	static char name[1200];
	char *p = name;

	ask(&t, "x.hard.example. A do");
	assert_non_null(strstr(t.text, "NSEC3"));
	assert_int_equal(t.job.n_rounds, 2501);
	for (int i = 0; i < 110; i++)
		p += sprintf(p, "a.");
	strcpy(p, "h000001.hard.example. A do");
	ask(&t, name);
	assert_true(t.job.n_rounds <= ANSWER_HASH_ROUNDS_MAX);
	assert_true(t.job.n_rounds >= 2501);
}
