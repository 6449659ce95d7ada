/*
 * CNAME and DNAME, and the order that they stand in.
 */
#include "tests/unit/dnsd/brief.h"

static struct asker t;

#define SOA(apex) \
	"AU " apex " 60 SOA ns." apex " admin." apex " 1 2 3 4 60\n"

static const char zone[] =
    "@ 60 IN SOA ns admin 1 2 3 4 60\n@ 60 IN NS ns\n"
    "ns 60 IN A 192.0.2.1\n"
    "a 1 IN CNAME B\nB 2 IN CNAME c\nc 3 IN CNAME target\n"
    "target 60 IN A 192.0.2.2\n"
    "out 60 IN CNAME www.hosted.\nout2 60 IN CNAME www.nowhere.\n"
    "child 60 IN CNAME www.sub\nup 60 IN CNAME hosted.\n"
    "dnout 60 IN DNAME hosted.\n"
    "w1 60 IN CNAME x.wild\n*.wild 60 IN CNAME y.wild\n"
    "w2 60 IN CNAME x.wild2\n*.wild2 60 IN CNAME w2\n"
    "both 60 IN CNAME target\nboth 60 IN TXT \"t\"\n"
    "dn 77 IN DNAME tree\nx.tree 60 IN A 192.0.2.3\n"
    "*.wt.tree 60 IN A 192.0.2.4\ncn.tree 60 IN CNAME y.dn2\n"
    "dn2 60 IN DNAME tree2\ny.tree2 60 IN TXT \"end\"\n"
    "dnn.tree 60 IN DNAME tree2\n"
    "mx.tree 60 IN MX 1 target\n"
    "back.tree 60 IN CNAME back.dn\n"
    "dnself 60 IN DNAME dnself\ndnsub 60 IN DNAME a.dnsub\n"
    "dnroot 60 IN DNAME .\nrootish 60 IN DNAME example.\n"
    "owner 60 IN DNAME tree\nowner 60 IN A 192.0.2.5\n"
    "below.owner 60 IN A 192.0.2.6\nmx.below.owner 60 IN MX 1 ns\n";

/* An apex that is a DNAME answers for itself. Q-099 */
static const char apex_dname[] =
    "@ 60 IN SOA ns.other. admin.other. 1 2 3 4 60\n@ 60 IN NS ns.other.\n"
    "@ 60 IN DNAME example.\n@ 60 IN DNSKEY 257 3 13 AAAA\n"
    "hidden 60 IN A 192.0.2.7\n";

static const char hosted[] =
    "@ 60 IN SOA ns admin 1 2 3 4 60\n@ 60 IN NS ns\n"
    "ns 60 IN A 192.0.2.98\nwww 60 IN A 192.0.2.99\n@ 60 IN A 192.0.2.97\n";

static void
setup(void)
{
	struct testcache_zone *z;

	if (t.ctx.arena != NULL)
		return;
	ask_init(&t);
	z = testcache_add_text(&t.cache, "example.", zone);
	z->page_bytes = 300;
	z->fanout = 3;
	testcache_add_text(&t.cache, "hosted.", hosted);
	testcache_add_text(&t.cache, "sub.example.", hosted);
	testcache_add_text(&t.cache, "apexdn.", apex_dname);
	z = testcache_add_text(&t.cache, ".",
	    "@ 60 IN SOA ns. admin. 1 2 3 4 60\n@ 60 IN NS ns.\n"
	    "ns. 60 IN A 192.0.2.1\nx. 60 IN DNAME y.z.\n"
	    "q.y.z. 60 IN A 192.0.2.2\ny2. 60 IN DNAME .\n"
	    "plain. 60 IN A 192.0.2.3\n");
	z->stripes = 2;
	ask_publish(&t);
}

#define ASK(question, want) \
	do { \
		setup(); \
		assert_string_equal(ask(&t, question), want); \
	} while (0)

TEST(q090_q107_a_chain_keeps_its_order_and_letters)
{
	ASK("A.example. A", "NOERROR aa\n"
	    "AN A.example. 1 CNAME B.example.\n"
	    "AN B.example. 2 CNAME c.example.\n"
	    "AN c.example. 3 CNAME target.example.\n"
	    "AN target.example. 60 A 192.0.2.2\n");
}

TEST(q091_what_is_not_followed)
{
	ASK("a.example. CNAME", "NOERROR aa\n"
	    "AN a.example. 1 CNAME B.example.\n");
	ASK("a.example. ANY", "NOERROR aa\n"
	    "AN a.example. 1 CNAME B.example.\n");
	ASK("a.example. NSEC", "NOERROR aa\n" SOA("example."));
	ASK("a.example. RRSIG", "NOERROR aa\n" SOA("example."));
}

TEST(q092_the_chain_ends_at_the_zone)
{
	ASK("out.example. A", "NOERROR aa\n"
	    "AN out.example. 60 CNAME www.hosted.\n");
	ASK("out2.example. A", "NOERROR aa\n"
	    "AN out2.example. 60 CNAME www.nowhere.\n");
	ASK("up.example. A", "NOERROR aa\n"
	    "AN up.example. 60 CNAME hosted.\n");
	ASK("www.dnout.example. A", "NOERROR aa\n"
	    "AN dnout.example. 60 DNAME hosted.\n"
	    "AN www.dnout.example. 60 CNAME www.hosted.\n");
	/* A child zone on this server is another zone: what example. says. */
	ASK("child.example. A", "NXDOMAIN aa\n"
	    "AN child.example. 60 CNAME www.sub.example.\n" SOA("example."));
}

TEST(q094_loops_through_wildcards)
{
	ASK("w1.example. A", "NOERROR aa\n"
	    "AN w1.example. 60 CNAME x.wild.example.\n"
	    "AN x.wild.example. 60 CNAME y.wild.example.\n"
	    "AN y.wild.example. 60 CNAME y.wild.example.\n");
	ASK("w2.example. A", "NOERROR aa\n"
	    "AN w2.example. 60 CNAME x.wild2.example.\n"
	    "AN x.wild2.example. 60 CNAME w2.example.\n");
	ASK("back.dn.example. A", "NOERROR aa\n"
	    "AN dn.example. 77 DNAME tree.example.\n"
	    "AN back.dn.example. 77 CNAME back.tree.example.\n"
	    "AN back.tree.example. 60 CNAME back.dn.example.\n");
}

TEST(q097_the_same_every_time)
{
	for (int i = 0; i < 3; i++) {
		ASK("both.example. TXT", "NOERROR aa\n"
		    "AN both.example. 60 TXT \"t\"\n");
		ASK("both.example. A", "NOERROR aa\n"
		    "AN both.example. 60 CNAME target.example.\n"
		    "AN target.example. 60 A 192.0.2.2\n");
	}
}

TEST(q098_the_cname_has_the_dnames_ttl)
{
	ASK("x.dn.example. A", "NOERROR aa\n"
	    "AN dn.example. 77 DNAME tree.example.\n"
	    "AN x.dn.example. 77 CNAME x.tree.example.\n"
	    "AN x.tree.example. 60 A 192.0.2.3\n");
}

TEST(q099_the_owner_of_a_dname_at_the_apex)
{
	ASK("apexdn. SOA", "NOERROR aa\n"
	    "AN apexdn. 60 SOA ns.other. admin.other. 1 2 3 4 60\n");
	ASK("apexdn. NS", "NOERROR aa\nAN apexdn. 60 NS ns.other.\n");
	ASK("apexdn. DNSKEY", "NOERROR aa\n"
	    "AN apexdn. 60 DNSKEY 257 3 13 AAAA\n");
	ASK("apexdn. A", "NOERROR aa\n"
	    "AU apexdn. 60 SOA ns.other. admin.other. 1 2 3 4 60\n");
	ASK("hidden.apexdn. A", "NOERROR aa\n"
	    "AN apexdn. 60 DNAME example.\n"
	    "AN hidden.apexdn. 60 CNAME hidden.example.\n");
	ASK("owner.example. A", "NOERROR aa\n"
	    "AN owner.example. 60 A 192.0.2.5\n");
	ASK("owner.example. TXT", "NOERROR aa\n" SOA("example."));
}

TEST(q100_names_below_a_dname)
{
	ASK("below.owner.example. A", "NXDOMAIN aa\n"
	    "AN owner.example. 60 DNAME tree.example.\n"
	    "AN below.owner.example. 60 CNAME below.tree.example.\n"
	    SOA("example."));
	ASK("mx.below.owner.example. MX", "NXDOMAIN aa\n"
	    "AN owner.example. 60 DNAME tree.example.\n"
	    "AN mx.below.owner.example. 60 CNAME mx.below.tree.example.\n"
	    SOA("example."));
}

/* 255 octets are a name, 256 are not. */
TEST(q101_the_longest_result)
{
	char text[1100], label[64];
	size_t n = 0;

	setup();
	memset(label, 'l', 63);
	label[63] = 0;
	/* x. is 3 octets, y.z. is 5: "…x." of 253 makes 255. */
	for (int i = 0; i < 3; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s.",
		    label);
	label[57] = 0;				/* 3 * 64 + 58 + 3 = 253 */
	snprintf(text + n, sizeof(text) - n, "%s.x. A stripe=1", label);
	ask(&t, text);
	assert_memory_equal(t.text, "NXDOMAIN aa\nAN x. 60 DNAME y.z.\n", 32);
	assert_int_equal(t.reply[7], 2);
	label[57] = 'l';
	label[58] = 0;
	snprintf(text + n, sizeof(text) - n, "%s.x. A stripe=1", label);
	assert_string_equal(ask(&t, text), "YXDOMAIN aa\n"
	    "AN x. 60 DNAME y.z.\n");
}

TEST(q102_dname_to_itself)
{
	ASK("x.dnself.example. A", "NOERROR aa\n"
	    "AN dnself.example. 60 DNAME dnself.example.\n"
	    "AN x.dnself.example. 60 CNAME x.dnself.example.\n");
	ASK("x.dnsub.example. A", "NOERROR aa\n"
	    "AN dnsub.example. 60 DNAME a.dnsub.example.\n"
	    "AN x.dnsub.example. 60 CNAME x.a.dnsub.example.\n");
}

TEST(q103_each_step_anew)
{
	ASK("q.wt.dn.example. A", "NOERROR aa\n"
	    "AN dn.example. 77 DNAME tree.example.\n"
	    "AN q.wt.dn.example. 77 CNAME q.wt.tree.example.\n"
	    "AN q.wt.tree.example. 60 A 192.0.2.4\n");
	ASK("cn.dn.example. TXT", "NOERROR aa\n"
	    "AN dn.example. 77 DNAME tree.example.\n"
	    "AN cn.dn.example. 77 CNAME cn.tree.example.\n"
	    "AN cn.tree.example. 60 CNAME y.dn2.example.\n"
	    "AN dn2.example. 60 DNAME tree2.example.\n"
	    "AN y.dn2.example. 60 CNAME y.tree2.example.\n"
	    "AN y.tree2.example. 60 TXT \"end\"\n");
	ASK("y.dnn.dn.example. TXT", "NOERROR aa\n"
	    "AN dn.example. 77 DNAME tree.example.\n"
	    "AN y.dnn.dn.example. 77 CNAME y.dnn.tree.example.\n"
	    "AN dnn.tree.example. 60 DNAME tree2.example.\n"
	    "AN y.dnn.tree.example. 60 CNAME y.tree2.example.\n"
	    "AN y.tree2.example. 60 TXT \"end\"\n");
}

TEST(q104_q105_cname_any_and_dname_asked_below_a_dname)
{
	ASK("x.dn.example. CNAME", "NOERROR aa\n"
	    "AN dn.example. 77 DNAME tree.example.\n"
	    "AN x.dn.example. 77 CNAME x.tree.example.\n");
	ASK("x.dn.example. ANY", "NOERROR aa\n"
	    "AN dn.example. 77 DNAME tree.example.\n"
	    "AN x.dn.example. 77 CNAME x.tree.example.\n");
	ASK("dnn.dn.example. DNAME", "NOERROR aa\n"
	    "AN dn.example. 77 DNAME tree.example.\n"
	    "AN dnn.dn.example. 77 CNAME dnn.tree.example.\n"
	    "AN dnn.tree.example. 60 DNAME tree2.example.\n");
}

TEST(q106_dname_to_and_near_the_root)
{
	ASK("q.x. A stripe=1", "NOERROR aa\nAN x. 60 DNAME y.z.\n"
	    "AN q.x. 60 CNAME q.y.z.\nAN q.y.z. 60 A 192.0.2.2\n");
	ASK("plain.y2. A stripe=1", "NOERROR aa\nAN y2. 60 DNAME .\n"
	    "AN plain.y2. 60 CNAME plain.\nAN plain. 60 A 192.0.2.3\n");
	ASK("a.b.dnroot.example. A", "NOERROR aa\n"
	    "AN dnroot.example. 60 DNAME .\n"
	    "AN a.b.dnroot.example. 60 CNAME a.b.\n");
}

TEST(q107_letters_of_the_prefix)
{
	ASK("X.Y.DN.eXample. A", "NXDOMAIN aa\n"
	    "AN DN.eXample. 77 DNAME tree.example.\n"
	    "AN X.Y.DN.eXample. 77 CNAME X.Y.tree.example.\n"
	    "AU eXample. 60 SOA ns.example. admin.example. 1 2 3 4 60\n");
}
