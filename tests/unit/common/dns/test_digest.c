/*
 * test_digest.c - BLAKE2b-256 against published values, at once and in pieces.
 */
#include "common/dns/digest.h"
#include "tests/lib/test.h"

static void
assert_hex(const struct digest *d, const char *hex)
{
	char got[2 * DIGEST_SIZE + 1];

	for (size_t i = 0; i < DIGEST_SIZE; i++)
		snprintf(got + 2 * i, 3, "%02x", d->octets[i]);
	assert_string_equal(got, hex);
}

TEST(digest_is_blake2b_256)
{
	struct digest d;

	digest_of("", 0, &d);
	assert_hex(&d, "0e5751c026e543b2e8ab2eb06099daa1"
	    "d1e5df47778f7787faab45cdf12fe3a8");
	digest_of("abc", 3, &d);
	assert_hex(&d, "bddd813c634239723171ef3fee98579b"
	    "94964e3bb1cb3e427262c8c068d52319");
}

TEST(digest_in_pieces_is_the_same)
{
	unsigned char bytes[1000];
	struct digest whole, pieces;
	struct digest_run run;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7);
	digest_of(bytes, sizeof(bytes), &whole);
	for (size_t cut = 0; cut <= sizeof(bytes); cut += 37) {
		digest_begin(&run);
		digest_add(&run, bytes, cut);
		digest_add(&run, bytes + cut, sizeof(bytes) - cut);
		digest_end(&run, &pieces);
		assert_true(digest_equal(&whole, &pieces));
	}
	pieces.octets[31] ^= 1;
	assert_false(digest_equal(&whole, &pieces));
}
