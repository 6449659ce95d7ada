/*
 * notice.h - what keep does with a NOTIFY.
 *
 * Knows:    own listeners, the relay socket of dnsd, who may notify for which
 *           zone, the TSIG verdict, what is answered.  RFC 1996, RFC 8945,
 *           docs/INTERFACES.md "notify relay"
 * Not here: DNS messages (notify); the round that follows (sched).
 * Runs in:  keep's loop thread; look-ups in the crew.
 * Bounded:  NOTICE_WAITING_MAX look-ups, transfer.notify_per_second and
 *           notify_per_source, NOTICE_RELAYS_MAX connections of dnsd.
 */
#ifndef XFERD_NOTICE_H
#define XFERD_NOTICE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "xferd/handoff.h"

struct child;
struct keep;
struct notice;

enum {
	NOTICE_WAITING_MAX = 1024,
	NOTICE_RELAYS_MAX = 64,
};

/** notice_new() - binds transfer.listen and transfer.relay_socket */
MUST_USE enum err notice_new(struct keep *keep, struct notice **out);
void notice_stop(struct notice *n);	/* take nothing more */
void notice_close(struct notice *n);	/* sockets away; accepts NULL */

void notice_frame(struct notice *n, struct child *child,
    enum handoff_kind kind, const uint8_t *payload, size_t len);
void notice_ready(struct notice *n, struct child *child);
/** notice_resume() - the database answers: judge what was kept meanwhile */
void notice_resume(struct notice *n);
void notice_gone(struct notice *n);

#endif
