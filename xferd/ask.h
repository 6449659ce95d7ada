/*
 * ask.h - make the requests that fetch, probe and check send.
 *
 * Pure. TSIG is appended by the caller (tsig).
 */
#ifndef XFERD_ASK_H
#define XFERD_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

/* A request with the longest names, a SOA, OPT and TSIG fits. */
#define ASK_MAX		2048

/* Advertised UDP size: what passes everywhere. */
#define ASK_UDP_SIZE	1232

#define ASK_PAD		128

struct ask {
	uint16_t id;
	const uint8_t *apex;		/* wire */
	size_t apex_len;
	uint16_t type;			/* IXFR has a SOA too */
	bool edns;			/* OPT with an empty EXPIRE (RFC 7314) */
	bool plain;			/* OPT without options */
	bool dnssec_ok;			/* DO in it */
	bool recurse;			/* RD */
	bool stream;			/* over TCP or TLS: keepalive (RFC 7828) */
	bool pad;			/* to ASK_PAD octets (RFC 8467 4.1) */
	const uint8_t *soa;		/* IXFR: our SOA's rdata; NULL: made up */
	size_t soa_len;
	uint32_t serial;		/* IXFR */
};

/* ask_make() - Returns OK; ERR_SPACE when @max is too small. */
MUST_USE enum err ask_make(const struct ask *a, uint8_t *out, size_t max,
    size_t *out_len);

#endif
