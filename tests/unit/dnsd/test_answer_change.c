/*
 * What the next query sees when zones come, change and go,
 * How readers and the writer meet at any moment
 * is tested in test_cache_write.c.
 */
#include "tests/unit/dnsd/changing.h"

static struct changing c;

static int
setup(void **state __attribute__((unused)))
{
	changing_open(&c);
	return 0;
}

static int
teardown(void **state __attribute__((unused)))
{
	changing_close(&c);
	return 0;
}

#define HEAD(serial) \
	"@ 60 IN SOA ns admin " serial " 2 3 4 60\n@ 60 IN NS ns\n" \
	"ns 60 IN A 192.0.2.1\n"
#define SOA(apex, serial) \
	"AU " apex " 60 SOA ns." apex " admin." apex " " serial " 2 3 4 60\n"
#define ASK(question, want)	assert_string_equal(ask(&c.t, question), want)

TEST_WITH(q031_zones_come_and_go_whole, setup, teardown)
{
	ASK("www.example. A", "REFUSED ede=20\n");
	changing_set(&c, "example.", CACHE_FACTS_EMPTY);
	ASK("www.example. A", "SERVFAIL ede=14\n");
	changing_put(&c, "example.", HEAD("1") "www 60 IN A 192.0.2.2\n");
	ASK("www.example. A", "NOERROR aa\nAN www.example. 60 A 192.0.2.2\n");
	changing_set(&c, "example.", CACHE_FACTS_SUSPENDED);
	ASK("www.example. A", "REFUSED ede=18\n");
	changing_put(&c, "example.", HEAD("2") "www 60 IN A 192.0.2.3\n");
	ASK("www.example. A", "NOERROR aa\nAN www.example. 60 A 192.0.2.3\n");
	changing_drop(&c, "example.");
	ASK("www.example. A", "REFUSED ede=20\n");
	changing_put(&c, "example.", HEAD("3"));
	ASK("www.example. A", "NXDOMAIN aa\n" SOA("example.", "3"));
}

TEST_WITH(q031_no_version_is_seen_before_it_is_whole, setup, teardown)
{
	struct cache_facts facts = { .apex = "\7example", .apex_len = 9,
	    .state = CACHE_FACTS_LOADED, .stripes = 1,
	    .expire_boot_ms = INT64_MAX, .generation = 1 << 20,
	    .id = "\7example" };
	struct cache_load *load;

	changing_put(&c, "example.", HEAD("1") "www 60 IN A 192.0.2.2\n");
	assert_ok(cache_write_begin(c.w, &facts, &load));
	ASK("www.example. A", "NOERROR aa\nAN www.example. 60 A 192.0.2.2\n");
	assert_true(cache_load_commit(load) != OK);	/* nothing in it */
	ASK("www.example. A", "NOERROR aa\nAN www.example. 60 A 192.0.2.2\n");
	ASK("example. SOA", "NOERROR aa\n"
	    "AN example. 60 SOA ns.example. admin.example. 1 2 3 4 60\n");
}

TEST_WITH(q032_a_child_covers_and_uncovers, setup, teardown)
{
	static const char *const referral = "NOERROR\n"
	    "AU a.example. 60 NS ns.a.example.\n"
	    "AD ns.a.example. 60 A 192.0.2.9\n";

	changing_put(&c, "example.", HEAD("1") "a 60 IN NS ns.a\n"
	    "ns.a 60 IN A 192.0.2.9\nwww.a 60 IN A 192.0.2.8\n");
	ASK("www.a.example. A", referral);
	changing_put(&c, "a.example.", HEAD("1") "www 60 IN A 192.0.2.7\n");
	ASK("www.a.example. A", "NOERROR aa\n"
	    "AN www.a.example. 60 A 192.0.2.7\n");
	ASK("a.example. DS", "NOERROR aa\n" SOA("example.", "1"));
	changing_drop(&c, "a.example.");
	ASK("www.a.example. A", referral);
	changing_put(&c, "a.example.", HEAD("2"));
	changing_drop(&c, "example.");
	ASK("a.example. DS", "NOERROR aa\n" SOA("a.example.", "2"));
	ASK("www.example. A", "REFUSED ede=20\n");
}

TEST_WITH(q044_empty_non_terminals_come_and_go, setup, teardown)
{
	changing_put(&c, "example.", HEAD("1") "a.b.ent 60 IN A 192.0.2.2\n"
	    "*.w.v 60 IN A 192.0.2.3\n");
	ASK("b.ent.example. A", "NOERROR aa\n" SOA("example.", "1"));
	ASK("ent.example. TXT", "NOERROR aa\n" SOA("example.", "1"));
	ASK("w.v.example. TXT", "NOERROR aa\n" SOA("example.", "1"));
	changing_put(&c, "example.", HEAD("2"));
	ASK("b.ent.example. A", "NXDOMAIN aa\n" SOA("example.", "2"));
	ASK("ent.example. TXT", "NXDOMAIN aa\n" SOA("example.", "2"));
	ASK("w.v.example. TXT", "NXDOMAIN aa\n" SOA("example.", "2"));
	changing_put(&c, "example.", HEAD("3") "z.ent 60 IN A 192.0.2.2\n");
	ASK("ent.example. TXT", "NOERROR aa\n" SOA("example.", "3"));
	ASK("b.ent.example. A", "NXDOMAIN aa\n" SOA("example.", "3"));
}

TEST_WITH(q074_a_cut_hides_and_shows, setup, teardown)
{
	static const char *const data = "x 60 IN TXT \"x\"\n"
	    "www.x 60 IN A 192.0.2.2\nns.x 60 IN A 192.0.2.3\n";
	char text[512];

	snprintf(text, sizeof(text), HEAD("1") "%s", data);
	changing_put(&c, "example.", text);
	ASK("www.x.example. A", "NOERROR aa\n"
	    "AN www.x.example. 60 A 192.0.2.2\n");
	snprintf(text, sizeof(text), HEAD("2") "%sx 60 IN NS ns.x\n", data);
	changing_put(&c, "example.", text);
	for (const char *const *q = (const char *const[]){
	    "www.x.example. A", "x.example. TXT", "x.example. NS",
	    "ns.x.example. A", "nx.x.example. A", NULL }; *q != NULL; q++)
		ASK(*q, "NOERROR\nAU x.example. 60 NS ns.x.example.\n"
		    "AD ns.x.example. 60 A 192.0.2.3\n");
	snprintf(text, sizeof(text), HEAD("3") "%s", data);
	changing_put(&c, "example.", text);
	ASK("www.x.example. A", "NOERROR aa\n"
	    "AN www.x.example. 60 A 192.0.2.2\n");
	ASK("x.example. TXT", "NOERROR aa\nAN x.example. 60 TXT \"x\"\n");
}

/*
 * Every version proves by what it has. The hash of "example." with salt
 * aabbccdd and 12 iterations is that of RFC 5155 appendix A.
 */
#define NSEC_CHAIN \
	"@ 60 IN NSEC ns NS SOA NSEC\nns 60 IN NSEC @ A NSEC\n"
#define NSEC3_CHAIN \
	"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN NSEC3 1 0 12 aabbccdd " \
	"2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA NSEC3PARAM\n" \
	"2t7b4g4vsa5smi47k61mv5bv1a22bojr 60 IN NSEC3 1 0 12 aabbccdd " \
	"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n"
#define NSEC3_PARAM	"@ 60 IN NSEC3PARAM 1 0 12 aabbccdd\n"

static void
expect_proof(const char *type, const char *other)
{
	ask(&c.t, "nx.example. A do");
	assert_memory_equal(c.t.text, "NXDOMAIN aa\n", 12);
	assert_non_null(strstr(c.t.text, type));
	assert_null(strstr(c.t.text, other));
	ask(&c.t, "example. TXT do");
	assert_memory_equal(c.t.text, "NOERROR aa\n", 11);
	assert_non_null(strstr(c.t.text, type));
	assert_null(strstr(c.t.text, other));
}

TEST_WITH(q124_from_nsec_to_nsec3_and_back, setup, teardown)
{
	changing_put(&c, "example.", HEAD("1") NSEC_CHAIN);
	expect_proof(" NSEC ", " NSEC3 ");
	/* The new chain grows; only its NSEC3PARAM makes it the one. */
	changing_put(&c, "example.", HEAD("2") NSEC_CHAIN NSEC3_CHAIN);
	expect_proof(" NSEC ", " NSEC3 ");
	changing_put(&c, "example.", HEAD("3") NSEC_CHAIN NSEC3_CHAIN
	    NSEC3_PARAM);
	expect_proof(" NSEC3 ", " NSEC ");
	changing_put(&c, "example.", HEAD("4") NSEC3_CHAIN NSEC3_PARAM);
	expect_proof(" NSEC3 ", " NSEC ");
	changing_put(&c, "example.", HEAD("5") NSEC3_CHAIN NSEC_CHAIN);
	expect_proof(" NSEC ", " NSEC3 ");
	changing_put(&c, "example.", HEAD("6") NSEC_CHAIN);
	expect_proof(" NSEC ", " NSEC3 ");
	changing_put(&c, "example.", HEAD("7"));
	ASK("nx.example. A do", "NXDOMAIN aa\n" SOA("example.", "7"));
}
