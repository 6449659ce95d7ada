/*
 * DNS cookies: RFC 9018 appendix A, times, secrets.
 */
#include "tests/lib/test.h"

#include "dnsd/cookie.h"

static struct cookie_secrets secrets;
static uint8_t got[COOKIE_BYTES];

static size_t
unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;
	unsigned v;

	for (; sscanf(hex, "%2x", &v) == 1; hex += 2)
		out[n++] = (uint8_t)v;
	return n;
}

static void
use(const char *first, const char *second)
{
	secrets.n = 1 + (second != NULL);
	unhex(first, secrets.key[0].bytes);
	if (second != NULL)
		unhex(second, secrets.key[1].bytes);
}

static enum cookie_verdict
judge(const char *cookie, const char *ip, uint32_t now_s)
{
	uint8_t c[64], address[16];
	size_t n = unhex(cookie, c);

	return cookie_judge(&secrets, c, n, address, unhex(ip, address),
	    now_s, got);
}

static void
assert_cookie(const char *hex)
{
	uint8_t want[64];

	assert_int_equal(unhex(hex, want), COOKIE_BYTES);
	assert_memory_equal(got, want, COOKIE_BYTES);
}

#define SECRET "e5e973e5a6b2a43f48e7dc849e37bfcf"
#define C1 "2464c4abcf10c957"
#define IP1 "c6336464"				/* 198.51.100.100 */

/* RFC 9018 A.1, A.2, A.3: bit for bit, so that servers of other makers with
 * the same secret take our cookies, and we theirs. */
TEST(q170_the_vectors_of_rfc_9018)
{
	use(SECRET, NULL);
	assert_int_equal(judge(C1, IP1, 1559731985), COOKIE_CLIENT_ONLY);
	assert_cookie(C1 "010000005cf79f111f8130c3eee29480");
	assert_int_equal(judge(C1 "010000005cf79f111f8130c3eee29480", IP1,
	    1559734385), COOKIE_GOOD);
	assert_cookie(C1 "010000005cf7a871d4a564a1442aca77");
	/* reserved octets are taken as they come, and sent as zero */
	assert_int_equal(judge("fc93fc62807ddb8601abcdef5cf78f71a314227b"
	    "6679ebf5", "cb0071cb", 1559728385), COOKIE_GOOD);
	assert_int_equal(judge("fc93fc62807ddb8601abcdef5cf78f71a314227b"
	    "6679ebf5", "cb0071cb", 1559734700), COOKIE_BAD);
	assert_cookie("fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e");
}

/* RFC 9018 A.4: IPv6, and a secret that was rolled. */
TEST(q170_old_and_new_secrets_are_taken)
{
	static const char ip[] = "20010db8022000" "0159ded0f4876982b8";

	use("445536bcd2513298075a5d379663c962",
	    "dd3bdf9344b678b185a6f5cb60fca715");
	assert_int_equal(judge("22681ab97d52c298010000005cf7c57926556bd0"
	    "934c72f8", ip, 1559741961), COOKIE_GOOD);
	assert_cookie("22681ab97d52c298010000005cf7c609a6bb79d16625507a");
	secrets.n = 1;
	assert_int_equal(judge("22681ab97d52c298010000005cf7c57926556bd0"
	    "934c72f8", ip, 1559741961), COOKIE_BAD);
}

TEST(q171_times)
{
	static const struct {
		int32_t age;
		enum cookie_verdict verdict;
		bool same;
	} cases[] = {
		{ 0, COOKIE_GOOD, true }, { 1800, COOKIE_GOOD, true },
		{ 1801, COOKIE_GOOD, false }, { 3600, COOKIE_GOOD, false },
		{ 3601, COOKIE_BAD, false }, { -300, COOKIE_GOOD, true },
		{ -301, COOKIE_BAD, false },
		{ INT32_MAX, COOKIE_BAD, false },
		{ INT32_MIN, COOKIE_BAD, false },
	};
	static const uint32_t births[] = { 1700000000, 0, 100, UINT32_MAX };
	const uint8_t ip[4] = { 192, 0, 2, 1 };
	uint8_t c[COOKIE_BYTES];

	use(SECRET, NULL);
	for (size_t b = 0; b < COUNT_OF(births); b++)
		for (size_t i = 0; i < COUNT_OF(cases); i++) {
			cookie_make(&secrets.key[0],
			    (const uint8_t *)"client__", ip, 4, births[b], c);
			assert_int_equal(cookie_judge(&secrets, c, sizeof(c),
			    ip, 4, births[b] + (uint32_t)cases[i].age, got),
			    cases[i].verdict);
			assert_int_equal(memcmp(c, got, sizeof(c)) == 0,
			    cases[i].same);
			/* What goes out is always good. */
			assert_int_equal(cookie_judge(&secrets, got,
			    sizeof(got), ip, 4, births[b] +
			    (uint32_t)cases[i].age, c), COOKIE_GOOD);
		}
}

TEST(any_other_octet_is_a_bad_cookie)
{
	const uint8_t ip[4] = { 192, 0, 2, 1 };
	uint8_t c[40];

	use(SECRET, NULL);
	for (size_t i = 0; i < COOKIE_BYTES; i++) {
		cookie_make(&secrets.key[0], (const uint8_t *)"client__", ip,
		    4, 1700000000, c);
		c[i] ^= 1;
		assert_int_equal(cookie_judge(&secrets, c, COOKIE_BYTES, ip,
		    4, 1700000000, got), COOKIE_BAD);
		assert_memory_equal(got, c, COOKIE_CLIENT_BYTES);
	}
	/* other lengths are of other makers */
	for (size_t n = 16; n <= 40; n++) {
		memset(c, 0, sizeof(c));
		cookie_make(&secrets.key[0], (const uint8_t *)"client__", ip,
		    4, 1700000000, c);
		assert_int_equal(cookie_judge(&secrets, c, n, ip, 4,
		    1700000000, got), n == COOKIE_BYTES ? COOKIE_GOOD :
		    COOKIE_BAD);
	}
}

TEST(q172_a_cookie_is_of_one_address)
{
	const uint8_t a[16] = { 192, 0, 2, 1 }, b[16] = { 192, 0, 2, 2 };
	uint8_t c[COOKIE_BYTES];

	use(SECRET, NULL);
	cookie_make(&secrets.key[0], (const uint8_t *)"client__", a, 4, 1000,
	    c);
	assert_int_equal(cookie_judge(&secrets, c, sizeof(c), a, 4, 1000,
	    got), COOKIE_GOOD);
	assert_int_equal(cookie_judge(&secrets, c, sizeof(c), b, 4, 1000,
	    got), COOKIE_BAD);
	assert_int_equal(cookie_judge(&secrets, c, sizeof(c), a, 16, 1000,
	    got), COOKIE_BAD);
}
