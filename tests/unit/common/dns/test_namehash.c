/* The hash of names: its chain, its spread, and values that pages rely on. */
#include "tests/lib/test.h"

#include "common/base/base.h"
#include "common/dns/namehash.h"

static const struct namehash_seed public_seed = NAMEHASH_PUBLIC;

/* The label is in memory of its own, so that ASan sees a step outside. */
static uint64_t
label(const struct namehash_seed *s, uint64_t h, const void *bytes,
    size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	uint64_t got;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	got = namehash_label(s, h, copy, len);
	free(copy);
	return got;
}

static uint64_t
hash(const struct namehash_seed *s, const void *bytes, size_t len)
{
	return namehash_final(label(s, namehash_init(s), bytes, len));
}

TEST(the_public_hash_never_changes_for_pages_hold_it)
{
	static const struct {
		const char *label;
		uint64_t want;
	} row[] = {
		{ "",
		    UINT64_C(0x09d3a6c3cfb5307d) },
		{ "a",
		    UINT64_C(0xc0a86911777c97b8) },
		{ "www",
		    UINT64_C(0xdd8dc977c1853c57) },
		{ "name",
		    UINT64_C(0x927b540432a076d7) },
		{ "example",
		    UINT64_C(0x16f3bcce65e06661) },
		{ "eight-ch",
		    UINT64_C(0x6b6aaab2686582ea) },
		{ "sixteen-octets-1",
		    UINT64_C(0xfdce0a3c6bc70526) },
		{ "seventeen-octets1",
		    UINT64_C(0xab810b96a46df284) },
		{ "a-label-of-sixty-three-octets-which-is-the-longest-there-can-be",
		    UINT64_C(0xb8f21abc106a244c) },
	};

	for (size_t i = 0; i < COUNT_OF(row); i++) {
		uint64_t h = hash(&public_seed, row[i].label,
		    strlen(row[i].label));

		if (h != row[i].want)
			fail_msg("%s is %016llx", row[i].label,
			    (unsigned long long)h);
	}
}

TEST(every_octet_its_place_and_the_length_count)
{
	uint8_t text[126];

	memset(text, 'a', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len++) {
		uint64_t h = hash(&public_seed, text, len);

		assert_true(hash(&public_seed, text, len + 1) != h);
		for (size_t i = 0; i < len; i++) {
			text[i] = 'b';
			assert_true(hash(&public_seed, text, len) != h);
			text[i] = 'a';
		}
	}
}

TEST(labels_are_not_run_together)
{
	uint64_t h = namehash_init(&public_seed);
	uint64_t ab_c = label(&public_seed, label(&public_seed, h, "ab", 2),
	    "c", 1);
	uint64_t a_bc = label(&public_seed, label(&public_seed, h, "a", 1),
	    "bc", 2);
	uint64_t c_ab = label(&public_seed, label(&public_seed, h, "c", 1),
	    "ab", 2);

	assert_true(ab_c != a_bc);
	assert_true(ab_c != c_ab);
	assert_true(label(&public_seed, h, "abc", 3) != ab_c);
}

TEST(both_halves_of_the_seed_count)
{
	struct namehash_seed a = { { 1, 2 } }, b = { { 1, 3 } },
	    c = { { 2, 2 } };
	uint64_t h = hash(&a, "example", 7);

	assert_true(hash(&a, "example", 7) == h);
	assert_true(hash(&b, "example", 7) != h);
	assert_true(hash(&c, "example", 7) != h);
	assert_true(hash(&public_seed, "example", 7) != h);
}

/* Names as zones have them, by low and by high bits: as throwing balls. */
TEST(names_spread_over_buckets)
{
	enum { NAMES = 65536, BUCKETS = 65536 };
	static uint8_t low[BUCKETS], high[BUCKETS];
	unsigned most = 0, empty = 0;
	char text[32];

	memset(low, 0, sizeof(low));
	memset(high, 0, sizeof(high));
	for (unsigned i = 0; i < NAMES; i++) {
		uint64_t h = hash(&public_seed, text, (size_t)snprintf(text,
		    sizeof(text), "host-%u", i));

		low[h % BUCKETS]++;
		high[h >> 48]++;
	}
	for (unsigned i = 0; i < BUCKETS; i++) {
		most = MAX(most, MAX(low[i], high[i]));
		empty += (low[i] == 0) + (high[i] == 0);
	}
	/* Expected: at most 8 or 9 in one, 2 * 65536 / e = 48217 empty. */
	assert_true(most <= 11);
	assert_in_range(empty, 47500, 49000);
}
