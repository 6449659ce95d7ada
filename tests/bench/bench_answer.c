/*
 * bench_answer.c - what answer() costs, without sockets.
 *
 *	bench_answer [-z ZONES] [-d DELEGATIONS] [-s SIGNED] [-o OCCLUDED]
 *	    [-n QUERIES] [-w WIDTH] CASE ...
 *
 * CASE: exact nx nodata cname referral exact-do nx-do, and of the zone with
 * SIGNED names under NSEC3: exact3-do nx3-do; default: all of these. Those of
 * tests/lib/worstzones.h are known by their names there; "worst": all of
 * them. WIDTH jobs run in lockstep. Prints nanoseconds a query. What
 * callgrind counts of it is in tests/bench/counts.py.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/dns/dname.h"
#include "common/dns/nsec3hash.h"
#include "common/dns/rrtype.h"
#include "dnsd/answer.h"
#include "tests/lib/nsec3zone.h"
#include "tests/lib/testcache.h"
#include "tests/lib/testheads.h"
#include "tests/lib/worstzones.h"

static struct testcache cache;
static struct answer_ctx ctx;
static struct answer_job jobs[ANSWER_LOCKSTEP];
/* Rows do not begin at the same places of the processor's caches. */
static uint8_t in[ANSWER_LOCKSTEP][512 + 64], out[ANSWER_LOCKSTEP][65536 + 128];
static unsigned n_zones = 20000, n_delegations = 200000, n_signed = 100000;
static unsigned n_occluded = 1000;

static const char zone_text[] =
    "@ 3600 IN SOA ns1 admin 1 2 3 4 300\n"
    "@ 3600 IN NS ns1\n@ 3600 IN NS ns2\n@ 3600 IN MX 10 mail\n"
    "ns1 3600 IN A 192.0.2.1\nns2 3600 IN A 192.0.2.2\n"
    "mail 3600 IN A 192.0.2.3\nwww 300 IN A 192.0.2.4\n"
    "web 300 IN CNAME www\n";

static const char signed_text[] =
    "www 300 IN RRSIG A 13 3 300 20300101000000 20200101000000 1 test. "
    "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"
    "QUFBQUFBQUFBQUFBQUFBQUFBQQ==\n"
    "@ 300 IN NSEC3PARAM 1 0 0 -\n";

static void
add(struct testcache_zone *z, const char *owner, uint16_t type,
    const void *rdata, size_t len)
{
	uint8_t wire[256];
	size_t n;

	if (dname_parse(owner, strlen(owner), wire, &n) != OK)
		abort();
	testcache_add_record(z, wire, type, 3600, rdata, len);
}

static void
build(void)
{
	struct testcache_zone *z;
	char name[80], nsec3[128];
	uint8_t rdata[256];

	testcache_init(&cache, (size_t)3 << 30);
	cache.finish_head = testheads_finish;
	for (unsigned i = 0; i < n_zones; i++) {
		snprintf(name, sizeof(name), "zone%06u.test.", i);
		testcache_add_text(&cache, name, zone_text);
	}
	testcache_add_text(&cache, "signed.test.", zone_text);
	z = &cache.zones[cache.n_zones - 1];
	{
		FILE *f = fmemopen((void *)(uintptr_t)signed_text,
		    strlen(signed_text), "r");

		z = testcache_add_file(&cache, "signed.test.", f);
		fclose(f);
		/* Two texts, one zone: join them. */
		struct testcache_zone *a = z - 1;

		for (size_t i = 0; i < z->n_records; i++)
			testcache_add_record(a, z->records[i].owner,
			    z->records[i].type, z->records[i].ttl,
			    z->records[i].rdata, z->records[i].rdlen);
		cache.n_zones--;
		z = a;
	}
	for (unsigned i = 0; i < 32; i++) {
		static const char digits[] = "0123456789abcdefghijklmnopqrstuv";

		snprintf(name, sizeof(name),
		    "%c%031d.signed.test.", digits[i], 0);
		snprintf(nsec3, sizeof(nsec3), "%c", digits[i]);
		memcpy(rdata, "\1\0\0\0\0\24", 6);
		memset(rdata + 6, (int)(i * 8), 20);
		memcpy(rdata + 26, "\0\1\100", 3);
		add(z, name, RRTYPE_NSEC3, rdata, 29);
		memset(rdata, 0, sizeof(rdata));
		memcpy(rdata, "\0\62\15\3", 4);
		memcpy(rdata + 18, "\6signed\4test", 13);
		add(z, name, RRTYPE_RRSIG, rdata, 18 + 13 + 64);
	}
	z = testcache_add_text(&cache, "tld.",
	    "@ 3600 IN SOA ns1 admin 1 2 3 4 300\n@ 3600 IN NS ns1\n"
	    "ns1 60 IN A 192.0.2.1\n");
	for (unsigned i = 0; i < n_delegations; i++) {
		snprintf(name, sizeof(name), "d%06u.tld.", i);
		add(z, name, RRTYPE_NS, "\3ns1\3net\6hoster\3com", 20);
		add(z, name, RRTYPE_NS, "\3ns2\3net\6hoster\3com", 20);
	}
	ctx = (struct answer_ctx){ 0 };
	if (nsec3hash_new(&ctx.nsec3hash) != OK)
		abort();
	nsec3zone_add(&cache, "three.test.", n_signed, 0);
	worstzones_add(&cache, n_occluded);
	testcache_publish(&cache);
	ctx = (struct answer_ctx){
		.nsec3hash = ctx.nsec3hash,
		.arena = cache.arena, .arena_size = cache.used,
		.udp_max = 1232,
	};
}

static size_t
make(uint8_t *p, const char *name, uint16_t type, bool dnssec)
{
	static const uint8_t opt[11] = { 0, 0, 41, 4, 0xd0, 0, 0, 0x80 };
	size_t len, at = 12;

	memset(p, 0, 12);
	p[5] = 1;
	if (dname_parse(name, strlen(name), p + at, &len) != OK)
		abort();
	at += len;
	p[at++] = (uint8_t)(type >> 8);
	p[at++] = (uint8_t)type;
	p[at++] = 0;
	p[at++] = 1;
	p[11] = 1;
	memcpy(p + at, opt, sizeof(opt));
	if (!dnssec)
		p[at + 7] = 0;
	return at + sizeof(opt);
}

static const struct worstzones_case *
worst_of(const char *what)
{
	for (size_t i = 0; i < COUNT_OF(worstzones_cases); i++)
		if (strcmp(what, worstzones_cases[i].name) == 0)
			return &worstzones_cases[i];
	return NULL;
}

static size_t
make_case(uint8_t *p, const char *what, unsigned r)
{
	char name[1100];
	unsigned z = r % n_zones;
	bool dnssec = strstr(what, "-do") != NULL;

	if (worst_of(what) != NULL) {
		worstzones_owner(worst_of(what)->owner, name, sizeof(name));
		return make(p, name, worst_of(what)->type,
		    worst_of(what)->dnssec);
	}
	if (strcmp(what, "referral") == 0) {
		snprintf(name, sizeof(name), "www.d%06u.tld",
		    r % n_delegations);
		return make(p, name, RRTYPE_A, false);
	}
	if (strchr(what, '3') != NULL) {
		snprintf(name, sizeof(name), "%s%06u.three.test",
		    what[0] == 'n' ? "nx" : "h", r % n_signed);
		return make(p, name, RRTYPE_A, true);
	}
	if (dnssec) {
		snprintf(name, sizeof(name), "%s.signed.test",
		    what[0] == 'n' ? "nxname" : "www");
		return make(p, name, RRTYPE_A, true);
	}
	snprintf(name, sizeof(name), "%s.zone%06u.test",
	    strcmp(what, "nx") == 0 ? "nxname" :
	    strcmp(what, "cname") == 0 ? "web" : "www", z);
	return make(p, name, strcmp(what, "nodata") == 0 ? RRTYPE_AAAA :
	    RRTYPE_A, false);
}

/* One batch in lockstep. */
static size_t
ask(const size_t *len, unsigned width, bool tcp)
{
	bool more = true;
	size_t n, sum = 0;

	for (unsigned i = 0; i < width; i++) {
		struct answer_facts f = {
			.request = in[i], .request_len = len[i],
			.out = out[i], .out_max = tcp ? 65535 : 1232,
			.transport = tcp ? ANSWER_TCP : ANSWER_UDP,
			.source_port = 1,
			.now_boot_ms = 1,
		};

		answer_begin(&jobs[i], &ctx, &f);
	}
	while (more) {
		more = false;
		for (unsigned i = 0; i < width; i++)
			more |= answer_step(&jobs[i]);
	}
	for (unsigned i = 0; i < width; i++) {
		if (answer_finish(&jobs[i], &n) == ANSWER_SEND)
			sum += n;
	}
	return sum;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Not inlined: callgrind writes its counts down whenever it begins. */
NOINLINE void bench_case(const char *what, unsigned n_queries, unsigned width);

void
bench_case(const char *what, unsigned n_queries, unsigned width)
{
	bool tcp = worst_of(what) != NULL && worst_of(what)->tcp;
	uint64_t r = 88172645463325252u;
	double spent = 0;
	size_t len[ANSWER_LOCKSTEP], sum = 0;

	for (unsigned n = 0; n < n_queries; n += width) {
		double start;

		for (unsigned i = 0; i < width; i++) {
			r ^= r << 13;
			r ^= r >> 7;
			r ^= r << 17;
			len[i] = make_case(in[i], what, (unsigned)(r >> 20));
		}
		start = now();
		sum += ask(len, width, tcp);
		spent += now() - start;
	}
	printf("%-16s width %2u: %7.0f ns a query, %4.0f octets\n", what,
	    width, spent * 1e9 / n_queries, (double)sum / n_queries);
}

static void
run(const char *what, unsigned n_queries, unsigned width)
{
	if (width != 0) {
		bench_case(what, n_queries, width);
	} else {
		bench_case(what, n_queries, 1);
		bench_case(what, n_queries, ANSWER_LOCKSTEP);
	}
}

int
main(int argc, char **argv)
{
	static const char *const all[] = {
		"exact", "nx", "nodata", "cname", "referral", "exact-do",
		"nx-do", "exact3-do", "nx3-do"
	};
	unsigned n_queries = 320000, width = 0;
	int c;

	while ((c = getopt(argc, argv, "z:d:s:o:n:w:")) != -1) {
		unsigned v = (unsigned)strtoul(optarg, NULL, 10);

		if (c == 'z')
			n_zones = v > 0 ? v : 1;
		else if (c == 'd')
			n_delegations = v > 0 ? v : 1;
		else if (c == 's')
			n_signed = v > 0 ? v : 1;
		else if (c == 'o')
			n_occluded = v > 0 ? v : 1;
		else if (c == 'n')
			n_queries = v > 0 ? v : 1;
		else if (c == 'w')
			width = v > ANSWER_LOCKSTEP ? ANSWER_LOCKSTEP : v;
	}
	build();
	for (size_t i = 0; optind == argc && i < COUNT_OF(all); i++)
		run(all[i], n_queries, width);
	for (; optind < argc; optind++) {
		if (strcmp(argv[optind], "worst") != 0) {
			run(argv[optind], n_queries, width);
			continue;
		}
		for (size_t i = 0; i < COUNT_OF(worstzones_cases); i++)
			run(worstzones_cases[i].name, n_queries, width);
	}
	return 0;
}
