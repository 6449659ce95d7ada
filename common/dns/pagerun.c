/*
 * pagerun.c - finished name entries in key order, waiting to become pages.
 */
#include "common/base/check.h"
#include "common/dns/pagerun.h"

void
pagerun_init(struct pagerun *run)
{
	buf_init(&run->bytes, PAGERUN_MAX_BYTES);
	buf_init(&run->entries,
	    PAGERUN_MAX_NAMES * sizeof(struct pagebuild_entry));
}

void
pagerun_fini(struct pagerun *run)
{
	buf_fini(&run->bytes);
	buf_fini(&run->entries);
}

void
pagerun_reset(struct pagerun *run)
{
	buf_reset(&run->bytes);
	buf_reset(&run->entries);
}

static inline struct pagebuild_entry *
entries_of(const struct pagerun *run)
{
	return (struct pagebuild_entry *)(void *)run->entries.data;
}

static enum err
push(struct pagerun *run, const struct pagebuild_entry *entry)
{
	return buf_bytes(&run->entries, entry, sizeof(*entry));
}

enum err
pagerun_add(struct pagerun *run, const uint8_t *key, size_t key_len,
    struct pagebuild_item *items, size_t n_items, uint16_t *out_type)
{
	struct pagebuild_entry entry;
	enum err e;

	e = pagebuild_name(key, key_len, items, n_items, &run->bytes, &entry,
	    out_type);
	return e == OK ? push(run, &entry) : e;
}

enum err
pagerun_copy(struct pagerun *run, const struct page_name *name)
{
	struct pagebuild_entry entry;
	enum err e;

	e = pagebuild_copy(name, &run->bytes, &entry);
	return e == OK ? push(run, &entry) : e;
}

enum err
pagerun_copy_page(struct pagerun *run, const uint8_t *page)
{
	unsigned n = page_n_names(page);
	enum err e = OK;

	for (unsigned i = 0; i < n && e == OK; i++) {
		struct page_name name;

		page_name_at(page, i, &name);
		e = pagerun_copy(run, &name);
	}
	return e;
}

enum err
pagerun_join(struct pagerun *run, const struct pagerun *behind)
{
	uint32_t shift = (uint32_t)run->bytes.len;
	size_t n = pagerun_n(behind);
	enum err e = OK;

	for (size_t i = 0; i < n && e == OK; i++) {
		struct pagebuild_entry entry = entries_of(behind)[i];

		entry.off += shift;
		e = push(run, &entry);
	}
	return e == OK && n > 0 ? buf_bytes(&run->bytes, behind->bytes.data,
	    behind->bytes.len) : e;
}

const uint8_t *
pagerun_key(const struct pagerun *run, size_t index, size_t *out_len)
{
	const uint8_t *p;

	CHECK(index < pagerun_n(run));
	p = run->bytes.data + entries_of(run)[index].off;
	*out_len = (size_t)p[0] | (size_t)p[1] << 8;
	return p + 4;
}

size_t
pagerun_choose(const struct pagerun *run)
{
	size_t size = pagerun_size(run), n = pagerun_n(run), n_bytes = 0;
	size_t goal = size > PAGERUN_CUT_BYTES ? PAGE_FILL_BYTES : size / 2;
	size_t k = 0;

	CHECK(n > 1);
	while (k + 1 < n) {		/* one stays behind */
		n_bytes += entries_of(run)[k].len;
		if (k > 0 && pagebuild_size(k + 1, n_bytes) >
		    PAGE_TARGET_BYTES)
			break;
		k++;
		if (pagebuild_size(k, n_bytes) >= goal)
			break;
	}
	return k;
}

enum err
pagerun_build(const struct pagerun *run, size_t n, struct buf *out_page)
{
	return pagebuild_page(entries_of(run), n, run->bytes.data, out_page);
}

void
pagerun_drop(struct pagerun *run, size_t n)
{
	struct pagebuild_entry *entries = entries_of(run);
	uint32_t cut = entries[n - 1].off + entries[n - 1].len;

	buf_consume(&run->bytes, cut);
	buf_consume(&run->entries, n * sizeof(*entries));
	for (size_t i = 0; i < pagerun_n(run); i++)
		entries[i].off -= cut;
}
