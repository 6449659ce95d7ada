/*
 * gate_walk.h - the names of a version that is not published yet, in order.
 *
 * Knows:    that it consists of pages just built (in the publish_version) and
 *           of stored ones that it does not close; how both lie in one order.
 * Not here: what is looked for.
 * Runs in:  a crew thread; a walk may go on in another one, with another
 *           connection.
 * Bounded:  one page in memory and GATE_WALK_CHUNK stored ones.
 */
#ifndef XFERD_GATE_WALK_H
#define XFERD_GATE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/dns/page.h"
#include "xferd/publish.h"

struct db;
struct db_rows;

enum { GATE_WALK_CHUNK = 32 };

/* Treat the fields as private, but for @row and @keys. */
struct gate_walk {
	struct publish_version *v;
	struct db_rows *rows;		/* stored pages */
	size_t row_at;
	bool begun, rows_end;
	uint8_t after[OWNERKEY_MAX];	/* low key of the last stored page */
	size_t after_len;
	size_t new_at, close_at;	/* in v->pages, v->close_pages */
	int tree;
	struct buf page;
	unsigned name_at, n_names;
	/* Of the page that the name is in: its row when it is new, else NULL
	 * and the fingerprint that is stored with it, 0 for none. */
	struct publish_row *row;
	int64_t keys;
	int64_t until_s;		/* with keys: when the first one ends */
};

/**
 * gate_walk_begin() - before the first name of a tree
 * @v:    borrowed until gate_walk_fini(); zone_id and base_generation are set
 * @tree: OWNERKEY_TREE_*
 */
void gate_walk_begin(struct gate_walk *w, struct publish_version *v,
    int tree);
void gate_walk_fini(struct gate_walk *w);

/**
 * gate_walk_next() - the next name; it is good until the next call
 * @out_end: set on OK; true: there is none
 *
 * Returns OK; ERR_CORRUPT for a stored page that does not validate;
 * ERR_NO_MEMORY; database.
 */
MUST_USE enum err gate_walk_next(struct gate_walk *w, struct db *db,
    struct page_name *out, bool *out_end);

/**
 * gate_walk_old() - the pages that the version closes, one after the other
 *
 * As gate_walk_next(), but over the names that are served now and lie in
 * pages that change.  Begin with gate_walk_begin().
 */
MUST_USE enum err gate_walk_old(struct gate_walk *w, struct db *db,
    struct page_name *out, bool *out_end);

#endif
