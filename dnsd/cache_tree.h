/*
 * cache_tree.h - the tree of a version in the arena: nodes over pages.
 *
 * Knows:    the cache's form of a node; walking a tree to mark it, retire
 *           it, find a part of it again.
 * Not here: what a version is checked against (cache_load.h), lookups for
 *           answers (cache_view.h).
 * Runs in:  the feeder alone; for the cache_* rooms of the writer only.
 * Bounded:  CACHE_LEVELS_MAX levels of CACHE_NODE_CHILDREN_MAX children.
 */
#ifndef DNSD_CACHE_TREE_H
#define DNSD_CACHE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/digest.h"
#include "common/dns/tree.h"
#include "dnsd/cache_arena.h"
#include "dnsd/cache_layout.h"

static_assert((int)TREE_LEVELS_MAX <= (int)CACHE_LEVELS_MAX, "levels fit");
static_assert((int)TREE_CHILDREN_MAX <= (int)CACHE_NODE_CHILDREN_MAX,
    "children fit");

/* The tree of a version that is served; root 0: there is none. */
struct cache_tree {
	cache_ref root;
	uint8_t level;
	struct digest digest;
};

/* The four arrays of a node (cache_layout.h). */
static inline uint64_t *
cache_tree_heads(struct cache_node *n)
{
	return (uint64_t *)(void *)(n + 1);
}

static inline cache_ref *
cache_tree_children(struct cache_node *n)
{
	return (cache_ref *)(void *)(cache_tree_heads(n) + n->n);
}

static inline uint32_t *
cache_tree_fences(struct cache_node *n)
{
	return cache_tree_children(n) + n->n;
}

static inline struct digest *
cache_tree_digests(struct cache_node *n)
{
	return (struct digest *)(void *)((uint8_t *)n + n->size -
	    (size_t)n->n * DIGEST_SIZE);
}

/** cache_tree_size() - bytes of the page (level 0) or node at @ref */
size_t cache_tree_size(const struct cache_arena *a, cache_ref ref,
    unsigned level);

/** cache_tree_node() - a node whose children are in place; ERR_LIMIT */
MUST_USE enum err cache_tree_node(struct cache_arena *a, unsigned level,
    const struct tree_ref *refs, unsigned n, const cache_ref *children,
    cache_ref *out_ref);

/** cache_tree_find() - the same part in @tree; 0 when it is not there */
cache_ref cache_tree_find(const struct cache_arena *a,
    const struct cache_tree *tree, unsigned level, const struct tree_ref *r);

/**
 * cache_tree_fits() - is every key of a part inside [@want, @high)?
 * @high: NULL is the end of the key space
 *
 * The part is well-formed, but its end may have moved.  With this at each
 * level the parts tile the key space: no name is in two places, no part has
 * two parents, and a search ends where the name is.
 */
bool cache_tree_fits(const struct cache_arena *a, cache_ref ref,
    unsigned level, const struct tree_ref *want, const struct tree_ref *high);

/** cache_tree_retire() - what the tree at @ref has and the sorted list @kept
 *  has not */
void cache_tree_retire(struct cache_arena *a, cache_ref ref, unsigned level,
    const cache_ref *kept, size_t n_kept);

/** cache_tree_mark() - of a predecessor: false when it cannot be trusted */
bool cache_tree_mark(struct cache_arena *a, cache_ref ref, unsigned level);

/** cache_tree_units() - what the tree takes, for checks */
uint64_t cache_tree_units(const struct cache_arena *a, cache_ref ref,
    unsigned level);

#endif
