/*
 * fuzz_answer.c - any request over a cache with every kind of zone.
 *
 * The first octet chooses transport and stripe; the rest is the request. With
 * its top bit set, the rest makes a zone of its own first: odd records of
 * few names, then questions about them. With FUZZ_RAW in the environment all
 * of the input is the request: for a folder of captured packets. The reply is
 * what tests/lib/replycheck.h asks of any. Built with VARIANT=fuzz it is a
 * libFuzzer target; without, it runs once over the files given.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/dname.h"
#include "common/dns/nsec3hash.h"
#include "common/dns/rr.h"
#include "common/dns/rrtype.h"
#include "dnsd/answer.h"
#include "dnsd/chaos.h"
#include "tests/lib/replycheck.h"
#include "tests/lib/testcache.h"
#include "tests/lib/testheads.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SIG(type, labels) \
	"@ 60 IN RRSIG " type " 13 " labels \
	" 60 20300101000000 20200101000000 1 e. AAAA\n"

static const char zone_e[] =
    "@ 60 IN SOA ns admin 1 2 3 4 5\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n"
    "a 60 IN A 192.0.2.2\nc 60 IN CNAME a\nd 60 IN DNAME b\n"
    "x.b 60 IN CNAME c\n*.w 60 IN TXT x\n*.v 60 IN CNAME q.w\n"
    "l 60 IN CNAME m\nm 60 IN CNAME l\nq 60 IN DNAME r.q\n"
    "s 60 IN NS ns.s\ns 60 IN NS t.u\nns.s 60 IN A 192.0.2.3\n"
    "u 60 IN NS t.u\nt.u 60 IN AAAA ::1\nf.g.h 60 IN A 192.0.2.4\n"
    "mx 60 IN MX 1 a\nsrv 60 IN SRV 1 2 3 a\nhs 60 IN HTTPS 1 .\n"
    "hs 60 IN A 192.0.2.5\n\\000\\001 60 IN A 192.0.2.6\n";

static const char zone_n[] =
    "@ 60 IN SOA ns admin 1 2 3 4 5\n@ 60 IN NS ns\n"
    "@ 60 IN NSEC a NS SOA NSEC RRSIG\n" SIG("SOA", "1") SIG("NSEC", "1")
    "a 60 IN NS ns.a\nns.a 60 IN A 192.0.2.1\na 60 IN NSEC c NS\n"
    "c 60 IN CNAME x.w\nc 60 IN NSEC *.w CNAME\n"
    "*.w 60 IN TXT t\n*.w 60 IN NSEC @ TXT\n";

static const char zone_3[] =
    "@ 60 IN SOA ns admin 1 2 3 4 5\n@ 60 IN NS ns\n"
    "@ 60 IN NSEC3PARAM 1 0 1 aa\n" SIG("SOA", "1")
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom 60 IN NSEC3 1 1 1 aa "
    "b4um86eghhds6nea196smvmlo4ors995 A\n"
    "b4um86eghhds6nea196smvmlo4ors995 60 IN NSEC3 1 1 1 aa "
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n"
    "b4um86eghhds6nea196smvmlo4ors99a 60 IN NSEC3 1 1 2 bb "
    "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A\n"
    "d 60 IN NS ns.d\n*.w 60 IN TXT t\n";

static struct testcache cache;
static struct answer_ctx ctx;
static struct answer_job job;
static const struct cookie_secrets secrets = { .n = 2, .key = { { { 1 } } } };
static const struct chaos chaos = {
	.version = { 3, "abc" }, .id = { CHAOS_TEXT_MAX, "x" },
};

#define MUST(expr) \
	do { \
		if (!(expr)) { \
			fprintf(stderr, "fuzz_answer:%d: %s\n", __LINE__, \
			    #expr); \
			abort(); \
		} \
	} while (0)

static void
setup(void)
{
	struct testcache_zone *z;

	testcache_init(&cache, (size_t)8 << 20);
	cache.finish_head = testheads_finish;
	z = testcache_add_text(&cache, "e.", zone_e);
	z->page_bytes = 200;
	z->fanout = 2;
	testcache_add_text(&cache, "n.", zone_n);
	testcache_add_text(&cache, "z.", zone_3);
	testcache_add_text(&cache, "isc.org.", zone_e);
	testcache_add_text(&cache, "s.e.", zone_n);
	z = testcache_add_text(&cache, "x.e.", zone_n);
	z->expire_at_ms = 0;
	z = testcache_add_text(&cache, ".", zone_e);
	z->stripes = 2;
	z = testcache_add_text(&cache, "example.", zone_3);
	z->stripes = 3;
	testcache_publish(&cache);
	ctx = (struct answer_ctx){
		.arena = cache.arena, .arena_size = cache.used,
		.udp_max = 1232, .nsid_len = 3, .nsid = "abc",
		.agent_len = 5, .agent = "\3abc", .cookies = &secrets,
		.keepalive_100ms = 100, .chaos = &chaos,
	};
	MUST(nsec3hash_new(&ctx.nsec3hash) == OK);
}

static void
ask(const struct answer_ctx *c, const struct answer_facts *f)
{
	static struct replycheck check;
	const char *wrong;
	size_t n;

	memset(&job, 0xa5, sizeof(job));
	if (answer(&job, c, f, &n) != ANSWER_SEND)
		return;
	check.request = f->request;
	check.request_len = f->request_len;
	check.limit = f->transport == ANSWER_UDP &&
	    !job.query.edns.present ? 512 : f->out_max;
	check.udp = f->transport == ANSWER_UDP;
	check.qtype = 255;		/* RRSIGs may be alone */
	wrong = replycheck_walk(&check, f->out, n);
	if (wrong == NULL)
		wrong = replycheck_sets(&check, f->out);
	if (wrong == NULL)
		wrong = replycheck_kind(&check);
	if (wrong != NULL)
		fprintf(stderr, "fuzz_answer: %s\n", wrong);
	MUST(wrong == NULL);
}

/* A name below "f." from one octet: up to three labels out of four. */
static size_t
small_name(uint8_t octet, uint8_t *out)
{
	static const char labels[] = "ab*\1";
	size_t n = 0;

	for (unsigned i = octet & 3; i > 0; i--) {
		octet >>= 2;
		out[n++] = 1;
		out[n++] = (uint8_t)labels[octet & 3];
	}
	memcpy(out + n, "\1f", 3);
	return n + 3;
}

/* Records: name, type, length and rdata, or a name where that is one. */
static void
try_zone(const uint8_t *data, size_t len)
{
	static const uint16_t types[] = {
		RRTYPE_A, RRTYPE_NS, RRTYPE_CNAME, RRTYPE_DNAME, RRTYPE_MX,
		RRTYPE_SRV, RRTYPE_SVCB, RRTYPE_HTTPS, RRTYPE_DS, RRTYPE_NSEC,
		RRTYPE_NSEC3, RRTYPE_NSEC3PARAM, RRTYPE_RRSIG, RRTYPE_TXT,
		RRTYPE_AAAA, 65280,
	};
	static uint8_t out[65535];
	static const uint8_t soa[] = "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"
	    "\0\0\0";		/* and the literal's own zero */
	struct answer_ctx c = ctx;
	struct testcache own;
	struct testcache_zone *z;
	uint8_t owner[32], rdata[64], request[64] = { 1, 2, 0, 0, 0, 1 };

	testcache_init(&own, (size_t)1 << 18);
	z = testcache_add(&own, "f.");
	z->page_bytes = 160;
	z->fanout = 2;
	testcache_add_record(z, (const uint8_t *)"\1f", RRTYPE_SOA, 60, soa,
	    sizeof(soa));
	for (unsigned i = 0; i < 40 && len >= 3; i++) {
		uint16_t type = types[data[1] % 16];
		uint8_t pick = data[2];
		size_t n = pick & 31;

		small_name(data[0], owner);
		data += 3;
		len -= 3;
		if (type == RRTYPE_NS || type == RRTYPE_CNAME ||
		    type == RRTYPE_DNAME) {
			n = small_name(pick, rdata);
		} else {
			n = n < len ? n : len;
			memcpy(rdata, data, n);
			data += n;
			len -= n;
		}
		if (rr_rdata_check(type, rdata, n) == OK)
			testcache_add_record(z, owner, type, 60, rdata, n);
	}
	testcache_publish(&own);
	c.arena = own.arena;
	c.arena_size = own.used;
	for (unsigned i = 0; i < 64; i++) {
		struct answer_facts f = {
			.request = request, .out = out, .source_port = 1,
			.transport = i & 1 ? ANSWER_TCP : ANSWER_UDP,
			.out_max = i & 1 ? sizeof(out) : 1232,
			.now_boot_ms = 1,
		};
		size_t at = 12 + small_name((uint8_t)(i * 37), request + 12);
		unsigned type = types[i % 16];

		memcpy(request + at, "\0\0\0\1\0\0\51\4\320\0\0\200\0\0\0",
		    15);
		request[at] = (uint8_t)(type >> 8);
		request[at + 1] = (uint8_t)type;
		request[11] = 1;
		f.request_len = at + 15;
		ask(&c, &f);
	}
	testcache_fini(&own);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t out[65535], raw[65536];
	struct answer_facts f;

	if (cache.arena == NULL)
		setup();
	if (getenv("FUZZ_RAW") != NULL && len < sizeof(raw)) {
		memcpy(raw + 1, data, len);
		data = raw;
		len++;
	}
	if (len < 1 || len > 65536)
		return 0;
	if (data[0] & 0x80) {
		try_zone(data + 1, len - 1);
		return 0;
	}
	f = (struct answer_facts){
		.request_len = len - 1,
		.transport = data[0] & 1 ? data[0] & 4 ? ANSWER_TLS :
		    ANSWER_TCP : ANSWER_UDP,
		.out = out, .source_port = 1,
		.client = (const uint8_t *)"\1\2\3\4", .client_len = 4,
		.stripe = (data[0] >> 1) & 1, .now_boot_ms = 1,
	};
	f.out_max = f.transport == ANSWER_UDP ? 1232 : sizeof(out);
	/* An exact copy: reading past it is seen. */
	uint8_t *copy = malloc(f.request_len > 0 ? f.request_len : 1);
	MUST(copy != NULL);
	memcpy(copy, data + 1, f.request_len);
	f.request = copy;
	ask(&ctx, &f);
	free(copy);
	return 0;
}
