/*
 * nsec3hash.h - the hash of RFC 5155 5, SHA-1 from OpenSSL.
 *
 * Runs in:  dnsd workers (one struct each), tests.
 * Bounded:  NSEC3HASH_ITERATIONS_MAX; no allocation after nsec3hash_new().
 */
#ifndef COMMON_DNS_NSEC3HASH_H
#define COMMON_DNS_NSEC3HASH_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

#define NSEC3HASH_SIZE			20
#define NSEC3HASH_TEXT			32	/* base32hex, no padding, no NUL */
#define NSEC3HASH_ITERATIONS_MAX	2500	/* RFC 5155 10.3; callers set less */

struct nsec3hash;		/* opaque: a prepared digest */

/* nsec3hash_new() - Returns OK, ERR_NO_MEMORY. nsec3hash_free() takes NULL. */
MUST_USE enum err nsec3hash_new(struct nsec3hash **out);
void nsec3hash_free(struct nsec3hash *h);

/**
 * nsec3hash_name() - IH(salt, name, iterations)
 * @name: uncompressed wire form of 1 to 255 octets, any case (lowered here)
 *
 * Returns OK; ERR_LIMIT for too many iterations; ERR_INVALID for a bad name
 * length.  Cost: (iterations + 1) SHA-1 of at most 255 + 255 octets; nothing
 * is allocated.
 */
MUST_USE enum err nsec3hash_name(struct nsec3hash *h, const uint8_t *salt,
    size_t salt_len, unsigned iterations, const uint8_t *name,
    size_t name_len, uint8_t out[NSEC3HASH_SIZE]);

/**
 * nsec3hash_text() - lower-case base32hex of a hash: the first label of its
 * owner, NSEC3HASH_TEXT characters, no NUL
 */
void nsec3hash_text(const uint8_t hash[NSEC3HASH_SIZE],
    char out[NSEC3HASH_TEXT]);

/**
 * nsec3hash_from_text() - the hash that a first label spells, any case
 *
 * Returns OK; ERR_MALFORMED when @len is not 32 or a character is not of the
 * alphabet.
 */
MUST_USE enum err nsec3hash_from_text(const uint8_t *text, size_t len,
    uint8_t out[NSEC3HASH_SIZE]);

#endif
