/*
 * The additional section.
 */
#include "tests/unit/dnsd/ask.h"

static struct asker t;

#define RRSIG(owner, type, labels) \
	owner " 60 IN RRSIG " type " 13 " labels \
	" 60 20300101000000 20200101000000 1 example. AAAA\n"

static const char zone[] =
    "@ 60 IN SOA ns1 admin 1 2 3 4 60\n@ 60 IN NS ns1\n@ 60 IN NS ns.other.\n"
    "@ 60 IN MX 1 @\n@ 60 IN A 192.0.2.9\n"
    "@ 60 IN NSEC z NS\n"
    "ns1 60 IN A 192.0.2.1\n" RRSIG("ns1", "A", "2")
    "host 60 IN A 192.0.2.2\n" RRSIG("host", "A", "2")
    "host 60 IN AAAA 2001:db8::2\n" RRSIG("host", "AAAA", "2")
    "mx 60 IN MX 1 host\nmx 60 IN MX 2 mail.other.\nmx 60 IN MX 3 nx\n"
    "srv 60 IN SRV 1 2 3 host\nsrv 60 IN SRV 1 2 3 .\n"
    "afsdb 60 IN AFSDB 1 host\nkx 60 IN KX 1 host\n"
    "svcb 60 IN SVCB 1 host\nsvcba 60 IN SVCB 0 host\n"
    "dot 60 IN SVCB 1 . alpn=h2\ndot 60 IN A 192.0.2.3\n"
    "dot0 60 IN HTTPS 0 .\ndot0 60 IN A 192.0.2.4\n"
    "alias1 60 IN HTTPS 0 alias2\nalias2 60 IN HTTPS 0 alias1\n"
    "alias1 60 IN A 192.0.2.5\nalias2 60 IN A 192.0.2.6\n"
    "cn 60 IN CNAME host\nmxcn 60 IN MX 1 cn\nself 60 IN MX 1 self\n"
    "self 60 IN A 192.0.2.7\n"
    "cut 60 IN NS ns.cut\nns.cut 60 IN A 192.0.2.20\n"
    "mxcut 60 IN MX 1 ns.cut\nmxcut 60 IN MX 2 host\n"
    "srvcut 60 IN SRV 1 2 3 cut\n"
    "*.w 60 IN A 192.0.2.30\nmxw 60 IN MX 1 x.w\nmxstar 60 IN MX 1 *.w\n"
    "mxdn 60 IN MX 1 x.dn\ndn 60 IN DNAME host\nx.dn 60 IN A 192.0.2.40\n"
    "twice 60 IN MX 1 host\ntwice 60 IN MX 2 HOST\n"
    "tosrv 60 IN CNAME srv\n";

static const char other[] =
    "@ 60 IN SOA ns admin 1 2 3 4 60\n@ 60 IN NS ns\nns 60 IN A 192.0.2.99\n"
    "mail 60 IN A 192.0.2.98\n";

static void
setup(void)
{
	if (t.ctx.arena != NULL)
		return;
	ask_init(&t);
	testcache_add_text(&t.cache, "example.", zone);
	testcache_add_text(&t.cache, "other.", other);
	ask_publish(&t);
}

#define HOST \
	"AD host.example. 60 A 192.0.2.2\nAD host.example. 60 AAAA " \
	"2001:db8::2\n"

/* What is behind the answer and authority sections. */
static const char *
additional(const char *question)
{
	const char *p;

	setup();
	p = strstr(ask(&t, question), "AD ");
	return p != NULL ? p : "";
}

TEST(q210_targets_of_all_types_in_this_zone_alone)
{
	assert_string_equal(additional("mx.example. MX"), HOST);
	assert_string_equal(additional("srv.example. SRV"), HOST);
	assert_string_equal(additional("afsdb.example. AFSDB"), HOST);
	assert_string_equal(additional("kx.example. KX"), HOST);
	assert_string_equal(additional("svcb.example. SVCB"), HOST);
	assert_string_equal(additional("svcba.example. SVCB"), HOST);
	assert_string_equal(additional("example. NS"),
	    "AD ns1.example. 60 A 192.0.2.1\n");
	assert_string_equal(additional("tosrv.example. SRV"), HOST);
	assert_null(strstr(t.text, "192.0.2.9"));
}

TEST(q211_dot_is_the_owner_and_aliases_end)
{
	assert_string_equal(additional("dot.example. SVCB"),
	    "AD dot.example. 60 A 192.0.2.3\n");
	/* AliasMode with "." says that there is no service. */
	assert_string_equal(additional("dot0.example. HTTPS"), "");
	/* Aliases are followed one step, to the addresses. */
	assert_string_equal(additional("alias1.example. HTTPS"),
	    "AD alias2.example. 60 A 192.0.2.6\n");
	assert_string_equal(additional("alias2.example. HTTPS"),
	    "AD alias1.example. 60 A 192.0.2.5\n");
}

TEST(q212_nothing_twice)
{
	assert_string_equal(additional("twice.example. MX"), HOST);
	assert_string_equal(additional("self.example. MX"),
	    "AD self.example. 60 A 192.0.2.7\n");
	/* The answer is the address itself. */
	assert_string_equal(additional("host.example. A"), "");
	assert_string_equal(additional("example. ANY"), "");
}

TEST(q213_targets_below_cuts_wildcards_aliases_and_dnames)
{
	assert_string_equal(additional("mxcut.example. MX"), HOST);
	assert_string_equal(additional("srvcut.example. SRV"), "");
	assert_string_equal(additional("mxw.example. MX"), "");
	assert_string_equal(additional("mxstar.example. MX"),
	    "AD *.w.example. 60 A 192.0.2.30\n");
	assert_string_equal(additional("mxcn.example. MX"), "");
	assert_string_equal(additional("mxdn.example. MX"), "");
}

TEST(q214_signatures_where_all_fits)
{
	assert_string_equal(additional("mx.example. MX do"),
	    "AD host.example. 60 A 192.0.2.2\n"
	    "AD host.example. 60 RRSIG A 2\n"
	    "AD host.example. 60 AAAA 2001:db8::2\n"
	    "AD host.example. 60 RRSIG AAAA 2\n");
	assert_string_equal(additional("mx.example. MX"), HOST);
	/* A set and its signature go together, or neither. */
	for (unsigned size = 64; size < 400; size++) {
		size_t n;
		struct answer_facts f;
		unsigned a = 0, sig = 0;

		ask(&t, "mx.example. MX do");
		f = t.job.facts;
		f.out_max = size;
		if (answer(&t.job, &t.ctx, &f, &n) != ANSWER_SEND)
			continue;
		assert_true(n <= size);
		t.reply_len = n;
		ask_print(&t);
		for (const char *p = t.text; (p = strstr(p, "AD ")) != NULL;
		    p++) {
			const char *end = strchr(p, '\n');
			const char *s = strstr(p, "RRSIG");

			if (s != NULL && s < end)
				sig++;
			else
				a++;
		}
		assert_int_equal(a, sig);
	}
}

TEST(q215_positive_answers_are_minimal)
{
	setup();
	assert_string_equal(ask(&t, "host.example. A"),
	    "NOERROR aa\nAN host.example. 60 A 192.0.2.2\n");
	assert_null(strstr(ask(&t, "mx.example. MX"), "AU "));
	assert_null(strstr(ask(&t, "cn.example. A"), "AU "));
	/* What is not positive has what it needs. */
	assert_non_null(strstr(ask(&t, "nx.example. A"), "AU example. 60 SOA"));
	assert_non_null(strstr(ask(&t, "x.cut.example. A"),
	    "AU cut.example. 60 NS ns.cut.example."));
}
