/*
 * rrtype.h - the record types by number, and what a number may be used for.
 *
 * Knows:    rrtype.def.
 * Not here: text for people (rrtext), rdata (rr).
 */
#ifndef COMMON_DNS_RRTYPE_H
#define COMMON_DNS_RRTYPE_H

#include <stdbool.h>
#include <stdint.h>

enum rrtype {
#define RRTYPE(number, name, shape) RRTYPE_##name = number,
#include "common/dns/rrtype.def"
#undef RRTYPE
};

enum rrclass {
	RRCLASS_IN = 1,
	RRCLASS_CH = 3,
	RRCLASS_HS = 4,
	RRCLASS_NONE = 254,
	RRCLASS_ANY = 255,
};

/**
 * rrtype_is_data() - may a record of this type be zone data?
 *
 * Not: 0, OPT, NXNAME and the Q and meta types 128 to 255. RFC 6895 3.1
 */
static inline bool
rrtype_is_data(uint16_t type)
{
	return type != 0 && type != RRTYPE_OPT && (type < 128 || type > 255) &&
	    type != 65535;
}

/**
 * rrtype_shape() - the shape string of rrtype.def
 *
 * Returns "B" (opaque) for a type that is not in the table.  Cost: O(1).
 */
const char *rrtype_shape(uint16_t type);

/**
 * rrtype_name() - mnemonic, or NULL for a type we have no name for
 *
 * "NSAP-PTR" is spelled with its hyphen.
 */
const char *rrtype_name(uint16_t type);

#endif
