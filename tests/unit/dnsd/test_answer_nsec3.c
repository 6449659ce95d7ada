/*
 * NSEC3 proofs, on chains that are computed here: what goes out is named by
 * the names that were hashed. Q-118 to Q-120, Q-122, Q-123, Q-127.
 */
#include "common/dns/ownerkey.h"
#include "tests/unit/dnsd/brief.h"

enum { CHAIN_MAX = 32 };

struct chain {
	char hash[CHAIN_MAX][NSEC3HASH_TEXT + 1];	/* ascending */
	const char *name[CHAIN_MAX];
	unsigned n;
	uint8_t salt;
	uint16_t iterations;
};

static struct asker t;
static struct chain full, opt, second;

/* c, d.e and f.g.h are insecure delegations. */
static const char zone[] =
    "@ 3600 IN SOA ns1 admin 1 2 3 4 60\n" SIG("@", "SOA", "1")
    "@ 3600 IN NS ns1\n" SIG("@", "NS", "1")
    "@ 3600 IN NSEC3PARAM 1 0 3 ab\n" SIG("@", "NSEC3PARAM", "1")
    "ns1 60 IN A 192.0.2.1\n" SIG("ns1", "A", "2")
    "a.b.ent 60 IN A 192.0.2.2\n" SIG("a.b.ent", "A", "4")
    "*.w 60 IN TXT t\n" SIG("*.w", "TXT", "2")
    "*.wc 60 IN CNAME nx.ns1\n" SIG("*.wc", "CNAME", "2")
    "*.wd 60 IN CNAME x.w\n" SIG("*.wd", "CNAME", "2")
    "cn 60 IN CNAME nx.ns1\n" SIG("cn", "CNAME", "2")
    "c 60 IN NS ns1\nd.e 60 IN NS ns1\nf.g.h 60 IN NS ns1\n"
    "i.*.w 60 IN NS ns1\nk.*.b.ent 60 IN NS ns1\nl.*.o 60 IN NS ns1\n";

static const char *const names[] = {
	"", "ns1", "ent", "b.ent", "a.b.ent", "w", "*.w", "wc", "*.wc", "wd",
	"*.wd", "cn", "c", "e", "d.e", "h", "g.h", "f.g.h", "i.*.w",
	"*.b.ent", "k.*.b.ent", "o", "*.o", "l.*.o",
};
/* As a signer that opts out leaves them away. */
static const char *const opted_out[] = {
	"c", "e", "d.e", "h", "g.h", "f.g.h", "i.*.w", "*.b.ent",
	"k.*.b.ent", "o", "*.o", "l.*.o",
};

static void
hash_of(const struct chain *c, const char *name, char *out)
{
	uint8_t wire[256], hash[NSEC3HASH_SIZE];
	char text[600];
	size_t len;

	snprintf(text, sizeof(text), "%s%sexample.", name,
	    *name != 0 ? "." : "");
	assert_ok(dname_parse(text, strlen(text), wire, &len));
	assert_ok(nsec3hash_name(t.ctx.nsec3hash, &c->salt, 1, c->iterations,
	    wire, len, hash));
	nsec3hash_text(hash, out);
	out[NSEC3HASH_TEXT] = 0;
}

static int
by_hash(const void *a, const void *b)
{
	return strcmp(a, b);
}

static bool
is_left_out(const char *name, bool leave_out)
{
	for (size_t i = 0; leave_out && i < COUNT_OF(opted_out); i++)
		if (strcmp(opted_out[i], name) == 0)
			return true;
	return false;
}

/* The chain over @names, each record "1 flags iterations salt next A". */
static void
add_chain(struct testcache_zone *z, struct chain *c, uint8_t salt,
    uint16_t iterations, bool opt_out, const char *skip)
{
	struct { char hash[NSEC3HASH_TEXT + 1]; const char *name; }
	    e[CHAIN_MAX];
	unsigned n = 0;

	c->salt = salt;
	c->iterations = iterations;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (!is_left_out(names[i], opt_out)) {
			hash_of(c, names[i], e[n].hash);
			e[n++].name = names[i];
		}
	qsort(e, n, sizeof(e[0]), by_hash);
	for (unsigned i = 0; i < n; i++) {
		uint8_t owner[64], rdata[64] = { 1, opt_out, 0,
		    (uint8_t)iterations, 1, salt, NSEC3HASH_SIZE };
		uint8_t sig[64] = { 0, 50, 13, 2, 0, 0, 0, 60 };
		char text[128] = "";
		size_t len;
		ldns_rdf *next;

		strcpy(c->hash[i], e[i].hash);
		c->name[i] = e[i].name;
		c->n = n;
		if (skip != NULL && strcmp(skip, e[i].name) == 0)
			continue;
		strcat(strcat(text, e[i].hash), ".example.");
		assert_ok(dname_parse(text, strlen(text), owner, &len));
		next = NULL;
		assert_int_equal(ldns_str2rdf_b32_ext(&next,
		    e[(i + 1) % n].hash), LDNS_STATUS_OK);
		memcpy(rdata + 7, ldns_rdf_data(next) + 1, NSEC3HASH_SIZE);
		ldns_rdf_deep_free(next);
		memcpy(rdata + 27, "\0\1\x40", 3);
		testcache_add_record(z, owner, RRTYPE_NSEC3, 60, rdata, 30);
		memcpy(sig + 18, "\7example\0sig", 12);
		testcache_add_record(z, owner, RRTYPE_RRSIG, 60, sig, 30);
	}
}

static void
setup(void)
{
	struct testcache_zone *z;

	if (t.ctx.arena != NULL)
		return;
	ask_init(&t);
	z = testcache_add_text(&t.cache, "example.", zone);
	add_chain(z, &full, 0xab, 3, false, NULL);
	z = testcache_add_text(&t.cache, "example.", zone);
	z->stripes = 2;
	z->page_bytes = 300;
	z->fanout = 2;
	add_chain(z, &opt, 0xab, 3, true, NULL);
	/* A second chain is being built: it lacks a link, and its
	 * NSEC3PARAM is not there yet. */
	z = testcache_add_text(&t.cache, "example.", zone);
	z->stripes = 4;
	z->page_bytes = 400;
	add_chain(z, &full, 0xab, 3, false, NULL);
	add_chain(z, &second, 0xcd, 5, false, "ns1");
	/* Owners that are no hashes: another length, not base32hex, long. */
	z = testcache_add_text(&t.cache, "example.", zone);
	z->stripes = 8;
	add_chain(z, &full, 0xab, 3, false, NULL);
	for (unsigned i = 0; i < 4; i++) {
		static const char *const odd[] = {
			"\3abc\7example", "\1z\7example",
			"\50wwwwwwwwwwzzzzzzzzzzwwwwwwwwwwzzzzzzzzzz\7example",
			"\40!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!\7example",
		};
		static const uint8_t rdata[] = { 1, 0, 0, 3, 1, 0xab, 4, 1, 2,
		    3, 4, 0, 1, 0x40 };

		testcache_add_record(z, (const uint8_t *)odd[i],
		    RRTYPE_NSEC3, 60, rdata, sizeof(rdata));
	}
	/* A hash that we do not know: no proofs, and the zone is served. */
	z = testcache_add_text(&t.cache, "unknown.",
	    "@ 60 IN SOA ns admin 1 2 3 4 60\n@ 60 IN NS ns\n"
	    "@ 60 IN NSEC3PARAM 2 0 5000 ab\nns 60 IN A 192.0.2.1\n"
	    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN NSEC3 2 0 5000 ab "
	    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n");
	ask_publish(&t);
}

static unsigned
cover_of(const struct chain *c, const char *name)
{
	char hash[NSEC3HASH_TEXT + 1];
	unsigned i = c->n;

	hash_of(c, name, hash);
	while (i > 0 && strcmp(c->hash[i - 1], hash) >= 0)
		i--;
	return i > 0 ? i - 1 : c->n - 1;	/* the last wraps around */
}

static unsigned
match_of(const struct chain *c, const char *name)
{
	for (unsigned i = 0; i < c->n; i++)
		if (strcmp(c->name[i], name) == 0)
			return i;
	fail_msg("%s is not in the chain", name);
	return 0;
}

/*
 * The proofs of an answer: "=name" is the record that matches it, "!name"
 * the one that covers it. Each is there once, signed, and no other is.
 */
static void
expect(const struct chain *c, unsigned stripe, const char *question,
    const char *header, const char *proofs)
{
	bool want[CHAIN_MAX] = { false };
	char list[1024], q[1024], *save = NULL, *p;
	unsigned n = 0, have = 0, sigs = 0;

	setup();
	strcpy(list, proofs);
	for (p = strtok_r(list, " ", &save); p != NULL;
	    p = strtok_r(NULL, " ", &save))
		want[*p == '=' ? match_of(c, strcmp(p, "=@") == 0 ? "" :
		    p + 1) : cover_of(c, p + 1)] = true;
	t.ctx.udp_max = 4096;
	snprintf(q, sizeof(q), "%s do size=4096 stripe=%u", question, stripe);
	ask(&t, q);
	assert_memory_equal(t.text, header, strlen(header));
	assert_int_equal(t.text[strlen(header)], '\n');
	for (unsigned i = 0; i < c->n; i++) {
		char line[128];

		n += want[i];
		snprintf(line, sizeof(line), "AU %s.example. 60 NSEC3 ",
		    c->hash[i]);
		p = strstr(t.text, line);
		if (want[i] != (p != NULL))
			fail_msg("%s: record of \"%s\" %s:\n%s", q,
			    c->name[i], want[i] ? "is missing" :
			    "is too much", t.text);
		if (p != NULL && strstr(p + 1, line) != NULL)
			fail_msg("%s: record of \"%s\" twice", q, c->name[i]);
	}
	for (p = t.text; (p = strstr(p, " NSEC3 ")) != NULL; p++) {
		have++;
		sigs += p > t.text + 12 && strncmp(p - 6, " RRSIG", 6) == 0;
	}
	assert_int_equal(have, 2 * n);
	assert_int_equal(sigs, n);
}

TEST(q118_no_name_takes_three_records)
{
	expect(&full, 0, "nx.example. A", "NXDOMAIN aa", "=@ !nx !*");
	expect(&full, 0, "x.y.ns1.example. A", "NXDOMAIN aa",
	    "=ns1 !y.ns1 !*.ns1");
	for (unsigned i = 0; i < 40; i++) {	/* whichever of them agree */
		char q[64], proofs[128];

		snprintf(q, sizeof(q), "n%u.example. A", i);
		snprintf(proofs, sizeof(proofs), "=@ !n%u !*", i);
		expect(&full, 0, q, "NXDOMAIN aa", proofs);
		expect(&full, 2, q, "NXDOMAIN aa", proofs);
		expect(&full, 3, q, "NXDOMAIN aa", proofs);
	}
}

TEST(q119_the_encloser_is_an_empty_non_terminal)
{
	expect(&full, 0, "x.a.b.ent.example. A", "NXDOMAIN aa",
	    "=a.b.ent !x.a.b.ent !*.a.b.ent");
	expect(&full, 0, "1.2.3.4.5.6.7.8.9.x.ent.example. A", "NXDOMAIN aa",
	    "=ent !x.ent !*.ent");
	expect(&full, 0, "b.ent.example. A", "NOERROR aa", "=b.ent");
	expect(&full, 0, "ent.example. A", "NOERROR aa", "=ent");
}

TEST(q120_the_closest_provable_encloser)
{
	/* Delegations have no record of their own. */
	expect(&opt, 1, "c.example. DS", "NOERROR aa", "=@ !c");
	expect(&opt, 1, "x.c.example. A", "NOERROR", "=@ !c");
	expect(&opt, 1, "x.d.e.example. A", "NOERROR", "=@ !e");
	expect(&opt, 1, "f.g.h.example. DS", "NOERROR aa", "=@ !h");
	/* Nor do the empty non-terminals above them. */
	expect(&opt, 1, "e.example. A", "NOERROR aa", "=@ !e");
	expect(&opt, 1, "g.h.example. A", "NOERROR aa", "=@ !h");
	expect(&opt, 1, "x.g.h.example. A", "NXDOMAIN aa", "=@ !h !*");
	expect(&opt, 1, "nx.example. A", "NXDOMAIN aa", "=@ !nx !*");
	/* A wildcard that is one of them: what covers it. */
	expect(&opt, 1, "x.b.ent.example. A", "NOERROR aa",
	    "=b.ent !x.b.ent !*.b.ent");
	expect(&opt, 1, "x.o.example. A", "NOERROR aa", "=@ !o !*");
	/* Where they are in the chain they match. Q-080 */
	expect(&full, 0, "x.o.example. A", "NOERROR aa", "=o !x.o =*.o");
	expect(&full, 0, "x.b.ent.example. A", "NOERROR aa",
	    "=b.ent !x.b.ent =*.b.ent");
	expect(&full, 0, "c.example. DS", "NOERROR aa", "=c");
	expect(&full, 0, "x.d.e.example. A", "NOERROR", "=d.e");
	expect(&full, 0, "g.h.example. A", "NOERROR aa", "=g.h");
}

TEST(q060_expansion_proves_the_next_closer_name_alone)
{
	expect(&full, 0, "x.w.example. TXT", "NOERROR aa", "!x.w");
	expect(&full, 0, "a.b.x.w.example. TXT", "NOERROR aa", "!x.w");
	expect(&full, 0, "x.w.example. A", "NOERROR aa", "=w !x.w =*.w");
	expect(&full, 0, "*.w.example. A", "NOERROR aa", "=*.w");
}

TEST(q127_aliases_to_what_is_not_there)
{
	expect(&full, 0, "cn.example. A", "NXDOMAIN aa",
	    "=ns1 !nx.ns1 !*.ns1");
	expect(&full, 0, "q.wc.example. A", "NXDOMAIN aa",
	    "!q.wc =ns1 !nx.ns1 !*.ns1");
	expect(&full, 0, "q.wd.example. A", "NOERROR aa",
	    "!q.wd =w !x.w =*.w");
	expect(&full, 0, "q.wd.example. TXT", "NOERROR aa", "!q.wd !x.w");
}

TEST(q123_the_published_chain_while_another_grows)
{
	expect(&full, 2, "nx.example. A", "NXDOMAIN aa", "=@ !nx !*");
	expect(&full, 2, "ns1.example. TXT", "NOERROR aa", "=ns1");
	expect(&full, 2, "x.w.example. A", "NOERROR aa", "=w !x.w =*.w");
}

TEST(q122_owners_of_another_form_are_left_alone)
{
	expect(&full, 3, "nx.example. A", "NXDOMAIN aa", "=@ !nx !*");
	expect(&full, 3, "ns1.example. TXT", "NOERROR aa", "=ns1");
	expect(&full, 3, "abc.example. A", "NXDOMAIN aa", "=@ !abc !*");
	/* In zones whose names leave no room for a hash: no proof. */
	setup();
	ask(&t, "z.example. A do size=4096 stripe=3");
	assert_memory_equal(t.text, "NXDOMAIN aa\n", 12);
}

TEST(q125_an_unknown_hash_proves_nothing)
{
	setup();
	assert_string_equal(ask(&t, "nx.unknown. A do"), "NXDOMAIN aa\n"
	    "AU unknown. 60 SOA ns.unknown. admin.unknown. 1 2 3 4 60\n");
	assert_string_equal(ask(&t, "ns.unknown. A do"), "NOERROR aa\n"
	    "AN ns.unknown. 60 A 192.0.2.1\n");
}
