/*
 * bufpool.h - large buffers that connections borrow while bytes wait.
 *
 * Knows:    one reservation of address space, cut into equal buffers.
 * Not here: what is in them (pipeline.h).
 * Runs in:  tcp and tls workers; allocates at bufpool_init() alone.
 * Bounded:  @n buffers of @size bytes. Untouched pages cost nothing; those of
 *           a buffer past the first BUFPOOL_HOT go back to the machine when
 *           it is given back, so a flood's memory does not stay.
 *
 * The lowest free buffer is lent first: a calm worker uses the same few, and
 * they stay in the caches.
 */
#ifndef DNSD_BUFPOOL_H
#define DNSD_BUFPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum { BUFPOOL_MAX = 4096, BUFPOOL_HOT = 8 };

struct bufpool {
	uint8_t *base;
	size_t size;			/* of one */
	uint32_t n;
	uint32_t n_lent;
	uint64_t free[BUFPOOL_MAX / 64];	/* bit set: free */
};

/** bufpool_init() - @n at most BUFPOOL_MAX.  ERR_NO_MEMORY */
MUST_USE enum err bufpool_init(struct bufpool *p, uint32_t n, size_t size);
void bufpool_fini(struct bufpool *p);

/** bufpool_take() - lend one; NULL when all are lent */
uint8_t *bufpool_take(struct bufpool *p);

/** bufpool_give() - take it back; @touched bytes of it were written */
void bufpool_give(struct bufpool *p, uint8_t *buf, size_t touched);

#endif
