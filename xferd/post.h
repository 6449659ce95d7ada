/*
 * post.h - letters that are due, given to the courier one by one.
 *
 * Knows:    the table `mail`, unsealing of links, the relay's address, when
 *           a letter is tried again.
 * Not here: SMTP (courier.h), what letters say (letter.h).
 * Runs in:  keep's loop thread; statements in the crew.
 * Bounded:  POST_BATCH letters claimed at a time, one under way.
 *
 * A letter may go out twice when xferd dies between the relay's "taken" and
 * the commit; it is never lost.
 */
#ifndef XFERD_POST_H
#define XFERD_POST_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "xferd/handoff.h"

struct child;
struct keep;
struct post;

enum { POST_BATCH = 20 };

/**
 * post_new() - without a relay it does nothing
 *
 * Returns OK; ERR_CONFIG (logged): the relay's name or password file cannot
 * be used; ERR_NO_MEMORY.
 */
MUST_USE enum err post_new(struct keep *keep, struct post **out);

/** post_wanted() - is there a relay, so that a courier is needed? */
bool post_wanted(const struct post *p);

/** post_poke() - there may be letters (a hint came, or the poll) */
void post_poke(struct post *p);
void post_stop(struct post *p);

/* From the owner of the children. */
void post_frame(struct post *p, struct child *child, enum handoff_kind kind,
    const uint8_t *payload, size_t len);
void post_ready(struct post *p, struct child *child);
void post_gone(struct post *p);

#endif
