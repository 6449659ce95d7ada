/*
 * keyring.c - TSIG secrets, unsealed, in memory that is never dumped.
 *
 * One anonymous mapping holds all keys: locked where the limits allow, left
 * out of core files, not inherited by children.
 */
#include "xferd/keyring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/base/check.h"
#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/secret.h"
#include "common/db/seal.h"

enum {
	BUCKETS = 4096,
	LIVES_MAX = UINT32_MAX / KEYRING_MAX / 2,
};

struct slot {
	uint8_t tenant_id[16];
	uint8_t key_id[16];
	uint64_t row_hash;		/* of name, algorithm and sealed bytes */
	uint32_t number;		/* 0: free */
	uint32_t next;			/* index + 1 in the bucket */
	uint64_t used;
	struct tsig_key key;
};

struct keyring {
	struct seal_keyring seal;
	struct hash_key hash_key;
	struct slot *slots;		/* KEYRING_MAX, mapped lazily */
	uint32_t n;			/* slots ever used */
	uint32_t buckets[BUCKETS];
	uint32_t lives;
	uint64_t clock;
};

enum err
keyring_new(const char *secret_path, struct keyring **out)
{
	struct keyring *ring = calloc(1, sizeof(*ring));
	size_t size = sizeof(struct slot) * KEYRING_MAX;
	void *map;
	enum err e;

	if (ring == NULL)
		return ERR_NO_MEMORY;
	e = seal_keyring_load(secret_path, NULL, &ring->seal);
	if (e != OK) {
		free(ring);
		return e;
	}
	map = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED) {
		seal_keyring_fini(&ring->seal);
		free(ring);
		return ERR_NO_MEMORY;
	}
	madvise(map, size, MADV_DONTDUMP);
	madvise(map, size, MADV_DONTFORK);
	ring->slots = map;
	hash_key_random(&ring->hash_key);
	*out = ring;
	return OK;
}

void
keyring_free(struct keyring *ring)
{
	if (ring == NULL)
		return;
	for (uint32_t i = 0; i < ring->n; i++)
		tsig_key_fini(&ring->slots[i].key);
	munmap(ring->slots, sizeof(struct slot) * KEYRING_MAX);
	seal_keyring_fini(&ring->seal);
	free(ring);
}

static uint32_t *
bucket_of(struct keyring *ring, const uint8_t *tenant, const uint8_t *key)
{
	uint8_t both[32];

	memcpy(both, tenant, 16);
	memcpy(both + 16, key, 16);
	return &ring->buckets[hash_sip(&ring->hash_key, both, 32) % BUCKETS];
}

static uint64_t
hash_row(const struct keyring *ring, const struct keyring_row *row)
{
	const struct hash_key *k = &ring->hash_key;

	return hash_sip(k, row->sealed, row->sealed_len) * 3 +
	    hash_sip(k, row->name, row->name_len) * 5 +
	    hash_sip(k, row->algorithm, strlen(row->algorithm));
}

static struct slot *
find(struct keyring *ring, const struct keyring_row *row)
{
	uint32_t at = *bucket_of(ring, row->tenant_id, row->key_id);

	while (at != 0) {
		struct slot *s = &ring->slots[at - 1];

		if (memcmp(s->tenant_id, row->tenant_id, 16) == 0 &&
		    memcmp(s->key_id, row->key_id, 16) == 0)
			return s;
		at = s->next;
	}
	return NULL;
}

static void
unlink_slot(struct keyring *ring, struct slot *s)
{
	uint32_t *at = bucket_of(ring, s->tenant_id, s->key_id);
	uint32_t self = (uint32_t)(s - ring->slots) + 1;

	while (*at != self) {
		CHECK(*at != 0);
		at = &ring->slots[*at - 1].next;
	}
	*at = s->next;
}

/* A free slot: a new one, or the one not used for longest. */
static struct slot *
make_room(struct keyring *ring)
{
	struct slot *oldest = &ring->slots[0];

	if (ring->n < KEYRING_MAX) {
		struct slot *s = &ring->slots[ring->n++];

		/* Fails without CAP_IPC_LOCK beyond a limit: no harm. */
		(void)mlock(s, sizeof(*s));
		return s;
	}
	for (uint32_t i = 1; i < ring->n; i++)
		if (ring->slots[i].used < oldest->used)
			oldest = &ring->slots[i];
	unlink_slot(ring, oldest);
	tsig_key_fini(&oldest->key);
	return oldest;
}

static enum err
unseal(struct keyring *ring, const struct keyring_row *row,
    struct tsig_key *out_key)
{
	struct seal_context ctx = { .tenant_id = row->tenant_id,
		.key_id = row->key_id, .algorithm = row->algorithm };
	uint8_t secret[SEAL_SECRET_MAX];
	size_t len = 0;
	enum err e;

	e = seal_open(&ring->seal, &ctx, row->sealed, row->sealed_len, secret,
	    &len);
	if (e == OK)
		e = tsig_key_init(out_key, row->name, row->name_len,
		    tsig_alg_from_text(row->algorithm), secret, len);
	secret_wipe(secret, sizeof(secret));
	return e == OK || e == ERR_NO_MEMORY ? e : ERR_BAD_KEY;
}

enum err
keyring_number(struct keyring *ring, const struct keyring_row *row,
    uint32_t *out_number)
{
	uint64_t hash = hash_row(ring, row);
	struct slot *s = find(ring, row);
	struct tsig_key key;
	uint32_t *bucket;
	enum err e;

	ring->clock++;
	if (s != NULL && s->row_hash == hash) {
		s->used = ring->clock;
		*out_number = s->number;
		return OK;
	}
	e = unseal(ring, row, &key);
	if (e != OK)
		return e;
	if (s != NULL) {
		unlink_slot(ring, s);
		tsig_key_fini(&s->key);
	} else {
		s = make_room(ring);
	}
	memcpy(s->tenant_id, row->tenant_id, 16);
	memcpy(s->key_id, row->key_id, 16);
	s->row_hash = hash;
	s->key = key;
	s->used = ring->clock;
	/* The slot is in the low bits; the rest tells its users apart. */
	ring->lives = ring->lives % LIVES_MAX + 1;
	s->number = ring->lives * KEYRING_MAX + (uint32_t)(s - ring->slots);
	bucket = bucket_of(ring, row->tenant_id, row->key_id);
	s->next = *bucket;
	*bucket = (uint32_t)(s - ring->slots) + 1;
	secret_wipe(&key, sizeof(key));
	*out_number = s->number;
	return OK;
}

const struct tsig_key *
keyring_key(const struct keyring *ring, uint32_t number)
{
	const struct slot *s = &ring->slots[number % KEYRING_MAX];

	if (number == 0 || number % KEYRING_MAX >= ring->n)
		return NULL;
	return s->number == number ? &s->key : NULL;
}

enum err
keyring_open_text(const struct keyring *ring, const uint8_t tenant_id[16],
    const uint8_t key_id[16], const char *kind, const uint8_t *sealed,
    size_t sealed_len, uint8_t *out, size_t max, size_t *out_len)
{
	struct seal_context ctx = { .tenant_id = tenant_id,
		.key_id = key_id, .algorithm = kind };

	return seal_open_long(&ring->seal, &ctx, sealed, sealed_len, out, max,
	    out_len) == OK ? OK : ERR_BAD_KEY;
}
