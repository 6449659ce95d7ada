/*
 * round_gate.h - a version passes the publish gates, or is held.
 *
 * Runs in:  keep's loop thread; the checks in the lane CREW_GATE.
 */
#ifndef XFERD_ROUND_GATE_H
#define XFERD_ROUND_GATE_H

#include <stdbool.h>

#include "common/base/base.h"

struct ingest;
struct publish_version;
struct round;

/** round_gate_wanted() - is there anything to look at? */
bool round_gate_wanted(const struct round *r, const struct ingest *in);

/**
 * round_gate_begin() - judge r->version
 * @pass: called when it may be published; else the round gets its event and
 *        the version is freed
 */
void round_gate_begin(struct round *r, void (*pass)(struct round *r));

#endif
