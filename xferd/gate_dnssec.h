/*
 * gate_dnssec.h - would this zone validate?
 *
 * Knows:    every authoritative set is signed and its signature good, the keys
 *           sign themselves and fit the trust anchors, the NSEC or NSEC3 chain
 *           is complete with empty non-terminals and opt-out.
 *           RFC 4035 2, RFC 5155 7, RFC 6840
 * Not here: crypto (gate_keys), reading pages (gate_walk), what follows from it
 *           (gate).  No clock, no descriptor.
 * Runs in:  a crew thread; fed in any number of pieces.
 * Bounded:  one GATE_DNSSEC_ENTRY for each NSEC3 record; libcrypto by
 *           GATE_KEY_TRIES_MAX a set.
 *
 * Order: gate_dnssec_new(); gate_dnssec_nsec3() for the names of the NSEC3
 * tree; gate_dnssec_name() for those of the normal tree; gate_dnssec_end().
 * The first fault found stays; after it the rest may be left out.
 */
#ifndef XFERD_GATE_DNSSEC_H
#define XFERD_GATE_DNSSEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/page.h"
#include "xferd/gate.h"

struct gate_dnssec;

/* What one name says about the page that it lies in. */
struct gate_dnssec_seen {
	bool all_good;			/* each signed set of it verified */
	int64_t until_s;		/* the first end; INT64_MAX: none */
};

/**
 * gate_dnssec_new() - keys, anchors, kind of chain
 * @apex:   wire form, lower case; borrowed until gate_dnssec_free()
 * @name:   the apex's entry; borrowed for the call
 * @policy: borrowed for the call
 *
 * Returns OK, ERR_NO_MEMORY.
 */
MUST_USE enum err gate_dnssec_new(const uint8_t *apex,
    const struct page_name *name, const struct gate_policy *policy,
    int64_t now_s, struct gate_dnssec **out);
void gate_dnssec_free(struct gate_dnssec *d);	/* accepts NULL */

/** gate_dnssec_busy() - is there anything left to look at? */
bool gate_dnssec_busy(const struct gate_dnssec *d);

/** gate_dnssec_keys() - fingerprint of the DNSKEY set; 0: none */
int64_t gate_dnssec_keys(const struct gate_dnssec *d);

/**
 * gate_dnssec_nsec3(), gate_dnssec_name() - the next name of that tree
 * @trusted: the signatures of its page were verified with the same keys and
 *           are in time; only the chain is looked at
 *
 * Returns OK, ERR_NO_MEMORY.
 */
MUST_USE enum err gate_dnssec_nsec3(struct gate_dnssec *d,
    const struct page_name *name, bool trusted, struct gate_dnssec_seen *out);
MUST_USE enum err gate_dnssec_name(struct gate_dnssec *d,
    const struct page_name *name, bool trusted, struct gate_dnssec_seen *out);

/**
 * gate_dnssec_end() - after the last name
 * @out_reason: NULL when it would validate, or is not signed and need not be
 */
void gate_dnssec_end(struct gate_dnssec *d, const char **out_reason,
    char *text, size_t size);

/** gate_dnssec_verified() - sets whose signatures were computed: the cost */
uint64_t gate_dnssec_verified(const struct gate_dnssec *d);

#endif
