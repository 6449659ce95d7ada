/*
 * diagnosis.h - what is wrong between a primary, the parent and us, step by
 *               step: facts in, verdicts, evidence and advice out.
 *
 * Knows:    the twelve steps of a check, what each fact means, what to do
 *           about it, with the lines to write for each kind of server.
 * Not here: asking anybody (checks.c), storing it. No I/O, no clock.
 * Runs in:  keep's loop thread; tests.
 * Bounded:  DIAGNOSIS_DOCUMENT_MAX, DIAGNOSIS_*_MAX.
 *
 * Of an address that has not shown the zone with authority, only coarse
 * results are told (DNS answered what, or nothing came): else a check would
 * be a port scanner. What DNS servers answer is always told.
 */
#ifndef XFERD_DIAGNOSIS_H
#define XFERD_DIAGNOSIS_H

#include "common/base/jw.h"
#include "xferd/diagnosis_facts.h"

enum { DIAGNOSIS_DOCUMENT_MAX = 512 << 10 };

/**
 * diagnosis_step() - one step's object {id, verdict, evidence, advice}
 *
 * Returns its verdict.
 */
enum diagnosis_verdict diagnosis_step(const struct diagnosis_facts *f,
    enum diagnosis_id id, struct jw *w);

#endif
