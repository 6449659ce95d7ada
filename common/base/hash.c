/*
 * hash.c - SipHash through libsodium.
 */
#include <sodium.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/hash.h"

static_assert(HASH_KEY_BYTES == crypto_shorthash_KEYBYTES, "SipHash key");

void
hash_init(void)
{
	CHECK(sodium_init() >= 0);
}

void
hash_random(void *out, size_t len)
{
	randombytes_buf(out, len);
}

void
hash_key_random(struct hash_key *out)
{
	randombytes_buf(out->bytes, sizeof(out->bytes));
}

uint64_t
hash_sip(const struct hash_key *key, const void *data, size_t len)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t h;

	crypto_shorthash(out, data, len, key->bytes);
	memcpy(&h, out, sizeof(h));
	return h;
}
