/*
 * forwarded.h - who the client is when a proxy stands before us.
 *
 * Knows:    X-Forwarded-For, X-Forwarded-Proto, Forwarded (RFC 7239), the
 *           prefixes whose word about others counts.
 * Not here: HTTP, where the headers come from.
 * Needs:    no clock, no descriptor, no allocation.
 * Bounded:  FORWARDED_LINES lines, FORWARDED_HOPS proxies in a row.
 *
 * Anybody can send these headers. So they count only when they come from a
 * trusted proxy, and are read from the right: each trusted proxy vouches for
 * the one element that it added. The first address that is not a trusted
 * proxy's is the client; what stands left of it was written by the client or
 * by strangers, and is not looked at. Only the header that the operator has
 * named is read: proxies pass the others on as the client sent them.
 */
#ifndef API_FORWARDED_H
#define API_FORWARDED_H

#include "common/base/err.h"
#include "common/base/sock.h"

enum {
	FORWARDED_LINES = 8,		/* repetitions of one header */
	FORWARDED_HOPS = 16,
	FORWARDED_TRUSTED = 64,
};

struct forwarded_conf {
	size_t n_trusted;
	struct sock_prefix trusted[FORWARDED_TRUSTED];
	bool rfc7239;			/* read Forwarded, not X-Forwarded-* */
};

/* Header lines as they came, in order; borrowed. */
struct forwarded {
	const char *line[FORWARDED_LINES];	/* the header with addresses */
	size_t n_lines;
	const char *proto[FORWARDED_LINES];	/* X-Forwarded-Proto */
	size_t n_protos;
	bool too_many;
};

struct forwarded_client {
	struct sock_addr address;	/* port 0 */
	bool proxied;			/* a trusted proxy spoke for it */
	bool insecure;			/* which got it without TLS */
};

/** forwarded_trusts() - may this peer speak for others? */
bool forwarded_trusts(const struct forwarded_conf *conf,
    const struct sock_addr *peer);

/** forwarded_note() - a header of the request; ignores those of no use here */
void forwarded_note(struct forwarded *f, const struct forwarded_conf *conf,
    const char *name, const char *value);

/**
 * forwarded_client() - who asks?
 * @peer: the other end of the connection
 *
 * Returns OK; ERR_MALFORMED when a trusted proxy's word cannot be read:
 * nobody can say then whose request it is.
 */
MUST_USE enum err forwarded_client(const struct forwarded *f,
    const struct forwarded_conf *conf, const struct sock_addr *peer,
    struct forwarded_client *out_client);

#endif
