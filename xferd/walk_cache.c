/*
 * walk_cache.c - see walk_cache.h.
 */
#include "xferd/walk_cache.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/dns/dname.h"

struct cut_entry {
	int64_t until_ms;
	struct walk_cut cut;
};

struct host_entry {
	int64_t until_ms;
	struct walk_host host;
};

struct walk_cache {
	struct hash_key key;
	struct cut_entry *cuts[WALK_CACHE_CUTS];
	struct host_entry *hosts[WALK_CACHE_HOSTS];
};

enum err
walk_cache_new(struct walk_cache **out)
{
	struct walk_cache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return ERR_NO_MEMORY;
	hash_key_random(&c->key);
	*out = c;
	return OK;
}

void
walk_cache_free(struct walk_cache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < WALK_CACHE_CUTS; i++)
		free(c->cuts[i]);
	for (size_t i = 0; i < WALK_CACHE_HOSTS; i++)
		free(c->hosts[i]);
	free(c);
}

static size_t
place(const struct walk_cache *c, const uint8_t *name, size_t n)
{
	uint8_t lower[DNAME_MAX];
	size_t len = dname_lower(name, lower);

	return hash_sip(&c->key, lower, len) % n;
}

const struct walk_cut *
walk_cache_find(const struct walk_cache *c, const uint8_t *name,
    int64_t now_ms)
{
	while (*name != 0) {
		const struct cut_entry *e;

		name += 1 + *name;
		e = c->cuts[place(c, name, WALK_CACHE_CUTS)];
		if (e != NULL && now_ms < e->until_ms &&
		    dname_equal(e->cut.zone, name))
			return &e->cut;
	}
	return NULL;
}

void
walk_cache_put(struct walk_cache *c, const struct walk_cut *cut,
    int64_t now_ms)
{
	struct cut_entry **e = &c->cuts[place(c, cut->zone,
	    WALK_CACHE_CUTS)];

	if (*e == NULL)
		*e = malloc(sizeof(**e));
	if (*e == NULL)
		return;
	(*e)->cut = *cut;
	(*e)->until_ms = now_ms + MIN(cut->ttl_s, WALK_TTL_MAX_S) * INT64_C(1000);
}

void
walk_cache_drop(struct walk_cache *c, const uint8_t *zone)
{
	struct cut_entry *e = c->cuts[place(c, zone, WALK_CACHE_CUTS)];

	if (e != NULL && dname_equal(e->cut.zone, zone))
		e->until_ms = 0;
}

bool
walk_cache_find_host(const struct walk_cache *c, const uint8_t *name,
    int64_t now_ms, struct walk_host *out)
{
	const struct host_entry *e = c->hosts[place(c, name,
	    WALK_CACHE_HOSTS)];

	if (e == NULL || now_ms >= e->until_ms ||
	    !dname_equal(e->host.name, name))
		return false;
	*out = e->host;
	return true;
}

void
walk_cache_put_host(struct walk_cache *c, const struct walk_host *host,
    uint32_t ttl_s, int64_t now_ms)
{
	struct host_entry **e = &c->hosts[place(c, host->name,
	    WALK_CACHE_HOSTS)];

	if (*e == NULL)
		*e = malloc(sizeof(**e));
	if (*e == NULL)
		return;
	(*e)->host = *host;
	(*e)->until_ms = now_ms + MIN(ttl_s, WALK_TTL_MAX_S) * INT64_C(1000);
}
