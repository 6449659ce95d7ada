/*
 * round_publish.h - a round makes what came a version.
 *
 * Knows:    what each verdict means to the machine and to people.
 * Not here: pages (ingest), the transaction (publish).
 * Runs in:  keep's loop thread.
 */
#ifndef XFERD_ROUND_PUBLISH_H
#define XFERD_ROUND_PUBLISH_H

struct round;

/** round_publish_begin() - build r->spool, publish it */
void round_publish_begin(struct round *r);

#endif
