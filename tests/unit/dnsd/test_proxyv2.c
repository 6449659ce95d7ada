/* The PROXY header, version 2: what is taken, what is not. Q-200 */
#include "tests/lib/test.h"

#include "dnsd/proxyv2.h"

#define SIGN "\r\n\r\n\0\r\nQUIT\n"
#define V4 SIGN "\x21\x12\0\14" "\300\0\2\1" "\306\63\144\2" "\x30\x39\0\65"
#define V6 SIGN "\x21\x21\0\44" "0123456789abcdef" "ghijklmnopqrstuv" \
	"\0\1\3\125"

static struct proxyv2 h;

/* As long as it is, so that ASan sees a step beyond it. */
static enum err
parse(const char *bytes, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum err e;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	memset(&h, 0xa5, sizeof(h));
	e = proxyv2_parse(copy, len, &h);
	free(copy);
	return e;
}

#define PARSE(text) parse(text, sizeof(text) - 1)

TEST(q200_addresses_are_taken)
{
	assert_ok(PARSE(V4 "rest"));
	assert_int_equal(h.size, 28);
	assert_false(h.local);
	assert_int_equal(h.ip_len, 4);
	assert_memory_equal(h.source, "\300\0\2\1", 4);
	assert_memory_equal(h.target, "\306\63\144\2", 4);
	assert_int_equal(h.source_port, 12345);
	assert_int_equal(h.target_port, 53);
	assert_ok(PARSE(V6));
	assert_int_equal(h.size, 52);
	assert_int_equal(h.ip_len, 16);
	assert_memory_equal(h.source, "0123456789abcdef", 16);
	assert_memory_equal(h.target, "ghijklmnopqrstuv", 16);
	assert_int_equal(h.target_port, 853);
}

TEST(q200_local_has_no_addresses)
{
	assert_ok(PARSE(SIGN "\x20\0\0\0"));
	assert_true(h.local);
	assert_int_equal(h.size, 16);
	assert_ok(PARSE(SIGN "\x20\x11\0\3abc"));	/* whatever follows */
	assert_true(h.local);
	assert_int_equal(h.size, 19);
}

TEST(a_part_of_one_wants_more)
{
	static const char whole[] = V6;

	for (size_t len = 0; len < sizeof(whole) - 1; len++)
		assert_int_equal(parse(whole, len), ERR_AGAIN);
}

TEST(q200_what_is_no_header_is_refused)
{
	char b[] = V4;

	for (size_t i = 0; i < 12; i++) {
		b[i] ^= 1;
		for (size_t len = i + 1; len < sizeof(b); len++)
			assert_int_equal(parse(b, len), ERR_MALFORMED);
		b[i] ^= 1;
	}
	for (unsigned v = 0; v < 256; v++) {
		char c[] = V4;

		c[12] = (char)v;
		assert_int_equal(PARSE(c), v == 0x20 || v == 0x21 ? OK :
		    ERR_MALFORMED);
	}
	for (unsigned v = 0; v < 256; v++) {
		char c[] = V6;

		c[13] = (char)v;
		assert_int_equal(PARSE(c), v >> 4 == 1 || v >> 4 == 2 ? OK :
		    ERR_MALFORMED);
	}
	assert_int_equal(PARSE("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
	    ERR_MALFORMED);
	assert_int_equal(PARSE(SIGN "\x21\x11\0\13" "0123456789a"),
	    ERR_MALFORMED);
	assert_int_equal(PARSE(SIGN "\x21\x21\0\43" "0123456789a"
	    "0123456789a0123456789a01"), ERR_MALFORMED);
}

TEST(q200_extensions_are_stepped_over_up_to_a_size)
{
	char b[PROXYV2_MAX + 1] = V4;
	size_t tlv = PROXYV2_MAX - PROXYV2_FIXED;

	b[14] = (char)(tlv >> 8);
	b[15] = (char)tlv;
	assert_ok(parse(b, sizeof(b)));
	assert_int_equal(h.size, PROXYV2_MAX);
	assert_int_equal(parse(b, PROXYV2_MAX - 1), ERR_AGAIN);
	tlv++;
	b[14] = (char)(tlv >> 8);
	b[15] = (char)tlv;
	assert_int_equal(parse(b, sizeof(b)), ERR_MALFORMED);
}
