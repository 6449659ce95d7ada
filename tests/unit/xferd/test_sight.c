/* Which answers of a walk count for a claim, and why others do not. */
#include "tests/lib/test.h"

#include "xferd/sight.h"

static struct walk_result r;
static struct sighting s;

static int
setup(void **state)
{
	(void)state;
	memset(&r, 0, sizeof(r));
	r.found = true;
	memcpy(r.parent, "\4test", 6);
	r.n_parents = 2;
	for (unsigned i = 0; i < 2; i++) {
		r.parents[i].at = (struct sock_addr){ .family = 4,
			.ip = { 192, 0, 2, (uint8_t)i }, .port = 53 };
		r.parents[i].outcome = WALK_LISTED;
		r.parents[i].mask = 1 + i;
	}
	r.n_names = r.n_listed = 2;
	memcpy(r.names[0], "\1A", 3);
	memcpy(r.names[1], "\1b", 3);
	return 0;
}

TEST_WITH(delegations_and_denials_count, setup, NULL)
{
	static const uint8_t at[16] = { [10] = 255, 255, 192, 0, 2, 1 };

	r.parents[0].outcome = WALK_NOT_LISTED;
	r.parents[1].child_side = true;
	sight_make(&r, "token", 5, &s);
	assert_true(s.parents_known && !s.cut && s.at_ms == 5);
	assert_int_equal(s.zone.len, 6);
	assert_int_equal(s.n_parents, 2);
	assert_int_equal(s.parent[0].verdict, SIGHTING_ANSWERED);
	assert_int_equal(s.parent[0].names, 0);
	assert_int_equal(s.parent[1].verdict, SIGHTING_ANSWERED);
	assert_int_equal(s.parent[1].names, 2);
	assert_true(s.parent[1].child_side);
	assert_memory_equal(s.parent[1].address, at, 16);
	assert_memory_equal(s.name[0].wire, "\1a", 3);
	assert_int_equal(s.n_txt, 0);
}

TEST_WITH(what_is_not_an_answer_says_why, setup, NULL)
{
	static const struct {
		enum handoff_reason reason;
		uint16_t rcode;
		bool lame, forbidden;
		enum sighting_verdict verdict;
	} CASES[] = {
		{ HANDOFF_TIMEOUT_FIRST, 0, false, false, SIGHTING_TIMEOUT },
		{ HANDOFF_CONNECT_FAILED, 0, false, false,
		    SIGHTING_UNREACHABLE },
		{ HANDOFF_CONNECT_FAILED, 0, false, true,
		    SIGHTING_FORBIDDEN },
		{ HANDOFF_OK, 2, false, false, SIGHTING_SERVFAIL },
		{ HANDOFF_OK, 5, false, false, SIGHTING_REFUSED },
		{ HANDOFF_OK, 0, true, false, SIGHTING_LAME },
		{ HANDOFF_MALFORMED, 0, false, false, SIGHTING_MALFORMED },
	};

	r.parents[0].outcome = WALK_UNKNOWN;
	for (size_t i = 0; i < COUNT_OF(CASES); i++) {
		r.parents[0].reason = CASES[i].reason;
		r.parents[0].rcode = CASES[i].rcode;
		r.parents[0].lame = CASES[i].lame;
		r.parents[0].forbidden = CASES[i].forbidden;
		sight_make(&r, "token", 5, &s);
		assert_int_equal(s.parent[0].verdict, CASES[i].verdict);
		assert_int_equal(s.parent[0].names, 0);
		assert_true(s.parents_known);
	}
	r.parents[0].at.family = 0;
	sight_make(&r, "token", 5, &s);
	assert_false(s.parents_known);
	r.found = false;
	sight_make(&r, "token", 5, &s);
	assert_false(s.parents_known);
	assert_int_equal(s.n_parents, 0);
	assert_true(strlen(s.why) > 0);
}

TEST_WITH(a_text_is_the_token_or_it_is_not, setup, NULL)
{
	struct walk_said said = { .done = true, .aa = true };

	r.txt_asked = true;
	r.listed[0].txt = r.listed[1].txt = said;
	r.listed[0].n_texts = 2;
	memcpy(r.listed[0].texts[0], "tokens", 6);
	r.listed[0].text_len[0] = 6;
	memcpy(r.listed[0].texts[1], "token", 5);
	r.listed[0].text_len[1] = 5;
	r.listed[1].n_texts = 1;
	memcpy(r.listed[1].texts[0], "toke", 4);
	r.listed[1].text_len[0] = 4;
	sight_make(&r, "token", 5, &s);
	assert_int_equal(s.n_txt, 2);
	assert_true(s.txt[0].seen && !s.txt[1].seen);
	assert_int_equal(s.txt[1].verdict, SIGHTING_ANSWERED);
	r.listed[0].txt.aa = false;	/* not with authority */
	sight_make(&r, "token", 5, &s);
	assert_false(s.txt[0].seen);
	assert_int_not_equal(s.txt[0].verdict, SIGHTING_ANSWERED);
	r.n_names = 3;			/* one listed server was not asked */
	sight_make(&r, "token", 5, &s);
	assert_true(s.cut);
}
