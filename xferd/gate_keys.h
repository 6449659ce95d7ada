/*
 * gate_keys.h - DNSKEY sets and the signatures made with them.
 *
 * Knows:    RFC 4034 2, 3, 5 and 3.1.8.1 (what is signed); RSA with SHA-256
 *           and SHA-512 (RFC 5702), ECDSA P-256 and P-384 (RFC 6605), Ed25519
 *           and Ed448 (RFC 8080).  Keys of other algorithms are known to be
 *           there, and that is all.
 * Not here: which sets must be signed (gate_dnssec).  No clock, no descriptor.
 * Runs in:  a crew thread.
 * Bounded:  GATE_KEYS_MAX keys; GATE_KEY_TRIES_MAX verifications for one set
 *           (KeyTrap, CVE-2023-50387).
 */
#ifndef XFERD_GATE_KEYS_H
#define XFERD_GATE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/page.h"
#include "xferd/gate.h"

enum {
	GATE_KEYS_MAX = 64,
	GATE_KEY_TRIES_MAX = 16,
};

struct gate_keys;

/**
 * gate_keys_new() - the zone keys of an apex
 * @apex: wire form, lower case; borrowed until gate_keys_free()
 * @name: the apex's entry; borrowed for the call
 *
 * Returns OK; ERR_LIMIT for more than GATE_KEYS_MAX; ERR_NO_MEMORY.
 */
MUST_USE enum err gate_keys_new(const uint8_t *apex,
    const struct page_name *name, struct gate_keys **out);
void gate_keys_free(struct gate_keys *k);	/* accepts NULL */

unsigned gate_keys_n(const struct gate_keys *k);

/** gate_keys_print() - a fingerprint of the set, above 0 */
int64_t gate_keys_print(const struct gate_keys *k);

enum gate_key_verdict {
	GATE_KEY_GOOD,
	GATE_KEY_UNKNOWN,		/* only algorithms that we do not know */
	GATE_KEY_NONE,			/* no signature by a key of the zone */
	GATE_KEY_EARLY,			/* begins in the future */
	GATE_KEY_LATE,			/* has ended */
	GATE_KEY_LABELS,		/* made for another name */
	GATE_KEY_WRONG,			/* does not verify */
};

/** gate_keys_text() - "the signature has ended" and so on */
const char *gate_keys_text(enum gate_key_verdict v);

/**
 * gate_keys_verify() - is one of the set's signatures good?
 * @owner:  wire form, lower case
 * @now_s:  seconds since 1970
 * @only:   of the key set: signatures by this key alone count; -1: any
 * @out_until_s: when the last good signature ends; with GATE_KEY_GOOD
 *
 * The verdict of the best signature.
 */
enum gate_key_verdict gate_keys_verify(struct gate_keys *k,
    const uint8_t *owner, size_t owner_len, const struct page_set *set,
    int64_t now_s, int only, int64_t *out_until_s);

/**
 * gate_keys_anchor() - the key that a trust anchor means
 *
 * Returns its number for @only above, -1 when there is none, -2 when the
 * digest type is not known.
 */
int gate_keys_anchor(const struct gate_keys *k,
    const struct gate_anchor *anchor);

/** gate_keys_is_ds() - does this DS mean this DNSKEY of @apex? (RFC 4034 5.1.4)
 *  @ds, @key: rdata; of a digest type that we do not know: false */
bool gate_keys_is_ds(const uint8_t *apex, const uint8_t *ds, size_t ds_len,
    const uint8_t *key, size_t key_len);

#endif
