/*
 * emit.h - put records into the message that is being written.
 *
 * Knows:    sections and their counts, name pointers, the size limit.
 * Not here: which records, and why; header and OPT (answer).
 * Pure:     the output is the caller's; no allocation.
 * Bounded:  by @limit; a set goes in whole or not at all.  RFC 2181 9
 *
 * Names in rdata go out as they are stored. Only when an answer did not fit
 * is it written again with @compress, which shortens the names in rdata of
 * the types that RFC 3597 4 allows (docs/decisions/0002).
 */
#ifndef DNSD_EMIT_H
#define DNSD_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dnsd/octets.h"

enum emit_section { EMIT_ANSWER, EMIT_AUTHORITY, EMIT_ADDITIONAL };

enum {
	EMIT_QNAME = 12,		/* where the question's name is */
	EMIT_POINTER_MAX = 0x3fff,
	EMIT_RR_FIXED = 12,		/* as stored: C00C ... rdlength */
	EMIT_SUFFIXES_MAX = 64,
	EMIT_HOPS_MAX = 8,		/* some resolvers follow only so many */
};

struct emit_suffix {
	uint16_t at;
	uint16_t hops;			/* pointers on the way to the root */
	uint32_t hash;
};

struct emit {
	uint8_t *base;
	size_t len;
	size_t limit;			/* what the message may have */
	size_t room;			/* what the buffer has, at least that */
	uint16_t count[3];
	uint16_t apex_at;		/* the apex, within the question */
	bool compress;
	uint8_t n_suffixes;
	struct emit_suffix suffix[EMIT_SUFFIXES_MAX];
};

/*
 * Who owns the records. @at: where the name stands in the message already,
 * 0 for nowhere: then it is written from the key, once, and @at is set.
 */
struct emit_owner {
	uint16_t at;
	uint16_t key_len;
	const uint8_t *key;
};

/* Records as stored in a page. */
struct emit_set {
	const uint8_t *rr;
	uint32_t rr_len;
	uint32_t sig_len;		/* of the RRSIGs right behind, or 0 */
	uint16_t n_rr;
};

/** emit_begin() - @question_end bytes are in @base already */
void emit_begin(struct emit *e, uint8_t *base, size_t question_end,
    size_t limit, size_t room, uint16_t apex_at, bool compress);

/**
 * emit_put() - the set and its RRSIGs, or nothing
 * @out_at: NULL, or set to where the first record begins
 *
 * Returns false when it does not fit.
 */
bool emit_put(struct emit *e, enum emit_section section,
    struct emit_owner *owner, const struct emit_set *set, size_t *out_at);

/** emit_put_fast() - the same for the question's name, without compression */
bool emit_put_fast(struct emit *e, const struct emit_set *set);

/** emit_cap_ttl() - lower the TTL of all records from @at to the end */
void emit_cap_ttl(struct emit *e, size_t at, uint32_t ttl_max);

/** emit_rdata() - where the rdata of the record at @at begins, its end */
size_t emit_rdata(const struct emit *e, size_t at, size_t *out_end);

/** emit_skip_labels() - where a name is after @n of its labels; follows
 *  pointers. Returns 0 when that is beyond a pointer's reach. */
uint16_t emit_skip_labels(const struct emit *e, size_t at, unsigned n);

/** emit_count_records() - of whole records as stored */
static inline unsigned
emit_count_records(const uint8_t *rr, size_t len)
{
	unsigned n = 0;

	for (size_t at = 0; at + EMIT_RR_FIXED <= len; n++)
		at += EMIT_RR_FIXED + octets_get16(rr + at + 10);
	return n;
}

/** emit_reach() - @at if a pointer can say it, else 0 */
static inline uint16_t
emit_reach(size_t at)
{
	return at <= EMIT_POINTER_MAX ? (uint16_t)at : 0;
}

#endif
