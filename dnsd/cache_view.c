/*
 * cache_view.c - see cache_view.h.
 */
#include "dnsd/cache_view.h"

#include <string.h>

#include "common/dns/fold.h"
#include "common/dns/ownerkey.h"

enum { DIGITS = 6 };		/* of a hash, for a guess of its place */

static inline uint64_t
word_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

bool
cache_view_is_zone(const struct cache_zone *zone, const uint8_t *name,
    size_t len)
{
	const uint8_t *apex = cache_view_apex(zone);
	fold_octets differ = { 0 };

	if (zone->apex_len != len)
		return false;
	/* The last step goes back over octets that were compared already. */
	if (len >= FOLD_VECTOR) {
		for (size_t i = 0; i + FOLD_VECTOR < len; i += FOLD_VECTOR)
			differ |= fold_vector(fold_load(name + i)) ^
			    fold_load(apex + i);
		differ |= fold_vector(fold_load(name + len - FOLD_VECTOR)) ^
		    fold_load(apex + len - FOLD_VECTOR);
		return !fold_any(differ);
	}
	if (len >= 8)
		return fold_word(word_at(name)) == word_at(apex) &&
		    fold_word(word_at(name + len - 8)) ==
		    word_at(apex + len - 8);
	for (size_t i = 0; i < len; i++)
		if (fold_octet(name[i]) != apex[i])
			return false;
	return true;
}

static inline const uint64_t *
node_heads(const struct cache_node *node)
{
	return (const uint64_t *)(const void *)(node + 1);
}

static inline const cache_ref *
node_children(const struct cache_node *node)
{
	return (const cache_ref *)(const void *)(node_heads(node) + node->n);
}

static inline const uint32_t *
node_fences(const struct cache_node *node)
{
	return (const uint32_t *)(const void *)(node_children(node) + node->n);
}

static inline int
compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int c = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return c != 0 ? c : (a_len > b_len) - (a_len < b_len);
}

/* The 8 bytes of a key behind the prefix, as a number; short ones padded. */
static inline uint64_t
key_head(const uint8_t *key, size_t len, size_t prefix)
{
	uint64_t v = 0;

	if (len >= prefix + 8) {
		memcpy(&v, key + prefix, 8);
		return __builtin_bswap64(v);
	}
	for (size_t i = 0; i < 8; i++)
		v = v << 8 | (prefix + i < len ? key[prefix + i] : 0);
	return v;
}

/*
 * The last child whose fence is at or below the key (@before: strictly
 * below), or child 0.
 */
static unsigned
node_search(const struct cache_node *node, const uint8_t *key, size_t len,
    bool before)
{
	const uint64_t *heads = node_heads(node);
	const uint32_t *fences = node_fences(node);
	const uint8_t *base = (const uint8_t *)node;
	size_t prefix = node->prefix_len;
	unsigned low = 0, high = node->n;
	uint64_t head;

	if (prefix > 0) {
		int c = memcmp(key, base + fences[0],
		    len < prefix ? len : prefix);

		if (c > 0)
			return node->n - 1u;
		if (c < 0 || len < prefix)
			return 0;
	}
	head = key_head(key, len, prefix);
	while (high - low > 1) {
		unsigned mid = (low + high) / 2;
		bool right;

		if (heads[mid] != head) {
			right = heads[mid] < head;
		} else {
			int c = compare(base + fences[mid],
			    fences[mid + 1] - fences[mid], key, len);

			right = before ? c < 0 : c <= 0;
		}
		if (right)
			low = mid;
		else
			high = mid;
	}
	return low;
}

static void
narrow(struct cache_view_leaf *leaf, const struct cache_node *node, unsigned i)
{
	const uint32_t *fences = node_fences(node);
	const uint8_t *base = (const uint8_t *)node;

	leaf->low = base + fences[i];
	leaf->low_len = (uint16_t)(fences[i + 1] - fences[i]);
	if (i + 1u < node->n) {
		leaf->high = base + fences[i + 1];
		leaf->high_len = (uint16_t)(fences[i + 2] - fences[i + 1]);
	}
}

cache_ref
cache_view_child(struct cache_view *v, const struct cache_node *node,
    const uint8_t *key, size_t len)
{
	unsigned i = node_search(node, key, len, false);

	narrow(&v->leaf, node, i);
	return node_children(node)[i];
}

bool
cache_view_covers(const struct cache_view *v, const uint8_t *key, size_t len)
{
	const struct cache_view_leaf *l = &v->leaf;

	if (l->page == NULL)
		return false;
	if (l->low != NULL && compare(key, len, l->low, l->low_len) < 0)
		return false;
	return l->high == NULL || compare(key, len, l->high, l->high_len) < 0;
}

static void
descend(struct cache_view *v, const uint8_t *key, size_t len, bool before)
{
	cache_ref ref = v->zone->root;

	v->leaf = (struct cache_view_leaf){ 0 };
	for (unsigned level = v->zone->root_level; level > 0; level--) {
		const struct cache_node *node = cache_view_at(v->arena, ref);
		unsigned i = node_search(node, key, len, before);

		narrow(&v->leaf, node, i);
		ref = node_children(node)[i];
	}
	v->leaf.page = cache_view_at(v->arena, ref);
}

void
cache_view_turn(struct cache_view *v, const uint8_t *key, size_t len)
{
	const struct cache_view_leaf *l = &v->leaf;

	v->n_lookups++;
	/* The one page of a small zone has no fences. */
	if (l->page != NULL && l->low == NULL && l->high == NULL)
		return;
	if (!cache_view_covers(v, key, len))
		descend(v, key, len, false);
}

bool
cache_view_find(struct cache_view *v, const uint8_t *key, size_t len,
    uint64_t hash, struct page_name *out)
{
	cache_view_turn(v, key, len);
	return page_find_name(v->leaf.page, key, len, hash, out);
}

/* The last name of the page before the current one, which becomes current. */
static bool
last_of_page_before(struct cache_view *v, struct page_name *out)
{
	unsigned n;

	if (v->leaf.low == NULL || v->leaf.low_len == 0 ||
	    (v->leaf.low_len == 1 && v->leaf.low[0] == 0))
		return false;			/* the zone begins here */
	descend(v, v->leaf.low, v->leaf.low_len, true);
	n = page_n_names(v->leaf.page);
	if (n > 0)
		page_name_at(v->leaf.page, n - 1, out);
	return n > 0;
}

bool
cache_view_before(struct cache_view *v, const uint8_t *key, size_t len,
    struct page_name *out)
{
	unsigned i;
	bool exact;

	cache_view_turn(v, key, len);
	i = page_seek(v->leaf.page, key, len, &exact);
	if (i == 0)		/* the first name of the range may be gone */
		return last_of_page_before(v, out);
	page_name_at(v->leaf.page, i - 1, out);
	return true;
}

/* The first digits of a hashed owner as a number, or of any other key one end. */
static uint32_t
hash_digits(const uint8_t *key, size_t len, uint32_t otherwise)
{
	uint32_t v = 0;

	if (key == NULL || len < 2 + DIGITS || key[0] != OWNERKEY_TREE_NSEC3)
		return otherwise;
	for (unsigned i = 1; i <= DIGITS; i++)
		v = v << 5 | (unsigned)((key[i] <= '9' ? key[i] - '0' :
		    key[i] - 'a' + 10) & 31);
	return v;
}

/* Hashes are spread evenly over the range of their page. */
static unsigned
guess_place(const struct cache_view_leaf *l, const uint8_t *key, size_t len)
{
	uint64_t end = UINT64_C(1) << 5 * DIGITS;
	uint64_t low = hash_digits(l->low, l->low_len, 0);
	uint64_t high = hash_digits(l->high, l->high_len, (uint32_t)end);
	uint64_t at = hash_digits(key, len, 0);

	if (at <= low || high <= low)
		return 0;
	return (unsigned)((at - low) * page_n_names(l->page) / (high - low));
}

bool
cache_view_upto(struct cache_view *v, const uint8_t *key, size_t len,
    struct page_name *out, bool *out_exact)
{
	unsigned i;

	cache_view_turn(v, key, len);
	i = key[0] == OWNERKEY_TREE_NSEC3 ? page_seek_near(v->leaf.page,
	    guess_place(&v->leaf, key, len), key, len, out_exact) :
	    page_seek(v->leaf.page, key, len, out_exact);
	if (*out_exact)
		i++;
	if (i == 0)
		return last_of_page_before(v, out);
	page_name_at(v->leaf.page, i - 1, out);
	return true;
}

void
cache_view_place(struct cache_view *v, const uint8_t *key, size_t len,
    struct cache_view_place *out)
{
	struct cache_view_leaf here;
	unsigned i;

	cache_view_turn(v, key, len);
	here = v->leaf;
	i = page_seek(here.page, key, len, &out->exact);
	out->has_previous = i > 0;
	out->has_next = i < page_n_names(here.page);
	if (out->has_previous)
		page_name_at(here.page, i - 1, &out->previous);
	if (out->has_next)
		page_name_at(here.page, i, &out->next);
	if (!out->has_next && here.high != NULL) {
		descend(v, here.high, here.high_len, false);
		out->has_next = page_n_names(v->leaf.page) > 0;
		if (out->has_next)
			page_name_at(v->leaf.page, 0, &out->next);
		v->leaf = here;
	}
	if (!out->has_previous)
		out->has_previous = last_of_page_before(v, &out->previous);
}
