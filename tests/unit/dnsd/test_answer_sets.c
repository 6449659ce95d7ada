/*
 * Whole sets, byte by byte.
 */
#include "common/dns/rr.h"
#include "tests/unit/dnsd/ask.h"

static struct asker t;

static const char zone[] =
    "@ 60 IN SOA ns admin 1 2 3 4 60\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n"
    "ttl 300 IN A 192.0.2.1\nttl 100 IN A 192.0.2.2\nttl 200 IN A 192.0.2.3\n"
    "dup 60 IN A 192.0.2.1\ndup 60 IN A 192.0.2.1\n"
    "dupns 60 IN MX 1 NS.example.\ndupns 60 IN MX 1 ns.example.\n"
    "any 60 IN TXT \"t\"\nany 60 IN RRSIG TXT 13 2 60 20300101000000 "
    "20200101000000 1 example. AAAA\n"
    "any 60 IN NSEC z.example. TXT RRSIG NSEC\n"
    "onlysec 60 IN NSEC z.example. NSEC\n"
    "apl 60 IN APL !1:192.0.2.0/24 2:2001:db8::/32\n"
    "rot 60 IN A 192.0.2.3\nrot 60 IN A 192.0.2.1\nrot 60 IN A 192.0.2.2\n"
    "rot 60 IN RRSIG A 13 2 60 20300101000000 20200101000000 1 example. "
    "AAAA\n"
    "cn 60 IN CNAME rot\ncn 60 IN RRSIG CNAME 13 2 60 20300101000000 "
    "20200101000000 1 example. AAAA\n";

/* name in rdata: "www.Example." whole */
static const uint8_t WWW[] = "\3www\7Example";

struct raw {
	const char *label;
	uint16_t type;
	const char *rdata;
	size_t len;
};

#define RAW(label, type, rdata)	{ label, type, rdata, sizeof(rdata) - 1 }
#define NAME	"\3www\7Example\0"

/* Types whose names may be compressed, RFC 1035, and those that may not. */
static const struct raw compressed[] = {
	RAW("\2ns", 2, NAME), RAW("\2cx", 5, NAME), RAW("\3ptr", 12, NAME),
	RAW("\2mx", 15, "\0\1" NAME), RAW("\2mb", 7, NAME),
	RAW("\5minfo", 14, NAME NAME),
};
static const struct raw verbatim[] = {
	RAW("\3srv", 33, "\0\1\0\2\0\3" NAME), RAW("\5dname", 39, NAME),
	RAW("\5naptr", 35, "\0\1\0\2\1s\3abc\0" NAME),
	RAW("\2rp", 17, NAME NAME), RAW("\2kx", 36, "\0\1" NAME),
	RAW("\5afsdb", 18, "\0\1" NAME), RAW("\2px", 26, "\0\1" NAME NAME),
	RAW("\4svcb", 64, "\0\1" NAME "\0\1\0\3\2h2"),
	RAW("\5https", 65, "\0\0" NAME),
	RAW("\4nsec", 47, NAME "\0\1\x40"),
	RAW("\4lp64", 107, "\0\1" NAME),
	RAW("\3unk", 65280, NAME NAME "\xc0\x0c"),
	RAW("\3nul", 10, "\xc0\x0c\0\xff" NAME),
	RAW("\5empty", 65281, ""), RAW("\4zero", 65282, "\0"),
	RAW("\4case", 65283, "ABCabc\377\0"),
};

static void
add_raw(struct testcache_zone *z, const struct raw *r)
{
	uint8_t owner[64];
	size_t n = 1u + (uint8_t)r->label[0];

	assert_ok(rr_rdata_check(r->type, (const void *)r->rdata, r->len));
	memcpy(owner, r->label, n);
	memcpy(owner + n, "\7example", 9);
	testcache_add_record(z, owner, r->type, 60, (const void *)r->rdata,
	    r->len);
}

static void
setup(void)
{
	static uint8_t svcb[60000];
	struct testcache_zone *z;
	size_t n = 3;

	if (t.ctx.arena != NULL)
		return;
	ask_init(&t);
	z = testcache_add_text(&t.cache, "example.", zone);
	z->page_bytes = 500;
	z->fanout = 3;
	for (size_t i = 0; i < COUNT_OF(compressed); i++)
		add_raw(z, &compressed[i]);
	for (size_t i = 0; i < COUNT_OF(verbatim); i++)
		add_raw(z, &verbatim[i]);
	/* The top bit of a TTL counts as zero. RFC 2181 8 */
	testcache_add_record(z, (const uint8_t *)"\3top\7example", RRTYPE_A,
	    0x80000001, (const uint8_t *)"\1\2\3\4", 4);
	testcache_add_record(z, (const uint8_t *)"\3max\7example", RRTYPE_A,
	    0x7fffffff, (const uint8_t *)"\1\2\3\4", 4);
	/* 12,000 empty SvcParams. */
	svcb[1] = 1;
	for (unsigned k = 100; k < 12100; k++) {
		svcb[n++] = (uint8_t)(k >> 8);
		svcb[n++] = (uint8_t)k;
		n += 2;
	}
	testcache_add_record(z, (const uint8_t *)"\4many\7example", 64, 60,
	    svcb, n);
	/* 3500 addresses: nearly a message. */
	for (unsigned i = 0; i < 3500; i++) {
		uint8_t a[4] = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i };

		testcache_add_record(z, (const uint8_t *)"\4full\7example",
		    RRTYPE_A, 60, a, 4);
	}
	/* A set with as much in the additional section. */
	for (unsigned i = 0; i < 10; i++) {
		uint8_t mx[] = "\0\1\2h0\2mx\7example", a[16] = { 0x20, 1 };

		mx[4] = (uint8_t)('0' + i);
		testcache_add_record(z, (const uint8_t *)"\2mx\7example",
		    RRTYPE_MX, 60, mx, sizeof(mx));
		for (unsigned k = 0; k < 3; k++) {
			a[15] = (uint8_t)k;
			testcache_add_record(z, mx + 2, RRTYPE_AAAA, 60, a,
			    16);
		}
	}
	ask_publish(&t);
}

#define ASK(question, want) \
	do { \
		setup(); \
		assert_string_equal(ask(&t, question), want); \
	} while (0)

static const char *
ask_type(const char *label, uint16_t type, const char *options)
{
	char q[128];

	setup();
	snprintf(q, sizeof(q), "%.*s.example. TYPE%u %s", label[0], label + 1,
	    type, options);
	return ask(&t, q);
}

/* The first record of the answer: its rdata in the reply. */
static const uint8_t *
rdata_of(size_t *out_len)
{
	uint8_t name[256];
	size_t len, next;

	assert_ok(dname_unpack(t.reply, t.reply_len, 12, name, &len, &next));
	assert_ok(dname_unpack(t.reply, t.reply_len, next + 4, name, &len,
	    &next));
	*out_len = (size_t)t.reply[next + 8] << 8 | t.reply[next + 9];
	return t.reply + next + 10;
}

TEST(q140_any_is_one_set_with_its_signature)
{
	ASK("any.example. ANY", "NOERROR aa\nAN any.example. 60 TXT \"t\"\n");
	ASK("any.example. ANY do", "NOERROR aa\n"
	    "AN any.example. 60 TXT \"t\"\nAN any.example. 60 RRSIG TXT 2\n");
	for (int i = 0; i < 5; i++)
		ASK("rot.example. ANY tcp", "NOERROR aa\n"
		    "AN rot.example. 60 A 192.0.2.1\n"
		    "AN rot.example. 60 A 192.0.2.2\n"
		    "AN rot.example. 60 A 192.0.2.3\n");
	setup();
	ask(&t, "onlysec.example. ANY");
	assert_int_equal(t.reply[7], 1);
	ask(&t, "nothing.example. ANY");
	assert_memory_equal(t.text, "NXDOMAIN aa\n", 12);
}

TEST(q141_q142_q150_rdata_is_verbatim)
{
	for (size_t i = 0; i < COUNT_OF(verbatim); i++) {
		const struct raw *r = &verbatim[i];
		const uint8_t *rdata;
		size_t len;

		for (int k = 0; k < 2; k++) {
			ask_type(r->label, r->type, k == 0 ? "noedns" :
			    "tcp");
			assert_int_equal(t.reply[3] & 15, 0);
			assert_int_equal(t.reply[7], 1);
			rdata = rdata_of(&len);
			assert_int_equal(len, r->len);
			assert_memory_equal(rdata, r->rdata, len);
		}
	}
}

/* Whether or not it was compressed, it is the name. */
TEST(q142_names_of_old_types_are_the_same_names)
{
	for (size_t i = 0; i < COUNT_OF(compressed); i++) {
		const struct raw *r = &compressed[i];
		uint8_t name[256];
		size_t len, n, next;
		const uint8_t *rdata;

		ask_type(r->label, r->type, "noedns");
		if (r->type == RRTYPE_NS)
			continue;		/* a referral */
		assert_int_equal(t.reply[7] >= 1, 1);
		rdata = rdata_of(&len);
		assert_ok(dname_unpack(t.reply, t.reply_len,
		    (size_t)(rdata - t.reply) + (r->type == RRTYPE_MX ? 2 : 0),
		    name, &n, &next));
		if (r->type != RRTYPE_MX)
			assert_true(dname_equal(name, WWW));
	}
}

TEST(q144_differing_ttls_become_the_least)
{
	ASK("ttl.example. A", "NOERROR aa\n"
	    "AN ttl.example. 100 A 192.0.2.1\n"
	    "AN ttl.example. 100 A 192.0.2.2\n"
	    "AN ttl.example. 100 A 192.0.2.3\n");
}

TEST(q145_a_ttl_with_the_top_bit_is_0)
{
	ASK("top.example. A", "NOERROR aa\nAN top.example. 0 A 1.2.3.4\n");
	ASK("max.example. A",
	    "NOERROR aa\nAN max.example. 2147483647 A 1.2.3.4\n");
}

TEST(q146_the_same_record_is_there_once)
{
	ASK("dup.example. A", "NOERROR aa\nAN dup.example. 60 A 192.0.2.1\n");
	setup();
	ask(&t, "dupns.example. MX");
	assert_int_equal(t.reply[7], 1);	/* letters do not count */
}

TEST(q148_q149_thousands_of_records_over_tcp)
{
	setup();
	assert_string_equal(ask(&t, "full.example. A"), "NOERROR aa tc\n");
	assert_string_equal(ask(&t, "full.example. A noedns"),
	    "NOERROR aa tc\n");
	ask(&t, "full.example. A tcp");
	assert_int_equal(t.reply[6] << 8 | t.reply[7], 3500);
	assert_int_equal(t.reply[2] & 2, 0);
}

TEST(q150_apl_and_svcb_as_they_are)
{
	const uint8_t *rdata;
	size_t len;

	setup();
	ask(&t, "apl.example. APL");
	rdata = rdata_of(&len);
	assert_memory_equal(rdata, "\0\1\x18\x83\xc0\0\2\0\2\x20", 10);
	t.request_len = ask_make(t.request,
	    (const uint8_t *)"\4many\7example", 64,
	    &(struct ask_options){ .qclass = 1 });
	ask_raw(&t, ANSWER_TCP, 0);
	assert_int_equal(t.reply[7], 1);
	rdata = rdata_of(&len);
	assert_int_equal(len, 3 + 4 * 12000);
	assert_memory_equal(rdata + len - 4, "\x2f\x43\0\0", 4);
	ask_raw(&t, ANSWER_UDP, 0);
	assert_int_equal(t.reply[2] & 2, 2);		/* TC */
	assert_int_equal(t.reply[7], 0);
}

TEST(q151_no_order_changes)
{
	for (int i = 0; i < 10; i++)
		ASK("cn.example. A do", "NOERROR aa\n"
		    "AN cn.example. 60 CNAME rot.example.\n"
		    "AN cn.example. 60 RRSIG CNAME 2\n"
		    "AN rot.example. 60 A 192.0.2.1\n"
		    "AN rot.example. 60 A 192.0.2.2\n"
		    "AN rot.example. 60 A 192.0.2.3\n"
		    "AN rot.example. 60 RRSIG A 2\n");
}

/*
 * At every size: the counts agree with the octets, what is there is whole,
 * TC says that what is needed is not there, the additional section shrinks in
 * silence.
 */
TEST(q016_q190_q191_every_size)
{
	unsigned most = 0, some = 0;

	setup();
	for (unsigned size = 512; size <= 1232; size++) {
		unsigned n_answer, n_additional;
		char q[64];

		snprintf(q, sizeof(q), "mx.example. MX size=%u", size);
		ask(&t, q);		/* ldns reads it, or this fails */
		assert_true(t.reply_len <= size);
		n_answer = t.reply[7];
		n_additional = t.reply[11] - 1u;	/* but the OPT */
		assert_null(strstr(t.text, " tc"));
		assert_int_equal(n_answer, 11);
		assert_int_equal(n_additional % 3, 0);	/* whole sets */
		assert_true(n_additional >= some);
		some = n_additional;
		most = n_additional > most ? n_additional : most;
	}
	assert_true(most >= 15);
	assert_string_equal(ask(&t, "full.example. A size=1232"),
	    "NOERROR aa tc\n");
	assert_int_equal(t.reply[5], 1);		/* the question */
	assert_int_equal(t.reply[11], 1);		/* the OPT */
	assert_int_equal(t.reply_len, 12 + 14 + 4 + 11);
}

/* On a set of one record the border can be hit exactly. */
TEST(q192_exactly_the_size)
{
	struct testcache_zone *z;
	static struct asker b;
	uint8_t rdata[600] = { 0 };

	ask_init(&b);
	z = testcache_add_text(&b.cache, "b.",
	    "@ 60 IN SOA ns admin 1 2 3 4 60\n@ 60 IN NS ns\n");
	/* 12 + 7 + (2 + 10 + rdata) = 512 and 513, without OPT */
	testcache_add_record(z, (const uint8_t *)"\1x\1b", 65280, 60, rdata,
	    479);
	testcache_add_record(z, (const uint8_t *)"\1y\1b", 65280, 60, rdata,
	    480);
	testcache_add_record(z, (const uint8_t *)"\1z\1b", 65280, 60, rdata,
	    479 - 11);
	ask_publish(&b);
	ask(&b, "x.b. TYPE65280 noedns");
	assert_int_equal(b.reply_len, 512);
	assert_int_equal(b.reply[7], 1);
	ask(&b, "y.b. TYPE65280 noedns");
	assert_string_equal(b.text, "NOERROR aa tc\n");
	ask(&b, "z.b. TYPE65280 size=512");
	assert_int_equal(b.reply_len, 512);
	assert_int_equal(b.reply[7], 1);
	ask(&b, "x.b. TYPE65280 size=512");
	assert_string_equal(b.text, "NOERROR aa tc\n");
	ask(&b, "x.b. TYPE65280 size=523");
	assert_int_equal(b.reply_len, 523);
	ask_fini(&b);
}
