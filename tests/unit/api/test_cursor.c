/* test_cursor.c - cursors come back, and only to the list they are of. */
#include "api/cursor.h"
#include "tests/lib/test.h"

static const uint8_t secret[CURSOR_SECRET_BYTES] = "one secret of thirty-two bytes.";
static const uint8_t other[CURSOR_SECRET_BYTES] = "two secret of thirty-two bytes.";

TEST(a_cursor_comes_back)
{
	char cursor[CURSOR_BYTES], back[CURSOR_BYTES];

	cursor_print(secret, "zones", "b.example", cursor);
	assert_true(cursor_parse(secret, "zones", cursor, back));
	assert_string_equal(back, "b.example");
}

TEST(another_list_secret_or_byte_is_refused)
{
	char cursor[CURSOR_BYTES], back[CURSOR_BYTES];

	cursor_print(secret, "zones", "b.example", cursor);
	assert_false(cursor_parse(secret, "keys", cursor, back));
	assert_false(cursor_parse(other, "zones", cursor, back));
	for (size_t i = 0; cursor[i] != '\0'; i++) {
		char was = cursor[i];

		cursor[i] = was == '0' ? '1' : '0';
		assert_false(cursor_parse(secret, "zones", cursor, back));
		cursor[i] = was;
	}
	assert_true(cursor_parse(secret, "zones", cursor, back));
	cursor[strlen(cursor) - 2] = '\0';
	assert_false(cursor_parse(secret, "zones", cursor, back));
}

TEST(what_was_never_a_cursor_is_refused)
{
	static const char *const bad[] = { "", "a", "zz", "00", "622e65",
		"0011223344556677", "001122334455667761", "00112233445566776g" };
	char back[CURSOR_BYTES], huge[CURSOR_BYTES + 3];

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(cursor_parse(secret, "zones", bad[i], back));
	memset(huge, 'a', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	assert_false(cursor_parse(secret, "zones", huge, back));
}

TEST(a_key_that_is_too_long_has_no_cursor)
{
	char key[CURSOR_BYTES / 2 + 1], cursor[CURSOR_BYTES], back[CURSOR_BYTES];

	memset(key, 'k', sizeof(key));
	key[CURSOR_BYTES / 2 - 9] = '\0';
	cursor_print(secret, "zones", key, cursor);
	assert_true(cursor_parse(secret, "zones", cursor, back));
	assert_string_equal(back, key);
	key[CURSOR_BYTES / 2 - 9] = 'k';
	key[CURSOR_BYTES / 2 - 8] = '\0';
	cursor_print(secret, "zones", key, cursor);
	assert_string_equal(cursor, "");
}
