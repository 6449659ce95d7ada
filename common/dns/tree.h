/*
 * tree.h - the nodes above the pages of a large version.
 *
 * Knows:    the node format of docs/PAGE.md; how node levels follow from a
 *           list of leaves, keeping old boundaries.
 * Not here: pages (page.h), which leaves changed (zonediff.h), rows.
 * Runs in:  keep (build), feeder (read and verify); pure but for buffers.
 * Bounded:  TREE_CHILDREN_MAX, TREE_LEVELS_MAX.
 *
 * A version with one page has no node: its digest is the page's and its level
 * 0. Otherwise level 1 nodes hold the pages, level 2 nodes those, and so on
 * to the one root node. Child i of a node covers [low i, low i+1); the last
 * one ends where the node ends. A node's digest is that of its bytes, which
 * hold the children's digests: the root's digest is the version's.
 */
#ifndef COMMON_DNS_TREE_H
#define COMMON_DNS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/dns/digest.h"
#include "common/dns/ownerkey.h"

enum {
	TREE_CHILDREN_MAX = 256,
	TREE_CHILDREN_FILL = 192,	/* in nodes cut from a long list */
	TREE_CHILDREN_MIN = TREE_CHILDREN_MAX / 4,	/* merged below, if changed */
	TREE_LEVELS_MAX = 6,		/* levels of nodes; level 0 are pages */
	TREE_NODE_HEADER = 8,
	/* header + 256 * (u16 + key + digest) */
	TREE_NODE_MAX_BYTES = TREE_NODE_HEADER +
	    TREE_CHILDREN_MAX * (2 + OWNERKEY_MAX + DIGEST_SIZE),
};

/* A child: a page or a node, by where it begins and what it is. */
struct tree_ref {
	const uint8_t *low;
	uint16_t low_len;
	struct digest digest;
};

/*
 * Reading a node (zone_node.children).
 */

/**
 * tree_node_check() - is this a well-formed node?
 *
 * Header, 1 to 256 children, valid keys in ascending order, nothing behind.
 * Bytes are claims.  Returns OK or ERR_MALFORMED.
 */
MUST_USE enum err tree_node_check(const uint8_t *node, size_t len);

/* Of a checked node. */
unsigned tree_node_level(const uint8_t *node);
unsigned tree_node_n(const uint8_t *node);

/**
 * tree_node_refs() - all children of a checked node
 * @out: room for tree_node_n() entries; keys point into the node
 *
 * Returns their number.
 */
unsigned tree_node_refs(const uint8_t *node, struct tree_ref *out);

/**
 * tree_refs_find() - the child whose range holds a key
 *
 * Returns the index of the last ref whose low is at or below the key; 0 when
 * the key lies before all of them.  Cost: O(log n).
 */
size_t tree_refs_find(const struct tree_ref *refs, size_t n,
    const uint8_t *key, size_t key_len);

/*
 * Building.
 */

/* A node of the new version. */
struct tree_node {
	unsigned level;			/* 1 .. */
	const uint8_t *low;
	uint16_t low_len;
	uint16_t high_len;
	const uint8_t *high;		/* NULL: to the end */
	struct digest digest;
	bool kept;			/* the same row as in the old version */
	size_t old_index;		/* kept: its index in that level */
	const uint8_t *bytes;		/* not kept: the children column */
	size_t len;
};

typedef enum err tree_sink_fn(void *arg, const struct tree_node *node);

/*
 * The nodes of one level of the old version, in key order. A zeroed one is
 * an empty level.
 */
struct tree_old {
	const struct tree_ref *nodes;
	size_t n;
};

struct tree_root {
	unsigned level;			/* 0: the root is the page itself */
	struct digest digest;
};

/**
 * tree_build() - the node levels over the leaves of a new version
 * @leaves:   in key order, n >= 1, the first low is the key 00
 * @old:      old[l - 1] is level l of the old version, for l up to
 *            TREE_LEVELS_MAX; NULL: there is none
 * @sink:     gets every node of the new version, level by level from 1 up, in
 *            key order; what it is given is borrowed for the call
 * @out_root: set on OK
 *
 * Old boundaries are reused, so that a changed leaf changes one node a level;
 * all old nodes that no kept one refers to are to be closed.  A node is kept
 * when it has the same low, high and bytes.
 *
 * Returns OK; ERR_LIMIT when TREE_LEVELS_MAX is not enough; ERR_NO_MEMORY; or
 * what the sink returned.  Cost: O(n); hashes about 50 octets a leaf.
 */
MUST_USE enum err tree_build(const struct tree_ref *leaves, size_t n,
    const struct tree_old *old, tree_sink_fn *sink, void *arg,
    struct tree_root *out_root);

#endif
