/*
 * auth.c - tokens.  See auth.h.
 */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "api/auth.h"
#include "common/base/check.h"
#include "common/base/secret.h"

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

enum { SUM_LEN = 6, KIND_AT = 3, BODY_AT = 5 };

enum err
auth_init(void)
{
	return sodium_init() < 0 ? ERR_CRYPTO : OK;
}

enum err
auth_pepper_load(const char *path, struct auth_pepper *out_pepper,
    struct fault *fault)
{
	struct secret s;
	enum err e;

	e = secret_load(path, &s, fault);
	if (e != OK)
		return e;
	if (s.len < 32) {
		fault_set(fault, path, 0,
		    "token pepper is shorter than 32 bytes");
		secret_fini(&s);
		return ERR_CONFIG;
	}
	/* Whatever its form, the key is a digest of the file. */
	crypto_generichash(out_pepper->key, sizeof(out_pepper->key), s.data,
	    s.len, NULL, 0);
	secret_fini(&s);
	return OK;
}

/* Five bits a character, the last one padded with zero bits. */
static void
print_base32(const uint8_t *bytes, size_t n_chars, size_t n_bytes, char *out)
{
	uint32_t bits = 0;
	unsigned int n = 0;
	size_t at = 0;

	for (size_t i = 0; i < n_chars; i++) {
		if (n < 5) {
			bits = bits << 8 | (at < n_bytes ? bytes[at] : 0);
			at++;
			n += 8;
		}
		n -= 5;
		out[i] = base32[bits >> n & 31];
	}
}

static void
checksum(const char *token, char out[SUM_LEN])
{
	uint8_t h[16];

	crypto_generichash(h, sizeof(h), (const uint8_t *)token,
	    AUTH_TOKEN_LEN - SUM_LEN, NULL, 0);
	print_base32(h, SUM_LEN, sizeof(h), out);
}

static void
make(char kind, char out[AUTH_TOKEN_BYTES])
{
	uint8_t random[32];

	randombytes_buf(random, sizeof(random));
	memcpy(out, "us_?_", BODY_AT);
	out[KIND_AT] = kind;
	print_base32(random, AUTH_TOKEN_LEN - SUM_LEN - BODY_AT,
	    sizeof(random), out + BODY_AT);
	checksum(out, out + AUTH_TOKEN_LEN - SUM_LEN);
	out[AUTH_TOKEN_LEN] = '\0';
	sodium_memzero(random, sizeof(random));
}

void
auth_token_make(enum auth_kind kind, char out[AUTH_TOKEN_BYTES])
{
	CHECK(kind == AUTH_TENANT || kind == AUTH_OPERATOR);
	make(kind == AUTH_OPERATOR ? 'o' : 't', out);
}

void
auth_text_make(enum auth_text kind, char out[AUTH_TOKEN_BYTES])
{
	make((char)kind, out);
}

static bool
has_form(char kind, const char *text, size_t len)
{
	char sum[SUM_LEN];

	if (len != AUTH_TOKEN_LEN || memcmp(text, "us_", 3) != 0 ||
	    text[KIND_AT] != kind || text[4] != '_')
		return false;
	for (size_t i = BODY_AT; i < len; i++)
		if (text[i] == '\0' || strchr(base32, text[i]) == NULL)
			return false;
	checksum(text, sum);
	return sodium_memcmp(sum, text + len - SUM_LEN, SUM_LEN) == 0;
}

bool
auth_token_check(const char *text, size_t len)
{
	return has_form('t', text, len) || has_form('o', text, len);
}

bool
auth_text_check(enum auth_text kind, const char *text, size_t len)
{
	return has_form((char)kind, text, len);
}

bool
auth_cookie_parse(const char *header, char out[AUTH_TOKEN_BYTES])
{
	static const char name[] = AUTH_COOKIE "=";
	const char *found = NULL;
	size_t found_len = 0;

	/* RFC 6265 4.2.1: name=value, separated by "; ". */
	for (const char *p = header; p != NULL && *p != '\0';) {
		size_t len = strcspn(p, ";");

		if (len > sizeof(name) - 1 &&
		    memcmp(p, name, sizeof(name) - 1) == 0) {
			if (found != NULL)
				return false;
			found = p + sizeof(name) - 1;
			found_len = len - (sizeof(name) - 1);
		}
		p += len;
		p += strspn(p, "; \t");
	}
	if (found == NULL ||
	    !auth_text_check(AUTH_TEXT_SESSION, found, found_len))
		return false;
	memcpy(out, found, AUTH_TOKEN_LEN);
	out[AUTH_TOKEN_LEN] = '\0';
	return true;
}

void
auth_token_hash(const struct auth_pepper *pepper, const char *token,
    uint8_t out[AUTH_HASH_BYTES])
{
	crypto_generichash(out, AUTH_HASH_BYTES, (const uint8_t *)token,
	    AUTH_TOKEN_LEN, pepper->key, sizeof(pepper->key));
}

void
auth_words_hash(const struct auth_pepper *pepper, const char *const words[],
    uint8_t out[AUTH_HASH_BYTES])
{
	crypto_generichash_state h;

	(void)crypto_generichash_init(&h, pepper->key, sizeof(pepper->key),
	    AUTH_HASH_BYTES);
	for (size_t i = 0; words[i] != NULL; i++)
		(void)crypto_generichash_update(&h, (const uint8_t *)words[i],
		    strlen(words[i]) + 1);
	(void)crypto_generichash_final(&h, out, AUTH_HASH_BYTES);
}

void
auth_token_prefix(const char *token, char out[AUTH_PREFIX_BYTES])
{
	memcpy(out, token, AUTH_PREFIX_LEN);
	out[AUTH_PREFIX_LEN] = '\0';
}

bool
auth_has_scope(const struct auth_who *who, const char *scope)
{
	return role_set_has(who->scopes, scope);
}

bool
auth_sees_zone(const struct auth_who *who, const uint8_t zone_id[16])
{
	for (size_t i = 0; i < who->n_zones; i++)
		if (memcmp(who->zone_id[i], zone_id, 16) == 0)
			return true;
	return !who->zones_limited;
}

bool
auth_scope_known(const char *scope)
{
	return role_scope_known(scope);
}

void
auth_fingerprint(const uint8_t *secret, size_t len, char out[AUTH_FINGERPRINT_BYTES])
{
	uint8_t h[crypto_hash_sha256_BYTES];

	/* What `base64 -d | sha256sum` shows, so that people can compare. */
	crypto_hash_sha256(h, secret, len);
	sodium_bin2hex(out, AUTH_FINGERPRINT_BYTES, h, 8);
	sodium_memzero(h, sizeof(h));
}

void
auth_random(uint8_t *out, size_t len)
{
	randombytes_buf(out, len);
}

void
auth_base64(const uint8_t *bytes, size_t len, char *out, size_t max)
{
	sodium_bin2base64(out, max, bytes, len,
	    sodium_base64_VARIANT_ORIGINAL);
}

enum err
auth_base64_parse(const char *text, size_t len, uint8_t *out, size_t max,
    size_t *out_len)
{
	const char *end;

	if (len / 4 * 3 > max + 2)
		return ERR_SPACE;
	if (sodium_base642bin(out, max, text, len, NULL, out_len, &end,
	    sodium_base64_VARIANT_ORIGINAL) != 0 || end != text + len)
		return ERR_MALFORMED;
	return OK;
}

void
auth_wipe(void *p, size_t len)
{
	sodium_memzero(p, len);
}
