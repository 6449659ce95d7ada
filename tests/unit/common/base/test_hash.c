/* SipHash-2-4 as its authors have it, and random bytes that differ. */
#include "tests/lib/test.h"

#include "common/base/hash.h"

/* The key and the messages of the SipHash paper: 00 01 02 ... */
static struct hash_key
counting_key(void)
{
	struct hash_key k;

	for (int i = 0; i < HASH_KEY_BYTES; i++)
		k.bytes[i] = (uint8_t)i;
	return k;
}

/* The vectors are octets; hash_sip() is what this machine reads of them. */
static uint64_t
native(uint64_t little_endian)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return __builtin_bswap64(little_endian);
#else
	return little_endian;
#endif
}

TEST(siphash_equals_its_published_vectors)
{
	static const struct {
		size_t len;
		uint64_t want;
	} vector[] = {
		{ 0, UINT64_C(0x726fdb47dd0e0e31) },
		{ 1, UINT64_C(0x74f839c593dc67fd) },
		{ 7, UINT64_C(0xab0200f58b01d137) },
		{ 8, UINT64_C(0x93f5f5799a932462) },
		{ 15, UINT64_C(0xa129ca6149be45e5) },
	};
	struct hash_key k = counting_key();
	uint8_t text[16];

	hash_init();
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)i;
	for (size_t i = 0; i < COUNT_OF(vector); i++)
		assert_true(hash_sip(&k, text, vector[i].len) ==
		    native(vector[i].want));
}

TEST(every_byte_of_key_and_text_counts)
{
	struct hash_key k = counting_key();
	uint8_t text[40] = { 0 };
	uint64_t h;

	hash_init();
	h = hash_sip(&k, text, sizeof(text));
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] ^= 1;
		assert_true(hash_sip(&k, text, sizeof(text)) != h);
		text[i] ^= 1;
	}
	for (size_t i = 0; i < HASH_KEY_BYTES; i++) {
		k.bytes[i] ^= 0x80;
		assert_true(hash_sip(&k, text, sizeof(text)) != h);
		k.bytes[i] ^= 0x80;
	}
	assert_true(hash_sip(&k, text, sizeof(text)) == h);
	assert_true(hash_sip(&k, text, sizeof(text) - 1) != h);
}

TEST(random_keys_differ)
{
	struct hash_key a, b;

	hash_init();
	hash_init();			/* again is fine */
	hash_key_random(&a);
	hash_key_random(&b);
	assert_memory_not_equal(a.bytes, b.bytes, HASH_KEY_BYTES);
}

TEST(random_bytes_fill_what_was_asked_for_and_no_more)
{
	uint8_t p[66];
	bool set[64] = { false };

	hash_init();
	/* A byte that stays zero 32 times was not written. */
	for (int turn = 0; turn < 32; turn++) {
		memset(p, 0, sizeof(p));
		p[0] = p[65] = 0x5a;
		hash_random(p + 1, 64);
		assert_int_equal(p[0], 0x5a);
		assert_int_equal(p[65], 0x5a);
		for (int i = 0; i < 64; i++)
			set[i] |= p[1 + i] != 0;
	}
	for (int i = 0; i < 64; i++)
		assert_true(set[i]);
	hash_random(p, 0);
}
