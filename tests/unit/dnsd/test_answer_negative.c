/*
 * Negative answers: signatures that are there and not, canonical order,
 * occluded names. Q-110 to Q-117, Q-128 to Q-132.
 */
#include "tests/unit/dnsd/brief.h"

static struct asker t;

enum { OCCLUDED = 20000 };

static const char nsec[] =
    "@ 3600 IN SOA " SOA_RDATA "\n" SIG("@", "SOA", "1")
    "@ 3600 IN NS ns1\n" SIG("@", "NS", "1")
    "@ 60 IN DNSKEY 257 3 13 AAAA\n@ 60 IN DNSKEY 256 3 8 AAAA\n"
    SIG("@", "DNSKEY", "1")
    "@ 60 IN RRSIG DNSKEY 8 1 60 20300101000000 20200101000000 2 example. "
    "BBBB\n"
    "@ 60 IN CDS 1 13 2 aa\n" SIG("@", "CDS", "1")
    "@ 60 IN CDNSKEY 257 3 13 AAAA\n" SIG("@", "CDNSKEY", "1")
    N("@", "1", "\\000", "NS SOA DNSKEY CDS CDNSKEY RRSIG NSEC")
    "\\000 60 IN TXT t\n" N("\\000", "2", "a", "TXT RRSIG NSEC")
    "a 60 IN TXT t\n" N("a", "2", "\\000.a", "TXT RRSIG NSEC")
    "\\000.a 60 IN TXT t\n" N("\\000.a", "3", "b.a", "TXT RRSIG NSEC")
    "b.a 60 IN TXT t\n" N("b.a", "3", "a\\000", "TXT RRSIG NSEC")
    "a\\000 60 IN TXT t\n" N("a\\000", "2", "B", "TXT RRSIG NSEC")
    "B 60 IN TXT t\n" N("B", "2", "cut", "TXT RRSIG NSEC")
    "cut 60 IN NS ns.cut\nns.cut 60 IN A 192.0.2.1\n"
    N("cut", "2", "nosig", "NS RRSIG NSEC")
    "nosig 60 IN A 192.0.2.2\n" N("nosig", "2", "z", "A RRSIG NSEC")
    "z 60 IN TXT t\n" SIG("z", "TXT", "2")
    N("z", "2", "\\200", "TXT RRSIG NSEC")
    "\\200 60 IN TXT t\n" N("\\200", "2", "@", "TXT RRSIG NSEC");

/* RFC 9824: the NSEC of a name that "is not there", made in advance. */
static const char compact[] =
    "@ 60 IN SOA ns1.example. admin.example. 1 2 3 4 60\n"
    "@ 60 IN NS ns1.example.\n"
    "@ 60 IN NSEC \\000 NS SOA RRSIG NSEC\n"
    "gone 60 IN NSEC \\000.gone RRSIG NSEC TYPE128\n"
    SIG("gone", "NSEC", "2");

static const char plain[] =
    "@ 3600 IN SOA ns admin 1 2 3 4 60\n@ 3600 IN NS ns\nns 60 IN A 192.0.2.1\n";

static void
setup(void)
{
	struct testcache_zone *z;
	uint8_t owner[64];

	if (t.ctx.arena != NULL)
		return;
	ask_init(&t);
	for (unsigned i = 0; i < 2; i++) {
		z = testcache_add_text(&t.cache, "example.", nsec);
		z->stripes = 1u << i;
		for (unsigned k = 0; i == 1 && k < OCCLUDED; k++) {
			size_t len;
			char text[64];

			z->page_bytes = 4000;
			z->fanout = 16;
			snprintf(text, sizeof(text), "h%06u.cut.example.", k);
			assert_ok(dname_parse(text, strlen(text), owner,
			    &len));
			testcache_add_record(z, owner, RRTYPE_A, 60,
			    (const uint8_t *)"\300\0\2\1", 4);
		}
	}
	testcache_add_text(&t.cache, "compact.example.", compact);
	testcache_add_text(&t.cache, "plain.", plain);
	ask_publish(&t);
}

#define SAYS(question, want) \
	do { \
		setup(); \
		assert_string_equal(brief_ask(&t, question, 0), want); \
		assert_string_equal(brief_ask(&t, question, 1), want); \
	} while (0)

TEST(q110_the_soas_ttl_is_capped_in_negative_answers_alone)
{
	setup();
	assert_string_equal(ask(&t, "nx.plain. A"), "NXDOMAIN aa\n"
	    "AU plain. 60 SOA ns.plain. admin.plain. 1 2 3 4 60\n");
	assert_string_equal(ask(&t, "plain. SOA"), "NOERROR aa\n"
	    "AN plain. 3600 SOA ns.plain. admin.plain. 1 2 3 4 60\n");
}

TEST(q111_no_do_no_dnssec_but_asked_for)
{
	setup();
	assert_string_equal(ask(&t, "z.example. TXT"), "NOERROR aa\n"
	    "AN z.example. 60 TXT \"t\"\n");
	ask(&t, "z.example. NSEC");
	assert_int_equal(t.reply[7], 1);
	assert_non_null(strstr(t.text, "AN z.example. 3600 NSEC"));
	ask(&t, "z.example. RRSIG");
	assert_non_null(strstr(t.text, "AN z.example. 3600 RRSIG TXT"));
	assert_null(strstr(ask(&t, "nx.example. A"), "NSEC"));
	assert_null(strstr(ask(&t, "x.cut.example. A"), "NSEC"));
}

TEST(q112_do_in_an_unsigned_zone)
{
	setup();
	assert_string_equal(ask(&t, "nx.plain. A do"), "NXDOMAIN aa\n"
	    "AU plain. 60 SOA ns.plain. admin.plain. 1 2 3 4 60\n");
	/* the OPT's flags */
	assert_int_equal(t.reply[t.reply_len - 4], 0x80);
	assert_string_equal(ask(&t, "ns.plain. A do"), "NOERROR aa\n"
	    "AN ns.plain. 60 A 192.0.2.1\n");
	assert_int_equal(t.reply[t.reply_len - 4], 0x80);
}

TEST(q113_one_record_that_proves_both_goes_out_once)
{
	/* The wildcard sorts between \000 and a. */
	SAYS("!.example. A", "NXDOMAIN aa | AU @ SOA+ | AU \\000 NSEC+");
	SAYS("q.example. A", "NXDOMAIN aa | AU @ SOA+ | AU nosig NSEC+ |"
	    " AU \\000 NSEC+");
}

/* 20,000 of them, over many pages; what it costs is a benchmark's to say. */
TEST(q115_occluded_names_are_stepped_over)
{
	SAYS("da.example. A", "NXDOMAIN aa | AU @ SOA+ | AU cut NSEC+ |"
	    " AU \\000 NSEC+");
	SAYS("h010000.cut.example. A", "NOERROR | AU cut NS | AU cut NSEC+");
	SAYS("\\000.cut.example. A", "NOERROR | AU cut NS | AU cut NSEC+");
}

TEST(q116_before_the_first_and_behind_the_last)
{
	SAYS("\\000\\000.example. A", "NXDOMAIN aa | AU @ SOA+ |"
	    " AU \\000 NSEC+");
	SAYS("\\201.example. A", "NXDOMAIN aa | AU @ SOA+ | AU \\200 NSEC+ |"
	    " AU \\000 NSEC+");
}

TEST(q117_canonical_order)
{
	/* \200 is behind z; \000.a belongs to a, a\000 comes behind it. */
	SAYS("zz.example. A", "NXDOMAIN aa | AU @ SOA+ | AU z NSEC+ |"
	    " AU \\000 NSEC+");
	SAYS("a.a.example. A", "NXDOMAIN aa | AU @ SOA+ | AU \\000.a NSEC+");
	SAYS("c.a.example. A", "NXDOMAIN aa | AU @ SOA+ | AU b.a NSEC+ |"
	    " AU \\000.a NSEC+");
	SAYS("a\\001.example. A", "NXDOMAIN aa | AU @ SOA+ |"
	    " AU a\\000 NSEC+ | AU \\000 NSEC+");
	/* Letters fold: AA is behind a's names, before b. */
	SAYS("AA.example. A", "NXDOMAIN aa | AU @ SOA+ | AU a\\000 NSEC+ |"
	    " AU \\000 NSEC+");
	SAYS("b.example. A", "NOERROR aa | AU @ SOA+ | AU b NSEC+");
}

TEST(q128_all_signatures_of_the_set_and_no_others)
{
	setup();
	ask(&t, "example. DNSKEY do");
	assert_int_equal(t.reply[7], 4);	/* two keys, two RRSIGs */
	assert_null(strstr(t.text, "RRSIG SOA"));
	assert_null(strstr(t.text, "RRSIG CDS"));
}

TEST(q129_a_set_without_signature_is_served)
{
	SAYS("nosig.example. A", "NOERROR aa | AN nosig A");
	SAYS("nosig.example. TXT", "NOERROR aa | AU @ SOA+ |"
	    " AU nosig NSEC+");
}

TEST(q130_rrsig_asked)
{
	setup();
	ask(&t, "example. RRSIG do");
	assert_true(t.reply[7] >= 1 && t.reply[7] <= 2);
	assert_string_equal(ask(&t, "ns.plain. RRSIG"), "NOERROR aa\n"
	    "AU plain. 60 SOA ns.plain. admin.plain. 1 2 3 4 60\n");
}

TEST(q131_keys_at_the_apex_are_ordinary_data)
{
	SAYS("example. DNSKEY", "NOERROR aa | AN @ DNSKEY | AN @ DNSKEY++");
	SAYS("example. CDS", "NOERROR aa | AN @ CDS+");
	SAYS("example. CDNSKEY", "NOERROR aa | AN @ CDNSKEY+");
	SAYS("a.example. DNSKEY", "NOERROR aa | AU @ SOA+ | AU a NSEC+");
}

TEST(q132_compact_denial_is_data_like_other)
{
	setup();
	ask(&t, "gone.compact.example. A do");
	assert_memory_equal(t.text, "NOERROR aa\nAU compact.example. 60 SOA",
	    37);
	assert_non_null(strstr(t.text, "AU gone.compact.example. 60 NSEC "
	    "\\000.gone.compact.example. RRSIG NSEC TYPE128\n"));
}
