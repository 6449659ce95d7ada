/*
 * outcome.h - how a run of understudyctl ends, and what it says about it.
 *
 * Pure: texts go into buffers.
 */
#ifndef API_CTL_OUTCOME_H
#define API_CTL_OUTCOME_H

#include "api/ctl/jdoc.h"

/* Part of the contract: see understudyctl(1). */
enum outcome {
#define OUTCOME(symbol, code, meaning) OUTCOME_##symbol = code,
#include "api/ctl/outcomes.def"
#undef OUTCOME
};

/** outcome_meaning() - of code @i; NULL when there is none */
const char *outcome_meaning(int i);

/** outcome_of_status() - of an HTTP status */
enum outcome outcome_of_status(long status);

/**
 * outcome_problem() - tell a problem document to a person
 * @doc:  the body, or NULL when there was none that can be read
 *
 * Title, detail, each pointer, advice and the request's id, harmless for a
 * terminal; lines behind the first are indented.
 */
void outcome_problem(struct buf *out, long status, const struct jdoc *doc);

#endif
