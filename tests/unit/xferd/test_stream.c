/*
 * test_stream.c - what a stream keeps of its messages. Which messages are
 * refused is in test_axfr.c, where they come in their order.
 */
#include "tests/lib/test.h"

#include "tests/lib/xfrmsg.h"
#include "xferd/stream.h"

static struct stream *s;
static struct xfrmsg *m;
static struct handoff_record last;
static uint8_t last_key[OWNERKEY_MAX];
static unsigned n_seen;
static enum err answer;

static const struct handoff_limits roomy = { 1000000, 1 << 30, 100000, 10,
    1000, 2, 100 };

static enum err
sunk(void *arg UNUSED, const struct handoff_record *rec UNUSED)
{
	return answer;
}

static enum err
seen(void *arg, const struct handoff_record *rec)
{
	assert_ptr_equal(arg, &last);
	last = *rec;
	memcpy(last_key, rec->key, rec->key_len);
	n_seen++;
	return stream_emit(s, rec);
}

static int
setup(void **state UNUSED)
{
	static const struct stream_sink sink = { .record = sunk };

	s = malloc(sizeof(*s));
	m = malloc(sizeof(*m));
	if (s == NULL || m == NULL)
		return -1;
	memset(s, 0xa5, sizeof(*s));
	n_seen = 0;
	answer = OK;
	stream_begin(s, (const uint8_t *)"\7example", 9, 77, RRTYPE_AXFR,
	    &roomy, &sink);
	xfrmsg_begin(m, 77, RRTYPE_AXFR);
	return 0;
}

static int
teardown(void **state UNUSED)
{
	free(s);
	free(m);
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, teardown)

static enum err
feed(void)
{
	uint8_t *p = malloc(m->len);
	enum err e;

	memcpy(p, m->bytes, m->len);
	e = stream_message(s, p, m->len, seen, &last);
	free(p);
	return e;
}

/* An OPT behind the answers: extended rcode and options. */
static void
add_opt(uint8_t rcode_high, const void *options, size_t len)
{
	uint16_t answers = xfrmsg_get(m, 6);

	xfrmsg_rr(m, "", 1, RRTYPE_OPT, 1232, (uint32_t)rcode_high << 24,
	    options, len);
	xfrmsg_put(m, 6, answers);
	xfrmsg_put(m, 10, 1);
}

CASE(owners_become_lower_case_keys_below_the_apex)	/* T-104 */
{
	xfrmsg_a(m, "WwW", 1);
	assert_ok(feed());
	assert_int_equal(n_seen, 1);
	assert_int_equal(last.key_len, 5);
	assert_memory_equal(last_key, "\0www\0", 5);
	assert_int_equal(last.type, RRTYPE_A);
	assert_int_equal(last.ttl, 300);
	assert_int_equal(last.rdlen, 4);
	assert_false(stream_is_apex(&last));
	xfrmsg_begin(m, 77, RRTYPE_AXFR);
	xfrmsg_soa(m, 1);
	assert_ok(feed());
	assert_true(stream_is_apex(&last));
}

CASE(a_bare_pointer_means_another_name_in_another_message)
{
	static const uint8_t ip[4] = { 192, 0, 2, 1 };

	/* C019: the owner of the first record, whichever that is. */
	xfrmsg_a(m, "one", 1);
	xfrmsg_rr(m, "\xc0\x19", 2, RRTYPE_A, 1, 300, ip, 4);
	assert_ok(feed());
	assert_memory_equal(last_key, "\0one\0", 5);
	xfrmsg_begin(m, 77, RRTYPE_AXFR);
	xfrmsg_a(m, "two", 1);
	xfrmsg_rr(m, "\xc0\x19", 2, RRTYPE_A, 1, 300, ip, 4);
	assert_ok(feed());
	assert_int_equal(n_seen, 4);
	assert_memory_equal(last_key, "\0two\0", 5);
}

CASE(octets_count_with_their_length_prefix)
{
	size_t len = m->len;

	xfrmsg_soa(m, 1);
	len = m->len;
	assert_ok(feed());
	assert_ok(feed());
	assert_int_equal(s->n_messages, 2);
	assert_int_equal(s->n_bytes, 2 * (len + 2));
	assert_int_equal(s->n_records, 2);
}

CASE(the_text_of_an_extended_error_is_made_printable)
{
	/* EDE 18 (prohibited), "no" ESC "[1m" and two octets of UTF-8. */
	static const char options[] = "\0\17\0\12" "\0\22" "no\33[1m\xc3\xa9";

	xfrmsg_put(m, 2, 0x8405);	/* refused */
	add_opt(1, options, sizeof(options) - 1);
	assert_err(feed(), ERR_RCODE);
	assert_int_equal(s->reason, HANDOFF_RCODE);
	assert_int_equal(s->facts.rcode, 16 + 5);
	assert_true(s->facts.has_ede);
	assert_int_equal(s->facts.ede, 18);
	assert_string_equal(s->ede_text, "no?[1m??");
}

CASE(a_broken_opt_in_an_error_hides_nothing)
{
	xfrmsg_put(m, 2, 0x8405);
	add_opt(0, "\0\17\0\77", 4);
	assert_err(feed(), ERR_RCODE);
	assert_int_equal(s->reason, HANDOFF_RCODE);
	assert_false(s->facts.has_ede);
}

/* BADVERS is 16: the four bits in the header are zero. */
CASE(an_extended_rcode_alone_is_an_error)
{
	xfrmsg_soa(m, 1);
	add_opt(1, "", 0);
	assert_err(feed(), ERR_RCODE);
	assert_int_equal(s->reason, HANDOFF_RCODE);
	assert_int_equal(s->facts.rcode, 16);
}

CASE(a_second_opt_is_malformed_but_one_a_message_is_fine)
{
	for (int i = 0; i < 2; i++) {
		xfrmsg_begin(m, 77, RRTYPE_AXFR);
		add_opt(0, "", 0);
		assert_ok(feed());
	}
	xfrmsg_rr(m, "", 1, RRTYPE_OPT, 1232, 0, "", 0);
	xfrmsg_put(m, 6, 0);
	xfrmsg_put(m, 10, 2);
	assert_err(feed(), ERR_MALFORMED);
	assert_int_equal(s->reason, HANDOFF_MALFORMED);
}

CASE(a_soa_of_another_zone_is_not_skipped_T091)
{
	static const uint8_t soa[22] = { 0 };

	xfrmsg_soa(m, 1);
	xfrmsg_rr(m, "\5other", 7, RRTYPE_A, 1, 300, "abcd", 4);
	assert_ok(feed());
	assert_int_equal(s->n_out_of_zone, 1);
	xfrmsg_begin(m, 77, RRTYPE_AXFR);
	xfrmsg_rr(m, "\5other", 7, RRTYPE_SOA, 1, 300, soa, sizeof(soa));
	assert_err(feed(), ERR_ORDER);
	assert_int_equal(s->reason, HANDOFF_NO_SOA);
	assert_string_equal(s->text, "of another zone: SOA at other.");
}

CASE(nothing_may_follow_once_the_stream_is_closed_T097)
{
	s->closed = true;
	assert_ok(feed());		/* an empty message says nothing */
	xfrmsg_begin(m, 77, RRTYPE_AXFR);
	xfrmsg_rr(m, "\5other", 7, RRTYPE_A, 1, 300, "abcd", 4);
	assert_err(feed(), ERR_ORDER);
	assert_int_equal(s->reason, HANDOFF_BAD_ORDER);
}

CASE(the_first_reason_stays)
{
	xfrmsg_put(m, 0, 78);
	assert_err(feed(), ERR_MALFORMED);
	assert_string_equal(s->text, "message 1 has ID 78, asked with 77");
	assert_err(stream_fail(s, ERR_LIMIT, HANDOFF_LIMIT_BYTES, "later"),
	    ERR_LIMIT);
	assert_int_equal(s->reason, HANDOFF_WRONG_ID);
	assert_string_equal(s->text, "message 1 has ID 78, asked with 77");
}

CASE(a_sink_that_cannot_take_a_record_ends_the_transfer)
{
	answer = ERR_SPACE;
	xfrmsg_soa(m, 1);
	xfrmsg_a(m, "www", 1);
	assert_err(feed(), ERR_SPACE);
	assert_int_equal(s->reason, HANDOFF_INTERNAL);
	assert_int_equal(n_seen, 1);
}

CASE(without_a_judge_records_are_checked_all_the_same)
{
	xfrmsg_a(m, "www", 1);
	assert_ok(stream_message(s, m->bytes, m->len, NULL, NULL));
	xfrmsg_rr(m, "\xc0\x0c", 2, RRTYPE_A, 1, 300, "abc", 3);
	assert_err(stream_message(s, m->bytes, m->len, NULL, NULL),
	    ERR_MALFORMED);
	assert_int_equal(s->reason, HANDOFF_BAD_RDATA);
	assert_non_null(strstr(s->text, "A at example."));
}

CASE(a_soa_is_the_same_in_any_letter_case)
{
	static uint8_t upper[26] = "\1A\0\1B\0" "\0\0\0\5";
	static uint8_t lower[26] = "\1a\0\1b\0" "\0\0\0\5";
	struct handoff_record rec = { .type = RRTYPE_SOA, .rdata = upper,
		.rdlen = sizeof(upper), .ttl = 60 };
	struct stream_soa soa;

	assert_true(stream_soa(&rec, &soa));
	assert_int_equal(soa.serial, 5);
	assert_int_equal(soa.ttl, 60);
	assert_int_equal(soa.len, sizeof(upper));
	rec.rdata = lower;
	assert_true(stream_soa_same(&soa, &rec));
	lower[9] = 6;
	assert_false(stream_soa_same(&soa, &rec));
	rec.type = RRTYPE_TXT;
	assert_false(stream_soa(&rec, &soa));
	rec.type = RRTYPE_SOA;
	rec.rdlen--;
	assert_false(stream_soa(&rec, &soa));
}
