/*
 * probe.h - the probe and check roles: questions to servers.
 *
 * Knows:    questions over connected UDP sockets (and TCP when keep hands one
 *           in), retries, EDNS fallback.  probe asks primaries for SOAs; check
 *           asks anybody anything, and says what records came.
 * Not here: what an answer says (probe_answer, check_answer); when to ask,
 *           whom, and what follows (keep). No keys: MACs come from keep by
 *           HANDOFF_HMAC.
 * Runs in:  a child process of xferd each, `--role=probe` and `--role=check`;
 *           one thread.
 * Bounded:  PROBE_ADDRS_MAX sockets, PROBE_ASKS_MAX questions under way (more
 *           are answered with HANDOFF_INTERNAL), PROBE_FLIGHT_MAX on the way
 *           per socket.
 */
#ifndef XFERD_PROBE_H
#define XFERD_PROBE_H

#include "xferd/handoff.h"

#define PROBE_ADDRS_MAX		512
#define PROBE_ASKS_MAX		4096
#define PROBE_FLIGHT_MAX	64

/**
 * probe_run() - serve keep over @keep until it goes away
 * @role: HANDOFF_ROLE_PROBE or HANDOFF_ROLE_CHECK
 *
 * Returns the exit status: 0, or 1 when keep sent what it may not.
 */
int probe_run(int keep, enum handoff_role role);

#endif
