/*
 * page.h - the unit of zone storage: a sorted run of owner names.
 *
 * Knows:    the page format of docs/PAGE.md.
 * Not here: which page covers which range (tree), versions (zonediff), I/O.
 * Runs in:  keep (build), feeder (validate), workers (find, seek); pure.
 * Bounded:  PAGE_MAX_BYTES, PAGE_NAMES_MAX; see the enum.
 *
 * The readers below page_validate() trust the page: they are for pages that
 * passed it.  They never write, never allocate and touch few cache lines.
 */
#ifndef COMMON_DNS_PAGE_H
#define COMMON_DNS_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum {
	PAGE_FORMAT = 1,
	PAGE_TARGET_BYTES = 16384,	/* split above */
	PAGE_MERGE_BYTES = PAGE_TARGET_BYTES / 4,
	PAGE_MAX_BYTES = 262144,	/* u16 offsets of 4-byte units */
	PAGE_NAMES_MAX = 16384,
	PAGE_HEADER_BYTES = 16,
	PAGE_UNIT = 4,
	PAGE_PROBES_MAX = 4,
	PAGE_RRSET_MAX_BYTES = 61440,	/* records of a set, and its RRSIGs */
	PAGE_NAME_MAX_BYTES = 196608,	/* all sets of one owner */
	PAGE_SETS_MAX = 200,		/* types at one owner */
	PAGE_RR_FIXED = 12,		/* C00C type class ttl rdlength */
};

/* One owner of a page; pointers into the page. */
struct page_name {
	const uint8_t *key;		/* as in ownerkey.h, with tree byte */
	uint16_t key_len;
	uint16_t n_sets;
	uint8_t flags;			/* PAGE_HAS_* */
	const uint8_t *sets;		/* n_sets set headers of 8 bytes */
	const uint8_t *data;		/* records of set 0, its RRSIGs, ... */
};

enum {					/* a hint of the types present */
	PAGE_HAS_NS = 1,
	PAGE_HAS_CNAME = 2,
	PAGE_HAS_DNAME = 4,
	PAGE_HAS_SOA = 8,
	PAGE_HAS_DS = 16,
	PAGE_HAS_NSEC = 32,
};

/* One set: the records ready to send, the RRSIGs over them right behind. */
struct page_set {
	uint16_t type;
	uint16_t n_rr;
	const uint8_t *rr;		/* rr_len bytes: C00C type class ... */
	uint32_t rr_len;
	const uint8_t *sig;		/* == rr + rr_len */
	uint32_t sig_len;		/* 0: none */
};

/**
 * page_validate() - may these bytes be read by the functions below?
 * @page: aligned to PAGE_UNIT; borrowed
 *
 * Checks everything the readers rely on: header, offsets, key order and
 * shape, set order, record lengths, the hash index.  Bytes are claims.
 *
 * Returns OK or ERR_MALFORMED.  Cost: O(len), no allocation.
 */
MUST_USE enum err page_validate(const uint8_t *page, size_t len);

uint32_t page_size(const uint8_t *page);	/* bytes */
uint16_t page_n_names(const uint8_t *page);
uint32_t page_n_records(const uint8_t *page);	/* RRSIGs included */

/**
 * page_hash() - the public, fixed-seed hash of a key that page_find() takes
 *
 * It is chained over labels (namehash.h, seed PAGE_HASH_SEED), so the hash of
 * all ancestors of a name costs one pass; the tree byte selects the start.
 */
uint64_t page_hash(const uint8_t *key, size_t len);

/**
 * page_find() - exact match by the hash index
 * Returns the entry's offset in units (for page_name_at_offset()), or 0.
 */
uint16_t page_find(const uint8_t *page, const uint8_t *key, size_t len,
    uint64_t hash);
void page_prefetch_find(const uint8_t *page, uint64_t hash);
void page_name_at_offset(const uint8_t *page, uint16_t offset,
    struct page_name *out);

/**
 * page_seek() - index of the first name >= key; n_names when there is none
 * @out_exact: whether that name is the key
 */
unsigned page_seek(const uint8_t *page, const uint8_t *key, size_t len,
    bool *out_exact);
void page_name_at(const uint8_t *page, unsigned index, struct page_name *out);

/* Sets are sorted by type.  page_set_find() returns false when absent. */
bool page_set_find(const struct page_name *name, uint16_t type,
    struct page_set *out);
void page_set_at(const struct page_name *name, unsigned index,
    struct page_set *out);

/*
 * Building.  Records come in any order within an owner, owners in ascending
 * key order.  The builder normalises: canonical rdata order, duplicates once,
 * one TTL (the minimum) per set, RRSIGs behind the set that they cover.
 */
struct page_builder;			/* see pagebuild.h */

#endif
