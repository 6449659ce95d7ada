/*
 * nsec3hash.c - see nsec3hash.h.
 *
 * SHA1_Init() and its kin rather than EVP: OpenSSL 3.0's EVP_DigestInit_ex2()
 * frees and allocates the digest's state each time, also when nothing but a
 * restart is asked for, and a worker allocates nothing on the query path
 * (the answer tests count). They are deprecated there, not removed. A message
 * of one block, as most are, needs the block function alone.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "common/dns/dname.h"
#include "common/dns/fold.h"
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

/* Messages of up to 55 octets are one block: then the padding is ours. */
enum { BLOCK = 64, BLOCK_FREE = BLOCK - 9 };

static void
put_word(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static void
pad_block(uint8_t block[BLOCK], size_t len)
{
	memset(block + len, 0, BLOCK - len);
	block[len] = 0x80;
	put_word(block + BLOCK - 4, (uint32_t)len * 8);
}

static bool
digest_block(struct nsec3hash *h, const uint8_t block[BLOCK], uint8_t *out)
{
	if (SHA1_Init(&h->ctx) != 1)
		return false;
	SHA1_Transform(&h->ctx, block);
	put_word(out, h->ctx.h0);
	put_word(out + 4, h->ctx.h1);
	put_word(out + 8, h->ctx.h2);
	put_word(out + 12, h->ctx.h3);
	put_word(out + 16, h->ctx.h4);
	return true;
}

static bool
digest(struct nsec3hash *h, const uint8_t *bytes, size_t len, uint8_t *out)
{
	return SHA1_Init(&h->ctx) == 1 &&
	    SHA1_Update(&h->ctx, bytes, len) == 1 &&
	    SHA1_Final(out, &h->ctx) == 1;
}

/* The hash in @out is hashed again, @n times. */
static bool
iterate(struct nsec3hash *h, const uint8_t *salt, size_t salt_len, unsigned n,
    uint8_t *out)
{
	uint8_t in[NSEC3HASH_SIZE + 255 + BLOCK] UNINITIALIZED;
	size_t len = NSEC3HASH_SIZE + salt_len;

	if (salt_len > 0)
		memcpy(in + NSEC3HASH_SIZE, salt, salt_len);
	if (len <= BLOCK_FREE)
		pad_block(in, len);
	while (n-- > 0) {
		memcpy(in, out, NSEC3HASH_SIZE);
		if (!(len <= BLOCK_FREE ? digest_block(h, in, out) :
		    digest(h, in, len, out)))
			return false;
	}
	return true;
}

enum err
nsec3hash_name(struct nsec3hash *h, const uint8_t *salt, size_t salt_len,
    unsigned iterations, const uint8_t *name, size_t name_len,
    uint8_t out[NSEC3HASH_SIZE])
{
	uint8_t in[DNAME_MAX + 255 + BLOCK] UNINITIALIZED;
	size_t len = name_len + salt_len;
	bool done;

	if (iterations > NSEC3HASH_ITERATIONS_MAX)
		return ERR_LIMIT;
	if (name_len == 0 || name_len > DNAME_MAX || salt_len > 255)
		return ERR_INVALID;
	fold_copy(in, name, name_len);
	if (salt_len > 0)
		memcpy(in + name_len, salt, salt_len);
	if (len <= BLOCK_FREE) {
		pad_block(in, len);
		done = digest_block(h, in, out);
	} else {
		done = digest(h, in, len, out);
	}
	if (!done || (iterations > 0 &&
	    !iterate(h, salt, salt_len, iterations, out)))
		return ERR_CRYPTO;
	return OK;
}

static const char alphabet[] = "0123456789abcdefghijklmnopqrstuv";

void
nsec3hash_text(const uint8_t hash[NSEC3HASH_SIZE], char out[NSEC3HASH_TEXT])
{
	static_assert(NSEC3HASH_SIZE % 5 == 0, "whole groups of 40 bits");

	for (size_t i = 0; i < NSEC3HASH_SIZE; i += 5) {
		uint64_t v = (uint64_t)hash[i] << 32 |
		    (uint64_t)hash[i + 1] << 24 |
		    (uint64_t)hash[i + 2] << 16 |
		    (uint64_t)hash[i + 3] << 8 | hash[i + 4];

		for (unsigned k = 0; k < 8; k++)
			*out++ = alphabet[v >> (35 - 5 * k) & 31];
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
