/*
 * testheads.h - heads of a testcache as the feeder makes them: with proofs.
 *
 * A header, so that tests of common, which have no dnsd, link without it.
 */
#ifndef TESTS_LIB_TESTHEADS_H
#define TESTS_LIB_TESTHEADS_H

#include <stdlib.h>

#include "common/dns/nsec3hash.h"
#include "dnsd/proof.h"

static inline void
testheads_finish(const uint8_t *arena, struct cache_zone *head)
{
	struct nsec3hash *h;

	if (nsec3hash_new(&h) != OK)
		abort();
	proof_note(arena, head, h);
	nsec3hash_free(h);
}

#endif
