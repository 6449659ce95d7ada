/*
 * test_worst.c - what a hostile zone can make one answer cost is bounded.
 * Steps and searches are counted, not time: T15 of the threats, Q-095.
 */
#include "tests/lib/worstzones.h"
#include "tests/unit/dnsd/ask.h"

enum {
	/* Slots, heads, levels and the rest of one lookup. */
	STEPS_MAX = 16,
};

static struct asker t;

static int
setup(void **state)
{
	(void)state;
	ask_init(&t);
	worstzones_add(&t.cache, 20000);
	ask_publish(&t);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	ask_fini(&t);
	return 0;
}

static unsigned
steps_of(const struct worstzones_case *c, size_t *out_len)
{
	uint8_t request[300] = { 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1 };
	static const uint8_t opt[11] = { 0, 0, 41, 4, 0xd0 };
	struct answer_facts f = {
		.request = request, .out = t.reply,
		.out_max = c->tcp ? 65535 : 1232,
		.transport = c->tcp ? ANSWER_TCP : ANSWER_UDP,
		.source_port = 1, .now_boot_ms = 1,
	};
	size_t n = 12 + worstzones_wire(c->owner, request + 12);
	unsigned steps = 1;

	request[n++] = (uint8_t)(c->type >> 8);
	request[n++] = (uint8_t)c->type;
	request[n++] = 0;
	request[n++] = 1;
	memcpy(request + n, opt, sizeof(opt));
	request[n + 7] = c->dnssec ? 0x80 : 0;
	f.request_len = n + sizeof(opt);
	answer_begin(&t.job, &t.ctx, &f);
	while (answer_step(&t.job))
		steps++;
	assert_int_equal(answer_finish(&t.job, out_len), ANSWER_SEND);
	return steps;
}

TEST_WITH(the_work_for_an_answer_is_bounded_whatever_the_zone, setup, teardown)
{
	for (size_t i = 0; i < COUNT_OF(worstzones_cases); i++) {
		const struct worstzones_case *c = &worstzones_cases[i];
		size_t len;
		unsigned steps = steps_of(c, &len);

		print_message("%-16s %2u steps %4u searches %5u rounds of "
		    "SHA-1 %5zu octets rcode %u\n", c->name, steps,
		    t.job.view.n_lookups, t.job.n_rounds, len,
		    t.reply[3] & 15);
		assert_in_range(steps, 1, STEPS_MAX);
		assert_in_range(t.job.view.n_lookups, 0, ANSWER_LOOKUPS_MAX);
		assert_in_range(t.job.n_rounds, 0, ANSWER_HASH_ROUNDS_MAX);
		assert_in_range(t.job.n_seen, 0, ANSWER_CHAIN_MAX);
		assert_true(c->tcp || len <= 1232);
		assert_int_not_equal(t.reply[3] & 15, QUERY_SERVFAIL);
	}
}

/* Names below a cut add nothing to what a referral costs. */
TEST_WITH(occluded_names_cost_nothing, setup, teardown)
{
	struct worstzones_case with = { .owner = "n000007.cut.worst.test.",
	    .type = RRTYPE_A };
	struct worstzones_case without = { .owner = "n0.cut2.worst.test.",
	    .type = RRTYPE_A };
	unsigned lookups;
	size_t len;

	(void)steps_of(&with, &len);
	lookups = t.job.view.n_lookups;
	(void)steps_of(&without, &len);
	assert_true(lookups <= t.job.view.n_lookups);
}
