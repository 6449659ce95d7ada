/*
 * relay_role.h - the process that talks to xferd, and shows the metrics.
 *
 * Knows:    relay frames (relay.h), xferd's Unix socket, the sockets to
 *           answer from, counters.
 * Not here: DNS; what a NOTIFY says.
 * Runs in:  the relay role: no database; the cache read-only for figures.
 * Bounded:  one frame at a time, nothing is queued beyond the sockets.
 *
 * Workers hand a NOTIFY over and forget it.  When xferd cannot be reached it
 * is dropped and counted: the primary repeats it, and refresh stands behind.
 */
#ifndef DNSD_RELAY_ROLE_H
#define DNSD_RELAY_ROLE_H

#include "dnsd/control.h"
#include "dnsd/worker.h"

struct relay_role {
	const char *socket_path;	/* xferd's; "": none */
	int worker_fd[CACHE_READERS_MAX];	/* by slot; -1: none */
	int n_sockets;			/* UDP listeners, to answer from */
	int socket[WORKER_SOCKETS_MAX];
	struct sock_addr local[WORKER_SOCKETS_MAX];
	unsigned n_proxies;		/* dns.proxy_prefixes */
	struct sock_prefix proxy[WORKER_FRONT_PROXIES_MAX];
	int metrics_fd;			/* -1: none */
	int slot;
	struct control *control;
	const struct cache_super *super;
};

/** relay_role_run() - until SIGTERM; the exit status */
int relay_role_run(struct relay_role *r);

#endif
