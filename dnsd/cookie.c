/*
 * cookie.c - see cookie.h.
 *
 *	client cookie 8 | version 1 | reserved 3 | time 4 | hash 8
 *
 * The hash is over all that is before it and the client's address. The
 * reserved octets are hashed as they came: another server of ours may use
 * them one day.  RFC 9018 4
 */
#include "dnsd/cookie.h"

#include <string.h>

#include "common/base/check.h"

enum {
	VERSION = 1,
	AT_VERSION = COOKIE_CLIENT_BYTES,
	AT_TIME = AT_VERSION + 4,
	AT_HASH = AT_TIME + 4,
	IP_MAX = 16,
};

static void
put_hash(const struct hash_key *secret, const uint8_t *cookie,
    const uint8_t *ip, size_t ip_len, uint8_t out[8])
{
	uint8_t text[AT_HASH + IP_MAX];
	uint64_t h;

	CHECK(ip_len <= IP_MAX);
	memcpy(text, cookie, AT_HASH);
	memcpy(text + AT_HASH, ip, ip_len);
	h = hash_sip(secret, text, AT_HASH + ip_len);
	memcpy(out, &h, 8);		/* as the octets came out */
}

void
cookie_make(const struct hash_key *secret, const uint8_t *client,
    const uint8_t *ip, size_t ip_len, uint32_t now_s,
    uint8_t out[COOKIE_BYTES])
{
	memmove(out, client, COOKIE_CLIENT_BYTES);
	memset(out + AT_VERSION, 0, 4);
	out[AT_VERSION] = VERSION;
	for (int i = 0; i < 4; i++)
		out[AT_TIME + i] = (uint8_t)(now_s >> (24 - 8 * i));
	put_hash(secret, out, ip, ip_len, out + AT_HASH);
}

static uint32_t
time_of(const uint8_t *cookie)
{
	const uint8_t *p = cookie + AT_TIME;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* Which secret made it; -1: none of ours. */
static int
made_by(const struct cookie_secrets *secrets, const uint8_t *cookie,
    const uint8_t *ip, size_t ip_len)
{
	uint8_t hash[8];

	for (uint32_t i = 0; i < secrets->n && i < COOKIE_SECRETS_MAX; i++) {
		uint8_t differ = 0;

		put_hash(&secrets->key[i], cookie, ip, ip_len, hash);
		for (unsigned k = 0; k < sizeof(hash); k++)
			differ |= hash[k] ^ cookie[AT_HASH + k];
		if (differ == 0)
			return (int)i;
	}
	return -1;
}

enum cookie_verdict
cookie_judge(const struct cookie_secrets *secrets, const uint8_t *cookie,
    size_t len, const uint8_t *ip, size_t ip_len, uint32_t now_s,
    uint8_t out[COOKIE_BYTES])
{
	enum cookie_verdict v = COOKIE_BAD;
	int32_t age = 0;
	int secret = -1;

	if (len == COOKIE_CLIENT_BYTES) {
		v = COOKIE_CLIENT_ONLY;
	} else if (len == COOKIE_BYTES && cookie[AT_VERSION] == VERSION) {
		/* RFC 1982 arithmetic: the time wraps. */
		age = (int32_t)(now_s - time_of(cookie));
		if (age <= COOKIE_OLD_S && age >= -COOKIE_FUTURE_S)
			secret = made_by(secrets, cookie, ip, ip_len);
		if (secret >= 0)
			v = COOKIE_GOOD;
	}
	if (secret == 0 && age <= COOKIE_RENEW_S)
		memcpy(out, cookie, COOKIE_BYTES);
	else
		cookie_make(&secrets->key[0], cookie, ip, ip_len, now_s, out);
	return v;
}
