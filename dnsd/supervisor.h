/*
 * supervisor.h - owns memory and sockets, keeps the other roles alive.
 *
 * Knows:    descriptors, processes, back-off, adoption from a dead
 *           predecessor (hold.h).
 * Not here: packets, the database, the cache's content.
 * Runs in:  dnsd's first process.
 * Bounded:  SUPERVISOR_CHILDREN_MAX children; restarts by back-off.
 */
#ifndef DNSD_SUPERVISOR_H
#define DNSD_SUPERVISOR_H

#include "common/base/svc.h"

enum { SUPERVISOR_CHILDREN_MAX = 72 };

/** supervisor_run() - until SIGTERM; the exit code
 *  @argv: of this program, for the children's */
int supervisor_run(struct svc *s, int argc, char **argv);

#endif
