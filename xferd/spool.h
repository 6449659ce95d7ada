/*
 * spool.h - what a transfer has brought so far.
 *
 * Knows:    frames one behind the other, accounts that they are charged to.
 * Not here: what is in them (ingest).
 * Runs in:  written by keep's loop thread; then read by one ingest thread.
 * Bounded:  by its own maximum, its tenant's account and everybody's account.
 */
#ifndef XFERD_SPOOL_H
#define XFERD_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

/* Memory of several spools together. */
struct spool_account {
	size_t used, max;
};

struct spool;

enum { SPOOL_HEADER = 8 };		/* u32 kind, u32 length; host order */

MUST_USE enum err spool_new(size_t max_bytes, struct spool_account *all,
    struct spool_account *tenant, struct spool **out);
void spool_free(struct spool *spool);	/* gives the memory back; loop thread */

/**
 * spool_append() - add a frame
 *
 * Returns OK; ERR_LIMIT (its own maximum or an account is full);
 * ERR_NO_MEMORY.
 */
MUST_USE enum err spool_append(struct spool *spool, uint32_t kind,
    const uint8_t *payload, size_t len);

size_t spool_size(const struct spool *spool);

/** spool_map() - read-only view of all of it; unmapped by spool_free() */
MUST_USE enum err spool_map(struct spool *spool, const uint8_t **out_bytes,
    size_t *out_len);

#endif
