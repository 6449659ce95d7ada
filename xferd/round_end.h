/*
 * round_end.h - what the end of a round means to the ledger and to people.
 *
 * Knows:    due time and deadline as the server's milliseconds; what each
 *           primary showed, as JSON; events (expiry comes near, a serial went
 *           back, primaries disagree); memory of failures per (zone, primary).
 * Not here: deciding (zone), writing (ledger).
 * Runs in:  keep's loop thread.
 */
#ifndef XFERD_ROUND_END_H
#define XFERD_ROUND_END_H

struct ledger_end;
struct round;

/** round_end_fill() - of a round in state ZONE_DONE; written and arg stay */
void round_end_fill(struct round *r, struct ledger_end *e);

#endif
