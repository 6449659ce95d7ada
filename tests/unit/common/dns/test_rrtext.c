/* Text: what comes out goes in again, and is ASCII; dnspython's spellings. */
#include "tests/lib/test.h"

#include "common/dns/rr.h"
#include "common/dns/rrtext.h"
#include "tests/lib/rdata.h"

TEST(every_type_goes_to_text_and_back)
{
	struct rdata_random r = { 5 };
	static char text[RRTEXT_MAX];
	size_t n_generic = 0, n_all = 0;

	for (size_t i = 0; i < rdata_n_types; i++)
		for (int k = 0; k < 60; k++) {
			uint16_t type = rdata_types[i];
			uint8_t rdata[4096], again[8192];
			size_t n = rdata_make(&r, type, rdata), len, m;

			assert_int_equal(rrtext_rdata(type, rdata, n, text,
			    sizeof(text), &len), OK);
			assert_int_equal(strlen(text), len);
			for (size_t j = 0; j < len; j++)
				assert_in_range(text[j], ' ', '~');
			n_all++;
			if (strncmp(text, "\\#", 2) == 0)
				n_generic++;
			if (rrtext_rdata_parse(type, text, again,
			    sizeof(again), &m) != OK)
				fail_msg("type %u: %s", type, text);
			assert_int_equal(m, n);
			assert_memory_equal(again, rdata, n);
		}
	print_message("%zu of %zu as \\#\n", n_generic, n_all);
}

TEST(usual_types_are_not_generic)
{
	static const struct { uint16_t type; const char *text; } c[] = {
		{ 1, "192.0.2.1" }, { 28, "2001:db8::1" },
		{ 2, "ns1.example." }, { 15, "10 mail.example." },
		{ 6, "ns. h. 1 2 3 4 5" }, { 16, "\"a b\" \"\\200\"" },
		{ 33, "1 2 3 target." }, { 39, "x." },
		{ 35, "100 10 \"u\" \"sip\" \"!^.*$!x!\" ." },
		{ 47, "b.example. A NS SOA RRSIG NSEC" },
		{ 51, "1 0 0 -" }, { 257, "0 issue \"ca.example\"" },
		{ 64, "1 . alpn=h2 port=443" },
		{ 52, "3 1 1 aabb" }, { 43, "1 8 2 aabb" },
	};

	for (size_t i = 0; i < COUNT_OF(c); i++) {
		uint8_t rdata[512];
		char text[1024];
		size_t n, len;

		if (rrtext_rdata_parse(c[i].type, c[i].text, rdata,
		    sizeof(rdata), &n) != OK)
			fail_msg("%s", c[i].text);
		assert_int_equal(rrtext_rdata(c[i].type, rdata, n, text,
		    sizeof(text), &len), OK);
		assert_string_equal(text, c[i].text);
	}
}

TEST(any_octets_give_some_text)
{
	struct rdata_random r = { 6 };
	static char text[RRTEXT_MAX];

	for (int k = 0; k < 20000; k++) {
		uint16_t type = rdata_types[rdata_random(&r,
		    (uint32_t)rdata_n_types)];
		uint8_t rdata[4096];
		size_t n = rdata_make(&r, type, rdata), len;

		for (uint32_t f = rdata_random(&r, 6); f > 0 && n > 0; f--)
			rdata[rdata_random(&r, (uint32_t)n)] =
			    (uint8_t)rdata_random(&r, 256);
		n = rdata_random(&r, 3) ? n : rdata_random(&r, (uint32_t)n + 1);
		assert_int_equal(rrtext_rdata(type, rdata, n, text,
		    sizeof(text), &len), OK);
		for (size_t j = 0; j < len; j++)
			assert_in_range(text[j], ' ', '~');
	}
}

TEST(a_record_is_one_line)
{
	char text[256];
	size_t n;

	assert_int_equal(rrtext_record((const uint8_t *)"\3w.w\0", 5, 300, 1,
	    1, (const uint8_t *)"\300\0\2\1", 4, text, sizeof(text), &n), OK);
	assert_string_equal(text, "w\\.w.\t300\tIN\tA\t192.0.2.1");
	assert_int_equal(n, strlen(text));
	assert_int_equal(rrtext_record((const uint8_t *)"", 1, 300, 1,
	    1, (const uint8_t *)"\300\0\2", 3, text, sizeof(text), &n), OK);
	assert_string_equal(text, ".\t300\tIN\tTYPE1\t\\# 3 c00002");
	assert_int_equal(rrtext_record((const uint8_t *)"", 1, 300, 1,
	    4711, (const uint8_t *)"", 0, text, sizeof(text), &n), OK);
	assert_string_equal(text, ".\t300\tIN\tTYPE4711\t\\# 0");
	for (size_t max = 0; max < 21; max++)
		assert_int_equal(rrtext_record((const uint8_t *)"", 1, 300, 1,
		    1, (const uint8_t *)"\300\0\2\1", 4, text, max, &n),
		    ERR_SPACE);
}

TEST(types_by_name_and_number)
{
	char text[RRTEXT_TYPE_MAX];
	uint16_t type;

	rrtext_type(48, text);
	assert_string_equal(text, "DNSKEY");
	rrtext_type(23, text);
	assert_string_equal(text, "NSAP-PTR");
	rrtext_type(65280, text);
	assert_string_equal(text, "TYPE65280");
	assert_int_equal(rrtext_type_parse("aaaa", &type), OK);
	assert_int_equal(type, 28);
	assert_int_equal(rrtext_type_parse("type28", &type), OK);
	assert_int_equal(type, 28);
	assert_int_equal(rrtext_type_parse("nsap-ptr", &type), OK);
	assert_int_equal(rrtext_type_parse("TYPE65536", &type),
	    ERR_NOT_FOUND);
	assert_int_equal(rrtext_type_parse("TYPE", &type), ERR_NOT_FOUND);
	assert_int_equal(rrtext_type_parse("TYPE-1", &type), ERR_NOT_FOUND);
	assert_int_equal(rrtext_type_parse("", &type), ERR_NOT_FOUND);
	assert_int_equal(rrtext_type_parse("NOSUCH", &type), ERR_NOT_FOUND);
}
