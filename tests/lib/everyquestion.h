/*
 * everyquestion.h - zones with a name in every situation, and all questions
 * that can be put to them: types, classes, shapes of EDNS, transports.
 *
 * tests/tools/exhaustive asks them all; test_answer_every.c a sample.
 */
#ifndef TESTS_LIB_EVERYQUESTION_H
#define TESTS_LIB_EVERYQUESTION_H

#include <stdio.h>

#include "common/base/base.h"
#include "common/dns/dname.h"
#include "common/dns/nsec3hash.h"
#include "common/dns/rr.h"
#include "dnsd/answer.h"
#include "tests/lib/replycheck.h"
#include "tests/lib/testcache.h"

#define EVERYQUESTION_SIG(type, labels) \
	"RRSIG " type " 13 " labels " 60 20300101000000 20200101000000 1 s. " \
	"AAAA\n"

/* One text; "s." has NSEC links beside, "t." a hash chain of two. */
static const char everyquestion_zone[] =
    "@ 300 IN SOA ns admin 1 2 3 4 60\n@ 300 IN " EVERYQUESTION_SIG("SOA", "1")
    "@ 300 IN NS ns\n@ 300 IN NS ns.cut\n@ 300 IN MX 1 host\n"
    "@ 300 IN DNSKEY 257 3 13 AAAA\n"
    "ns 60 IN A 192.0.2.1\n"
    "host 60 IN A 192.0.2.2\nhost 60 IN A 192.0.2.3\n"
    "host 60 IN " EVERYQUESTION_SIG("A", "2")
    "host 60 IN AAAA 2001:db8::2\nhost 60 IN TXT t\n"
    "host 60 IN SRV 1 2 3 ns\nhost 60 IN HTTPS 1 .\n"
    "cn 60 IN CNAME host\ncn 60 IN " EVERYQUESTION_SIG("CNAME", "2")
    "cnout 60 IN CNAME x.elsewhere.\ncnnx 60 IN CNAME nx.host\n"
    "cncut 60 IN CNAME x.cut\ncnent 60 IN CNAME ent\ncnw 60 IN CNAME q.w\n"
    "loop 60 IN CNAME pool\npool 60 IN CNAME loop\n"
    "dn 60 IN DNAME w\ndn 60 IN " EVERYQUESTION_SIG("DNAME", "2")
    "dnself 60 IN DNAME a.dnself\n"
    "dnlong 60 IN DNAME "
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb."
    "ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc\n"
    "cut 60 IN NS ns.cut\ncut 60 IN NS ns\nns.cut 60 IN A 192.0.2.4\n"
    "ns.cut 60 IN AAAA 2001:db8::4\n"
    "sec 60 IN NS ns\nsec 60 IN DS 1 13 2 aa\n"
    "sec 60 IN " EVERYQUESTION_SIG("DS", "2")
    "a.b.ent 60 IN A 192.0.2.5\n"
    "*.w 60 IN TXT w\n*.w 60 IN A 192.0.2.6\n*.w 60 IN MX 1 host\n"
    "*.w 60 IN " EVERYQUESTION_SIG("A", "2")
    "*.cw 60 IN CNAME host\nsub.*.sw 60 IN A 192.0.2.7\n";

static const char everyquestion_nsec[] =
    "@ 60 IN NSEC a.b.ent NS SOA MX RRSIG NSEC DNSKEY\n"
    "@ 60 IN " EVERYQUESTION_SIG("NSEC", "1")
    "cut 60 IN NSEC host NS\ncut 60 IN " EVERYQUESTION_SIG("NSEC", "2")
    "host 60 IN NSEC ns A\nhost 60 IN " EVERYQUESTION_SIG("NSEC", "2")
    "ns 60 IN NSEC *.w A\nns 60 IN " EVERYQUESTION_SIG("NSEC", "2")
    "*.w 60 IN NSEC @ A\n*.w 60 IN " EVERYQUESTION_SIG("NSEC", "2");

static const char everyquestion_nsec3[] =
    "@ 60 IN NSEC3PARAM 1 0 1 aa\n"
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN NSEC3 1 1 1 aa "
    "b4um86eghhds6nea196smvmlo4ors995 A\n"
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN " EVERYQUESTION_SIG("NSEC3", "2")
    "b4um86eghhds6nea196smvmlo4ors995 60 IN NSEC3 1 1 1 aa "
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n"
    "b4um86eghhds6nea196smvmlo4ors995 60 IN " EVERYQUESTION_SIG("NSEC3", "2");

/* Relative to each of the three apexes. */
static const char *const everyquestion_names[] = {
	"", "host", "HosT", "nx", "x.host", "ent", "b.ent", "nx.ent", "cn",
	"cnout", "cnnx", "cncut", "cnent", "cnw", "loop", "dn", "x.dn",
	"x.y.dn", "x.dnself", "dddddddddddddddddddddddddddddddddddddddddddddd"
	"dddddddddddddd.dnlong", "cut", "x.cut", "ns.cut", "sec", "x.sec",
	"w", "x.w", "x.y.w", "*.w", "x.*.w", "x.cw", "x.sw", "big",
	"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom",
};
static const char *const everyquestion_apexes[] = {
	"p.", "s.", "t.", "dead.", "empty.", "paused.", "elsewhere.", "child.s.",
};

struct everyquestion_shape {
	const char *what;
	bool edns, dnssec, sound;
	uint8_t version;
	uint16_t size;
	const char *options;
	uint16_t options_len;
};

#define EVERYQUESTION_OPTIONS(s)	s, sizeof(s) - 1

static const struct everyquestion_shape everyquestion_shapes[] = {
	{ .what = "no OPT", .sound = true },
	{ .what = "512", .edns = true, .sound = true, .size = 512 },
	{ .what = "1232 DO", .edns = true, .dnssec = true, .sound = true,
	    .size = 1232 },
	{ .what = "512 DO", .edns = true, .dnssec = true, .sound = true,
	    .size = 512 },
	{ .what = "0", .edns = true, .sound = true },
	{ .what = "65535 DO NSID, client subnet, unknown", .edns = true,
	    .dnssec = true, .sound = true, .size = 65535, EVERYQUESTION_OPTIONS(
	    "\0\3\0\0\0\10\0\7\0\1\30\0\300\0\2\375\350\0\2ab") },
	{ .what = "cookie, keepalive, padding", .edns = true, .sound = true,
	    .size = 1232, EVERYQUESTION_OPTIONS(
	    "\0\12\0\10abcdefgh\0\13\0\0\0\14\0\4\0\0\0\0") },
	{ .what = "version 1", .edns = true, .version = 1, .sound = true,
	    .size = 1232 },
	{ .what = "cookie of 7", .edns = true, .size = 1232,
	    EVERYQUESTION_OPTIONS("\0\12\0\7abcdefg") },
};

struct everyquestion {
	struct testcache cache;
	struct answer_ctx ctx;
	struct answer_job job;
	struct replycheck check;
	uint8_t request[600];
	uint8_t reply[65535];
	size_t reply_len;
	uint64_t n, n_sent;
};

static inline void
everyquestion_init(struct everyquestion *e)
{
	static char text[16384];
	struct testcache_zone *z;
	uint8_t txt[201] = { 200 }, owner[16];

	memset(e, 0, sizeof(*e));
	testcache_init(&e->cache, (size_t)8 << 20);
	testcache_add_text(&e->cache, "p.", everyquestion_zone);
	snprintf(text, sizeof(text), "%s%s", everyquestion_zone,
	    everyquestion_nsec);
	z = testcache_add_text(&e->cache, "s.", text);
	z->page_bytes = 300;
	z->fanout = 3;
	for (unsigned k = 0; k < 2; k++) {	/* into the last two zones */
		z = &e->cache.zones[k];
		memcpy(owner, "\3big\1s", 7);
		owner[5] = k == 0 ? 'p' : 's';
		for (unsigned i = 0; i < 40; i++) {
			txt[1] = (uint8_t)i;
			testcache_add_record(z, owner, 16, 60, txt, 201);
			testcache_add_record(z, owner, 65280, 60, txt, 200);
		}
	}
	snprintf(text, sizeof(text), "%s%s", everyquestion_zone,
	    everyquestion_nsec3);
	testcache_add_text(&e->cache, "t.", text);
	z = testcache_add_text(&e->cache, "dead.", everyquestion_zone);
	z->expire_at_ms = 0;
	z = testcache_add(&e->cache, "empty.");
	z->state = CACHE_ZONE_EMPTY;
	z = testcache_add_text(&e->cache, "paused.", everyquestion_zone);
	z->state = CACHE_ZONE_SUSPENDED;
	testcache_add_text(&e->cache, "child.s.", everyquestion_zone);
	testcache_publish(&e->cache);
	e->ctx = (struct answer_ctx){
		.arena = e->cache.arena, .arena_size = e->cache.used,
		.udp_max = 1232, .nsid_len = 3, .nsid = "abc",
	};
	if (nsec3hash_new(&e->ctx.nsec3hash) != OK)
		abort();
}

static inline void
everyquestion_fini(struct everyquestion *e)
{
	nsec3hash_free(e->ctx.nsec3hash);
	testcache_fini(&e->cache);
}

/* @name in wire form. Returns what is wrong with the answer, or NULL. */
static inline const char *
everyquestion_ask(struct everyquestion *e, const uint8_t *name, uint16_t type,
    uint16_t qclass, const struct everyquestion_shape *s,
    enum answer_transport transport)
{
	size_t n = dname_len(name), len;
	uint8_t *p = e->request;
	struct answer_facts f = {
		.request = p, .out = e->reply, .source_port = 1,
		.transport = transport, .now_boot_ms = 1000,
		.out_max = transport == ANSWER_UDP ? 1232 : sizeof(e->reply),
	};
	struct replycheck *c = &e->check;
	size_t limit = s->edns ? s->size < 512 ? 512 : s->size : 512;

	memset(p, 0, 12);
	p[0] = (uint8_t)(e->n >> 8);
	p[1] = (uint8_t)e->n;
	p[2] = e->n & 1;			/* RD now and then */
	p[5] = 1;
	p[11] = s->edns;
	memcpy(p + 12, name, n);
	p += 12 + n;
	*p++ = (uint8_t)(type >> 8);
	*p++ = (uint8_t)type;
	*p++ = (uint8_t)(qclass >> 8);
	*p++ = (uint8_t)qclass;
	if (s->edns) {
		const uint8_t opt[11] = { 0, 0, 41, (uint8_t)(s->size >> 8),
		    (uint8_t)s->size, 0, s->version, s->dnssec ? 0x80 : 0, 0,
		    (uint8_t)(s->options_len >> 8), (uint8_t)s->options_len };

		memcpy(p, opt, sizeof(opt));
		p += sizeof(opt);
		if (s->options_len > 0)
			memcpy(p, s->options, s->options_len);
		p += s->options_len;
	}
	f.request_len = (size_t)(p - e->request);
	e->n++;
	if (answer(&e->job, &e->ctx, &f, &len) != ANSWER_SEND)
		return "no answer";
	e->n_sent++;
	e->reply_len = len;
	c->request = e->request;
	c->request_len = f.request_len;
	c->qtype = type;
	c->qclass = qclass;
	c->edns = s->edns;
	c->dnssec = s->dnssec;
	c->sound = s->sound;
	c->udp = transport == ANSWER_UDP;
	c->limit = !c->udp ? 65535 : limit < 1232 ? limit : 1232;
	return replycheck(c, e->reply, len);
}

#endif
