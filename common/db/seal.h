/*
 * seal.h - TSIG secrets as apid stores them and only xferd can read them.
 *
 * Knows:    libsodium's sealed boxes, the plaintext inside, key files.
 * Not here: where the sealed bytes are kept.
 * Runs in:  apid (public half only), xferd's keep (secret half).
 *
 * Plaintext: tenant id (16) | key id (16) | length of algorithm (1) |
 * algorithm | secret. All of it is compared after opening, so a row that
 * somebody swapped or edited in the database does not open.
 *
 * Key files: one line, "understudy-seal-public 1 <64 hex digits>" (mode
 * 0644) or "understudy-seal-secret 1 <64 hex digits>" (mode 0600; the public
 * half follows from it).
 */
#ifndef COMMON_DB_SEAL_H
#define COMMON_DB_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

#define SEAL_SECRET_MAX		512	/* bytes of a TSIG secret */
#define SEAL_ALGORITHM_MAX	32	/* bytes of "hmac-sha512" and such */
#define SEAL_LONG_MAX		16384	/* bytes of a private key in PEM */
#define SEAL_OVERHEAD		48	/* crypto_box_SEALBYTES */
#define SEAL_SEALED_MAX \
	(SEAL_OVERHEAD + 33 + SEAL_ALGORITHM_MAX + SEAL_SECRET_MAX)

struct seal_public {
	uint8_t bytes[32];
};

/* The reading side: the present key, and during a rotation the one before. */
struct seal_keyring {
	struct {
		uint8_t public_half[32];
		uint8_t secret_half[32];
	} key[2];
	size_t n;
};

/* Who a sealed secret belongs to; all borrowed. */
struct seal_context {
	const uint8_t *tenant_id;	/* 16 bytes */
	const uint8_t *key_id;		/* 16 bytes */
	const char *algorithm;		/* 1 to SEAL_ALGORITHM_MAX bytes */
};

/**
 * seal_key_create() - make a key pair in two new files
 *
 * Existing files are never overwritten (ERR_EXISTS). The secret file is
 * 0600, the public one 0644.
 */
MUST_USE enum err seal_key_create(const char *secret_path,
    const char *public_path);

MUST_USE enum err seal_public_load(const char *path,
    struct seal_public *out_public);

/* @old_path: the key before, during a rotation; NULL otherwise. */
MUST_USE enum err seal_keyring_load(const char *path, const char *old_path,
    struct seal_keyring *out_ring);
void seal_keyring_fini(struct seal_keyring *ring);	/* wipes */

/**
 * seal_close() - seal a secret for the holder of the secret half
 * @secret:  1 to SEAL_SECRET_MAX bytes
 * @out:     at least SEAL_SEALED_MAX bytes
 *
 * Returns OK; ERR_LIMIT (reject): secret or algorithm too long or empty.
 */
MUST_USE enum err seal_close(const struct seal_public *to,
    const struct seal_context *ctx, const uint8_t *secret, size_t secret_len,
    uint8_t *out, size_t *out_len);

/**
 * seal_close_long() - the same for secrets of up to SEAL_LONG_MAX bytes
 * @max: of @out: 33 + SEAL_ALGORITHM_MAX + SEAL_OVERHEAD more than the secret
 *       is always enough; ERR_LIMIT when it is not
 */
MUST_USE enum err seal_close_long(const struct seal_public *to,
    const struct seal_context *ctx, const uint8_t *secret, size_t secret_len,
    uint8_t *out, size_t max, size_t *out_len);

/**
 * seal_open() - open what seal_close() made
 * @out_secret: at least SEAL_SECRET_MAX bytes; wipe it after use
 *
 * Returns OK; ERR_BAD_SIG (reject): no key of the ring opens it, or it was
 * sealed for another tenant, key or algorithm.
 */
MUST_USE enum err seal_open(const struct seal_keyring *ring,
    const struct seal_context *ctx, const uint8_t *sealed, size_t sealed_len,
    uint8_t *out_secret, size_t *out_len);

/** seal_open_long() - the same with the room that @out_secret has */
MUST_USE enum err seal_open_long(const struct seal_keyring *ring,
    const struct seal_context *ctx, const uint8_t *sealed, size_t sealed_len,
    uint8_t *out_secret, size_t max, size_t *out_len);

#endif
