/*
 * testcache.h - a cache image in memory, made from zone text: what the feeder
 * would publish, without feeder, database or shared memory.
 *
 * For unit tests, fuzzers, benchmarks and tests/tools/answerd. Everything
 * that goes wrong ends the program: it is for tests.
 */
#ifndef TESTS_LIB_TESTCACHE_H
#define TESTS_LIB_TESTCACHE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/dns/ownerkey.h"

struct testcache_record {
	struct ownerkey *key;		/* with its tree byte */
	uint8_t *owner;			/* wire, as given */
	uint8_t *rdata;
	uint32_t ttl;
	uint16_t type;
	uint16_t rdlen;
};

struct testcache_zone {
	uint8_t apex[256];		/* wire, lower case */
	struct testcache_record *records;
	size_t n_records;
	size_t max_records;
	/* May be set before testcache_publish(). */
	uint64_t stripes;		/* 1 */
	int64_t expire_at_ms;		/* INT64_MAX */
	uint8_t state;			/* loaded */
	size_t page_bytes;		/* target, small for many pages */
	unsigned fanout;		/* children of a node */
};

struct cache_zone;

struct testcache {
	uint8_t *arena;			/* for struct answer_ctx */
	size_t size;
	size_t used;			/* bytes */
	struct testcache_zone *zones;
	size_t n_zones;
	size_t max_zones;
	/* NULL, or what the feeder would do with a head before it is seen:
	 * tests of dnsd give testheads_finish() (testheads.h). */
	void (*finish_head)(const uint8_t *arena, struct cache_zone *head);
};

void testcache_init(struct testcache *c, size_t arena_bytes);
void testcache_fini(struct testcache *c);

/** An empty zone; the pointer is good until the next testcache_add_*(). */
struct testcache_zone *testcache_add(struct testcache *c, const char *apex);

/** A zone from master file text ($ORIGIN and $TTL are set already). */
struct testcache_zone *testcache_add_text(struct testcache *c,
    const char *apex, const char *text);
struct testcache_zone *testcache_add_file(struct testcache *c,
    const char *apex, FILE *f);

void testcache_add_record(struct testcache_zone *z, const uint8_t *owner,
    uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t rdlen);

/** Build pages, nodes, heads and the directory of all zones. Once. */
void testcache_publish(struct testcache *c);

#endif
