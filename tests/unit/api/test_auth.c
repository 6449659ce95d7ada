/*
 * test_auth.c - tokens, scopes, base64.
 */
#include "api/auth.h"
#include "tests/lib/test.h"

TEST(auth_tokens_have_their_form)
{
	char t[AUTH_TOKEN_BYTES], u[AUTH_TOKEN_BYTES];
	char prefix[AUTH_PREFIX_BYTES];

	assert_ok(auth_init());
	auth_token_make(AUTH_TENANT, t);
	auth_token_make(AUTH_OPERATOR, u);
	assert_int_equal(strlen(t), AUTH_TOKEN_LEN);
	assert_memory_equal(t, "us_t_", 5);
	assert_memory_equal(u, "us_o_", 5);
	assert_true(auth_token_check(t, strlen(t)));
	assert_true(auth_token_check(u, strlen(u)));
	assert_string_not_equal(t + 5, u + 5);
	auth_token_prefix(t, prefix);
	assert_int_equal(strlen(prefix), AUTH_PREFIX_LEN);
	assert_memory_equal(prefix, t, AUTH_PREFIX_LEN);
}

TEST(auth_a_mistyped_token_is_seen)
{
	char t[AUTH_TOKEN_BYTES], bad[AUTH_TOKEN_BYTES + 1];

	assert_ok(auth_init());
	auth_token_make(AUTH_TENANT, t);
	for (size_t i = 0; i < AUTH_TOKEN_LEN; i++) {
		memcpy(bad, t, sizeof(t));
		bad[i] = bad[i] == 'a' ? 'b' : 'a';
		assert_false(auth_token_check(bad, AUTH_TOKEN_LEN));
		bad[i] = '\0';
		assert_false(auth_token_check(bad, AUTH_TOKEN_LEN));
	}
	assert_false(auth_token_check(t, AUTH_TOKEN_LEN - 1));
	memcpy(bad, t, AUTH_TOKEN_LEN);
	bad[AUTH_TOKEN_LEN] = 'a';
	assert_false(auth_token_check(bad, AUTH_TOKEN_LEN + 1));
	assert_false(auth_token_check("", 0));
}

TEST(auth_hashes_depend_on_the_pepper)
{
	struct auth_pepper p = { { 1 } }, q = { { 2 } };
	char t[AUTH_TOKEN_BYTES];
	uint8_t a[AUTH_HASH_BYTES], b[AUTH_HASH_BYTES];

	assert_ok(auth_init());
	auth_token_make(AUTH_TENANT, t);
	auth_token_hash(&p, t, a);
	auth_token_hash(&p, t, b);
	assert_memory_equal(a, b, sizeof(a));
	auth_token_hash(&q, t, b);
	assert_memory_not_equal(a, b, sizeof(a));
}

TEST(auth_scopes_are_whole_words)
{
	struct auth_who who = { .kind = AUTH_TENANT };

	strcpy(who.scopes, " zones:read tsig:write ");
	assert_true(auth_has_scope(&who, "zones:read"));
	assert_true(auth_has_scope(&who, "tsig:write"));
	assert_true(auth_has_scope(&who, ""));
	assert_false(auth_has_scope(&who, "zones:rea"));
	assert_false(auth_has_scope(&who, "zones"));
	assert_false(auth_has_scope(&who, "zones:write"));
	strcpy(who.scopes, " * ");
	assert_true(auth_has_scope(&who, "zones:write"));
	assert_true(auth_scope_known("tokens:admin"));
	assert_false(auth_scope_known("zones:all"));
}

TEST(auth_base64_is_strict)
{
	static const char *const bad[] = {
		"a", "ab", "abc", "ab==c", "ab=", "a-b_", "ab\ncd", " abcd",
		"abcd====",
	};
	uint8_t out[8];
	size_t len;

	assert_ok(auth_base64_parse("c2VjcmV0", 8, out, sizeof(out), &len));
	assert_int_equal(len, 6);
	assert_memory_equal(out, "secret", 6);
	assert_ok(auth_base64_parse("YQ==", 4, out, sizeof(out), &len));
	assert_int_equal(len, 1);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_err(auth_base64_parse(bad[i], strlen(bad[i]), out,
		    sizeof(out), &len), ERR_MALFORMED);
	assert_true(auth_base64_parse("YWJjZGVmZ2hp", 12, out, sizeof(out),
	    &len) != OK);
}

TEST(auth_fingerprints_are_sha256)
{
	char out[AUTH_FINGERPRINT_BYTES];

	assert_ok(auth_init());
	auth_fingerprint((const uint8_t *)"secret", 6, out);
	assert_string_equal(out, "2bb80d537b1da3e3");
}

TEST(auth_sessions_and_links_are_no_tokens)
{
	char s[AUTH_TOKEN_BYTES], l[AUTH_TOKEN_BYTES];

	assert_ok(auth_init());
	auth_text_make(AUTH_TEXT_SESSION, s);
	auth_text_make(AUTH_TEXT_LINK, l);
	assert_memory_equal(s, "us_s_", 5);
	assert_memory_equal(l, "us_l_", 5);
	assert_true(auth_text_check(AUTH_TEXT_SESSION, s, strlen(s)));
	assert_false(auth_text_check(AUTH_TEXT_LINK, s, strlen(s)));
	assert_false(auth_token_check(s, strlen(s)));
	assert_false(auth_token_check(l, strlen(l)));
}

static bool
in_cookie(const char *fmt, const char *session)
{
	char header[600], out[AUTH_TOKEN_BYTES] = "";

	snprintf(header, sizeof(header), fmt, session, session);
	return auth_cookie_parse(header, out) && strcmp(out, session) == 0;
}

TEST(auth_a_session_is_found_among_cookies)
{
	char s[AUTH_TOKEN_BYTES], t[AUTH_TOKEN_BYTES];

	assert_ok(auth_init());
	auth_text_make(AUTH_TEXT_SESSION, s);
	auth_token_make(AUTH_TENANT, t);
	assert_true(in_cookie("__Host-understudy=%s", s));
	assert_true(in_cookie("a=b; __Host-understudy=%s", s));
	assert_true(in_cookie("a=b;__Host-understudy=%s; c", s));
	assert_true(in_cookie("a=b; ;; __Host-understudy=%s;", s));
	assert_false(in_cookie("understudy=%s", s));
	assert_false(in_cookie("x__Host-understudy=%s", s));
	assert_false(in_cookie("__host-understudy=%s", s));
	assert_false(in_cookie("__Host-understudy=%s.", s));
	assert_false(in_cookie("__Host-understudy =%s", s));
	assert_false(in_cookie("__Host-understudy=\"%s\"", s));
	assert_false(in_cookie("__Host-understudy=%s; "
	    "__Host-understudy=%s", s));
	assert_false(in_cookie("__Host-understudy=%s", t));
	assert_false(auth_cookie_parse(NULL, t));
	assert_false(auth_cookie_parse("", t));
}

TEST(auth_words_are_hashed_apart)
{
	const struct auth_pepper pepper = { .key = { 1 } };
	uint8_t a[AUTH_HASH_BYTES], b[AUTH_HASH_BYTES];

	assert_ok(auth_init());
	auth_words_hash(&pepper, (const char *const[]){ "ab", "c", NULL }, a);
	auth_words_hash(&pepper, (const char *const[]){ "ab", "c", NULL }, b);
	assert_memory_equal(a, b, sizeof(a));
	auth_words_hash(&pepper, (const char *const[]){ "a", "bc", NULL }, b);
	assert_memory_not_equal(a, b, sizeof(a));
}
