/*
 * test_rrchange.c - what is left of the records of one owner after an IXFR.
 */
#include "common/dns/rrchange.h"
#include "tests/lib/test.h"

static struct buf items, bytes, page;

static int
setup(void **state)
{
	(void)state;
	buf_init(&items, 1 << 20);
	buf_init(&bytes, 1 << 20);
	buf_init(&page, PAGE_MAX_BYTES);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	buf_fini(&items);
	buf_fini(&bytes);
	buf_fini(&page);
	return 0;
}

#define CASE(what)	TEST_WITH(what, setup, teardown)

enum { OLD = -1 };

/* A record: old, or change number @at in time, added or deleted. */
static void
put(int at, bool is_delete, uint16_t type, const char *rdata, uint16_t len,
    uint32_t ttl)
{
	struct pagebuild_item it = { .rdata = (const uint8_t *)rdata,
	    .rdlen = len, .type = type, .ttl = ttl,
	    .seq = at == OLD ? 0 : rrchange_seq((size_t)at, is_delete) };

	assert_ok(buf_bytes(&items, &it, sizeof(it)));
}

#define ADD(at, data, ttl)	put(at, false, RRTYPE_A, data, 4, ttl)
#define DELETE(at, data)	put(at, true, RRTYPE_A, data, 4, 0)

static size_t
n_left(void)
{
	return items.len / sizeof(struct pagebuild_item);
}

static const struct pagebuild_item *
left(size_t i)
{
	return (const struct pagebuild_item *)(void *)items.data + i;
}

static enum err
apply(uint16_t *out_type)
{
	*out_type = 0;
	return rrchange_apply(&items, out_type);
}

#define ONE	"\300\0\2\1"
#define TWO	"\300\0\2\2"
#define THREE	"\300\0\2\3"

TEST(places_in_time_sort_behind_what_was_there)
{
	assert_true(rrchange_seq(0, false) > 0);
	assert_true(rrchange_seq(0, true) > 0);
	assert_true(rrchange_seq(1, false) > rrchange_seq(0, true));
	assert_int_equal(rrchange_seq(7, true) & 1, 1);
	assert_int_equal(rrchange_seq(7, false) & 1, 0);
}

CASE(what_is_not_named_stays)
{
	uint16_t type;

	ADD(OLD, ONE, 60);
	ADD(OLD, TWO, 60);
	DELETE(0, ONE);
	ADD(1, THREE, 30);
	assert_ok(apply(&type));
	assert_int_equal(n_left(), 2);
	assert_memory_equal(left(0)->rdata, TWO, 4);
	assert_int_equal(left(0)->ttl, 60);
	assert_memory_equal(left(1)->rdata, THREE, 4);
	assert_int_equal(left(1)->ttl, 30);
}

CASE(nothing_upon_nothing_is_nothing)
{
	uint16_t type;

	assert_ok(apply(&type));
	assert_int_equal(n_left(), 0);
}

CASE(all_records_may_go)
{
	uint16_t type;

	ADD(OLD, ONE, 60);
	DELETE(0, ONE);
	assert_ok(apply(&type));
	assert_int_equal(n_left(), 0);
}

CASE(deleting_what_is_not_there_does_not_fit)
{
	uint16_t type;

	ADD(OLD, ONE, 60);
	DELETE(0, TWO);
	assert_err(apply(&type), ERR_MISMATCH);
	assert_int_equal(type, RRTYPE_A);
}

CASE(adding_what_is_there_does_not_fit)
{
	uint16_t type;

	ADD(OLD, ONE, 60);
	put(OLD, false, RRTYPE_TXT, "\1x", 2, 60);
	put(0, false, RRTYPE_TXT, "\1x", 2, 30);
	assert_err(apply(&type), ERR_MISMATCH);
	assert_int_equal(type, RRTYPE_TXT);
}

CASE(deleting_twice_does_not_fit)
{
	uint16_t type;

	ADD(OLD, ONE, 60);
	DELETE(0, ONE);
	DELETE(1, ONE);
	assert_err(apply(&type), ERR_MISMATCH);
}

CASE(a_ttl_changes_by_delete_and_add)
{
	uint16_t type;

	ADD(OLD, ONE, 60);
	DELETE(0, ONE);
	ADD(1, ONE, 30);
	assert_ok(apply(&type));
	assert_int_equal(n_left(), 1);
	assert_int_equal(left(0)->ttl, 30);
}

CASE(the_same_two_changes_in_the_other_order_do_not_fit)
{
	uint16_t type;

	ADD(OLD, ONE, 60);
	ADD(0, ONE, 30);
	DELETE(1, ONE);
	assert_err(apply(&type), ERR_MISMATCH);
}

CASE(time_counts_not_the_order_in_the_list)
{
	uint16_t type;

	ADD(5, ONE, 5);
	DELETE(4, ONE);
	ADD(3, ONE, 3);
	DELETE(2, ONE);
	ADD(OLD, ONE, 60);
	assert_ok(apply(&type));
	assert_int_equal(n_left(), 1);
	assert_int_equal(left(0)->ttl, 5);
}

CASE(the_spelling_of_the_last_add_counts)
{
	uint16_t type;

	put(OLD, false, RRTYPE_NS, "\2ns", 4, 60);
	put(0, true, RRTYPE_NS, "\2NS", 4, 60);	/* another spelling fits */
	put(1, false, RRTYPE_NS, "\2Ns", 4, 60);
	assert_ok(apply(&type));
	assert_int_equal(n_left(), 1);
	assert_memory_equal(left(0)->rdata, "\2Ns", 4);
}

CASE(the_ttl_of_a_delete_says_nothing)
{
	uint16_t type;

	ADD(OLD, ONE, 60);
	put(0, true, RRTYPE_A, ONE, 4, 12345);
	assert_ok(apply(&type));
	assert_int_equal(n_left(), 0);
}

/* Random lives against a list of three records that are there or not. */
CASE(random_changes_equal_a_naive_model)
{
	static const char *const rdata[] = { ONE, TWO, THREE };
	struct test_rand r = test_rand_make(test_seed(7));

	for (int turn = 0; turn < 2000; turn++) {
		uint32_t ttl[3] = { 0 }, n = test_rand_below(&r, 8);
		uint16_t type;
		bool fits = true;
		size_t want = 0;

		buf_reset(&items);
		for (uint32_t k = 0; k < 3; k++)
			if (test_rand_below(&r, 2) == 0)
				ADD(OLD, rdata[k], ttl[k] = 1000 + k);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t k = test_rand_below(&r, 3);
			bool del = ttl[k] != 0;

			if (test_rand_below(&r, 12) == 0)
				del = !del;
			fits = fits && del == (ttl[k] != 0);
			put((int)i, del, RRTYPE_A, rdata[k], 4, i + 1);
			ttl[k] = del ? 0 : i + 1;
		}
		assert_err(apply(&type), fits ? OK : ERR_MISMATCH);
		for (uint32_t k = 0; fits && k < 3; k++)
			if (ttl[k] != 0) {
				assert_memory_equal(left(want)->rdata,
				    rdata[k], 4);
				assert_int_equal(left(want++)->ttl, ttl[k]);
			}
		if (fits)
			assert_int_equal(n_left(), want);
	}
}

/* ------------------------------------------------- against a page */

#define SIG_A	"\0\1\10\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0s"
#define SIG_TXT	"\0\20\10\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0s"

/* A page with one owner of these items; what stands in it. */
static struct page_name
owner(struct pagebuild_item *list, size_t n)
{
	struct pagebuild_entry entry;
	struct page_name name;
	uint16_t type;

	assert_ok(pagebuild_name((const uint8_t *)"\0a", 3, list, n, &bytes,
	    &entry, &type));
	assert_ok(pagebuild_page(&entry, 1, bytes.data, &page));
	assert_ok(page_validate(page.data, page.len));
	page_name_at(page.data, 0, &name);
	return name;
}

#define ITEM(t, l, data) { .type = (t), .ttl = (l), \
	.rdata = (const uint8_t *)(data), .rdlen = sizeof(data) - 1 }

CASE(the_old_records_are_all_those_of_the_page)
{
	struct pagebuild_item list[] = { ITEM(RRTYPE_A, 60, ONE),
	    ITEM(RRTYPE_A, 60, TWO), ITEM(RRTYPE_RRSIG, 30, SIG_A),
	    ITEM(RRTYPE_TXT, 5, "\1x"), ITEM(RRTYPE_TXT, 6, "\1y") };
	struct page_name name = owner(list, COUNT_OF(list));

	assert_ok(rrchange_add_old(&name, &items));
	assert_int_equal(n_left(), 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(left(i)->seq, 0);
	assert_int_equal(left(0)->type, RRTYPE_A);
	assert_memory_equal(left(1)->rdata, TWO, 4);
	assert_int_equal(left(2)->type, RRTYPE_RRSIG);
	assert_int_equal(left(2)->ttl, 30);
	assert_int_equal(left(2)->irregular, 0);
	assert_int_equal(left(3)->type, RRTYPE_TXT);
	assert_int_equal(left(3)->ttl, 5);
	assert_int_equal(left(3)->irregular, 1);
	assert_true(left(4)->rdata > page.data);	/* borrowed */
	assert_true(left(4)->rdata < page.data + page.len);
}

CASE(a_change_of_an_irregular_set_is_vague)
{
	struct pagebuild_item list[] = { ITEM(RRTYPE_A, 60, ONE),
	    ITEM(RRTYPE_A, 61, TWO), ITEM(RRTYPE_TXT, 5, "\1x") };
	struct pagebuild_item a = ITEM(RRTYPE_A, 1, THREE),
	    txt = ITEM(RRTYPE_TXT, 1, "\1z"), mx = { .type = RRTYPE_MX },
	    sig_a = ITEM(RRTYPE_RRSIG, 1, SIG_A),
	    sig_txt = ITEM(RRTYPE_RRSIG, 1, SIG_TXT);
	struct page_name name = owner(list, COUNT_OF(list));

	assert_true(rrchange_is_vague(&name, &a));
	assert_true(rrchange_is_vague(&name, &sig_a));	/* by what it covers */
	assert_false(rrchange_is_vague(&name, &txt));
	assert_false(rrchange_is_vague(&name, &sig_txt));
	assert_false(rrchange_is_vague(&name, &mx));
}

CASE(irregular_signatures_over_nothing_make_every_change_vague)
{
	struct pagebuild_item list[] = { ITEM(RRTYPE_A, 60, ONE),
	    ITEM(RRTYPE_RRSIG, 60, SIG_TXT), ITEM(RRTYPE_RRSIG, 61,
	    "\0\20\10\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0t") };
	struct pagebuild_item a = ITEM(RRTYPE_A, 1, THREE);
	struct page_name name = owner(list, COUNT_OF(list));

	assert_true(rrchange_is_vague(&name, &a));
	name = owner(list, 1);
	assert_false(rrchange_is_vague(&name, &a));
}
