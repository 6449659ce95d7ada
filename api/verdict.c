/* verdict.c - see verdict.h. */
#include "api/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
	char *out;
	size_t n;
};

static void say(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->out + t->n, VERDICT_MAX + 1 - t->n, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->n += (size_t)n;
	if (t->n > VERDICT_MAX)
		t->n = VERDICT_MAX;
}

/* What xferd said, as a sentence of its own. */
static void
say_error(struct text *t, const struct verdict_in *in)
{
	size_t len;

	if (in->error == NULL || in->error[0] == '\0')
		return;
	len = strlen(in->error);
	say(t, "%s%c%s%s", t->n > 0 ? " " : "",
	    in->error[0] >= 'a' && in->error[0] <= 'z' ?
	    in->error[0] - 32 : in->error[0], in->error + 1,
	    strchr(".!?", in->error[len - 1]) != NULL ? "" : ".");
}

static void
say_until(struct text *t, const struct verdict_in *in)
{
	say(t, "%sSerial %u is served", t->n > 0 ? " " : "", in->serial);
	if (in->expires != NULL)
		say(t, " until %s, then the zone is answered with SERVFAIL",
		    in->expires);
	say(t, ".");
}

static void
say_back(struct text *t, const struct verdict_in *in)
{
	if (strcmp(in->back, "undefined") == 0)
		say(t, "Your primary has serial %u, which is neither newer nor "
		    "older than %u, which we serve: the distance is exactly "
		    "2147483648 (RFC 1982).", in->back_serial, in->serial);
	else
		say(t, "The serial of your primary went back: it has %u, we "
		    "serve %u.", in->back_serial, in->serial);
	say_until(t, in);
	say(t, " Raise the serial at the primary above %u, or accept serial "
	    "%u as it is (POST /v1/zones/%s/accept).", in->serial,
	    in->back_serial, in->name);
}

void
verdict_print(const struct verdict_in *in, char *out)
{
	struct text t = { .out = out };
	const char *h = in->health;

	out[0] = '\0';
	if (strcmp(h, "new") == 0) {
		say(&t, in->has_primaries ? "The zone has not been "
		    "transferred yet; the first transfer is on its way." :
		    "The zone has no primary: name one to transfer it from.");
		say_error(&t, in);
	} else if (strcmp(h, "expired") == 0) {
		say(&t, "No primary confirmed the zone for the whole of its "
		    "EXPIRE: since %s it is answered with SERVFAIL. As soon as "
		    "a primary answers, it is served again.",
		    in->expires != NULL ? in->expires : "then");
		say_error(&t, in);
	} else if (in->back != NULL && strcmp(h, "held") == 0) {
		say_back(&t, in);
	} else if (!in->loaded) {
		say_error(&t, in);
		say(&t, "%sThe zone could not be transferred yet, so it is "
		    "not served.", t.n > 0 ? " " : "");
	} else if (strcmp(h, "failing") == 0) {
		say_error(&t, in);
		say_until(&t, in);
	} else if (strcmp(h, "behind") == 0 && in->has_primary_serial) {
		say(&t, "A primary has serial %u, we serve %u: the transfer "
		    "is on its way.", in->primary_serial, in->serial);
		say_error(&t, in);
	} else if (strcmp(h, "held") == 0) {
		say_error(&t, in);
		say_until(&t, in);
	} else {
		say(&t, "Serial %u is served, as your primary has it.",
		    in->serial);
	}
}
