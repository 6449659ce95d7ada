/*
 * link.h - the connection of a fetch process: octets in, octets out, by TCP or
 * by TLS over it.
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
#include "xferd/tls.h"

struct link {
	int fd;				/* -1: none */
	bool connecting;		/* connect() is in progress */
	bool up;
	struct tls *tls;		/* NULL: plain */
	bool shaking;			/* TCP is up, TLS not yet */
	bool more;			/* there may be more to read than poll() knows */
	short events;			/* what to poll for, after ERR_AGAIN */
	/* Why it failed. */
	enum handoff_reason reason;
	char text[HANDOFF_TEXT_MAX];
	struct tls_why why;
};

/** link_open() - @fd is taken */
void link_open(struct link *l, int fd, bool connecting);
/**
 * link_secure() - speak TLS on it; after link_open(), before link_begin()
 * @profile, @ca_fd: as in tls_new(); borrowed for the call
 *
 * Returns OK, or ERR_CLOSED with reason and text.
 */
MUST_USE enum err link_secure(struct link *l,
    const struct handoff_fetch_tls *profile, int ca_fd);
void link_close(struct link *l);		/* accepts a closed one */

/**
 * link_begin() - go on with making the connection
 * @ready: what poll() said of the descriptor; 0 at first
 *
 * Returns OK when it is up; ERR_AGAIN: poll for link->events and call again;
 * ERR_CLOSED with reason and text.
 */
MUST_USE enum err link_begin(struct link *l, short ready);

/** link_facts() - what was seen of TLS; not set for plain TCP */
void link_facts(const struct link *l, struct handoff_tls *out);

/**
 * link_read(), link_write() - as much as is possible without waiting
 *
 * Return OK (@out_n is not 0), ERR_AGAIN, or ERR_CLOSED: link_read() with
 * reason and text (HANDOFF_CLOSED_EARLY when there is nothing better to say).
 */
MUST_USE enum err link_read(struct link *l, uint8_t *out, size_t max,
    size_t *out_n);
MUST_USE enum err link_write(struct link *l, const uint8_t *p, size_t len,
    size_t *out_n);

#endif
