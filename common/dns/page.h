/*
 * page.h - the unit of zone storage: a sorted run of owner names.
 *
 * Knows:    the page format of docs/PAGE.md, reading side.
 * Not here: building (pagebuild), which page covers which range (tree),
 *           versions (zonediff), I/O.
 * Runs in:  keep, feeder (validate), workers (find, seek); pure.
 * Bounded:  PAGE_MAX_BYTES, PAGE_NAMES_MAX; see the enum.
 *
 * The readers below page_validate() trust the page: they are for pages that
 * passed it.  They never write, never allocate and touch few cache lines.
 */
#ifndef COMMON_DNS_PAGE_H
#define COMMON_DNS_PAGE_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/namehash.h"
#include "common/dns/ownerkey.h"
#include "common/dns/rrtype.h"

enum {
	PAGE_FORMAT = 1,
	PAGE_TARGET_BYTES = 16384,	/* split above */
	PAGE_FILL_BYTES = 12288,	/* a page cut from a long run */
	PAGE_MERGE_BYTES = PAGE_TARGET_BYTES / 4,
	PAGE_MAX_BYTES = 262144,	/* u16 offsets of 4-byte units */
	PAGE_NAMES_MAX = 16384,
	PAGE_HEADER_BYTES = 16,
	PAGE_UNIT = 4,
	PAGE_PROBES_MAX = 4,		/* slots of a group of the hash index */
	PAGE_RRSET_MAX_BYTES = 61440,	/* records of a set + its RRSIGs */
	PAGE_NAME_MAX_BYTES = 196608,	/* the whole entry of one owner */
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

enum {					/* exact: which types are present */
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
	uint16_t n_rr;			/* records, RRSIGs not counted */
	const uint8_t *rr;		/* rr_len bytes: C00C type class ... */
	uint32_t rr_len;
	const uint8_t *sig;		/* == rr + rr_len */
	uint32_t sig_len;		/* 0: none */
	uint8_t flags;			/* PAGE_SET_* */
};

enum {
	/*
	 * What was received was not regular: TTLs differed inside the set, or
	 * two spellings of one record came.  Answers are not concerned; an
	 * IXFR that touches such a set is not applied (zonediff.h).
	 */
	PAGE_SET_IRREGULAR = 1,		/* the records */
	PAGE_SET_SIG_IRREGULAR = 2,	/* the RRSIGs over them */
};

/* One record, taken apart; pointers into the page (or the giver's memory). */
struct page_rr {
	const uint8_t *key;
	const uint8_t *rdata;
	uint32_t ttl;
	uint16_t key_len;
	uint16_t type;
	uint16_t rdlen;
};

/**
 * page_validate() - may these bytes be read by the functions below?
 * @page: aligned to PAGE_UNIT; borrowed
 *
 * Checks everything the readers rely on, and the normal form: header,
 * offsets, key order and shape, set order, record headers, well-formed rdata
 * (rr_rdata_check()), canonical order, the hash index, zero padding.  Bytes
 * are claims.  What passes is what the builder would have made of the same
 * records.
 *
 * Returns OK or ERR_MALFORMED.  Cost: O(len), no allocation.
 */
MUST_USE enum err page_validate(const uint8_t *page, size_t len);

/**
 * page_in_range() - do all names of a valid page lie in [low, high)?
 * @high: NULL: no upper end
 */
bool page_in_range(const uint8_t *page, const uint8_t *low, size_t low_len,
    const uint8_t *high, size_t high_len);

uint32_t page_size(const uint8_t *page);	/* bytes */
uint16_t page_n_names(const uint8_t *page);
uint32_t page_n_records(const uint8_t *page);	/* RRSIGs included */

/**
 * page_hash() - the public, fixed-seed hash of a key that page_find() takes
 *
 * It is chained over labels (namehash.h, seed NAMEHASH_PUBLIC); the tree byte
 * selects the start.
 */
uint64_t page_hash(const uint8_t *key, size_t len);

/* The same, a label at a time: page_hash_init(), page_hash_label() for each,
 * namehash_final() at any point. */
static inline uint64_t
page_hash_init(uint8_t tree)
{
	const struct namehash_seed seed = NAMEHASH_PUBLIC;

	return namehash_init(&seed) + tree;
}

static inline uint64_t
page_hash_label(uint64_t h, const uint8_t *label, size_t len)
{
	const struct namehash_seed seed = NAMEHASH_PUBLIC;

	return namehash_label(&seed, h, label, len);
}

/**
 * page_hash_chain() - the hashes of a key and of all its ancestors, one pass
 * @out_hash: OWNERKEY_LABELS_MAX + 1 places; [0] is the apex's
 * @out_len:  the same number of places; length of the ancestor's key
 *
 * Returns the number of labels n; [n] is the key itself.
 */
unsigned page_hash_chain(const uint8_t *key, size_t len, uint64_t *out_hash,
    uint16_t *out_len);

/**
 * page_find() - exact match by the hash index
 *
 * Returns the entry's offset in units (for page_name_at_offset()), or 0.
 * Cost: three cache lines (header, slots, entry), as a rule.
 */
uint16_t page_find(const uint8_t *page, const uint8_t *key, size_t len,
    uint64_t hash);

/** page_find_name() - page_find() and page_name_at_offset() in one */
bool page_find_name(const uint8_t *page, const uint8_t *key, size_t len,
    uint64_t hash, struct page_name *out);

/** page_prefetch_find() - touch the slots; reads the header */
void page_prefetch_find(const uint8_t *page, uint64_t hash);

/** page_prefetch_entry() - touch the entry that has this hash; reads slots */
void page_prefetch_entry(const uint8_t *page, uint64_t hash);

void page_name_at_offset(const uint8_t *page, uint16_t offset,
    struct page_name *out);

/**
 * page_seek() - index of the first name >= key; n_names when there is none
 * @out_exact: whether that name is the key
 */
unsigned page_seek(const uint8_t *page, const uint8_t *key, size_t len,
    bool *out_exact);
void page_name_at(const uint8_t *page, unsigned index, struct page_name *out);

/** page_seek_near() - the same, with a guess of the result: what is near it
 *  is fetched at once, so a good guess costs two cache misses, not six */
unsigned page_seek_near(const uint8_t *page, unsigned guess,
    const uint8_t *key, size_t len, bool *out_exact);

/* In a set header's n_rr. */
#define PAGE_SET_COUNT		0x3fffu
#define PAGE_SET_FLAGS_SHIFT	14

static inline uint16_t
page_u16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static inline void
page_set_read(const uint8_t *head, const uint8_t *data, struct page_set *out)
{
	uint16_t count = page_u16(head + 2);

	out->type = page_u16(head);
	out->n_rr = count & PAGE_SET_COUNT;
	out->flags = (uint8_t)(count >> PAGE_SET_FLAGS_SHIFT);
	out->rr = data;
	out->rr_len = page_u16(head + 4);
	out->sig = data + out->rr_len;
	out->sig_len = page_u16(head + 6);
}

/* Sets are sorted by type.  page_set_find() returns false when absent. */
bool page_set_find(const struct page_name *name, uint16_t type,
    struct page_set *out);

/* page_set_scan() - page_set_find(), in line, for what every answer needs */
static inline bool
page_set_scan(const struct page_name *name, uint16_t type,
    struct page_set *out)
{
	const uint8_t *head = name->sets, *data = name->data;

	for (unsigned i = name->n_sets; i > 0; i--, head += 8) {
		uint16_t here = page_u16(head);

		if (here == type) {
			page_set_read(head, data, out);
			return true;
		}
		if (here > type)
			return false;
		data += page_u16(head + 4) + page_u16(head + 6);
	}
	return false;
}
void page_set_at(const struct page_name *name, unsigned index,
    struct page_set *out);

/**
 * page_rr_read() - take apart the record at @at; key and key_len are not set
 *
 * Returns its bytes, fixed part included.
 */
size_t page_rr_read(const uint8_t *at, struct page_rr *out);

/**
 * page_entry_size() - bytes of a name's entry, padding included
 *
 * Entries are position independent: pages are made by copying them.
 */
size_t page_entry_size(const struct page_name *name);

/* page_entry() - the entry's first byte */
static inline const uint8_t *
page_entry(const struct page_name *name)
{
	return name->key - 4;
}

/* Walks the records of one name; treat the fields as private. */
struct page_walk {
	struct page_name name;
	const uint8_t *at;
	const uint8_t *end;
};

/**
 * page_walk_begin(), page_walk_next() - the records of one name, in order
 *
 * Sets by type, records of a set, then the RRSIGs over it.  Over all names
 * of all pages this is the canonical record stream of a version.
 *
 * page_walk_next() returns false at the end.
 */
void page_walk_begin(struct page_walk *w, const struct page_name *name);
bool page_walk_next(struct page_walk *w, struct page_rr *out);

/* Parts of the format that building and reading share. */
static inline uint32_t
page_n_slots(uint32_t n_names)
{
	return (2 * n_names + 3) & ~UINT32_C(3);
}

/* Bytes before the first name entry. */
static inline size_t
page_front_size(uint32_t n_names)
{
	return PAGE_HEADER_BYTES + 4 * (size_t)page_n_slots(n_names) +
	    ALIGN_UP(2 * (size_t)n_names, PAGE_UNIT);
}

/* First slot of the group that a hash belongs to. */
static inline uint32_t
page_slot_of(uint64_t hash, uint32_t n_slots)
{
	return 4 * (uint32_t)((hash >> 32) * (n_slots / 4) >> 32);
}

/* A slot: overflow mark (first of a group only), fingerprint, name offset. */
#define PAGE_SLOT_OVERFLOW	UINT32_C(0x80000000)
#define PAGE_SLOT_PRINT		UINT32_C(0x7fff0000)
#define PAGE_SLOT_PRINT_OF(hash) ((uint32_t)((hash) & 0x7fff) << 16)

#define PAGE_MAGIC UINT32_C(0x01475055)	/* "UPG", format; little-endian */

/* The PAGE_HAS_* bit of a type, or 0. */
static inline uint8_t
page_flag_of(uint16_t type)
{
	switch (type) {
	case RRTYPE_NS:
		return PAGE_HAS_NS;
	case RRTYPE_CNAME:
		return PAGE_HAS_CNAME;
	case RRTYPE_DNAME:
		return PAGE_HAS_DNAME;
	case RRTYPE_SOA:
		return PAGE_HAS_SOA;
	case RRTYPE_DS:
		return PAGE_HAS_DS;
	case RRTYPE_NSEC:
		return PAGE_HAS_NSEC;
	default:
		return 0;
	}
}

#endif
