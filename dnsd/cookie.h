/*
 * cookie.h - DNS cookies: the server's half, made and checked.
 *
 * Knows:    RFC 7873, RFC 9018 4 (version 1: SipHash-2-4 over the client's
 *           cookie, a time and the client's address), which secrets count.
 * Not here: the option around it (edns.h), where secrets come from
 *           (cookie_jar.h), what a bad cookie leads to (options.h).
 * Pure:     time and secrets are handed in.
 * Bounded:  COOKIE_SECRETS_MAX secrets; a check is that many hashes.
 */
#ifndef DNSD_COOKIE_H
#define DNSD_COOKIE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/hash.h"

enum {
	COOKIE_CLIENT_BYTES = 8,
	COOKIE_SERVER_BYTES = 16,
	COOKIE_BYTES = COOKIE_CLIENT_BYTES + COOKIE_SERVER_BYTES,
	COOKIE_SECRETS_MAX = 3,		/* old, current, next */
	COOKIE_OLD_S = 3600,		/* RFC 9018 4.3 */
	COOKIE_FUTURE_S = 300,
	COOKIE_RENEW_S = 1800,
};

/* The first one makes cookies, all of them are accepted. */
struct cookie_secrets {
	uint32_t n;			/* 0: cookies are off */
	uint32_t required;		/* over UDP, of who sends any */
	struct hash_key key[COOKIE_SECRETS_MAX];
};

enum cookie_verdict {
	COOKIE_NONE,			/* the request has none */
	COOKIE_CLIENT_ONLY,
	COOKIE_BAD,			/* not ours, too old, too early */
	COOKIE_GOOD,			/* the client is where it says it is */
};

/** cookie_make() - a whole cookie for this client
 *  @client: its half; @ip_len is 4 or 16 */
void cookie_make(const struct hash_key *secret, const uint8_t *client,
    const uint8_t *ip, size_t ip_len, uint32_t now_s,
    uint8_t out[COOKIE_BYTES]);

/**
 * cookie_judge() - check a request's cookie, and what to answer it with
 * @cookie: of the option; @len 8 or 16 to 40, secrets->n above 0
 * @now_s:  seconds since 1970, modulo 2^32
 * @out:    for the reply: the same while it is good and young, else new
 */
enum cookie_verdict cookie_judge(const struct cookie_secrets *secrets,
    const uint8_t *cookie, size_t len, const uint8_t *ip, size_t ip_len,
    uint32_t now_s, uint8_t out[COOKIE_BYTES]);

#endif
