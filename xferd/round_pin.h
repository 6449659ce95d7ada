/*
 * round_pin.h - a stored version is published again: pin and unpin.
 *
 * Knows:    the version's row, that its pages are all there, its deadline.
 * Not here: writing it (publish), who asked (zone_guard).
 * Runs in:  keep's loop thread; reading in the lane CREW_BUILD.
 *
 * It gets a new generation, like any other version: edges never go back.
 */
#ifndef XFERD_ROUND_PIN_H
#define XFERD_ROUND_PIN_H

#include "common/base/base.h"

struct round;

/* Past EXPIRE, by the customer's wish: as good as for ever. */
#define ROUND_PIN_FOREVER_MS (INT64_C(10) * 365 * 86400 * 1000)

/** round_pin_begin() - what lz->guard wants; the round gets its event */
void round_pin_begin(struct round *r);

#endif
