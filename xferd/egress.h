/*
 * egress.h - the one place of xferd that connects to anything.
 *
 * Knows:    which destinations are forbidden (design section 5, SSRF), source
 *           addresses, non-blocking connect.
 * Not here: reading or writing: the descriptor is passed on unread.
 * Runs in:  keep's loop thread.
 * Bounded:  EGRESS_PREFIXES_MAX allowed prefixes, EGRESS_PORTS_MAX ports,
 *           EGRESS_OWN_MAX addresses of our own.
 *
 * What is checked is the socket address that connect() gets: primaries are
 * address literals, there is no name that could resolve to something else.
 */
#ifndef XFERD_EGRESS_H
#define XFERD_EGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/sock.h"

enum {
	EGRESS_PREFIXES_MAX = 64,
	EGRESS_PORTS_MAX = 64,
	EGRESS_OWN_MAX = 512,
};

enum egress_verdict {
	EGRESS_ALLOWED,
	EGRESS_NO_ADDRESS,		/* 0.0.0.0, ::, not IPv4 or IPv6 */
	EGRESS_LOOPBACK,
	EGRESS_PRIVATE,			/* RFC 1918, ULA, shared address space */
	EGRESS_LINK_LOCAL,
	EGRESS_MULTICAST,
	EGRESS_METADATA,		/* a cloud's metadata service */
	EGRESS_EMBEDDED,		/* an IPv4 address inside an IPv6 one */
	EGRESS_RESERVED,
	EGRESS_OWN,			/* our own servers, this host */
	EGRESS_PORT,
};

struct egress_rules {
	struct sock_prefix allowed[EGRESS_PREFIXES_MAX];
	unsigned n_allowed;
	uint16_t ports[EGRESS_PORTS_MAX];	/* beside 53 and 853 */
	unsigned n_ports;
	bool any_port;
	struct sock_addr own[EGRESS_OWN_MAX];	/* any port of them */
	unsigned n_own;
	struct sock_addr source4, source6;	/* family 0: any */
};

/**
 * egress_rules_allow() - one word of the configuration's list of prefixes
 *
 * Returns OK, ERR_INVALID, ERR_LIMIT.
 */
MUST_USE enum err egress_rules_allow(struct egress_rules *rules,
    const char *prefix);
/* A port number, or "any". */
MUST_USE enum err egress_rules_port(struct egress_rules *rules,
    const char *port);
/* A local address literal to send from. */
MUST_USE enum err egress_rules_source(struct egress_rules *rules,
    const char *address);

/** egress_rules_own() - an address of this service; ERR_LIMIT */
MUST_USE enum err egress_rules_own(struct egress_rules *rules,
    const struct sock_addr *address);
/** egress_rules_interfaces() - those that this host has now */
void egress_rules_interfaces(struct egress_rules *rules);

/** egress_check() - pure; may this address be connected to? */
enum egress_verdict egress_check(const struct egress_rules *rules,
    const struct sock_addr *to);

/* "a loopback address" and the like, for people. */
const char *egress_text(enum egress_verdict verdict);

/**
 * egress_connect() - check, bind the source, connect without waiting
 * @type:       SOCK_STREAM or SOCK_DGRAM
 * @out_fd:     given on OK; non-blocking, close-on-exec
 * @out_pending: the connection is still being made (streams)
 * @out_errno:  the system's number when it failed; may be NULL
 *
 * Returns OK; ERR_DENIED (reject: egress_check() says why); ERR_REFUSED,
 * ERR_UNREACHABLE (retry); ERR_SYSTEM (fail).
 */
MUST_USE enum err egress_connect(const struct egress_rules *rules,
    const struct sock_addr *to, int type, int *out_fd, bool *out_pending,
    int *out_errno);

/**
 * egress_connect_chosen() - the same, by TCP, to an address that the operator
 * configured: the mail relay may well be on loopback
 */
MUST_USE enum err egress_connect_chosen(const struct egress_rules *rules,
    const struct sock_addr *to, int *out_fd, bool *out_pending,
    int *out_errno);

#endif
