/*
 * courier.h - the courier role: letters to the operator's relay, by SMTP.
 *
 * Knows:    libcurl's SMTP, TLS to the relay, what its answers mean.
 * Not here: who gets a letter, when one is tried again (post.h), what it says
 *           (letter.h).
 * Runs in:  a process of its own, behind SANDBOX_COURIER: it reads what the
 *           relay says, and has neither sockets of its own making nor files.
 * Bounded:  one letter at a time; handoff_relay.timeout_ms each.
 */
#ifndef XFERD_COURIER_H
#define XFERD_COURIER_H

#include "common/base/base.h"
#include "common/base/err.h"

/** courier_warm_up() - before the walls: what libraries read from files */
MUST_USE enum err courier_warm_up(void);

/** courier_run() - the role; ends when @keep is closed.  Returns the exit
 *  status. */
int courier_run(int keep);

#endif
