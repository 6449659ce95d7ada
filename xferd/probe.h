/*
 * probe.h - the probe and check roles: questions to servers.
 *
 * Knows:    the frames of keep, the sockets that it hands in, the loop.  probe
 *           asks primaries for SOAs; check asks anybody anything, and says what
 *           records came.
 * Not here: one question (probe_ask), one socket (probe_line), what an answer
 *           says (probe_answer, check_answer); when to ask, whom, and what
 *           follows (keep). No keys: MACs come from keep by HANDOFF_HMAC.
 * Runs in:  a child process of xferd each, `--role=probe` and `--role=check`;
 *           one thread.
 * Bounded:  PROBE_ADDRS_MAX sockets; questions as probe_ask.h says.
 */
#ifndef XFERD_PROBE_H
#define XFERD_PROBE_H

#include "xferd/handoff.h"

#define PROBE_ADDRS_MAX		512

/**
 * probe_run() - serve keep over @keep until it goes away
 * @role: HANDOFF_ROLE_PROBE or HANDOFF_ROLE_CHECK
 *
 * Returns the exit status: 0, or 1 when keep sent what it may not.
 */
int probe_run(int keep, enum handoff_role role);

#endif
