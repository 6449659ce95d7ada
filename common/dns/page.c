/*
 * page.c - reading pages: find, seek, walk; and the check that allows it.
 *
 * The readers trust the page; page_validate(), at the end, is what makes it
 * trustworthy and believes nothing.  Loads are by memcpy and byte order, so
 * records may stand at odd addresses.
 */
#include <endian.h>
#include <string.h>

#include "common/dns/page.h"
#include "common/dns/rr.h"

static inline uint32_t
le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static inline uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

uint32_t
page_size(const uint8_t *page)
{
	return le32(page + 4);
}

uint16_t
page_n_names(const uint8_t *page)
{
	return page_u16(page + 8);
}

uint32_t
page_n_records(const uint8_t *page)
{
	return le32(page + 12);
}

uint64_t
page_hash(const uint8_t *key, size_t len)
{
	uint64_t h = page_hash_init(key[0]);
	size_t at = 1;

	while (at < len) {
		const uint8_t *end = memchr(key + at, 0, len - at);
		size_t n = end != NULL ? (size_t)(end - key) - at : len - at;

		h = page_hash_label(h, key + at, n);
		at += n + 1;
	}
	return namehash_final(h);
}

unsigned
page_hash_chain(const uint8_t *key, size_t len, uint64_t *out_hash,
    uint16_t *out_len)
{
	uint64_t h = page_hash_init(key[0]);
	size_t at = 1;
	unsigned n_labels = 0;

	out_hash[0] = namehash_final(h);
	out_len[0] = 1;
	while (at < len && n_labels < OWNERKEY_LABELS_MAX) {
		const uint8_t *end = memchr(key + at, 0, len - at);
		size_t n = end != NULL ? (size_t)(end - key) - at : len - at;

		h = page_hash_label(h, key + at, n);
		at += n + 1;
		n_labels++;
		out_hash[n_labels] = namehash_final(h);
		out_len[n_labels] = (uint16_t)at;
	}
	return n_labels;
}

static inline void
name_read(const uint8_t *p, struct page_name *out)
{
	out->key_len = page_u16(p);
	out->flags = p[2];
	out->n_sets = p[3];
	out->key = p + 4;
	out->sets = out->key + ALIGN_UP(out->key_len, PAGE_UNIT);
	out->data = out->sets + (size_t)out->n_sets * 8;
}

void
page_name_at_offset(const uint8_t *page, uint16_t offset,
    struct page_name *out)
{
	name_read(page + (size_t)offset * PAGE_UNIT, out);
}

static inline const uint8_t *
name_table(const uint8_t *page)
{
	return page + PAGE_HEADER_BYTES + 4 * (size_t)page_u16(page + 10);
}

void
page_name_at(const uint8_t *page, unsigned index, struct page_name *out)
{
	page_name_at_offset(page, page_u16(name_table(page) + 2 * (size_t)index),
	    out);
}

/*
 * Equal octets? Most keys are short: a call costs more than the comparison.
 */
static inline bool
same_octets(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t v, w;
	uint32_t x, y;

	if (n >= 8) {
		for (size_t i = 0; i + 8 < n; i += 8) {
			memcpy(&v, a + i, 8);
			memcpy(&w, b + i, 8);
			if (v != w)
				return false;
		}
		memcpy(&v, a + n - 8, 8);
		memcpy(&w, b + n - 8, 8);
		return v == w;
	}
	if (n >= 4) {
		memcpy(&x, a, 4);
		memcpy(&y, b, 4);
		if (x != y)
			return false;
		memcpy(&x, a + n - 4, 4);
		memcpy(&y, b + n - 4, 4);
		return x == y;
	}
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* Does the entry at this offset have this key? */
static inline bool
key_is(const uint8_t *page, uint32_t offset, const uint8_t *key, size_t len)
{
	const uint8_t *p = page + (size_t)offset * PAGE_UNIT;

	return page_u16(p) == len && same_octets(p + 4, key, len);
}

enum { NEAR = 8 };		/* names each way that a good guess is off */

/* The first octets of a key as a number that is in key order. */
static inline uint64_t
key_word(const uint8_t *key)
{
	uint64_t v;

	memcpy(&v, key, sizeof(v));
	return be64toh(v);
}

/* The key that is sought beside the name of an index: <0, 0, >0. */
static inline int
compare_at(const uint8_t *page, unsigned index, const uint8_t *key,
    size_t len, uint64_t word)
{
	const uint8_t *p = page + (size_t)page_u16(name_table(page) +
	    2 * (size_t)index) * PAGE_UNIT;
	size_t here = page_u16(p);
	/* Behind a key is a set header: 8 octets can be read. */
	uint64_t w = key_word(p + 4);

	if (w != word && len >= 8 && here >= 8)
		return w < word ? -1 : 1;
	return ownerkey_compare(p + 4, here, key, len);
}

/* page_seek(), of which the result lies in [low, high]. */
static inline unsigned
seek_between(const uint8_t *page, unsigned low, unsigned high,
    const uint8_t *key, size_t len, uint64_t word, bool *out_exact)
{
	*out_exact = false;
	while (low < high) {
		unsigned mid = low + (high - low) / 2;
		int d = compare_at(page, mid, key, len, word);

		if (d == 0) {
			*out_exact = true;
			return mid;
		}
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

unsigned
page_seek(const uint8_t *page, const uint8_t *key, size_t len,
    bool *out_exact)
{
	return seek_between(page, 0, page_n_names(page), key, len,
	    len >= 8 ? key_word(key) : 0, out_exact);
}

unsigned
page_seek_near(const uint8_t *page, unsigned guess, const uint8_t *key,
    size_t len, bool *out_exact)
{
	unsigned n = page_n_names(page), low = 0, high = n;
	uint64_t word = len >= 8 ? key_word(key) : 0;
	unsigned first = guess > NEAR ? guess - NEAR : 0;
	unsigned end = MIN(guess + NEAR, n);

	for (unsigned i = first; i < end; i++)
		__builtin_prefetch(page + (size_t)page_u16(name_table(page) +
		    2 * (size_t)i) * PAGE_UNIT);
	if (first > 0 && first < n) {
		if (compare_at(page, first, key, len, word) <= 0)
			low = first;
		else
			high = first;
	}
	if (low == first && end > first && end < n) {
		if (compare_at(page, end - 1, key, len, word) >= 0)
			high = end;
		else
			low = end;
	}
	return seek_between(page, low, high, key, len, word, out_exact);
}

void
page_prefetch_find(const uint8_t *page, uint64_t hash)
{
	__builtin_prefetch(page + PAGE_HEADER_BYTES +
	    4 * (size_t)page_slot_of(hash, page_u16(page + 10)));
}

void
page_prefetch_entry(const uint8_t *page, uint64_t hash)
{
	const uint8_t *group = page + PAGE_HEADER_BYTES +
	    4 * (size_t)page_slot_of(hash, page_u16(page + 10));
	uint32_t print = PAGE_SLOT_PRINT_OF(hash);

	for (unsigned i = 0; i < PAGE_PROBES_MAX; i++) {
		uint32_t slot = le32(group + 4 * (size_t)i);
		const uint8_t *entry = page +
		    (size_t)(slot & 0xffff) * PAGE_UNIT;

		if ((slot & 0xffff) == 0)
			return;
		if ((slot & PAGE_SLOT_PRINT) != print)
			continue;
		__builtin_prefetch(entry);
		__builtin_prefetch(entry + 64);
		__builtin_prefetch(entry + 128);
	}
}

/* Of a group that was full. */
static NOINLINE uint16_t
find_overflown(const uint8_t *page, const uint8_t *key, size_t len)
{
	bool exact;
	unsigned index = page_seek(page, key, len, &exact);

	return exact ? page_u16(name_table(page) + 2 * (size_t)index) : 0;
}

static ALWAYS_INLINE uint16_t
find(const uint8_t *page, const uint8_t *key, size_t len, uint64_t hash)
{
	const uint8_t *group = page + PAGE_HEADER_BYTES +
	    4 * (size_t)page_slot_of(hash, page_u16(page + 10));
	uint32_t print = PAGE_SLOT_PRINT_OF(hash);

	for (unsigned i = 0; i < PAGE_PROBES_MAX; i++) {
		uint32_t slot = le32(group + 4 * (size_t)i);

		if ((slot & 0xffff) == 0)
			return 0;
		if ((slot & PAGE_SLOT_PRINT) == print &&
		    key_is(page, slot & 0xffff, key, len))
			return (uint16_t)(slot & 0xffff);
	}
	if (LIKELY((le32(group) & PAGE_SLOT_OVERFLOW) == 0))
		return 0;
	return find_overflown(page, key, len);
}

uint16_t
page_find(const uint8_t *page, const uint8_t *key, size_t len, uint64_t hash)
{
	return find(page, key, len, hash);
}

bool
page_find_name(const uint8_t *page, const uint8_t *key, size_t len,
    uint64_t hash, struct page_name *out)
{
	uint16_t at = find(page, key, len, hash);

	if (at == 0)
		return false;
	name_read(page + (size_t)at * PAGE_UNIT, out);
	return true;
}

bool
page_set_find(const struct page_name *name, uint16_t type,
    struct page_set *out)
{
	return page_set_scan(name, type, out);
}

void
page_set_at(const struct page_name *name, unsigned index,
    struct page_set *out)
{
	const uint8_t *head = name->sets, *data = name->data;

	for (; index > 0; index--, head += 8)
		data += page_u16(head + 4) + page_u16(head + 6);
	page_set_read(head, data, out);
}

static const uint8_t *
data_end(const struct page_name *name)
{
	const uint8_t *head = name->sets, *data = name->data;

	for (unsigned i = 0; i < name->n_sets; i++, head += 8)
		data += page_u16(head + 4) + page_u16(head + 6);
	return data;
}

size_t
page_entry_size(const struct page_name *name)
{
	return ALIGN_UP((size_t)(data_end(name) - page_entry(name)),
	    PAGE_UNIT);
}

size_t
page_rr_read(const uint8_t *at, struct page_rr *out)
{
	out->type = be16(at + 2);
	out->ttl = (uint32_t)be16(at + 6) << 16 | be16(at + 8);
	out->rdlen = be16(at + 10);
	out->rdata = at + PAGE_RR_FIXED;
	return (size_t)PAGE_RR_FIXED + out->rdlen;
}

void
page_walk_begin(struct page_walk *w, const struct page_name *name)
{
	w->name = *name;
	w->at = name->data;
	w->end = data_end(name);
}

bool
page_walk_next(struct page_walk *w, struct page_rr *out)
{
	if (w->at >= w->end)
		return false;
	w->at += page_rr_read(w->at, out);
	out->key = w->name.key;
	out->key_len = w->name.key_len;
	return true;
}

bool
page_in_range(const uint8_t *page, const uint8_t *low, size_t low_len,
    const uint8_t *high, size_t high_len)
{
	struct page_name first, last;

	page_name_at(page, 0, &first);
	page_name_at(page, page_n_names(page) - 1u, &last);
	return ownerkey_compare(first.key, first.key_len, low, low_len) >= 0 &&
	    (high == NULL ||
	    ownerkey_compare(last.key, last.key_len, high, high_len) < 0);
}

/*
 * Validation.  A struct check walks the page from front to back; each step
 * returns false at the first thing that the builder would not have written.
 */
struct check {
	const uint8_t *page;
	size_t len;
	size_t at;			/* all before it is good */
	uint32_t n_names, n_slots;
	uint32_t n_records;
	uint32_t n_indexed;		/* names found in their slots */
	const uint8_t *key;		/* of the last entry */
	size_t key_len;
	/* One bit a group of slots: some name found it taken. */
	uint8_t overflow[(2 * PAGE_NAMES_MAX / 4 + 7) / 8];
};

static bool
all_zero(const uint8_t *p, size_t n)
{
	uint8_t any = 0;

	for (size_t i = 0; i < n; i++)
		any |= p[i];
	return any == 0;
}

static bool
check_header(struct check *c)
{
	size_t front, table_end;

	if (c->len < PAGE_HEADER_BYTES || c->len > PAGE_MAX_BYTES ||
	    c->len % PAGE_UNIT != 0 || le32(c->page) != PAGE_MAGIC ||
	    page_size(c->page) != c->len)
		return false;
	c->n_names = page_n_names(c->page);
	c->n_slots = page_u16(c->page + 10);
	if (c->n_names < 1 || c->n_names > PAGE_NAMES_MAX ||
	    c->n_slots != page_n_slots(c->n_names))
		return false;
	front = page_front_size(c->n_names);
	table_end = PAGE_HEADER_BYTES + 4 * (size_t)c->n_slots +
	    2 * (size_t)c->n_names;
	if (front > c->len ||
	    !all_zero(c->page + table_end, front - table_end))
		return false;
	c->at = front;
	return true;
}

/* One name's place in the index.  Names must be checked in key order. */
static bool
check_slot(struct check *c, uint32_t offset, uint64_t hash)
{
	uint32_t first = page_slot_of(hash, c->n_slots);
	const uint8_t *group = c->page + PAGE_HEADER_BYTES +
	    4 * (size_t)first;

	for (unsigned i = 0; i < PAGE_PROBES_MAX; i++) {
		uint32_t slot = le32(group + 4 * (size_t)i);

		if ((slot & 0xffff) == offset) {
			c->n_indexed++;
			return (slot & PAGE_SLOT_PRINT) ==
			    PAGE_SLOT_PRINT_OF(hash);
		}
		/* Taken by an earlier name, else it would be ours. */
		if ((slot & 0xffff) == 0 || (slot & 0xffff) > offset)
			return false;
	}
	c->overflow[first / 4 / 8] |= (uint8_t)(1u << (first / 4 % 8));
	return true;
}

/*
 * The other way round: as many slots taken as names were found there, and
 * the overflow marks are those that were seen to be needed.
 */
static bool
check_slots(const struct check *c)
{
	uint32_t n_taken = 0;

	for (uint32_t i = 0; i < c->n_slots; i++) {
		uint32_t slot = le32(c->page + PAGE_HEADER_BYTES +
		    4 * (size_t)i);
		bool mark = (slot & PAGE_SLOT_OVERFLOW) != 0;
		bool need = i % 4 == 0 &&
		    (c->overflow[i / 4 / 8] >> (i / 4 % 8) & 1) != 0;

		if (mark != need)
			return false;
		if ((slot & 0xffff) != 0)
			n_taken++;
		else if (slot != 0)
			return false;
	}
	return n_taken == c->n_indexed;
}

/* What a run of records must have in common. */
struct check_run {
	uint16_t type;
	uint16_t covered;		/* with type RRSIG: 0 is any */
	uint8_t tree;
};

static bool
check_tree(uint8_t tree, const struct page_rr *rr)
{
	uint16_t type = rr->type == RRTYPE_RRSIG ?
	    rr_rrsig_covered(rr->rdata, rr->rdlen) : rr->type;

	return (type == RRTYPE_NSEC3) == (tree == OWNERKEY_TREE_NSEC3);
}

/* @len octets of records; *@n is their number. */
static bool
check_records(const uint8_t *at, size_t len, const struct check_run *run,
    uint32_t *n)
{
	struct page_rr rr, before = { 0 };

	for (*n = 0; len > 0; (*n)++) {
		size_t size;

		if (len < PAGE_RR_FIXED || at[0] != 0xc0 || at[1] != 0x0c ||
		    at[4] != 0 || at[5] != RRCLASS_IN)
			return false;
		size = page_rr_read(at, &rr);
		if (size > len || rr.type != run->type || rr.ttl >> 31 != 0 ||
		    rr_rdata_check(rr.type, rr.rdata, rr.rdlen) != OK)
			return false;
		if (run->covered != 0 &&
		    rr_rrsig_covered(rr.rdata, rr.rdlen) != run->covered)
			return false;
		if (!check_tree(run->tree, &rr))
			return false;
		if (*n > 0 && (rr.ttl != before.ttl ||
		    rr_canonical_compare(rr.type, before.rdata, before.rdlen,
		    rr.rdata, rr.rdlen) >= 0))
			return false;
		before = rr;
		at += size;
		len -= size;
	}
	return true;
}

/* RRSIGs in a set of their own may not cover a set that is there. */
static bool
check_orphans(const struct page_name *name, const struct page_set *set)
{
	const uint8_t *at = set->rr, *end = set->rr + set->rr_len;
	struct page_set other;

	while (at < end) {
		struct page_rr rr;
		uint16_t covered;

		at += page_rr_read(at, &rr);
		covered = rr_rrsig_covered(rr.rdata, rr.rdlen);
		if (covered != RRTYPE_RRSIG &&
		    page_set_find(name, covered, &other))
			return false;
	}
	return true;
}

static bool
check_set(struct check *c, const struct page_name *name,
    const struct page_set *set)
{
	struct check_run run = { set->type, 0, name->key[0] };
	uint32_t n_rr, n_sig;

	if (set->rr_len + set->sig_len > PAGE_RRSET_MAX_BYTES ||
	    set->n_rr == 0 ||
	    ((set->flags & PAGE_SET_SIG_IRREGULAR) != 0 && set->sig_len == 0))
		return false;
	if (!check_records(set->rr, set->rr_len, &run, &n_rr) ||
	    n_rr != set->n_rr)
		return false;
	run.covered = set->type;
	run.type = RRTYPE_RRSIG;
	if (!check_records(set->sig, set->sig_len, &run, &n_sig))
		return false;
	c->n_records += n_rr + n_sig;
	return true;
}

static bool
check_sets(struct check *c, const struct page_name *name)
{
	uint32_t type_before = 0;	/* 0 is no type */
	uint8_t flags = 0;
	bool orphans = false;
	struct page_set set;

	for (unsigned i = 0; i < name->n_sets; i++) {
		page_set_at(name, i, &set);
		if (set.type <= type_before || !check_set(c, name, &set))
			return false;
		type_before = set.type;
		flags |= page_flag_of(set.type);
		orphans |= set.type == RRTYPE_RRSIG;
	}
	if (flags != name->flags)
		return false;
	if (!orphans)
		return true;
	return page_set_find(name, RRTYPE_RRSIG, &set) && set.sig_len == 0 &&
	    check_orphans(name, &set);
}

/* The entry at c->at. */
static bool
check_entry(struct check *c, uint32_t offset)
{
	size_t room = c->len - c->at, fixed, size, padded;
	struct page_name name;

	if (room < 4)
		return false;
	page_name_at_offset(c->page, (uint16_t)offset, &name);
	fixed = 4 + ALIGN_UP((size_t)name.key_len, PAGE_UNIT) +
	    8 * (size_t)name.n_sets;
	if (name.n_sets < 1 || name.n_sets > PAGE_SETS_MAX || room < fixed)
		return false;
	if (!ownerkey_check(name.key, name.key_len, 1) ||
	    !all_zero(name.key + name.key_len,
	    (size_t)(name.sets - name.key) - name.key_len))
		return false;
	if (c->key != NULL && ownerkey_compare(c->key, c->key_len, name.key,
	    name.key_len) >= 0)
		return false;
	size = (size_t)(data_end(&name) - page_entry(&name));
	padded = page_entry_size(&name);
	if (padded > room || padded > PAGE_NAME_MAX_BYTES ||
	    !all_zero(page_entry(&name) + size, padded - size) ||
	    !check_sets(c, &name) ||
	    !check_slot(c, offset, page_hash(name.key, name.key_len)))
		return false;
	c->key = name.key;
	c->key_len = name.key_len;
	c->at += padded;
	return true;
}

enum err
page_validate(const uint8_t *page, size_t len)
{
	struct check c = { .page = page, .len = len };

	if (!check_header(&c))
		return ERR_MALFORMED;
	for (uint32_t i = 0; i < c.n_names; i++) {
		uint32_t offset = page_u16(name_table(page) + 2 * (size_t)i);

		if ((size_t)offset * PAGE_UNIT != c.at || c.at >= len ||
		    !check_entry(&c, offset))
			return ERR_MALFORMED;
	}
	if (c.at != len || c.n_records != page_n_records(page) ||
	    !check_slots(&c))
		return ERR_MALFORMED;
	return OK;
}
