/*
 * rrtext.h - records and types as text, and back. The one room with ldns.
 *
 * Knows:    presentation format, through ldns as a codec of single records.
 * Not here: zones, transfers, checks of tenants' data (ldns is no judge).
 * Runs in:  apid (export, records), tests. Never on a query path.
 * Bounded:  RRTEXT_MAX characters a record; longer is an error.
 *
 * Output is printable ASCII only. What ldns cannot print, or prints in a way
 * that does not come back, is given as RFC 3597 text (\# n hex).
 */
#ifndef COMMON_DNS_RRTEXT_H
#define COMMON_DNS_RRTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

/* Rdata of 65535 octets as \DDD, with blanks and quotes, and an owner. */
#define RRTEXT_MAX	(4 * 65535 + 8192)
#define RRTEXT_NAME_MAX	1024	/* 255 octets, each as \DDD, and a NUL */
#define RRTEXT_TYPE_MAX	16	/* "NSEC3PARAM", "TYPE65535", and a NUL */

/**
 * rrtext_type() - mnemonic of a type, or TYPEnnn; always NUL-terminated
 */
void rrtext_type(uint16_t type, char out[RRTEXT_TYPE_MAX]);

/**
 * rrtext_type_parse() - type number of a mnemonic or TYPEnnn, case ignored
 *
 * Q types (ANY, AXFR ...) are known too; ask rrtype_is_data() about them.
 *
 * Returns OK; ERR_NOT_FOUND.
 */
MUST_USE enum err rrtext_type_parse(const char *text, uint16_t *out_type);

/**
 * rrtext_name() - a wire name as text, absolute, with the final dot
 *
 * Returns OK; ERR_MALFORMED.  The text is NUL-terminated.
 */
MUST_USE enum err rrtext_name(const uint8_t *name, size_t len,
    char out[RRTEXT_NAME_MAX]);

/**
 * rrtext_rdata() - rdata as presentation text, without a newline
 * @out:      room for @max characters, NUL included
 * @out_len:  strlen of the text
 *
 * Returns OK; ERR_SPACE when @max is too small; ERR_NO_MEMORY. Any octets are
 * taken: what is not well-formed for its type comes out as \# text.
 */
MUST_USE enum err rrtext_rdata(uint16_t type, const uint8_t *rdata, size_t len,
    char *out, size_t max, size_t *out_len);

/**
 * rrtext_record() - "owner TAB ttl TAB class TAB type TAB rdata"
 */
MUST_USE enum err rrtext_record(const uint8_t *owner, size_t owner_len,
    uint32_t ttl, uint16_t class, uint16_t type, const uint8_t *rdata,
    size_t len, char *out, size_t max, size_t *out_len);

/**
 * rrtext_rdata_parse() - rdata from presentation text; names in it must be
 * absolute (for tests and tools; never for tenants' data)
 *
 * Returns OK; ERR_MALFORMED; ERR_SPACE; ERR_NO_MEMORY.
 */
MUST_USE enum err rrtext_rdata_parse(uint16_t type, const char *text,
    uint8_t *out, size_t max, size_t *out_len);

#endif
