/*
 * gate_zonemd.h - the digest over a whole zone, RFC 8976.
 *
 * Knows:    the SIMPLE scheme with SHA-384 and SHA-512, which of the apex's
 *           ZONEMD records count, what is hashed and in which order.
 * Not here: reading pages (gate_walk), what follows from it (gate).  No clock,
 *           no descriptor.
 * Runs in:  a crew thread.
 * Bounded:  GATE_ZONEMD_MAX records at the apex; one name's records.
 */
#ifndef XFERD_GATE_ZONEMD_H
#define XFERD_GATE_ZONEMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/page.h"

enum { GATE_ZONEMD_MAX = 64 };

struct gate_zonemd;

/**
 * gate_zonemd_new() - read the ZONEMD records of the apex
 * @apex:      wire form, borrowed until gate_zonemd_free()
 * @name:      the apex's entry; borrowed for the call
 * @serial:    of the SOA
 *
 * Returns OK, ERR_NO_MEMORY.
 */
MUST_USE enum err gate_zonemd_new(const uint8_t *apex,
    const struct page_name *name, uint32_t serial, struct gate_zonemd **out);
void gate_zonemd_free(struct gate_zonemd *z);	/* accepts NULL */

/** gate_zonemd_present() - is there a ZONEMD record at the apex at all? */
bool gate_zonemd_present(const struct gate_zonemd *z);

/** gate_zonemd_wants() - is there one to compare a digest with? */
bool gate_zonemd_wants(const struct gate_zonemd *z);

/**
 * gate_zonemd_name() - the next owner in canonical order, each once
 * @normal: its records of the normal tree, or NULL
 * @nsec3:  its records of the NSEC3 tree, or NULL; not both NULL
 *
 * Returns OK, ERR_NO_MEMORY, ERR_INTERNAL (libcrypto).
 */
MUST_USE enum err gate_zonemd_name(struct gate_zonemd *z,
    const struct page_name *normal, const struct page_name *nsec3);

/**
 * gate_zonemd_end() - after the last name
 * @require:    a zone without a record that can be verified is not fine
 * @out_reason: NULL when it verifies or there is nothing to verify
 * @text:       why not, for a person
 *
 * Returns OK, ERR_INTERNAL.
 */
MUST_USE enum err gate_zonemd_end(struct gate_zonemd *z, bool require,
    const char **out_reason, char *text, size_t size);

#endif
