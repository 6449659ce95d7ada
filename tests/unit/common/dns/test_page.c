/*
 * test_page.c - building, checking and reading one page.
 */
#include "common/dns/page.h"
#include "common/dns/pagebuild.h"
#include "tests/lib/content.h"
#include "tests/lib/pageuse.h"
#include "tests/lib/test.h"

/* All of @c (sorted by key) as one page. */
static enum err
build(const struct content *c, struct buf *out)
{
	static struct pagebuild_entry entries[PAGE_NAMES_MAX];
	static struct pagebuild_item items[70000];
	struct buf bytes;
	size_t n = 0;
	enum err e = OK;

	buf_init(&bytes, 4 * PAGE_MAX_BYTES);
	for (size_t i = 0, end; i < c->n && e == OK; i = end) {
		uint16_t type;

		for (end = i; end < c->n && content_compare_owner(&c->rr[i],
		    &c->rr[end]) == 0; end++)
			items[end - i] = (struct pagebuild_item){
				.rdata = c->rr[end].rdata,
				.rdlen = c->rr[end].rdlen,
				.type = c->rr[end].type,
				.ttl = c->rr[end].ttl,
			};
		e = pagebuild_name(c->rr[i].key, c->rr[i].key_len, items,
		    end - i, &bytes, &entries[n], &type);
		n++;
	}
	if (e == OK)
		e = pagebuild_page(entries, n, bytes.data, out);
	buf_fini(&bytes);
	return e;
}

static void
random_content(struct rng *r, struct content *c, size_t n, uint32_t names)
{
	struct content_rr rr;

	c->n = 0;
	for (size_t i = 0; i < n; i++) {
		content_random_rr(r, names, &rr);
		if (rng_once_in(r, 3))
			rr.ttl = (uint32_t)rng_u64(r);
		content_add(c, &rr);
		if (rng_once_in(r, 10))
			content_add(c, &rr);
	}
	/* in order of keys, records of an owner shuffled */
	for (size_t i = 0; i < c->n; i++)
		c->rr[i].order = (uint32_t)rng_u64(r);
	qsort(c->rr, c->n, sizeof(*c->rr), content_by_key);
}

TEST(page_holds_the_normal_form_of_its_records)
{
	struct rng r = rng_seed_of_test("page_normal_form");
	struct content c = { 0 };
	struct buf page, want, got;

	buf_init(&page, PAGE_MAX_BYTES);
	buf_init(&want, 1 << 24);
	buf_init(&got, 1 << 24);
	for (int i = 0; i < 300; i++) {
		random_content(&r, &c, 1 + rng_below(&r, 400),
		    1 + rng_below(&r, 300));
		buf_reset(&want);
		buf_reset(&got);
		assert_ok(build(&c, &page));
		assert_ok(page_validate(page.data, page.len));
		(void)pageuse_all(page.data);
		content_normalise(&c);
		content_stream(&c, &want);
		content_stream_page(page.data, &got);
		assert_int_equal(want.len, got.len);
		assert_memory_equal(want.data, got.data, want.len);
		assert_int_equal(page_n_records(page.data), c.n);
	}
	content_free(&c);
	buf_fini(&page);
	buf_fini(&want);
	buf_fini(&got);
}

TEST(page_bytes_do_not_depend_on_the_order_received)
{
	struct rng r = rng_seed_of_test("page_order");
	struct content c = { 0 };
	struct buf a, b;

	buf_init(&a, PAGE_MAX_BYTES);
	buf_init(&b, PAGE_MAX_BYTES);
	for (int i = 0; i < 200; i++) {
		random_content(&r, &c, 1 + rng_below(&r, 200), 20);
		assert_ok(build(&c, &a));
		for (size_t k = 0; k < c.n; k++)
			c.rr[k].order = (uint32_t)rng_u64(&r);
		qsort(c.rr, c.n, sizeof(*c.rr), content_by_key);
		assert_ok(build(&c, &b));
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.data, b.data, a.len);
	}
	content_free(&c);
	buf_fini(&a);
	buf_fini(&b);
}

TEST(page_find_and_seek_agree_with_a_sorted_list)
{
	struct rng r = rng_seed_of_test("page_find");
	struct content c = { 0 };
	struct buf page;

	buf_init(&page, PAGE_MAX_BYTES);
	for (int i = 0; i < 100; i++) {
		unsigned n;

		random_content(&r, &c, 1 + rng_below(&r, 300), 200);
		assert_ok(build(&c, &page));
		n = page_n_names(page.data);
		for (int k = 0; k < 300; k++) {
			struct content_rr probe;
			struct page_name name;
			unsigned want = 0, got;
			bool exact, want_exact = false;
			uint16_t off;

			content_random_rr(&r, 250, &probe);
			while (want < n) {
				page_name_at(page.data, want, &name);
				int d = ownerkey_compare(name.key,
				    name.key_len, probe.key, probe.key_len);

				want_exact = d == 0;
				if (d >= 0)
					break;
				want++;
			}
			got = page_seek(page.data, probe.key, probe.key_len,
			    &exact);
			for (unsigned g = 0; g <= page_n_names(page.data) + 9u;
			    g += 3) {
				bool near_exact;

				assert_int_equal(page_seek_near(page.data, g,
				    probe.key, probe.key_len, &near_exact),
				    got);
				assert_int_equal(near_exact, exact);
			}
			assert_int_equal(got, want);
			assert_int_equal(exact, want_exact);
			off = page_find(page.data, probe.key, probe.key_len,
			    page_hash(probe.key, probe.key_len));
			assert_int_equal(off != 0, want_exact);
		}
	}
	content_free(&c);
	buf_fini(&page);
}

TEST(page_validate_refuses_damage_or_the_page_is_still_safe)
{
	struct rng r = rng_seed_of_test("page_damage");
	struct content c = { 0 };
	unsigned n_accepted = 0, n_tried = 0;
	struct buf page;
	uint8_t *copy;

	buf_init(&page, PAGE_MAX_BYTES);
	for (int i = 0; i < 200; i++) {
		random_content(&r, &c, 1 + rng_below(&r, 40), 20);
		assert_ok(build(&c, &page));
		for (int k = 0; k < 200; k++) {
			size_t len = page.len, n = 1 + rng_below(&r, 2);

			if (rng_once_in(&r, 10))
				len -= 4 * (1 + rng_below(&r, 8));
			copy = malloc(len);	/* exact, for ASan */
			assert_non_null(copy);
			memcpy(copy, page.data, len);
			while (n-- > 0)
				copy[rng_below(&r, (uint32_t)len)] ^=
				    (uint8_t)(1u << rng_below(&r, 8));
			n_tried++;
			if (page_validate(copy, len) == OK) {
				n_accepted++;
				(void)pageuse_all(copy);
			}
			free(copy);
		}
	}
	/* Accepted: changed addresses and TTLs of single records, mostly. */
	assert_true(n_accepted < n_tried / 2);
	content_free(&c);
	buf_fini(&page);
}

TEST(page_validate_refuses_each_kind_of_lie)
{
	struct content c = { 0 };
	struct content_rr rr = { .key = "\0www", .key_len = 5, .type = 1,
	    .ttl = 60, .rdlen = 4 };
	struct buf page;
	uint8_t copy[512];
	/* every single octet of the structure matters: */
	static const struct { size_t at; uint8_t xor; } lies[] = {
		{ 0, 1 }, { 3, 3 }, { 4, 4 }, { 8, 1 }, { 10, 4 }, { 12, 1 },
	};

	buf_init(&page, PAGE_MAX_BYTES);
	content_add(&c, &rr);
	assert_ok(build(&c, &page));
	assert_ok(page_validate(page.data, page.len));
	assert_true(page.len <= sizeof(copy));
	for (size_t i = 0; i < COUNT_OF(lies); i++) {
		memcpy(copy, page.data, page.len);
		copy[lies[i].at] ^= lies[i].xor;
		assert_err(page_validate(copy, page.len), ERR_MALFORMED);
	}
	for (size_t n = 0; n < page.len; n++) {
		memcpy(copy, page.data, page.len);
		assert_err(page_validate(copy, n), ERR_MALFORMED);
	}
	content_free(&c);
	buf_fini(&page);
}

TEST(page_sets_have_their_signatures_behind_and_orphans_are_kept)
{
	static const struct content_rr rrs[] = {
		{ .key = "\0", .key_len = 1, .type = 46, .ttl = 300,
		  .rdata = "\0\1\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0sig-a",
		  .rdlen = 24 },
		{ .key = "\0", .key_len = 1, .type = 46, .ttl = 200,
		  .rdata = "\0\34\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0sig-b",
		  .rdlen = 24 },
		{ .key = "\0", .key_len = 1, .type = 1, .ttl = 60,
		  .rdata = "\12\0\0\1", .rdlen = 4 },
		{ .key = "\0", .key_len = 1, .type = 1, .ttl = 50,
		  .rdata = "\12\0\0\2", .rdlen = 4 },
	};
	struct content c = { 0 };
	struct page_name name;
	struct page_set set;
	struct page_rr rr;
	struct buf page;

	buf_init(&page, PAGE_MAX_BYTES);
	for (size_t i = 0; i < COUNT_OF(rrs); i++)
		content_add(&c, &rrs[i]);
	assert_ok(build(&c, &page));
	assert_ok(page_validate(page.data, page.len));
	page_name_at(page.data, 0, &name);
	assert_int_equal(name.n_sets, 2);
	assert_true(page_set_find(&name, 1, &set));
	assert_int_equal(set.n_rr, 2);
	assert_int_equal(set.flags, PAGE_SET_IRREGULAR);
	assert_int_equal(set.sig_len, 36);
	page_rr_read(set.rr, &rr);
	assert_int_equal(rr.ttl, 50);
	page_rr_read(set.sig, &rr);
	assert_int_equal(rr.ttl, 300);
	assert_true(page_set_find(&name, 46, &set));
	assert_int_equal(set.n_rr, 1);
	assert_int_equal(set.sig_len, 0);
	content_free(&c);
	buf_fini(&page);
}

/* a set that is longer than a message is no page, hence no zone. */
TEST(page_limits_are_refused_with_the_type)
{
	struct content c = { 0 };
	struct content_rr rr = { .key = "\0", .key_len = 1, .type = 65280,
	    .ttl = 1, .rdlen = 300 };
	struct buf page;

	buf_init(&page, PAGE_MAX_BYTES);
	/* 196 * 312 = 61152 fits, one more does not. */
	for (unsigned i = 0; i < 196; i++) {
		rr.rdata[0] = (uint8_t)i;
		content_add(&c, &rr);
	}
	assert_ok(build(&c, &page));
	assert_ok(page_validate(page.data, page.len));
	rr.rdata[0] = 200;
	content_add(&c, &rr);
	assert_err(build(&c, &page), ERR_LIMIT);
	c.n--;
	for (unsigned i = 0; i < 600; i++) {	/* three sets of 196 KiB */
		rr.type = (uint16_t)(65281 + i / 190);
		rr.rdata[0] = (uint8_t)i;
		rr.rdata[1] = (uint8_t)(i >> 8);
		content_add(&c, &rr);
	}
	assert_err(build(&c, &page), ERR_LIMIT);
	c.n = 0;
	for (unsigned i = 0; i < PAGE_SETS_MAX + 1; i++) {
		rr.type = (uint16_t)(60000 + i);
		rr.rdlen = 0;
		content_add(&c, &rr);
		assert_err(build(&c, &page), i < PAGE_SETS_MAX ? OK :
		    ERR_LIMIT);
	}
	content_free(&c);
	buf_fini(&page);
}

TEST(page_with_mined_collisions_is_still_searched)
{
	static struct pagebuild_entry entries[64];
	struct content_rr rr = { .type = 1, .ttl = 60, .rdlen = 4 };
	struct buf bytes, page;
	size_t n = 0;
	uint16_t type;

	/* 64 names, 128 slots, 32 groups: take only names of group 3. */
	buf_init(&bytes, PAGE_MAX_BYTES);
	buf_init(&page, PAGE_MAX_BYTES);
	for (unsigned i = 0; n < 64; i++) {
		struct pagebuild_item item = { .rdata = rr.rdata, .rdlen = 4,
		    .type = 1, .ttl = 60 };

		rr.key_len = (uint16_t)(2 + snprintf((char *)rr.key + 1, 20,
		    "n%08u", i));
		if (page_slot_of(page_hash(rr.key, rr.key_len), 128) != 12)
			continue;
		assert_ok(pagebuild_name(rr.key, rr.key_len, &item, 1, &bytes,
		    &entries[n++], &type));
	}
	assert_ok(pagebuild_page(entries, n, bytes.data, &page));
	assert_ok(page_validate(page.data, page.len));
	(void)pageuse_all(page.data);
	buf_fini(&bytes);
	buf_fini(&page);
}
