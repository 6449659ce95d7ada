/*
 * nsec3hash.c - see nsec3hash.h.
 *
 * SHA1_Init() and its kin rather than EVP: OpenSSL 3.0's EVP_DigestInit_ex2()
 * frees and allocates the digest's state each time, also when nothing but a
 * restart is asked for, and a worker allocates nothing on the query path
 * (the answer tests count). They are deprecated there, not removed.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "common/dns/dname.h"
#include "common/dns/nsec3hash.h"

struct nsec3hash {
	SHA_CTX ctx;
};

enum err
nsec3hash_new(struct nsec3hash **out)
{
	struct nsec3hash *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return ERR_NO_MEMORY;
	*out = h;
	return OK;
}

void
nsec3hash_free(struct nsec3hash *h)
{
	free(h);
}

static bool
digest(struct nsec3hash *h, const uint8_t *bytes, size_t len, uint8_t *out)
{
	return SHA1_Init(&h->ctx) == 1 &&
	    SHA1_Update(&h->ctx, bytes, len) == 1 &&
	    SHA1_Final(out, &h->ctx) == 1;
}

enum err
nsec3hash_name(struct nsec3hash *h, const uint8_t *salt, size_t salt_len,
    unsigned iterations, const uint8_t *name, size_t name_len,
    uint8_t out[NSEC3HASH_SIZE])
{
	uint8_t in[DNAME_MAX + 255];
	size_t i;

	if (iterations > NSEC3HASH_ITERATIONS_MAX)
		return ERR_LIMIT;
	if (name_len == 0 || name_len > DNAME_MAX || salt_len > 255)
		return ERR_INVALID;
	for (i = 0; i < name_len; i++)	/* length octets are below 'A' */
		in[i] = dname_lower_octet(name[i]);
	if (salt_len > 0)
		memcpy(in + name_len, salt, salt_len);
	if (!digest(h, in, name_len + salt_len, out))
		return ERR_CRYPTO;
	if (iterations == 0)
		return OK;
	if (salt_len > 0)
		memcpy(in + NSEC3HASH_SIZE, salt, salt_len);
	for (i = 0; i < iterations; i++) {
		memcpy(in, out, NSEC3HASH_SIZE);
		if (!digest(h, in, NSEC3HASH_SIZE + salt_len, out))
			return ERR_CRYPTO;
	}
	return OK;
}

static const char alphabet[] = "0123456789abcdefghijklmnopqrstuv";

void
nsec3hash_text(const uint8_t hash[NSEC3HASH_SIZE], char out[NSEC3HASH_TEXT])
{
	for (size_t i = 0; i < NSEC3HASH_TEXT; i++) {
		size_t bit = i * 5, at = bit / 8, shift = bit % 8;
		unsigned two = (unsigned)hash[at] << 8 |
		    (at + 1 < NSEC3HASH_SIZE ? hash[at + 1] : 0);

		out[i] = alphabet[two >> (11 - shift) & 31];
	}
}

enum err
nsec3hash_from_text(const uint8_t *text, size_t len,
    uint8_t out[NSEC3HASH_SIZE])
{
	uint8_t bytes[NSEC3HASH_SIZE] = { 0 };

	if (len != NSEC3HASH_TEXT)
		return ERR_MALFORMED;
	for (size_t i = 0; i < NSEC3HASH_TEXT; i++) {
		size_t bit = i * 5, at = bit / 8, shift = bit % 8;
		uint8_t c = dname_lower_octet(text[i]);
		unsigned v;

		if (c >= '0' && c <= '9')
			v = c - '0';
		else if (c >= 'a' && c <= 'v')
			v = c - 'a' + 10u;
		else
			return ERR_MALFORMED;
		v <<= 11 - shift;
		bytes[at] |= (uint8_t)(v >> 8);
		if (at + 1 < NSEC3HASH_SIZE)
			bytes[at + 1] |= (uint8_t)v;
	}
	memcpy(out, bytes, sizeof(bytes));
	return OK;
}
