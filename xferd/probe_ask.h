/*
 * probe_ask.h - one question of the prober and its life.
 *
 * Knows:    messages and their IDs, retries, the fallback to no EDNS, TSIG by
 *           keep's MACs, deadlines; what keep is told at the end.
 *           RFC 1035 4.1, 6891 6.2.2, 8945 5
 * Not here: sockets (probe_line); what an answer says (probe_answer,
 *           check_answer); the frames that keep sends (probe).
 * Runs in:  the probe and check roles; one thread.
 * Bounded:  PROBE_ASKS_MAX questions, more are answered with HANDOFF_INTERNAL;
 *           PROBE_FLIGHT_MAX on the way per line, the others wait.
 *
 *   WAITING -> [SIGNING ->] FLYING -> [VERIFYING ->] result
 *
 * SIGNING and VERIFYING wait for a MAC of keep; a deadline runs in every
 * state, so nothing stays for ever.  With an error of a function keep cannot be
 * told things any more: the role ends.
 */
#ifndef XFERD_PROBE_ASK_H
#define XFERD_PROBE_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/frame.h"
#include "xferd/check_answer.h"
#include "xferd/handoff.h"
#include "xferd/probe_line.h"

#define PROBE_ASKS_MAX		4096

/* All of them. */
struct probe_asks {
	struct frame_out *out;		/* to keep; borrowed */
	unsigned n;			/* under way */
	struct probe_ask *asks;		/* PROBE_ASKS_MAX */
	struct probe_ask *free;
	uint64_t n_hmac;
	uint8_t *input;			/* scratch for a MAC's input */
	struct check_answer *said;	/* scratch: what one answer says */
};

MUST_USE enum err probe_ask_init(struct probe_asks *t, struct frame_out *out);
/** probe_ask_fini() - the lines' questions were dropped before */
void probe_ask_fini(struct probe_asks *t);

/**
 * probe_ask_zone() - the SOA of a zone, to wait on its line
 * @l:         NULL: there is none; keep is told HANDOFF_INTERNAL
 * @out_waits: it does; probe_ask_go() lets it go
 */
MUST_USE enum err probe_ask_zone(struct probe_asks *t, struct probe_line *l,
    const struct handoff_probe_zone *z, bool *out_waits);
/** probe_ask_wide() - any question, likewise; the answer's records are told */
MUST_USE enum err probe_ask_wide(struct probe_asks *t, struct probe_line *l,
    const struct handoff_question *question, bool *out_waits);

/** probe_ask_go() - let waiting questions go as long as the flight has room */
MUST_USE enum err probe_ask_go(struct probe_asks *t, struct probe_line *l);

/** probe_ask_answer() - a message came; what is nobody's is passed over */
MUST_USE enum err probe_ask_answer(struct probe_asks *t, struct probe_line *l,
    const uint8_t *msg, size_t len);
/** probe_ask_mac() - keep computed one */
MUST_USE enum err probe_ask_mac(struct probe_asks *t,
    const struct handoff_hmac_reply *r);
/** probe_ask_tick() - what is due: asked again, or over */
MUST_USE enum err probe_ask_tick(struct probe_asks *t, struct probe_line *l,
    int64_t now_ms);

/** probe_ask_fail() - the line is over: all its questions end so */
MUST_USE enum err probe_ask_fail(struct probe_asks *t, struct probe_line *l,
    enum handoff_reason reason);
/** probe_ask_drop() - keep wants to hear of none of them any more */
void probe_ask_drop(struct probe_asks *t, struct probe_line *l);

#endif
