/*
 * session.h - the fetch role: one connection to a primary, zones in sequence.
 *
 * Knows:    framing over TCP, deadlines, the least rate, TSIG of transfers;
 *           drives axfr and ixfr, sends what they give to keep in batches.
 * Not here: which primary, which zone, what to do next (keep). No socket(),
 *           no connect(), no file: descriptors come from keep.
 * Runs in:  a child process of xferd, `--role=fetch`; one thread, used once.
 * Bounded:  by the deadlines of the connection and the limits of each zone;
 *           buffers of fixed size.
 *
 * While keep takes records slowly the primary's deadlines stand still.
 */
#ifndef XFERD_SESSION_H
#define XFERD_SESSION_H

#include <poll.h>
#include <stdint.h>

/* The outside world, replaced in tests. */
struct session_env {
	int64_t (*mono_ms)(void *arg);
	uint64_t (*wall_s)(void *arg);
	uint16_t (*random_id)(void *arg);
	int (*poll)(void *arg, struct pollfd *fds, nfds_t n, int timeout_ms);
	void *arg;
};

/** session_warm_up() - what libraries do once, files they read: before the
 *  walls are built (common/base/sandbox.h) */
void session_warm_up(void);

/**
 * session_run() - serve keep over @keep until it says CLOSE or goes away
 * @keep: the socket pair; @env: NULL for the real world
 *
 * Returns the exit status: 0, or 1 when keep sent what it may not.
 */
int session_run(int keep, const struct session_env *env);

#endif
