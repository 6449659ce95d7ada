/*
 * reserved.h - names that nobody claims without the operator's word.
 *
 * Knows:    the root, top-level domains, public suffixes (libpsl), special-use
 *           names (IANA, RFC 6761 and later), reverse trees of private
 *           addresses and of the registries, the operator's own names.
 * Not here: who has the operator's word (claim_allowed).
 * Runs in:  handler threads; reserved_begin() once before them.
 */
#ifndef API_RESERVED_H
#define API_RESERVED_H

#include "common/base/base.h"
#include "common/base/conf.h"

/** reserved_begin() - load the newest list of public suffixes there is */
void reserved_begin(void);
void reserved_end(void);

/**
 * reserved_why() - may this name not be claimed by anybody?
 * @wire: lower case
 *
 * Returns a word for people ("a public suffix"), NULL: nothing against it.
 */
const char *reserved_why(const struct conf *conf, const uint8_t *wire);

#endif
