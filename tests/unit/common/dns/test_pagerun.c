/*
 * test_pagerun.c - names that wait for a page: how many go into the next.
 */
#include "common/dns/pagerun.h"
#include "tests/lib/test.h"

static struct pagerun run, other;
static struct buf page;

static int
setup(void **state)
{
	(void)state;
	pagerun_init(&run);
	pagerun_init(&other);
	buf_init(&page, PAGE_MAX_BYTES);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pagerun_fini(&run);
	pagerun_fini(&other);
	buf_fini(&page);
	return 0;
}

#define CASE(what)	TEST_WITH(what, setup, teardown)

enum { KEY_LEN = 9 };

static void
key_of(unsigned i, uint8_t key[KEY_LEN + 1])
{
	snprintf((char *)key + 1, KEY_LEN, "n%06u", i);
	key[0] = 0;
}

/* Name number @i with a TXT of so many octets. */
static void
add(struct pagerun *to, unsigned i, unsigned octets)
{
	static uint8_t text[65536];
	struct pagebuild_item item = { .type = RRTYPE_TXT, .ttl = 60,
	    .rdata = text };
	uint8_t key[KEY_LEN + 1];
	unsigned n = 0;
	uint16_t type;

	do {
		unsigned len = MIN(octets, 255u);

		text[n] = (uint8_t)len;
		n += 1 + len;
		octets -= len;
	} while (octets > 0);
	item.rdlen = (uint16_t)n;
	key_of(i, key);
	assert_ok(pagerun_add(to, key, KEY_LEN, &item, 1, &type));
}

static void
assert_key(const struct pagerun *r, size_t index, unsigned want)
{
	uint8_t key[KEY_LEN + 1];
	const uint8_t *got;
	size_t len;

	key_of(want, key);
	got = pagerun_key(r, index, &len);
	assert_int_equal(len, KEY_LEN);
	assert_memory_equal(got, key, KEY_LEN);
}

/* The first @n names as a page are valid, and are names @from and on. */
static void
assert_builds(const struct pagerun *r, size_t n, unsigned from)
{
	uint8_t key[KEY_LEN + 1];
	struct page_name name;

	assert_ok(pagerun_build(r, n, &page));
	assert_ok(page_validate(page.data, page.len));
	assert_int_equal(page_n_names(page.data), n);
	for (unsigned i = 0; i < n; i++) {
		page_name_at(page.data, i, &name);
		key_of(from + i, key);
		assert_int_equal(name.key_len, KEY_LEN);
		assert_memory_equal(name.key, key, KEY_LEN);
	}
}

CASE(a_run_knows_its_size_and_its_keys)
{
	assert_int_equal(pagerun_n(&run), 0);
	for (unsigned i = 0; i < 10; i++)
		add(&run, i, i * 30);
	assert_int_equal(pagerun_n(&run), 10);
	assert_key(&run, 0, 0);
	assert_key(&run, 9, 9);
	assert_builds(&run, 10, 0);
	assert_int_equal(pagerun_size(&run), page.len);
	expect_assert_failure((void)pagerun_key(&run, 10, &(size_t){ 0 }));
}

CASE(dropped_names_are_gone_and_the_rest_still_builds)
{
	for (unsigned i = 0; i < 50; i++)
		add(&run, i, 100 + i);
	pagerun_drop(&run, 20);
	assert_int_equal(pagerun_n(&run), 30);
	assert_key(&run, 0, 20);
	assert_key(&run, 29, 49);
	assert_builds(&run, 30, 20);
	assert_int_equal(pagerun_size(&run), page.len);
	pagerun_drop(&run, 30);
	assert_int_equal(pagerun_n(&run), 0);
	assert_int_equal(run.bytes.len, 0);
}

CASE(joined_runs_are_one)
{
	for (unsigned i = 0; i < 30; i++)
		add(i < 12 ? &run : &other, i, 10 * i);
	assert_ok(pagerun_join(&run, &other));
	assert_int_equal(pagerun_n(&run), 30);
	assert_int_equal(pagerun_n(&other), 18);
	assert_key(&run, 12, 12);
	assert_key(&run, 29, 29);
	assert_builds(&run, 30, 0);
	pagerun_reset(&other);
	assert_ok(pagerun_join(&run, &other));
	assert_int_equal(pagerun_n(&run), 30);
	/* Onto nothing, too. */
	assert_ok(pagerun_join(&other, &run));
	assert_builds(&other, 30, 0);
}

CASE(a_copied_page_makes_the_same_page)
{
	struct buf again;

	for (unsigned i = 0; i < 40; i++)
		add(&run, i, 7 * i);
	assert_ok(pagerun_build(&run, 40, &page));
	assert_ok(pagerun_copy_page(&other, page.data));
	assert_int_equal(pagerun_n(&other), 40);
	buf_init(&again, PAGE_MAX_BYTES);
	assert_ok(pagerun_build(&other, 40, &again));
	assert_int_equal(again.len, page.len);
	assert_memory_equal(again.data, page.data, page.len);
	buf_fini(&again);
}

CASE(two_names_go_one_each)
{
	add(&run, 0, 10);
	add(&run, 1, 10);
	assert_int_equal(pagerun_choose(&run), 1);
	pagerun_drop(&run, 1);
	expect_assert_failure((void)pagerun_choose(&run));
}

CASE(a_short_run_is_cut_in_half)
{
	size_t n, size;

	for (unsigned i = 0; i < 100; i++)
		add(&run, i, 200);
	size = pagerun_size(&run);
	assert_true(size > PAGE_TARGET_BYTES);
	assert_true(size <= PAGERUN_CUT_BYTES);
	n = pagerun_choose(&run);
	assert_in_range(n, 49, 52);
	assert_builds(&run, n, 0);
}

CASE(a_long_run_gives_full_pages)
{
	for (unsigned i = 0; i < 300; i++)
		add(&run, i, 200);
	assert_true(pagerun_size(&run) > PAGERUN_CUT_BYTES);
	assert_ok(pagerun_build(&run, pagerun_choose(&run), &page));
	assert_in_range(page.len, PAGE_FILL_BYTES, PAGE_FILL_BYTES + 300);
}

CASE(a_name_larger_than_a_page_is_alone_in_it)
{
	add(&run, 0, 40000);
	add(&run, 1, 10);
	assert_int_equal(pagerun_choose(&run), 1);
	/* And what stands before it does not take it along. */
	pagerun_reset(&run);
	add(&run, 0, 10);
	add(&run, 1, 40000);
	add(&run, 2, 10);
	assert_int_equal(pagerun_choose(&run), 1);
	pagerun_drop(&run, 1);
	assert_int_equal(pagerun_choose(&run), 1);
}

CASE(no_page_but_of_one_name_passes_the_target_and_one_name_stays)
{
	struct test_rand r = test_rand_make(test_seed(3));

	for (int turn = 0; turn < 200; turn++) {
		unsigned n = 2 + test_rand_below(&r, 60);

		pagerun_reset(&run);
		for (unsigned i = 0; i < n; i++)
			add(&run, i, test_rand_below(&r, 12) == 0 ?
			    test_rand_below(&r, 20000) :
			    test_rand_below(&r, 900));
		for (unsigned from = 0; pagerun_n(&run) > 1; ) {
			size_t k = pagerun_choose(&run);

			assert_in_range(k, 1, pagerun_n(&run) - 1);
			assert_builds(&run, k, from);
			if (k > 1)
				assert_true(page.len <= PAGE_TARGET_BYTES);
			pagerun_drop(&run, k);
			from += (unsigned)k;
		}
	}
}

CASE(a_run_is_bounded_and_says_so)
{
	uint8_t key[KEY_LEN + 1];
	struct pagebuild_item item;
	static uint8_t text[255 * 200];
	enum err e = OK;
	uint16_t type;
	unsigned i;

	for (i = 0; i < sizeof(text); i += 255)
		text[i] = 254;
	for (i = 0; e == OK && i < 1000; i++) {
		item = (struct pagebuild_item){ .type = RRTYPE_TXT,
		    .rdata = text, .rdlen = sizeof(text) };
		key_of(i, key);
		e = pagerun_add(&run, key, KEY_LEN, &item, 1, &type);
	}
	assert_err(e, ERR_LIMIT);
	assert_true(run.bytes.len <= PAGERUN_MAX_BYTES);
	assert_int_equal(pagerun_n(&run), i - 1);
	assert_true(PAGERUN_MAX_BYTES - run.bytes.len < sizeof(text) + 200);
	pagerun_reset(&run);
	add(&run, 0, 10);
	assert_int_equal(pagerun_n(&run), 1);
}
