/*
 * test_question.c - the question's key and hashes, against the slow rooms.
 */
#include "common/dns/dname.h"
#include "common/dns/namehash.h"
#include "common/dns/ownerkey.h"
#include "dnsd/answer_job.h"
#include "dnsd/question.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

/* A random name, some of it nasty: 0x00, 0x01, capitals, 63-octet labels. */
static size_t
random_name(struct rng *r, uint8_t *out)
{
	size_t at = 0, want = rng_below(r, 250);
	bool nasty = rng_once_in(r, 3);

	while (at < want) {
		size_t n = rng_once_in(r, 4) ? 1 + rng_below(r, 63) :
		    1 + rng_below(r, 9);

		if (at + n + 2 > DNAME_MAX)
			break;
		out[at++] = (uint8_t)n;
		while (n-- > 0)
			out[at++] = (uint8_t)(nasty && rng_once_in(r, 5) ?
			    rng_below(r, 3) : rng_once_in(r, 9) ?
			    rng_below(r, 256) : 'A' + rng_below(r, 58));
	}
	out[at++] = 0;
	return at;
}

static void
set_question(struct answer_job *job, uint8_t *request, size_t name_len)
{
	job->query.msg = request;
	job->query.qname_len = (uint8_t)name_len;
	job->query.n_labels = 0;
	for (size_t at = 0; request[12 + at] != 0; at += 1u + request[12 + at])
		job->query.label_at[job->query.n_labels++] = (uint8_t)at;
	question_make_key(job, request + 12);
}

TEST(the_key_is_the_one_of_ownerkey)
{
	static struct answer_job job;
	static const uint8_t root[1];
	struct rng r = rng_seed_of_test("question");
	uint8_t request[12 + 255 + QUESTION_SLACK];
	struct ownerkey want;

	for (int round = 0; round < 20000; round++) {
		size_t len = random_name(&r, request + 12);

		memset(request + 12 + len, (int)rng_below(&r, 256),
		    QUESTION_SLACK);
		set_question(&job, request, len);
		assert_int_equal(ownerkey_from_dname(request + 12, root,
		    OWNERKEY_TREE_NORMAL, &want), OK);
		assert_int_equal(job.query.n_labels, want.n_labels);
		assert_int_equal(job.key_end[want.n_labels], want.len);
		assert_memory_equal(job.key, want.bytes, want.len);
	}
}

TEST(hashes_are_those_of_the_directory_and_of_pages)
{
	static struct answer_job job;
	static _Alignas(8) uint8_t head[sizeof(struct cache_zone) + 256];
	struct cache_zone *zone = (void *)head;
	struct namehash_seed seed = { { 7, 11 } };
	struct rng r = rng_seed_of_test("question_hash");
	uint8_t request[12 + 255 + QUESTION_SLACK] = { 0 };
	uint64_t hash[OWNERKEY_LABELS_MAX + 1];
	uint16_t end[OWNERKEY_LABELS_MAX + 1];

	job.dir.seed[0] = seed.k[0];
	job.dir.seed[1] = seed.k[1];
	job.view.zone = zone;
	for (int round = 0; round < 2000; round++) {
		size_t len = random_name(&r, request + 12);
		unsigned n, apex;
		uint64_t h = namehash_init(&seed);

		set_question(&job, request, len);
		n = job.query.n_labels;
		question_hash_suffixes(&job, n);
		assert_true(job.dir_hash[0] == h);
		for (unsigned i = 1; i <= n; i++) {
			h = namehash_label(&seed, h,
			    job.key + job.key_end[i - 1],
			    job.key_end[i] - 1u - job.key_end[i - 1]);
			assert_true(job.dir_hash[i] == h);
		}
		apex = rng_below(&r, n + 1);
		zone->apex_labels = (uint8_t)apex;
		question_is_name(&job);
		assert_int_equal(job.name.n_labels, n - apex);
		assert_int_equal(page_hash_chain(job.name.key,
		    job.key_end[n] - (job.key_end[apex] - 1u), hash, end),
		    n - apex);
		assert_memory_equal(hash, job.name.hash,
		    (n - apex + 1) * sizeof(hash[0]));
		assert_memory_equal(end, job.name.len,
		    (n - apex + 1) * sizeof(end[0]));
	}
}
