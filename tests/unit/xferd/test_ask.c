/* test_ask.c - the requests of fetch and probe, read back by dnsmsg. */
#include "tests/lib/test.h"

#include "common/dns/dname.h"
#include "common/dns/dnsmsg.h"
#include "common/dns/rr.h"
#include "xferd/ask.h"

static const uint8_t APEX[] = "\7example";

static struct ask
about(uint16_t type)
{
	return (struct ask){ .id = 0xbeef, .apex = APEX,
		.apex_len = sizeof(APEX), .type = type };
}

/* Make it in exactly the room it needs, and open it again. */
static struct dnsmsg
made(const struct ask *a, uint8_t **out)
{
	uint8_t big[ASK_MAX];
	struct dnsmsg_question q;
	struct dnsmsg m;
	size_t len, again;

	assert_ok(ask_make(a, big, sizeof(big), &len));
	*out = malloc(len);
	for (size_t max = 0; max < len; max++)
		assert_err(ask_make(a, *out, max, &again), ERR_SPACE);
	assert_ok(ask_make(a, *out, len, &again));
	assert_int_equal(again, len);
	assert_ok(dnsmsg_open(&m, *out, len));
	assert_int_equal(m.h.id, 0xbeef);
	assert_int_equal(m.h.flags, 0);		/* a query, no RD */
	assert_int_equal(m.h.qdcount, 1);
	assert_int_equal(m.h.ancount, 0);
	assert_ok(dnsmsg_question(&m, &q));
	assert_true(dname_equal(q.name, a->apex));
	assert_int_equal(q.type, a->type);
	assert_int_equal(q.class, RRCLASS_IN);
	return m;
}

static struct dnsmsg_rr
next(struct dnsmsg *m, unsigned section, uint16_t type)
{
	struct dnsmsg_rr rr;

	assert_ok(dnsmsg_next(m, &rr));
	assert_int_equal(rr.section, section);
	if (section != DNSMSG_END)
		assert_int_equal(rr.type, type);
	else
		assert_int_equal(m->off, m->len);
	return rr;
}

TEST(a_soa_question_is_nothing_but_the_question)
{
	struct ask a = about(RRTYPE_SOA);
	uint8_t *bytes;
	struct dnsmsg m = made(&a, &bytes);

	next(&m, DNSMSG_END, 0);
	free(bytes);
}

TEST(opt_asks_for_expire_and_says_our_size)
{							/* RFC 7314 */
	struct ask a = about(RRTYPE_AXFR);
	struct dnsmsg_edns edns;
	struct dnsmsg_rr opt;
	struct dnsmsg m;
	uint8_t *bytes;

	a.edns = true;
	m = made(&a, &bytes);
	opt = next(&m, DNSMSG_ADDITIONAL, RRTYPE_OPT);
	assert_ok(dnsmsg_edns(&m, &opt, &edns));
	assert_int_equal(edns.udp_size, ASK_UDP_SIZE);
	assert_int_equal(edns.version, 0);
	assert_int_equal(edns.rcode_high, 0);
	assert_false(edns.do_bit);
	assert_int_equal(edns.n_options, 1);
	assert_int_equal(opt.rdlen, 4);
	assert_memory_equal(bytes + m.len - 4, "\0\11\0\0", 4);
	next(&m, DNSMSG_END, 0);
	free(bytes);
}

TEST(ixfr_brings_the_soa_that_we_have)
{							/* RFC 1995 3 */
	uint8_t soa[22] = { 0, 0, 1, 2, 3, 4, [21] = 9 };
	struct ask a = about(RRTYPE_IXFR);
	uint8_t owner[DNSMSG_NAME_MAX];
	struct dnsmsg_rr rr;
	struct dnsmsg m;
	uint8_t *bytes;
	size_t len;

	a.edns = true;
	a.soa = soa;
	a.soa_len = sizeof(soa);
	a.serial = 7;			/* the SOA's counts */
	m = made(&a, &bytes);
	rr = next(&m, DNSMSG_AUTHORITY, RRTYPE_SOA);
	assert_ok(dnsmsg_name(m.msg, m.len, rr.owner, owner, &len, NULL));
	assert_true(dname_equal(owner, APEX));
	assert_int_equal(rr.class, RRCLASS_IN);
	assert_int_equal(rr.rdlen, sizeof(soa));
	assert_memory_equal(m.msg + rr.rdata, soa, sizeof(soa));
	next(&m, DNSMSG_ADDITIONAL, RRTYPE_OPT);
	next(&m, DNSMSG_END, 0);
	free(bytes);
}

TEST(ixfr_without_a_soa_makes_one_around_the_serial)
{
	struct ask a = about(RRTYPE_IXFR);
	struct dnsmsg_rr rr;
	struct rr_soa soa;
	struct dnsmsg m;
	uint8_t *bytes;

	a.serial = 0xfffffff0;
	m = made(&a, &bytes);
	rr = next(&m, DNSMSG_AUTHORITY, RRTYPE_SOA);
	assert_ok(rr_soa_parse(m.msg + rr.rdata, rr.rdlen, &soa));
	assert_int_equal(soa.serial, 0xfffffff0);
	next(&m, DNSMSG_END, 0);
	free(bytes);
}

TEST(the_longest_names_fit_the_maximum)
{
	uint8_t apex[255], soa[255 + 255 + 20], out[ASK_MAX];
	struct ask a = about(RRTYPE_IXFR);
	size_t len;

	for (size_t i = 0; i < 254; i++)
		apex[i] = i % 2 == 0 ? 1 : 'a';
	apex[254] = 0;
	memset(soa, 0, sizeof(soa));
	memcpy(soa, apex, 255);
	memcpy(soa + 255, apex, 255);
	a.apex = apex;
	a.apex_len = 255;
	a.soa = soa;
	a.soa_len = sizeof(soa);
	a.edns = true;
	assert_ok(ask_make(&a, out, sizeof(out), &len));
	/* Room for a TSIG with long names and the longest MAC. */
	assert_true(len + 255 + 255 + 26 + 64 < ASK_MAX);
}
