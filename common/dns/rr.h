/*
 * rr.h - rdata: shapes, checks, canonical form, names inside.
 *
 * Knows:    the shapes of rrtype.def.   RFC 1035, 3597, 4034 6.2, 6840 5.1
 * Not here: owners, sets, text, messages' sections.
 * Runs in:  anywhere; pure, no state, no allocation.
 * Bounded:  by the lengths given; rdata is at most RR_RDATA_MAX octets.
 *
 * "Rdata" below is always uncompressed wire form, except for the input of
 * rr_rdata_from_message().
 */
#ifndef COMMON_DNS_RR_H
#define COMMON_DNS_RR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/rrtype.h"

#define RR_RDATA_MAX	65535
#define RR_NAME_MAX	255

/**
 * rr_rdata_check() - is this well-formed rdata of its type?
 *
 * Strict for the types of rrtype.def: every field inside the length, names
 * valid and uncompressed, character-strings filling the rdata, bitmaps in
 * order without empty windows, SvcParams in order, APL lengths. Other types
 * are opaque: any length to RR_RDATA_MAX is fine. Meta types are refused.
 *
 * Returns OK or ERR_MALFORMED.  Cost: O(len).
 */
MUST_USE enum err rr_rdata_check(uint16_t type, const uint8_t *rdata,
    size_t len);

/**
 * rr_rdata_from_message() - copy rdata out of a message, names expanded
 * @msg:     the whole message; borrowed
 * @off:     where the rdata begins; @off + @rdlen must be within @len (a
 *           claim: it is checked)
 * @out:     room for @out_max octets; RR_RDATA_MAX is always enough
 * @out_len: set on OK
 *
 * Names are expanded only in the types that may arrive compressed (RFC 1035
 * types, and those of RFC 3597 4); a pointer elsewhere is malformed. A pointer
 * must lead strictly backwards, behind the header. Case is kept. The result
 * has passed rr_rdata_check().
 *
 * Returns OK; ERR_MALFORMED; ERR_SPACE when @out_max is too small.
 */
MUST_USE enum err rr_rdata_from_message(const uint8_t *msg, size_t len,
    size_t off, size_t rdlen, uint16_t type, uint8_t *out, size_t out_max,
    size_t *out_len);

/**
 * rr_canonical_compare() - canonical order of two rdata of one type
 *
 * RFC 4034 6.3 over the canonical form of 6.2 as amended by RFC 6840 5.1.
 * Both must be well-formed; of malformed ones the order is arbitrary, but
 * nothing outside them is read.
 *
 * Returns <0, 0, >0.  0 means "the same record".
 */
int rr_canonical_compare(uint16_t type, const uint8_t *a, size_t a_len,
    const uint8_t *b, size_t b_len);

/**
 * rr_canonical_in_place() - lower the case of the names that 4034 6.2 lists
 */
void rr_canonical_in_place(uint16_t type, uint8_t *rdata, size_t len);

/* One name inside rdata. */
struct rr_name {
	uint16_t off;		/* of its first length octet in the rdata */
	uint16_t len;		/* octets, the root label included */
	char kind;		/* N D L n, as in rrtype.def */
};

/* Walks the names of one rdata; treat the fields as private. */
struct rr_names {
	const char *shape;
	const uint8_t *rdata;
	size_t len;
	size_t off;
	bool servers;		/* HIP: the rest is names */
};

/**
 * rr_names_begin(), rr_names_next() - the names inside one rdata, in order
 *
 * rr_names_next() returns false at the end, or where the rdata stops making
 * sense. "N" names are those that may be compressed when sent.
 *
 *	struct rr_names it = rr_names_begin(type, rdata, len);
 *	struct rr_name n;
 *	while (rr_names_next(&it, &n)) ...
 */
struct rr_names rr_names_begin(uint16_t type, const uint8_t *rdata, size_t len);
bool rr_names_next(struct rr_names *it, struct rr_name *out);

/* rr_has_names() - does this type have any name in its rdata (cheap)? */
bool rr_has_names(uint16_t type);

/* The fields of a SOA's rdata. */
struct rr_soa {
	const uint8_t *mname, *rname;	/* into the rdata */
	uint16_t mname_len, rname_len;
	uint32_t serial, refresh, retry, expire, minimum;
};

/* rr_soa_parse() - Returns OK or ERR_MALFORMED. @out points into @rdata. */
MUST_USE enum err rr_soa_parse(const uint8_t *rdata, size_t len,
    struct rr_soa *out);

/* rr_rrsig_covered() - the type an RRSIG covers; 0 when it is too short */
static inline uint16_t
rr_rrsig_covered(const uint8_t *rdata, size_t len)
{
	return len < 18 ? 0 : (uint16_t)(rdata[0] << 8 | rdata[1]);
}

/**
 * rr_name_check() - length of the uncompressed wire name at the start of @p
 *
 * Returns the octets it takes (1 to 255, root label included); 0 when it is
 * not a valid name within @len octets.
 */
size_t rr_name_check(const uint8_t *p, size_t len);

#endif
