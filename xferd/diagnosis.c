/*
 * diagnosis.c - a step's document.  See diagnosis.h.
 *
 * What each step means is in diagnosis_reach (the way to a primary),
 * diagnosis_zone (the zone there and here) and diagnosis_tree (the parent).
 */
#include "xferd/diagnosis.h"

#include <stdlib.h>
#include <string.h>

#include "xferd/diagnosis_say.h"

static void (*const STEP[])(struct diagnosis_say *s) = {
	[DIAGNOSIS_UDP] = diagnosis_reach_udp,
	[DIAGNOSIS_TCP] = diagnosis_reach_tcp,
	[DIAGNOSIS_SOA] = diagnosis_reach_soa,
	[DIAGNOSIS_TSIG] = diagnosis_reach_tsig,
	[DIAGNOSIS_AXFR] = diagnosis_reach_axfr,
	[DIAGNOSIS_SERIAL] = diagnosis_zone_serial,
	[DIAGNOSIS_CONTENT] = diagnosis_zone_content,
	[DIAGNOSIS_NOTIFY] = diagnosis_zone_notify,
	[DIAGNOSIS_APEX_NS] = diagnosis_tree_apex_ns,
	[DIAGNOSIS_DELEGATION] = diagnosis_tree_delegation,
	[DIAGNOSIS_SERVERS] = diagnosis_tree_servers,
	[DIAGNOSIS_DNSSEC] = diagnosis_tree_dnssec,
};

/* The text of a finished writer becomes a member of @w. */
static void
put(struct jw *w, const char *key, struct jw *part)
{
	size_t len;
	char *text = jw_take(part, &len), *copy = NULL;

	if (text != NULL)
		copy = strndup(text, len);
	if (copy != NULL)
		jw_raw(w, key, copy);
	else
		w->failed = true;
	free(copy);
	free(text);
	jw_fini(part);
}

enum diagnosis_verdict
diagnosis_step(const struct diagnosis_facts *f, enum diagnosis_id id,
    struct jw *w)
{
	struct diagnosis_say s = { .f = f, .verdict = DIAGNOSIS_SKIP };

	static_assert(COUNT_OF(STEP) == DIAGNOSIS_IDS, "one for each");
	jw_init(&s.facts, DIAGNOSIS_DOCUMENT_MAX);
	jw_init(&s.advice, DIAGNOSIS_DOCUMENT_MAX);
	jw_begin_object(&s.facts, NULL);
	jw_begin_list(&s.advice, NULL);
	STEP[id](&s);
	jw_str(&s.facts, "text", s.text);
	jw_end_object(&s.facts);
	jw_end_list(&s.advice);
	jw_begin_object(w, NULL);
	jw_str(w, "id", diagnosis_facts_id(id));
	jw_str(w, "verdict", diagnosis_facts_verdict(s.verdict));
	put(w, "evidence", &s.facts);
	put(w, "advice", &s.advice);
	jw_end_object(w);
	return s.verdict;
}
