/*
 * walk_cache.h - zones on the way down and their servers, kept for a while.
 *
 * Knows:    zone -> servers with addresses; host -> addresses; TTLs.
 * Not here: anything about the names that are walked to: those are asked anew
 *           each time.
 * Runs in:  keep's loop thread; pure.
 * Bounded:  WALK_CACHE_CUTS zones, WALK_CACHE_HOSTS hosts, each by a hash of its
 *           name in one place: a newcomer replaces what is there.
 */
#ifndef XFERD_WALK_CACHE_H
#define XFERD_WALK_CACHE_H

#include "common/base/base.h"
#include "common/base/err.h"
#include "xferd/walk_read.h"

enum {
	WALK_CACHE_CUTS = 1024,
	WALK_CACHE_HOSTS = 4096,
};

struct walk_cache;

MUST_USE enum err walk_cache_new(struct walk_cache **out);
void walk_cache_free(struct walk_cache *c);

/** walk_cache_find() - the nearest zone above @name (not @name); or NULL */
const struct walk_cut *walk_cache_find(const struct walk_cache *c,
    const uint8_t *name, int64_t now_ms);
/** walk_cache_put() - copied; the TTL is cut->ttl_s; no memory: not kept */
void walk_cache_put(struct walk_cache *c, const struct walk_cut *cut,
    int64_t now_ms);
/** walk_cache_drop() - none of its servers was of use */
void walk_cache_drop(struct walk_cache *c, const uint8_t *zone);

bool walk_cache_find_host(const struct walk_cache *c, const uint8_t *name,
    int64_t now_ms, struct walk_host *out);
void walk_cache_put_host(struct walk_cache *c, const struct walk_host *host,
    uint32_t ttl_s, int64_t now_ms);

#endif
