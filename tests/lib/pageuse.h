/*
 * pageuse.h - call every reader of a page that has passed page_validate().
 *
 * For tests and fuzzers: under ASan this is the proof that an accepted page
 * is safe.  Returns a sum, so that nothing is optimised away.
 */
#ifndef TESTS_LIB_PAGEUSE_H
#define TESTS_LIB_PAGEUSE_H

#include <stdlib.h>

#include "common/dns/page.h"
#include "common/dns/rr.h"

#define PAGEUSE_CHECK(x) do { if (!(x)) abort(); } while (0)

static inline uint64_t
pageuse_name(const uint8_t *page, const struct page_name *name)
{
	uint64_t sum = name->flags;
	struct page_walk w;
	struct page_rr rr;
	struct page_set set;
	unsigned n_rr = 0, n_walked = 0;

	(void)page;
	for (unsigned i = 0; i < name->n_sets; i++) {
		struct page_set found;

		page_set_at(name, i, &set);
		PAGEUSE_CHECK(page_set_find(name, set.type, &found));
		PAGEUSE_CHECK(found.rr == set.rr);
		PAGEUSE_CHECK(set.sig == set.rr + set.rr_len);
		for (uint32_t k = 0; k < set.rr_len + set.sig_len; k++)
			sum += set.rr[k];
		n_rr += set.n_rr;
	}
	PAGEUSE_CHECK(!page_set_find(name, 65535, &set));
	page_walk_begin(&w, name);
	while (page_walk_next(&w, &rr)) {
		struct rr_names it = rr_names_begin(rr.type, rr.rdata,
		    rr.rdlen);
		struct rr_name n;

		while (rr_names_next(&it, &n))
			PAGEUSE_CHECK((size_t)n.off + n.len <= rr.rdlen);
		n_walked++;
	}
	PAGEUSE_CHECK(n_walked >= n_rr);
	return sum + n_walked;
}

static inline uint64_t
pageuse_all(const uint8_t *page)
{
	unsigned n = page_n_names(page), n_records = 0;
	uint8_t other[OWNERKEY_MAX];
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++) {
		struct page_name name, again;
		uint16_t off;
		bool exact;
		uint64_t h;

		page_name_at(page, i, &name);
		h = page_hash(name.key, name.key_len);
		page_prefetch_find(page, h);
		off = page_find(page, name.key, name.key_len, h);
		PAGEUSE_CHECK(off != 0);
		page_name_at_offset(page, off, &again);
		PAGEUSE_CHECK(again.key == name.key);
		PAGEUSE_CHECK(page_seek(page, name.key, name.key_len,
		    &exact) == i);
		PAGEUSE_CHECK(exact);
		sum += pageuse_name(page, &name);
		n_records += (unsigned)sum & 0;
		/* A near miss: one label more. */
		if (name.key_len + 2 < OWNERKEY_MAX) {
			memcpy(other, name.key, name.key_len);
			other[name.key_len] = 2;
			other[name.key_len + 1] = 0;
			h = page_hash(other, name.key_len + 2u);
			off = page_find(page, other, name.key_len + 2u, h);
			(void)page_seek(page, other, name.key_len + 2u,
			    &exact);
			PAGEUSE_CHECK(exact == (off != 0));
		}
	}
	return sum + n_records + page_size(page) + page_n_records(page);
}

#endif
