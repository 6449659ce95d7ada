/*
 * cache_tree.c - trees of pages in the arena.  See cache_tree.h.
 */
#include <string.h>

#include "common/dns/ownerkey.h"
#include "common/dns/page.h"
#include "dnsd/cache_tree.h"

size_t
cache_tree_size(const struct cache_arena *a, cache_ref ref, unsigned level)
{
	if (level == 0)
		return page_size(cache_arena_at(a, ref));
	return ((struct cache_node *)cache_arena_at(a, ref))->size;
}

void
cache_tree_retire(struct cache_arena *a, cache_ref ref, unsigned level,
    const cache_ref *kept, size_t n_kept)
{
	size_t low = 0, high = n_kept, mid;
	struct cache_node *n;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (kept[mid] < ref)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < n_kept && kept[low] == ref)
		return;
	if (level > 0) {
		n = cache_arena_at(a, ref);
		for (unsigned i = 0; i < n->n; i++)
			cache_tree_retire(a, cache_tree_children(n)[i],
			    level - 1, kept, n_kept);
	}
	cache_arena_retire(a, ref, cache_tree_size(a, ref, level));
}

bool
cache_tree_mark(struct cache_arena *a, cache_ref ref, unsigned level)
{
	struct cache_node *n;
	size_t bytes;

	if (ref == 0 || (size_t)ref * CACHE_UNIT + PAGE_HEADER_BYTES > a->size)
		return false;
	bytes = cache_tree_size(a, ref, level);
	if (bytes == 0 || (size_t)ref * CACHE_UNIT + bytes > a->size ||
	    !cache_alloc_mark(&a->alloc, ref, bytes))
		return false;
	if (level == 0)
		return true;
	n = cache_arena_at(a, ref);
	if (n->n == 0 || n->n > CACHE_NODE_CHILDREN_MAX)
		return false;
	for (unsigned i = 0; i < n->n; i++)
		if (!cache_tree_mark(a, cache_tree_children(n)[i], level - 1))
			return false;
	return true;
}

uint64_t
cache_tree_units(const struct cache_arena *a, cache_ref ref, unsigned level)
{
	uint64_t n = cache_alloc_units(cache_tree_size(a, ref, level));
	struct cache_node *node;

	if (level == 0)
		return n;
	node = cache_arena_at(a, ref);
	for (unsigned i = 0; i < node->n; i++)
		n += cache_tree_units(a, cache_tree_children(node)[i],
		    level - 1);
	return n;
}

static uint64_t
fence_head(const uint8_t *key, size_t len, size_t prefix)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v = v << 8 | (prefix + i < len ? key[prefix + i] : 0);
	return v;
}

enum err
cache_tree_node(struct cache_arena *a, unsigned level,
    const struct tree_ref *refs, unsigned n, const cache_ref *children,
    cache_ref *out_ref)
{
	size_t prefix = 0, keys = 0, size;
	const struct tree_ref *last = &refs[n - 1];
	struct cache_node *node;
	uint32_t *fence, byte;
	cache_ref ref;

	while (prefix < refs[0].low_len && prefix < last->low_len &&
	    refs[0].low[prefix] == last->low[prefix])
		prefix++;
	for (unsigned i = 0; i < n; i++)
		keys += refs[i].low_len;
	byte = (uint32_t)(sizeof(*node) + n * (sizeof(uint64_t) +
	    sizeof(cache_ref)) + (n + 1) * sizeof(uint32_t));
	size = byte + keys + (size_t)n * DIGEST_SIZE;
	ref = cache_arena_take(a, size);
	if (ref == 0)
		return ERR_LIMIT;
	node = cache_arena_at(a, ref);
	memset(node, 0, sizeof(*node));
	node->n = (uint16_t)n;
	node->prefix_len = (uint16_t)prefix;
	node->level = (uint16_t)level;
	node->size = (uint32_t)size;
	fence = cache_tree_fences(node);
	for (unsigned i = 0; i < n; i++) {
		cache_tree_heads(node)[i] = fence_head(refs[i].low,
		    refs[i].low_len, prefix);
		cache_tree_children(node)[i] = children[i];
		fence[i] = byte;
		memcpy((uint8_t *)node + byte, refs[i].low, refs[i].low_len);
		byte += refs[i].low_len;
	}
	fence[n] = byte;
	for (unsigned i = 0; i < n; i++)
		memcpy((uint8_t *)node + byte + (size_t)i * DIGEST_SIZE,
		    &refs[i].digest, DIGEST_SIZE);
	*out_ref = ref;
	return OK;
}

/* Index of the last child whose fence is at or below the key. */
static unsigned
node_child(struct cache_node *n, const uint8_t *key, size_t len)
{
	const uint32_t *fence = cache_tree_fences(n);
	unsigned low = 0, high = n->n, mid;

	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if (ownerkey_compare((uint8_t *)n + fence[mid],
		    fence[mid + 1] - fence[mid], key, len) <= 0)
			low = mid;
		else
			high = mid;
	}
	return low;
}

cache_ref
cache_tree_find(const struct cache_arena *a, const struct cache_tree *tree,
    unsigned level, const struct tree_ref *r)
{
	cache_ref ref = tree->root;
	unsigned at_level = tree->level, i;
	const struct digest *d = &tree->digest;
	struct cache_node *n;

	if (ref == 0)
		return 0;
	while (at_level > level) {
		n = cache_arena_at(a, ref);
		i = node_child(n, r->low, r->low_len);
		if (at_level - 1 == level && ownerkey_compare((uint8_t *)n +
		    cache_tree_fences(n)[i], cache_tree_fences(n)[i + 1] -
		    cache_tree_fences(n)[i], r->low, r->low_len) != 0)
			return 0;
		ref = cache_tree_children(n)[i];
		d = &cache_tree_digests(n)[i];
		at_level--;
	}
	return at_level == level && digest_equal(d, &r->digest) ? ref : 0;
}

/* Is every key of a page inside [want, high)? */
static bool
page_fits(const struct cache_arena *a, cache_ref ref,
    const struct tree_ref *want, const struct tree_ref *high)
{
	const uint8_t *page = cache_arena_at(a, ref);
	struct page_name name;

	if (page_n_names(page) == 0)
		return false;
	page_name_at(page, 0, &name);
	if (ownerkey_compare(name.key, name.key_len, want->low,
	    want->low_len) < 0)
		return false;
	page_name_at(page, page_n_names(page) - 1u, &name);
	return high == NULL || ownerkey_compare(name.key, name.key_len,
	    high->low, high->low_len) < 0;
}

bool
cache_tree_fits(const struct cache_arena *a, cache_ref ref, unsigned level,
    const struct tree_ref *want, const struct tree_ref *high)
{
	struct tree_ref last = *want;

	while (level > 0) {
		struct cache_node *n = cache_arena_at(a, ref);
		const uint32_t *fence = cache_tree_fences(n) + n->n - 1;

		last.low = (uint8_t *)n + fence[0];
		last.low_len = (uint16_t)(fence[1] - fence[0]);
		if (high != NULL && ownerkey_compare(last.low, last.low_len,
		    high->low, high->low_len) >= 0)
			return false;
		ref = cache_tree_children(n)[n->n - 1];
		level--;
	}
	return page_fits(a, ref, &last, high);
}
