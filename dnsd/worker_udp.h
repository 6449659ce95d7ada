/*
 * worker_udp.h - the UDP answering process.
 *
 * Knows:    batches: receive, 32 jobs in lockstep, send.
 * Not here: DNS (answer.h), what survives a death (ring.h).
 * Runs in:  one process per worker.  Allocates nothing.
 * Bounded:  RING_BATCH datagrams at a time.
 */
#ifndef DNSD_WORKER_UDP_H
#define DNSD_WORKER_UDP_H

#include "dnsd/worker.h"

/** worker_udp_run() - answer until SIGTERM; the exit status */
int worker_udp_run(struct worker *w);

#endif
