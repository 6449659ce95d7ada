/*
 * auth.h - bearer tokens: their form, their hash, what they open.
 *
 * Knows:    the token's text, the pepper, scopes.
 * Not here: where hashes are stored (repo.h), routes.
 * Runs in:  any thread; constant after auth_init().
 *
 * A token is "us_", a kind ('o' operator, 't' tenant), '_', 52 characters of
 * base32 (32 random bytes) and 6 characters of checksum: a mistyped token is
 * refused without a look into the database, and secret scanners can tell a
 * real one.  What is stored is BLAKE2b-256 of the whole text, keyed with a
 * pepper that is in no database.
 */
#ifndef API_AUTH_H
#define API_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/fault.h"

enum {
	AUTH_TOKEN_LEN = 3 + 1 + 1 + 52 + 6,
	AUTH_TOKEN_BYTES = AUTH_TOKEN_LEN + 1,
	AUTH_PREFIX_LEN = 13,		/* "us_t_" and eight characters */
	AUTH_PREFIX_BYTES = AUTH_PREFIX_LEN + 1,
	AUTH_HASH_BYTES = 32,
	AUTH_SCOPES_BYTES = 512,
	AUTH_SCOPES_MAX = 16,
	AUTH_FINGERPRINT_BYTES = 17,
};

enum auth_kind { AUTH_NOBODY, AUTH_TENANT, AUTH_OPERATOR };

/* Who asks. */
struct auth_who {
	enum auth_kind kind;
	uint8_t tenant_id[16];
	uint8_t token_id[16];
	char tenant_text[37];
	char prefix[AUTH_PREFIX_BYTES];
	char scopes[AUTH_SCOPES_BYTES];	/* blank before and after each */
};

struct auth_pepper {
	uint8_t key[32];
};

/**
 * auth_init() - start libsodium; before anything else here
 * Returns OK or ERR_CRYPTO.
 */
MUST_USE enum err auth_init(void);

/** auth_pepper_load() - from a credential file of 32 bytes or more (a line
 *  of 64 hexadecimal digits is fine) */
MUST_USE enum err auth_pepper_load(const char *path,
    struct auth_pepper *out_pepper, struct fault *fault);

/** auth_token_make() - a new one of @kind; wipe it after use */
void auth_token_make(enum auth_kind kind, char out[AUTH_TOKEN_BYTES]);

/** auth_token_check() - has the text the form and checksum of a token? */
bool auth_token_check(const char *text, size_t len);

/** auth_token_hash() - what is stored of a token of the right form */
void auth_token_hash(const struct auth_pepper *pepper, const char *token,
    uint8_t out[AUTH_HASH_BYTES]);

void auth_token_prefix(const char *token, char out[AUTH_PREFIX_BYTES]);

/** auth_has_scope() - @scope "" is open to any token */
bool auth_has_scope(const struct auth_who *who, const char *scope);

/** auth_scope_known() - may a token list it? */
bool auth_scope_known(const char *scope);

/** auth_fingerprint() - the first 16 hex digits of SHA-256 over a secret */
void auth_fingerprint(const uint8_t *secret, size_t len,
    char out[AUTH_FINGERPRINT_BYTES]);

/** auth_random() - bytes for a new secret */
void auth_random(uint8_t *out, size_t len);

/** auth_base64() - @out of at least 4 * (len + 2) / 3 + 1 characters */
void auth_base64(const uint8_t *bytes, size_t len, char *out, size_t max);
/** auth_base64_parse() - strict standard base64; ERR_MALFORMED, ERR_SPACE */
MUST_USE enum err auth_base64_parse(const char *text, size_t len,
    uint8_t *out, size_t max, size_t *out_len);

/** auth_wipe() - overwrite a secret */
void auth_wipe(void *p, size_t len);

#endif
