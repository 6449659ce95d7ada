/*
 * test_fold.c - capitals, by the octet, the word and the vector.
 */
#include "common/dns/fold.h"
#include "tests/lib/test.h"

TEST(words_and_vectors_are_folded_as_octets_are)
{
	for (int c = 0; c < 256; c++)
		for (int at = 0; at < FOLD_VECTOR; at++) {
			uint8_t in[FOLD_VECTOR] = "AZ@[az\xc1\xda`{ZA\0\1\xff@";
			uint8_t out[FOLD_VECTOR];
			fold_octets v;
			uint64_t w;

			in[at] = (uint8_t)c;
			v = fold_vector(fold_load(in));
			memcpy(out, &v, sizeof(v));
			for (int i = 0; i < FOLD_VECTOR; i++) {
				assert_int_equal(out[i], in[i] >= 'A' &&
				    in[i] <= 'Z' ? in[i] + 32 : in[i]);
				assert_int_equal(out[i], fold_octet(in[i]));
			}
			memcpy(&w, in, sizeof(w));
			w = fold_word(w);
			assert_memory_equal(&w, out, sizeof(w));
		}
}

TEST(any_octet_counts)
{
	fold_octets v = { 0 };

	assert_false(fold_any(v));
	for (int i = 0; i < FOLD_VECTOR; i++) {
		v = (fold_octets){ 0 };
		v[i] = (uint8_t)(1 << i % 8);
		assert_true(fold_any(v));
	}
}

TEST(a_copy_is_folded_and_no_longer_than_asked)
{
	uint8_t in[300], out[300];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 7);
	for (size_t n = 0; n < sizeof(in); n++) {
		memset(out, 'Q', sizeof(out));
		fold_copy(out, in, n);
		for (size_t i = 0; i < sizeof(in); i++)
			assert_int_equal(out[i],
			    i < n ? fold_octet(in[i]) : 'Q');
	}
}
