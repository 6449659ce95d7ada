/*
 * dname.h - domain names in wire form: check, walk, compare, print.
 *
 * Knows:    RFC 1035 3.1 (labels), 4.1.4 (compression), 5.1 (text),
 *           RFC 4343 (case), RFC 4034 6.1 (canonical order).
 * Not here: owner keys (ownerkey.h), records, messages.
 * Runs in:  everything; pure, no state.
 * Bounded:  DNAME_MAX octets, DNAME_LABELS_MAX labels, DNAME_JUMPS_MAX
 *           compression pointers.
 *
 * Two kinds of function: those that take (bytes, length) check claims; those
 * that take only a name trust that one of the first kind has accepted it.
 */
#ifndef COMMON_DNS_DNAME_H
#define COMMON_DNS_DNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

#define DNAME_MAX		255	/* octets of a name in wire form */
#define DNAME_LABEL_MAX		63	/* octets of a label */
#define DNAME_LABELS_MAX	127	/* labels, the root's not counted */
#define DNAME_JUMPS_MAX		127	/* pointers followed in one name */
/* The longest text: 4 characters an octet, 127 dots less, a NUL. */
#define DNAME_TEXT_MAX		1025

/**
 * dname_scan() - check an uncompressed name at the start of some bytes
 * @bytes:   borrowed
 * @len:     how many of them may be read
 * @out_len: set on OK; octets of the name, the root label included (1..255)
 *
 * Returns OK or ERR_MALFORMED (label type, too long, cut off, pointer).
 */
MUST_USE enum err dname_scan(const uint8_t *bytes, size_t len,
    size_t *out_len);

/**
 * dname_unpack() - read a name, compressed or not, out of a message
 * @msg:      the whole message; borrowed
 * @len:      its length
 * @off:      where the name begins
 * @out_name: at least DNAME_MAX octets; the uncompressed name, case kept
 * @out_len:  set on OK; octets in @out_name
 * @out_next: set on OK; offset behind the name as it stands in @msg
 *
 * A pointer must point before the label run that it ends, so no loop exists,
 * and not into the header (the first 12 octets);
 * DNAME_JUMPS_MAX bounds the work all the same.  RFC 1035 4.1.4
 *
 * Returns OK or ERR_MALFORMED; the outputs may be scribbled on then.
 */
MUST_USE enum err dname_unpack(const uint8_t *msg, size_t len, size_t off,
    uint8_t *out_name, size_t *out_len, size_t *out_next);

/** dname_len() - octets of a checked name, the root label included */
size_t dname_len(const uint8_t *name);

/** dname_labels() - labels of a checked name; the root has 0 */
unsigned dname_labels(const uint8_t *name);

/**
 * dname_offsets() - where the labels of a checked name begin
 * @out_off: at least DNAME_LABELS_MAX + 1 places; the last one set is the
 *           root label's
 *
 * Returns the number of labels (the index of the root label's offset).
 */
unsigned dname_offsets(const uint8_t *name, uint8_t *out_off);

/** dname_lower_octet() - ASCII lower case of one octet */
static inline uint8_t
dname_lower_octet(uint8_t c)
{
	return (uint8_t)(c - 'A') < 26 ? (uint8_t)(c | 0x20) : c;
}

/**
 * dname_lower() - copy a checked name, ASCII letters in lower case
 * @name:     may be the same place as @out_name
 * @out_name: dname_len(@name) octets are written
 *
 * Returns the length.  RFC 4343; RFC 4034 6.2
 */
size_t dname_lower(const uint8_t *name, uint8_t *out_name);

/** dname_equal() - same name, letter case aside.  RFC 4343 */
bool dname_equal(const uint8_t *a, const uint8_t *b);

/**
 * dname_compare() - canonical order of two checked names
 *
 * Returns less than, equal to, or greater than 0.  RFC 4034 6.1
 */
int dname_compare(const uint8_t *a, const uint8_t *b);

/** dname_is_under() - @name is @apex or below it, letter case aside */
bool dname_is_under(const uint8_t *name, const uint8_t *apex);

/**
 * dname_print() - presentation form with the final dot
 * @name:     checked
 * @out_text: at least DNAME_TEXT_MAX characters; printable ASCII, NUL at the
 *            end
 *
 * What a zone file would misread is escaped: \. \\ \" \( \) \; \@ \$, and
 * \DDD for blanks, controls and everything above 0x7e.  RFC 1035 5.1
 *
 * Returns the number of characters before the NUL.
 */
size_t dname_print(const uint8_t *name, char *out_text);

/** dname_print_bare() - like dname_print(), no final dot; the root is "." */
size_t dname_print_bare(const uint8_t *name, char *out_text);

/**
 * dname_parse() - name from presentation form
 * @text:     need not end in NUL; the final dot may be missing (a name is
 *            always absolute here); "." is the root
 * @len:      characters in @text
 * @out_name: at least DNAME_MAX octets; case kept
 * @out_len:  set on OK
 *
 * Accepts \X and \DDD.  Any other octet stands for itself, but controls,
 * blanks and octets above 0x7e are refused: a name in text is printable.
 *
 * Returns OK or ERR_MALFORMED.  RFC 1035 5.1
 */
MUST_USE enum err dname_parse(const char *text, size_t len,
    uint8_t *out_name, size_t *out_len);

#endif
