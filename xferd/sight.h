/*
 * sight.h - a walk's result as the sighting that a claim is judged by.
 *
 * Knows:    which answers count, what kept the others from counting, whether
 *           one of the texts is the claim's token.
 * Not here: asking (walk), judging (claim).  Pure.
 * Runs in:  keep's loop thread.
 */
#ifndef XFERD_SIGHT_H
#define XFERD_SIGHT_H

#include <stddef.h>
#include <stdint.h>

#include "xferd/sighting.h"
#include "xferd/walk.h"

/** sight_address() - as in a sighting: IPv4 is ::ffff:a.b.c.d */
void sight_address(const struct sock_addr *a, uint8_t out[16]);

/** sight_make() - @token: what the TXT record has to be, exactly */
void sight_make(const struct walk_result *r, const char *token, int64_t at_ms,
    struct sighting *out);

#endif
