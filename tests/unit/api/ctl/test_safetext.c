/*
 * test_safetext.c - nothing that a terminal would act upon comes through.
 */
#include "api/ctl/safetext.h"
#include "tests/lib/test.h"

static void
assert_safe(const char *text, size_t len, enum safetext_how how,
    const char *want)
{
	struct buf b;

	buf_init(&b, 1000);
	safetext_put(&b, text, len, how);
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
}

#define LINE(text, want) \
	assert_safe(text, sizeof(text) - 1, SAFETEXT_LINE, want)
#define LINES(text, want) \
	assert_safe(text, sizeof(text) - 1, SAFETEXT_LINES, want)
#define JSON(text, want) \
	assert_safe(text, sizeof(text) - 1, SAFETEXT_JSON, want)

TEST(ordinary_text_and_other_scripts_stay)
{
	LINE("", "");
	LINE("www.example.com", "www.example.com");
	LINE("b\xc3\xbc" "cher \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80",
	    "b\xc3\xbc" "cher \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80");
}

TEST(escape_sequences_become_text_T23)
{
	LINE("\033[31mred", "\\027[31mred");
	LINE("a\r\nb\tc", "a\\013\\010b\\009c");
	LINES("a\r\nb\tc", "a\\013\nb\tc");
	LINE("\x7f\x00\x07", "\\127\\000\\007");
	/* CSI of 8 bits, as UTF-8 */
	LINE("\xc2\x9b" "31m", "\\u{9b}31m");
	/* right-to-left override */
	LINE("\xe2\x80\xae" "moc", "\\u{202e}moc");
	LINE("a\xe2\x80\x8b" "b\xef\xbb\xbf", "a\\u{200b}b\\u{feff}");
	LINE("\xf3\xa0\x81\x81", "\\u{e0041}");
}

TEST(bytes_that_are_no_utf8_become_text)
{
	LINE("\x9b" "31m", "\\x9b31m");
	LINE("\xc0\xaf", "\\xc0\\xaf");
	LINE("\xe2\x80", "\\xe2\\x80");
	LINE("\xed\xa0\x80", "\\xed\\xa0\\x80");
	LINE("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	LINE("\xff", "\\xff");
}

TEST(json_stays_json)
{
	JSON("{\n \"a\": \"\xc2\x9b\"}", "{\n \"a\": \"\\u009b\"}");
	JSON("\"\xe2\x80\xae\x7f\"", "\"\\u202e\\u007f\"");
	JSON("\"\xf3\xa0\x81\x81\"", "\"\\udb40\\udc41\"");
}

TEST(any_bytes_come_out_harmless)
{
	struct test_rand r = test_rand_make(23);
	struct buf b;

	buf_init(&b, 100000);
	for (int round = 0; round < 2000; round++) {
		char text[64];
		size_t n = test_rand_u32(&r) % sizeof(text);

		for (size_t i = 0; i < n; i++)
			text[i] = (char)(test_rand_u32(&r) % 3 == 0 ?
			    0x80 + test_rand_u32(&r) % 0x80 :
			    test_rand_u32(&r));
		buf_reset(&b);
		safetext_put(&b, text, n, SAFETEXT_LINE);
		assert_ok(buf_err(&b));
		for (size_t i = 0; i < b.len; i++) {
			assert_true(b.data[i] >= 0x20 && b.data[i] != 0x7f);
			/* C1 in UTF-8 */
			if (i > 0 && b.data[i - 1] == 0xc2)
				assert_true(b.data[i] >= 0xa0);
		}
	}
	buf_fini(&b);
}

TEST(widths_are_columns)
{
	assert_int_equal(safetext_width(""), 0);
	assert_int_equal(safetext_width("abc"), 3);
	assert_int_equal(safetext_width("b\xc3\xbc" "cher"), 6);
	assert_int_equal(safetext_width("u\xcc\x88"), 1);
	assert_int_equal(safetext_width("\xe4\xb8\xad\xe6\x96\x87"), 4);
	assert_int_equal(safetext_width("\xff\xff"), 2);
}
