/*
 * hold.h - memory and sockets that outlive a killed supervisor.
 *
 * Knows:    a list of descriptors with labels; who may have them.
 * Not here: what they are.
 * Runs in:  the hold role: a process that waits in accept() all its life.
 * Bounded:  INHERIT_MAX descriptors, one caller at a time.
 *
 * Without systemd nobody else would keep them: when the supervisor is killed,
 * workers go on with their own copies, and the next supervisor asks here
 * for all of them, so that no queued datagram is lost.
 */
#ifndef DNSD_HOLD_H
#define DNSD_HOLD_H

#include "dnsd/inherit.h"

/**
 * hold_run() - the hold role
 * @listen_fd: SOCK_SEQPACKET, listening
 * @things:    what is handed out to the same uid and to root
 */
int hold_run(int listen_fd, const struct inherit *things);

/**
 * hold_ask() - get everything from the holder at @path
 * @out: descriptors are given
 * Returns OK; ERR_NOT_FOUND, ERR_REFUSED when nobody is there.
 */
MUST_USE enum err hold_ask(const char *path, struct inherit *out);

#endif
