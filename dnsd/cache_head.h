/*
 * cache_head.h - the head of a zone in the arena: what answers need of a
 * version before they look at its pages.
 *
 * Knows:    what stands in it and what of it comes from the apex's records.
 * Not here: how readers find it (cache_dir.h).
 * Runs in:  the feeder alone; for the cache_* rooms of the writer only.
 */
#ifndef DNSD_CACHE_HEAD_H
#define DNSD_CACHE_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/digest.h"
#include "dnsd/cache_arena.h"
#include "dnsd/cache_facts.h"
#include "dnsd/cache_layout.h"

size_t cache_head_size(const struct cache_zone *z);

/** cache_head_digest() - of the root of its tree; all zero: no content */
const struct digest *cache_head_digest(const struct cache_zone *z);

/** cache_head_is_of() - a zone keeps its name for life: is it this one's? */
bool cache_head_is_of(const struct cache_zone *z, const struct cache_facts *f);

/** cache_head_make() - without content, or with that of @like (which is both
 *  heads' until the caller retires the old one alone); ERR_LIMIT */
MUST_USE enum err cache_head_make(struct cache_arena *a,
    const struct cache_facts *f, const struct cache_zone *like,
    cache_ref *out_head);

/**
 * cache_head_build() - over a finished tree
 * @hints: CACHE_ZONE_HAS_* of its pages
 *
 * Returns OK; ERR_MALFORMED when the apex has no usable SOA; ERR_LIMIT.
 */
MUST_USE enum err cache_head_build(struct cache_arena *a,
    const struct cache_facts *f, cache_ref root, uint8_t hints,
    cache_ref *out_head, uint32_t *out_serial);

/** cache_head_retire() - it and its tree but for the sorted list @kept */
void cache_head_retire(struct cache_arena *a, cache_ref head,
    const cache_ref *kept, size_t n_kept);

/** cache_head_mark() - of a predecessor, with its tree: false when it cannot
 *  be trusted */
bool cache_head_mark(struct cache_arena *a, cache_ref head);

#endif
