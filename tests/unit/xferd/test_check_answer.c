/*
 * Answers to any question: which count, what is taken out of them, and what
 * keep makes of the frames that carry them.
 */
#include "tests/lib/test.h"

#include "common/dns/rrtype.h"
#include "tests/lib/xfrmsg.h"
#include "xferd/check_answer.h"

static struct xfrmsg m;
static struct check_answer a;

static void
read_it(const char *name, bool mixed)
{
	uint8_t *p = malloc(m.len + (m.len == 0));

	memcpy(p, m.bytes, m.len);
	check_answer_read(p, m.len, (const uint8_t *)name, 9, 2, mixed, true,
	    &a);
	free(p);
}

static void
referral(void)
{
	xfrmsg_begin(&m, 7, RRTYPE_NS);
	xfrmsg_put(&m, 2, 0x8000);
	xfrmsg_put(&m, 6, 0);
	xfrmsg_rr(&m, "\300\14", 2, RRTYPE_NS, 1, 300, "\2NS\300\14", 5);
	xfrmsg_put(&m, 8, 1);		/* it is in the authority section */
	xfrmsg_put(&m, 6, 0);
	memcpy(m.bytes + m.len, "\2nS\300\14\0\1\0\1\0\0\1\x2c\0\4\300\0\2\1",
	    19);
	m.len += 19;
	xfrmsg_put(&m, 10, 1);
}

TEST(records_are_expanded_and_checked)
{
	struct handoff_answer h = { 0 };
	struct handoff_said said[HANDOFF_ANSWER_RECORDS_MAX];

	referral();
	read_it("\7example", false);
	assert_int_equal(a.reason, HANDOFF_OK);
	assert_false(a.aa);
	assert_int_equal(a.n_records, 2);
	h.n_records = a.n_records;
	h.records = a.records;
	h.records_len = a.records_len;
	assert_ok(handoff_said_all(&h, said));
	assert_int_equal(said[0].section, HANDOFF_SECTION_AUTHORITY);
	assert_int_equal(said[0].type, RRTYPE_NS);
	assert_int_equal(said[0].rdlen, 12);
	assert_memory_equal(said[0].rdata, "\2NS\7example", 12);
	assert_int_equal(said[1].section, HANDOFF_SECTION_ADDITIONAL);
	assert_int_equal(said[1].owner_len, 12);
	assert_memory_equal(said[1].owner, "\2ns\7example", 12);
	/* One octet less or more, anything changed: refused or still valid. */
	for (size_t n = 0; n < a.records_len; n++) {
		h.records_len = n;
		assert_err(handoff_said_all(&h, said), ERR_MALFORMED);
	}
	h.records_len = a.records_len;
	for (size_t n = 0; n < a.records_len; n++) {
		a.records[n] ^= 0x41;
		(void)!handoff_said_all(&h, said);
		a.records[n] ^= 0x41;
	}
	h.n_records = 1;
	assert_err(handoff_said_all(&h, said), ERR_MALFORMED);
	for (size_t whole = m.len; whole > 0; whole--) {
		m.len = whole - 1;
		read_it("\7example", false);
		assert_int_not_equal(a.reason, HANDOFF_OK);
		assert_int_equal(a.n_records, 0);
	}
}

TEST(another_question_or_letter_case_is_not_believed)
{
	referral();
	read_it("\7exAmple", true);
	assert_int_equal(a.reason, HANDOFF_TRUNCATED);
	read_it("\7exAmple", false);
	assert_int_equal(a.reason, HANDOFF_OK);
	read_it("\7examplf", true);
	assert_int_equal(a.reason, HANDOFF_WRONG_QUESTION);
	xfrmsg_put(&m, 21, RRTYPE_A);
	read_it("\7example", false);
	assert_int_equal(a.reason, HANDOFF_WRONG_QUESTION);
	xfrmsg_put(&m, 2, 0);
	read_it("\7example", false);
	assert_false(a.is_answer);
	/* An error without its question is an answer only to one that could
	 * not be forged. */
	xfrmsg_begin(&m, 7, RRTYPE_NS);
	xfrmsg_put(&m, 2, 0x8005);
	xfrmsg_put(&m, 4, 0);
	m.len = 12;
	read_it("\7example", true);
	assert_int_equal(a.reason, HANDOFF_TRUNCATED);
	read_it("\7example", false);
	assert_int_equal(a.reason, HANDOFF_OK);
	assert_int_equal(a.facts.rcode, 5);
	xfrmsg_put(&m, 2, 0x8001);
	read_it("\7example", false);
	assert_true(a.no_opt_wanted);
}

TEST(more_than_fits_is_cut)
{
	xfrmsg_begin(&m, 7, RRTYPE_NS);
	for (int i = 0; i < HANDOFF_ANSWER_RECORDS_MAX + 1; i++) {
		char ns[5] = { 1, (char)('a' + i % 26), '\300', '\14' };

		xfrmsg_rr(&m, "\300\14", 2, RRTYPE_NS, 1, 1, ns, 4);
	}
	read_it("\7example", false);
	assert_int_equal(a.reason, HANDOFF_OK);
	assert_true(a.cut);
	assert_int_equal(a.n_records, HANDOFF_ANSWER_RECORDS_MAX);
	xfrmsg_put(&m, 2, 0x8200);	/* TC */
	read_it("\7example", false);
	assert_true(a.tc);
	assert_int_equal(a.n_records, 0);
}

TEST(frames_of_check_go_there_and_back)
{
	struct handoff_question q = { .cookie = 5, .addr_id = 6,
	    .name_len = 9, .name = "\7example", .type = 2, .edns = true,
	    .mixed = true, .key_id = 3, .alg = TSIG_HMAC_SHA256,
	    .key_name_len = 5, .key_name = "\3key", .fudge_s = 300,
	    .mac_min = 16 }, q2;
	struct handoff_answer w = { .cookie = 5, .addr_id = 6, .aa = true,
	    .cut = true, .ms = 7, .tries = 1 }, w2;
	uint8_t p[HANDOFF_LARGE_MAX];
	size_t len, fixed;

	assert_ok(handoff_question_encode(&q, p, sizeof(p), &len));
	assert_ok(handoff_question_decode(p, len, &q2));
	assert_memory_equal(&q, &q2, sizeof(q));
	for (size_t n = 0; n < len; n++)
		assert_err(handoff_question_decode(p, n, &q2), ERR_MALFORMED);
	assert_err(handoff_question_decode(p, len + 1, &q2), ERR_MALFORMED);
	assert_ok(handoff_answer_encode(&w, p, sizeof(p), &fixed));
	assert_ok(handoff_answer_decode(p, fixed, &w2));
	assert_true(w2.aa && w2.cut && w2.ms == 7);
	for (size_t n = 0; n < fixed; n++)
		assert_err(handoff_answer_decode(p, n, &w2), ERR_MALFORMED);
	referral();
	read_it("\7example", false);
	w.n_records = a.n_records;
	w.records = a.records;
	w.records_len = a.records_len;
	assert_ok(handoff_answer_encode(&w, p, sizeof(p), &len));
	assert_ok(handoff_answer_decode(p, len, &w2));
	assert_int_equal(w2.records_len, a.records_len);
	w.reason = HANDOFF_TRUNCATED;	/* no records with a reason */
	assert_ok(handoff_answer_encode(&w, p, sizeof(p), &len));
	assert_err(handoff_answer_decode(p, len, &w2), ERR_MALFORMED);
}
