/*
 * Wildcards, signed: RFC 4592 in the corners that test_answer.c leaves, and
 * which proofs go with what. Q-046, Q-050 to Q-064.
 */
#include "tests/unit/dnsd/brief.h"

static struct asker t;

/* NSEC chain in canonical order; "+" names exist for their order alone. */
static const char zone[] =
    "@ 3600 IN SOA " SOA_RDATA "\n" SIG("@", "SOA", "1")
    "@ 3600 IN NS ns1\n" SIG("@", "NS", "1")
    N("@", "1", "*.c", "NS SOA RRSIG NSEC")
    "*.c 60 IN CNAME x.t.example.\n" SIG("*.c", "CNAME", "2")
    N("*.c", "2", "*.d", "CNAME RRSIG NSEC")
    "*.d 60 IN DNAME t\n" SIG("*.d", "DNAME", "2")
    N("*.d", "2", "mail", "DNAME RRSIG NSEC")
    "mail 60 IN A 192.0.2.1\n" SIG("mail", "A", "2")
    N("mail", "2", "*.n", "A RRSIG NSEC")
    "*.n 60 IN NS ns1\n"
    N("*.n", "2", "ns1", "NS RRSIG NSEC")
    "ns1 60 IN A 192.0.2.2\n" SIG("ns1", "A", "2")
    N("ns1", "2", "*.t", "A RRSIG NSEC")
    "*.t 60 IN TXT \"t\"\n" SIG("*.t", "TXT", "2")
    "*.t 60 IN A 192.0.2.3\n" SIG("*.t", "A", "2")
    "*.t 60 IN MX 1 mail\n" SIG("*.t", "MX", "2")
    "*.t 60 IN SRV 1 2 3 mail\n" SIG("*.t", "SRV", "2")
    N("*.t", "2", "cut.t", "A TXT MX SRV RRSIG NSEC")
    "cut.t 60 IN NS ns1\n"
    N("cut.t", "3", "dn.t", "NS RRSIG NSEC")
    "dn.t 60 IN DNAME else.where.\n" SIG("dn.t", "DNAME", "3")
    N("dn.t", "3", "a.ent.t", "DNAME RRSIG NSEC")
    "a.ent.t 60 IN A 192.0.2.4\n" SIG("a.ent.t", "A", "4")
    N("a.ent.t", "4", "*.x.y", "A RRSIG NSEC")
    "*.x.y 60 IN A 192.0.2.5\n" SIG("*.x.y", "A", "3")
    N("*.x.y", "3", "@", "A RRSIG NSEC");

/* What sorts oddly, unsigned. */
static const char odd[] =
    "@ 60 IN SOA ns admin 1 2 3 4 60\n@ 60 IN NS ns\n"
    "\\000 60 IN TXT \"nul\"\n! 60 IN TXT \"bang\"\n"
    "* 60 IN TXT \"star\"\n+ 60 IN TXT \"plus\"\n- 60 IN TXT \"hyphen\"\n"
    "0 60 IN TXT \"zero\"\nz 60 IN TXT \"zed\"\n{ 60 IN TXT \"brace\"\n"
    "\\127 60 IN TXT \"del\"\n\\128 60 IN TXT \"high\"\n"
    "\\255 60 IN TXT \"last\"\n\\255\\255 60 IN TXT \"lastlast\"\n"
    "*a 60 IN A 192.0.2.1\na* 60 IN A 192.0.2.2\n** 60 IN A 192.0.2.3\n"
    "a.**.s 60 IN A 192.0.2.4\na.*.u.s 60 IN A 192.0.2.5\n"
    "*.*.v.s 60 IN TXT \"two\"\n";

static void
setup(void)
{
	struct testcache_zone *z;

	if (t.ctx.arena != NULL)
		return;
	ask_init(&t);
	for (unsigned i = 0; i < 2; i++) {	/* one page, and many */
		z = testcache_add_text(&t.cache, "example.", zone);
		z->stripes = 1u << i;
		if (i == 1) {
			z->page_bytes = 250;
			z->fanout = 2;
		}
	}
	z = testcache_add_text(&t.cache, "odd.", odd);
	z->page_bytes = 150;
	z->fanout = 3;
	ask_publish(&t);
}

#define SAYS(question, want) \
	do { \
		setup(); \
		assert_string_equal(brief_ask(&t, question, 0), want); \
		assert_string_equal(brief_ask(&t, question, 1), want); \
	} while (0)

TEST(q046_names_of_any_octets_are_found)
{
	static const char *const names[][2] = {
		{ "\\000", "nul" }, { "!", "bang" }, { "*", "star" },
		{ "+", "plus" }, { "-", "hyphen" }, { "0", "zero" },
		{ "Z", "zed" }, { "{", "brace" }, { "\\127", "del" },
		{ "\\128", "high" }, { "\\255", "last" },
		{ "\\255\\255", "lastlast" },
	};

	setup();
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		char q[64], want[64];

		snprintf(q, sizeof(q), "%s.odd. TXT", names[i][0]);
		snprintf(want, sizeof(want), " 60 TXT \"%s\"\n", names[i][1]);
		assert_memory_equal(ask(&t, q), "NOERROR aa\n", 11);
		assert_int_equal(t.reply[7], 1);
		assert_non_null(strstr(t.text, want));
	}
	/* Next to each of them is the wildcard of all. */
	ask(&t, "\\001.odd. TXT");
	assert_non_null(strstr(t.text, "TXT \"star\""));
	ask(&t, "\\255\\254.odd. TXT");
	assert_non_null(strstr(t.text, "TXT \"star\""));
}

TEST(q056_an_escaped_asterisk_is_the_same_octet)
{
	setup();
	assert_non_null(strstr(ask(&t, "\\042.odd. TXT"), "TXT \"star\""));
	assert_int_equal(t.reply[7], 1);
	/* Neither "*a" nor "a*" nor "**" expands. */
	assert_memory_equal(ask(&t, "ba.odd. A"), "NOERROR aa\nAU ", 14);
	assert_memory_equal(ask(&t, "ab.odd. A"), "NOERROR aa\nAU ", 14);
	assert_memory_equal(ask(&t, "a.b.s.odd. A"), "NXDOMAIN aa\n", 12);
	assert_non_null(strstr(ask(&t, "**.odd. A"), "192.0.2.3"));
}

TEST(q054_below_an_asterisk_only_two_of_them_match)
{
	setup();
	/* The closest encloser of b.*.u.s is *.u.s, which has no "*" below. */
	assert_memory_equal(ask(&t, "b.*.u.s.odd. A"), "NXDOMAIN aa\n", 12);
	/* *.*.v.s does match x.*.v.s, but not x.y.v.s: *.v.s is a source of
	 * synthesis without data. */
	assert_non_null(strstr(ask(&t, "x.*.v.s.odd. TXT"), "TXT \"two\""));
	assert_memory_equal(ask(&t, "x.y.v.s.odd. TXT"), "NOERROR aa\nAU ",
	    14);
}

TEST(q053_the_asterisk_itself_needs_no_proof)
{
	SAYS("*.t.example. TXT", "NOERROR aa | AN *.t TXT+");
	SAYS("*.t.example. AAAA", "NOERROR aa | AU @ SOA+ | AU *.t NSEC+");
}

TEST(q052_q055_empty_non_terminals_and_asterisks)
{
	SAYS("ent.t.example. TXT", "NOERROR aa | AU @ SOA+ | AU dn.t NSEC+");
	SAYS("b.ent.t.example. TXT", "NXDOMAIN aa | AU @ SOA+ |"
	    " AU a.ent.t NSEC+ | AU dn.t NSEC+");
	SAYS("y.example. A", "NOERROR aa | AU @ SOA+ | AU a.ent.t NSEC+");
	SAYS("x.y.example. A", "NOERROR aa | AU @ SOA+ | AU a.ent.t NSEC+");
}

TEST(q057_the_type_is_missing_both_proofs)
{
	SAYS("a.b.t.example. AAAA", "NOERROR aa | AU @ SOA+ |"
	    " AU *.t NSEC+");		/* one record is both */
	SAYS("eee.t.example. AAAA", "NOERROR aa | AU @ SOA+ |"
	    " AU dn.t NSEC+ | AU *.t NSEC+");
}

TEST(q058_cname_of_a_wildcard_to_a_wildcard)
{
	SAYS("Q.c.example. TXT", "NOERROR aa | AN Q.c CNAME+ |"
	    " AN x.t TXT+ | AU *.c NSEC+ | AU a.ent.t NSEC+");
	SAYS("Q.c.example. AAAA", "NOERROR aa | AN Q.c CNAME+ | AU @ SOA+ |"
	    " AU *.c NSEC+ | AU a.ent.t NSEC+ | AU *.t NSEC+");
}

TEST(q059_q045_not_below_a_cut_or_a_dname)
{
	SAYS("x.cut.t.example. TXT", "NOERROR | AU cut.t NS |"
	    " AU cut.t NSEC+");
	SAYS("*.cut.t.example. TXT", "NOERROR | AU cut.t NS |"
	    " AU cut.t NSEC+");
	setup();
	assert_non_null(strstr(ask(&t, "x.dn.t.example. TXT"),
	    "NOERROR aa\nAN dn.t.example. 60 DNAME else.where.\n"
	    "AN x.dn.t.example. 60 CNAME x.else.where.\n"));
	assert_null(strstr(t.text, "TXT"));
}

TEST(q060_the_signature_keeps_its_labels)
{
	SAYS("a.b.t.example. TXT", "NOERROR aa | AN a.b.t TXT+ |"
	    " AU *.t NSEC+");
	setup();
	ask(&t, "A.b.t.example. TXT do");
	/* Q-050: the letters are the question's. */
	assert_non_null(strstr(t.text, "AN A.b.t.example. 3600 RRSIG TXT 2\n"));
	assert_non_null(strstr(t.text, "AN A.b.t.example. 60 TXT \"t\"\n"));
}

TEST(q061_mx_srv_and_ns)
{
	setup();
	ask(&t, "q.t.example. MX");
	assert_non_null(strstr(t.text, "AD mail.example. 60 A 192.0.2.1\n"));
	ask(&t, "q.t.example. SRV");
	assert_non_null(strstr(t.text, "AD mail.example. 60 A 192.0.2.1\n"));
	/* NS at a wildcard is data and cuts nothing off. */
	SAYS("a.b.n.example. NS", "NOERROR aa | AN a.b.n NS |"
	    " AU *.n NSEC+");
	SAYS("a.b.n.example. A", "NOERROR aa | AU @ SOA+ | AU *.n NSEC+");
}

TEST(q062_dname_is_data)
{
	SAYS("a.d.example. DNAME", "NOERROR aa | AN a.d DNAME+ |"
	    " AU *.d NSEC+");
	SAYS("a.d.example. A", "NOERROR aa | AU @ SOA+ | AU *.d NSEC+");
	SAYS("b.a.d.example. A", "NOERROR aa | AU @ SOA+ | AU *.d NSEC+");
}

TEST(q063_any_and_rrsig)
{
	SAYS("q.t.example. ANY", "NOERROR aa | AN q.t A+ |"
	    " AU a.ent.t NSEC+");
	SAYS("q.t.example. RRSIG", "NOERROR aa | AN q.t RRSIG |"
	    " AU a.ent.t NSEC | AU a.ent.t RRSIG");
}
