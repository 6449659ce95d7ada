/* Looking things up in the cache: the directory by hand, trees by a model. */
#include "tests/lib/test.h"

#include <ctype.h>

#include "common/base/base.h"
#include "common/dns/dname.h"
#include "dnsd/cache_view.h"
#include "tests/lib/testcache.h"

/* ------------------------------------------------------- directory */

enum { SLOTS = 8 };

static _Alignas(64) struct cache_slot slots[SLOTS];
static struct cache_view_dir dir = { .slots = slots, .mask = SLOTS - 1 };

static int
empty_directory(void **state)
{
	(void)state;
	memset(slots, 0, sizeof(slots));
	return 0;
}

static void
put(unsigned i, uint64_t tag, uint64_t stripes)
{
	atomic_store(&slots[i].tag, tag);
	atomic_store(&slots[i].stripes, stripes);
}

static const struct cache_slot *
probe(uint64_t hash, unsigned stripe, uint64_t n)
{
	uint64_t passed = 99;
	const struct cache_slot *s = cache_view_probe(&dir, hash, stripe, n,
	    &passed);

	if (s != NULL)
		assert_ptr_equal(s, &slots[(hash + passed) & dir.mask]);
	return s;
}

#define DIRECTORY(what)	TEST_WITH(what, empty_directory, NULL)

DIRECTORY(a_probe_ends_at_a_free_slot)
{
	put(3, CACHE_TAG(0x33), 1);
	put(4, CACHE_TAG(0x43), 1);
	assert_ptr_equal(probe(0x33, 0, 0), &slots[3]);
	assert_ptr_equal(probe(0x43, 0, 0), &slots[4]);
	put(6, CACHE_TAG(0x53), 1);		/* behind the free one */
	assert_null(probe(0x53, 0, 0));
}

DIRECTORY(a_probe_passes_tombstones_and_wraps_around)
{
	put(6, CACHE_TAG_TOMBSTONE, 1);
	put(7, CACHE_TAG_TOMBSTONE, 1);
	put(0, CACHE_TAG(0x16), 1);
	assert_ptr_equal(probe(0x16, 0, 0), &slots[0]);
}

DIRECTORY(a_probe_of_a_full_table_ends)
{
	for (unsigned i = 0; i < SLOTS; i++)
		put(i, CACHE_TAG_TOMBSTONE, 1);
	assert_null(probe(0x16, 0, 0));
	put(5, CACHE_TAG(0x16), 1);
	assert_ptr_equal(probe(0x16, 0, 0), &slots[5]);
	assert_null(probe(0x16, 0, 8));
}

DIRECTORY(a_slot_is_for_its_stripes_alone)
{
	put(2, CACHE_TAG(0x22), 1);
	put(3, CACHE_TAG(0x22), UINT64_C(1) << 63 | 2);
	assert_ptr_equal(probe(0x22, 0, 0), &slots[2]);
	assert_ptr_equal(probe(0x22, 1, 0), &slots[3]);
	assert_ptr_equal(probe(0x22, 63, 0), &slots[3]);
	assert_null(probe(0x22, 5, 0));
}

DIRECTORY(a_probe_goes_on_behind_a_slot_of_another_name)
{
	put(2, CACHE_TAG(0x22), 1);
	put(3, CACHE_TAG(0x22), 1);
	assert_ptr_equal(probe(0x22, 0, 0), &slots[2]);
	assert_ptr_equal(probe(0x22, 0, 1), &slots[3]);
	assert_null(probe(0x22, 0, 2));
}

TEST(no_table_holds_no_zone)
{
	_Alignas(64) static uint8_t arena[CACHE_SUPER_BYTES];
	struct cache_super *s = (void *)arena;
	struct cache_view_dir d;
	uint64_t n;

	memset(arena, 0, sizeof(arena));
	atomic_store(&s->label_counts[1], 5);
	s->hash_seed[0] = 7;
	cache_view_open_dir(arena, &d);
	assert_null(d.slots);
	assert_null(cache_view_probe(&d, 0x16, 0, 0, &n));
	assert_true(d.label_counts[1] == 5);
	assert_true(d.seed[0] == 7);
	atomic_store(&s->dir, (uint64_t)128 << 8 | 5);
	cache_view_open_dir(arena, &d);
	assert_ptr_equal(d.slots, arena + 128 * CACHE_UNIT);
	assert_true(d.mask == 31);
}

TEST(the_next_label_count_equals_a_naive_search)
{
	struct test_rand r = test_rand_make(test_seed(11));

	for (int turn = 0; turn < 500; turn++) {
		struct cache_view_dir d = { 0 };
		bool has[128] = { false };

		for (uint32_t i = test_rand_below(&r, 5); i > 0; i--)
			has[test_rand_below(&r, 128)] = true;
		for (int i = 0; i < 128; i++)
			if (has[i])
				d.label_counts[i / 64] |=
				    UINT64_C(1) << (i % 64);
		for (int n = -1; n < 128; n++) {
			int want = n;

			while (want >= 0 && !has[want])
				want--;
			assert_int_equal(cache_view_deeper(&d, n), want);
		}
	}
}

TEST(a_head_belongs_to_its_name_in_any_case)
{
	static const uint8_t apex[] = "\13long-enough\7example";
	_Alignas(32) uint8_t memory[256] = { 0 };
	struct cache_zone *z = (void *)memory;
	uint8_t name[sizeof(apex)];

	z->apex_len = sizeof(apex);
	memcpy(z->tail, apex, sizeof(apex));
	assert_true(cache_view_is_zone(z, apex, sizeof(apex)));
	for (size_t i = 0; i < sizeof(apex); i++)
		name[i] = (uint8_t)toupper(apex[i]);
	assert_true(cache_view_is_zone(z, name, sizeof(apex)));
	assert_false(cache_view_is_zone(z, apex, sizeof(apex) - 1));
	/* Each octet counts, in the words and behind them. */
	for (size_t i = 0; i < sizeof(apex); i++) {
		memcpy(name, apex, sizeof(apex));
		name[i] ^= 1;
		assert_false(cache_view_is_zone(z, name, sizeof(apex)));
	}
	z->apex_len = 1;
	z->tail[0] = 0;
	assert_true(cache_view_is_zone(z, (const uint8_t *)"", 1));
}

/* ------------------------------------------------------------ trees */

enum { NAMES = 700 };

struct fixture {
	struct testcache cache;
	struct cache_view view;
	size_t n;
	struct ownerkey key[2 * NAMES];
};

static struct fixture f;

static int
by_key(const void *va, const void *vb)
{
	const struct ownerkey *a = va, *b = vb;

	return ownerkey_compare(a->bytes, a->len, b->bytes, b->len);
}

/* Names that share long prefixes and differ late, or early. */
static void
random_owner(struct test_rand *r, char *out, size_t size)
{
	static const char *const stem[] = { "", "a", "host-in-the-same-rack-",
	    "zz", "_", "0" };

	snprintf(out, size, "%s%u%s.example.",
	    stem[test_rand_below(r, COUNT_OF(stem))], test_rand_below(r, 400),
	    test_rand_below(r, 3) == 0 ? ".sub" : "");
}

static void
wire_of(const char *text, uint8_t *out)
{
	size_t len;

	assert_ok(dname_parse(text, strlen(text), out, &len));
}

/* A zone of random names in pages of so many bytes, nodes of so many. */
static void
build(struct test_rand *r, size_t page_bytes, unsigned fanout)
{
	struct testcache_zone *z;
	struct cache_view_dir d;
	size_t kept = 1;

	testcache_init(&f.cache, (size_t)8 << 20);
	z = testcache_add_text(&f.cache, "example.",
	    "example. SOA ns.example. h.example. 1 2 3 4 5\n"
	    "example. NS ns.example.\n");
	z->page_bytes = page_bytes;
	z->fanout = fanout;
	for (int i = 0; i < NAMES; i++) {
		uint8_t owner[256];
		char text[256];

		random_owner(r, text, sizeof(text));
		wire_of(text, owner);
		testcache_add_record(z, owner, 1, 60,
		    (const uint8_t *)"\300\0\2\1", 4);
	}
	f.n = 0;
	for (size_t i = 0; i < z->n_records; i++) {
		const struct ownerkey *k = z->records[i].key;

		/* It is as long as it must be and no longer. */
		memcpy(&f.key[f.n++], k,
		    offsetof(struct ownerkey, bytes) + k->len);
	}
	qsort(f.key, f.n, sizeof(f.key[0]), by_key);
	for (size_t i = 1; i < f.n; i++)
		if (by_key(&f.key[kept - 1], &f.key[i]) != 0)
			f.key[kept++] = f.key[i];
	f.n = kept;
	testcache_publish(&f.cache);
	cache_view_open_dir(f.cache.arena, &d);
	f.view = (struct cache_view){ .arena = f.cache.arena };
	for (uint64_t i = 0; i <= d.mask && f.view.zone == NULL; i++)
		f.view.zone = cache_view_head(f.cache.arena, &d.slots[i]);
	assert_non_null(f.view.zone);
}

static int
nothing(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	testcache_fini(&f.cache);
	return 0;
}

static void
assert_name(const struct page_name *got, const struct ownerkey *want)
{
	assert_int_equal(got->key_len, want->len);
	assert_memory_equal(got->key, want->bytes, want->len);
}

/* Everything that may be asked about one key, against the sorted list. */
static void
compare_with_model(const struct ownerkey *key)
{
	struct cache_view_place place;
	struct page_name name;
	size_t i = 0;
	bool exact;

	while (i < f.n && by_key(&f.key[i], key) < 0)
		i++;
	exact = i < f.n && by_key(&f.key[i], key) == 0;
	assert_int_equal(cache_view_find(&f.view, key->bytes, key->len,
	    page_hash(key->bytes, key->len), &name), exact);
	assert_true(cache_view_covers(&f.view, key->bytes, key->len));
	if (exact)
		assert_name(&name, key);
	cache_view_place(&f.view, key->bytes, key->len, &place);
	assert_int_equal(place.exact, exact);
	assert_int_equal(place.has_next, i < f.n);
	if (i < f.n)
		assert_name(&place.next, &f.key[i]);
	assert_int_equal(place.has_previous, i > 0);
	if (i > 0)
		assert_name(&place.previous, &f.key[i - 1]);
	assert_int_equal(cache_view_before(&f.view, key->bytes, key->len,
	    &name), i > 0);
	if (i > 0)
		assert_name(&name, &f.key[i - 1]);
}

static void
lookups(size_t page_bytes, unsigned fanout, unsigned levels)
{
	struct test_rand r = test_rand_make(test_seed(page_bytes + fanout));
	uint8_t apex[256];

	build(&r, page_bytes, fanout);
	assert_true(f.view.zone->root_level >= levels);
	wire_of("example.", apex);
	for (size_t i = 0; i < f.n; i++)
		compare_with_model(&f.key[i]);
	for (int i = 0; i < 1000; i++) {
		struct ownerkey key;
		uint8_t owner[256];
		char text[256];

		random_owner(&r, text, sizeof(text));
		wire_of(text, owner);
		assert_ok(ownerkey_from_dname(owner, apex,
		    OWNERKEY_TREE_NORMAL, &key));
		compare_with_model(&key);
		/* The NSEC3 tree lies behind all of it. */
		key.bytes[0] = OWNERKEY_TREE_NSEC3;
		compare_with_model(&key);
	}
}

#define TREE(what)	TEST_WITH(what, nothing, teardown)

TREE(lookups_in_one_page_equal_a_sorted_list)
{
	lookups(PAGE_MAX_BYTES, 256, 0);
}

TREE(lookups_in_one_level_equal_a_sorted_list)
{
	lookups(1000, 256, 1);
}

TREE(lookups_in_many_levels_of_few_children_equal_a_sorted_list)
{
	lookups(300, 5, 3);
}

TREE(lookups_in_a_deep_tree_equal_a_sorted_list)
{
	lookups(100, 3, 4);
}

TREE(the_descent_by_steps_ends_at_the_same_page)
{
	struct test_rand r = test_rand_make(test_seed(5));

	build(&r, 400, 6);
	for (size_t i = 0; i < f.n; i++) {
		const struct ownerkey *k = &f.key[i];
		struct cache_view v = f.view;
		cache_ref ref = v.zone->root;
		uint16_t at;

		v.leaf = (struct cache_view_leaf){ 0 };
		for (unsigned l = v.zone->root_level; l > 0; l--)
			ref = cache_view_child(&v, cache_view_at(v.arena, ref),
			    k->bytes, k->len);
		assert_false(cache_view_covers(&v, k->bytes, k->len));
		v.leaf.page = cache_view_at(v.arena, ref);
		assert_true(cache_view_covers(&v, k->bytes, k->len));
		at = page_find(v.leaf.page, k->bytes, k->len,
		    page_hash(k->bytes, k->len));
		assert_true(at != 0);
		/* Its neighbours are in it only if its fences say so. */
		assert_int_equal(cache_view_covers(&v, f.key[0].bytes,
		    f.key[0].len), page_find(v.leaf.page, f.key[0].bytes,
		    f.key[0].len, page_hash(f.key[0].bytes, f.key[0].len))
		    != 0);
	}
}
