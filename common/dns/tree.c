/*
 * tree.c - node levels over a list of leaves.
 *
 * Each level is made from the one below by the same rule as pages are made
 * from names: children are grouped by the ranges of the old nodes; a group
 * that is too large is cut, one that has changed and is small goes to its
 * right neighbour (the last one to its left).  All nodes are hashed again:
 * that is 50 octets a leaf, 1 ms for a million records, and needs no record of
 * what has changed below.
 */
#include <string.h>

#include "common/base/check.h"
#include "common/dns/tree.h"

#define TREE_MAGIC "UND\x01"

static inline unsigned
le16(const uint8_t *p)
{
	return (unsigned)p[0] | (unsigned)p[1] << 8;
}

enum err
tree_node_check(const uint8_t *node, size_t len)
{
	const uint8_t *before = NULL;
	size_t at = TREE_NODE_HEADER, before_len = 0;
	unsigned n;

	if (len < TREE_NODE_HEADER || len > TREE_NODE_MAX_BYTES ||
	    memcmp(node, TREE_MAGIC, 4) != 0 || node[4] < 1 ||
	    node[4] > TREE_LEVELS_MAX || node[5] != 0)
		return ERR_MALFORMED;
	n = tree_node_n(node);
	if (n < 1 || n > TREE_CHILDREN_MAX)
		return ERR_MALFORMED;
	for (unsigned i = 0; i < n; i++) {
		size_t key_len;

		if (len - at < 2)
			return ERR_MALFORMED;
		key_len = le16(node + at);
		if (len - at < 2 + key_len + DIGEST_SIZE ||
		    !ownerkey_check(node + at + 2, key_len, 1))
			return ERR_MALFORMED;
		if (before != NULL && ownerkey_compare(before, before_len,
		    node + at + 2, key_len) >= 0)
			return ERR_MALFORMED;
		before = node + at + 2;
		before_len = key_len;
		at += 2 + key_len + DIGEST_SIZE;
	}
	return at == len ? OK : ERR_MALFORMED;
}

unsigned
tree_node_level(const uint8_t *node)
{
	return node[4];
}

unsigned
tree_node_n(const uint8_t *node)
{
	return le16(node + 6);
}

unsigned
tree_node_refs(const uint8_t *node, struct tree_ref *out)
{
	const uint8_t *at = node + TREE_NODE_HEADER;
	unsigned n = tree_node_n(node);

	for (unsigned i = 0; i < n; i++) {
		out[i].low_len = (uint16_t)le16(at);
		out[i].low = at + 2;
		at += 2 + out[i].low_len;
		memcpy(out[i].digest.octets, at, DIGEST_SIZE);
		at += DIGEST_SIZE;
	}
	return n;
}

size_t
tree_refs_find(const struct tree_ref *refs, size_t n, const uint8_t *key,
    size_t key_len)
{
	size_t low = 0, high = n;

	while (low < high) {		/* first ref above the key */
		size_t mid = low + (high - low) / 2;

		if (ownerkey_compare(refs[mid].low, refs[mid].low_len, key,
		    key_len) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 ? low - 1 : 0;
}

/* One level in the making. */
struct level {
	unsigned level;
	const struct tree_ref *children;
	size_t n;
	struct tree_old old;
	tree_sink_fn *sink;
	void *arg;
	struct buf bytes;		/* a node */
	struct buf *out;		/* struct tree_ref of the new nodes */
	size_t at;			/* first child without a node */
	size_t n_nodes;
};

static enum err
node_encode(struct level *l, size_t from, size_t to)
{
	struct buf *b = &l->bytes;
	uint8_t head[TREE_NODE_HEADER] = TREE_MAGIC;

	head[4] = (uint8_t)l->level;
	head[6] = (uint8_t)(to - from);
	head[7] = (uint8_t)((to - from) >> 8);
	buf_reset(b);
	buf_bytes(b, head, sizeof(head));
	for (size_t i = from; i < to; i++) {
		const struct tree_ref *c = &l->children[i];
		uint8_t len[2] = { (uint8_t)c->low_len,
		    (uint8_t)(c->low_len >> 8) };

		buf_bytes(b, len, sizeof(len));
		buf_bytes(b, c->low, c->low_len);
		buf_bytes(b, c->digest.octets, DIGEST_SIZE);
	}
	return buf_err(b);
}

/* Same low and high, as a row of the old version? */
static bool
node_is_old(const struct level *l, size_t old_index,
    const struct tree_node *node)
{
	const struct tree_ref *old = &l->old.nodes[old_index];
	bool last = old_index + 1 == l->old.n;

	if (!digest_equal(&old->digest, &node->digest) ||
	    last != (node->high == NULL))
		return false;
	/* An equal digest means an equal first key, hence an equal low. */
	return last || ownerkey_compare(old[1].low, old[1].low_len,
	    node->high, node->high_len) == 0;
}

/* Children [l->at, to) as a node; @old_index: in whose range it lies. */
static enum err
node_emit(struct level *l, size_t to, size_t old_index)
{
	const struct tree_ref *first = &l->children[l->at];
	struct tree_node node = {
		.level = l->level,
		.low = first->low,
		.low_len = first->low_len,
	};
	struct tree_ref ref = { .low = first->low,
	    .low_len = first->low_len };
	enum err e;

	CHECK(to > l->at);
	CHECK(to - l->at <= TREE_CHILDREN_MAX);
	e = node_encode(l, l->at, to);
	if (e != OK)
		return e;
	if (to < l->n) {
		node.high = l->children[to].low;
		node.high_len = l->children[to].low_len;
	}
	digest_of(l->bytes.data, l->bytes.len, &node.digest);
	ref.digest = node.digest;
	node.kept = old_index < l->old.n && node_is_old(l, old_index, &node);
	if (node.kept) {
		node.old_index = old_index;
	} else {
		node.bytes = l->bytes.data;
		node.len = l->bytes.len;
	}
	l->at = to;
	l->n_nodes++;
	e = buf_bytes(l->out, &ref, sizeof(ref));
	return e == OK ? l->sink(l->arg, &node) : e;
}

/*
 * Would children [l->at, to) make the old node again?  Then a small one
 * stays as it is.
 */
static bool
group_is_old(struct level *l, size_t to, size_t old_index, enum err *out_e)
{
	struct digest digest;

	if (old_index >= l->old.n || to - l->at > TREE_CHILDREN_MAX)
		return false;
	*out_e = node_encode(l, l->at, to);
	if (*out_e != OK)
		return false;
	digest_of(l->bytes.data, l->bytes.len, &digest);
	return digest_equal(&digest, &l->old.nodes[old_index].digest);
}

/*
 * Children [l->at, to): one node, or several of good size.
 *
 * A small last group cannot look back at a node that the sink has seen, so
 * it stays small: one small node a level costs nothing.
 */
static enum err
group_emit(struct level *l, size_t to, size_t old_index)
{
	enum err e = OK;

	while (e == OK && to - l->at > TREE_CHILDREN_MAX) {
		size_t n = to - l->at;
		size_t cut = n > TREE_CHILDREN_MAX + TREE_CHILDREN_FILL ?
		    TREE_CHILDREN_FILL : n / 2;

		e = node_emit(l, l->at + cut, old_index);
	}
	return e == OK ? node_emit(l, to, old_index) : e;
}

/* End of the children that lie below the next old node. */
static size_t
group_end(const struct level *l, size_t from, size_t old_index)
{
	const struct tree_ref *next;
	size_t low = from, high = l->n;

	if (old_index + 1 >= l->old.n)
		return l->n;
	next = &l->old.nodes[old_index + 1];
	while (low < high) {		/* first child at or above it */
		size_t mid = low + (high - low) / 2;

		if (ownerkey_compare(l->children[mid].low,
		    l->children[mid].low_len, next->low, next->low_len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static enum err
level_build(struct level *l)
{
	size_t n_groups = MAX(l->old.n, (size_t)1);
	enum err e = OK;

	for (size_t i = 0; i < n_groups && e == OK; i++) {
		size_t to = group_end(l, l->at, i);
		bool last = i + 1 == n_groups;

		if (to == l->at)
			continue;	/* nothing left in this range */
		if (to - l->at < TREE_CHILDREN_MIN && !last &&
		    !group_is_old(l, to, i, &e))
			continue;	/* goes to the next group */
		if (e == OK)
			e = group_emit(l, to, i);
	}
	return e;
}

/* Levels from 1 up, until one node is left. */
static enum err
levels_build(struct buf *below, struct buf *above, struct buf *bytes,
    const struct tree_old *old, tree_sink_fn *sink, void *arg,
    const struct tree_ref *leaves, size_t n, struct tree_root *out_root)
{
	for (unsigned level = 1; level <= TREE_LEVELS_MAX; level++) {
		struct level l = {
			.level = level, .children = leaves, .n = n,
			.sink = sink, .arg = arg, .bytes = *bytes,
			.out = above,
		};
		struct buf swap;
		enum err e;

		if (old != NULL)
			l.old = old[level - 1];
		/* One node is enough: old ranges are of no interest. */
		if (n <= TREE_CHILDREN_MAX && l.old.n > 1)
			l.old.n = 0;
		buf_reset(above);
		e = level_build(&l);
		*bytes = l.bytes;
		if (e != OK)
			return e;
		CHECK(l.at == n);
		swap = *below;
		*below = *above;
		*above = swap;
		leaves = (const struct tree_ref *)(void *)below->data;
		n = l.n_nodes;
		if (n == 1) {
			out_root->level = level;
			out_root->digest = leaves[0].digest;
			return OK;
		}
	}
	return ERR_LIMIT;
}

enum err
tree_build(const struct tree_ref *leaves, size_t n,
    const struct tree_old *old, tree_sink_fn *sink, void *arg,
    struct tree_root *out_root)
{
	struct buf below, above, bytes;
	enum err e;

	CHECK(n > 0);
	if (n == 1) {
		out_root->level = 0;
		out_root->digest = leaves[0].digest;
		return OK;
	}
	buf_init(&below, n * sizeof(struct tree_ref));
	buf_init(&above, n * sizeof(struct tree_ref));
	buf_init(&bytes, TREE_NODE_MAX_BYTES);
	e = levels_build(&below, &above, &bytes, old, sink, arg, leaves, n,
	    out_root);
	buf_fini(&below);
	buf_fini(&above);
	buf_fini(&bytes);
	return e;
}
