/* test_advice.c - what a claim's owner is told, in each situation. */
#include "tests/lib/test.h"

#include <string.h>

#include "api/advice.h"

static char lines[ADVICE_MAX][ADVICE_TEXT_MAX];

static struct advice_in
claim(const char *state, const char *seen)
{
	return (struct advice_in){ .ownership = "proof", .zone = "z.test",
		.state = state, .proof = "none", .seen = seen, .why = "",
		.names = "ns1.op.test, ns2.op.test",
		.txt_name = "_understudy-challenge.z.test",
		.txt_value = "understudy-0", .lapses_at = "then" };
}

static bool
says(size_t n, const char *words)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(lines[i], words) != NULL)
			return true;
	return false;
}

TEST(a_pending_claim_has_two_ways_and_a_date)
{
	struct advice_in in = claim("pending", NULL);
	size_t n = advice_print(&in, lines);

	assert_true(says(n, "ns1.op.test, ns2.op.test"));
	assert_true(says(n, "_understudy-challenge.z.test"));
	assert_true(says(n, "understudy-0"));
	assert_true(says(n, "lapses at then"));
}

TEST(every_sighting_has_a_sentence_or_speaks_for_itself)
{
	static const struct {
		const char *seen, *words;
	} cases[] = {
		{ "unknown", "not every server" }, { "partly", "some servers" },
		{ "mixed", "another claim" }, { "old", "before they were" },
		{ "ours", "not this claim's" }, { "nothing", "does not delegate" },
		{ "elsewhere", "at the registrar" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct advice_in in = claim("pending", cases[i].seen);

		assert_true(says(advice_print(&in, lines), cases[i].words));
	}
}

TEST(without_names_the_record_is_the_way)
{
	struct advice_in in = claim("pending", "nothing");
	size_t n;

	in.names = "";
	n = advice_print(&in, lines);
	assert_true(says(n, "have all of our name servers"));
	assert_true(says(n, "TXT"));
	assert_false(says(n, "at the registrar"));
}

TEST(proven_claims_hear_what_is_missing_only)
{
	struct advice_in in = claim("active", "delegation");

	in.proof = "delegation";
	assert_int_equal(advice_print(&in, lines), 0);
	in.missing = 1;
	assert_true(says(advice_print(&in, lines), "not listed"));
	in.missing = 0;
	in.proof = "txt";
	in.txt_until = "some day";
	in.txt_runs = true;
	assert_true(says(advice_print(&in, lines), "until some day"));
	in.txt_runs = false;
	assert_true(says(advice_print(&in, lines), "keep the TXT record"));
}

TEST(warned_held_suspended_and_lapsed_are_told_apart)
{
	struct advice_in in = claim("warned", "nothing");

	in.held = true;
	assert_true(says(advice_print(&in, lines), "the operator looks"));
	in = claim("suspended", "nothing");
	assert_true(says(advice_print(&in, lines), "its proof was lost"));
	in = claim("lapsed", "nothing");
	assert_true(says(advice_print(&in, lines), "open it again"));
	in = claim("pending", NULL);
	in.ownership = "off";
	assert_int_equal(advice_print(&in, lines), 1);
	in.ownership = "operator";
	assert_true(says(advice_print(&in, lines), "operator of this service"));
}
