/*
 * sock.h - socket addresses as plain values, prefixes, and opening sockets.
 *
 * Knows:    IPv4 and IPv6 literals; no host names, ever.
 * Not here: which destinations are allowed (xferd/egress).
 */
#ifndef COMMON_BASE_SOCK_H
#define COMMON_BASE_SOCK_H

#include <sys/socket.h>

#include "common/base/err.h"

/*
 * An address and port. Values are normal: unused bytes are zero, so two
 * equal addresses are equal bytes. IPv4 is in ip[0..3]. A v4-mapped IPv6
 * address stays IPv6 unless sock_addr_unmap() is asked.
 */
struct sock_addr {
	uint8_t		ip[16];
	uint32_t	scope;		/* IPv6 link-local interface, else 0 */
	uint16_t	port;		/* host order */
	uint8_t		family;		/* 4, 6, or 0 for "none" */
	uint8_t		zero;
};
static_assert(sizeof(struct sock_addr) == 24, "no padding: compared as bytes");

struct sock_prefix {
	uint8_t		ip[16];		/* host bits are zero */
	uint8_t		family;		/* 4 or 6 */
	uint8_t		len;		/* 0..32 or 0..128 */
};

/* "[ffff:...:255.255.255.255%4294967295]:65535" and its terminator. */
#define SOCK_TEXT_MAX	72

/**
 * sock_addr_parse() - "192.0.2.1:53", "[2001:db8::1]:53", or without a port
 * @text:         IPv6 needs brackets when a port follows
 * @default_port: used when there is none; -1: a port is required
 *
 * Returns OK or ERR_INVALID.
 */
MUST_USE enum err sock_addr_parse(const char *text, int default_port,
    struct sock_addr *out);

/** sock_ip_parse() - an address literal without port or brackets; port 0 */
MUST_USE enum err sock_ip_parse(const char *text, struct sock_addr *out);

/** sock_addr_print() - "ADDR:PORT" or "[v6]:PORT"; returns @out */
const char *sock_addr_print(const struct sock_addr *a, char out[SOCK_TEXT_MAX]);

/** sock_ip_print() - the address alone; returns @out */
const char *sock_ip_print(const struct sock_addr *a, char out[SOCK_TEXT_MAX]);

/* For log lines: the text lives to the end of the enclosing block. */
#define SOCK_TEXT(a)	sock_addr_print((a), (char[SOCK_TEXT_MAX]){ 0 })

/** sock_addr_from_sa() - ERR_INVALID for other families or a short @len */
MUST_USE enum err sock_addr_from_sa(const struct sockaddr *sa, socklen_t len,
    struct sock_addr *out);

/** sock_addr_to_sa() - returns the length to give to the kernel; 0 for family 0 */
socklen_t sock_addr_to_sa(const struct sock_addr *a,
    struct sockaddr_storage *out);

/** sock_addr_unmap() - ::ffff:a.b.c.d becomes IPv4 in place */
void sock_addr_unmap(struct sock_addr *a);

/** sock_addr_cmp() - <0, 0, >0; a total order over family, address, port */
int sock_addr_cmp(const struct sock_addr *a, const struct sock_addr *b);

/** sock_ip_equal() - same address, ports ignored */
bool sock_ip_equal(const struct sock_addr *a, const struct sock_addr *b);

bool sock_addr_is_loopback(const struct sock_addr *a);
bool sock_addr_is_any(const struct sock_addr *a);

/**
 * sock_prefix_parse() - "192.0.2.0/24" or an address alone (full length)
 *
 * Host bits must be zero. Returns OK or ERR_INVALID.
 */
MUST_USE enum err sock_prefix_parse(const char *text, struct sock_prefix *out);

/** sock_prefix_match() - is the address inside? v4-mapped is not IPv4 here */
bool sock_prefix_match(const struct sock_prefix *p, const struct sock_addr *a);

/**
 * sock_listen() - a bound socket, non-blocking, close-on-exec
 * @type:        SOCK_STREAM (also listens) or SOCK_DGRAM
 * @backlog:     for SOCK_STREAM
 * @reuse_port:  SO_REUSEPORT, for one socket per worker
 * @out_fd:      given; close() it
 *
 * SO_REUSEADDR for streams; IPV6_V6ONLY for IPv6. Returns ERR_BUSY when
 * the port is taken, ERR_DENIED when it is privileged, ERR_UNREACHABLE
 * when the address is not of this machine.
 */
MUST_USE enum err sock_listen(const struct sock_addr *a, int type, int backlog,
    bool reuse_port, int *out_fd);

/** sock_local() - the address a socket is bound to */
MUST_USE enum err sock_local(int fd, struct sock_addr *out);

/**
 * sock_unix() - a Unix socket, non-blocking, close-on-exec
 * @type:   SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM
 * @path:   at most 107 bytes
 * @listen: bind (a stale socket file is removed) and listen; else connect
 *
 * Returns ERR_INVALID for a long path, else by errno.
 */
MUST_USE enum err sock_unix(int type, const char *path, bool listen,
    int *out_fd);

MUST_USE enum err sock_nonblock(int fd, bool on);

#endif
