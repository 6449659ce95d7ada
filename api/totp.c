/*
 * totp.c - RFC 6238.  See totp.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "api/totp.h"

enum { SHA1_LEN = 20 };

enum err
totp_code(const uint8_t secret[TOTP_SECRET_LEN], int64_t step,
    char out[TOTP_CODE_BYTES])
{
	uint8_t counter[8], mac[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	uint32_t n;
	const uint8_t *p;

	for (size_t i = 0; i < sizeof(counter); i++)
		counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
	if (HMAC(EVP_sha1(), secret, TOTP_SECRET_LEN, counter,
	    sizeof(counter), mac, &len) == NULL || len != SHA1_LEN)
		return ERR_CRYPTO;
	p = mac + (mac[SHA1_LEN - 1] & 15);	/* RFC 4226 5.3 */
	n = (uint32_t)(p[0] & 0x7f) << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
	snprintf(out, TOTP_CODE_BYTES, "%06" PRIu32, n % 1000000);
	return OK;
}

enum err
totp_match(const uint8_t secret[TOTP_SECRET_LEN], const char *code,
    int64_t now_s, int64_t after, int64_t *out_step)
{
	char given[TOTP_CODE_BYTES] = "", want[TOTP_CODE_BYTES];
	int64_t now = now_s / TOTP_STEP_S;
	size_t n = 0;

	for (; *code != '\0'; code++) {
		if (*code == ' ')
			continue;
		if (*code < '0' || *code > '9' || n == sizeof(given) - 1)
			return ERR_MISMATCH;
		given[n++] = *code;
	}
	if (n != sizeof(given) - 1)
		return ERR_MISMATCH;
	for (int64_t s = now - TOTP_WINDOW; s <= now + TOTP_WINDOW; s++) {
		enum err e;

		if (s <= after)
			continue;
		e = totp_code(secret, s, want);
		if (e != OK)
			return e;
		if (CRYPTO_memcmp(given, want, sizeof(want)) == 0) {
			*out_step = s;
			return OK;
		}
	}
	return ERR_MISMATCH;
}

void
totp_base32(const uint8_t secret[TOTP_SECRET_LEN], char out[TOTP_SECRET_TEXT])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

	/* 20 bytes are 32 characters, nothing to pad. */
	for (size_t i = 0; i < TOTP_SECRET_TEXT - 1; i++) {
		size_t bit = 5 * i;
		unsigned int pair = (unsigned int)secret[bit / 8] << 8 |
		    (bit / 8 + 1 < TOTP_SECRET_LEN ? secret[bit / 8 + 1] : 0);

		out[i] = digits[pair >> (11 - bit % 8) & 31];
	}
	out[TOTP_SECRET_TEXT - 1] = '\0';
}

/* Percent-encode all but letters, digits and a few more. */
static size_t
escape(char *out, size_t max, const char *text)
{
	size_t n = 0;

	for (const unsigned char *p = (const unsigned char *)text;
	    *p != '\0' && n + 4 < max; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || strchr("-._~@", *p) != NULL)
			out[n++] = (char)*p;
		else
			n += (size_t)snprintf(out + n, max - n, "%%%02X", *p);
	}
	out[n] = '\0';
	return n;
}

void
totp_uri(const uint8_t secret[TOTP_SECRET_LEN], const char *issuer,
    const char *account, char out[TOTP_URI_MAX])
{
	char text[TOTP_SECRET_TEXT], who[120], whose[400];

	totp_base32(secret, text);
	(void)escape(who, sizeof(who), issuer);
	(void)escape(whose, sizeof(whose), account);
	snprintf(out, TOTP_URI_MAX, "otpauth://totp/%s:%s?secret=%s&issuer=%s",
	    who, whose, text, who);
	OPENSSL_cleanse(text, sizeof(text));
}
