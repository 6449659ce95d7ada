/*
 * orphan.h - children of a dead supervisor that may still run.
 *
 * Knows:    the list that it left in its run directory, and that the number
 *           of a process may be somebody else's by now.
 * Not here: children of our own (supervisor.c).
 * Runs in:  the supervisor.
 * Bounded:  ORPHAN_MAX.
 */
#ifndef DNSD_ORPHAN_H
#define DNSD_ORPHAN_H

#include <sys/types.h>

enum { ORPHAN_MAX = 144 };

struct orphans {
	int n;
	struct orphan {
		char role[16];
		int slot;
		int pidfd;
	} list[ORPHAN_MAX];
};

/** orphan_start_time() - field 22 of /proc/PID/stat: with the number it names
 *  a process for good; 0 when there is none */
unsigned long long orphan_start_time(pid_t pid);

/** orphan_read() - those of the list at @path that run: lines of
 *  "role slot pid start-time" */
void orphan_read(struct orphans *o, const char *path);

/** orphan_stop() - the one with this work leaves before ours begins
 *  @role: NULL for all; @slot: -1 for any */
void orphan_stop(struct orphans *o, const char *role, int slot);

#endif
