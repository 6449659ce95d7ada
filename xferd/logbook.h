/*
 * logbook.h - what a round's probes and transfers leave behind.
 *
 * Knows:    the row of what is under way, from opened to closed; the sentence
 *           in it; whether the address worked.
 * Not here: writing rows (ledger), wording of reasons (attempt).
 * Runs in:  keep's loop thread.
 */
#ifndef XFERD_LOGBOOK_H
#define XFERD_LOGBOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "xferd/attempt.h"
#include "xferd/egress.h"
#include "xferd/handoff.h"

struct round;

/** logbook_open() - of the primary r->p */
void logbook_open(struct round *r, enum attempt_kind kind,
    const char *transport);

/** logbook_close() - to the ledger; @reason: static, a stable word */
void logbook_close(struct round *r, enum attempt_outcome outcome,
    const char *reason);

/* The sentence: our own, by attempt_explain(), of a forbidden destination
 * (which also closes). */
void logbook_say(struct round *r, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
void logbook_add(struct round *r, const char *fmt, ...)	/* behind it */
    PRINTF_LIKE(2, 3);
void logbook_explain(struct round *r, enum handoff_reason reason,
    const struct handoff_facts *facts, const char *detail, size_t detail_len);
void logbook_refuse_egress(struct round *r,
    enum egress_verdict verdict);

void logbook_take_tls(struct attempt *a, const struct handoff_tls *tls);
void logbook_take_facts(struct attempt *a,
    const struct handoff_facts *f, enum handoff_reason reason);

/** logbook_note_address() - for the circuit breaker */
void logbook_note_address(struct round *r, enum handoff_reason reason);

/**
 * logbook_take_key() - the key's number in the keyring, 0 for none
 *
 * Returns false when it cannot be used; then the attempt is closed.
 */
bool logbook_take_key(struct round *r, uint32_t *out_key);

#endif
