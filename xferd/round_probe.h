/*
 * round_probe.h - a round asks a primary for its serial.
 *
 * Knows:    what each answer means to the machine and to people.
 * Not here: sockets, tries (probes).
 * Runs in:  keep's loop thread.
 */
#ifndef XFERD_ROUND_PROBE_H
#define XFERD_ROUND_PROBE_H

struct round;

/** round_probe_begin() - ask r->p */
void round_probe_begin(struct round *r);

#endif
