/*
 * kept.h - NOTIFYs that came while the database was away.
 *
 * Knows:    one of each (zone name, source, serial), in order of arrival.
 * Not here: judging them, which needs the database (notice).
 * Runs in:  keep's loop thread.
 * Bounded:  KEPT_MAX, KEPT_OF_SOURCE_MAX of one source, KEPT_SIZE_MAX bytes
 *           each; what is beyond is dropped, and the primary asks again.
 */
#ifndef XFERD_KEPT_H
#define XFERD_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xferd/handoff.h"

enum {
	KEPT_MAX = 4096,
	KEPT_OF_SOURCE_MAX = 1024,
	KEPT_SIZE_MAX = 2048,
};

struct kept_one {
	uint8_t *payload;		/* malloc; of HANDOFF_NOTIFY */
	size_t len;
	int64_t came_ms;		/* wall clock: its TSIG is of then */
};

struct kept {
	struct {
		struct kept_one one;
		uint64_t what, source;	/* hashes */
	} at[KEPT_MAX];
	size_t head, n;			/* a ring */
};

/** kept_put() - @n decoded from @payload, which is copied
 *
 * Returns true when it, or one that says the same, is kept.
 */
bool kept_put(struct kept *k, const struct handoff_notify *n,
    const uint8_t *payload, size_t len, int64_t now_wall_ms);

/** kept_take() - the oldest; false when there is none
 *  @out: payload is the caller's to free */
bool kept_take(struct kept *k, struct kept_one *out);

void kept_fini(struct kept *k);

#endif
