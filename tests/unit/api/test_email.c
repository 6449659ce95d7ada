/* test_email.c - what is an address, and its one spelling. */
#include "api/email.h"
#include "tests/lib/test.h"

TEST(addresses_have_one_spelling)
{
	static const char *const pairs[][2] = {
		{ "ann@example.com", "ann@example.com" },
		{ "  Ann@EXAMPLE.com ", "ann@example.com" },
		{ "a.b+c@x-y.example", "a.b+c@x-y.example" },
		{ "o'neil!#$@1.de", "o'neil!#$@1.de" },
		{ "root@localhost", "root@localhost" },
	};
	char out[EMAIL_BYTES];

	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		assert_true(email_normal(pairs[i][0], out));
		assert_string_equal(out, pairs[i][1]);
	}
}

TEST(other_things_are_no_addresses)
{
	static const char *const bad[] = {
		"", " ", "@", "ann", "ann@", "@example.com", "ann@com",
		"ann@@example.com", "a@b@example.com", ".ann@example.com",
		"ann.@example.com", "a..b@example.com", "ann@-x.com",
		"ann@x-.com", "ann@x..com", "ann@.com", "ann@x.com.",
		"an n@example.com", "ann@exam ple.com", "ann@example.com\n",
		"a\r\nBcc: b@x.com@y.com", "\"a b\"@example.com",
		"ann@[192.0.2.1]", "<ann@example.com>", "ann@example.com,b",
		"\xc3\xa4nn@example.com", "ann@ex\xc3\xa4mple.com",
	};
	char out[EMAIL_BYTES] = "untouched";

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (email_normal(bad[i], out))
			fail_msg("%s", bad[i]);
	assert_string_equal(out, "untouched");
}

TEST(length_has_bounds)
{
	char text[400], out[EMAIL_BYTES];

	memset(text, 'a', sizeof(text));
	memcpy(text + 64, "@example.com", 13);
	assert_true(email_normal(text, out));
	memcpy(text + 65, "@example.com", 13);
	text[64] = 'a';
	assert_false(email_normal(text, out));
	memset(text, 'a', sizeof(text));
	text[1] = '@';
	for (size_t i = 40; i < EMAIL_MAX; i += 40)
		text[i] = '.';
	text[EMAIL_MAX] = '\0';
	assert_true(email_normal(text, out));
	text[EMAIL_MAX] = 'a';
	text[EMAIL_MAX + 1] = '\0';
	assert_false(email_normal(text, out));
}
