/*
 * bucket.h - how many requests somebody may make: token buckets in a table of
 *            fixed size.
 *
 * Knows:    tokens that come back with time, whom to forget first.
 * Not here: who is counted and what for (terms.h), HTTP.
 * Runs in:  any thread.
 * Bounded:  a table never grows.  When it is full, of the few buckets in
 *           question the fullest is forgotten: who was held back stays so.
 */
#ifndef API_BUCKET_H
#define API_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum { BUCKET_KEY_BYTES = 16 };

struct bucket_table;

struct bucket_conf {
	uint32_t quota;			/* tokens of a full bucket; at least 1 */
	uint32_t window_s;		/* in which an empty one fills up */
	uint32_t n_max;			/* buckets */
};

struct bucket_view {
	bool allowed;			/* one was there, and was taken */
	uint32_t quota, left;
	uint32_t full_s;		/* until nothing is missing */
	uint32_t wait_s;		/* until there is one; 0: there is */
};

MUST_USE enum err bucket_new(const struct bucket_conf *conf,
    struct bucket_table **out_table);
void bucket_free(struct bucket_table *t);	/* accepts NULL */

/** bucket_take() - take a token of the bucket of @key, if there is one */
void bucket_take(struct bucket_table *t, const uint8_t *key, int64_t now_ms,
    struct bucket_view *out);

#endif
