/* NSEC3 hashes against RFC 5155 appendix A, and the cost of one. */
#include "tests/lib/test.h"

#include <time.h>

#include "common/dns/nsec3hash.h"

TEST(hashes_of_rfc_5155_appendix_a)
{
	static const uint8_t salt[] = { 0xaa, 0xbb, 0xcc, 0xdd };
	static const struct { const char *name; size_t len; const char *hash; }
	    c[] = {
		{ "\7example", 9, "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom" },
		{ "\1a\7EXAMPLE", 11, "35mthgpgcu1qg68fab165klnsnk3dpvl" },
		{ "\2ai\7example", 12, "gjeqe526plbf1g8mklp59enfd789njgi" },
		{ "\3ns1\7example", 13, "2t7b4g4vsa5smi47k61mv5bv1a22bojr" },
		{ "\1*\1w\7example", 13, "r53bq7cc2uvmubfu5ocmm6pers9tk9en" },
	};
	struct nsec3hash *h;

	assert_int_equal(nsec3hash_new(&h), OK);
	for (size_t i = 0; i < COUNT_OF(c); i++) {
		uint8_t out[NSEC3HASH_SIZE], back[NSEC3HASH_SIZE];
		char text[NSEC3HASH_TEXT];

		assert_int_equal(nsec3hash_name(h, salt, 4, 12,
		    (const uint8_t *)c[i].name, c[i].len, out), OK);
		nsec3hash_text(out, text);
		assert_memory_equal(text, c[i].hash, NSEC3HASH_TEXT);
		assert_int_equal(nsec3hash_from_text(
		    (const uint8_t *)c[i].hash, 32, back), OK);
		assert_memory_equal(out, back, sizeof(out));
	}
	nsec3hash_free(h);
}

TEST(limits_and_bad_text_are_refused)
{
	struct nsec3hash *h;
	uint8_t out[NSEC3HASH_SIZE];

	assert_int_equal(nsec3hash_new(&h), OK);
	assert_int_equal(nsec3hash_name(h, NULL, 0, 2501,
	    (const uint8_t *)"", 1, out), ERR_LIMIT);
	assert_int_equal(nsec3hash_name(h, NULL, 0, 0,
	    (const uint8_t *)"", 0, out), ERR_INVALID);
	assert_int_equal(nsec3hash_from_text((const uint8_t *)
	    "0p9mhaveqvm6t7vbl5lop2u3t2rp3to", 31, out), ERR_MALFORMED);
	assert_int_equal(nsec3hash_from_text((const uint8_t *)
	    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tow", 32, out), ERR_MALFORMED);
	nsec3hash_free(h);
}

TEST(the_cost_of_a_hash_is_told)
{
	struct nsec3hash *h;
	uint8_t out[NSEC3HASH_SIZE];
	struct timespec a, b;
	enum { N = 200000 };

	assert_int_equal(nsec3hash_new(&h), OK);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (int i = 0; i < N; i++)
		assert_int_equal(nsec3hash_name(h, NULL, 0, 0,
		    (const uint8_t *)"\3www\7example\3com", 17, out), OK);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	print_message("%.0f ns per hash\n", ((double)(b.tv_sec - a.tv_sec) *
	    1e9 + (double)(b.tv_nsec - a.tv_nsec)) / N);
	nsec3hash_free(h);
}
