/* test_totp.c - the vectors of RFC 4226 and 6238, windows, forms. */
#include "api/totp.h"
#include "tests/lib/test.h"

/* RFC 6238 appendix B: "12345678901234567890" */
static const uint8_t rfc[] = "12345678901234567890";

static const char *
code_at(int64_t step)
{
	static char out[TOTP_CODE_BYTES];

	assert_ok(totp_code(rfc, step, out));
	return out;
}

TEST(rfc_4226_appendix_d)
{
	static const char *const want[] = { "755224", "287082", "359152",
		"969429", "338314", "254676", "287922", "162583", "399871",
		"520489" };

	for (size_t i = 0; i < COUNT_OF(want); i++)
		assert_string_equal(code_at((int64_t)i), want[i]);
}

TEST(rfc_6238_appendix_b)
{
	/* Its eight digits, of which six are shown. */
	static const struct { int64_t s; const char *code; } want[] = {
		{ 59, "287082" }, { 1111111109, "081804" },
		{ 1111111111, "050471" }, { 1234567890, "005924" },
		{ 2000000000, "279037" }, { 20000000000, "353130" },
	};

	for (size_t i = 0; i < COUNT_OF(want); i++)
		assert_string_equal(code_at(want[i].s / TOTP_STEP_S),
		    want[i].code);
}

TEST(a_code_is_good_a_step_early_and_a_step_late)
{
	const char *code = "287082";		/* of step 1, 30 s to 59 s */
	int64_t step = 0;

	assert_ok(totp_match(rfc, code, 0, 0, &step));
	assert_int_equal(step, 1);
	assert_ok(totp_match(rfc, code, 89, 0, &step));
	assert_err(totp_match(rfc, code, 90, 0, &step), ERR_MISMATCH);
	assert_ok(totp_match(rfc, " 287 082 ", 45, 0, &step));
}

TEST(a_step_that_was_used_is_no_longer_good)
{
	int64_t step;

	assert_err(totp_match(rfc, "287082", 45, 1, &step), ERR_MISMATCH);
	assert_err(totp_match(rfc, "287082", 45, 7, &step), ERR_MISMATCH);
	assert_ok(totp_match(rfc, "359152", 45, 1, &step));	/* the next */
	assert_int_equal(step, 2);
}

TEST(what_is_no_code_is_none)
{
	static const char *const bad[] = { "", "28708", "2870822", "28708x",
		"-87082", "2870 8", "287082\n", "\xe2\x91\xa1" "87082" };
	int64_t step;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_err(totp_match(rfc, bad[i], 45, 0, &step),
		    ERR_MISMATCH);
}

TEST(a_secret_as_text_and_in_a_link)
{
	char text[TOTP_SECRET_TEXT], uri[TOTP_URI_MAX];

	totp_base32(rfc, text);
	assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	totp_uri(rfc, "Our DNS", "a+b@example.com", uri);
	assert_string_equal(uri, "otpauth://totp/Our%20DNS:a%2Bb@example.com"
	    "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Our%20DNS");
}

TEST(a_long_name_stays_in_its_room)
{
	char uri[TOTP_URI_MAX], name[600];

	memset(name, '%', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	totp_uri(rfc, name, name, uri);
	assert_non_null(strstr(uri, "&issuer="));
}
