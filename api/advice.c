/*
 * advice.c - what a claim's owner should do, in plain words.
 */
#include "api/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/base.h"

struct lines {
	char (*text)[ADVICE_TEXT_MAX];
	size_t n;
};

static void say(struct lines *l, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
say(struct lines *l, const char *fmt, ...)
{
	va_list ap;

	if (l->n == ADVICE_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(l->text[l->n++], ADVICE_TEXT_MAX, fmt, ap);
	va_end(ap);
}

static bool
is(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

static void
say_txt(const struct advice_in *in, struct lines *l, const char *before)
{
	say(l, "%spublish a TXT record %s with the value \"%s\" at the servers "
	    "that answer for the zone today", before, in->txt_name,
	    in->txt_value);
}

/* The two ways to prove it. */
static void
say_ways(const struct advice_in *in, struct lines *l)
{
	if (in->names[0] == '\0') {
		say(l, "other claims on this name have all of our name "
		    "servers, so a delegation cannot tell them apart");
		say_txt(in, l, "to prove yours, ");
		return;
	}
	say(l, "at the registrar, or in the parent zone, list %s as name "
	    "servers of %s, beside your own or instead of them", in->names,
	    in->zone);
	say_txt(in, l, "to be answered before that is changed, ");
}

static void
say_seen(const struct advice_in *in, struct lines *l)
{
	if (in->seen == NULL)
		say(l, "the parent has not been asked yet: look again in a "
		    "minute");
	else if (is(in->seen, "unknown"))
		say(l, "not every server of the parent answered%s%s, so "
		    "nothing follows from the last look; it is repeated",
		    in->why[0] != '\0' ? ": " : "", in->why);
	else if (is(in->seen, "partly"))
		say(l, "some servers of the parent list our name servers and "
		    "some do not yet: wait until the change has reached all");
	else if (is(in->seen, "mixed"))
		say(l, "the parent lists name servers of another claim as "
		    "well: remove those that are not %s", in->names);
	else if (is(in->seen, "old"))
		say(l, "the parent listed these name servers before they were "
		    "given to this claim, which proves nothing: remove them "
		    "there, wait until that was seen here, add them again");
	else if (is(in->seen, "ours"))
		say(l, "the parent delegates to name servers of ours that are "
		    "not this claim's: replace them by %s",
		    in->names[0] != '\0' ? in->names : "your own");
	else if (is(in->seen, "nothing"))
		say(l, "the parent does not delegate %s at all", in->zone);
}

static void
say_proven(const struct advice_in *in, struct lines *l)
{
	if (in->missing > 0)
		say(l, "%u of %s %s not listed at the parent: add the rest, "
		    "or one server's failure may be the zone's", in->missing,
		    in->names, in->missing == 1 ? "is" : "are");
	if (is(in->proof, "txt") && in->txt_runs)
		say(l, "the TXT record proves the zone until %s; before that, "
		    "list %s at the parent, or keep the record", in->txt_until,
		    in->names);
	else if (is(in->proof, "txt"))
		say(l, "keep the TXT record, or list %s at the parent",
		    in->names);
}

size_t
advice_print(const struct advice_in *in, char out[ADVICE_MAX][ADVICE_TEXT_MAX])
{
	struct lines l = { out, 0 };

	if (is(in->ownership, "off")) {
		say(&l, "this service serves zones without a proof of "
		    "ownership");
	} else if (is(in->ownership, "operator")) {
		if (!is(in->state, "active"))
			say(&l, "the operator of this service decides which "
			    "zones are served: ask for it");
	} else if (is(in->state, "active")) {
		say_proven(in, &l);
	} else if (is(in->state, "warned")) {
		say(&l, "no server of the parent lists our name servers any "
		    "more: list %s again, or delete the zone here; after "
		    "seven days it is suspended", in->names);
		if (in->held)
			say(&l, "it would be suspended by now, but the "
			    "operator looks at it first");
	} else {
		if (is(in->state, "suspended"))
			say(&l, "the zone is not answered any more, because "
			    "its proof was lost");
		if (is(in->state, "lapsed"))
			say(&l, "the claim stayed unproven for 28 days: ask "
			    "for a look (POST) to open it again");
		say_seen(in, &l);
		say_ways(in, &l);
		if (in->lapses_at != NULL)
			say(&l, "without a proof the claim lapses at %s",
			    in->lapses_at);
	}
	return l.n;
}
