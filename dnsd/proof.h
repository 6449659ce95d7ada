/*
 * proof.h - find NSEC3 records by the hash of a name.
 *
 * Knows:    the NSEC3 tree of a zone, its chain (other chains may be mixed
 *           in), where the chain wraps around; RFC 5155 7.1, 7.2.
 * Not here: which proofs an answer needs (denial).
 * Runs in:  workers; the feeder, for what a zone's head says.  Pure.
 * Bounded:  one search a call, and PROOF_STEPS_BACK_MAX names of other chains.
 */
#ifndef DNSD_PROOF_H
#define DNSD_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns/nsec3hash.h"
#include "dnsd/cache_view.h"

enum {
	PROOF_KEY = 2 + NSEC3HASH_TEXT,	/* tree, label, terminator */
	PROOF_STEPS_BACK_MAX = 16,
};

/** proof_key() - the key of the NSEC3 owner that a name hashes to
 *  @name: absolute, uncompressed.  Returns false when it cannot be hashed. */
bool proof_key(struct nsec3hash *h, const struct cache_zone *z,
    const uint8_t *name, size_t len, uint8_t key[PROOF_KEY]);

/** proof_match() - the NSEC3 of that owner */
bool proof_match(struct cache_view *v, const uint8_t key[PROOF_KEY],
    struct page_name *out);

/**
 * proof_cover() - the NSEC3 whose interval holds the hash, or that matches
 *
 * With opt-out above, the wildcard of the closest provable encloser may
 * exist: then its own NSEC3 says the most there is to say.
 */
bool proof_cover(struct cache_view *v, const uint8_t key[PROOF_KEY],
    struct page_name *out);

/**
 * proof_note() - what most denials need, found once: head->proof
 * @head: in the arena, finished but for that; not published yet
 *
 * What cannot be found stays 0, and is searched for when it is needed.
 */
void proof_note(const uint8_t *arena, struct cache_zone *head,
    struct nsec3hash *h);

/** proof_noted() - one of head->proof; false when it was not noted */
static inline bool
proof_noted(const struct cache_view *v, enum cache_proof which,
    struct page_name *out)
{
	const struct cache_zone *z = v->zone;

	if (z->proof[which].page == 0)
		return false;
	page_name_at_offset(cache_view_at(v->arena, z->proof[which].page),
	    z->proof[which].name, out);
	return true;
}

#endif
