/* test_claim.c - what proves a claim, what loses it, and when. */
#include "tests/lib/test.h"

#include <string.h>

#include "common/base/base.h"
#include "xferd/claim.h"

#define NOW	INT64_C(1700000000000)
#define HOUR	(INT64_C(3600) * 1000)
#define DAY	CLAIM_DAY_MS

/* a b: mine; c d: another's; e: nobody's; x: not in the pool. */
static struct claim_host hosts[] = {
	{ 3, "\1a", CLAIM_HOST_MINE }, { 3, "\1b", CLAIM_HOST_MINE },
	{ 3, "\1c", CLAIM_HOST_OTHERS }, { 3, "\1d", CLAIM_HOST_OTHERS },
	{ 3, "\1e", CLAIM_HOST_FREE },
};
static const uint8_t ours[1][16] = { { 1 } };
static const struct claim_pool POOL = { .n_hosts = COUNT_OF(hosts),
	.host = hosts, .n_addresses = 1, .address = ours };

static struct sighting sighting;

/* One word a parent server: the names it lists, "-" none, "?" a timeout. */
static const struct sighting *
seen(const char *words)
{
	struct sighting *s = &sighting;

	memset(s, 0, sizeof(*s));
	s->parents_known = true;
	while (*words != '\0') {
		struct sighting_server *p = &s->parent[s->n_parents++];

		p->address[0] = (uint8_t)(100 + s->n_parents);
		for (; *words != '\0' && *words != ' '; words++) {
			size_t i = 0;

			if (*words == '?')
				p->verdict = SIGHTING_TIMEOUT;
			if (*words == '?' || *words == '-')
				continue;
			while (i < s->n_names && s->name[i].wire[1] !=
			    (uint8_t)*words)
				i++;
			if (i == s->n_names) {
				s->n_names++;
				s->name[i].len = 3;
				s->name[i].wire[0] = 1;
				s->name[i].wire[1] = (uint8_t)*words;
			}
			p->names |= UINT64_C(1) << i;
		}
		words += *words == ' ';
	}
	return s;
}

/* TXT servers: '+' has it, '-' has not, '?' a timeout, 'o' ours with it. */
static const struct sighting *
seen_txt(const char *parents, const char *servers)
{
	(void)seen(parents);
	for (; *servers != '\0'; servers++) {
		struct sighting_txt *t = &sighting.txt[sighting.n_txt++];

		t->address[0] = *servers == 'o' ? 1 : 50;
		t->verdict = *servers == '?' ? SIGHTING_TIMEOUT :
		    SIGHTING_ANSWERED;
		t->seen = *servers == '+' || *servers == 'o';
	}
	return &sighting;
}

static struct claim_facts
pending(void)
{
	return (struct claim_facts){ .has_set = true, .alone = true,
		.opened_ms = NOW, .unproven_ms = NOW };
}

static struct claim_facts
active(void)
{
	return (struct claim_facts){ .state = CLAIM_ACTIVE, .has_set = true,
		.proof = CLAIM_PROOF_DELEGATION, .alone = true,
		.opened_ms = NOW - DAY, .clear_ms = NOW - DAY };
}

static struct claim_next
step(struct claim_facts *c, const struct sighting *s, int64_t now)
{
	struct claim_next n;

	claim_step(&POOL, c, s, now, &n);
	*c = n.facts;
	return n;
}

TEST(a_parent_that_lists_the_names_after_they_were_told_proves_the_claim)
{
	struct claim_facts c = pending();
	struct claim_next n = step(&c, seen("x x"), NOW);

	assert_int_equal(n.seen, CLAIM_SEEN_OTHERS);
	assert_int_equal(c.state, CLAIM_PENDING);
	n = step(&c, seen("ax xb"), NOW + HOUR);
	assert_int_equal(n.seen, CLAIM_SEEN_PROVEN);
	assert_int_equal(c.state, CLAIM_ACTIVE);
	assert_int_equal(c.proof, CLAIM_PROOF_DELEGATION);
	assert_true(n.displaces);
	assert_int_equal(n.events & CLAIM_EVENT_PROVEN, CLAIM_EVENT_PROVEN);
	assert_int_equal(n.missing, 0);
}

TEST(a_delegation_that_was_there_before_the_claim_proves_nothing)
{
	struct claim_facts c = pending();
	struct claim_next n = step(&c, seen("ab ab"), NOW);

	assert_int_equal(n.seen, CLAIM_SEEN_OLD);
	assert_int_equal(c.state, CLAIM_PENDING);
	assert_true(n.wants_set);
	assert_false(c.preview);
	(void)step(&c, seen("-"), NOW + HOUR);
	(void)step(&c, seen("ab"), NOW + 2 * HOUR);
	assert_int_equal(c.state, CLAIM_ACTIVE);
}

TEST(a_delegation_to_a_set_that_was_proven_before_by_the_same_tenant_counts)
{
	struct claim_facts c = pending();

	c.returned = true;
	(void)step(&c, seen("ab ab"), NOW);
	assert_int_equal(c.state, CLAIM_ACTIVE);
}

TEST(no_claim_is_won_by_less_than_every_parent_server)
{
	static const struct {
		const char *parents;
		enum claim_seen seen;
	} cases[] = {
		{ "", CLAIM_SEEN_UNKNOWN }, { "?", CLAIM_SEEN_UNKNOWN },
		{ "ab ?", CLAIM_SEEN_UNKNOWN }, { "ab x", CLAIM_SEEN_PARTLY },
		{ "ab abc", CLAIM_SEEN_MIXED }, { "ac", CLAIM_SEEN_MIXED },
		{ "a c", CLAIM_SEEN_MIXED }, { "cd cd", CLAIM_SEEN_OURS },
		{ "e", CLAIM_SEEN_OURS }, { "x", CLAIM_SEEN_OTHERS },
		{ "- -", CLAIM_SEEN_NOTHING },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct claim_facts c = pending();
		struct claim_next n;

		c.clear_ms = NOW - 1;
		n = step(&c, seen(cases[i].parents), NOW);
		assert_int_equal(n.seen, cases[i].seen);
		assert_int_equal(c.state, CLAIM_PENDING);
	}
}

TEST(an_incomplete_sighting_neither_wins_nor_loses)
{
	struct claim_facts c = pending(), d = active();
	const struct sighting *s;

	c.clear_ms = NOW - 1;
	s = seen("ab ab");
	sighting.parents_known = false;
	(void)step(&c, s, NOW);
	assert_int_equal(c.state, CLAIM_PENDING);
	s = seen("ab ab");
	sighting.cut = true;
	(void)step(&c, s, NOW);
	assert_int_equal(c.state, CLAIM_PENDING);
	s = seen("x x");
	sighting.cut = true;
	(void)step(&d, s, NOW);
	assert_int_equal(d.state, CLAIM_ACTIVE);
}

TEST(our_own_server_speaking_for_the_child_is_no_parent)
{
	struct claim_facts c = pending();
	const struct sighting *s = seen("ab");

	c.clear_ms = NOW - 1;
	sighting.parent[0].child_side = true;
	sighting.parent[0].address[0] = 1;
	assert_int_equal(step(&c, s, NOW).seen, CLAIM_SEEN_UNKNOWN);
	sighting.parent[0].address[0] = 2;	/* somebody else's: both zones */
	assert_int_equal(step(&c, s, NOW).seen, CLAIM_SEEN_PROVEN);
}

TEST(the_txt_record_counts_through_servers_of_the_parent_that_are_not_ours)
{
	static const struct {
		const char *parents, *servers;
		bool good;
	} cases[] = {
		{ "x", "+", true }, { "x x", "++", true }, { "x", "+?", true },
		{ "x ?", "+", true }, { "x", "-", false }, { "x", "+-", false },
		{ "x", "?", false }, { "x", "", false }, { "x", "o", false },
		{ "x", "+o", false }, { "a", "+", false }, { "x e", "+", false },
		{ "xc x", "+", false }, { "?", "+", false },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct claim_facts c = pending();

		(void)step(&c, seen_txt(cases[i].parents, cases[i].servers),
		    NOW);
		assert_int_equal(c.state, cases[i].good ? CLAIM_ACTIVE :
		    CLAIM_PENDING);
	}
}

TEST(a_txt_record_is_good_for_thirty_days_and_then_has_to_hold)
{
	struct claim_facts c = pending();
	int64_t t = NOW;

	(void)step(&c, seen_txt("x", "+"), t);
	assert_int_equal(c.proof, CLAIM_PROOF_TXT);
	(void)step(&c, seen("x"), t + CLAIM_TXT_MS - 1);
	assert_int_equal(c.state, CLAIM_ACTIVE);
	(void)step(&c, seen("x"), t + CLAIM_TXT_MS);
	assert_int_equal(c.state, CLAIM_WARNED);
	(void)step(&c, seen_txt("x", "+"), t + CLAIM_TXT_MS + HOUR);
	assert_int_equal(c.state, CLAIM_ACTIVE);
}

TEST(a_blocked_claim_is_won_by_delegation_alone)
{
	struct claim_facts c = pending();

	c.blocked = true;
	(void)step(&c, seen_txt("x", "+"), NOW);
	assert_int_equal(c.state, CLAIM_PENDING);
	(void)step(&c, seen("ab"), NOW + 1);
	assert_int_equal(c.state, CLAIM_PENDING);	/* clear_ms: TXT, none */
	(void)step(&c, seen("x"), NOW + 2);
	(void)step(&c, seen("ab"), NOW + 3);
	assert_int_equal(c.state, CLAIM_ACTIVE);
}

TEST(a_txt_proof_without_names_asks_for_some)
{
	struct claim_facts c = pending();

	c.has_set = false;
	assert_true(step(&c, seen_txt("x", "+"), NOW).wants_set);
}

TEST(proof_is_lost_after_seven_days_of_answers_and_a_warning)
{
	struct claim_facts c = active();
	struct claim_next n = step(&c, seen("x x"), NOW);
	int64_t t = NOW;

	assert_int_equal(c.state, CLAIM_WARNED);
	assert_int_equal(n.events, CLAIM_EVENT_WARNED);
	while (c.state == CLAIM_WARNED) {
		t += HOUR;
		n = step(&c, seen("x x"), t);
		assert_true(t - NOW <= 7 * DAY);
	}
	assert_int_equal(t - NOW, 7 * DAY);
	assert_int_equal(c.state, CLAIM_SUSPENDED);
	assert_int_equal(n.events, CLAIM_EVENT_SUSPENDED);
	assert_int_equal(c.proof, CLAIM_PROOF_NONE);
}

TEST(a_parent_that_times_out_for_a_month_changes_nothing)
{
	struct claim_facts c = active();

	for (int64_t t = NOW; t < NOW + 30 * DAY; t += HOUR) {
		struct claim_next n = step(&c, seen(t % (2 * HOUR) ?
		    "x ?" : "? ?"), t);

		assert_int_equal(n.seen, CLAIM_SEEN_UNKNOWN);
		assert_int_equal(n.events, 0);
		assert_int_equal(c.state, CLAIM_ACTIVE);
	}
}

TEST(time_between_answers_that_is_not_known_does_not_count_as_loss)
{
	struct claim_facts c = active();

	(void)step(&c, seen("x"), NOW);
	(void)step(&c, seen("?"), NOW + DAY);
	(void)step(&c, seen("x"), NOW + 20 * DAY);
	assert_int_equal(c.lost_ms, 0);
	(void)step(&c, seen("x"), NOW + 40 * DAY);	/* we were away */
	assert_int_equal(c.lost_ms, CLAIM_LOSS_STEP_MS);
	assert_int_equal(c.state, CLAIM_WARNED);
}

TEST(some_parents_that_still_list_it_keep_a_claim)
{
	struct claim_facts c = active();

	for (int64_t t = NOW; t < NOW + 30 * DAY; t += HOUR)
		(void)step(&c, seen("a x"), t);
	assert_int_equal(c.state, CLAIM_ACTIVE);
	(void)step(&c, seen("ac ac"), NOW + 31 * DAY);
	assert_int_equal(c.state, CLAIM_ACTIVE);
}

TEST(a_warned_claim_is_restored_by_one_sighting)
{
	struct claim_facts c = active();

	(void)step(&c, seen("x"), NOW);
	assert_int_equal(step(&c, seen("ab"), NOW + DAY).events,
	    CLAIM_EVENT_RESTORED);
	assert_int_equal(c.state, CLAIM_ACTIVE);
	assert_int_equal(c.lost_ms, 0);
}

TEST(the_operators_word_is_not_lost)
{
	struct claim_facts c = active();

	c.proof = CLAIM_PROOF_OPERATOR;
	for (int64_t t = NOW; t < NOW + 30 * DAY; t += HOUR)
		(void)step(&c, seen("x"), t);
	assert_int_equal(c.state, CLAIM_ACTIVE);
}

TEST(a_claim_that_stays_unproven_lapses_after_28_days)
{
	struct claim_facts c = pending();

	(void)step(&c, seen("x"), NOW + CLAIM_LAPSE_MS - 1);
	assert_int_equal(c.state, CLAIM_PENDING);
	assert_true(c.preview);
	assert_int_equal(step(&c, seen("?"), NOW + CLAIM_LAPSE_MS).events,
	    CLAIM_EVENT_LAPSED);
	assert_int_equal(c.state, CLAIM_LAPSED);
	assert_false(c.preview);
	assert_true(claim_check_ms(&c, NOW) == INT64_MAX);
	(void)step(&c, seen("ab"), NOW + CLAIM_LAPSE_MS + DAY);
	assert_int_equal(c.state, CLAIM_ACTIVE);
}

TEST(a_preview_needs_lonely_names_and_a_parent_that_lists_none_of_ours)
{
	static const struct {
		const char *parents;
		bool before, after;
	} cases[] = {
		{ "x", false, true }, { "-", false, true }, { "e", true, false },
		{ "c", true, false }, { "a", true, false }, { "x ?", false, false },
		{ "x ?", true, true }, { "? e", true, false },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct claim_facts c = pending(), d = pending();

		c.preview = d.preview = cases[i].before;
		d.alone = false;
		(void)step(&c, seen(cases[i].parents), NOW);
		assert_int_equal(c.preview, cases[i].after);
		(void)step(&d, seen(cases[i].parents), NOW);
		assert_false(d.preview);
	}
}

TEST(the_parent_is_asked_each_minute_for_an_hour_and_daily_in_the_end)
{
	struct claim_facts c = pending();
	int64_t t = NOW;
	unsigned n = 0;

	while (t < NOW + HOUR) {
		t = claim_check_ms(&c, t);
		n++;
	}
	assert_int_equal(n, 60);
	n = 0;
	while (t < NOW + 27 * DAY) {
		int64_t next = claim_check_ms(&c, t);

		assert_in_range(next - t, 60 * 1000, DAY);
		t = next;
		n++;
	}
	assert_in_range(n, 27, 400);
	assert_int_equal(claim_check_ms(&c, NOW + 27 * DAY) - NOW, 28 * DAY);
	c = active();
	assert_int_equal(claim_check_ms(&c, NOW), NOW + DAY);
	c.spread = 999;
	assert_in_range(claim_check_ms(&c, NOW), NOW + DAY * 9 / 10, NOW + DAY);
}

TEST(a_name_of_the_set_that_is_not_listed_is_a_warning)
{
	struct claim_facts c = active();
	struct claim_next n = step(&c, seen("ax ax"), NOW);

	assert_int_equal(n.missing, 1);
	assert_int_equal(n.events, CLAIM_EVENT_MISSING);
	assert_int_equal(c.state, CLAIM_ACTIVE);
}

TEST(words_of_states_and_proofs_read_back)
{
	enum claim_state s;

	for (int i = 0; i < CLAIM_STATES; i++) {
		assert_true(claim_state_parse(claim_state_name(i), &s));
		assert_int_equal(s, i);
	}
	assert_false(claim_state_parse("gone", &s));
	assert_int_equal(claim_proof_parse("txt"), CLAIM_PROOF_TXT);
	assert_int_equal(claim_proof_parse("?"), CLAIM_PROOF_NONE);
	for (int i = 0; i < CLAIM_SEENS; i++)
		assert_non_null(claim_seen_name(i));
}
