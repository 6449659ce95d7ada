/* test_gate.c - the verdict of publish gates. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "xferd/gate.h"

static struct gate_policy policy;
static struct gate_facts facts;
static struct gate_verdict verdict;

static const char *
judge(void)
{
	gate_judge(&policy, &facts, &verdict);
	assert_true(verdict.reason == NULL ||
	    (verdict.message[0] != '\0' && verdict.advice[0] != '\0'));
	return verdict.reason != NULL ? verdict.reason : "publish";
}

static void
begin(void)
{
	gate_policy_default(&policy);
	memset(&facts, 0, sizeof(facts));
	facts.now_s = 1800000000;
}

static void
removed(uint64_t before, uint64_t n)
{
	facts.names_before = before;
	facts.names_removed = n;
}

TEST(without_a_policy_everything_but_a_bad_zonemd_is_published)
{
	begin();
	removed(100, 100);
	facts.before = (struct gate_apex){ .has_dnskey = true, .n_ns = 2 };
	facts.dnssec_reason = "held-dnssec";
	facts.signed_until_s = 1;
	assert_string_equal(judge(), "publish");
	facts.zonemd_reason = "held-zonemd";
	snprintf(facts.zonemd_text, sizeof(facts.zonemd_text), "bad");
	assert_string_equal(judge(), "held-zonemd");
	policy.zonemd = GATE_OFF;
	assert_string_equal(judge(), "publish");
}

TEST(share_of_names_has_a_limit_and_a_floor_T178)
{
	begin();
	policy.removed_percent_max = 30;
	removed(100, 30);
	assert_string_equal(judge(), "publish");
	removed(100, 31);
	assert_string_equal(judge(), "held-removed");
	removed(10, 9);			/* the floor of 10 names */
	assert_string_equal(judge(), "publish");
	removed(10, 10);
	assert_string_equal(judge(), "held-removed");
	policy.removed_names_min = 0;
	removed(10, 0);
	assert_string_equal(judge(), "publish");
	policy.removed_percent_max = 0;	/* none may go */
	removed(1000000, 1);
	assert_string_equal(judge(), "held-removed");
	facts.first = true;
	assert_string_equal(judge(), "publish");
	/* Counts that do not fit 32 bits. */
	facts.first = false;
	policy.removed_percent_max = 50;
	removed(UINT64_C(1) << 40, (UINT64_C(1) << 39) + 1);
	assert_string_equal(judge(), "held-removed");
}

TEST(long_names_as_examples_fit_the_sentence)
{
	begin();
	policy.removed_percent_max = 1;
	removed(100, 50);
	facts.n_examples = GATE_EXAMPLES_MAX;
	for (unsigned i = 0; i < GATE_EXAMPLES_MAX; i++)
		memset(facts.example[i], 'a' + (int)i, GATE_NAME_TEXT - 1);
	assert_string_equal(judge(), "held-removed");
}

TEST(name_servers_and_keys_that_are_all_gone_are_held)
{
	begin();
	policy.keep_ns = policy.keep_dnskey = true;
	facts.before = (struct gate_apex){ .has_dnskey = true, .n_ns = 2 };
	facts.after = (struct gate_apex){ .has_dnskey = true, .n_ns = 1 };
	assert_string_equal(judge(), "held-ns");
	facts.ns_kept = true;
	assert_string_equal(judge(), "publish");
	facts.after.has_dnskey = false;
	assert_string_equal(judge(), "held-dnskey");
	facts.before.has_dnskey = false;
	assert_string_equal(judge(), "publish");
	facts.before.has_dnskey = true;
	facts.first = true;
	assert_string_equal(judge(), "publish");
}

TEST(signatures_must_last_T177)
{
	begin();
	policy.signature_hours_min = 24;
	assert_string_equal(judge(), "publish");	/* unsigned */
	facts.signed_until_s = facts.now_s + 24 * 3600;
	assert_string_equal(judge(), "publish");
	facts.signed_until_s--;
	assert_string_equal(judge(), "held-signatures");
	facts.signed_until_s = facts.now_s - 7200;
	assert_string_equal(judge(), "held-signatures");
	assert_string_equal(verdict.message, "some signatures ended 2 hours "
	    "ago");
	policy.signature_hours_min = 0;
	assert_string_equal(judge(), "publish");
}

static bool
anchor(const char *text, struct gate_anchor *out)
{
	return gate_anchor_parse(text, strlen(text), out);
}

TEST(trust_anchors_are_read_as_they_are_printed)
{
	struct gate_anchor a;

	assert_true(anchor("20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D084"
	    "58E880409BBC683457104237C7F8EC8D", &a));
	assert_int_equal(a.tag, 20326);
	assert_int_equal(a.algorithm, 8);
	assert_int_equal(a.digest_type, 2);
	assert_int_equal(a.digest_len, 32);
	assert_int_equal(a.digest[0], 0xe0);
	assert_int_equal(a.digest[31], 0x8d);
	assert_true(anchor(" 1 2 3 0123456789abcdef0123 456789abcdef01234567 ",
	    &a));
	assert_int_equal(a.digest_len, 20);
	assert_false(anchor("", &a));
	assert_false(anchor("65536 8 2 0123456789abcdef0123456789abcdef01234567",
	    &a));
	assert_false(anchor("1 256 2 0123456789abcdef0123456789abcdef01234567",
	    &a));
	assert_false(anchor("1 8 0123456789abcdef0123456789abcdef01234567", &a));
	assert_false(anchor("1 8 2 0123456789abcdef0123456789abcdef0123456",
	    &a));
	assert_false(anchor("1 8 2 0123456789abcdef0123456789abcdef0123456x",
	    &a));
	assert_false(anchor("1 8 2 01", &a));
	assert_false(anchor("1 8 2 ", &a));
	assert_false(anchor("-1 8 2 0123456789abcdef0123456789abcdef01234567",
	    &a));
}
