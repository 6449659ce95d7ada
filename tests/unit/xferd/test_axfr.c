/*
 * AXFR, message by message: what a whole zone looks like, and every way in
 * which it is none. T-090 and on.
 */
#include "tests/lib/test.h"

#include "tests/lib/xfrmsg.h"
#include "xferd/axfr.h"

struct fixture {
	struct stream s;
	struct axfr x;
	struct xfrmsg m;
	size_t n_records;
	char log[65536];		/* "key/type " of what came */
	bool done;
};

static struct fixture *f;
static const struct handoff_limits roomy = { 1000000, 1 << 30, 100000, 10,
    1000, 2, 100 };

static enum err
record(void *arg, const struct handoff_record *rec)
{
	size_t at = strlen(f->log);

	(void)arg;
	f->n_records++;
	for (size_t i = 1; i < rec->key_len && at < sizeof(f->log) - 40; i++)
		f->log[at++] = rec->key[i] == 0 ? '.' : (char)rec->key[i];
	snprintf(f->log + at, sizeof(f->log) - at, "%s/%u ",
	    rec->key[0] ? "#" : "", rec->type);
	return OK;
}

static enum err
mark(void *arg, const struct handoff_mark *m)
{
	(void)arg;
	(void)m;
	fail();
	return OK;
}

static void
begin(const struct handoff_limits *limits)
{
	static const struct stream_sink sink = { record, mark, NULL };

	f->n_records = 0;
	f->log[0] = '\0';
	f->done = false;
	stream_begin(&f->s, (const uint8_t *)"\7example", 9, 77,
	    RRTYPE_AXFR, limits, &sink);
	axfr_begin(&f->x, &f->s);
	xfrmsg_begin(&f->m, 77, RRTYPE_AXFR);
}

static enum err
feed(void)
{
	/* Its own allocation: the sanitizer sees the end. */
	uint8_t *p = malloc(f->m.len);
	enum err e;

	memcpy(p, f->m.bytes, f->m.len);
	e = axfr_feed(&f->x, p, f->m.len, &f->done);
	free(p);
	if (e != OK && f->s.reason == HANDOFF_OK)
		fail_msg("an error without a reason");
	return e;
}

#define REFUSED(why) do {						\
	assert_int_not_equal(feed(), OK);				\
	assert_string_equal(handoff_reason_text(f->s.reason),		\
	    handoff_reason_text(why));					\
} while (0)

static int
setup(void **state)
{
	(void)state;
	f = calloc(1, sizeof(*f));
	begin(&roomy);
	return f == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	free(f);
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, teardown)

CASE(a_zone_in_one_message)
{
	xfrmsg_soa(&f->m, 5);
	xfrmsg_a(&f->m, "www", 1);
	xfrmsg_a(&f->m, "WWW", 2);
	xfrmsg_soa(&f->m, 5);
	assert_int_equal(feed(), OK);
	assert_true(f->done);
	assert_string_equal(f->log, "/6 www./1 www./1 ");
	assert_int_equal(f->x.first.serial, 5);
	assert_true(f->s.aa);
}

CASE(one_record_per_message_T096)
{
	for (int i = 0; i < 4; i++) {
		xfrmsg_begin(&f->m, 77, RRTYPE_AXFR);
		if (i > 0) {		/* T-094: no question later on */
			f->m.len = 12;
			xfrmsg_put(&f->m, 4, 0);
		}
		if (i == 0 || i == 3)
			xfrmsg_rr(&f->m, "\7EXAMPLE", 9, 6, 1, 300,
			    "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1",
			    22);
		else
			xfrmsg_rr(&f->m, "\1x\7example", 11, 1, 1, 300,
			    "\300\0\2\1", 4);
		assert_int_equal(feed(), OK);
		assert_int_equal(f->done, i == 3);
	}
	assert_int_equal(f->n_records, 3);
}

CASE(the_first_record_must_be_the_soa_T090)
{
	xfrmsg_a(&f->m, "www", 1);
	REFUSED(HANDOFF_NO_SOA);
	begin(&roomy);
	xfrmsg_rr(&f->m, "\3sub\300\14", 6, 6, 1, 300,
	    "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 22);
	REFUSED(HANDOFF_BAD_ORDER);
	begin(&roomy);
	xfrmsg_rr(&f->m, "\5other", 7, 6, 1, 300,
	    "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 22);
	REFUSED(HANDOFF_NO_SOA);
}

CASE(a_soa_in_the_middle_is_refused_T091)
{
	xfrmsg_soa(&f->m, 5);
	xfrmsg_a(&f->m, "www", 1);
	xfrmsg_soa(&f->m, 6);
	REFUSED(HANDOFF_BAD_ORDER);
	begin(&roomy);
	xfrmsg_soa(&f->m, 5);
	xfrmsg_rr(&f->m, "\3sub\300\14", 6, 6, 1, 300,
	    "\0\0\0\0\0\5\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 22);
	REFUSED(HANDOFF_BAD_ORDER);
	/* same serial, another minimum */
	begin(&roomy);
	xfrmsg_soa(&f->m, 5);
	xfrmsg_soa(&f->m, 5);
	f->m.bytes[f->m.len - 1]++;
	REFUSED(HANDOFF_BAD_ORDER);
}

CASE(anything_behind_the_end_is_refused_T097)
{
	xfrmsg_soa(&f->m, 5);
	xfrmsg_soa(&f->m, 5);
	xfrmsg_a(&f->m, "www", 1);
	REFUSED(HANDOFF_BAD_ORDER);
	begin(&roomy);
	xfrmsg_soa(&f->m, 5);
	xfrmsg_soa(&f->m, 5);
	assert_int_equal(feed(), OK);
	xfrmsg_begin(&f->m, 77, RRTYPE_AXFR);
	REFUSED(HANDOFF_BAD_ORDER);
	begin(&roomy);
	xfrmsg_soa(&f->m, 5);
	xfrmsg_soa(&f->m, 5);
	f->m.bytes[f->m.len++] = 0;
	REFUSED(HANDOFF_MALFORMED);
}

CASE(records_out_of_the_zone_are_skipped_up_to_a_limit_T092)
{
	xfrmsg_soa(&f->m, 5);
	xfrmsg_rr(&f->m, "\5other", 7, 1, 1, 300, "\300\0\2\1", 4);
	xfrmsg_rr(&f->m, "\10xexample", 10, 1, 1, 300, "\300\0\2\1", 4);
	xfrmsg_a(&f->m, "www", 1);
	xfrmsg_soa(&f->m, 5);
	assert_int_equal(feed(), OK);
	assert_true(f->done);
	assert_int_equal(f->n_records, 2);
	assert_int_equal(f->s.n_out_of_zone, 2);
	begin(&roomy);
	xfrmsg_soa(&f->m, 5);
	for (int i = 0; i < 3; i++)
		xfrmsg_rr(&f->m, "\5other", 7, 1, 1, 300, "\300\0\2\1", 4);
	REFUSED(HANDOFF_OUT_OF_ZONE);
}

CASE(class_and_meta_types_are_refused_T093)
{
	static const uint16_t meta[] = { 0, 41, 249, 250, 251, 252, 255 };

	xfrmsg_soa(&f->m, 5);
	xfrmsg_rr(&f->m, "\300\14", 2, 1, 3, 300, "\300\0\2\1", 4);
	REFUSED(HANDOFF_MALFORMED);
	for (size_t i = 0; i < COUNT_OF(meta); i++) {
		begin(&roomy);
		xfrmsg_soa(&f->m, 5);
		xfrmsg_rr(&f->m, "\300\14", 2, meta[i], 1, 300, "", 0);
		REFUSED(HANDOFF_BAD_RDATA);
	}
}

CASE(headers_that_do_not_fit_are_refused_T094)
{
	static const struct { size_t off; uint16_t v; enum handoff_reason r; }
	    c[] = {
		{ 0, 78, HANDOFF_WRONG_ID }, { 2, 0x0400, HANDOFF_MALFORMED },
		{ 2, 0xa400, HANDOFF_MALFORMED },
		{ 2, 0x8600, HANDOFF_TRUNCATED }, { 2, 0x8405, HANDOFF_RCODE },
		{ 4, 0, HANDOFF_WRONG_QUESTION },
		{ 4, 2, HANDOFF_WRONG_QUESTION },
		{ 21, 251, HANDOFF_WRONG_QUESTION },
		{ 23, 3, HANDOFF_WRONG_QUESTION },
		{ 14, 0x7979, HANDOFF_WRONG_QUESTION },
		{ 6, 3, HANDOFF_MALFORMED }, { 8, 1, HANDOFF_MALFORMED },
		{ 10, 1, HANDOFF_MALFORMED },
	};

	for (size_t i = 0; i < COUNT_OF(c); i++) {
		begin(&roomy);
		xfrmsg_soa(&f->m, 5);
		xfrmsg_soa(&f->m, 5);
		xfrmsg_put(&f->m, c[i].off, c[i].v);
		REFUSED(c[i].r);
	}
	/* rcode in a later message */
	begin(&roomy);
	xfrmsg_soa(&f->m, 5);
	assert_int_equal(feed(), OK);
	xfrmsg_begin(&f->m, 77, RRTYPE_AXFR);
	xfrmsg_put(&f->m, 2, 0x8402);
	REFUSED(HANDOFF_RCODE);
	assert_int_equal(f->s.facts.rcode, 2);
}

CASE(aa_missing_is_told_T095)
{
	xfrmsg_put(&f->m, 2, 0x8000);
	xfrmsg_soa(&f->m, 5);
	xfrmsg_soa(&f->m, 5);
	assert_int_equal(feed(), OK);
	assert_false(f->s.aa);
}

CASE(empty_messages_are_bounded_T096)
{
	xfrmsg_soa(&f->m, 5);
	assert_int_equal(feed(), OK);
	xfrmsg_begin(&f->m, 77, RRTYPE_AXFR);
	for (uint32_t i = 0; i < roomy.empty_max; i++)
		assert_int_equal(feed(), OK);
	REFUSED(HANDOFF_LIMIT_MESSAGES);
}

CASE(every_limit_holds_at_its_edge_T106)
{
	struct handoff_limits l = roomy;

	for (int over = 0; over < 2; over++) {
		l = roomy;
		l.records_max = 4u - (unsigned)over;
		begin(&l);
		xfrmsg_soa(&f->m, 5);
		xfrmsg_a(&f->m, "a", 1);
		xfrmsg_a(&f->m, "b", 1);
		xfrmsg_soa(&f->m, 5);
		if (over)
			REFUSED(HANDOFF_LIMIT_RECORDS);
		else
			assert_int_equal(feed(), OK);
		l = roomy;
		l.rrset_max = 3u - (unsigned)over;
		begin(&l);
		xfrmsg_soa(&f->m, 5);
		for (int i = 0; i < 3; i++)
			xfrmsg_a(&f->m, "a", (uint8_t)i);
		if (over)
			REFUSED(HANDOFF_LIMIT_RRSET);
		else
			assert_int_equal(feed(), OK);
		l = roomy;
		begin(&l);
		xfrmsg_soa(&f->m, 5);
		f->s.limits.bytes_max = f->m.len + 2 - (unsigned)over;
		if (over)
			REFUSED(HANDOFF_LIMIT_BYTES);
		else
			assert_int_equal(feed(), OK);
		l = roomy;
		l.messages_max = 2u - (unsigned)over;
		begin(&l);
		xfrmsg_soa(&f->m, 5);
		assert_int_equal(feed(), OK);
		xfrmsg_begin(&f->m, 77, RRTYPE_AXFR);
		if (over)
			REFUSED(HANDOFF_LIMIT_MESSAGES);
		else
			assert_int_equal(feed(), OK);
	}
}

CASE(an_rrset_interrupted_by_another_name_starts_again)
{
	f->s.limits.rrset_max = 1;
	xfrmsg_soa(&f->m, 5);
	xfrmsg_a(&f->m, "a", 1);
	xfrmsg_a(&f->m, "b", 1);
	xfrmsg_a(&f->m, "a", 2);
	xfrmsg_soa(&f->m, 5);
	assert_int_equal(feed(), OK);
}

CASE(rdata_too_big_to_serve_is_refused_T101)
{
	static uint8_t big[61000];

	xfrmsg_soa(&f->m, 5);
	xfrmsg_rr(&f->m, "\300\14", 2, 4711, 1, 300, big, STREAM_RDATA_MAX);
	assert_int_equal(feed(), OK);
	begin(&roomy);
	xfrmsg_soa(&f->m, 5);
	xfrmsg_rr(&f->m, "\300\14", 2, 4711, 1, 300, big,
	    STREAM_RDATA_MAX + 1);
	REFUSED(HANDOFF_LIMIT_RRSET);
}

CASE(malformed_rdata_is_refused_and_named_T100)
{
	xfrmsg_soa(&f->m, 5);
	xfrmsg_rr(&f->m, "\3w\1w\300\14", 6, 1, 1, 300, "\300\0\2", 3);
	REFUSED(HANDOFF_BAD_RDATA);
	assert_non_null(strstr(f->s.text, "A at w\\001w.example."));
}

CASE(every_truncation_of_a_message_is_refused)
{
	size_t whole;

	xfrmsg_soa(&f->m, 5);
	xfrmsg_a(&f->m, "www", 1);
	xfrmsg_soa(&f->m, 5);
	whole = f->m.len;
	for (size_t n = 0; n < whole; n++) {
		begin(&roomy);
		xfrmsg_soa(&f->m, 5);
		xfrmsg_a(&f->m, "www", 1);
		xfrmsg_soa(&f->m, 5);
		f->m.len = n;
		if (n == 0)
			continue;
		assert_int_not_equal(feed(), OK);
		assert_false(f->done);
	}
}

CASE(nsec3_and_its_signatures_go_to_their_own_tree)
{
	static const char nsec3[] = "\1\0\0\0\0\24"
	    "12345678901234567890\0\1\x40";
	static const char sig[] = "\0\62\10\2\0\0\1\54\0\0\0\0\0\0\0\0\0\0"
	    "\0sig";

	xfrmsg_soa(&f->m, 5);
	xfrmsg_rr(&f->m, "\3abc\300\14", 6, 50, 1, 300, nsec3,
	    sizeof(nsec3) - 1);
	xfrmsg_rr(&f->m, "\3abc\300\14", 6, 46, 1, 300, sig, sizeof(sig) - 1);
	xfrmsg_a(&f->m, "abc", 1);
	xfrmsg_soa(&f->m, 5);
	assert_int_equal(feed(), OK);
	assert_string_equal(f->log, "/6 abc.#/50 abc.#/46 abc./1 ");
}

CASE(a_ttl_with_its_top_bit_is_zero)
{
	xfrmsg_soa(&f->m, 5);
	xfrmsg_rr(&f->m, "\300\14", 2, 1, 1, 0x80000001u, "\300\0\2\1", 4);
	assert_int_equal(feed(), OK);
	assert_int_equal(f->n_records, 2);
}

CASE(other_zones_before_and_behind_the_zone_are_refused_T090_T097)
{
	xfrmsg_rr(&f->m, "\5other", 7, RRTYPE_A, 1, 300, "abcd", 4);
	xfrmsg_soa(&f->m, 1);
	xfrmsg_soa(&f->m, 1);
	REFUSED(HANDOFF_NO_SOA);
	begin(&roomy);
	xfrmsg_soa(&f->m, 1);
	xfrmsg_soa(&f->m, 1);
	xfrmsg_rr(&f->m, "\5other", 7, RRTYPE_A, 1, 300, "abcd", 4);
	REFUSED(HANDOFF_BAD_ORDER);
}

CASE(opt_facts_are_kept)
{
	xfrmsg_soa(&f->m, 5);
	xfrmsg_soa(&f->m, 5);
	memcpy(f->m.bytes + f->m.len, "\0\0\x29\x04\xd0\0\0\0\0\0\x0f"
	    "\0\x09\0\4\0\0\1\0" "\0\x0f\0\3\0\x12\x1b", 26);
	f->m.len += 26;
	xfrmsg_put(&f->m, 10, 1);
	assert_int_equal(feed(), OK);
	assert_true(f->s.facts.has_expire);
	assert_int_equal(f->s.facts.expire_s, 256);
	assert_int_equal(f->s.facts.ede, 18);
	assert_string_equal(f->s.ede_text, "?");
}
