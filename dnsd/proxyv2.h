/*
 * proxyv2.h - the header that a proxy puts before a request or connection.
 *
 * Knows:    PROXY protocol version 2: its form, IPv4 and IPv6 addresses.
 * Not here: who may send one (worker.h), sockets.
 * Pure:     bytes are claims here.
 * Bounded:  PROXYV2_MAX octets, its extensions (TLVs) included; they are
 *           stepped over.
 */
#ifndef DNSD_PROXYV2_H
#define DNSD_PROXYV2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum {
	PROXYV2_FIXED = 16,
	PROXYV2_MAX = 536,
};

struct proxyv2 {
	uint16_t size;			/* of the whole header */
	bool local;			/* the proxy speaks for itself */
	uint8_t ip_len;			/* 4 or 16; 0 with local */
	uint16_t source_port;
	uint16_t target_port;
	uint8_t source[16];
	uint8_t target[16];		/* the address that the client asked */
};

/**
 * proxyv2_parse() - the header at the start of @bytes
 *
 * Returns OK; ERR_AGAIN: it begins like one and is longer than @len;
 * ERR_MALFORMED: none, an unknown version, command or family, addresses that
 * are not all there, or more than PROXYV2_MAX.
 */
MUST_USE enum err proxyv2_parse(const uint8_t *bytes, size_t len,
    struct proxyv2 *out);

#endif
