/*
 * outline.h - which pages and nodes a version consists of.
 *
 * A difference of one record touches one page, but where it lies, and which
 * nodes stand above it, is known from the list of all of them.  Reading that
 * list costs a large zone more than all the rest of a small change; so the
 * outlines of versions lately published are kept, those of small zones
 * with the pages themselves.
 *
 * Knows:    building an outline, a cache of them, the oldest leave first.
 * Not here: what a version is built from (ingest), the tables.
 * Runs in:  outlines_take() in crew threads, outlines_put() in the loop; an
 *           outline has one owner at a time.
 * Bounded:  OUTLINES_BYTES_MAX together; bodies of OUTLINE_BODIES_MAX pages.
 */
#ifndef XFERD_OUTLINE_H
#define XFERD_OUTLINE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/digest.h"
#include "common/dns/tree.h"
#include "common/dns/zonediff.h"

enum {
	OUTLINES_BYTES_MAX = 64 << 20,
	OUTLINE_BODIES_MAX = 4,		/* pages of a zone kept with bodies */
};

struct outline_block;

struct outline {
	/* Set by the maker before outlines_put(). */
	uint8_t zone_id[16];
	int64_t generation;
	struct digest root;

	/* In key order; valid after outline_seal().  Read only. */
	struct zonediff_leaf *leaf;	/* body: NULL when not kept */
	size_t n_leaves;
	struct tree_ref *node;		/* level by level from 1 up */
	uint8_t *node_level;
	size_t n_nodes;
	struct tree_old level[TREE_LEVELS_MAX];

	/* The room's own. */
	size_t leaf_size, node_size, n_bytes;
	struct outline_block *blocks;
	struct outline *next;		/* in its bucket */
	struct outline *newer, *older;
};

struct outline *outline_new(void);		/* NULL: no memory */
void outline_free(struct outline *o);		/* accepts NULL */

/* In key order; all is copied.  @body may be NULL.  ERR_NO_MEMORY, then free
 * the outline. */
MUST_USE enum err outline_add_leaf(struct outline *o, const uint8_t *low,
    size_t low_len, const struct digest *digest, uint32_t n_records,
    const uint8_t *body, size_t body_len);
MUST_USE enum err outline_add_node(struct outline *o, unsigned level,
    const uint8_t *low, size_t low_len, const struct digest *digest);

/* Nothing more is added: each leaf ends where the next one begins. */
void outline_seal(struct outline *o);

/* ---- the cache --------------------------------------------------------- */

struct outlines;

MUST_USE enum err outlines_new(size_t bytes_max, struct outlines **out);
void outlines_free(struct outlines *all);

/** outlines_take() - the outline of just this version, given; NULL: none.
 * One of another version of the zone is dropped. */
struct outline *outlines_take(struct outlines *all, const uint8_t zone_id[16],
    int64_t generation, const struct digest *root);

/** outlines_put() - takes it; what is there of the zone goes */
void outlines_put(struct outlines *all, struct outline *o);

size_t outlines_bytes(struct outlines *all);

#endif
