/*
 * test_ownerkey.c - keys: order, prefixes, the way back, claims refused.
 */
#include <string.h>

#include "common/dns/dname.h"
#include "common/dns/namehash.h"
#include "common/dns/ownerkey.h"
#include "common/dns/page.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

/* A name at or below @apex, of any shape that fits. */
static void
random_below(struct rng *r, const uint8_t *apex, uint8_t *out)
{
	size_t apex_len = dname_len(apex), n = 0;
	size_t max = DNAME_MAX - apex_len;
	size_t want = rng_once_in(r, 4) ? max : rng_below(r, 12);
	unsigned label_max = rng_once_in(r, 4) ? 63 : 2;

	if (want > max)
		want = max;
	while (n + 1 < want) {
		size_t label = 1 + rng_below(r, label_max);

		if (label > want - n - 1)
			label = want - n - 1;
		out[n++] = (uint8_t)label;
		for (size_t i = 0; i < label; i++)
			/* few values, so that prefixes are often equal */
			out[n++] = rng_once_in(r, 3) ? (uint8_t)rng_u64(r) :
			    (uint8_t)"\0\1\2aAbZ\377"[rng_below(r, 8)];
	}
	memcpy(out + n, apex, apex_len);
}

static int
sign(int d)
{
	return (d > 0) - (d < 0);
}

static const uint8_t *const apexes[] = {
	(const uint8_t *)"",
	(const uint8_t *)"\3com",
	(const uint8_t *)"\7eXample\3com",
	(const uint8_t *)"\1\0\2\1\1",
};

TEST(ownerkey_order_is_canonical_order)
{
	struct rng r = rng_seed_of_test("ownerkey_order");

	for (int i = 0; i < 200000; i++) {
		const uint8_t *apex = apexes[rng_below(&r, 4)];
		uint8_t a[DNAME_MAX], b[DNAME_MAX];
		struct ownerkey ka, kb;

		random_below(&r, apex, a);
		random_below(&r, apex, b);
		assert_int_equal(ownerkey_from_dname(a, apex, 0, &ka), OK);
		assert_int_equal(ownerkey_from_dname(b, apex, 0, &kb), OK);
		assert_int_equal(sign(ownerkey_compare(ka.bytes, ka.len,
		    kb.bytes, kb.len)), sign(dname_compare(a, b)));
		assert_int_equal(ownerkey_is_below(ka.bytes, ka.len, kb.bytes,
		    kb.len), dname_is_under(a, b));
	}
}

TEST(ownerkey_comes_back_in_lower_case)
{
	struct rng r = rng_seed_of_test("ownerkey_back");

	for (int i = 0; i < 50000; i++) {
		const uint8_t *apex = apexes[rng_below(&r, 4)];
		uint8_t a[DNAME_MAX], back[DNAME_MAX], lower[DNAME_MAX];
		uint8_t labels[DNAME_MAX];
		struct ownerkey k;
		size_t len, rel;

		random_below(&r, apex, a);
		assert_int_equal(ownerkey_from_dname(a, apex,
		    OWNERKEY_TREE_NSEC3, &k), OK);
		assert_true(k.len <= OWNERKEY_MAX);
		assert_int_equal(k.bytes[0], 1);
		assert_true(ownerkey_check(k.bytes, k.len, dname_len(apex)));
		assert_int_equal(k.n_labels,
		    dname_labels(a) - dname_labels(apex));
		len = ownerkey_to_dname(k.bytes, k.len, apex, back);
		assert_int_equal(len, dname_len(a));
		assert_true(dname_equal(a, back));
		rel = ownerkey_to_labels(k.bytes, k.len, labels);
		assert_int_equal(rel + dname_len(apex), len);
		dname_lower(a, lower);
		assert_memory_equal(labels, lower, rel);
	}
}

TEST(ownerkey_parents_are_prefixes_and_share_the_hash_chain)
{
	struct rng r = rng_seed_of_test("ownerkey_parents");

	for (int i = 0; i < 20000; i++) {
		const uint8_t *apex = apexes[rng_below(&r, 4)];
		uint64_t hash[OWNERKEY_LABELS_MAX + 1];
		uint16_t lens[OWNERKEY_LABELS_MAX + 1];
		uint8_t a[DNAME_MAX], *name = a;
		struct ownerkey k, parent;
		unsigned n;
		size_t len;

		random_below(&r, apex, a);
		assert_int_equal(ownerkey_from_dname(a, apex, 0, &k), OK);
		n = page_hash_chain(k.bytes, k.len, hash, lens);
		assert_int_equal(n, k.n_labels);
		for (len = k.len; len > 1; n--) {
			assert_int_equal(lens[n], len);
			assert_true(hash[n] == page_hash(k.bytes, len));
			name += 1 + name[0];
			len = ownerkey_parent_len(k.bytes, len);
			assert_int_equal(ownerkey_from_dname(name, apex, 0,
			    &parent), OK);
			assert_int_equal(parent.len, len);
			assert_memory_equal(parent.bytes, k.bytes, len);
		}
		assert_int_equal(n, 0);
		assert_int_equal(lens[0], 1);
		assert_int_equal(ownerkey_parent_len(k.bytes, 1), 0);
	}
}

TEST(ownerkey_of_a_name_outside_the_zone_is_refused)
{
	struct ownerkey k;

	assert_int_equal(ownerkey_from_dname((const uint8_t *)"\3net",
	    apexes[1], 0, &k), ERR_NOT_IN_ZONE);
	assert_int_equal(ownerkey_from_dname((const uint8_t *)"",
	    apexes[1], 0, &k), ERR_NOT_IN_ZONE);
	assert_int_equal(ownerkey_from_dname((const uint8_t *)"\4xcom",
	    apexes[1], 0, &k), ERR_NOT_IN_ZONE);
}

TEST(ownerkey_check_refuses_what_no_name_has)
{
	static const struct { const char *key; size_t len; } bad[] = {
		{ "", 0 },
		{ "\2", 1 },			/* tree */
		{ "\0a", 2 },			/* not ended */
		{ "\0\0", 2 },			/* empty label */
		{ "\0a\0\0", 4 },
		{ "\0A\0", 3 },			/* case */
		{ "\0\1\0", 3 },		/* escape */
		{ "\0\1\3\0", 4 },
		{ "\0a\1", 3 },
	};
	uint8_t key[OWNERKEY_MAX + 1] = { 0 };

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(ownerkey_check((const uint8_t *)bad[i].key,
		    bad[i].len, 1));
	memset(key + 1, 'a', 64);
	assert_true(ownerkey_check(key + 1 - 1, 1, 1));
	assert_false(ownerkey_check(key, 66, 1));	/* 64 octets */
	key[64] = 0;
	assert_true(ownerkey_check(key, 65, 1));
	assert_true(ownerkey_check(key, 65, 191));	/* 191 + 64 = 255 */
	assert_false(ownerkey_check(key, 65, 192));
}

TEST(ownerkey_check_accepts_only_what_comes_back)
{
	struct rng r = rng_seed_of_test("ownerkey_claims");
	const uint8_t *apex = apexes[1];

	for (int i = 0; i < 200000; i++) {
		uint8_t key[24], name[DNAME_MAX];
		size_t len = rng_below(&r, sizeof(key) + 1), n;
		struct ownerkey k;

		for (size_t j = 0; j < len; j++)
			key[j] = (uint8_t)"\0\0\1\2abA"[rng_below(&r, 7)];
		if (!ownerkey_check(key, len, dname_len(apex)))
			continue;
		n = ownerkey_to_dname(key, len, apex, name);
		assert_int_equal(n, dname_len(name));
		assert_int_equal(ownerkey_from_dname(name, apex, key[0], &k),
		    OK);
		assert_int_equal(k.len, len);
		assert_memory_equal(k.bytes, key, len);
	}
}

TEST(namehash_depends_on_every_octet_and_on_the_seed)
{
	static const struct namehash_seed s = { { 1, 2 } }, t = { { 1, 3 } };
	uint8_t label[126];

	for (size_t len = 0; len <= sizeof(label); len++) {
		uint64_t h, i = namehash_init(&s);

		memset(label, 'x', sizeof(label));
		h = namehash_label(&s, i, label, len);
		assert_true(h != namehash_label(&t, namehash_init(&t), label,
		    len));
		assert_true(h != namehash_label(&s, i + 1, label, len));
		for (size_t k = 0; k < len; k++) {
			label[k] ^= 1;
			assert_true(h != namehash_label(&s, i, label, len));
			label[k] ^= 1;
		}
		if (len < sizeof(label))
			assert_true(h != namehash_label(&s, i, label,
			    len + 1));
	}
}
