/*
 * Delegations, signed and not: Q-045, Q-070 to Q-085.
 */
#include "tests/unit/dnsd/brief.h"

static struct asker t;

static const char zone[] =
    "@ 3600 IN SOA " SOA_RDATA "\n" SIG("@", "SOA", "1")
    "@ 3600 IN NS ns1\n@ 3600 IN NS ns.sib\n" SIG("@", "NS", "1")
    N("@", "1", "alias", "NS SOA RRSIG NSEC")
    "alias 60 IN CNAME ns1\n" SIG("alias", "CNAME", "2")
    N("alias", "2", "cn", "CNAME RRSIG NSEC")
    "cn 60 IN CNAME www.sec\n" SIG("cn", "CNAME", "2")
    N("cn", "2", "del", "CNAME RRSIG NSEC")
    "del 60 IN NS ns.del\ndel 60 IN NS ns.sib\ndel 60 IN NS ns1\n"
    N("del", "2", "loop1", "NS RRSIG NSEC")
    "ns.del 60 IN A 192.0.2.20\n" SIG("ns.del", "A", "3")
    "ns.del 60 IN TXT \"no glue\"\nns.del 60 IN MX 1 ns.del\n"
    "www.del 60 IN TXT \"occluded\"\n" SIG("www.del", "TXT", "3")
    "a.b.del 60 IN A 192.0.2.29\n"
    "*.del 60 IN A 192.0.2.28\n"
    "deep.del 60 IN NS ns.deep.del\nns.deep.del 60 IN A 192.0.2.21\n"
    "dn.del 60 IN DNAME ns1\n"
    "loop1 60 IN NS ns.loop2\nloop2 60 IN NS ns.loop1\n"
    N("loop1", "2", "loop2", "NS RRSIG NSEC")
    N("loop2", "2", "missing", "NS RRSIG NSEC")
    "missing 60 IN NS nothing\nmissing 60 IN NS alias\n"
    "missing 60 IN NS ns.hosted.\nmissing 60 IN NS ns.outside.\n"
    N("missing", "2", "ns1", "NS RRSIG NSEC")
    "ns1 3600 IN A 192.0.2.1\n" SIG("ns1", "A", "2")
    "ns1 3600 IN AAAA 2001:db8::1\n" SIG("ns1", "AAAA", "2")
    N("ns1", "2", "sec", "A AAAA RRSIG NSEC")
    "sec 60 IN NS ns.sec\n"
    "sec 60 IN DS 1 13 2 aa\nsec 60 IN DS 2 13 2 bb\n" SIG("sec", "DS", "2")
    N("sec", "2", "sib", "NS DS RRSIG NSEC")
    "ns.sec 60 IN A 192.0.2.23\n"
    "sib 60 IN NS ns.sib\nns.sib 60 IN A 192.0.2.22\n"
    N("sib", "2", "@", "NS RRSIG NSEC");

static const char hosted[] =
    "@ 60 IN SOA ns admin 1 2 3 4 60\n@ 60 IN NS ns\nns 60 IN A 192.0.2.99\n";

static void
setup(void)
{
	struct testcache_zone *z;

	if (t.ctx.arena != NULL)
		return;
	ask_init(&t);
	for (unsigned i = 0; i < 2; i++) {
		z = testcache_add_text(&t.cache, "example.", zone);
		z->stripes = 1u << i;
		if (i == 1) {
			z->page_bytes = 250;
			z->fanout = 2;
		}
	}
	z = testcache_add_text(&t.cache, "hosted.", hosted);
	z->stripes = 3;
	ask_publish(&t);
}

#define SAYS(question, want) \
	do { \
		setup(); \
		assert_string_equal(brief_ask(&t, question, 0), want); \
		assert_string_equal(brief_ask(&t, question, 1), want); \
	} while (0)

#define DEL "NOERROR | AU del NS | AU del NS | AU del NS | AU del NSEC+"

TEST(q045_q070_q071_q072_q073_q083_all_below_a_cut_is_a_referral)
{
	static const char *const questions[] = {
		"del.example. NS", "del.example. A", "del.example. ANY",
		"del.example. SOA", "del.example. TYPE65280",
		"ns.del.example. A", "ns.del.example. AAAA",
		"ns.del.example. TXT", "ns.del.example. MX",
		"ns.del.example. ANY", "www.del.example. TXT",
		"www.del.example. ANY", "www.del.example. DS",
		"www.del.example. NSEC", "b.del.example. A",
		"a.b.del.example. A", "x.a.b.del.example. A",
		"*.del.example. A", "x.del.example. A",
		"dn.del.example. DNAME", "x.dn.del.example. A",
	};

	for (size_t i = 0; i < COUNT_OF(questions); i++)
		SAYS(questions[i], DEL);
	for (size_t i = 0; i < COUNT_OF(questions); i++) {
		ask(&t, questions[i]);
		assert_null(strstr(t.text, "occluded"));
		assert_null(strstr(t.text, "no glue"));
		assert_null(strstr(t.text, "MX"));
		assert_null(strstr(t.text, "SOA"));
		assert_int_equal(t.reply[7], 0);		/* no answer */
		assert_int_equal(t.reply[2] & 4, 0);		/* no AA */
		assert_non_null(strstr(t.text,
		    "AD ns.del.example. 60 A 192.0.2.20\n"));
	}
}

TEST(q075_the_topmost_cut)
{
	SAYS("deep.del.example. NS", DEL);
	SAYS("x.deep.del.example. A", DEL);
	SAYS("ns.deep.del.example. A", DEL);
	setup();
	ask(&t, "x.deep.del.example. A");
	assert_null(strstr(t.text, "192.0.2.21"));
}

TEST(q076_glue_in_its_order)
{
	setup();
	assert_string_equal(ask(&t, "x.del.example. A"), "NOERROR\n"
	    "AU del.example. 60 NS ns.del.example.\n"
	    "AU del.example. 60 NS ns.sib.example.\n"
	    "AU del.example. 60 NS ns1.example.\n"
	    "AD ns.del.example. 60 A 192.0.2.20\n"
	    "AD ns.sib.example. 60 A 192.0.2.22\n"
	    "AD ns1.example. 3600 A 192.0.2.1\n"
	    "AD ns1.example. 3600 AAAA 2001:db8::1\n");
}

TEST(q077_q078_name_servers_without_glue)
{
	setup();
	/* hosted. is on the same server, and stays out. */
	assert_string_equal(ask(&t, "x.missing.example. A"), "NOERROR\n"
	    "AU missing.example. 60 NS ns.hosted.\n"
	    "AU missing.example. 60 NS ns.outside.\n"
	    "AU missing.example. 60 NS alias.example.\n"
	    "AU missing.example. 60 NS nothing.example.\n");
	assert_string_equal(ask(&t, "x.loop1.example. A"), "NOERROR\n"
	    "AU loop1.example. 60 NS ns.loop2.example.\n");
	assert_string_equal(ask(&t, "x.loop2.example. A"), "NOERROR\n"
	    "AU loop2.example. 60 NS ns.loop1.example.\n");
}

TEST(q079_signed_delegation)
{
	SAYS("x.sec.example. A", "NOERROR | AU sec NS | AU sec DS |"
	    " AU sec DS+");
	SAYS("sec.example. NS", "NOERROR | AU sec NS | AU sec DS |"
	    " AU sec DS+");
	setup();
	/* Without DO there is no DS. */
	assert_string_equal(ask(&t, "x.sec.example. A"), "NOERROR\n"
	    "AU sec.example. 60 NS ns.sec.example.\n"
	    "AD ns.sec.example. 60 A 192.0.2.23\n");
}

TEST(q080_unsigned_delegation)
{
	SAYS("x.sib.example. A", "NOERROR | AU sib NS | AU sib NSEC+");
}

TEST(q081_ds_at_the_cut)
{
	SAYS("sec.example. DS", "NOERROR aa | AN sec DS | AN sec DS+");
	SAYS("sib.example. DS", "NOERROR aa | AU @ SOA+ | AU sib NSEC+");
	setup();
	assert_string_equal(ask(&t, "sib.example. DS"), "NOERROR aa\n"
	    "AU example. 3600 SOA ns1.example. bugs.x.w.example. 1 3600 300 "
	    "3600000 3600\n");
}

TEST(q082_nsec_and_rrsig_at_the_cut)
{
	SAYS("sec.example. NSEC", "NOERROR aa | AN sec NSEC+");
	SAYS("sec.example. RRSIG", "NOERROR | AU sec NS | AU sec DS |"
	    " AU sec DS | AU sec RRSIG");
}

TEST(q084_ns_of_the_apex_with_addresses)
{
	setup();
	ask(&t, "example. NS");
	assert_non_null(strstr(t.text, "AD ns1.example. 3600 A 192.0.2.1\n"));
	assert_non_null(strstr(t.text, "AD ns.sib.example. 60 A 192.0.2.22"));
}

TEST(q085_signatures_of_glue_are_not_given)
{
	setup();
	ask(&t, "x.del.example. A do");
	assert_non_null(strstr(t.text, "AD ns.del.example. 60 A 192.0.2.20"));
	assert_null(strstr(t.text, "ns.del.example. 3600 RRSIG"));
	assert_null(strstr(t.text, "AD ns.del.example. 60 NSEC"));
}

TEST(q093_an_alias_into_the_cut)
{
	SAYS("cn.example. A", "NOERROR aa | AN cn CNAME+ | AU sec NS |"
	    " AU sec DS | AU sec DS+");
}
