/*
 * link.h - the connection of a fetch process: octets in, octets out.
 *
 * Knows:    a connect() still in progress, non-blocking reading and writing.
 * Not here: DNS messages, deadlines, waiting (session); opening it (keep).
 * Runs in:  the fetch role.
 * Bounded:  nothing is kept.
 */
#ifndef XFERD_LINK_H
#define XFERD_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "xferd/handoff.h"

struct link {
	int fd;				/* -1: none */
	bool connecting;		/* connect() is in progress */
	bool up;
	short events;			/* what to poll for, after ERR_AGAIN */
	/* Why it failed. */
	enum handoff_reason reason;
	char text[HANDOFF_TEXT_MAX];
};

/** link_open() - @fd is taken */
void link_open(struct link *l, int fd, bool connecting);
void link_close(struct link *l);		/* accepts a closed one */

/**
 * link_begin() - go on with making the connection
 * @ready: what poll() said of the descriptor; 0 at first
 *
 * Returns OK when it is up; ERR_AGAIN: poll for link->events and call again;
 * ERR_CLOSED with reason and text.
 */
MUST_USE enum err link_begin(struct link *l, short ready);

/**
 * link_read(), link_write() - as much as is possible without waiting
 *
 * Return OK (@out_n is not 0), ERR_AGAIN, or ERR_CLOSED: with reason and text
 * (HANDOFF_CLOSED_EARLY when there is nothing better to say).
 */
MUST_USE enum err link_read(struct link *l, uint8_t *out, size_t max,
    size_t *out_n);
MUST_USE enum err link_write(struct link *l, const uint8_t *p, size_t len,
    size_t *out_n);

#endif
