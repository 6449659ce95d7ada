/* test_verdict.c - how a zone fares, as its owner reads it. */
#include "tests/lib/test.h"

#include "api/verdict.h"

static char out[VERDICT_MAX + 1];

#define SAYS(...) do {							\
	struct verdict_in in = { .name = "example.com", __VA_ARGS__ };	\
	verdict_print(&in, out);					\
} while (0)

#define HAS(text) do {							\
	if (strstr(out, (text)) == NULL)				\
		fail_msg("no \"%s\" in: %s", (text), out);		\
} while (0)

TEST(every_state_has_its_sentence)
{
	SAYS(.health = "new", .has_primaries = true);
	assert_string_equal(out, "The zone has not been transferred yet; the "
	    "first transfer is on its way.");
	SAYS(.health = "new");
	HAS("has no primary");
	SAYS(.health = "ok", .loaded = true, .serial = 7);
	assert_string_equal(out, "Serial 7 is served, as your primary has "
	    "it.");
	SAYS(.health = "behind", .loaded = true, .serial = 7,
	    .has_primary_serial = true, .primary_serial = 8);
	HAS("A primary has serial 8, we serve 7");
}

TEST(what_failed_comes_first_then_what_it_means_for_answers)
{
	SAYS(.health = "failing", .loaded = true, .serial = 7,
	    .expires = "2030-01-01T00:00:00Z",
	    .error = "192.0.2.1 does not answer: is the server running?");
	assert_string_equal(out, "192.0.2.1 does not answer: is the server "
	    "running? Serial 7 is served until 2030-01-01T00:00:00Z, then the "
	    "zone is answered with SERVFAIL.");
	SAYS(.health = "failing", .error = "the key is wrong");
	assert_string_equal(out, "The key is wrong. The zone could not be "
	    "transferred yet, so it is not served.");
	SAYS(.health = "expired", .loaded = true, .serial = 7,
	    .expires = "2020-01-01T00:00:00Z", .error = "nobody there");
	HAS("since 2020-01-01T00:00:00Z it is answered with SERVFAIL");
	HAS("Nobody there.");
}

TEST(a_serial_that_went_back_says_both_ways_out)
{
	SAYS(.health = "held", .loaded = true, .serial = 7, .back = "lower",
	    .back_serial = 3, .expires = "2030-01-01T00:00:00Z");
	HAS("went back: it has 3, we serve 7");
	HAS("until 2030-01-01T00:00:00Z");
	HAS("above 7, or accept serial 3");
	HAS("POST /v1/zones/example.com/accept");
	SAYS(.health = "held", .loaded = true, .serial = 7,
	    .back = "undefined", .back_serial = 2147483655u);
	HAS("exactly 2147483648");
}

TEST(an_endless_sentence_is_cut_and_nothing_is_written_behind_it)
{
	static char longest[4000];

	memset(longest, 'a', sizeof(longest) - 1);
	SAYS(.health = "failing", .loaded = true, .error = longest);
	assert_int_equal(strlen(out), VERDICT_MAX);
	SAYS(.health = "failing", .loaded = true, .error = "");
	HAS("Serial 0 is served.");
}
