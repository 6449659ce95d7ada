/*
 * digest.h - BLAKE2b-256, the digest of pages and nodes.
 *
 * Knows:    one unkeyed hash of 32 octets (libsodium's generichash).
 * Not here: what is hashed (page.h, tree.h), keys, passwords.
 * Runs in:  xferd (making versions) and dnsd's feeder (verifying them).
 */
#ifndef COMMON_DNS_DIGEST_H
#define COMMON_DNS_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE 32

/** struct digest - a value; compare with digest_equal() or memcmp() */
struct digest {
	uint8_t octets[DIGEST_SIZE];
};

/** struct digest_run - a digest in the making; 384 octets, libsodium's */
struct digest_run {
	_Alignas(64) unsigned char opaque[384];
};

/** digest_of() - digest of some bytes at once */
void digest_of(const void *bytes, size_t len, struct digest *out_digest);

/** digest_begin() ... digest_add() ... digest_end() - the same in pieces */
void digest_begin(struct digest_run *run);
void digest_add(struct digest_run *run, const void *bytes, size_t len);
void digest_end(struct digest_run *run, struct digest *out_digest);

/** digest_equal() - same value; not in constant time, digests are public */
bool digest_equal(const struct digest *a, const struct digest *b);

#endif
