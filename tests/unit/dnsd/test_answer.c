/*
 * Answers of plain (unsigned) zones. Q-nnn: the checklist of answering.
 */
#include "tests/unit/dnsd/ask.h"

static struct asker t;

#define SOA(apex) \
	"AU " apex " 300 SOA ns1." apex " admin." apex " 7 2 3 4 300\n"

static const char example[] =
    "@ 3600 IN SOA ns1 admin 7 2 3 4 300\n"
    "@ 3600 IN NS ns1\n"
    "@ 3600 IN NS ns.elsewhere.test.\n"
    "@ 3600 IN MX 10 mail\n"
    "ns1 3600 IN A 192.0.2.1\n"
    "ns1 3600 IN AAAA 2001:db8::1\n"
    "mail 60 IN A 192.0.2.2\n"
    "www 300 IN CNAME web\n"
    "web 300 IN A 192.0.2.3\n"
    "web 300 IN A 192.0.2.4\n"
    "c1 1 IN CNAME c2\nc2 2 IN CNAME c3\nc3 3 IN CNAME web\n"
    "tonx 1 IN CNAME nx.web\n"
    "tonodata 1 IN CNAME mail\n"
    "toent 1 IN CNAME b.ent\n"
    "toout 1 IN CNAME host.other.\n"
    "todel 1 IN CNAME www.del\n"
    "tostar 1 IN CNAME *.wild\n"
    "self 1 IN CNAME self\n"
    "loop1 1 IN CNAME loop2\nloop2 1 IN CNAME loop1\n"
    "a.b.ent 60 IN A 192.0.2.9\n"
    "*.wild 60 IN TXT \"w\"\n"
    "*.wild 60 IN MX 5 mail\n"
    "closer.wild 60 IN A 192.0.2.10\n"
    "x.entw.wild 60 IN A 192.0.2.11\n"
    "*.cw 60 IN CNAME web\n"
    "sub.*.sw 60 IN A 192.0.2.12\n"
    "del 60 IN NS ns.del\n"
    "del 60 IN NS ns.sib\n"
    "del 60 IN NS ns1\n"
    "ns.del 60 IN A 192.0.2.20\n"
    "www.del 60 IN TXT \"occluded\"\n"
    "deep.del 60 IN NS ns.deep.del\n"
    "ns.deep.del 60 IN A 192.0.2.21\n"
    "sib 60 IN NS ns.sib\n"
    "ns.sib 60 IN A 192.0.2.22\n"
    "nsalias 60 IN NS www\n"
    "ds 60 IN NS ns1\n"
    "dn 60 IN DNAME web\n"
    "dn 60 IN TXT \"here\"\n"
    "under.dn 60 IN A 192.0.2.30\n"
    "x.web 60 IN A 192.0.2.31\n"
    "dnself 60 IN DNAME a.dnself\n"
    "dnroot 60 IN DNAME .\n"
    "long 60 IN DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
    "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\n"
    "_sip._tcp 60 IN SRV 1 2 5060 web\n"
    "mxdel 60 IN MX 1 www.del\n"
    "mxglue 60 IN MX 1 ns.del\n"
    "svc 60 IN HTTPS 1 . alpn=h2\n"
    "svc 60 IN A 192.0.2.40\n"
    "odd 60 IN TYPE65400 \\# 3 010203\n"
    "empty 60 IN TYPE65401 \\# 0\n"
    "nul\\000x 60 IN A 192.0.2.50\n"
    "do\\.t 60 IN A 192.0.2.51\n"
    "\\193\\161 60 IN A 192.0.2.52\n"
    "*a 60 IN A 192.0.2.53\n"
    "both 60 IN CNAME web\n"
    "both 60 IN A 192.0.2.54\n";

static const char child[] =
    "@ 3600 IN SOA ns1 admin 7 2 3 4 300\n"
    "@ 3600 IN NS ns1\n"
    "ns1 3600 IN A 198.51.100.1\n"
    "www 60 IN A 198.51.100.2\n";

static const char parent[] =
    "@ 3600 IN SOA ns1 admin 7 2 3 4 300\n"
    "@ 3600 IN NS ns1\n"
    "ns1 3600 IN A 192.0.2.1\n"
    "kid 60 IN NS ns1.kid\n"
    "kid 60 IN DS 1 13 2 aa\n"
    "ns1.kid 60 IN A 198.51.100.1\n"
    "nods 60 IN NS ns1.nods\n"
    "dead 60 IN NS ns1.dead\n"
    "new 60 IN NS ns1.new\n";

/* Longer than pointers reach, longer than a message. */
static void
add_huge(struct testcache_zone *z)
{
	uint8_t rdata[256], txt[201] = { 200 };

	for (unsigned i = 0; i < 700; i++) {
		size_t n = (size_t)snprintf((char *)rdata, sizeof(rdata),
		    "%cns-%06u-aaaaaaaaaaaaaaaa%csub%chuge", 26, i, 3, 4) + 1;
		uint8_t a[4] = { 10, 0, (uint8_t)(i >> 8), (uint8_t)i };

		testcache_add_record(z, (const uint8_t *)"\3sub\4huge",
		    RRTYPE_NS, 60, rdata, n);
		testcache_add_record(z, rdata, RRTYPE_A, 60, a, 4);
	}
	for (unsigned i = 0; i < 250; i++) {
		txt[1] = (uint8_t)i;
		testcache_add_record(z, (const uint8_t *)"\3txt\4huge",
		    RRTYPE_TXT, 60, txt, sizeof(txt));
	}
}

/* Root, and a name with a "long" set for truncation. */
static const char root[] =
    "@ 86400 IN SOA a.rs. nstld.rs. 7 2 3 4 86400\n"
    "@ 518400 IN NS a.rs.\n"
    "a.rs. 60 IN A 192.0.2.1\n"
    "tld. 60 IN NS ns.tld.\n"
    "ns.tld. 60 IN A 192.0.2.2\n"
    "r\\001x. 60 IN A 192.0.2.3\n";

static void
add_big(struct testcache_zone *z)
{
	uint8_t owner[] = "\4many\3big", mx[] = "\2mx\3big", wide[] =
	    "\4wide\3big";
	uint8_t txt[64] = { 30 }, rdata[64];

	for (unsigned i = 0; i < 200; i++) {
		memset(txt + 1, 'a' + (int)(i % 26), 30);
		txt[1] = (uint8_t)i;
		testcache_add_record(z, owner, RRTYPE_TXT, 60, txt, 31);
	}
	for (unsigned i = 0; i < 20; i++) {
		size_t n = (size_t)snprintf((char *)rdata, sizeof(rdata),
		    "%c%c\6mail%02u\2mx\3big", 0, (int)i, i) + 1;

		testcache_add_record(z, mx, RRTYPE_MX, 60, rdata, n);
	}
	for (unsigned i = 0; i < 12; i++) {
		size_t n = (size_t)snprintf((char *)rdata, sizeof(rdata),
		    "\4ns%02u\4wide\3big", i) + 1;
		uint8_t a[4] = { 192, 0, 2, (uint8_t)i };
		uint8_t aaaa[16] = { 0x20, 1, 0xd, 0xb8 };

		testcache_add_record(z, wide, RRTYPE_NS, 60, rdata, n);
		testcache_add_record(z, rdata, RRTYPE_A, 60, a, 4);
		aaaa[15] = (uint8_t)i;
		testcache_add_record(z, rdata, RRTYPE_AAAA, 60, aaaa, 16);
	}
}

static void
setup(void)
{
	struct testcache_zone *z;

	if (t.ctx.arena != NULL)
		return;
	ask_init(&t);
	z = testcache_add_text(&t.cache, "example.", example);
	z->page_bytes = 400;		/* many pages, three levels */
	z->fanout = 3;
	testcache_add_text(&t.cache, "parent.", parent);
	testcache_add_text(&t.cache, "kid.parent.", child);
	z = testcache_add_text(&t.cache, "dead.parent.", child);
	z->expire_at_ms = t.now;
	z = testcache_add_text(&t.cache, "gone.", child);
	z->expire_at_ms = t.now - 1;
	testcache_add_text(&t.cache, "live.gone.", child);
	z = testcache_add(&t.cache, "new.parent.");
	z->state = CACHE_ZONE_EMPTY;
	z = testcache_add_text(&t.cache, "paused.", child);
	z->state = CACHE_ZONE_SUSPENDED;
	z = testcache_add_text(&t.cache, "twice.", child);
	z->stripes = 1u << 2;
	z = testcache_add_text(&t.cache, "twice.",
	    "@ 3600 IN SOA ns1 admin 7 2 3 4 300\n@ 60 IN NS ns1\n"
	    "www 60 IN A 203.0.113.9\n");
	z->stripes = 1u << 3;
	testcache_add_text(&t.cache, "alone.deep.grand.", child);
	testcache_add_text(&t.cache, "grand.", parent);
	z = testcache_add_text(&t.cache, "big.",
	    "@ 3600 IN SOA ns1 admin 7 2 3 4 300\n@ 60 IN NS ns1\n");
	add_big(z);
	z = testcache_add_text(&t.cache, "huge.",
	    "@ 3600 IN SOA ns1 admin 7 2 3 4 300\n@ 60 IN NS ns1\n"
	    "*.dw 60 IN DNAME example.\n");
	for (unsigned i = 0; i < 20; i++) {
		char text[64];

		snprintf(text, sizeof(text), "%cl%02u%chuge", 3, i, 4);
		uint8_t next[10] = "\3l00\4huge";

		next[2] = (uint8_t)('0' + (i + 1) / 10);
		next[3] = (uint8_t)('0' + (i + 1) % 10);
		testcache_add_record(z, (const uint8_t *)text, RRTYPE_CNAME,
		    60, next, sizeof(next));
	}
	add_huge(z);
	/* Root on a stripe of its own, so that the others stay REFUSED. */
	z = testcache_add_text(&t.cache, ".", root);
	z->stripes = 1u << 5;
	ask_publish(&t);
}

#define ASK(question, want) \
	do { \
		setup(); \
		assert_string_equal(ask(&t, question), want); \
	} while (0)

TEST(exact_match_is_one_set)
{
	ASK("web.example. A", "NOERROR aa\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AN web.example. 300 A 192.0.2.4\n");
}

TEST(q020_not_ours_is_refused)
{
	ASK("www.elsewhere. A", "REFUSED ede=20\n");
	ASK("www.elsewhere. A noedns", "REFUSED\n");
	ASK(". NS", "REFUSED ede=20\n");
}

TEST(q021_never_loaded_is_servfail)
{
	ASK("www.new.parent. A", "SERVFAIL ede=14\n");
}

TEST(q022_expired_is_servfail_but_not_for_hosted_children)
{
	ASK("www.gone. A", "SERVFAIL ede=24\n");
	ASK("gone. SOA noedns", "SERVFAIL\n");
	ASK("www.live.gone. A", "NOERROR aa\n"
	    "AN www.live.gone. 60 A 198.51.100.2\n");
}

TEST(q023_expired_child_under_loaded_parent_is_servfail)
{
	ASK("www.dead.parent. A", "SERVFAIL ede=24\n");
}

TEST(q022_deadline_is_the_last_moment)
{
	setup();
	t.now--;
	assert_string_equal(ask(&t, "www.dead.parent. A"), "NOERROR aa\n"
	    "AN www.dead.parent. 60 A 198.51.100.2\n");
	t.now++;
	assert_string_equal(ask(&t, "www.dead.parent. A"),
	    "SERVFAIL ede=24\n");
}

TEST(q024_deepest_zone_answers)
{
	ASK("www.kid.parent. A", "NOERROR aa\n"
	    "AN www.kid.parent. 60 A 198.51.100.2\n");
}

TEST(q025_ds_is_the_parents)
{
	ASK("kid.parent. DS", "NOERROR aa\n"
	    "AN kid.parent. 60 DS 1 13 2 aa\n");
	/* No DS there: no data, with the parent's SOA. */
	ASK("nods.parent. DS", "NOERROR aa\n" SOA("parent."));
}

TEST(q026_ds_at_the_apex_with_no_parent_here)
{
	ASK("parent. DS", "NOERROR aa\n" SOA("parent."));
}

TEST(q027_ds_with_only_the_grandparent_here)
{
	ASK("alone.deep.grand. DS", "NXDOMAIN aa\n" SOA("grand."));
}

TEST(q028_ds_of_the_root)
{
	ASK(". DS stripe=5", "NOERROR aa\n"
	    "AU . 86400 SOA a.rs. nstld.rs. 7 2 3 4 86400\n");
}

TEST(q029_ds_of_a_child_of_an_expired_parent)
{
	ASK("live.gone. DS", "SERVFAIL ede=24\n");
}

TEST(q030_the_stripe_selects_among_zones_of_one_name)
{
	ASK("www.twice. A stripe=2", "NOERROR aa\n"
	    "AN www.twice. 60 A 198.51.100.2\n");
	ASK("www.twice. A stripe=3", "NOERROR aa\n"
	    "AN www.twice. 60 A 203.0.113.9\n");
	ASK("www.twice. A stripe=0", "REFUSED ede=20\n");
}

TEST(q033_suspended_is_refused)
{
	ASK("www.paused. A", "REFUSED ede=18\n");
}

TEST(q040_case_is_echoed_and_ascii_alone_is_folded)
{
	ASK("wEb.ExAmPlE. A", "NOERROR aa\n"
	    "AN wEb.ExAmPlE. 300 A 192.0.2.3\n"
	    "AN wEb.ExAmPlE. 300 A 192.0.2.4\n");
	assert_memory_equal(t.reply + 12, t.request + 12, 13);
	ASK("\\193\\161.example. A", "NOERROR aa\n"
	    "AN \\193\\161.example. 60 A 192.0.2.52\n");
	ASK("\\225\\161.example. A", "NXDOMAIN aa\n" SOA("example."));
}

TEST(q041_odd_octets_in_labels)
{
	ASK("nul\\000x.example. A", "NOERROR aa\n"
	    "AN nul\\000x.example. 60 A 192.0.2.50\n");
	ASK("do\\.t.example. A", "NOERROR aa\n"
	    "AN do\\.t.example. 60 A 192.0.2.51\n");
	ASK("do.t.example. A", "NXDOMAIN aa\n" SOA("example."));
	ASK("r\\001x. A stripe=5", "NOERROR aa\n"
	    "AN r\\001x. 60 A 192.0.2.3\n");
}

TEST(q042_q043_empty_non_terminals_are_no_data)
{
	ASK("b.ent.example. A", "NOERROR aa\n" SOA("example."));
	ASK("ent.example. TXT", "NOERROR aa\n" SOA("example."));
	ASK("wild.example. A", "NOERROR aa\n" SOA("example."));
	ASK("_tcp.example. SRV", "NOERROR aa\n" SOA("example."));
	ASK("c.ent.example. A", "NXDOMAIN aa\n" SOA("example."));
}

TEST(q050_wildcard_with_the_querys_name)
{
	ASK("a.B.c.wild.example. TXT", "NOERROR aa\n"
	    "AN a.B.c.wild.example. 60 TXT \"w\"\n");
	ASK("x.wild.example. A", "NOERROR aa\n" SOA("example."));
}

TEST(q051_q052_a_closer_name_stops_the_wildcard)
{
	ASK("x.closer.wild.example. TXT", "NXDOMAIN aa\n" SOA("example."));
	ASK("entw.wild.example. TXT", "NOERROR aa\n" SOA("example."));
	ASK("y.entw.wild.example. TXT", "NXDOMAIN aa\n" SOA("example."));
}

TEST(q053_q054_the_asterisk_itself)
{
	ASK("*.wild.example. TXT", "NOERROR aa\n"
	    "AN *.wild.example. 60 TXT \"w\"\n");
	ASK("x.*.wild.example. TXT", "NXDOMAIN aa\n" SOA("example."));
}

TEST(q055_a_wildcard_that_is_an_empty_non_terminal)
{
	ASK("foo.sw.example. A", "NOERROR aa\n" SOA("example."));
	ASK("sub.foo.sw.example. A", "NOERROR aa\n" SOA("example."));
	ASK("sub.*.sw.example. A", "NOERROR aa\n"
	    "AN sub.*.sw.example. 60 A 192.0.2.12\n");
}

TEST(q056_only_the_single_asterisk_is_a_wildcard)
{
	ASK("*a.example. A", "NOERROR aa\n"
	    "AN *a.example. 60 A 192.0.2.53\n");
	ASK("xa.example. A", "NXDOMAIN aa\n" SOA("example."));
}

TEST(q058_wildcard_cname_is_followed)
{
	ASK("Foo.cw.example. A", "NOERROR aa\n"
	    "AN Foo.cw.example. 60 CNAME web.example.\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AN web.example. 300 A 192.0.2.4\n");
}

TEST(q061_wildcard_mx_has_its_targets_address)
{
	ASK("h.wild.example. MX", "NOERROR aa\n"
	    "AN h.wild.example. 60 MX 5 mail.example.\n"
	    "AD mail.example. 60 A 192.0.2.2\n");
}

TEST(q063_any_and_rrsig_at_a_wildcard)
{
	ASK("h.wild.example. ANY", "NOERROR aa\n"
	    "AN h.wild.example. 60 MX 5 mail.example.\n");
	ASK("h.wild.example. RRSIG", "NOERROR aa\n" SOA("example."));
}

TEST(q064_asterisk_in_rdata_is_an_ordinary_name)
{
	ASK("tostar.example. TXT", "NOERROR aa\n"
	    "AN tostar.example. 1 CNAME *.wild.example.\n"
	    "AN *.wild.example. 60 TXT \"w\"\n");
}

#define DEL_REFERRAL \
	"AU del.example. 60 NS ns.del.example.\n" \
	"AU del.example. 60 NS ns.sib.example.\n" \
	"AU del.example. 60 NS ns1.example.\n" \
	"AD ns.del.example. 60 A 192.0.2.20\n" \
	"AD ns.sib.example. 60 A 192.0.2.22\n" \
	"AD ns1.example. 3600 A 192.0.2.1\n" \
	"AD ns1.example. 3600 AAAA 2001:db8::1\n"

TEST(q070_to_q075_delegations)
{
	setup();
	for (const char *const *q = (const char *const[]){
	    "x.y.del.example. A", "del.example. NS", "ns.del.example. A",
	    "www.del.example. TXT", "www.del.example. ANY",
	    "deep.del.example. A", "x.deep.del.example. A",
	    "del.example. ANY", "del.example. RRSIG", NULL }; *q != NULL;
	    q++) {
		const char *got = ask(&t, *q);

		assert_memory_equal(got, "NOERROR\n", 8);
		assert_non_null(strstr(got, "AU del.example. 60 NS ns1"));
		assert_null(strstr(got, "AN "));
		assert_null(strstr(got, " aa"));
		assert_null(strstr(got, "SOA"));
		assert_non_null(strstr(got,
		    "AD ns.del.example. 60 A 192.0.2.20"));
		assert_non_null(strstr(got,
		    "AD ns.sib.example. 60 A 192.0.2.22"));
		assert_null(strstr(got, "occluded"));
		assert_null(strstr(got, "192.0.2.21"));
	}
}

TEST(q076_in_domain_glue_comes_first)
{
	setup();
	const char *got = ask(&t, "x.del.example. A");

	assert_true(strstr(got, "AD ns.del") < strstr(got, "AD ns.sib"));
	assert_true(strstr(got, "AD ns.del") < strstr(got, "AD ns1"));
}

TEST(q078_a_name_server_that_is_an_alias_has_no_glue)
{
	ASK("x.nsalias.example. A", "NOERROR\n"
	    "AU nsalias.example. 60 NS www.example.\n");
}

TEST(q081_q082_what_the_parent_says_at_the_cut)
{
	ASK("ds.example. DS", "NOERROR aa\n" SOA("example."));
}

TEST(q084_ns_of_the_apex)
{
	ASK("example. NS", "NOERROR aa\n"
	    "AN example. 3600 NS ns.elsewhere.test.\n"
	    "AN example. 3600 NS ns1.example.\n"
	    "AD ns1.example. 3600 A 192.0.2.1\n"
	    "AD ns1.example. 3600 AAAA 2001:db8::1\n");
}

TEST(q090_to_q096_cname_chains)
{
	ASK("c1.example. A", "NOERROR aa\n"
	    "AN c1.example. 1 CNAME c2.example.\n"
	    "AN c2.example. 2 CNAME c3.example.\n"
	    "AN c3.example. 3 CNAME web.example.\n"
	    "AN web.example. 300 A 192.0.2.3\n"
	    "AN web.example. 300 A 192.0.2.4\n");
	ASK("tonx.example. A", "NXDOMAIN aa\n"
	    "AN tonx.example. 1 CNAME nx.web.example.\n" SOA("example."));
	ASK("tonodata.example. TXT", "NOERROR aa\n"
	    "AN tonodata.example. 1 CNAME mail.example.\n" SOA("example."));
	ASK("toent.example. TXT", "NOERROR aa\n"
	    "AN toent.example. 1 CNAME b.ent.example.\n" SOA("example."));
	ASK("toout.example. A", "NOERROR aa\n"
	    "AN toout.example. 1 CNAME host.other.\n");
	ASK("c1.example. CNAME", "NOERROR aa\n"
	    "AN c1.example. 1 CNAME c2.example.\n");
	ASK("c1.example. ANY", "NOERROR aa\n"
	    "AN c1.example. 1 CNAME c2.example.\n");
	ASK("c1.example. RRSIG", "NOERROR aa\n" SOA("example."));
}

TEST(q093_cname_into_a_delegation)
{
	setup();
	assert_string_equal(ask(&t, "todel.example. A"), "NOERROR aa\n"
	    "AN todel.example. 1 CNAME www.del.example.\n" DEL_REFERRAL);
}

TEST(q094_cname_loops_end)
{
	ASK("self.example. A", "NOERROR aa\n"
	    "AN self.example. 1 CNAME self.example.\n");
	ASK("loop1.example. A", "NOERROR aa\n"
	    "AN loop1.example. 1 CNAME loop2.example.\n"
	    "AN loop2.example. 1 CNAME loop1.example.\n");
}

TEST(q097_cname_beside_other_data)
{
	ASK("both.example. A", "NOERROR aa\n"
	    "AN both.example. 60 A 192.0.2.54\n");
	ASK("both.example. TXT", "NOERROR aa\n"
	    "AN both.example. 60 CNAME web.example.\n" SOA("example."));
}

TEST(q098_q107_dname)
{
	ASK("X.dn.example. A", "NOERROR aa\n"
	    "AN dn.example. 60 DNAME web.example.\n"
	    "AN X.dn.example. 60 CNAME X.web.example.\n"
	    "AN X.web.example. 60 A 192.0.2.31\n");
	ASK("y.dn.example. A", "NXDOMAIN aa\n"
	    "AN dn.example. 60 DNAME web.example.\n"
	    "AN y.dn.example. 60 CNAME y.web.example.\n" SOA("example."));
}

TEST(q099_q100_dname_owner_and_below)
{
	ASK("dn.example. TXT", "NOERROR aa\nAN dn.example. 60 TXT \"here\"\n");
	ASK("dn.example. A", "NOERROR aa\n" SOA("example."));
	ASK("dn.example. DNAME", "NOERROR aa\n"
	    "AN dn.example. 60 DNAME web.example.\n");
	ASK("under.dn.example. A", "NXDOMAIN aa\n"
	    "AN dn.example. 60 DNAME web.example.\n"
	    "AN under.dn.example. 60 CNAME under.web.example.\n"
	    SOA("example."));
}

TEST(q101_dname_too_long_is_yxdomain)
{
	setup();
	const char *got = ask(&t, "ddddddddddddddddddddddddddddddddddddddddddd"
	    "dddddddddddddddddddd.long.example. A");

	assert_non_null(strstr(got, "YXDOMAIN aa\nAN long.example. 60 DNAME"));
	assert_null(strstr(got, "CNAME"));
}

TEST(q102_dname_into_itself_ends)
{
	ASK("x.dnself.example. A", "NOERROR aa\n"
	    "AN dnself.example. 60 DNAME a.dnself.example.\n"
	    "AN x.dnself.example. 60 CNAME x.a.dnself.example.\n");
}

TEST(q104_cname_question_below_a_dname_stops)
{
	ASK("x.dn.example. CNAME", "NOERROR aa\n"
	    "AN dn.example. 60 DNAME web.example.\n"
	    "AN x.dn.example. 60 CNAME x.web.example.\n");
}

TEST(q106_dname_to_the_root)
{
	ASK("www.foo.dnroot.example. A", "NOERROR aa\n"
	    "AN dnroot.example. 60 DNAME .\n"
	    "AN www.foo.dnroot.example. 60 CNAME www.foo.\n");
}

TEST(q110_negative_ttl_is_the_minimum)
{
	ASK("nx.example. A", "NXDOMAIN aa\n" SOA("example."));
	ASK("example. SOA", "NOERROR aa\nAN example. 3600 SOA ns1.example. "
	    "admin.example. 7 2 3 4 300\n");
}

TEST(q140_any_is_one_set)
{
	ASK("ns1.example. ANY", "NOERROR aa\n"
	    "AN ns1.example. 3600 A 192.0.2.1\n");
	ASK("nx.example. ANY", "NXDOMAIN aa\n" SOA("example."));
	ASK("b.ent.example. ANY", "NOERROR aa\n" SOA("example."));
}

TEST(q141_q150_unknown_types_are_verbatim)
{
	ASK("odd.example. TYPE65400", "NOERROR aa\n"
	    "AN odd.example. 60 TYPE65400 \\# 3 010203\n");
	setup();
	ask(&t, "empty.example. TYPE65401");
	assert_int_equal(t.reply[7], 1);
}

TEST(q210_q212_q213_additional)
{
	ASK("example. MX", "NOERROR aa\n"
	    "AN example. 3600 MX 10 mail.example.\n"
	    "AD mail.example. 60 A 192.0.2.2\n");
	ASK("_sip._tcp.example. SRV", "NOERROR aa\n"
	    "AN _sip._tcp.example. 60 SRV 1 2 5060 web.example.\n"
	    "AD web.example. 300 A 192.0.2.3\n"
	    "AD web.example. 300 A 192.0.2.4\n");
	ASK("mxdel.example. MX", "NOERROR aa\n"
	    "AN mxdel.example. 60 MX 1 www.del.example.\n");
	ASK("mxglue.example. MX", "NOERROR aa\n"
	    "AN mxglue.example. 60 MX 1 ns.del.example.\n");
}

TEST(q211_svcb_dot_is_the_owner)
{
	setup();
	const char *got = ask(&t, "svc.example. HTTPS");

	assert_non_null(strstr(got, "AD svc.example. 60 A 192.0.2.40\n"));
}

TEST(the_root_zone_answers)
{
	ASK(". NS stripe=5", "NOERROR aa\nAN . 518400 NS a.rs.\n"
	    "AD a.rs. 60 A 192.0.2.1\n");
	ASK("nx. A stripe=5", "NXDOMAIN aa\n"
	    "AU . 86400 SOA a.rs. nstld.rs. 7 2 3 4 86400\n");
	ASK("rs. A stripe=5", "NOERROR aa\n"
	    "AU . 86400 SOA a.rs. nstld.rs. 7 2 3 4 86400\n");
	ASK("www.tld. A stripe=5", "NOERROR\nAU tld. 60 NS ns.tld.\n"
	    "AD ns.tld. 60 A 192.0.2.2\n");
}

TEST(q148_q149_q190_too_big_is_tc_and_empty)
{
	setup();
	assert_string_equal(ask(&t, "many.big. TXT"), "NOERROR aa tc\n");
	assert_string_equal(ask(&t, "many.big. TXT noedns"),
	    "NOERROR aa tc\n");
	assert_null(strstr(ask(&t, "many.big. TXT tcp"), "tc"));
	assert_int_equal(t.reply[6] << 8 | t.reply[7], 200);
}

TEST(q142_names_are_compressed_when_it_helps)
{
	setup();
	/* 20 MX of 12 + 17 octets: 580 uncompressed. */
	const char *got = ask(&t, "mx.big. MX noedns");

	assert_null(strstr(got, "tc"));
	assert_int_equal(t.reply[7], 20);
	assert_true(t.reply_len <= 512);
	assert_non_null(strstr(got, "mx.big. 60 MX 7 mail07.mx.big."));
}

TEST(q076_missing_in_domain_glue_sets_tc)
{
	setup();
	const char *got = ask(&t, "www.wide.big. A noedns");

	assert_non_null(strstr(got, "NOERROR tc\n"));
	got = ask(&t, "www.wide.big. A size=4096");
	assert_null(strstr(got, " tc"));
	assert_non_null(strstr(got, "ns11.wide.big. 60 AAAA"));
}

TEST(q166_payload_sizes)
{
	setup();
	ask(&t, "many.big. TXT size=0");
	assert_non_null(strstr(t.text, " tc"));
	for (unsigned size = 0; size < 1400; size += 13) {
		char q[64];

		snprintf(q, sizeof(q), "www.wide.big. A size=%u", size);
		ask(&t, q);
		assert_true(t.reply_len <= (size < 512 ? 512 : size));
		assert_true(t.reply_len <= 1232);
	}
}

TEST(q009_the_longest_names)
{
	char name[1024];
	size_t n = 0;

	setup();
	while (n < 2 * 123)		/* 123 labels of one octet, and example */
		n += (size_t)snprintf(name + n, sizeof(name) - n, "a.");
	strcpy(name + n, "example. A");
	assert_string_equal(ask(&t, name), "NXDOMAIN aa\n" SOA("example."));
	strcpy(name + n, "elsewhe. A");
	assert_string_equal(ask(&t, name), "REFUSED ede=20\n");
	n = 0;
	while (n < 2 * 127)
		n += (size_t)snprintf(name + n, sizeof(name) - n, "a.");
	strcpy(name + n, " A");
	assert_string_equal(ask(&t, name), "REFUSED ede=20\n");
	n = 0;
	for (int i = 0; i < 115; i++)
		n += (size_t)snprintf(name + n, sizeof(name) - n, "\\001.");
	strcpy(name + n, "wild.example. TXT");
	assert_int_equal(strncmp(ask(&t, name), "NOERROR aa\n", 11), 0);
}

TEST(steps_are_bounded)
{
	struct answer_facts f = { 0 };
	unsigned n = 0;

	setup();
	ask(&t, "c1.example. A");
	f = t.job.facts;
	answer_begin(&t.job, &t.ctx, &f);
	while (answer_step(&t.job))
		n++;
	assert_true(n <= 8);
	assert_true(n >= 4);
}

/* 32 jobs side by side give what each gives alone. */
TEST(lockstep_equals_one_by_one)
{
	static const char *const names[] = {
		"\3web\7example", "\2nx\7example", "\1x\3del\7example",
		"\2c1\7example", "\1x\2dn\7example", "\3www\3kid\6parent",
		"\3foo\5other", "\1a\1b\4wild\7example",
	};
	static struct answer_job jobs[ANSWER_LOCKSTEP];
	static uint8_t in[ANSWER_LOCKSTEP][512], out[ANSWER_LOCKSTEP][1232];
	struct ask_options o = { .edns = true, .size = 1232, .qclass = 1 };
	bool more = true;

	setup();
	for (unsigned i = 0; i < ANSWER_LOCKSTEP; i++) {
		struct answer_facts f = {
			.request = in[i], .out = out[i], .out_max = 1232,
			.source_port = 1, .now_boot_ms = t.now,
		};

		f.request_len = ask_make(in[i], (const uint8_t *)
		    names[i % COUNT_OF(names)], RRTYPE_A, &o);
		answer_begin(&jobs[i], &t.ctx, &f);
	}
	while (more) {
		more = false;
		for (unsigned i = 0; i < ANSWER_LOCKSTEP; i++)
			more |= answer_step(&jobs[i]);
	}
	for (unsigned i = 0; i < ANSWER_LOCKSTEP; i++) {
		size_t n;

		assert_int_equal(answer_finish(&jobs[i], &n), ANSWER_SEND);
		t.request_len = jobs[i].facts.request_len;
		memcpy(t.request, in[i], t.request_len);
		ask_raw(&t, ANSWER_UDP, 0);
		assert_int_equal(n, t.reply_len);
		assert_memory_equal(out[i], t.reply, n);
	}
}

TEST(q095_a_long_chain_ends)
{
	setup();
	const char *got = ask(&t, "l00.huge. A tcp");

	assert_memory_equal(got, "NOERROR aa\n", 11);
	assert_int_equal(t.reply[7], ANSWER_CHAIN_MAX);
	assert_non_null(strstr(got, "AN l15.huge. 60 CNAME l16.huge."));
}

TEST(q143_pointers_do_not_reach_beyond_16_kib)
{
	setup();
	const char *got = ask(&t, "www.sub.huge. A tcp");

	assert_true(t.reply_len > 0x8000);
	assert_non_null(strstr(got,
	    "AD ns-000255-aaaaaaaaaaaaaaaa.sub.huge. 60 A 10.0.0.255\n"));
	got = ask(&t, "www.sub.huge. A");
	assert_memory_equal(got, "NOERROR tc\n", 11);
}

TEST(an_answer_longer_than_a_message_is_servfail)
{
	struct answer_facts f;

	setup();
	assert_memory_equal(ask(&t, "txt.huge. TXT tcp"), "NOERROR aa\n", 11);
	assert_int_equal(t.reply[7], 250);
	/* No set is that long today: a smaller buffer stands for it. */
	f = t.job.facts;
	f.out_max = 20000;
	assert_int_equal(answer(&t.job, &t.ctx, &f, &t.reply_len),
	    ANSWER_SEND);
	assert_string_equal(ask_print(&t), "SERVFAIL aa ede=0\n");
	assert_string_equal(ask(&t, "txt.huge. TXT do"), "NOERROR aa tc\n");
}

TEST(q062_a_wildcard_dname_is_plain_data)
{
	ASK("x.dw.huge. DNAME", "NOERROR aa\nAN x.dw.huge. 60 DNAME "
	    "example.\n");
	ASK("x.dw.huge. A", "NOERROR aa\n" SOA("huge."));
	ASK("y.x.dw.huge. A", "NOERROR aa\n" SOA("huge."));
}
