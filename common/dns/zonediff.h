/*
 * zonediff.h - a new version's pages out of the old ones and new records.
 *
 * Knows:    where pages begin and end: old boundaries are reused, pages above
 *           PAGE_TARGET_BYTES split, changed ones below PAGE_MERGE_BYTES merge
 *           with a neighbour.
 * Not here: nodes above pages (tree.h), rows, generations, I/O: pages come by
 *           a callback and leave through one.
 * Runs in:  keep's ingest threads, one call a version; nothing is shared.
 * Bounded:  memory for one owner's records (PAGEBUILD_ITEMS_MAX), and a few
 *           pages; never a copy of the zone.
 *
 * Two forms.  zonediff_full(): all records of the new version (AXFR); of the
 * old one only ranges and digests are needed.  zonediff_delta(): deletes and
 * adds (IXFR); the pages that they touch are fetched.  Both give the same
 * canonical record stream for the same content; page boundaries may differ.
 *
 * The list of old leaves tiles the key space: the first low is the key 00,
 * each high is the next low, the last high is NULL.  So does the new one.
 */
#ifndef COMMON_DNS_ZONEDIFF_H
#define COMMON_DNS_ZONEDIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/digest.h"
#include "common/dns/ownerkey.h"

/* A page of a version. */
struct zonediff_leaf {
	const uint8_t *low;
	const uint8_t *high;		/* NULL: to the end of the key space */
	uint16_t low_len;
	uint16_t high_len;
	uint32_t n_records;		/* of an old leaf: what the row says */
	struct digest digest;

	/* Given to the leaf callback only. */
	bool kept;			/* same row as in the old version */
	size_t old_index;		/* kept: which one */
	const uint8_t *body;		/* not kept: the page; NULL when kept */
	size_t body_len;
};

enum zonediff_verb {
	ZONEDIFF_ADD = 0,
	ZONEDIFF_DELETE = 1,
};

/*
 * One record of the new version, or one change.  The octets that it points to
 * must stay where they are until the call to zonediff_*() returns (a mapped
 * spool does).  Key and rdata must be valid: ownerkey_check(),
 * rr_rdata_check(), and the key's tree byte as pagebuild_tree() says.
 */
struct zonediff_record {
	const uint8_t *key;
	const uint8_t *rdata;
	uint32_t ttl;
	uint16_t key_len;
	uint16_t type;
	uint16_t rdlen;
	uint8_t verb;			/* enum zonediff_verb; full: not read */
};

struct zonediff_io {
	void *arg;

	/* The old version; n_old 0: there is none (full only). */
	const struct zonediff_leaf *old;
	size_t n_old;

	/*
	 * next() - the next record; *@out_end is true when there is none
	 *
	 * In ascending order of keys (ownerkey_compare()); records of one
	 * owner in any order (full), or in the order of the changes (delta).
	 */
	enum err (*next)(void *arg, struct zonediff_record *out,
	    bool *out_end);

	/*
	 * fetch() - body of an old page (delta only); borrowed until the next
	 * call, any alignment.  It is checked against the leaf's digest.
	 */
	enum err (*fetch)(void *arg, size_t index, const uint8_t **out_body,
	    size_t *out_len);

	/*
	 * leaf() - takes every page of the new version, kept or new, in key
	 * order; borrowed for the call.  Keys of kept leaves are those of the
	 * old list.  Old leaves that were not kept are to be closed.
	 */
	enum err (*leaf)(void *arg, const struct zonediff_leaf *leaf);
};

/* What came out, or what was wrong. */
struct zonediff_result {
	uint64_t n_records;
	size_t n_leaves;		/* of the new version */
	size_t n_kept;
	size_t n_new;			/* written: new or changed */
	uint64_t n_bytes;		/* of the new bodies */

	/* On ERR_LIMIT, ERR_MISMATCH, ERR_ORDER: where. */
	struct ownerkey key;
	uint16_t type;			/* 0: the owner as a whole */
	const char *reason;		/* static text, or NULL */
};

/**
 * zonediff_full() - the pages of a version given as all its records
 *
 * Pages that come out as they were (same range, same bytes) are kept, so that
 * a transfer without changes writes nothing.
 *
 * Returns OK; ERR_ORDER when keys descend; ERR_LIMIT (a set or an owner is
 * too large); ERR_INVALID when there is no record at all; ERR_NO_MEMORY; or
 * what a callback returned.  @out is set in any case.
 */
MUST_USE enum err zonediff_full(const struct zonediff_io *io,
    struct zonediff_result *out);

/**
 * zonediff_delta() - the pages of a version given as changes to the old one
 *
 * Strict: a delete must meet a record that is there, an add one that is not,
 * in the order of the changes of each record (a chain of several differences
 * may be given as one list).  TTLs of deletes are not compared.  A set that
 * was irregular when it was received (PAGE_SET_IRREGULAR) is not touched:
 * what its records' own TTLs were is not known any more.
 *
 * The SOA records of the differences belong to the changes.
 *
 * Returns as zonediff_full(), and ERR_MISMATCH when the changes do not fit
 * (get an AXFR instead); ERR_CORRUPT when a fetched page is not what its leaf
 * says.
 */
MUST_USE enum err zonediff_delta(const struct zonediff_io *io,
    struct zonediff_result *out);

#endif
