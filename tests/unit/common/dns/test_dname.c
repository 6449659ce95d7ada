/*
 * test_dname.c - wire names: claims refused, order, text.
 */
#include <string.h>

#include "common/dns/dname.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

/* A valid name of any shape; returns its length. */
static size_t
random_name(struct rng *r, uint8_t *out)
{
	size_t n = 0, want = 1 + rng_below(r, DNAME_MAX);

	while (n + 2 < want) {
		size_t room = want - n - 2;
		size_t label = 1 + rng_below(r, rng_once_in(r, 3) ? 63 : 4);

		if (label > room)
			label = room;
		if (label == 0)
			break;
		out[n++] = (uint8_t)label;
		for (size_t i = 0; i < label; i++)
			out[n++] = rng_once_in(r, 2) ? (uint8_t)rng_u64(r) :
			    (uint8_t)("aAbBzZ.\\0*-_ "[rng_below(r, 13)]);
	}
	out[n++] = 0;
	return n;
}

TEST(dname_scan_accepts_the_longest_and_refuses_one_more)
{
	uint8_t name[260];
	size_t len;

	memset(name, 1, sizeof(name));		/* labels "\001" */
	name[254] = 0;
	assert_int_equal(dname_scan(name, sizeof(name), &len), OK);
	assert_int_equal(len, 255);
	assert_int_equal(dname_labels(name), 127);
	name[254] = 1;
	name[256] = 0;
	assert_int_equal(dname_scan(name, sizeof(name), &len), ERR_MALFORMED);
}

TEST(dname_scan_refuses_cuts_pointers_and_label_types)
{
	static const uint8_t good[] = "\3www\7example";
	size_t len;

	for (size_t n = 0; n < sizeof(good); n++)
		assert_int_equal(dname_scan(good, n, &len), ERR_MALFORMED);
	assert_int_equal(dname_scan(good, sizeof(good), &len), OK);
	assert_int_equal(len, 13);
	assert_int_equal(dname_scan((const uint8_t *)"\x40", 2, &len),
	    ERR_MALFORMED);
	assert_int_equal(dname_scan((const uint8_t *)"\xc0\x00", 3, &len),
	    ERR_MALFORMED);
}

TEST(dname_unpack_follows_pointers_backwards_only)
{
	uint8_t msg[64] = { 0 }, name[DNAME_MAX];
	size_t len, next;

	memcpy(msg + 12, "\7example\3com", 13);		/* 12 .. 24 */
	memcpy(msg + 25, "\3www\xc0\x0c", 6);
	assert_int_equal(dname_unpack(msg, 31, 25, name, &len, &next), OK);
	assert_int_equal(len, 17);
	assert_int_equal(next, 31);
	assert_memory_equal(name, "\3www\7example\3com", 17);
	/* Cut, forward, to itself, into the header. */
	assert_int_equal(dname_unpack(msg, 30, 25, name, &len, &next),
	    ERR_MALFORMED);
	msg[30] = 40;
	assert_int_equal(dname_unpack(msg, 64, 25, name, &len, &next),
	    ERR_MALFORMED);
	msg[30] = 29;
	assert_int_equal(dname_unpack(msg, 64, 25, name, &len, &next),
	    ERR_MALFORMED);
	msg[30] = 25;
	assert_int_equal(dname_unpack(msg, 64, 25, name, &len, &next),
	    ERR_MALFORMED);
	msg[30] = 2;
	assert_int_equal(dname_unpack(msg, 64, 25, name, &len, &next),
	    ERR_MALFORMED);
}

TEST(dname_unpack_never_exceeds_255_octets)
{
	uint8_t msg[1024] = { 0 }, name[DNAME_MAX];
	size_t len, next, at = 12;

	/* Runs of 60 octets, each ending in a pointer to the one before. */
	for (int i = 0; i < 6; i++) {
		size_t start = at;

		msg[at] = 60;
		at += 61;
		if (i == 0) {
			msg[at++] = 0;
		} else {
			msg[at] = (uint8_t)(0xc0 | (start - 63) >> 8);
			msg[at + 1] = (uint8_t)(start - (i == 1 ? 62 : 63));
			at += 2;
		}
		assert_int_equal(dname_unpack(msg, at, start, name, &len,
		    &next), i < 4 ? OK : ERR_MALFORMED);
	}
}

TEST(dname_order_is_that_of_rfc4034)
{
	/* RFC 4034 6.1, the example there, and its neighbours. */
	static const char *const sorted[] = {
		".", "example.", "a.example.", "yljkjljk.a.example.",
		"Z.a.example.", "zABC.a.EXAMPLE.", "z.example.",
		"\\001.z.example.", "*.z.example.", "\\200.z.example.",
	};
	uint8_t a[DNAME_MAX], b[DNAME_MAX];
	size_t len;

	for (size_t i = 0; i < COUNT_OF(sorted); i++) {
		assert_int_equal(dname_parse(sorted[i], strlen(sorted[i]), a,
		    &len), OK);
		for (size_t j = 0; j < COUNT_OF(sorted); j++) {
			int d;

			assert_int_equal(dname_parse(sorted[j],
			    strlen(sorted[j]), b, &len), OK);
			d = dname_compare(a, b);
			assert_int_equal((d > 0) - (d < 0),
			    (i > j) - (i < j));
		}
	}
}

TEST(dname_equal_and_under_ignore_letter_case_only)
{
	uint8_t a[DNAME_MAX], b[DNAME_MAX];
	size_t len;

	assert_int_equal(dname_parse("wWw.Example.COM", 15, a, &len), OK);
	assert_int_equal(dname_parse("www.eXAMPLE.com.", 16, b, &len), OK);
	assert_true(dname_equal(a, b));
	assert_true(dname_is_under(a, b));
	assert_true(dname_is_under(a, b + 4));
	assert_true(dname_is_under(a, (const uint8_t *)""));
	assert_false(dname_is_under(b + 4, a));
	/* "ample.com" is a suffix of the octets, not of the labels. */
	assert_int_equal(dname_parse("ample.com", 9, b, &len), OK);
	assert_false(dname_is_under(a, b));
	/* '@' and '`' differ by the case bit and are no letters. */
	assert_int_equal(dname_parse("@", 1, a, &len), OK);
	assert_int_equal(dname_parse("`", 1, b, &len), OK);
	assert_false(dname_equal(a, b));
}

TEST(dname_text_is_printable_and_comes_back)
{
	struct rng r = rng_seed_of_test("dname_text");

	for (int i = 0; i < 20000; i++) {
		uint8_t name[DNAME_MAX], again[DNAME_MAX];
		char text[DNAME_TEXT_MAX];
		size_t len = random_name(&r, name), n, len_again;

		assert_int_equal(dname_scan(name, len, &n), OK);
		assert_int_equal(n, len);
		n = dname_print(name, text);
		assert_true(n < sizeof(text));
		assert_int_equal(strlen(text), n);
		for (size_t k = 0; k < n; k++)
			assert_true(text[k] > 0x20 && text[k] < 0x7f);
		assert_int_equal(dname_parse(text, n, again, &len_again), OK);
		assert_int_equal(len_again, len);
		assert_memory_equal(again, name, len);
		n = dname_print_bare(name, text);
		assert_int_equal(dname_parse(text, n, again, &len_again), OK);
		assert_int_equal(len_again, len);
	}
}

TEST(dname_longest_text_fits)
{
	uint8_t name[DNAME_MAX];
	char text[DNAME_TEXT_MAX];
	size_t n = 0;

	while (n < 254) {
		size_t label = 254 - n - 1 < 63 ? 254 - n - 1 : 63;

		name[n++] = (uint8_t)label;
		memset(name + n, 0xff, label);
		n += label;
	}
	name[n] = 0;
	assert_true(dname_print(name, text) < sizeof(text));
}

TEST(dname_parse_refuses_bad_text)
{
	static const char *const bad[] = {
		"", "..", ".a", "a..b", "a..", "\\", "a\\1", "a\\12", "\\256",
		"\\999", "a b", "a\tb", "\\1a2", "caf\xc3\xa9",
		"0123456789012345678901234567890123456789012345678901234567890123",
	};
	uint8_t name[DNAME_MAX];
	char text[400];
	size_t len;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(dname_parse(bad[i], strlen(bad[i]), name,
		    &len), ERR_MALFORMED);
	/* 127 labels of one octet fit, 128 do not. */
	memset(text, 'a', sizeof(text));
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = '.';
	assert_int_equal(dname_parse(text, 254, name, &len), OK);
	assert_int_equal(len, 255);
	assert_int_equal(dname_parse(text, 253, name, &len), OK);
	assert_int_equal(len, 255);
	assert_int_equal(dname_parse(text, 255, name, &len), ERR_MALFORMED);
	assert_int_equal(dname_parse(text, 256, name, &len), ERR_MALFORMED);
}

TEST(dname_parse_is_safe_on_any_text)
{
	struct rng r = rng_seed_of_test("dname_parse_any");

	for (int i = 0; i < 100000; i++) {
		uint8_t name[DNAME_MAX];
		char text[40];
		size_t n = rng_below(&r, sizeof(text) + 1), len, again;

		for (size_t k = 0; k < n; k++)
			text[k] = rng_once_in(&r, 8) ? (char)rng_u64(&r) :
			    "a.\\0129"[rng_below(&r, 7)];
		if (dname_parse(text, n, name, &len) == OK) {
			assert_int_equal(dname_scan(name, len, &again), OK);
			assert_int_equal(len, again);
		}
	}
}
