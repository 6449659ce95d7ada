/*
 * rdata.h - random well-formed rdata of every type of rrtype.def, for tests.
 */
#ifndef TESTS_LIB_RDATA_H
#define TESTS_LIB_RDATA_H

#include <stdint.h>
#include <stddef.h>

/* A small generator of its own: same seed, same test. */
struct rdata_random {
	uint64_t state;
};

uint32_t rdata_random(struct rdata_random *r, uint32_t below);

/* rdata_name() - a random wire name of at most @max octets (255 or less) */
size_t rdata_name(struct rdata_random *r, uint8_t *out, size_t max);

/* rdata_make() - random rdata of @type; room for 4096 octets */
size_t rdata_make(struct rdata_random *r, uint16_t type, uint8_t *out);

/* Every type number of the table that may be data. */
extern const uint16_t rdata_types[];
extern const size_t rdata_n_types;

#endif
