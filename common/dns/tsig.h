/*
 * tsig.h - transaction signatures, RFC 8945, over OpenSSL's MACs.
 *
 * Knows:    requests, single answers, answers of many messages; names and
 *           algorithms in canonical form; the time window.
 * Not here: sockets, the clock (now is an argument), which key is allowed for
 *           whom. Nothing here looks a key up.
 * Runs in:  fetch (holds keys); probe, notify (no keys: they make the octets
 *           to be MACed and ask keep, the MAC oracle); keep (the oracle).
 * Bounded:  TSIG_UNSIGNED_MAX messages between signed ones.
 *
 * Two layers. The upper one, struct tsig, holds a key and follows one exchange
 * from the client's side. The lower one is for those without keys:
 * tsig_find(), tsig_input_*(), tsig_append(), tsig_judge().
 */
#ifndef COMMON_DNS_TSIG_H
#define COMMON_DNS_TSIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

#define TSIG_UNSIGNED_MAX	99	/* RFC 8945 5.3.1 */
#define TSIG_MAC_MAX		64
#define TSIG_SECRET_MAX		512
#define TSIG_FUDGE_S		300	/* RFC 8945 10 */
#define TSIG_NAME_MAX		255
/* What tsig_append() adds at most: owner, fixed part, algorithm, MAC, other. */
#define TSIG_RR_MAX		(TSIG_NAME_MAX + 10 + 26 + 16 + TSIG_MAC_MAX + 6)

enum tsig_alg {			/* numbers are used in handoff: keep them */
	TSIG_ALG_NONE = 0,
	TSIG_HMAC_SHA1 = 1,
	TSIG_HMAC_SHA224 = 2,
	TSIG_HMAC_SHA256 = 3,
	TSIG_HMAC_SHA384 = 4,
	TSIG_HMAC_SHA512 = 5,
};

/* tsig_alg_size() - octets of a full MAC; 0 for a number that is none */
size_t tsig_alg_size(enum tsig_alg alg);

/**
 * tsig_mac_min() - a policy's mac_min for a key of this algorithm
 * @octets: the shortest truncated MAC that is wanted; 0: none
 *
 * Returns 0, or what RFC 8945 5.2.2.1 allows that is nearest to @octets.
 */
uint16_t tsig_mac_min(enum tsig_alg alg, unsigned octets);

/* tsig_alg_text() - "hmac-sha256"; NULL for a number that is none */
const char *tsig_alg_text(enum tsig_alg alg);

/* tsig_alg_from_text() - case ignored, final dot allowed; NONE if unknown */
enum tsig_alg tsig_alg_from_text(const char *text);

/* tsig_alg_wire() - the algorithm's name in wire form; NULL if none */
const uint8_t *tsig_alg_wire(enum tsig_alg alg, size_t *out_len);

/* tsig_alg_from_wire() - case ignored; NONE if unknown */
enum tsig_alg tsig_alg_from_wire(const uint8_t *name, size_t len);

struct tsig_key {
	uint8_t name[TSIG_NAME_MAX];	/* wire, lower case */
	uint16_t name_len;
	uint16_t secret_len;
	enum tsig_alg alg;
	uint8_t secret[TSIG_SECRET_MAX];
};

/**
 * tsig_key_init() - make a key; everything is copied
 * @name:   uncompressed wire form, any case
 *
 * Returns OK; ERR_INVALID for a bad name, algorithm, or secret length
 * (1 to TSIG_SECRET_MAX).
 */
MUST_USE enum err tsig_key_init(struct tsig_key *key, const uint8_t *name,
    size_t name_len, enum tsig_alg alg, const uint8_t *secret,
    size_t secret_len);

/* tsig_key_fini() - wipe it; an all-zero key is fine */
void tsig_key_fini(struct tsig_key *key);

/**
 * tsig_mac() - the MAC oracle: HMAC of @len octets with @key
 * @out_mac: room for TSIG_MAC_MAX; tsig_alg_size(key->alg) octets are written
 */
MUST_USE enum err tsig_mac(const struct tsig_key *key, const uint8_t *bytes,
    size_t len, uint8_t *out_mac);

/* ---- What came of a message ------------------------------------------- */

enum tsig_verdict {		/* numbers are used in handoff: keep them */
	TSIG_UNSIGNED = 0,	/* no TSIG record (fine in between only) */
	TSIG_GOOD = 1,
	TSIG_BAD_FORM = 2,	/* not last, two of them, class, TTL, lengths,
				   a MAC below max(10, half) or too long */
	TSIG_BAD_KEY = 3,	/* another key name or algorithm */
	TSIG_BAD_SIG = 4,	/* MAC does not verify */
	TSIG_BAD_TIME = 5,	/* outside the window, or going backwards */
	TSIG_BAD_TRUNC = 6,	/* shorter than policy allows */
	TSIG_PEER_ERROR = 7,	/* the peer reports an error: peer_error */
	TSIG_MISSING = 8,	/* unsigned where it must be signed */
	TSIG_TOO_MANY_UNSIGNED = 9,
};

/* tsig_verdict_text() - "bad-sig" and the like, for logs and attempts */
const char *tsig_verdict_text(enum tsig_verdict verdict);

struct tsig_result {
	enum tsig_verdict verdict;
	uint16_t peer_error;	/* the error field: 0, 16 BADSIG ... */
	bool has_time;
	int64_t skew_s;		/* the peer's clock minus ours; with has_time */
	size_t body_len;	/* the message without its TSIG record */
};

/* ---- Upper layer: the client's side of one exchange -------------------- */

struct tsig_policy {
	uint16_t fudge_s;	/* sent, and the least tolerance for replies */
	uint16_t mac_min;	/* 0: full length only; else >= max(10, half) */
	bool sign_all;		/* every message must be signed */
};

struct tsig;			/* opaque: one exchange */

/**
 * tsig_new() - begin an exchange with @key (copied; wiped by tsig_free)
 *
 * Returns OK; ERR_NO_MEMORY; ERR_INVALID for an mac_min below max(10, half).
 */
MUST_USE enum err tsig_new(const struct tsig_key *key,
    const struct tsig_policy *policy, struct tsig **out);
void tsig_free(struct tsig *t);

/**
 * tsig_sign_request() - append a TSIG record to our request
 * @msg: room for @max; @len octets are there; ARCOUNT and @len are updated
 *
 * Forgets what the exchange had before: one struct serves requests in
 * sequence.
 *
 * Returns OK; ERR_SPACE when it does not fit.
 */
MUST_USE enum err tsig_sign_request(struct tsig *t, uint8_t *msg, size_t *len,
    size_t max, uint64_t now_s);

/**
 * tsig_verify() - take the next message of the answer
 * @msg: one whole message; borrowed
 *
 * The first must be signed over the request; later ones over what followed
 * the last signed one. After the last message of the answer ask tsig_done().
 *
 * Returns OK when the message may be used (verdict GOOD, or UNSIGNED within
 * the rule); else ERR_BAD_SIG with the reason in @out, which is always set.
 */
MUST_USE enum err tsig_verify(struct tsig *t, const uint8_t *msg, size_t len,
    uint64_t now_s, struct tsig_result *out);

/* tsig_done() - OK if the last message was signed; ERR_BAD_SIG if not. */
MUST_USE enum err tsig_done(const struct tsig *t);

/* ---- Lower layer: for those without keys ------------------------------- */

/* A TSIG record taken apart. Pointers lead into the message. */
struct tsig_rr {
	size_t off;			/* where the record begins */
	uint8_t name[TSIG_NAME_MAX];	/* key name, wire, lower case */
	uint16_t name_len;
	uint8_t alg_name[TSIG_NAME_MAX];/* wire, lower case */
	uint16_t alg_name_len;
	enum tsig_alg alg;		/* NONE when unknown */
	uint64_t time_s;		/* 48 bits */
	uint16_t fudge_s;
	const uint8_t *mac;
	uint16_t mac_len;
	uint16_t original_id;
	uint16_t error;
	const uint8_t *other;
	uint16_t other_len;
};

/**
 * tsig_find() - look for the TSIG record of a message
 *
 * It must be the last record, alone, class ANY, TTL 0, its lengths exact, and
 * nothing may follow it.  RFC 8945 5.1, 5.2
 *
 * Returns OK with @out; ERR_NOT_FOUND when there is none; ERR_MALFORMED.
 */
MUST_USE enum err tsig_find(const uint8_t *msg, size_t len,
    struct tsig_rr *out);

/* What tsig_input() needs to know of the past. */
struct tsig_prior {
	uint8_t mac[TSIG_MAC_MAX];
	uint16_t mac_len;		/* 0: no prior MAC (a request) */
};

/**
 * tsig_input() - the octets that the MAC is computed over
 * @prior:       request's MAC for an answer; NULL for a request
 * @msg:         the message without its TSIG record, @len octets; its ID is
 *               replaced by tr->original_id and, with @had_tsig, ARCOUNT is
 *               counted without the TSIG record
 * @timers_only: later messages of an answer of many (RFC 8945 5.3.1)
 * @out:         room for @max octets
 *
 * Returns OK, ERR_SPACE.
 */
MUST_USE enum err tsig_input(const struct tsig_prior *prior,
    const uint8_t *msg, size_t len, bool had_tsig, const struct tsig_rr *tr,
    bool timers_only, uint8_t *out, size_t max, size_t *out_len);

/* Octets that tsig_input() needs at most beyond the message. */
#define TSIG_INPUT_EXTRA (2 + TSIG_MAC_MAX + TSIG_NAME_MAX + 6 + TSIG_NAME_MAX + 18 + 6)

/**
 * tsig_append() - append the record @tr (mac and other are copied from it)
 *
 * @tr->name, alg, time_s, fudge_s, mac, original_id, error, other are used.
 *
 * Returns OK; ERR_SPACE when it does not fit; ERR_MALFORMED without a header.
 */
MUST_USE enum err tsig_append(uint8_t *msg, size_t *len, size_t max,
    const struct tsig_rr *tr);

/**
 * tsig_judge() - the verdict on a record whose MAC was computed elsewhere
 * @mac:     the right MAC, in full
 * @mac_min: as in the policy
 *
 * The caller has matched key and algorithm by name. Here: MAC (constant time),
 * time, truncation, in the order of RFC 8945 5.2. The time may be off by the
 * record's fudge or @fudge_min_s, whichever is more.
 */
enum tsig_verdict tsig_judge(const struct tsig_rr *tr, const uint8_t *mac,
    size_t mac_len, uint16_t mac_min, uint64_t now_s, uint16_t fudge_min_s);

/**
 * tsig_error() - the error field and rcode that answer a bad request
 *
 * Returns BADSIG, BADKEY, BADTIME or BADTRUNC; 0 for GOOD and UNSIGNED; 1
 * (FORMERR) for BAD_FORM.
 */
uint16_t tsig_error(enum tsig_verdict verdict);

#endif
