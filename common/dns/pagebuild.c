/*
 * pagebuild.c - records to name entries, entries to pages.
 *
 * An entry is position independent, so a page is its entries copied behind a
 * header and an index.  The order of items is total (set, place, canonical
 * rdata, raw rdata, TTL), so the bytes depend on nothing but the records.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/dns/pagebuild.h"
#include "common/dns/rr.h"

static inline void
put_le16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void
put_le32(uint8_t *p, uint32_t v)
{
	put_le16(p, v);
	put_le16(p + 2, v >> 16);
}

static inline void
put_be16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

int
pagebuild_tree(uint16_t type, const uint8_t *rdata, size_t rdlen)
{
	if (type == RRTYPE_RRSIG)
		type = rr_rrsig_covered(rdata, rdlen);
	return type == RRTYPE_NSEC3 ? OWNERKEY_TREE_NSEC3 :
	    OWNERKEY_TREE_NORMAL;
}

/* By set, place and canonical form: 0 is a duplicate. */
static inline int
item_compare_canonical(const struct pagebuild_item *a,
    const struct pagebuild_item *b)
{
	if (a->set != b->set)
		return a->set < b->set ? -1 : 1;
	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	return rr_canonical_compare(a->type, a->rdata, a->rdlen, b->rdata,
	    b->rdlen);
}

static int
item_compare(const void *va, const void *vb)
{
	const struct pagebuild_item *a = va, *b = vb;
	int d = item_compare_canonical(a, b);

	if (d != 0)
		return d;
	/* Same canonical form, so the same length. */
	d = memcmp(a->rdata, b->rdata, MIN(a->rdlen, b->rdlen));
	if (d != 0)
		return d;
	return (a->ttl > b->ttl) - (a->ttl < b->ttl);
}

/*
 * Most owners have a handful of records, and most arrive in order.
 * Returns whether they did, and without duplicates.
 */
static bool
items_sort(struct pagebuild_item *items, size_t n)
{
	size_t i = 1;

	while (i < n && item_compare_canonical(&items[i - 1], &items[i]) < 0)
		i++;
	if (i >= n)
		return true;
	if (n > 16) {
		qsort(items, n, sizeof(*items), item_compare);
		return false;
	}
	for (; i < n; i++) {
		struct pagebuild_item item = items[i];
		size_t j = i;

		for (; j > 0 && item_compare(&items[j - 1], &item) > 0; j--)
			items[j] = items[j - 1];
		items[j] = item;
	}
	return false;
}

static inline bool
same_run(const struct pagebuild_item *a, const struct pagebuild_item *b)
{
	return a->set == b->set && a->place == b->place;
}

/* Drop duplicates, the first by raw octets stays. Returns how many are left. */
static size_t
items_squeeze(struct pagebuild_item *items, size_t n)
{
	size_t kept = 1;

	for (size_t i = 1; i < n; i++) {
		struct pagebuild_item *last = &items[kept - 1];

		if (item_compare_canonical(last, &items[i]) != 0) {
			items[kept++] = items[i];
			continue;
		}
		if (items[i].ttl != last->ttl || memcmp(last->rdata,
		    items[i].rdata, MIN(last->rdlen, items[i].rdlen)) != 0)
			last->irregular = 1;
		last->ttl = MIN(last->ttl, items[i].ttl);
	}
	return kept;
}

/* One TTL a run, the least; returns the number of items in the run. */
static size_t
run_level(struct pagebuild_item *items, size_t n)
{
	uint32_t ttl = items[0].ttl;
	uint8_t irregular = items[0].irregular;
	size_t n_run = 1;

	for (; n_run < n && same_run(items, items + n_run); n_run++) {
		irregular |= items[n_run].irregular |
		    (items[n_run].ttl != items[0].ttl);
		ttl = MIN(ttl, items[n_run].ttl);
	}
	for (size_t i = 0; i < n_run; i++) {
		items[i].ttl = ttl;
		items[i].irregular = irregular;
	}
	return n_run;
}

/* The types present at an owner, RRSIG aside. */
struct types {
	uint16_t list[PAGE_SETS_MAX];
	unsigned n;
};

static bool
types_has(const struct types *t, uint16_t type)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->list[i] == type)
			return true;
	return false;
}

/* Where each item belongs; RRSIGs over nothing are a set of their own. */
static enum err
items_place(struct pagebuild_item *items, size_t n)
{
	struct types t = { .n = 0 };
	uint16_t last = 0;

	for (size_t i = 0; i < n; i++) {
		struct pagebuild_item *it = &items[i];

		if (it->ttl >> 31 != 0)		/* RFC 2181 8 */
			it->ttl = 0;
		it->set = it->type;
		it->place = 0;
		if (it->type == RRTYPE_RRSIG || it->type == last)
			continue;
		last = it->type;
		if (types_has(&t, last))
			continue;
		if (t.n == PAGE_SETS_MAX)
			return ERR_LIMIT;
		t.list[t.n++] = last;
	}
	for (size_t i = 0; i < n; i++) {
		struct pagebuild_item *it = &items[i];
		uint16_t covered;

		if (it->type != RRTYPE_RRSIG)
			continue;
		covered = rr_rrsig_covered(it->rdata, it->rdlen);
		if (types_has(&t, covered)) {
			it->set = covered;
			it->place = 1;
		}
	}
	return OK;
}

/* A set header in the making. */
struct set {
	size_t n[2];			/* records, RRSIGs over them */
	size_t n_bytes[2];
	uint8_t flags;
	uint16_t type;
};

/* The set that begins at items[0]; the items are sorted and levelled. */
static struct set
set_measure(const struct pagebuild_item *items, size_t n)
{
	struct set s = { .type = items[0].set };

	for (size_t i = 0; i < n && items[i].set == s.type; i++) {
		unsigned place = items[i].place;

		s.n[place]++;
		s.n_bytes[place] += (size_t)PAGE_RR_FIXED + items[i].rdlen;
		s.flags |= (uint8_t)(items[i].irregular << place);
	}
	return s;
}

static uint8_t *
set_write_header(const struct set *s, uint8_t *out)
{
	put_le16(out, s->type);
	put_le16(out + 2, (uint32_t)s->n[0] |
	    (uint32_t)s->flags << PAGE_SET_FLAGS_SHIFT);
	put_le16(out + 4, (uint32_t)s->n_bytes[0]);
	put_le16(out + 6, (uint32_t)s->n_bytes[1]);
	return out + 8;
}

static uint8_t *
item_write(const struct pagebuild_item *it, uint8_t *out)
{
	put_be16(out, 0xc00c);
	put_be16(out + 2, it->type);
	put_be16(out + 4, RRCLASS_IN);
	put_be16(out + 6, it->ttl >> 16);
	put_be16(out + 8, it->ttl);
	put_be16(out + 10, it->rdlen);
	if (it->rdlen > 0)
		memcpy(out + PAGE_RR_FIXED, it->rdata, it->rdlen);
	return out + PAGE_RR_FIXED + it->rdlen;
}

static_assert(PAGE_RRSET_MAX_BYTES / PAGE_RR_FIXED <= PAGE_SET_COUNT,
    "a set's count has 14 bits");
static_assert(PAGE_RRSET_MAX_BYTES <= UINT16_MAX, "and its length 16");

/* What an entry will hold; found before a byte of it is written. */
struct plan {
	size_t n_sets;
	size_t n_bytes;			/* of records */
	uint8_t flags;
};

static enum err
plan_entry(const struct pagebuild_item *items, size_t n, struct plan *p,
    uint16_t *out_type)
{
	for (size_t i = 0; i < n; p->n_sets++) {
		struct set s = set_measure(items + i, n - i);

		if (s.n_bytes[0] + s.n_bytes[1] > PAGE_RRSET_MAX_BYTES) {
			*out_type = s.type;
			return ERR_LIMIT;
		}
		p->flags |= page_flag_of(s.type);
		p->n_bytes += s.n_bytes[0] + s.n_bytes[1];
		i += s.n[0] + s.n[1];
	}
	return p->n_sets > PAGE_SETS_MAX ? ERR_LIMIT : OK;
}

/* Sort, drop duplicates, level TTLs; returns how many items are left. */
static size_t
items_normalise(struct pagebuild_item *items, size_t n)
{
	if (!items_sort(items, n))
		n = items_squeeze(items, n);
	for (size_t i = 0; i < n; )
		i += run_level(items + i, n - i);
	return n;
}

enum err
pagebuild_name(const uint8_t *key, size_t key_len,
    struct pagebuild_item *items, size_t n_items, struct buf *out,
    struct pagebuild_entry *out_entry, uint16_t *out_type)
{
	size_t key_room = ALIGN_UP(key_len, PAGE_UNIT), size;
	struct plan plan = { 0 };
	uint8_t *entry, *p;

	*out_type = 0;
	CHECK(n_items > 0);
	CHECK(out->len % PAGE_UNIT == 0);
	if (n_items > PAGEBUILD_ITEMS_MAX || items_place(items, n_items) != OK)
		return ERR_LIMIT;
	n_items = items_normalise(items, n_items);
	if (plan_entry(items, n_items, &plan, out_type) != OK)
		return ERR_LIMIT;
	size = ALIGN_UP(4 + key_room + 8 * plan.n_sets + plan.n_bytes,
	    PAGE_UNIT);
	if (size > PAGE_NAME_MAX_BYTES)
		return ERR_LIMIT;
	out_entry->off = (uint32_t)out->len;
	entry = buf_reserve(out, size);
	if (entry == NULL)
		return buf_err(out);
	put_le16(entry, (uint32_t)key_len);
	entry[2] = plan.flags;
	entry[3] = (uint8_t)plan.n_sets;
	memcpy(entry + 4, key, key_len);
	memset(entry + 4 + key_len, 0, key_room - key_len);
	p = entry + 4 + key_room;
	for (size_t i = 0; i < n_items; ) {
		struct set s = set_measure(items + i, n_items - i);

		p = set_write_header(&s, p);
		i += s.n[0] + s.n[1];
	}
	for (size_t i = 0; i < n_items; i++)
		p = item_write(&items[i], p);
	CHECK(p <= entry + size);
	memset(p, 0, (size_t)(entry + size - p));
	out_entry->len = (uint32_t)size;
	out_entry->n_records = (uint32_t)n_items;
	out_entry->hash = page_hash(key, key_len);
	return OK;
}

static uint32_t
count_records(const struct page_name *name)
{
	struct page_walk w;
	struct page_rr rr;
	uint32_t n = 0;

	page_walk_begin(&w, name);
	while (page_walk_next(&w, &rr))
		n++;
	return n;
}

enum err
pagebuild_copy(const struct page_name *name, struct buf *out,
    struct pagebuild_entry *out_entry)
{
	size_t n = page_entry_size(name);

	out_entry->off = (uint32_t)out->len;
	out_entry->len = (uint32_t)n;
	out_entry->n_records = count_records(name);
	out_entry->hash = page_hash(name->key, name->key_len);
	return buf_bytes(out, page_entry(name), n);
}

/* Names in key order take the first free slot of their group. */
static void
index_add(uint8_t *slots, uint32_t n_slots, uint64_t hash, uint32_t offset)
{
	uint8_t *group = slots + 4 * (size_t)page_slot_of(hash, n_slots);
	uint32_t print = PAGE_SLOT_PRINT_OF(hash);

	for (unsigned i = 0; i < PAGE_PROBES_MAX; i++) {
		uint8_t *slot = group + 4 * (size_t)i;

		if (slot[0] == 0 && slot[1] == 0) {
			put_le32(slot, print | offset);
			return;
		}
	}
	group[3] |= PAGE_SLOT_OVERFLOW >> 24;
}

enum err
pagebuild_page(const struct pagebuild_entry *entries, size_t n,
    const uint8_t *bytes, struct buf *out_page)
{
	size_t front, size, n_bytes, n_slots;
	uint32_t at, n_records = 0;
	uint8_t *page, *table;

	CHECK(n > 0);
	CHECK(n <= PAGE_NAMES_MAX);
	front = page_front_size((uint32_t)n);
	n_slots = page_n_slots((uint32_t)n);
	n_bytes = entries[n - 1].off + entries[n - 1].len - entries[0].off;
	size = front + n_bytes;
	if (size > PAGE_MAX_BYTES)
		return ERR_LIMIT;
	buf_reset(out_page);
	page = buf_reserve(out_page, size);
	if (page == NULL)
		return buf_err(out_page);
	memset(page, 0, front);
	memcpy(page + front, bytes + entries[0].off, n_bytes);
	table = page + PAGE_HEADER_BYTES + 4 * n_slots;
	at = (uint32_t)front;
	for (size_t i = 0; i < n; i++) {
		index_add(page + PAGE_HEADER_BYTES, (uint32_t)n_slots,
		    entries[i].hash, at / PAGE_UNIT);
		put_le16(table + 2 * i, at / PAGE_UNIT);
		at += entries[i].len;
		n_records += entries[i].n_records;
	}
	CHECK(at == size);
	put_le32(page, PAGE_MAGIC);
	put_le32(page + 4, (uint32_t)size);
	put_le16(page + 8, (uint32_t)n);
	put_le16(page + 10, (uint32_t)n_slots);
	put_le32(page + 12, n_records);
	return OK;
}
