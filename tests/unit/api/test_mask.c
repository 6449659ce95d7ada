/*
 * test_mask.c - documents without their secrets.
 */
#include <string.h>

#include "api/auth.h"
#include "api/mask.h"
#include "tests/lib/test.h"

static const char *
mask(struct buf *b, const char *json)
{
	buf_reset(b);
	assert_int_equal(mask_json(json, strlen(json), b), OK);
	return buf_cstr(b);
}

static enum err
fails(const char *json)
{
	struct buf b;
	enum err e;

	buf_init(&b, 4096);
	e = mask_json(json, strlen(json), &b);
	buf_fini(&b);
	return e;
}

TEST(members_that_are_secrets_lose_their_value_of_any_type)
{
	struct buf b;

	buf_init(&b, 4096);
	assert_string_equal(mask(&b, "{\"secret\": \"x\", \"a\": 1}"),
	    "{\"secret\":\"***\",\"a\":1}");
	assert_string_equal(mask(&b, "{\"a\":{\"Password\":{\"x\":[1,\"}\"]},"
	    "\"b\":[true,null,-1.5e3]}}"),
	    "{\"a\":{\"Password\":\"***\",\"b\":[true,null,-1.5e3]}}");
	assert_string_equal(mask(&b, "{\"new_password\":null,"
	    "\"client_secret_2\":[],\"private_key\":\"\"}"),
	    "{\"new_password\":\"***\",\"client_secret_2\":\"***\","
	    "\"private_key\":\"***\"}");
	assert_string_equal(mask(&b, "[{\"token\":\"t\"},{\"hash\":1},"
	    "{\"sealed\":2},{\"recovery_codes\":[\"a\",\"b\"]}]"),
	    "[{\"token\":\"***\"},{\"hash\":\"***\"},{\"sealed\":\"***\"},"
	    "{\"recovery_codes\":\"***\"}]");
	buf_fini(&b);
}

TEST(what_only_sounds_like_a_secret_stays)
{
	struct buf b;

	buf_init(&b, 4096);
	assert_string_equal(mask(&b, "{\"key\":\"k1\",\"tokens\":3,"
	    "\"name\":\"secret\",\"x\\\"secret\\\"\":1}"),
	    "{\"key\":\"k1\",\"tokens\":3,\"name\":\"secret\","
	    "\"x\\\"secret\\\"\":\"***\"}");
	assert_string_equal(mask(&b, "\"secret\""), "\"secret\"");
	assert_string_equal(mask(&b, "{}"), "{}");
	assert_string_equal(mask(&b, " [ ] "), "[]");
	buf_fini(&b);
}

TEST(a_token_inside_of_a_text_keeps_its_prefix_only)
{
	char token[AUTH_TOKEN_BYTES], json[256], want[128];
	struct buf b;

	assert_int_equal(auth_init(), OK);
	auth_token_make(AUTH_TENANT, token);
	buf_init(&b, 4096);
	snprintf(json, sizeof(json), "{\"name\":\"mine is %s, %s.\"}", token,
	    token);
	snprintf(want, sizeof(want), "{\"name\":\"mine is %.13s***, "
	    "%.13s***.\"}", token, token);
	assert_string_equal(mask(&b, json), want);
	token[20] = token[20] == 'a' ? 'b' : 'a';
	snprintf(json, sizeof(json), "\"%s\"", token);
	assert_string_equal(mask(&b, json), json);
	buf_fini(&b);
}

TEST(what_is_no_json_is_refused)
{
	static const char *const bad[] = {
		"", "{", "[", "{\"a\"}", "{\"a\":}", "{\"a\":1", "[1,]",
		"[1 2]", "{\"a\":1}}", "\"", "\"\\\"", "{1:2}", "{\"secret\":",
		"{\"secret\":{}", "[,]",
	};
	char deep[200];

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(fails(bad[i]), ERR_MALFORMED);
	memset(deep, '[', sizeof(deep));
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(fails(deep), ERR_MALFORMED);
}

TEST(a_full_buffer_is_said)
{
	struct buf b;

	buf_init(&b, 4);
	assert_int_equal(mask_json("\"abcdef\"", 8, &b), ERR_LIMIT);
	buf_fini(&b);
}
