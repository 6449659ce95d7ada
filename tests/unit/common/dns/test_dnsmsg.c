/* Messages: the walk, names, OPT. */
#include "tests/lib/test.h"

#include "common/dns/dnsmsg.h"

/* example. AXFR? with one A, one NS in authority, an OPT. */
static const uint8_t msg[] = "\x12\x34\x84\x00\0\1\0\1\0\1\0\1"
    "\7example\0\0\xfc\0\1"
    "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1"
    "\xc0\x0c\0\2\0\1\0\0\1\x2c\0\4\1a\xc0\x0c"
    "\0\0\x29\x04\xd0\x01\x00\x80\x00\0\x12"
    "\0\x0f\0\6\0\x12" "no!\n"
    "\0\x09\0\4\0\0\1\0";

static size_t
len_of(void)
{
	return sizeof(msg) - 1;
}

TEST(a_message_is_walked_from_question_to_end)
{
	struct dnsmsg m;
	struct dnsmsg_question q;
	struct dnsmsg_rr rr;
	struct dnsmsg_edns edns;
	uint8_t copy[512];

	memcpy(copy, msg, len_of());
	memcpy(copy, msg, len_of());
	assert_int_equal(dnsmsg_open(&m, copy, len_of()), OK);
	assert_int_equal(m.h.id, 0x1234);
	assert_int_equal(dnsmsg_question(&m, &q), OK);
	assert_int_equal(q.type, 252);
	assert_int_equal(q.name_len, 9);
	assert_int_equal(dnsmsg_question(&m, &q), ERR_NOT_FOUND);
	assert_int_equal(dnsmsg_next(&m, &rr), OK);
	assert_int_equal(rr.section, DNSMSG_ANSWER);
	assert_int_equal(rr.type, 1);
	assert_int_equal(rr.ttl, 300);
	assert_int_equal(rr.rdlen, 4);
	assert_int_equal(dnsmsg_next(&m, &rr), OK);
	assert_int_equal(rr.section, DNSMSG_AUTHORITY);
	assert_int_equal(dnsmsg_next(&m, &rr), OK);
	assert_int_equal(rr.section, DNSMSG_ADDITIONAL);
	assert_int_equal(rr.type, 41);
	assert_int_equal(dnsmsg_edns(&m, &rr, &edns), OK);
	assert_int_equal(edns.udp_size, 1232);
	assert_int_equal(edns.rcode_high, 1);
	assert_true(edns.do_bit);
	assert_true(edns.has_ede);
	assert_int_equal(edns.ede, 18);
	assert_int_equal(edns.ede_text_len, 4);
	assert_true(edns.has_expire);
	assert_int_equal(edns.expire_s, 256);
	assert_int_equal(edns.n_options, 2);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(dnsmsg_next(&m, &rr), OK);
		assert_int_equal(rr.section, DNSMSG_END);
		assert_int_equal(m.off, len_of());
	}
}

TEST(every_truncation_is_malformed)
{
	for (size_t n = 0; n < len_of(); n++) {
		uint8_t *p = malloc(n + 1);
		struct dnsmsg m;
		struct dnsmsg_rr rr = { .section = DNSMSG_ANSWER };
		enum err e;

		memcpy(p, msg, n);
		p = realloc(p, n + (n == 0));
		e = dnsmsg_open(&m, p, n);
		while (e == OK && rr.section != DNSMSG_END)
			e = dnsmsg_next(&m, &rr);
		assert_int_equal(e, ERR_MALFORMED);
		free(p);
	}
}

TEST(names_end_wherever_pointers_lead_T099)
{
	static const uint8_t self[] = "\0\0\0\0\0\0\0\0\0\0\0\0\xc0\x0c";
	static const uint8_t loop[] = "\0\0\0\0\0\0\0\0\0\0\0\0"
	    "\1a\xc0\x10\1b\xc0\x0c";
	static const uint8_t bad[] = "\0\0\0\0\0\0\0\0\0\0\0\0\x40x\0";
	uint8_t name[255], chain[600] = { 0 };
	size_t n, next;

	assert_int_equal(dnsmsg_name(self, 14, 12, name, &n, &next),
	    ERR_MALFORMED);
	assert_int_equal(dnsmsg_name(loop, 20, 16, name, &n, &next),
	    ERR_MALFORMED);
	assert_int_equal(dnsmsg_name(bad, 15, 12, name, &n, &next),
	    ERR_MALFORMED);
	assert_int_equal(dnsmsg_name_skip(bad, 15, 12, &next),
	    ERR_MALFORMED);
	/* 300 octets of labels do not make a name */
	for (size_t i = 12; i < 500; i += 2) {
		chain[i] = 1;
		chain[i + 1] = 'x';
	}
	assert_int_equal(dnsmsg_name(chain, sizeof(chain), 12, name, &n,
	    &next), ERR_MALFORMED);
	assert_int_equal(dnsmsg_name_skip(chain, sizeof(chain), 12, &next),
	    ERR_MALFORMED);
	/* 255 do */
	assert_int_equal(dnsmsg_name(chain, sizeof(chain), 500 - 254, name,
	    &n, &next), OK);
	assert_int_equal(n, 255);
	assert_int_equal(dnsmsg_name_skip(chain, sizeof(chain), 500 - 254,
	    &next), OK);
	assert_int_equal(next, 501);
}

TEST(an_opt_that_lies_is_malformed)
{
	uint8_t copy[512];
	struct dnsmsg m;
	struct dnsmsg_rr rr;
	struct dnsmsg_edns edns;

	memcpy(copy, msg, len_of());
	copy[len_of() - 5] = 9;		/* EXPIRE of 9 octets */
	assert_int_equal(dnsmsg_open(&m, copy, len_of()), OK);
	for (int i = 0; i < 3; i++)
		assert_int_equal(dnsmsg_next(&m, &rr), OK);
	assert_int_equal(dnsmsg_edns(&m, &rr, &edns), ERR_MALFORMED);
}
