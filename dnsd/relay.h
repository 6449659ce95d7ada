/*
 * relay.h - NOTIFY from port 53 on its way to xferd, and the answer back.
 *
 * Knows:    the relay frame of docs/INTERFACES.md.
 * Not here: DNS: datagrams are bytes.  TSIG, zones: xferd's.
 * Runs in:  workers make frames; the relay role passes them on.
 * Bounded:  RELAY_FRAME_MAX bytes; nobody ever waits: what cannot be passed
 *           on is dropped and counted.
 *
 * Frame, network order: u8 version, u8 kind, u16 0, u64 cookie, then listener
 * and source each as u8 family (4, 6), 16 bytes address, u16 port; u16 length,
 * datagram.  A reply carries the request's header and the answer, empty for
 * "say nothing".
 */
#ifndef DNSD_RELAY_H
#define DNSD_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/sock.h"

enum {
	RELAY_VERSION = 1,
	RELAY_REQUEST = 1,
	RELAY_REPLY = 2,
	RELAY_HEADER_BYTES = 1 + 1 + 2 + 8 + 2 * (1 + 16 + 2) + 2,
	RELAY_DATAGRAM_MAX = 4096,
	RELAY_FRAME_MAX = RELAY_HEADER_BYTES + RELAY_DATAGRAM_MAX,
};

/* Cookies: where a reply goes. */
#define RELAY_COOKIE_TCP (UINT64_C(1) << 63)

#define RELAY_COOKIE_PROXY (UINT64_C(1) << 62)

/**
 * relay_cookie_proxy() - the answer goes to this proxy, not to the source
 * @prefix: which configured prefix it is of; its host bits and port are in
 *          the cookie, so that of IPv6 only /96 and longer can be told
 */
uint64_t relay_cookie_proxy(unsigned prefix, const struct sock_addr *proxy);

/** relay_cookie_address() - the way back; false: it cannot be told */
bool relay_cookie_address(uint64_t cookie, const struct sock_prefix *prefixes,
    unsigned n, struct sock_addr *out);

struct relay_frame {
	uint8_t kind;
	uint64_t cookie;
	struct sock_addr listener;
	struct sock_addr source;
	const uint8_t *datagram;
	uint16_t len;
};

/** relay_frame_put() - encode; @out has RELAY_FRAME_MAX bytes.
 *  Returns the length, 0 when the datagram is too long. */
size_t relay_frame_put(const struct relay_frame *f, uint8_t *out);

/** relay_frame_get() - decode; bytes are claims; datagram points into @bytes */
MUST_USE enum err relay_frame_get(const uint8_t *bytes, size_t len,
    struct relay_frame *out);

#endif
