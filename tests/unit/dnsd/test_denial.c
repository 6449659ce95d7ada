/*
 * Answers of signed zones, DO set: which proofs go out. Signatures are
 * stand-ins; the chains are real (RFC 5155 appendix A and B; RFC 4035
 * appendix A and B).
 */
#include "tests/unit/dnsd/brief.h"

static struct asker t;

/* RFC 5155 appendix A; c.example and its glue are covered by opt-out. */
#define H(hash, flags, next, types) \
	hash " 3600 IN NSEC3 1 " flags " 12 aabbccdd " next " " types "\n" \
	SIG(hash, "NSEC3", "2")

static const char nsec3_zone[] =
    "@ 3600 IN SOA " SOA_RDATA "\n" SIG("@", "SOA", "1")
    "@ 3600 IN NS ns1\n@ 3600 IN NS ns2\n" SIG("@", "NS", "1")
    "@ 3600 IN MX 1 xx\n" SIG("@", "MX", "1")
    "@ 3600 IN NSEC3PARAM 1 0 12 aabbccdd\n" SIG("@", "NSEC3PARAM", "1")
    H("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "1",
	"2t7b4g4vsa5smi47k61mv5bv1a22bojr",
	"MX DNSKEY NS SOA NSEC3PARAM RRSIG")
    H("2t7b4g4vsa5smi47k61mv5bv1a22bojr", "1",
	"2vptu5timamqttgl4luu9kg21e0aor3s", "A RRSIG")
    "2t7b4g4vsa5smi47k61mv5bv1a22bojr 3600 IN A 192.0.2.127\n"
    H("2vptu5timamqttgl4luu9kg21e0aor3s", "1",
	"35mthgpgcu1qg68fab165klnsnk3dpvl", "MX RRSIG")
    H("35mthgpgcu1qg68fab165klnsnk3dpvl", "1",
	"b4um86eghhds6nea196smvmlo4ors995", "NS DS RRSIG")
    H("b4um86eghhds6nea196smvmlo4ors995", "1",
	"gjeqe526plbf1g8mklp59enfd789njgi", "MX RRSIG")
    H("gjeqe526plbf1g8mklp59enfd789njgi", "1",
	"ji6neoaepv8b5o6k4ev33abha8ht9fgc", "HINFO A AAAA RRSIG")
    H("ji6neoaepv8b5o6k4ev33abha8ht9fgc", "1",
	"k8udemvp1j2f7eg6jebps17vp3n8i58h", "")
    H("k8udemvp1j2f7eg6jebps17vp3n8i58h", "1",
	"kohar7mbb8dc2ce8a9qvl8hon4k53uhi", "")
    H("kohar7mbb8dc2ce8a9qvl8hon4k53uhi", "1",
	"q04jkcevqvmu85r014c7dkba38o0ji5r", "A RRSIG")
    H("q04jkcevqvmu85r014c7dkba38o0ji5r", "1",
	"r53bq7cc2uvmubfu5ocmm6pers9tk9en", "A RRSIG")
    H("r53bq7cc2uvmubfu5ocmm6pers9tk9en", "1",
	"t644ebqk9bibcna874givr6joj62mlhv", "MX RRSIG")
    H("t644ebqk9bibcna874givr6joj62mlhv", "1",
	"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "HINFO A AAAA RRSIG")
    "a 3600 IN NS ns1.a\na 3600 IN NS ns2.a\n"
    "a 3600 IN DS 58470 5 1 3079F1593EBAD6DC121E202A8B766A6A4837206C\n"
    SIG("a", "DS", "2")
    "ns1.a 3600 IN A 192.0.2.5\nns2.a 3600 IN A 192.0.2.6\n"
    "ai 3600 IN A 192.0.2.9\n" SIG("ai", "A", "2")
    "ai 3600 IN AAAA 2001:db8::f00:baa9\n" SIG("ai", "AAAA", "2")
    "c 3600 IN NS ns1.c\nc 3600 IN NS ns2.c\n"
    "ns1.c 3600 IN A 192.0.2.7\nns2.c 3600 IN A 192.0.2.8\n"
    "ns1 3600 IN A 192.0.2.1\n" SIG("ns1", "A", "2")
    "ns2 3600 IN A 192.0.2.2\n" SIG("ns2", "A", "2")
    "*.w 3600 IN MX 1 ai\n" SIG("*.w", "MX", "2")
    "x.w 3600 IN MX 1 xx\n" SIG("x.w", "MX", "3")
    "x.y.w 3600 IN MX 1 xx\n" SIG("x.y.w", "MX", "4")
    "xx 3600 IN A 192.0.2.10\n" SIG("xx", "A", "2")
    "xx 3600 IN AAAA 2001:db8::f00:baaa\n" SIG("xx", "AAAA", "2");

/* RFC 4035 appendix A, shortened where types repeat, and some more. */
static const char nsec_zone[] =
    "@ 3600 IN SOA " SOA_RDATA "\n" SIG("@", "SOA", "1")
    "@ 3600 IN NS ns1\n@ 3600 IN NS ns2\n" SIG("@", "NS", "1")
    N("@", "1", "a", "NS SOA MX RRSIG NSEC DNSKEY")
    "a 3600 IN NS ns1.a\n"
    "a 3600 IN DS 57855 5 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B\n"
    SIG("a", "DS", "2") N("a", "2", "ai", "NS DS RRSIG NSEC")
    "ns1.a 3600 IN A 192.0.2.5\nns1.a 3600 IN AAAA 2001:db8::5\n"
    SIG("ns1.a", "A", "3")
    "ai 3600 IN A 192.0.2.9\n" SIG("ai", "A", "2")
    N("ai", "2", "b", "A RRSIG NSEC")
    "b 3600 IN NS ns1.b\nns1.b 3600 IN A 192.0.2.7\n"
    N("b", "2", "cn", "NS RRSIG NSEC")
    "zzz.b 3600 IN A 192.0.2.200\n"
    "cn 60 IN CNAME nx.w.ns1\n" SIG("cn", "CNAME", "2")
    N("cn", "2", "cw", "CNAME RRSIG NSEC")
    "cw 60 IN CNAME a.z.w\n" SIG("cw", "CNAME", "2")
    N("cw", "2", "dn", "CNAME RRSIG NSEC")
    "dn 60 IN DNAME w\n" SIG("dn", "DNAME", "2")
    N("dn", "2", "ns1", "DNAME RRSIG NSEC")
    "occ.dn 60 IN A 192.0.2.201\n"
    "ns1 3600 IN A 192.0.2.1\n" SIG("ns1", "A", "2")
    N("ns1", "2", "ns2", "A RRSIG NSEC")
    "ns2 3600 IN A 192.0.2.2\n" SIG("ns2", "A", "2")
    N("ns2", "2", "*.w", "A RRSIG NSEC")
    "*.w 3600 IN MX 1 ai\n" SIG("*.w", "MX", "2")
    N("*.w", "2", "x.w", "MX RRSIG NSEC")
    "x.w 3600 IN MX 1 xx\n" SIG("x.w", "MX", "3")
    N("x.w", "3", "x.y.w", "MX RRSIG NSEC")
    "x.y.w 3600 IN MX 1 xx\n" SIG("x.y.w", "MX", "4")
    N("x.y.w", "4", "xx", "MX RRSIG NSEC")
    "xx 3600 IN A 192.0.2.10\n" SIG("xx", "A", "2")
    "xx 3600 IN AAAA 2001:db8::f00:baaa\n" SIG("xx", "AAAA", "2")
    N("xx", "2", "@", "A AAAA RRSIG NSEC");

/* Two chains, and one that lacks links; no hash of a name is in either. */
#define H2(hash, salt, next) \
	hash " 60 IN NSEC3 1 0 1 " salt " " next " A\n"

static const char two_chains[] =
    "@ 60 IN SOA " SOA_RDATA "\n@ 60 IN NS ns1\n"
    "@ 60 IN NSEC3PARAM 1 1 1 aa\n@ 60 IN NSEC3PARAM 1 0 1 bb\n"
    "@ 60 IN NSEC3PARAM 7 0 1 cc\n"
    H2("00000000000000000000000000000000", "bb",
	"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv")
    H2("00000000000000000000000000000001", "aa",
	"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv0")
    H2("00000000000000000000000000000002", "aa",
	"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv0");

static const char no_chain[] =
    "@ 60 IN SOA " SOA_RDATA "\n@ 60 IN NS ns1\n"
    "@ 60 IN NSEC3PARAM 1 0 1 bb\n*.w 60 IN TXT t\nc 60 IN NS ns1\n";

static void
setup(void)
{
	struct testcache_zone *z;

	if (t.ctx.arena != NULL)
		return;
	ask_init(&t);
	for (unsigned i = 0; i < 2; i++) {	/* one page, and many */
		z = testcache_add_text(&t.cache, "example.", nsec3_zone);
		z->stripes = 1u << (2 * i);
		if (i > 0) {
			z->page_bytes = 300;
			z->fanout = 2;
		}
		z = testcache_add_text(&t.cache, "example.", nsec_zone);
		z->stripes = 1u << (2 * i + 1);
		if (i > 0) {
			z->page_bytes = 300;
			z->fanout = 2;
		}
	}
	z = testcache_add_text(&t.cache, "example.", two_chains);
	z->stripes = 1u << 10;
	z = testcache_add_text(&t.cache, "example.", no_chain);
	z->stripes = 1u << 11;
	ask_publish(&t);
}

static const char *
brief(const char *question, unsigned stripe)
{
	setup();
	return brief_ask(&t, question, stripe);
}

#define NSEC3(question, want) \
	do { \
		assert_string_equal(brief(question, 0), want); \
		assert_string_equal(brief(question, 2), want); \
	} while (0)
#define NSEC(question, want) \
	do { \
		assert_string_equal(brief(question, 1), want); \
		assert_string_equal(brief(question, 3), want); \
	} while (0)

/* RFC 5155 appendix B, in its order. */

TEST(nsec3_b1_name_error)
{
	NSEC3("a.c.x.w.example. A", "NXDOMAIN aa | AU @ SOA+ | AU b4um NSEC3+"
	    " | AU 0p9m NSEC3+ | AU 35mt NSEC3+");
}

TEST(nsec3_b2_no_data)
{
	NSEC3("ns1.example. MX", "NOERROR aa | AU @ SOA+ | AU 2t7b NSEC3+");
}

TEST(nsec3_b2_1_empty_non_terminal)
{
	NSEC3("y.w.example. A", "NOERROR aa | AU @ SOA+ | AU ji6n NSEC3+");
}

TEST(nsec3_b3_referral_to_an_opt_out_zone)
{
	NSEC3("mc.c.example. MX", "NOERROR | AU c NS | AU c NS |"
	    " AU 0p9m NSEC3+ | AU 35mt NSEC3+");
	NSEC3("c.example. NS", "NOERROR | AU c NS | AU c NS |"
	    " AU 0p9m NSEC3+ | AU 35mt NSEC3+");
}

TEST(nsec3_b4_wildcard_expansion)
{
	NSEC3("a.z.w.example. MX", "NOERROR aa | AN a.z.w MX+ |"
	    " AU q04j NSEC3+");
}

TEST(nsec3_b5_wildcard_no_data)
{
	NSEC3("a.z.w.example. AAAA", "NOERROR aa | AU @ SOA+ |"
	    " AU k8ud NSEC3+ | AU q04j NSEC3+ | AU r53b NSEC3+");
}

TEST(nsec3_b6_ds_no_data_at_the_child)
{
	NSEC3("example. DS", "NOERROR aa | AU @ SOA+ | AU 0p9m NSEC3+");
}

TEST(nsec3_secure_referral)
{
	NSEC3("mc.a.example. MX", "NOERROR | AU a NS | AU a NS | AU a DS+");
	NSEC3("a.example. DS", "NOERROR aa | AN a DS+");
}

TEST(nsec3_ds_no_data_at_an_opt_out_cut)
{
	NSEC3("c.example. DS", "NOERROR aa | AU @ SOA+ | AU 0p9m NSEC3+ |"
	    " AU 35mt NSEC3+");
}

TEST(q121_hashed_owners_do_not_exist)
{
	/* ... but for what else is there */
	NSEC3("2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. A", "NOERROR aa |"
	    " AN 2t7b A");
	setup();
	assert_non_null(strstr(brief("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"
	    ".example. NSEC3", 0), "NXDOMAIN aa | AU @ SOA+"));
	assert_non_null(strstr(brief("example. NSEC3", 0),
	    "NOERROR aa | AU @ SOA+ | AU 0p9m NSEC3+"));
}

TEST(q111_without_do_no_proofs)
{
	setup();
	for (unsigned stripe = 0; stripe < 4; stripe++) {
		char q[64];

		snprintf(q, sizeof(q), "nx.example. A stripe=%u", stripe);
		assert_null(strstr(ask(&t, q), "NSEC"));
		assert_null(strstr(t.text, "RRSIG"));
		snprintf(q, sizeof(q), "x.c.b.example. A stripe=%u", stripe);
		assert_null(strstr(ask(&t, q), "NSEC"));
	}
}

/* RFC 4035 appendix B, in its order. */

TEST(nsec_b1_answer)
{
	NSEC("x.w.example. MX", "NOERROR aa | AN x.w MX+");
}

TEST(nsec_b2_name_error)
{
	NSEC("ml.example. A", "NXDOMAIN aa | AU @ SOA+ | AU dn NSEC+ |"
	    " AU @ NSEC+");
}

TEST(nsec_b3_no_data)
{
	NSEC("ns1.example. MX", "NOERROR aa | AU @ SOA+ | AU ns1 NSEC+");
}

TEST(nsec_b4_b5_referrals)
{
	NSEC("mc.a.example. MX", "NOERROR | AU a NS | AU a DS+");
	NSEC("mc.b.example. MX", "NOERROR | AU b NS | AU b NSEC+");
}

TEST(nsec_b6_b7_wildcards)
{
	NSEC("a.z.w.example. MX", "NOERROR aa | AN a.z.w MX+ |"
	    " AU x.y.w NSEC+");
	NSEC("a.z.w.example. AAAA", "NOERROR aa | AU @ SOA+ |"
	    " AU x.y.w NSEC+ | AU *.w NSEC+");
}

TEST(nsec_b8_ds_no_data)
{
	NSEC("example. DS", "NOERROR aa | AU @ SOA+ | AU @ NSEC+");
	NSEC("b.example. DS", "NOERROR aa | AU @ SOA+ | AU b NSEC+");
}

TEST(q082_nsec_at_the_cut_is_the_parents)
{
	NSEC("b.example. NSEC", "NOERROR aa | AN b NSEC+");
	NSEC("b.example. RRSIG", "NOERROR | AU b NS | AU b NSEC"
	    " | AU b RRSIG");
}

TEST(q085_glue_is_not_signed)
{
	setup();
	ask(&t, "mc.a.example. A do stripe=1");
	assert_non_null(strstr(t.text, "AD ns1.a.example. 3600 A 192.0.2.5"));
	assert_null(strstr(t.text, "AD ns1.a.example. 3600 RRSIG"));
}

TEST(q090_q096_cname_and_the_proof_of_the_last_name)
{
	NSEC("cn.example. A", "NXDOMAIN aa | AN cn CNAME+ | AU @ SOA+ |"
	    " AU ns1 NSEC+");
	NSEC("cw.example. MX", "NOERROR aa | AN cw CNAME+ | AN a.z.w MX+ |"
	    " AU x.y.w NSEC+");
	NSEC("cw.example. A", "NOERROR aa | AN cw CNAME+ | AU @ SOA+ |"
	    " AU x.y.w NSEC+ | AU *.w NSEC+");
}

TEST(q098_dname_is_signed_its_cname_is_not)
{
	NSEC("a.dn.example. MX", "NOERROR aa | AN dn DNAME+ | AN a.dn CNAME |"
	    " AN a.w MX+ | AU *.w NSEC+");
}

TEST(q114_empty_non_terminal)
{
	NSEC("y.w.example. A", "NOERROR aa | AU @ SOA+ | AU x.w NSEC+");
	NSEC("w.example. A", "NOERROR aa | AU @ SOA+ | AU ns2 NSEC+");
}

TEST(q115_occluded_predecessors_are_covered_by_the_cut)
{
	/* zzz.b and ns1.b lie between b and ba */
	NSEC("ba.example. A", "NXDOMAIN aa | AU @ SOA+ | AU b NSEC+ |"
	    " AU @ NSEC+");
	/* occ.dn lies between dn and dna */
	NSEC("dna.example. A", "NXDOMAIN aa | AU @ SOA+ | AU dn NSEC+ |"
	    " AU @ NSEC+");
}

TEST(q116_before_the_first_and_after_the_last)
{
	NSEC("0.example. A", "NXDOMAIN aa | AU @ SOA+ | AU @ NSEC+");
	NSEC("zz.example. A", "NXDOMAIN aa | AU @ SOA+ | AU xx NSEC+ |"
	    " AU @ NSEC+");
}

TEST(q128_q130_signatures)
{
	NSEC("xx.example. RRSIG", "NOERROR aa | AN xx RRSIG");
	NSEC("xx.example. ANY", "NOERROR aa | AN xx A+");
	NSEC("ns1.b.example. RRSIG", "NOERROR | AU b NS | AU b NSEC"
	    " | AU b RRSIG");
}

TEST(q110_signature_of_the_soa_has_the_lower_ttl_too)
{
	setup();
	ask(&t, "nx.example. A do stripe=1 size=4096");
	assert_non_null(strstr(t.text, "AU example. 3600 SOA"));
	assert_non_null(strstr(t.text, "AU example. 3600 RRSIG SOA"));
}

TEST(proofs_that_do_not_fit_set_tc)
{
	setup();
	t.ctx.udp_max = 1232;
	for (unsigned size = 512; size < 1232; size += 7) {
		char q[64];

		snprintf(q, sizeof(q), "a.c.x.w.example. A do size=%u", size);
		ask(&t, q);
		assert_true(t.reply_len <= size);
		if (strstr(t.text, " tc") != NULL)
			assert_null(strstr(t.text, "AU "));
		else
			assert_int_equal(t.reply[9], 8);
	}
}

TEST(q123_of_two_chains_the_published_one_is_used)
{
	setup();
	/* "0000" is all that is left of any of the three owners. */
	assert_string_equal(brief("x.y.example. A", 10), "NXDOMAIN aa |"
	    " AU @ SOA | AU 0000 NSEC3");
	ask(&t, "x.y.example. A do stripe=10");
	assert_non_null(strstr(t.text,
	    "AU 00000000000000000000000000000000.example. 60 NSEC3 1 0 1"));
}

TEST(q126_missing_links_are_left_out)
{
	setup();
	assert_string_equal(brief("x.y.example. A", 11),
	    "NXDOMAIN aa | AU @ SOA");
	assert_string_equal(brief("x.w.example. TXT", 11),
	    "NOERROR aa | AN x.w TXT");
	assert_string_equal(brief("x.w.example. A", 11),
	    "NOERROR aa | AU @ SOA");
	assert_string_equal(brief("x.c.example. A", 11),
	    "NOERROR | AU c NS");
	assert_string_equal(brief("example. A", 11), "NOERROR aa | AU @ SOA");
}
