/*
 * test_pagebuild.c - records to entries, entries to pages, byte by byte.
 *
 * Random content against a model is in test_page.c.
 */
#include "common/dns/pagebuild.h"
#include "common/dns/rr.h"
#include "tests/lib/test.h"

static const uint8_t www[] = "\0www";		/* with its final 00 */
static const uint8_t a1[] = { 192, 0, 2, 1 }, a2[] = { 192, 0, 2, 2 };

#define ITEM(t, l, data) (struct pagebuild_item){ .type = (t), .ttl = (l), \
	.rdata = (const uint8_t *)(data), .rdlen = sizeof(data) - 1 }
#define ITEM_A(l, data) (struct pagebuild_item){ .type = RRTYPE_A, \
	.ttl = (l), .rdata = (data), .rdlen = 4 }
/* An RRSIG over a type, told apart by its last octet. */
#define SIG_A	"\0\1\10\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0s"
#define SIG_TXT	"\0\20\10\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0s"
#define SIG_NSEC3 "\0\62\10\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0s"

static struct buf bytes, page;
static struct pagebuild_entry entry;
static struct page_name name;

static int
setup(void **state)
{
	(void)state;
	buf_init(&bytes, 4 * PAGE_MAX_BYTES);
	buf_init(&page, PAGE_MAX_BYTES);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_fini(&bytes);
	buf_fini(&page);
	return 0;
}

#define CASE(what)	TEST_WITH(what, setup, teardown)

static enum err
add(const uint8_t *key, size_t len, struct pagebuild_item *items, size_t n)
{
	uint16_t type;

	return pagebuild_name(key, len, items, n, &bytes, &entry, &type);
}

/* One owner as a page that is valid; its name in @name. */
static void
page_of(struct pagebuild_item *items, size_t n)
{
	assert_ok(add(www, sizeof(www), items, n));
	assert_ok(pagebuild_page(&entry, 1, bytes.data, &page));
	assert_ok(page_validate(page.data, page.len));
	page_name_at(page.data, 0, &name);
}

static struct page_set
set_of(uint16_t type)
{
	struct page_set s;

	assert_true(page_set_find(&name, type, &s));
	return s;
}

static uint32_t
ttl_of(const uint8_t *rr)
{
	struct page_rr r;

	(void)page_rr_read(rr, &r);
	return r.ttl;
}

CASE(an_entry_is_what_the_format_says)
{
	static const uint8_t want[] = {
		5, 0, 0, 1,				/* key, flags, sets */
		0, 'w', 'w', 'w', 0, 0, 0, 0,		/* padded */
		1, 0, 1, 0, 16, 0, 0, 0,		/* A, 1, bytes, sigs */
		0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1,
	};
	struct pagebuild_item item = ITEM_A(300, a1);

	assert_ok(add(www, sizeof(www), &item, 1));
	assert_int_equal(bytes.len, sizeof(want));
	assert_memory_equal(bytes.data, want, sizeof(want));
	assert_int_equal(entry.off, 0);
	assert_int_equal(entry.len, sizeof(want));
	assert_int_equal(entry.n_records, 1);
	assert_true(entry.hash == page_hash(www, sizeof(www)));
}

CASE(nsec3_and_its_signatures_have_a_tree_of_their_own)
{
	assert_int_equal(pagebuild_tree(RRTYPE_A, a1, 4),
	    OWNERKEY_TREE_NORMAL);
	assert_int_equal(pagebuild_tree(RRTYPE_NSEC3, NULL, 0),
	    OWNERKEY_TREE_NSEC3);
	assert_int_equal(pagebuild_tree(RRTYPE_RRSIG,
	    (const uint8_t *)SIG_A, 20), OWNERKEY_TREE_NORMAL);
	assert_int_equal(pagebuild_tree(RRTYPE_RRSIG,
	    (const uint8_t *)SIG_NSEC3, 20), OWNERKEY_TREE_NSEC3);
	/* NSEC3PARAM is the apex's. */
	assert_int_equal(pagebuild_tree(RRTYPE_NSEC3PARAM, NULL, 0),
	    OWNERKEY_TREE_NORMAL);
}

CASE(a_set_has_the_least_of_its_ttls_and_remembers_that_they_differed)
{
	struct pagebuild_item items[] = { ITEM_A(300, a1), ITEM_A(60, a2),
	    ITEM(RRTYPE_TXT, 900, "\1x") };

	page_of(items, 3);
	assert_int_equal(set_of(RRTYPE_A).n_rr, 2);
	assert_int_equal(ttl_of(set_of(RRTYPE_A).rr), 60);
	assert_int_equal(ttl_of(set_of(RRTYPE_A).rr + 16), 60);
	assert_int_equal(set_of(RRTYPE_A).flags, PAGE_SET_IRREGULAR);
	assert_int_equal(ttl_of(set_of(RRTYPE_TXT).rr), 900);
	assert_int_equal(set_of(RRTYPE_TXT).flags, 0);
}

CASE(a_ttl_with_the_top_bit_is_none)
{
	struct pagebuild_item items[] = { ITEM_A(UINT32_C(0x80000001), a1) };

	page_of(items, 1);
	assert_int_equal(ttl_of(set_of(RRTYPE_A).rr), 0);
}

CASE(a_record_that_comes_twice_is_there_once)
{
	struct pagebuild_item items[] = { ITEM_A(60, a2), ITEM_A(60, a1),
	    ITEM_A(60, a2) };

	page_of(items, 3);
	assert_int_equal(set_of(RRTYPE_A).n_rr, 2);
	assert_int_equal(set_of(RRTYPE_A).flags, 0);
	assert_memory_equal(set_of(RRTYPE_A).rr + 12, a1, 4);
	assert_memory_equal(set_of(RRTYPE_A).rr + 28, a2, 4);
	assert_int_equal(page_n_records(page.data), 2);
}

CASE(two_spellings_of_a_name_are_one_record_and_remembered)
{
	struct pagebuild_item items[] = { ITEM(RRTYPE_NS, 60, "\2ns\1b\0"),
	    ITEM(RRTYPE_NS, 60, "\2NS\1b\0") };

	items[0].rdlen = items[1].rdlen = 6;
	page_of(items, 2);
	assert_int_equal(set_of(RRTYPE_NS).n_rr, 1);
	assert_memory_equal(set_of(RRTYPE_NS).rr + 12, "\2NS\1b\0", 6);
	assert_int_equal(set_of(RRTYPE_NS).flags, PAGE_SET_IRREGULAR);
	assert_int_equal(name.flags, PAGE_HAS_NS);
}

CASE(signatures_stand_behind_what_they_cover_or_alone)
{
	struct pagebuild_item items[] = { ITEM(RRTYPE_RRSIG, 60, SIG_TXT),
	    ITEM(RRTYPE_RRSIG, 30, SIG_A), ITEM_A(60, a1) };
	struct page_set s;

	page_of(items, 3);
	s = set_of(RRTYPE_A);
	assert_int_equal(s.n_rr, 1);
	assert_int_equal(s.sig_len, 12 + 20);
	assert_int_equal(ttl_of(s.rr), 60);
	assert_int_equal(ttl_of(s.sig), 30);	/* a TTL of its own */
	assert_int_equal(s.flags, 0);
	assert_int_equal(set_of(RRTYPE_RRSIG).n_rr, 1);
	assert_false(page_set_find(&name, RRTYPE_TXT, &s));
}

CASE(what_is_too_large_is_refused_by_type_and_leaves_nothing)
{
	static uint8_t text[32000];
	struct pagebuild_item items[3] = { ITEM_A(60, a1) };
	uint16_t type = 0;

	/* Character-strings of 255 octets, different at the end. */
	for (size_t at = 0; at + 256 <= sizeof(text); at += 256)
		text[at] = 255;
	for (int i = 1; i < 3; i++)
		items[i] = (struct pagebuild_item){ .type = RRTYPE_TXT,
		    .ttl = 60, .rdata = text, .rdlen = (uint16_t)
		    (sizeof(text) / 256 * 256 - 256 * (size_t)i) };
	assert_err(pagebuild_name(www, sizeof(www), items, 3, &bytes, &entry,
	    &type), ERR_LIMIT);
	assert_int_equal(type, RRTYPE_TXT);
	assert_int_equal(bytes.len, 0);
	assert_ok(add(www, sizeof(www), items, 1));
}

CASE(a_full_buffer_takes_nothing)
{
	struct pagebuild_item item = ITEM_A(60, a1);
	struct buf small;

	buf_init(&small, 35);			/* the entry has 36 */
	assert_err(pagebuild_name(www, sizeof(www), &item, 1, &small, &entry,
	    &(uint16_t){ 0 }), ERR_LIMIT);
	assert_int_equal(small.len, 0);
	buf_fini(&small);
}

CASE(a_copied_entry_is_the_entry)
{
	struct pagebuild_item items[] = { ITEM_A(60, a1), ITEM_A(60, a2),
	    ITEM(RRTYPE_RRSIG, 60, SIG_A), ITEM(RRTYPE_TXT, 5, "\1x") };
	struct pagebuild_entry copy, made;

	page_of(items, 4);
	made = entry;
	assert_ok(pagebuild_copy(&name, &bytes, &copy));
	assert_int_equal(copy.off, made.len);
	assert_int_equal(copy.len, made.len);
	assert_int_equal(copy.n_records, 4);
	assert_true(copy.hash == made.hash);
	assert_memory_equal(bytes.data + copy.off, bytes.data, made.len);
}

CASE(a_page_counts_its_names_records_and_bytes)
{
	struct pagebuild_item one[] = { ITEM_A(60, a1) };
	struct pagebuild_item two[] = { ITEM_A(60, a1), ITEM_A(60, a2) };
	struct pagebuild_entry entries[2];

	assert_ok(add((const uint8_t *)"\0", 1, two, 2));
	entries[0] = entry;
	assert_ok(add(www, sizeof(www), one, 1));
	entries[1] = entry;
	assert_ok(pagebuild_page(entries, 2, bytes.data, &page));
	assert_int_equal(page.len, pagebuild_size(2, bytes.len));
	assert_int_equal(page_size(page.data), page.len);
	assert_int_equal(page_n_names(page.data), 2);
	assert_int_equal(page_n_records(page.data), 3);
	assert_ok(page_validate(page.data, page.len));
	/* Any run of entries, from anywhere in the buffer. */
	assert_ok(pagebuild_page(entries + 1, 1, bytes.data, &page));
	assert_int_equal(page.len, pagebuild_size(1, entries[1].len));
	assert_ok(page_validate(page.data, page.len));
}

CASE(a_page_that_passes_its_maximum_is_refused)
{
	static struct pagebuild_entry entries[9];
	static uint8_t text[30 * 256];
	struct pagebuild_item item = { .type = RRTYPE_TXT, .ttl = 1,
	    .rdata = text, .rdlen = sizeof(text) };
	struct pagebuild_item items[7];
	uint8_t key[] = "\0a";
	size_t n = 0;

	for (size_t at = 0; at < sizeof(text); at += 256)
		text[at] = 255;
	for (; n < COUNT_OF(entries); n++, key[1]++) {
		for (uint16_t i = 0; i < COUNT_OF(items); i++) {
			items[i] = item;
			items[i].rdlen = (uint16_t)(item.rdlen - 256 * i);
		}
		assert_ok(add(key, sizeof(key), items, 4));
		entries[n] = entry;
	}
	assert_true(bytes.len > PAGE_MAX_BYTES);
	assert_err(pagebuild_page(entries, n, bytes.data, &page), ERR_LIMIT);
	assert_ok(pagebuild_page(entries, n - 1, bytes.data, &page));
	assert_ok(page_validate(page.data, page.len));
}

CASE(an_owner_without_records_or_a_crooked_buffer_is_a_broken_promise)
{
	struct pagebuild_item item = ITEM_A(60, a1);

	expect_assert_failure((void)!add(www, sizeof(www), &item, 0));
	assert_ok(buf_u8(&bytes, 1));
	expect_assert_failure((void)!add(www, sizeof(www), &item, 1));
	expect_assert_failure((void)!pagebuild_page(&entry, 0, bytes.data,
	    &page));
}
