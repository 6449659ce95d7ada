/*
 * probe.h - the probe role: what serial do the primaries have?
 *
 * Knows:    SOA questions over connected UDP sockets (and TCP when keep hands
 *           one in), retries, EDNS fallback.
 * Not here: what an answer says (probe_answer.h); when to ask, whom, and what
 *           follows (keep). No keys: MACs come from keep by HANDOFF_HMAC.
 * Runs in:  a child process of xferd, `--role=probe`; one thread.
 * Bounded:  PROBE_ADDRS_MAX sockets, PROBE_ASKS_MAX questions under way (more
 *           are answered with HANDOFF_INTERNAL), PROBE_FLIGHT_MAX on the way
 *           per socket.
 */
#ifndef XFERD_PROBE_H
#define XFERD_PROBE_H

#define PROBE_ADDRS_MAX		512
#define PROBE_ASKS_MAX		4096
#define PROBE_FLIGHT_MAX	64

/**
 * probe_run() - serve keep over @keep until it goes away
 *
 * Returns the exit status: 0, or 1 when keep sent what it may not.
 */
int probe_run(int keep);

#endif
