/*
 * auth.h - who asks; bearer tokens, sessions and links: their form, their
 *          hash, what they open.
 *
 * Knows:    the token's text, the pepper, scopes.
 * Not here: where hashes are stored (repo.h), routes.
 * Runs in:  any thread; constant after auth_init().
 *
 * A token is "us_", a kind ('o' operator, 't' tenant, 's' session, 'l' one-time
 * link), '_', 52 characters of base32 (32 random bytes) and 6 characters of checksum: a mistyped token is
 * refused without a look into the database, and secret scanners can tell a
 * real one.  What is stored is BLAKE2b-256 of the whole text, keyed with a
 * pepper that is in no database.
 */
#ifndef API_AUTH_H
#define API_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/email.h"
#include "api/role.h"
#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/fault.h"

enum {
	AUTH_TOKEN_LEN = 3 + 1 + 1 + 52 + 6,
	AUTH_TOKEN_BYTES = AUTH_TOKEN_LEN + 1,
	AUTH_PREFIX_LEN = 13,		/* "us_t_" and eight characters */
	AUTH_PREFIX_BYTES = AUTH_PREFIX_LEN + 1,
	AUTH_HASH_BYTES = 32,
	AUTH_SCOPES_BYTES = ROLE_SCOPES_BYTES,
	AUTH_SCOPES_MAX = 16,
	AUTH_FINGERPRINT_BYTES = 17,
	AUTH_ZONES_MAX = 64,		/* in a token's list */
	AUTH_REASON_BYTES = 501,
	AUTH_NAME_BYTES = 401,		/* 100 characters */
};

/* AUTH_NOBODY: no token; or a person who is signed in, but to no tenant, or
 * staff without a second factor: routes of USER alone are open then. */
enum auth_kind { AUTH_NOBODY, AUTH_TENANT, AUTH_OPERATOR };
enum auth_via { AUTH_VIA_NOTHING, AUTH_VIA_TOKEN, AUTH_VIA_SESSION };

/*
 * Who asks: the principal of a request, filled by check_caller().
 *
 * Ids that do not apply are zero; has_user says whether user_id is one (a
 * session's person, or the maker of a token).
 */
struct auth_who {
	enum auth_kind kind;		/* what it opens */
	enum auth_via via;
	uint8_t tenant_id[16];		/* kind AUTH_TENANT, or acting */
	char tenant_text[37];
	uint8_t token_id[16];		/* via a token */
	char prefix[AUTH_PREFIX_BYTES];
	char name[AUTH_NAME_BYTES];	/* ... the token's */
	uint8_t session_id[16];		/* via a session */
	bool has_user;
	uint8_t user_id[16];
	char email[EMAIL_BYTES];	/* of a session's person */
	bool staff;			/* ... who works for the operator */
	bool has_totp;			/* ... with a second factor */
	int64_t proven_ms;		/* ... gave a password or code; wall */
	enum role role;			/* in the tenant; ROLE_NONE: no maker */
	char scopes[AUTH_SCOPES_BYTES];	/* role.h; what the route's is in */
	bool zones_limited;		/* a token for some zones only: */
	size_t n_zones;
	uint8_t zone_id[AUTH_ZONES_MAX][16];
	bool suspended;			/* the tenant is */
	bool acting;			/* an operator inside a tenant ... */
	char reason[AUTH_REASON_BYTES];	/* ... and why */
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

/* The other texts of the same form. */
enum auth_text { AUTH_TEXT_SESSION = 's', AUTH_TEXT_LINK = 'l' };
void auth_text_make(enum auth_text kind, char out[AUTH_TOKEN_BYTES]);
bool auth_text_check(enum auth_text kind, const char *text, size_t len);

/* The session's cookie: Secure, HttpOnly, SameSite=Strict, Path=/. */
#define AUTH_COOKIE	"__Host-understudy"

/**
 * auth_cookie_parse() - the session of a Cookie header
 * @header: its value, or NULL
 * @out:    the text; unchanged when there is none
 *
 * Returns true when exactly one cookie of ours with the right form is there.
 */
bool auth_cookie_parse(const char *header, char out[AUTH_TOKEN_BYTES]);

/** auth_token_hash() - what is stored of a token of the right form */
void auth_token_hash(const struct auth_pepper *pepper, const char *token,
    uint8_t out[AUTH_HASH_BYTES]);

/** auth_words_hash() - the same of a few words, for keys of limits and such;
 *  they end with NULL, the first says what it is for */
void auth_words_hash(const struct auth_pepper *pepper,
    const char *const words[], uint8_t out[AUTH_HASH_BYTES]);

void auth_token_prefix(const char *token, char out[AUTH_PREFIX_BYTES]);

/** auth_has_scope() - @scope "" is open to any token */
bool auth_has_scope(const struct auth_who *who, const char *scope);

/** auth_sees_zone() - is it in the token's list, if there is one? */
bool auth_sees_zone(const struct auth_who *who, const uint8_t zone_id[16]);

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
