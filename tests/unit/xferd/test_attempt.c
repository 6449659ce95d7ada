/* test_attempt.c - each way to fail has a sentence that helps. */
#include "tests/lib/test.h"

#include "xferd/attempt.h"

static const char *
explain(enum handoff_reason reason, const struct handoff_facts *facts)
{
	static char out[ATTEMPT_MESSAGE_MAX + 1];
	struct sock_addr a;
	struct attempt_case c = { .kind = ATTEMPT_AXFR, .transport = "tcp",
		.reason = reason, .facts = facts, .key_name = "key.example",
		.sources = "192.0.2.53", .timeout_ms = 5000 };

	assert_ok(sock_addr_parse("192.0.2.1:53", -1, &a));
	c.primary = &a;
	attempt_explain(&c, out);
	return out;
}

TEST(every_reason_has_a_sentence_with_the_address)
{
	for (int r = 0; r < HANDOFF_REASONS; r++) {
		const char *text = explain((enum handoff_reason)r, NULL);

		if (strstr(text, "192.0.2.1:53") == NULL)
			print_error("%d: %s\n", r, text);
		assert_non_null(strstr(text, "192.0.2.1:53"));
		assert_true(strlen(text) > 25);
	}
}

/* Whoever reads it can do something; only our own trouble asks for nothing. */
TEST(every_failure_says_what_to_do)
{
	static const char *const advice[] = { "check", "configure", "set its",
	    "make the zone", "correct", "see", "instead", "tried again", "enable", "renew",
	    "set its", "add the", "give" };
	struct handoff_facts f = { 0 };

	for (int r = HANDOFF_CONNECT_REFUSED; r < HANDOFF_REASONS; r++)
		for (f.rcode = 0; f.rcode <= (r == HANDOFF_RCODE ? 24 : 0);
		    f.rcode++) {
			const char *text = explain((enum handoff_reason)r,
			    &f);
			bool found = false;

			for (size_t i = 0; i < COUNT_OF(advice); i++)
				found |= strstr(text, advice[i]) != NULL;
			if (!found)
				print_error("%d: %s\n", r, text);
			assert_true(found);
		}
}

TEST(a_refused_transfer_names_what_to_allow)
{
	struct handoff_facts f = { .rcode = 5 };
	const char *text = explain(HANDOFF_RCODE, &f);

	assert_non_null(strstr(text, "REFUSED"));
	assert_non_null(strstr(text, "192.0.2.53"));
	assert_non_null(strstr(text, "allow-transfer"));
}

TEST(a_time_out_names_port_and_seconds)
{
	assert_string_equal(explain(HANDOFF_CONNECT_TIMEOUT, NULL),
	    "connection to 192.0.2.1:53 over TCP timed out after 5 s: check "
	    "that TCP port 53 is open for us in every firewall on the way");
}

TEST(a_wrong_clock_is_named_with_its_skew)
{
	struct handoff_facts f = { .has_skew = true, .skew_s = -7200 };

	assert_non_null(strstr(explain(HANDOFF_TSIG_BADTIME, &f),
	    "7200 s behind ours"));
}

TEST(a_clock_within_the_window_is_not_named_as_the_cause)	/* T-137 */
{
	struct handoff_facts f = { .has_skew = true, .skew_s = 3 };

	assert_null(strstr(explain(HANDOFF_TSIG_BADTIME, &f), "its clock is"));
	f.skew_s = 301;
	assert_non_null(strstr(explain(HANDOFF_TSIG_BADTIME, &f),
	    "its clock is 301 s ahead of ours"));
}

TEST(long_details_are_cut)
{
	static char out[ATTEMPT_MESSAGE_MAX + 1];
	static char detail[HANDOFF_TEXT_MAX];
	struct sock_addr a;
	struct attempt_case c = { .kind = ATTEMPT_IXFR, .transport = "tcp",
		.reason = HANDOFF_MALFORMED, .detail = detail,
		.detail_len = sizeof(detail) };

	memset(detail, 'x', sizeof(detail));
	assert_ok(sock_addr_parse("[2001:db8::1]:53", -1, &a));
	c.primary = &a;
	attempt_explain(&c, out);
	assert_true(strlen(out) < ATTEMPT_MESSAGE_MAX);
}
