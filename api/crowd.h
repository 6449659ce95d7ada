/*
 * crowd.h - how many connections each client address has.
 *
 * Knows:    addresses; an IPv6 client is its /64.
 * Not here: connections.
 * Bounded:  as many addresses as there may be connections.
 * Threads:  any.
 */
#ifndef API_CROWD_H
#define API_CROWD_H

#include "common/base/err.h"
#include "common/base/sock.h"

struct crowd;

/** crowd_new() - @connections_max in all, @each_max of one address */
MUST_USE enum err crowd_new(unsigned int connections_max,
    unsigned int each_max, struct crowd **out_crowd);
void crowd_free(struct crowd *c);

/** crowd_enter() - one more; false when that would be too many */
bool crowd_enter(struct crowd *c, const struct sock_addr *a);

/** crowd_leave() - one that had entered is gone */
void crowd_leave(struct crowd *c, const struct sock_addr *a);

#endif
