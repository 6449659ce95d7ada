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
	assert_false(e.wants_nsid);
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
	assert_true(e.wants_nsid);
	assert_true(PARSE("\xff\xfe\0\2ab" "\0\3\0\1x" "\0\17\0\0", &e));
	assert_true(e.wants_nsid);
	/* Inside another option it is not one. */
	assert_true(PARSE("\xff\xfe\0\4\0\3\0\0", &e));
	assert_false(e.wants_nsid);
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

TEST(a_plain_reply_has_eleven_octets)
{
	static const uint8_t want[] = { 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0 };
	struct edns_reply r = { .payload = 1232, .ede = EDNS_NO_EDE };
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
	    .dnssec_ok = true, .ede = EDNS_EDE_NOT_AUTHORITATIVE,
	    .nsid = (const uint8_t *)"ns1", .nsid_len = 3 };
	uint8_t p[64];

	assert_int_equal(edns_reply_size(&r), sizeof(want));
	assert_int_equal(edns_write(p, &r), sizeof(want));
	assert_memory_equal(p, want, sizeof(want));
}

TEST(an_extended_error_of_zero_is_one)
{
	struct edns_reply r = { .payload = 512, .ede = 0 };
	uint8_t p[64];

	assert_int_equal(edns_write(p, &r), EDNS_OPT_BYTES + EDNS_EDE_BYTES);
	assert_memory_equal(p + 11, "\0\17\0\2\0\0", 6);
}

TEST(what_is_written_is_read_again)
{
	uint8_t nsid[EDNS_NSID_MAX] = { 'x' };
	struct edns_reply r = { .rcode = 5, .payload = 1400,
	    .dnssec_ok = true, .ede = 24, .nsid = nsid,
	    .nsid_len = sizeof(nsid) };
	uint8_t p[EDNS_OPT_BYTES + EDNS_OPTION_HEAD + EDNS_NSID_MAX +
	    EDNS_EDE_BYTES];
	struct edns e;

	assert_int_equal(edns_write(p, &r), sizeof(p));
	assert_true(edns_parse(p + 1, sizeof(p) - 1, &e));
	assert_int_equal(e.payload, 1400);
	assert_int_equal(e.version, 0);
	assert_true(e.dnssec_ok);
	assert_true(e.wants_nsid);
}
