/* The OPT record: read from requests, written into replies. */
#include "tests/lib/test.h"

#include "dnsd/edns.h"

/* An OPT behind its owner: payload, version, DO, options. */
static bool
parse(uint16_t payload, uint8_t version, uint8_t flags, const char *options,
    size_t len, struct edns *out)
{
	/* As long as it is, so that ASan sees a step beyond it. */
	uint8_t *rr = malloc(10 + len);
	bool good;

	assert_non_null(rr);
	memcpy(rr, "\0\51\0\0\0\0\0\0\0\0", 10);
	rr[2] = (uint8_t)(payload >> 8);
	rr[3] = (uint8_t)payload;
	rr[5] = version;
	rr[6] = flags;
	rr[8] = (uint8_t)(len >> 8);
	rr[9] = (uint8_t)len;
	memcpy(rr + 10, options, len);
	memset(out, 0xff, sizeof(*out));
	good = edns_parse(rr, 10 + len, out);
	free(rr);
	return good;
}

#define PARSE(options, out) \
	parse(1232, 0, 0, options, sizeof(options) - 1, out)

TEST(the_fixed_part_is_read)
{
	struct edns e;

	assert_true(parse(4096, 3, 0x80, "", 0, &e));
	assert_true(e.present);
	assert_int_equal(e.payload, 4096);
	assert_int_equal(e.version, 3);
	assert_true(e.dnssec_ok);
	assert_int_equal(e.wants, 0);
	assert_true(parse(4096, 0, 0x7f, "", 0, &e));	/* other flags */
	assert_false(e.dnssec_ok);
}

TEST(a_payload_below_512_counts_as_512)
{
	struct edns e;

	assert_true(parse(0, 0, 0, "", 0, &e));
	assert_int_equal(e.payload, 512);
	assert_true(parse(511, 0, 0, "", 0, &e));
	assert_int_equal(e.payload, 512);
	assert_true(parse(513, 0, 0, "", 0, &e));
	assert_int_equal(e.payload, 513);
	assert_true(parse(65535, 0, 0, "", 0, &e));
	assert_int_equal(e.payload, 65535);
}

TEST(nsid_is_found_among_unknown_options)
{
	struct edns e;

	assert_true(PARSE("\0\3\0\0", &e));
	assert_int_equal(e.wants, EDNS_NSID);
	assert_true(PARSE("\xff\xfe\0\2ab" "\0\3\0\1x" "\0\17\0\0", &e));
	assert_int_equal(e.wants, EDNS_NSID);
	/* Inside another option it is not one. */
	assert_true(PARSE("\xff\xfe\0\4\0\3\0\0", &e));
	assert_int_equal(e.wants, 0);
}

TEST(an_option_beyond_the_record_is_malformed)
{
	static const char whole[] = "\xff\xfe\0\2ab\0\3\0\3xyz";
	struct edns e;

	/* Good where an option ends: 0, 6, 13. */
	for (size_t len = 0; len < sizeof(whole); len++)
		assert_int_equal(parse(1232, 0, 0, whole, len, &e),
		    len == 0 || len == 6 || len == 13);
}

TEST(cookies_have_8_or_16_to_40_octets)
{
	char option[4 + 64] = "\0\12\0";
	struct edns e;

	for (size_t n = 0; n <= 64; n++) {
		option[3] = (char)n;
		assert_int_equal(parse(1232, 0, 0, option, 4 + n, &e),
		    n == 8 || (n >= 16 && n <= 40));
	}
}

TEST(zoneversion_is_empty_in_a_request_Q177)
{
	struct edns e;

	assert_true(PARSE("\0\23\0\0", &e));
	assert_int_equal(e.wants, EDNS_ZONEVERSION);
	assert_false(PARSE("\0\3\0\0" "\0\23\0\1x", &e));
	assert_int_equal(e.wants, 0);
}

/* lengths that make no sense are tolerated where we only look
 * whether the option is there. */
TEST(options_are_seen_whatever_their_length)
{
	struct edns e;

	assert_true(PARSE("\0\11\0\3abc" "\0\13\0\5abcde" "\0\14\0\2\0\0"
	    "\0\10\0\1x" "\0\1\0\1x" "\0\2\0\1x" "\0\15\0\1x", &e));
	assert_int_equal(e.wants, EDNS_EXPIRE | EDNS_KEEPALIVE |
	    EDNS_PADDING);
}

TEST(the_cookie_is_where_it_is)
{
	struct edns e;
	uint8_t rr[10 + 4 + 8] = { 0, 41, 4, 208, 0, 0, 0, 0, 0, 12,
	    0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8 };

	assert_true(edns_parse(rr, sizeof(rr), &e));
	assert_int_equal(e.wants, EDNS_COOKIE);
	assert_int_equal(e.cookie_len, 8);
	assert_ptr_equal(e.cookie, rr + 14);
}

TEST(a_plain_reply_has_eleven_octets)
{
	static const uint8_t want[] = { 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0 };
	struct edns_reply r = { .payload = 1232 };
	uint8_t p[EDNS_OPT_BYTES];

	assert_int_equal(edns_reply_size(&r), EDNS_OPT_BYTES);
	assert_int_equal(edns_write(p, &r), sizeof(want));
	assert_memory_equal(p, want, sizeof(want));
}

TEST(the_upper_bits_of_the_rcode_do_and_the_options_are_written)
{
	static const uint8_t want[] = { 0, 0, 41, 2, 0, 1, 0, 0x80, 0, 0, 13,
	    0, 3, 0, 3, 'n', 's', '1', 0, 15, 0, 2, 0, 20 };
	struct edns_reply r = { .rcode = 16, .payload = 512,
	    .dnssec_ok = true, .has = EDNS_NSID | EDNS_EDE,
	    .ede = EDNS_EDE_NOT_AUTHORITATIVE,
	    .nsid = (const uint8_t *)"ns1", .nsid_len = 3 };
	uint8_t p[64];

	assert_int_equal(edns_reply_size(&r), sizeof(want));
	assert_int_equal(edns_write(p, &r), sizeof(want));
	assert_memory_equal(p, want, sizeof(want));
}

TEST(every_option_has_its_form)
{
	static const uint8_t want[] = {
	    0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 8 + 28 + 6 + 10 + 8 + 7 + 7,
	    0, 9, 0, 4, 1, 2, 3, 4,
	    0, 10, 0, 24, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j',
	    'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w',
	    'x',
	    0, 11, 0, 2, 1, 44,
	    0, 19, 0, 6, 2, 0, 5, 6, 7, 8,
	    0, 15, 0, 4, 0, 24, 'n', 'o',
	    0, 18, 0, 3, 1, 'a', 0,
	    0, 12, 0, 3, 0, 0, 0 };
	struct edns_reply r = { .payload = 1232,
	    .has = EDNS_EXPIRE | EDNS_COOKIE | EDNS_KEEPALIVE | EDNS_EDE |
	    EDNS_ZONEVERSION | EDNS_AGENT | EDNS_PADDING,
	    .expire_s = 0x01020304, .zone_labels = 2, .serial = 0x05060708,
	    .keepalive_100ms = 300, .ede = 24, .ede_text = "no",
	    .ede_text_len = 2, .agent = (const uint8_t *)"\1a",
	    .agent_len = 3, .pad = 3,
	    .cookie = (const uint8_t *)"abcdefghijklmnopqrstuvwx" };
	uint8_t p[128];

	memset(p, 0xff, sizeof(p));
	assert_int_equal(edns_reply_size(&r), sizeof(want));
	assert_int_equal(edns_write(p, &r), sizeof(want));
	assert_memory_equal(p, want, sizeof(want));
}

TEST(what_is_written_is_read_again)
{
	uint8_t nsid[EDNS_NSID_MAX] = { 'x' };
	struct edns_reply r = { .rcode = 5, .payload = 1400,
	    .dnssec_ok = true, .has = EDNS_NSID | EDNS_EDE, .ede = 24,
	    .nsid = nsid, .nsid_len = sizeof(nsid) };
	uint8_t p[EDNS_OPT_BYTES + 2 * EDNS_OPTION_HEAD + EDNS_NSID_MAX +
	    EDNS_EDE_BYTES];
	struct edns e;

	assert_int_equal(edns_write(p, &r), sizeof(p));
	assert_true(edns_parse(p + 1, sizeof(p) - 1, &e));
	assert_int_equal(e.payload, 1400);
	assert_int_equal(e.version, 0);
	assert_true(e.dnssec_ok);
	assert_int_equal(e.wants, EDNS_NSID);
}
