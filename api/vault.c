/*
 * vault.c - secrets under apid's own key.  See vault.h.
 */
#include <string.h>

#include <sodium.h>

#include "api/vault.h"
#include "common/base/check.h"
#include "common/base/secret.h"

#define AEAD(x)	crypto_aead_xchacha20poly1305_ietf_##x

static_assert(VAULT_OVERHEAD == AEAD(NPUBBYTES) + AEAD(ABYTES), "as stored");

enum err
vault_load(const char *path, struct vault *out_vault, struct fault *fault)
{
	struct secret s;
	enum err e = secret_load(path, &s, fault);

	if (e != OK)
		return e;
	if (s.len < 32) {
		fault_set(fault, path, 0, "key is shorter than 32 bytes");
		secret_fini(&s);
		return ERR_CONFIG;
	}
	/* Whatever its form, the key is a digest of the file. */
	crypto_generichash(out_vault->key, sizeof(out_vault->key), s.data,
	    s.len, NULL, 0);
	out_vault->open = true;
	secret_fini(&s);
	return OK;
}

void
vault_seal(const struct vault *v, const uint8_t owner[16],
    const uint8_t *secret, size_t len, uint8_t *out)
{
	CHECK(v->open);
	randombytes_buf(out, AEAD(NPUBBYTES));
	(void)AEAD(encrypt)(out + AEAD(NPUBBYTES), NULL, secret, len,
	    owner, 16, NULL, out, v->key);
}

enum err
vault_unseal(const struct vault *v, const uint8_t owner[16],
    const uint8_t *sealed, size_t sealed_len, uint8_t *out, size_t len)
{
	if (!v->open || sealed_len != len + VAULT_OVERHEAD)
		return ERR_BAD_SIG;
	if (AEAD(decrypt)(out, NULL, NULL, sealed + AEAD(NPUBBYTES),
	    sealed_len - AEAD(NPUBBYTES), owner, 16, sealed, v->key) != 0)
		return ERR_BAD_SIG;
	return OK;
}
