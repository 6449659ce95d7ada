/*
 * cache_layout.h - the memory format of the shared cache.
 *
 * Who may include it: cache_*, ring, snapshot, control.
 * The protocol (who writes which word when, and why readers need no lock) is
 * proved in docs/CACHE.md.
 *
 *   arena memfd: written by the feeder alone, mapped read-only by workers
 *     super | directory table | zone heads, nodes, pages (in 32-byte units)
 *   control memfd: written by workers
 *     one cache line of epoch per worker, counters, receive rings
 *
 * References are 32-bit counts of CACHE_UNIT bytes from the arena's base, so
 * the arena can be mapped anywhere; 0 means none.
 */
#ifndef DNSD_CACHE_LAYOUT_H
#define DNSD_CACHE_LAYOUT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CACHE_UNIT = 32,
	CACHE_LAYOUT = 2,		/* raise with any change below */
	CACHE_READERS_MAX = 64,
	CACHE_NODE_CHILDREN_MAX = 256,
	CACHE_STRIPES_MAX = 64,
	CACHE_LEVELS_MAX = 6,
};

#define CACHE_MAGIC 0x31454843414355ull	/* "UCACHE1" */

typedef uint32_t cache_ref;		/* units from the base; 0 = none */

/* At offset 0 of the arena. */
struct cache_super {
	uint64_t magic;
	uint32_t layout;		/* CACHE_LAYOUT */
	uint32_t reserved;
	uint64_t hash_seed[2];		/* of the directory; secret to mining */
	_Atomic uint64_t epoch;		/* current; readers copy it */
	_Atomic uint64_t label_counts[2]; /* bit n: some zone has n labels */
	_Atomic uint64_t dir;		/* ref << 8 | log2(slots): one load */
	_Atomic uint64_t n_zones;
	_Atomic uint64_t feeder_beat_ms;	/* CLOCK_BOOTTIME */
	_Atomic uint64_t arena_used;	/* bytes, for metrics */
	_Atomic uint64_t ready;		/* 1: first load (snapshot or db) done */
	_Atomic uint64_t retained;	/* bytes unlinked, still seen by a reader */
	_Atomic uint64_t arena_max;	/* bytes the arena may grow to */
	_Atomic uint64_t applied_xmin;	/* feed horizon, for metrics */
	_Atomic uint64_t connected;	/* 1: the feeder has its database */
};
static_assert(sizeof(struct cache_super) <= 256, "super fits its space");

enum { CACHE_SUPER_BYTES = 4096 };	/* first reference: 4096 / CACHE_UNIT */

/*
 * One zone on one set of stripes.  Open addressing, linear probing from
 * hash & (slots - 1).  @tag is 0 for never used (ends a probe), 1 for a
 * tombstone, else the name's hash with the top bit set.  The same name may
 * stand in several slots with disjoint stripe masks.
 *
 * The hash: namehash (common/dns/namehash.h) with seed hash_seed over the
 * labels of the apex from the root down in owner-key form (lower-cased,
 * escaped, without terminators), that is, over the labels of the name's
 * ownerkey relative to the root; then namehash_final().  The root zone hashes
 * no label.  tag = CACHE_TAG(hash); first slot = hash & (slots - 1).
 *
 * A reader loads tag (acquire), then head (acquire), compares the name in the
 * head, then stripes (relaxed).  A slot is used by one zone only in the life
 * of a table: a tombstone is never filled again, a growing or shrinking
 * directory is a new table.
 */
struct cache_slot {
	_Atomic uint64_t tag;
	_Atomic cache_ref head;		/* struct cache_zone; release/acquire */
	uint32_t stats;			/* per-zone counter slot, 0 = none */
	_Atomic uint64_t stripes;
	_Atomic int64_t expire_at_ms;	/* CLOCK_BOOTTIME; INT64_MAX: never */
	uint8_t pad[32];
};
static_assert(sizeof(struct cache_slot) == 64, "one cache line a zone");

#define CACHE_TAG(hash) ((hash) | UINT64_C(1) << 63)
#define CACHE_TAG_FREE UINT64_C(0)
#define CACHE_TAG_TOMBSTONE UINT64_C(1)

enum cache_zone_state {
	CACHE_ZONE_EMPTY = 0,		/* ours, never loaded: SERVFAIL, EDE 14 */
	CACHE_ZONE_LOADED = 1,
	CACHE_ZONE_SUSPENDED = 2,	/* REFUSED, EDE 18 */
};

enum {					/* cache_zone.flags */
	CACHE_ZONE_NSEC = 1,		/* apex has NSEC */
	CACHE_ZONE_NSEC3 = 2,		/* usable NSEC3PARAM; fields below */
	CACHE_ZONE_HAS_DNAME = 4,	/* some name has DNAME (hint) */
	CACHE_ZONE_HAS_WILDCARD = 8,	/* some name has a label "*" (hint) */
};

/* NSEC3 records that most denials need; where they are. */
enum cache_proof {
	CACHE_PROOF_APEX,		/* matches the apex */
	CACHE_PROOF_WILDCARD,		/* covers (or matches) "*" below it */
	CACHE_PROOFS,
};

/*
 * The zone head: immutable once its reference is published, so name, serial,
 * generation and content change together.
 */
struct cache_zone {
	uint8_t id[16];			/* zone uuid */
	uint64_t generation;
	uint32_t serial;
	uint8_t state;			/* enum cache_zone_state */
	uint8_t flags;
	uint8_t root_level;		/* 0: root is a page */
	uint8_t apex_labels;
	cache_ref root;			/* struct cache_node or page */
	cache_ref apex_page;		/* page that holds the apex */
	uint16_t apex_name;		/* offset of the apex entry, page units */
	uint16_t soa_len;		/* bytes of the SOA record(s), no RRSIG */
	uint32_t soa_at;		/* byte offset in apex_page: C00C ... */
	uint32_t soa_sig_len;		/* RRSIGs over the SOA, right behind */
	uint32_t negative_ttl;		/* min(SOA TTL, MINIMUM) */
	uint32_t n_records;
	struct {
		cache_ref page;		/* 0: not known */
		uint16_t name;		/* offset of the entry, page units */
		uint16_t reserved;
	} proof[CACHE_PROOFS];
	uint16_t nsec3_iterations;
	uint8_t nsec3_salt_len;
	uint8_t apex_len;		/* wire length of the apex */
	uint8_t tail[];			/* apex (wire, lower case), then salt,
					   then the version's digest (32) */
};
static_assert(offsetof(struct cache_zone, tail) == 80, "no holes");

/*
 * An inner node.  Fence keys share @prefix_len leading bytes (stored once);
 * head[i] is the next 8 bytes of fence i, big-endian as a number, zero
 * padded: a binary search over head[] decides unless two are equal, then the
 * whole fence key is compared.  Child i covers [fence i, fence i+1).
 *
 * Layout behind the struct: uint64_t head[n]; cache_ref child[n];
 * uint32_t fence_at[n + 1] (byte offsets from the node's start); fence bytes
 * (whole keys).  The last 32 * n bytes of the node are the children's
 * digests: for the feeder, readers have no use for them.
 */
struct cache_node {
	uint16_t n;			/* 1 .. CACHE_NODE_CHILDREN_MAX */
	uint16_t prefix_len;
	uint16_t level;			/* 1: children are pages */
	uint16_t reserved;
	uint32_t size;			/* bytes of the whole node */
	uint32_t reserved2;
};
static_assert(sizeof(struct cache_node) == 16, "node header");

/* Control segment: one line a reader; epoch 0 = not inside a batch. */
struct cache_reader {
	_Atomic uint64_t epoch;
	_Atomic uint64_t beat;		/* rises with every turn of its loop */
	uint8_t pad[48];
};
static_assert(sizeof(struct cache_reader) == 64, "one cache line a reader");

#endif
