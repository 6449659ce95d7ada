/*
 * test_jdoc.c - JSON documents: read, look into, build, print.
 */
#include "api/ctl/jdoc.h"
#include "tests/lib/test.h"

static struct jdoc *
parse(const char *text)
{
	struct jdoc *d = NULL;

	assert_ok(jdoc_parse(text, strlen(text), &d, NULL));
	return d;
}

static void
assert_shown(const char *json, const char *path, const char *want)
{
	struct jdoc *d = parse(json);
	struct buf b;

	buf_init(&b, 10000);
	jdoc_show_at(d, path, &b);
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
	jdoc_free(d);
}

TEST(paths_go_into_objects_and_first_elements)
{
	struct jdoc *d = parse("{\"a\":{\"b\":[{\"c\":\"x\",\"n\":5}]},"
	    "\"t\":true,\"z\":null}");
	int64_t n = 0;

	assert_string_equal(jdoc_text(d, "a.b.c"), "x");
	assert_true(jdoc_number(d, "a.b.n", &n));
	assert_int_equal(n, 5);
	assert_true(jdoc_true(d, "t"));
	assert_false(jdoc_true(d, "a"));
	assert_null(jdoc_at(d, "a.x.c"));
	assert_null(jdoc_text(d, "z"));
	assert_int_equal(jdoc_kind(jdoc_at(d, "z")), JDOC_NULL);
	assert_int_equal(jdoc_kind(NULL), JDOC_NULL);
	assert_null(jdoc_text(NULL, "a"));
	assert_int_equal(jdoc_count(NULL), 0);
	jdoc_free(d);
}

TEST(what_is_no_json_is_refused)
{
	static const char *const bad[] = {
		"", "{", "{\"a\":1,\"a\":2}", "nope", "{\"a\":1} x",
		"[99999999999999999999999]", "\"\\u0000\"", "\"\xff\"",
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct jdoc *d = NULL;
		struct fault f = { .text = "" };

		assert_err(jdoc_parse(bad[i], strlen(bad[i]), &d, &f),
		    ERR_MALFORMED);
		assert_true(f.text[0] != '\0');
		assert_null(d);
	}
}

TEST(a_very_deep_document_is_refused)
{
	static char deep[200000];
	struct jdoc *d = NULL;

	memset(deep, '[', sizeof(deep));
	assert_err(jdoc_parse(deep, sizeof(deep), &d, NULL), ERR_MALFORMED);
}

TEST(documents_are_built_by_paths)
{
	struct jdoc *d = jdoc_object(), *p = jdoc_object();
	struct buf b;

	buf_init(&b, 10000);
	assert_true(jdoc_put_text(d, "name", "a.example"));
	assert_true(jdoc_put_bool(d, "policy.keep_ns", true));
	assert_true(jdoc_put_number(d, "policy.n", 3));
	assert_true(jdoc_put_null(d, "policy.x"));
	assert_true(jdoc_put_text(p, "address", "192.0.2.1"));
	assert_true(jdoc_add(d, "primaries", p));
	assert_true(jdoc_add_text(d, "primaries", "main"));
	assert_false(jdoc_put_text(d, "bad", "\xff"));
	assert_false(jdoc_put_text(d, "name.below", "a text holds nothing"));
	jdoc_print(d, &b, 0);
	assert_string_equal(buf_cstr(&b), "{\"name\":\"a.example\","
	    "\"policy\":{\"keep_ns\":true,\"n\":3,\"x\":null},"
	    "\"primaries\":[{\"address\":\"192.0.2.1\"},\"main\"]}");
	buf_fini(&b);
	jdoc_free(d);
}

TEST(values_are_shown_for_people)
{
	assert_shown("{\"a\":true}", "a", "yes");
	assert_shown("{\"a\":null}", "a", "");
	assert_shown("{\"a\":-12}", "a", "-12");
	assert_shown("{\"a\":[\"x\",2,null]}", "a", "x, 2, ");
	assert_shown("{\"a\":[{\"t\":\"A\"},{\"t\":\"MX\"}]}", "a.t", "A, MX");
	assert_shown("{\"a\":{\"b\":{}}}", "a", "{\"b\":{}}");
	assert_shown("{}", "a.b.c", "");
}

TEST(printed_json_is_harmless_for_a_terminal_T23)
{
	struct jdoc *d = parse("{\"a\":\"\\u001b[2J\\u009b\\u202e\"}");
	struct buf b;

	buf_init(&b, 10000);
	jdoc_print(d, &b, 0);
	assert_string_equal(buf_cstr(&b),
	    "{\"a\":\"\\u001B[2J\\u009b\\u202e\"}");
	buf_fini(&b);
	jdoc_free(d);
}
