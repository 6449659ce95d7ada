/*
 * relaydoor.h - the Unix socket on which dnsd hands over NOTIFY messages.
 *
 * Knows:    the frame of docs/INTERFACES.md "NOTIFY relay", connections,
 *           which reply belongs to whom.
 * Not here: what is in a datagram (notify), what it means (notice).
 * Runs in:  keep's loop thread.
 * Bounded:  RELAYDOOR_CONNS_MAX connections, RELAYDOOR_PENDING_MAX datagrams
 *           without a reply (the oldest is forgotten); never waits for dnsd.
 */
#ifndef XFERD_RELAYDOOR_H
#define XFERD_RELAYDOOR_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/sock.h"

enum {
	RELAYDOOR_CONNS_MAX = 64,
	RELAYDOOR_PENDING_MAX = 1024,
};

struct relaydoor;

/* A datagram came; @relay is never 0.  Answer by relaydoor_reply(). */
typedef void (*relaydoor_fn)(void *arg, uint64_t relay,
    const struct sock_addr *source, const uint8_t *bytes, size_t len);

/** relaydoor_new() - @path "" means none: OK and *out is NULL */
MUST_USE enum err relaydoor_new(uv_loop_t *loop, const char *path,
    relaydoor_fn fn, void *arg, struct relaydoor **out);

/** relaydoor_reply() - @len 0: nothing is to be sent; @door may be NULL */
void relaydoor_reply(struct relaydoor *door, uint64_t relay,
    const uint8_t *bytes, size_t len);

/** relaydoor_forget() - no replies will come for what is pending */
void relaydoor_forget(struct relaydoor *door);
void relaydoor_close(struct relaydoor *door);	/* accepts NULL */

#endif
