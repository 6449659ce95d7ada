/*
 * ownerkey.h - owner names as byte strings whose memcmp order is canonical.
 *
 * Knows:    RFC 4034 6.1 order, the two trees of a zone (normal, NSEC3).
 * Not here: pages, records, text.
 * Runs in:  everywhere; pure.
 * Bounded:  OWNERKEY_MAX bytes, 127 labels.
 *
 * A key is the tree byte, then the labels of the owner *relative to the
 * zone's apex*, from the apex side down.  Each label is lower-cased (ASCII
 * only), 0x00 becomes 01 01 and 0x01 becomes 01 02, and is ended by 0x00.
 * The apex is the tree byte alone.  Compare with memcmp over the shorter
 * length, then by length: that is the canonical order.  The key of every
 * ancestor is a prefix of the key, ending just behind a 0x00.
 */
#ifndef COMMON_DNS_OWNERKEY_H
#define COMMON_DNS_OWNERKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum {
	OWNERKEY_TREE_NORMAL = 0,
	OWNERKEY_TREE_NSEC3 = 1,

	/* 1 tree byte + 2 * (255 - 1): every byte of the longest name escaped. */
	OWNERKEY_MAX = 512,
	OWNERKEY_LABELS_MAX = 127,
};

struct ownerkey {
	uint16_t len;
	uint8_t n_labels;		/* relative labels in bytes[] */
	uint8_t bytes[OWNERKEY_MAX];
};

/**
 * ownerkey_from_dname() - the key of an owner in a zone
 * @owner:    wire form, valid (dname_check()), any case; borrowed
 * @apex:     wire form of the zone's apex, valid
 * @tree:     OWNERKEY_TREE_*
 * @out_key:  written on OK
 *
 * Returns OK; ERR_NOT_IN_ZONE (reject) when @owner is not at or below @apex.
 */
MUST_USE enum err ownerkey_from_dname(const uint8_t *owner,
    const uint8_t *apex, int tree, struct ownerkey *out_key);

/**
 * ownerkey_check() - is this byte string a key that an owner below an apex of
 *                    @apex_len wire bytes can have
 *
 * For bytes from outside (handoff, database, files): tree byte, escapes, label
 * lengths 1..63, total wire length at most 255, lower case.
 */
MUST_USE bool ownerkey_check(const uint8_t *key, size_t len, size_t apex_len);

/**
 * ownerkey_to_labels() - relative labels in wire order, without the root byte
 * @out: room for at least 254 bytes
 * Returns the bytes written: 0 for the apex.  @key must pass ownerkey_check().
 */
size_t ownerkey_to_labels(const uint8_t *key, size_t len, uint8_t *out);

/**
 * ownerkey_to_dname() - the absolute wire name
 * @out: room for 255 bytes
 * Returns the length written, root byte included.
 */
size_t ownerkey_to_dname(const uint8_t *key, size_t len, const uint8_t *apex,
    uint8_t *out);

/** Canonical comparison: <0, 0, >0. */
int ownerkey_compare(const uint8_t *a, size_t a_len, const uint8_t *b,
    size_t b_len);

/** Length of the key of the parent; 1 for a name directly below the apex,
 *  0 when @len is the apex itself. */
size_t ownerkey_parent_len(const uint8_t *key, size_t len);

/** Is @key at or below @anc (same tree)? */
bool ownerkey_is_below(const uint8_t *key, size_t len, const uint8_t *anc,
    size_t anc_len);

#endif
