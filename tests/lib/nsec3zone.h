/*
 * nsec3zone.h - a zone with a real NSEC3 chain, for tests and benchmarks.
 *
 * Names are h000000, h000001 ... below the apex, each with an A and a
 * signature; signatures are stand-ins of the right size.
 */
#ifndef TESTS_LIB_NSEC3ZONE_H
#define TESTS_LIB_NSEC3ZONE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/dname.h"
#include "common/dns/nsec3hash.h"
#include "common/dns/rrtype.h"
#include "tests/lib/testcache.h"

static inline size_t
nsec3zone_wire(const char *text, uint8_t *out)
{
	size_t len;

	if (dname_parse(text, strlen(text), out, &len) != OK)
		abort();
	return len;
}

static inline size_t
nsec3zone_signature(uint8_t *p, unsigned covered, const char *apex)
{
	size_t n;

	memset(p, 0, 18);
	p[1] = (uint8_t)covered;
	p[3] = 13;
	n = 18 + nsec3zone_wire(apex, p + 18);
	memset(p + n, 0x5c, 64);
	return n + 64;
}

static inline int
nsec3zone_by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, NSEC3HASH_SIZE);
}

static inline void
nsec3zone_add(struct testcache *c, const char *apex, unsigned n,
    unsigned iterations)
{
	uint8_t (*hash)[NSEC3HASH_SIZE] = calloc(n + 1, sizeof(*hash));
	uint8_t rdata[512], wire[256], owner[300];
	struct testcache_zone *z;
	struct nsec3hash *h;
	char text[300];
	size_t len;

	if (hash == NULL || nsec3hash_new(&h) != OK)
		abort();
	snprintf(text, sizeof(text), "@ 3600 IN SOA ns1 admin 1 2 3 4 300\n"
	    "@ 3600 IN NS ns1\n@ 3600 IN NSEC3PARAM 1 0 %u -\n", iterations);
	z = testcache_add_text(c, apex, text);
	for (unsigned i = 0; i <= n; i++) {
		if (i == n)
			snprintf(text, sizeof(text), "%s", apex);
		else
			snprintf(text, sizeof(text), "h%06u.%s", i, apex);
		len = nsec3zone_wire(text, wire);
		if (nsec3hash_name(h, NULL, 0, iterations, wire, len,
		    hash[i]) != OK)
			abort();
		if (i == n)
			break;
		testcache_add_record(z, wire, RRTYPE_A, 300,
		    (const uint8_t *)"\1\2\3\4", 4);
		testcache_add_record(z, wire, RRTYPE_RRSIG, 300, rdata,
		    nsec3zone_signature(rdata, RRTYPE_A, apex));
	}
	qsort(hash, n + 1, sizeof(*hash), nsec3zone_by_bytes);
	for (unsigned i = 0; i <= n; i++) {
		owner[0] = NSEC3HASH_TEXT;
		nsec3hash_text(hash[i], (char *)owner + 1);
		(void)nsec3zone_wire(apex, owner + 1 + NSEC3HASH_TEXT);
		memcpy(rdata, "\1\0\0\0\0\24", 6);
		rdata[2] = (uint8_t)(iterations >> 8);
		rdata[3] = (uint8_t)iterations;
		memcpy(rdata + 6, hash[i == n ? 0 : i + 1], NSEC3HASH_SIZE);
		memcpy(rdata + 26, "\0\1\100", 3);
		testcache_add_record(z, owner, RRTYPE_NSEC3, 300, rdata, 29);
		testcache_add_record(z, owner, RRTYPE_RRSIG, 300, rdata,
		    nsec3zone_signature(rdata, RRTYPE_NSEC3, apex));
	}
	nsec3hash_free(h);
	free(hash);
}

#endif
