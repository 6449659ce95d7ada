/*
 * worker_tcp.h - the TCP answering process.
 *
 * Knows:    connections, length framing, pipelining, deadlines, limits.
 * Not here: DNS (answer.h).
 * Runs in:  one process per worker; epoll.  Its memory is reserved once.
 * Bounded:  tcp_clients_max connections of one request and two answers of
 *           buffer each; per address; every wait has a deadline.
 */
#ifndef DNSD_WORKER_TCP_H
#define DNSD_WORKER_TCP_H

#include "dnsd/worker.h"

/** worker_tcp_run() - answer until SIGTERM; the exit status */
int worker_tcp_run(struct worker *w);

#endif
