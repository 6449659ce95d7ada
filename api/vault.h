/*
 * vault.h - secrets that apid itself must read again: TOTP's.
 *
 * Knows:    XChaCha20-Poly1305, the credential file with the key.
 * Not here: TSIG secrets, which apid can only seal (common/db/seal.h).
 * Runs in:  any thread; constant after vault_load().
 *
 * A sealed secret is a nonce of 24 bytes, the text and a tag of 16; whose it
 * is goes in as additional data, so a row that was swapped does not open.
 */
#ifndef API_VAULT_H
#define API_VAULT_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/fault.h"

enum { VAULT_OVERHEAD = 24 + 16 };

struct vault {
	bool open;			/* there is a key */
	uint8_t key[32];
};

/** vault_load() - from a credential file of 32 bytes or more; as
 *  auth_pepper_load() */
MUST_USE enum err vault_load(const char *path, struct vault *out_vault,
    struct fault *fault);

/** vault_seal() - @out of @len + VAULT_OVERHEAD bytes; needs an open vault */
void vault_seal(const struct vault *v, const uint8_t owner[16],
    const uint8_t *secret, size_t len, uint8_t *out);

/**
 * vault_unseal() - the way back
 * @len: of the secret; the sealed one must be VAULT_OVERHEAD longer
 * Returns OK; ERR_BAD_SIG: changed, somebody else's, another key, no key.
 */
MUST_USE enum err vault_unseal(const struct vault *v, const uint8_t owner[16],
    const uint8_t *sealed, size_t sealed_len, uint8_t *out, size_t len);

#endif
