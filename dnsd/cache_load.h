/*
 * cache_load.h - a version of a zone on its way into the cache.
 *
 * Knows:    collecting the parts of a version, verifying them from the root
 *           digest down, taking over what is served already, publishing.
 * Not here: where versions come from (intake.h, snapshot.h).
 * Runs in:  the feeder alone.
 * Bounded:  2^24 parts and 1 GiB of nodes a version, and by the arena.
 */
#ifndef DNSD_CACHE_LOAD_H
#define DNSD_CACHE_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "dnsd/cache_facts.h"

struct cache_dir;
struct cache_load;

/** cache_load_is_valid() - facts come from the database or a file: claims */
bool cache_load_is_valid(const struct cache_facts *f);

/** cache_load_begin() - see cache_write_begin(), which others call */
MUST_USE enum err cache_load_begin(struct cache_dir *d,
    const struct cache_facts *facts, struct cache_load **out_load);

/**
 * cache_load_page(), cache_load_node() - one more part of the version
 *
 * Parts may come in any order; those that the cache has already may be left
 * out.  Bytes are claims and are copied.  Returns OK; ERR_MALFORMED;
 * ERR_LIMIT when the arena or the machine is full; ERR_NO_MEMORY.
 */
MUST_USE enum err cache_load_page(struct cache_load *load, const uint8_t *low,
    size_t low_len, const uint8_t *page, size_t len);
MUST_USE enum err cache_load_node(struct cache_load *load, const uint8_t *low,
    size_t low_len, const uint8_t *node, size_t len);

/**
 * cache_load_commit() - verify the digests from the root down and publish
 *
 * The load is over, whatever is returned: OK; ERR_MISMATCH when a part is
 * missing or has another digest (retry: the copy was mixed); ERR_MALFORMED
 * when it is not a zone; ERR_STALE when the generation would go back;
 * ERR_LIMIT.
 */
MUST_USE enum err cache_load_commit(struct cache_load *load);
void cache_load_abort(struct cache_load *load);

#endif
