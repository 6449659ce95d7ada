/*
 * shared.h - the descriptors of a running dnsd: memory, sockets, pairs.
 *
 * Knows:    making each of them, or adopting it from a dead predecessor's
 *           holder (hold.h); addresses and their stripes.
 * Not here: which role gets which, processes (supervisor.c).
 * Runs in:  the supervisor, before its children.
 * Bounded:  INHERIT_MAX descriptors, WORKER_SOCKETS_MAX addresses.
 */
#ifndef DNSD_SHARED_H
#define DNSD_SHARED_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/conf.h"
#include "common/base/err.h"
#include "common/base/sock.h"
#include "dnsd/control.h"
#include "dnsd/inherit.h"
#include "dnsd/worker.h"

struct shared {
	const struct conf *conf;	/* until made; borrowed */
	bool beside;			/* a predecessor's children may run */
	struct inherit all;		/* everything that is shared */
	struct inherit found;		/* what a holder gave, unused so far */
	struct control *control;
	const struct cache_super *super;
	int n_addresses;
	struct sock_addr address[WORKER_SOCKETS_MAX];
	uint8_t stripe[WORKER_SOCKETS_MAX];
	bool proxied[WORKER_SOCKETS_MAX];	/* of dns.proxy_listen */
	int n_tls;
	struct sock_addr tls_address[WORKER_SOCKETS_MAX];
	uint8_t tls_stripe[WORKER_SOCKETS_MAX];
	struct cookie_jar *jar;
};

/** shared_addresses() - first: what to listen on.  ERR_LIMIT, ERR_CONFIG */
MUST_USE enum err shared_addresses(struct shared *s, const struct conf *conf);

/**
 * shared_make() - adopt or make everything else
 * @hold_path: where a predecessor's holder may listen
 * @beside:    children of a dead supervisor may still run: share their ports
 */
MUST_USE enum err shared_make(struct shared *s, const char *hold_path,
    bool beside);

/** shared_offer() - the socket of our own holder; the old one is gone */
MUST_USE enum err shared_offer(struct shared *s, const char *hold_path);

/** shared_fd() - the descriptor with this label.  A promise: it is there. */
int shared_fd(const struct shared *s, const char *label);

/** shared_drop_found() - close what the predecessor had and we do not use */
void shared_drop_found(struct shared *s);

#endif
