/*
 * Which answers to a prober's question count.
 */
#include "tests/lib/test.h"

#include "tests/lib/xfrmsg.h"
#include "xferd/probe_answer.h"

static struct xfrmsg m;

static enum handoff_reason
judge(struct probe_answer *out)
{
	uint8_t *p = malloc(m.len + (m.len == 0));

	memcpy(p, m.bytes, m.len);
	probe_answer_judge(p, m.len, (const uint8_t *)"\7example", 9, true, out);
	free(p);
	return out->reason;
}

static void
good(void)
{
	xfrmsg_begin(&m, 77, 6);
	xfrmsg_soa(&m, 9);
}

TEST(answers_are_judged_T016)
{
	struct probe_answer a;

	good();
	assert_int_equal(judge(&a), HANDOFF_OK);
	assert_int_equal(a.serial, 9);
	good();
	xfrmsg_put(&m, 2, 0x8000);		/* no AA */
	assert_int_equal(judge(&a), HANDOFF_NOT_AUTH);
	good();
	xfrmsg_put(&m, 2, 0x8600);		/* TC */
	assert_int_equal(judge(&a), HANDOFF_TRUNCATED);
	good();
	xfrmsg_put(&m, 2, 0x0400);		/* no answer at all */
	assert_int_equal(judge(&a), HANDOFF_MALFORMED);
	good();
	xfrmsg_put(&m, 21, 1);
	assert_int_equal(judge(&a), HANDOFF_WRONG_QUESTION);
	good();
	xfrmsg_soa(&m, 9);
	assert_int_equal(judge(&a), HANDOFF_NO_SOA);
	xfrmsg_begin(&m, 77, 6);
	assert_int_equal(judge(&a), HANDOFF_NO_SOA);
	xfrmsg_rr(&m, "\300\14", 2, 5, 1, 300, "\1x", 3);	/* CNAME */
	assert_int_equal(judge(&a), HANDOFF_NO_SOA);
	xfrmsg_begin(&m, 77, 6);
	xfrmsg_rr(&m, "\5other", 7, 6, 1, 300,
	    "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 22);
	assert_int_equal(judge(&a), HANDOFF_MALFORMED);
	good();
	for (size_t whole = m.len; whole > 0; whole--) {
		m.len = whole - 1;
		assert_int_not_equal(judge(&a), HANDOFF_OK);
	}
}

TEST(errors_of_old_servers_ask_for_no_opt_T017)
{
	struct probe_answer a;

	xfrmsg_begin(&m, 77, 6);
	xfrmsg_put(&m, 2, 0x8001);
	assert_int_equal(judge(&a), HANDOFF_RCODE);
	assert_true(a.no_opt_wanted);
	m.len = 12;				/* without its question */
	xfrmsg_put(&m, 4, 0);
	assert_int_equal(judge(&a), HANDOFF_RCODE);
	assert_true(a.no_opt_wanted);
	xfrmsg_begin(&m, 77, 6);
	xfrmsg_put(&m, 2, 0x8005);
	assert_int_equal(judge(&a), HANDOFF_RCODE);
	assert_int_equal(a.facts.rcode, 5);
	assert_false(a.no_opt_wanted);
	/* it knows OPT: its FORMERR is meant */
	xfrmsg_begin(&m, 77, 6);
	xfrmsg_put(&m, 2, 0x8001);
	xfrmsg_put(&m, 10, 1);
	memcpy(m.bytes + m.len, "\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
	m.len += 11;
	assert_int_equal(judge(&a), HANDOFF_RCODE);
	assert_false(a.no_opt_wanted);
}
