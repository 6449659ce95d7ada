/*
 * advice.h - what a claim's owner should do, in plain words.  Pure.
 *
 * Knows:    states, proofs and what was seen (the words of xferd/claim.h).
 * Not here: the document (resource_claims.c).
 * Bounded:  ADVICE_MAX sentences of ADVICE_TEXT_MAX.
 */
#ifndef API_ADVICE_H
#define API_ADVICE_H

#include <stdbool.h>
#include <stddef.h>

enum { ADVICE_MAX = 6, ADVICE_TEXT_MAX = 1600 };

struct advice_in {
	const char *ownership;		/* off, operator, proof */
	const char *zone, *state, *proof;
	const char *seen;		/* NULL: not looked at yet */
	const char *why;		/* what went wrong at the look, or "" */
	const char *names;		/* of the claim: "a, b"; "" for none */
	const char *txt_name, *txt_value;
	const char *txt_until, *lapses_at;	/* times, or NULL */
	bool txt_runs;			/* txt_until is yet to come */
	bool held;			/* by the brake */
	unsigned missing;
};

/** advice_print() - sentences into @out; returns how many */
size_t advice_print(const struct advice_in *in,
    char out[ADVICE_MAX][ADVICE_TEXT_MAX]);

#endif
