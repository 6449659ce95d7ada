/* tally.c - what is under way and what failed, per tenant and address. */
#include "xferd/tally.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/hash.h"

enum { BUCKETS = 16384 };

/* First byte of the key: what it is about. */
enum kind { TENANT, ADDRESS, ZONE_PRIMARY, KINDS };

struct tally {
	struct hash_key hash_key;
	size_t n[KINDS], spool_tenant_max;
	struct tally_entry *buckets[KINDS][BUCKETS];
};

enum err
tally_new(size_t spool_tenant_max, struct tally **out)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ERR_NO_MEMORY;
	hash_key_random(&t->hash_key);
	t->spool_tenant_max = spool_tenant_max;
	*out = t;
	return OK;
}

void
tally_free(struct tally *t)
{
	for (int kind = 0; kind < KINDS; kind++)
		for (size_t b = 0; b < BUCKETS; b++)
			while (t->buckets[kind][b] != NULL) {
				struct tally_entry *e = t->buckets[kind][b];

				t->buckets[kind][b] = e->next;
				free(e);
			}
	free(t);
}

static struct tally_entry *
get(struct tally *t, enum kind kind, const uint8_t key[40])
{
	struct tally_entry **b = &t->buckets[kind][hash_sip(&t->hash_key, key,
	    40) % BUCKETS];
	struct tally_entry *e;

	for (e = *b; e != NULL; e = e->next)
		if (memcmp(e->key, key, 40) == 0) {
			e->users++;
			return e;
		}
	if (t->n[kind] >= TALLY_MAX)
		return NULL;
	e = calloc(1, sizeof(*e));
	if (e == NULL)
		return NULL;
	memcpy(e->key, key, 40);
	e->users = 1;
	e->spool.max = t->spool_tenant_max;
	e->next = *b;
	*b = e;
	t->n[kind]++;
	return e;
}

struct tally_entry *
tally_tenant(struct tally *t, const uint8_t tenant[16])
{
	uint8_t key[40] = { 0 };

	memcpy(key, tenant, 16);
	return get(t, TENANT, key);
}

struct tally_entry *
tally_address(struct tally *t, const uint8_t tenant[16],
    const struct sock_addr *addr)
{
	uint8_t key[40];

	static_assert(sizeof(*addr) == 24, "the key holds it");
	memcpy(key, tenant, 16);
	memcpy(key + 16, addr, sizeof(*addr));
	return get(t, ADDRESS, key);
}

struct tally_entry *
tally_zone_primary(struct tally *t, const uint8_t zone[16],
    const uint8_t primary[16])
{
	uint8_t key[40] = { 0 };

	memcpy(key, zone, 16);
	memcpy(key + 16, primary, 16);
	return get(t, ZONE_PRIMARY, key);
}

void
tally_put(struct tally_entry *e)
{
	if (e == NULL)
		return;
	CHECK(e->users > 0);
	e->users--;
}

void
tally_failed(struct tally_entry *e, unsigned n_max, int64_t open_ms,
    int64_t now_ms)
{
	if (e->failures < n_max)
		e->failures++;
	if (e->failures >= n_max)
		e->avoid_until_ms = now_ms + open_ms;
}

void
tally_worked(struct tally_entry *e)
{
	e->failures = 0;
	e->avoid_until_ms = 0;
}

bool
tally_may_try(struct tally_entry *e, unsigned n_max, int64_t open_ms,
    int64_t now_ms)
{
	if (e->avoid_until_ms > now_ms)
		return false;
	if (e->failures >= n_max)
		e->avoid_until_ms = now_ms + open_ms;
	return true;
}

bool
tally_avoid(const struct tally_entry *e, int64_t now_ms)
{
	return e->avoid_until_ms > now_ms;
}

size_t
tally_busy(struct tally *t, unsigned rounds_max, uint8_t (*out)[16],
    size_t n_max)
{
	size_t n = 0;

	for (size_t b = 0; b < BUCKETS; b++)
		for (struct tally_entry *e = t->buckets[TENANT][b];
		    e != NULL && n < n_max; e = e->next)
			if (e->rounds >= rounds_max)
				memcpy(out[n++], e->key, 16);
	return n;
}

static bool
idle(const struct tally_entry *e, int64_t now_ms)
{
	return e->users == 0 && e->rounds == 0 && e->transfers == 0 &&
	    e->spool.used == 0 && e->avoid_until_ms <= now_ms &&
	    e->no_edns_until_ms <= now_ms && e->no_ixfr_until_ms <= now_ms &&
	    e->alone_until_ms <= now_ms && e->fresh_until_ms <= now_ms;
}

unsigned
tally_sweep(struct tally *t, int64_t now_ms)
{
	unsigned n_open = 0;

	for (int kind = 0; kind < KINDS; kind++)
		for (size_t b = 0; b < BUCKETS; b++) {
			struct tally_entry **p = &t->buckets[kind][b];

			while (*p != NULL) {
				struct tally_entry *e = *p;

				n_open += kind == ADDRESS &&
				    e->avoid_until_ms > now_ms;
				/* A few failures are worth remembering until
				 * the table is needed. */
				if (idle(e, now_ms) && (e->failures == 0 ||
				    t->n[kind] > TALLY_MAX / 2)) {
					*p = e->next;
					free(e);
					t->n[kind]--;
				} else {
					p = &e->next;
				}
			}
		}
	return n_open;
}
