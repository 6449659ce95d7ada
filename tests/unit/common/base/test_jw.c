/*
 * test_jw.c - the JSON writer.
 */
#include "common/base/jw.h"
#include "tests/lib/test.h"

static void
assert_text(struct jw *w, const char *want)
{
	size_t len;
	char *text = jw_take(w, &len);

	assert_non_null(text);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(text, want, len);
	free(text);
}

TEST(jw_writes_commas_and_levels)
{
	struct jw w;

	jw_init(&w, 1000);
	jw_begin_object(&w, NULL);
	jw_int(&w, "a", -5);
	jw_begin_list(&w, "b");
	jw_str(&w, NULL, "x");
	jw_null(&w, NULL);
	jw_bool(&w, NULL, true);
	jw_begin_object(&w, NULL);
	jw_end_object(&w);
	jw_end_list(&w);
	jw_raw(&w, "c", "[1]");
	jw_str(&w, "d", NULL);
	jw_fmt(&w, "e", "%d%%", 7);
	jw_end_object(&w);
	assert_text(&w, "{\"a\":-5,\"b\":[\"x\",null,true,{}],\"c\":[1],"
	    "\"d\":null,\"e\":\"7%\"}");
}

TEST(jw_escapes_what_html_and_terminals_would_read)
{
	struct jw w;

	jw_init(&w, 1000);
	jw_str(&w, NULL, "\"\\\n\t\x01\x7f<>&/\xc3\xa9");
	assert_text(&w, "\"\\\"\\\\\\n\\t\\u0001\\u007f\\u003c\\u003e\\u0026/"
	    "\xc3\xa9\"");
}

TEST(jw_replaces_bytes_that_are_not_utf8)
{
	struct jw w;

	jw_init(&w, 1000);
	jw_str(&w, NULL, "a\xff" "b\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\xc3");
	assert_text(&w, "\"a\\ufffdb\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd"
	    "\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"");
}

TEST(jw_stops_at_its_maximum)
{
	struct jw w;
	size_t len;

	jw_init(&w, 5);
	jw_str(&w, NULL, "abcd");
	assert_true(jw_failed(&w));
	jw_int(&w, NULL, 1);
	assert_null(jw_take(&w, &len));
}

TEST(jw_stops_at_its_depth)
{
	struct jw w;

	jw_init(&w, 1000);
	for (int i = 0; i < JW_DEPTH_MAX; i++)
		jw_begin_list(&w, NULL);
	assert_false(jw_failed(&w));
	jw_begin_list(&w, NULL);
	assert_true(jw_failed(&w));
	jw_fini(&w);
}
