/*
 * worstzones.h - zones that a hostile tenant would publish, and the questions
 * that cost most in them.  For the test that work is bounded and for the
 * benchmark that says what it costs.
 */
#ifndef TESTS_LIB_WORSTZONES_H
#define TESTS_LIB_WORSTZONES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/base.h"
#include "common/dns/rrtype.h"
#include "tests/lib/nsec3zone.h"
#include "tests/lib/testcache.h"

enum {
	WORSTZONES_DEPTH = 100,		/* labels of the deep names */
	WORSTZONES_TYPES = 190,
	WORSTZONES_ITERATIONS = 2500,
};

struct worstzones_case {
	const char *name;		/* for tables */
	const char *owner;		/* {deep} is replaced */
	uint16_t type;
	bool dnssec;
	bool tcp;
};

static const struct worstzones_case worstzones_cases[] = {
	{ "ordinary", "www.worst.test.", RRTYPE_A, false, false },
	{ "127-labels", "{deep}b.b.b.b.b.b.b.b.b.b.b.b.b.b.b.b.b.b.b.b.b.b.b."
	    "b.b.b.w.", RRTYPE_A, false, false },
	{ "escaped-octets", "\\000\\001\\000\\001\\000\\001\\000\\001\\000"
	    "\\001\\000\\001\\000\\001\\000\\001.worst.test.", RRTYPE_A, false,
	    false },
	{ "deep-wildcard", "x.{deep}worst.test.", RRTYPE_A, false, false },
	{ "deep-wildcard-nx", "x.y.{deep}w.worst.test.", RRTYPE_A, false,
	    false },
	{ "cname-chain", "c0.{deep}worst.test.", RRTYPE_A, false, true },
	{ "dname-chain", "x.e0.worst.test.", RRTYPE_A, false, true },
	{ "occluded", "n000007.cut.worst.test.", RRTYPE_A, false, false },
	{ "occluded-nx", "n000007x.cut.worst.test.", RRTYPE_A, false, false },
	{ "rrset-100-udp", "many.worst.test.", RRTYPE_A, false, false },
	{ "rrset-100-tcp", "many.worst.test.", RRTYPE_A, false, true },
	{ "mx-100-deep", "mail.worst.test.", RRTYPE_MX, false, true },
	{ "ns-200-glue", "x.cut2.worst.test.", RRTYPE_A, false, false },
	{ "types-190", "types.worst.test.", 1000 + WORSTZONES_TYPES - 1, false,
	    false },
	{ "nsec3-2500-nx", "x.hard.test.", RRTYPE_A, true, false },
	{ "nsec3-2500-deep", "{deep}h000001.hard.test.", RRTYPE_A, true,
	    false },
};

/* The owner of a case as text. */
static inline void
worstzones_owner(const char *owner, char *out, size_t size)
{
	const char *deep = strstr(owner, "{deep}");
	size_t n;

	if (deep == NULL) {
		snprintf(out, size, "%s", owner);
		return;
	}
	n = (size_t)(deep - owner);
	memcpy(out, owner, n);
	for (int i = 0; i < WORSTZONES_DEPTH && n + 2 < size; i++) {
		out[n++] = 'b';
		out[n++] = '.';
	}
	snprintf(out + n, size - n, "%s", deep + 6);
}

static inline size_t
worstzones_wire(const char *owner, uint8_t *out)
{
	char text[1100];

	worstzones_owner(owner, text, sizeof(text));
	return nsec3zone_wire(text, out);
}

static inline void
worstzones_put(struct testcache_zone *z, const char *owner, uint16_t type,
    const void *rdata, size_t len)
{
	uint8_t wire[256];

	(void)worstzones_wire(owner, wire);
	testcache_add_record(z, wire, type, 300, rdata, len);
}

static inline void
worstzones_put_name(struct testcache_zone *z, const char *owner, uint16_t type,
    unsigned skip, const char *target)
{
	uint8_t rdata[300] = { 0 };
	size_t len = worstzones_wire(target, rdata + skip);

	worstzones_put(z, owner, type, rdata, skip + len);
}

static inline void
worstzones_add(struct testcache *c, unsigned n_occluded)
{
	struct testcache_zone *z = testcache_add_text(c, "worst.test.",
	    "@ 3600 IN SOA ns1 admin 1 2 3 4 300\n@ 3600 IN NS ns1\n"
	    "ns1 60 IN A 192.0.2.1\nwww 60 IN A 192.0.2.1\n"
	    "dname 60 IN DNAME www\ncut 60 IN NS ns1.cut\n");
	char a[1100], b[1100];

	testcache_add_text(c, "w.", "@ 3600 IN SOA ns1 admin 1 2 3 4 300\n"
	    "@ 3600 IN NS ns1\ndname 60 IN DNAME @\n* 60 IN TXT w\n");
	z = &c->zones[c->n_zones - 2];
	worstzones_put(z, "*.{deep}worst.test.", RRTYPE_A, "\1\2\3\4", 4);
	worstzones_put(z, "*.{deep}w.worst.test.", RRTYPE_MX, "\0\1\0", 3);
	for (unsigned i = 0; i < 24; i++) {
		snprintf(a, sizeof(a), "c%u.{deep}worst.test.", i);
		snprintf(b, sizeof(b), "c%u.{deep}worst.test.", i + 1);
		worstzones_put_name(z, a, RRTYPE_CNAME, 0, b);
		snprintf(a, sizeof(a), "e%u.worst.test.", i);
		snprintf(b, sizeof(b), "e%u.worst.test.", i + 1);
		worstzones_put_name(z, a, RRTYPE_DNAME, 0, b);
	}
	for (unsigned i = 0; i < n_occluded; i++) {
		snprintf(a, sizeof(a), "n%06u.cut.worst.test.", i);
		worstzones_put(z, a, RRTYPE_A, "\1\2\3\4", 4);
	}
	for (unsigned i = 0; i < 200; i++) {
		uint8_t address[4] = { 10, 0, 0, (uint8_t)i };

		if (i < 100) {
			worstzones_put(z, "many.worst.test.", RRTYPE_A,
			    address, 4);
			snprintf(a, sizeof(a), "m%02u.{deep}worst.test.", i);
			worstzones_put(z, a, RRTYPE_A, address, 4);
			worstzones_put_name(z, "mail.worst.test.", RRTYPE_MX,
			    2, a);
		}
		snprintf(a, sizeof(a), "s%03u.cut2.worst.test.", i);
		worstzones_put_name(z, "cut2.worst.test.", RRTYPE_NS, 0, a);
		worstzones_put(z, a, RRTYPE_A, address, 4);
		if (i < WORSTZONES_TYPES)
			worstzones_put(z, "types.worst.test.",
			    (uint16_t)(1000 + i), address, 4);
	}
	nsec3zone_add(c, "hard.test.", 100, WORSTZONES_ITERATIONS);
}

#endif
