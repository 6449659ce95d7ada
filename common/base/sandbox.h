/*
 * sandbox.h - the walls around a process that reads what strangers send.
 *
 * Knows:    no_new_privs, another user, capabilities, rlimits, Landlock,
 *           seccomp; one list of system calls a role (sandbox.def).
 * Not here: which descriptors a role gets (its program's affair).
 * Runs in:  every role of dnsd but the supervisor, xferd's fetch, probe,
 *           notify and courier: after start-up, before the first byte from outside.
 *
 * Nothing here can be undone by the process.  A kernel without Landlock is
 * said once in the log; a kernel without seccomp is a failure.  Sanitizer,
 * fuzz and coverage builds (-DSANDBOX_WIDE) let a few calls more through and
 * have no limit of memory; only there.
 */
#ifndef COMMON_BASE_SANDBOX_H
#define COMMON_BASE_SANDBOX_H

#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum sandbox_wall {
	SANDBOX_UDP,			/* dnsd */
	SANDBOX_TCP,
	SANDBOX_TLS,
	SANDBOX_RELAY,
	SANDBOX_HOLD,
	SANDBOX_FEEDER,
	SANDBOX_FETCH,			/* xferd */
	SANDBOX_PROBE,
	SANDBOX_NOTIFY,
	SANDBOX_COURIER,
	SANDBOX_N_WALLS
};

struct sandbox_limits {
	uint32_t files_max;		/* RLIMIT_NOFILE; 0: as it is */
	uint64_t data_bytes;		/* RLIMIT_DATA above now's; 0: none */
	const char *write_file;		/* feeder: a file whose folder may be
					   written; NULL or "": none */
};

/**
 * sandbox_user() - first: no new rights, another user, no capabilities
 * @user: when started by root; "": stay who we are
 *
 * Returns OK; ERR_CONFIG for an unknown user (logged); ERR_SYSTEM.
 */
MUST_USE enum err sandbox_user(const char *user);

/** sandbox_enter() - last: limits, Landlock, seccomp.  ERR_SYSTEM, logged */
MUST_USE enum err sandbox_enter(enum sandbox_wall wall,
    const struct sandbox_limits *limits);

#endif
