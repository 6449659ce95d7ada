/*
 * pagebuild.h - make pages: records to name entries, entries to pages.
 *
 * Knows:    the normal form of docs/PAGE.md, and how to bring records to it.
 * Not here: where one page ends and the next begins (zonediff).
 * Runs in:  keep's ingest threads; no state between calls, memory in buffers
 *           of the caller.
 * Bounded:  PAGE_SETS_MAX, PAGE_RRSET_MAX_BYTES, PAGE_NAME_MAX_BYTES,
 *           PAGEBUILD_ITEMS_MAX.
 */
#ifndef COMMON_DNS_PAGEBUILD_H
#define COMMON_DNS_PAGEBUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/dns/page.h"

enum {
	PAGEBUILD_ITEMS_MAX = 262144,	/* records of one owner, as received */
};

/*
 * One record of the owner that is being built.  @rdata is borrowed until the
 * call returns; it must be well-formed (rr_rdata_check()).
 */
struct pagebuild_item {
	const uint8_t *rdata;
	uint32_t ttl;			/* top bit set: counts as 0 */
	uint16_t rdlen;
	uint16_t type;
	uint16_t set;			/* made here: the set it belongs to */
	uint8_t place;			/* made here: 0 record, 1 RRSIG over it */
	uint8_t irregular;		/* 1: taken from a set that was */
	uint32_t seq;			/* zonediff's; free for the caller */
};

/* A finished entry. */
struct pagebuild_entry {
	uint64_t hash;
	uint32_t off;			/* in the caller's buffer */
	uint32_t len;			/* multiple of PAGE_UNIT */
	uint32_t n_records;
};

/**
 * pagebuild_tree() - the tree that a record belongs to (OWNERKEY_TREE_*)
 *
 * NSEC3, and RRSIGs over NSEC3, have a tree of their own.
 */
int pagebuild_tree(uint16_t type, const uint8_t *rdata, size_t rdlen);

/**
 * pagebuild_name() - append the entry of one owner to a buffer
 * @key:       a valid owner key; its tree byte fits the items
 * @items:     at least one, in any order; sorted in place
 * @out:       its length must be a multiple of PAGE_UNIT; it stays one
 * @out_entry: set on OK
 * @out_type:  set on ERR_LIMIT: the type whose set is too large, 0 when it is
 *             the owner as a whole
 *
 * Normalises: sets by type, canonical order, duplicates once, one TTL a set,
 * RRSIGs behind what they cover.
 *
 * Returns OK; ERR_LIMIT (reject); ERR_NO_MEMORY.  Nothing is appended then.
 */
MUST_USE enum err pagebuild_name(const uint8_t *key, size_t key_len,
    struct pagebuild_item *items, size_t n_items, struct buf *out,
    struct pagebuild_entry *out_entry, uint16_t *out_type);

/**
 * pagebuild_copy() - append the entry of a name of a valid page, as it is
 */
MUST_USE enum err pagebuild_copy(const struct page_name *name,
    struct buf *out, struct pagebuild_entry *out_entry);

/** pagebuild_size() - bytes of a page of so many names and entry bytes */
static inline size_t
pagebuild_size(size_t n_names, size_t n_entry_bytes)
{
	return page_front_size((uint32_t)n_names) + n_entry_bytes;
}

/**
 * pagebuild_page() - put entries together as a page
 * @entries:   in key order; at least one, at most PAGE_NAMES_MAX; they lie
 *             one behind the other in @bytes
 * @bytes:     the buffer's data that entry offsets count from
 * @out_page:  reset and filled; buf memory is aligned well enough to be read
 *             as a page.  Its maximum must be at least PAGE_MAX_BYTES
 *
 * Returns OK; ERR_LIMIT when the page would pass PAGE_MAX_BYTES;
 * ERR_NO_MEMORY.
 */
MUST_USE enum err pagebuild_page(const struct pagebuild_entry *entries,
    size_t n, const uint8_t *bytes, struct buf *out_page);

#endif
