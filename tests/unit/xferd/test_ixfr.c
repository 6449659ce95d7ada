/*
 * IXFR: the styles of an answer, broken chains, and random edit scripts
 * against a model that is nothing but a set. T-060 and on.
 */
#include "tests/lib/test.h"

#include "tests/lib/rdata.h"
#include "tests/lib/xfrmsg.h"
#include "xferd/ixfr.h"

#define NAMES	40		/* "n0" ... of the model */

struct fixture {
	struct stream s;
	struct ixfr x;
	struct xfrmsg m;
	bool done;
	char log[4096];
	/* The model: which A records there are. */
	bool have[NAMES];
	bool whole[NAMES];		/* records of an AXFR-style answer */
	enum handoff_part part;
	uint32_t serial;
	bool wrong;			/* deleted what is not, added what is */
};

static struct fixture *f;
static const struct handoff_limits roomy = { 1000000, 1 << 30, 100000, 10,
    1000, 2, 100 };

static enum err
record(void *arg, const struct handoff_record *rec)
{
	size_t at = strlen(f->log);
	unsigned i;

	(void)arg;
	if (at < sizeof(f->log) - 80)
		snprintf(f->log + at, sizeof(f->log) - at, "%.*s/%u ",
		    rec->key_len > 1 ? (int)rec->key_len - 2 : 0,
		    (const char *)rec->key + 1, rec->type);
	if (rec->key_len < 3 || sscanf((const char *)rec->key + 1, "n%u",
	    &i) != 1 || i >= NAMES)
		return OK;
	if (f->part == 0) {
		f->whole[i] = true;
		return OK;
	}
	if (f->have[i] == (f->part == HANDOFF_ADD))
		f->wrong = true;
	f->have[i] = f->part == HANDOFF_ADD;
	return OK;
}

static enum err
mark(void *arg, const struct handoff_mark *m)
{
	size_t at = strlen(f->log);

	(void)arg;
	if (at < sizeof(f->log) - 80)
		snprintf(f->log + at, sizeof(f->log) - at, "%c%u ",
		    m->part == HANDOFF_DELETE ? '-' : '+', m->serial);
	if (m->part == HANDOFF_DELETE && m->serial != f->serial)
		f->wrong = true;
	f->part = m->part;
	f->serial = m->serial;
	return OK;
}

static void
begin(uint32_t ours)
{
	static const struct stream_sink sink = { record, mark, NULL };

	f->log[0] = '\0';
	f->done = false;
	f->part = 0;
	f->serial = ours;
	stream_begin(&f->s, (const uint8_t *)"\7example", 9, 77, RRTYPE_IXFR,
	    &roomy, &sink);
	ixfr_begin(&f->x, &f->s, ours);
	xfrmsg_begin(&f->m, 77, RRTYPE_IXFR);
}

static enum err
feed(void)
{
	enum err e = ixfr_feed(&f->x, f->m.bytes, f->m.len, &f->done);

	if (e != OK && f->s.reason == HANDOFF_OK)
		fail_msg("an error without a reason");
	xfrmsg_begin(&f->m, 77, RRTYPE_IXFR);
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
	begin(5);
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

CASE(one_soa_not_newer_is_up_to_date_T061)
{
	for (uint32_t serial = 4; serial <= 5; serial++) {
		begin(5);
		xfrmsg_soa(&f->m, serial);
		assert_int_equal(feed(), OK);
		assert_true(f->done);
		assert_true(f->x.single);
		assert_int_equal(ixfr_style(&f->x), HANDOFF_STYLE_SINGLE);
	}
}

CASE(one_newer_soa_leaves_the_style_open_T064)
{
	xfrmsg_soa(&f->m, 6);
	assert_int_equal(feed(), OK);
	assert_false(f->done);
	assert_true(ixfr_is_open(&f->x));
	xfrmsg_soa(&f->m, 5);
	assert_int_equal(feed(), OK);
	assert_false(ixfr_is_open(&f->x));
	xfrmsg_soa(&f->m, 6);
	assert_int_equal(feed(), OK);
	assert_false(f->done);
	xfrmsg_soa(&f->m, 6);
	assert_int_equal(feed(), OK);
	assert_true(f->done);
	assert_string_equal(f->log, "-5 +6 ");
	assert_int_equal(ixfr_style(&f->x), HANDOFF_STYLE_IXFR);
}

CASE(a_whole_zone_as_an_answer_T062)
{
	xfrmsg_soa(&f->m, 6);
	assert_int_equal(feed(), OK);
	xfrmsg_a(&f->m, "n1", 1);
	assert_int_equal(feed(), OK);
	xfrmsg_soa(&f->m, 6);
	assert_int_equal(feed(), OK);
	assert_true(f->done);
	assert_string_equal(f->log, "/6 n1/1 ");
	assert_int_equal(ixfr_style(&f->x), HANDOFF_STYLE_AXFR);
}

CASE(a_zone_of_nothing_but_a_soa_T063)
{
	xfrmsg_soa(&f->m, 6);
	xfrmsg_soa(&f->m, 6);
	assert_int_equal(feed(), OK);
	assert_true(f->done);
	assert_int_equal(ixfr_style(&f->x), HANDOFF_STYLE_AXFR);
}

CASE(differences_in_one_message)
{
	xfrmsg_soa(&f->m, 7);
	xfrmsg_soa(&f->m, 5);
	xfrmsg_a(&f->m, "a", 1);
	xfrmsg_soa(&f->m, 6);
	xfrmsg_a(&f->m, "b", 1);
	xfrmsg_soa(&f->m, 6);
	xfrmsg_soa(&f->m, 7);
	xfrmsg_a(&f->m, "c", 1);
	xfrmsg_soa(&f->m, 7);
	assert_int_equal(feed(), OK);
	assert_true(f->done);
	assert_string_equal(f->log, "-5 a/1 +6 b/1 -6 +7 c/1 ");
	assert_int_equal(f->x.n_diffs, 2);
}

CASE(the_chain_may_wrap_T067)
{
	begin(4294967294u);
	xfrmsg_soa(&f->m, 1);
	xfrmsg_soa(&f->m, 4294967294u);
	xfrmsg_soa(&f->m, 4294967295u);
	xfrmsg_soa(&f->m, 4294967295u);
	xfrmsg_soa(&f->m, 0);
	xfrmsg_soa(&f->m, 0);
	xfrmsg_soa(&f->m, 1);
	xfrmsg_soa(&f->m, 1);
	assert_int_equal(feed(), OK);
	assert_true(f->done);
}

static void
soas(const uint32_t *serials, size_t n)
{
	for (size_t i = 0; i < n; i++)
		xfrmsg_soa(&f->m, serials[i]);
}
#define SOAS(...) do {							\
	static const uint32_t s_[] = { __VA_ARGS__ };			\
	begin(5);							\
	soas(s_, COUNT_OF(s_));						\
} while (0)

CASE(broken_chains_are_refused_T065_T066_T068)
{
	SOAS(7, 4, 7, 7);		/* not from ours */
	REFUSED(HANDOFF_BAD_ORDER);
	SOAS(8, 5, 6, 7, 8, 8);		/* a gap */
	REFUSED(HANDOFF_BAD_ORDER);
	SOAS(7, 5, 4);			/* backwards */
	REFUSED(HANDOFF_BAD_ORDER);
	SOAS(7, 5, 5);			/* nowhere */
	REFUSED(HANDOFF_BAD_ORDER);
	SOAS(4, 5, 6);			/* to an older one */
	REFUSED(HANDOFF_BAD_ORDER);
	SOAS(7, 5, 8, 8);		/* past the end */
	REFUSED(HANDOFF_BAD_ORDER);
	SOAS(7, 5, 7, 7, 7);		/* behind the end */
	REFUSED(HANDOFF_BAD_ORDER);
	SOAS(7, 5, 7, 7);
	assert_int_equal(feed(), OK);
	assert_true(f->done);
	xfrmsg_a(&f->m, "x", 1);
	REFUSED(HANDOFF_BAD_ORDER);
	SOAS(7, 5, 7);			/* no closing SOA: not done */
	assert_int_equal(feed(), OK);
	assert_false(f->done);
	/* the closing SOA has another minimum */
	SOAS(7, 5, 7, 7);
	f->m.bytes[f->m.len - 1]++;
	REFUSED(HANDOFF_BAD_ORDER);
}

CASE(differences_are_bounded_T074)
{
	f->s.limits.diffs_max = 2;
	xfrmsg_soa(&f->m, 9);
	for (uint32_t i = 5; i < 8; i++) {
		xfrmsg_soa(&f->m, i);
		xfrmsg_soa(&f->m, i + 1);
	}
	REFUSED(HANDOFF_LIMIT_RECORDS);
}

CASE(error_answers_and_other_first_records_are_refused_T076)
{
	xfrmsg_put(&f->m, 2, 0x8404);
	REFUSED(HANDOFF_RCODE);
	begin(5);
	xfrmsg_a(&f->m, "a", 1);
	REFUSED(HANDOFF_NO_SOA);
}

/* ---- Random scripts ---------------------------------------------------- */

static void
maybe_cut(struct rdata_random *r, bool *failed)
{
	if (rdata_random(r, 4) == 0 && !*failed)
		*failed = feed() != OK;
}

static void
name_of(unsigned i, char out[8])
{
	snprintf(out, 8, "n%u", i);
}

/* One random chain from @ours; the sets of each step kept in @now. */
static bool
play(struct rdata_random *r, uint32_t ours, bool now[NAMES])
{
	uint32_t steps = 1 + rdata_random(r, 6), serial = ours, last = ours;
	uint32_t jump[8];
	bool failed = false;
	char label[8];

	for (uint32_t k = 0; k < steps; k++) {
		jump[k] = 1 + rdata_random(r, 3);
		last += jump[k];
	}
	xfrmsg_soa(&f->m, last);
	maybe_cut(r, &failed);
	for (uint32_t k = 0; k < steps; k++) {
		bool next[NAMES];

		for (unsigned i = 0; i < NAMES; i++)
			next[i] = rdata_random(r, 5) == 0 ? !now[i] : now[i];
		xfrmsg_soa(&f->m, serial);
		for (unsigned i = 0; i < NAMES; i++)
			if (now[i] && !next[i]) {
				name_of(i, label);
				xfrmsg_a(&f->m, label, 1);
				maybe_cut(r, &failed);
			}
		serial += jump[k];
		xfrmsg_soa(&f->m, serial);
		for (unsigned i = 0; i < NAMES; i++)
			if (!now[i] && next[i]) {
				name_of(i, label);
				xfrmsg_a(&f->m, label, 1);
				maybe_cut(r, &failed);
			}
		memcpy(now, next, sizeof(next));
	}
	xfrmsg_soa(&f->m, last);
	if (!failed)
		failed = feed() != OK;
	return !failed && f->serial == last;
}

CASE(random_edit_scripts_end_in_the_set_of_the_model_T075)
{
	struct rdata_random r = { 7 };

	for (int round = 0; round < 3000; round++) {
		uint32_t ours = rdata_random(&r, 3) == 0 ?
		    UINT32_MAX - rdata_random(&r, 4) : rdata_random(&r, 1000);
		bool now[NAMES];

		for (unsigned i = 0; i < NAMES; i++)
			now[i] = f->have[i] = rdata_random(&r, 2);
		f->wrong = false;
		begin(ours);
		assert_true(play(&r, ours, now));
		assert_true(f->done);
		assert_false(f->wrong);
		assert_memory_equal(now, f->have, sizeof(now));
	}
}
