/* test_scrub.c - members are left out or made null, nothing else changes. */
#include <stdlib.h>

#include "api/scrub.h"
#include "tests/lib/test.h"

static const char *const names[] = { "secret", "token", NULL };

static const char *
scrubbed(const char *json, enum scrub_how how)
{
	static struct buf b;

	buf_fini(&b);
	buf_init(&b, 4096);
	if (scrub_copy(json, strlen(json), names, how, &b) != OK)
		return "refused";
	return buf_cstr(&b);
}

TEST(members_are_dropped_at_any_depth)
{
	assert_string_equal(scrubbed("{\"secret\":\"x\"}", SCRUB_DROP), "{}");
	assert_string_equal(scrubbed("{\"a\": 1, \"secret\": {\"b\": [2]}, "
	    "\"c\": [ {\"token\" : null}, 3 ]}", SCRUB_DROP),
	    "{\"a\":1,\"c\":[{},3]}");
	assert_string_equal(scrubbed("{\"secret\":1,\"token\":2,\"a\":3}",
	    SCRUB_DROP), "{\"a\":3}");
}

TEST(members_are_made_null)
{
	assert_string_equal(scrubbed("{\"id\":1,\"secret\":\"s\"}",
	    SCRUB_NULL), "{\"id\":1,\"secret\":null}");
	assert_string_equal(scrubbed("[{\"token\":[1,2]},true]", SCRUB_NULL),
	    "[{\"token\":null},true]");
}

TEST(values_and_other_names_stay)
{
	assert_string_equal(scrubbed("{\"secrets\":\"secret\",\"x\":\"a\\\"b,}"
	    "\\\\\"}", SCRUB_DROP),
	    "{\"secrets\":\"secret\",\"x\":\"a\\\"b,}\\\\\"}");
	assert_string_equal(scrubbed(" -1.5e3 ", SCRUB_DROP), "-1.5e3");
	assert_string_equal(scrubbed("[]", SCRUB_DROP), "[]");
}

TEST(what_is_not_json_is_refused)
{
	static const char *const bad[] = { "", "{", "[1", "{\"a\"}", "{\"a\":}",
		"\"x", "{\"a\":1,}", "[1,]", "1 2", "{1:2}", "\"\\" };
	char deep[2 * SCRUB_DEPTH_MAX + 8];

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_string_equal(scrubbed(bad[i], SCRUB_DROP), "refused");
	memset(deep, '[', sizeof(deep));
	deep[sizeof(deep) - 1] = '\0';
	assert_string_equal(scrubbed(deep, SCRUB_DROP), "refused");
}

TEST(a_full_buffer_is_told)
{
	struct buf b;

	buf_init(&b, 4);
	assert_int_not_equal(scrub_copy("[1,2,3]", 7, names, SCRUB_DROP, &b),
	    OK);
	buf_fini(&b);
}
