/*
 * diagnosis_say.h - a step being written: its evidence and its advice.
 *
 * Included by diagnosis.c and diagnosis_*.c alone.
 *
 * The verdict comes first in the document but is known last, so evidence and
 * advice are gathered in writers of their own and put together at the end.
 */
#ifndef XFERD_DIAGNOSIS_SAY_H
#define XFERD_DIAGNOSIS_SAY_H

#include "common/base/jw.h"
#include "common/dns/recipe.h"
#include "xferd/diagnosis_facts.h"

enum { DIAGNOSIS_TEXT_MAX = 1400, DIAGNOSIS_ADVICE_MAX = 12 };

struct diagnosis_say {
	const struct diagnosis_facts *f;
	enum diagnosis_verdict verdict;	/* the worst so far */
	char text[DIAGNOSIS_TEXT_MAX];	/* the sentence of the worst */
	struct jw facts;		/* members of the evidence */
	struct jw advice;		/* elements of the list */
	uint32_t seen[DIAGNOSIS_ADVICE_MAX];	/* hashes: each once */
	unsigned n_seen;
};

/** diagnosis_say_verdict() - this is so; the worst of all is kept */
void diagnosis_say_verdict(struct diagnosis_say *s, enum diagnosis_verdict v,
    const char *fmt, ...) PRINTF_LIKE(3, 4);

/** diagnosis_say_advice() - a sentence */
void diagnosis_say_advice(struct diagnosis_say *s, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

/** diagnosis_say_recipe() - a sentence and the lines for each kind of server
 *  @p: whose key is used; NULL: the first primary
 *  @parts: of enum recipe_part */
void diagnosis_say_recipe(struct diagnosis_say *s,
    const struct diagnosis_primary *p, unsigned parts, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* The steps, by room.  Each fills @s. */
void diagnosis_reach_udp(struct diagnosis_say *s);
void diagnosis_reach_tcp(struct diagnosis_say *s);
void diagnosis_reach_soa(struct diagnosis_say *s);
void diagnosis_reach_tsig(struct diagnosis_say *s);
void diagnosis_reach_axfr(struct diagnosis_say *s);
void diagnosis_zone_serial(struct diagnosis_say *s);
void diagnosis_zone_content(struct diagnosis_say *s);
void diagnosis_zone_notify(struct diagnosis_say *s);
void diagnosis_tree_apex_ns(struct diagnosis_say *s);
void diagnosis_tree_delegation(struct diagnosis_say *s);
void diagnosis_tree_servers(struct diagnosis_say *s);
void diagnosis_tree_dnssec(struct diagnosis_say *s);

/**
 * diagnosis_tree_elsewhere() - does an anycast provider serve the zone already?
 *
 * All names in the list are of one that runs many servers of its own
 * ("Cloudflare"): its name; else NULL.
 */
const char *diagnosis_tree_elsewhere(const char *const *names, size_t n);

#endif
