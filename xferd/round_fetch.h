/*
 * round_fetch.h - a round transfers the zone from a primary.
 *
 * Knows:    what each result means to the machine and to people; r->received
 *           and r->spool of one that is wanted.
 * Not here: slots, processes (fetches).
 * Runs in:  keep's loop thread.
 */
#ifndef XFERD_ROUND_FETCH_H
#define XFERD_ROUND_FETCH_H

#include "xferd/zone.h"

struct round;

/** round_fetch_begin() - from r->p */
void round_fetch_begin(struct round *r, enum zone_mode mode);

#endif
