/*
 * crowd.c - how many connections each client address has.
 *
 * An open hash table, at most half full; an entry that is left empty closes
 * its gap by moving those behind it forward (no tombstones).
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/crowd.h"
#include "common/base/check.h"
#include "common/base/hash.h"

struct entry {
	uint8_t key[9];			/* family, then the address */
	unsigned int n;			/* 0: free */
};

struct crowd {
	pthread_mutex_t lock;
	struct hash_key seed;
	unsigned int each_max, connections_max, n_entries;
	size_t mask;
	struct entry entry[];
};

enum err
crowd_new(unsigned int connections_max, unsigned int each_max,
    struct crowd **out)
{
	struct crowd *c;
	size_t size = 16;

	while (size < 2 * (size_t)connections_max)
		size *= 2;
	c = calloc(1, sizeof(*c) + size * sizeof(c->entry[0]));
	if (c == NULL)
		return ERR_NO_MEMORY;
	pthread_mutex_init(&c->lock, NULL);
	hash_key_random(&c->seed);
	c->each_max = each_max;
	c->connections_max = connections_max;
	c->mask = size - 1;
	*out = c;
	return OK;
}

void
crowd_free(struct crowd *c)
{
	if (c == NULL)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static void
key_of(const struct sock_addr *a, uint8_t key[9])
{
	struct sock_addr plain = *a;

	sock_addr_unmap(&plain);
	memset(key, 0, 9);
	key[0] = plain.family;
	memcpy(key + 1, plain.ip, plain.family == 4 ? 4 : 8);
}

static size_t
home_of(const struct crowd *c, const uint8_t key[9])
{
	return (size_t)hash_sip(&c->seed, key, 9) & c->mask;
}

/* Its entry, or the free one where it would be. */
static size_t
find(const struct crowd *c, const uint8_t key[9])
{
	size_t i = home_of(c, key);

	while (c->entry[i].n != 0 && memcmp(c->entry[i].key, key, 9) != 0)
		i = (i + 1) & c->mask;
	return i;
}

static void
erase(struct crowd *c, size_t gap)
{
	size_t i = gap;

	for (;;) {
		size_t home;

		c->entry[gap].n = 0;
		do {
			i = (i + 1) & c->mask;
			if (c->entry[i].n == 0)
				return;
			home = home_of(c, c->entry[i].key);
			/* Stays when its home lies behind the gap. */
		} while (((i - home) & c->mask) < ((i - gap) & c->mask));
		c->entry[gap] = c->entry[i];
		gap = i;
	}
}

bool
crowd_enter(struct crowd *c, const struct sock_addr *a)
{
	struct entry *e;
	uint8_t key[9];
	bool ok = false;

	key_of(a, key);
	pthread_mutex_lock(&c->lock);
	e = &c->entry[find(c, key)];
	if (e->n > 0 ? e->n < c->each_max :
	    c->n_entries < c->connections_max) {
		if (e->n == 0) {
			memcpy(e->key, key, sizeof(key));
			c->n_entries++;
		}
		e->n++;
		ok = true;
	}
	pthread_mutex_unlock(&c->lock);
	return ok;
}

void
crowd_leave(struct crowd *c, const struct sock_addr *a)
{
	uint8_t key[9];
	size_t i;

	key_of(a, key);
	pthread_mutex_lock(&c->lock);
	i = find(c, key);
	CHECK(c->entry[i].n > 0);
	if (--c->entry[i].n == 0) {
		c->n_entries--;
		erase(c, i);
	}
	pthread_mutex_unlock(&c->lock);
}
