/*
 * hash.h - SipHash-2-4 for tables whose keys a stranger chooses, and
 * random bytes. One of the rooms that host libsodium.
 */
#ifndef COMMON_BASE_HASH_H
#define COMMON_BASE_HASH_H

#include "common/base/base.h"

#define HASH_KEY_BYTES	16

struct hash_key {
	uint8_t	bytes[HASH_KEY_BYTES];
};

/** hash_init() - once per process, before threads; may be called again */
void hash_init(void);

void hash_random(void *out, size_t len);
void hash_key_random(struct hash_key *out);

uint64_t hash_sip(const struct hash_key *key, const void *data, size_t len);

#endif
