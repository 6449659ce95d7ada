/*
 * diagnosis_zone.c - the zone there and here: serial, content, NOTIFY.
 */
#include <inttypes.h>
#include <stdio.h>

#include "common/dns/serial.h"
#include "xferd/diagnosis_say.h"

enum { DAY_S = 86400, HOUR_S = 3600, NOTIFY_OLD_S = 30 * DAY_S };

/* "3 hours" of a number of seconds. */
static const char *
age_text(int64_t s, char *out, size_t max)
{
	if (s < 0)
		s = 0;
	if (s < 120)
		snprintf(out, max, "%" PRId64 " s", s);
	else if (s < 2 * HOUR_S)
		snprintf(out, max, "%" PRId64 " minutes", s / 60);
	else if (s < 2 * DAY_S)
		snprintf(out, max, "%" PRId64 " hours", s / HOUR_S);
	else
		snprintf(out, max, "%" PRId64 " days", s / DAY_S);
	return out;
}

/* ---- serial ------------------------------------------------------------ */

static bool
serial_of(const struct diagnosis_primary *p, uint32_t *out)
{
	const struct diagnosis_ask *all[] = { &p->soa, &p->tcp, &p->udp,
		&p->axfr };

	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (all[i]->done && all[i]->reason == HANDOFF_OK &&
		    all[i]->aa && all[i]->has_serial) {
			*out = all[i]->serial;
			return true;
		}
	return false;
}

static void
say_serial(struct diagnosis_say *s, const struct diagnosis_primary *p,
    uint32_t theirs)
{
	const struct diagnosis_facts *f = s->f;
	const char *at = SOCK_TEXT(&p->addr);

	if (theirs == f->serial) {
		diagnosis_say_verdict(s, DIAGNOSIS_PASS, "%s has serial %u, "
		    "as we do", at, theirs);
	} else if (serial_newer(theirs, f->serial)) {
		diagnosis_say_verdict(s, DIAGNOSIS_WARN, "%s has serial %u, we "
		    "have %u: %s%s", at, theirs, f->serial,
		    f->last_error == NULL ? "it was not transferred yet" :
		    "it could not be transferred: ",
		    f->last_error == NULL ? "" : f->last_error);
		diagnosis_say_advice(s, "POST /v1/zones/%s/refresh fetches it "
		    "now. When NOTIFY reaches us (see the step notify), that "
		    "is not needed.", f->zone);
	} else if (serial_undefined(theirs, f->serial)) {
		diagnosis_say_verdict(s, DIAGNOSIS_FAIL, "%s has serial %u, "
		    "which is neither newer nor older than ours (%u), so "
		    "nothing is transferred", at, theirs, f->serial);
		diagnosis_say_advice(s, "Raise the serial at the primary by "
		    "less than 2147483648 at a time (RFC 1982), or accept "
		    "this one: POST /v1/zones/%s/accept.", f->zone);
	} else {
		diagnosis_say_verdict(s, DIAGNOSIS_FAIL, "%s has serial %u, "
		    "which is older than ours (%u), so nothing is "
		    "transferred: the serial went back", at, theirs,
		    f->serial);
		diagnosis_say_advice(s, "Raise the serial at the primary above "
		    "%u, or accept %u: POST /v1/zones/%s/accept. A primary "
		    "that counts from 1 again (restored, moved to another "
		    "server, or with another serial scheme) needs that once.",
		    f->serial, theirs, f->zone);
	}
}

/* Primaries that do not agree with each other. */
static void
say_disagreement(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	bool any = false;
	uint32_t first = 0, serial;

	for (size_t i = 0; i < f->n_primaries; i++) {
		if (!serial_of(&f->primary[i], &serial))
			continue;
		if (any && serial != first) {
			diagnosis_say_advice(s, "The primaries have different "
			    "serials (%u and %u): the highest is taken. See "
			    "that each gets every change.", first, serial);
			return;
		}
		first = serial;
		any = true;
	}
}

void
diagnosis_zone_serial(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	struct jw *w = &s->facts;
	bool any = false;
	uint32_t serial;

	if (f->loaded)
		jw_int(w, "here", f->serial);
	else
		jw_null(w, "here");
	jw_begin_list(w, "there");
	for (size_t i = 0; i < f->n_primaries; i++) {
		jw_begin_object(w, NULL);
		jw_str(w, "primary", SOCK_TEXT(&f->primary[i].addr));
		if (serial_of(&f->primary[i], &serial)) {
			jw_int(w, "serial", serial);
			any = true;
			if (f->loaded)
				say_serial(s, &f->primary[i], serial);
			else if (f->preflight)
				diagnosis_say_verdict(s, DIAGNOSIS_PASS, "%s "
				    "has serial %u; we have nothing of the "
				    "zone, it is not registered", SOCK_TEXT(
				    &f->primary[i].addr), serial);
			else
				diagnosis_say_verdict(s, DIAGNOSIS_WARN, "%s "
				    "has serial %u, and the zone was not "
				    "transferred yet%s%s", SOCK_TEXT(
				    &f->primary[i].addr), serial,
				    f->last_error == NULL ? "" : ": ",
				    f->last_error == NULL ? "" :
				    f->last_error);
		} else {
			jw_null(w, "serial");
		}
		jw_end_object(w);
	}
	jw_end_list(w);
	say_disagreement(s);
	if (any)
		return;
	diagnosis_say_verdict(s, DIAGNOSIS_UNKNOWN, "no primary showed its "
	    "serial%s", f->loaded ? ", so it cannot be compared with ours" :
	    "");
}

/* ---- content ----------------------------------------------------------- */

void
diagnosis_zone_content(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	struct jw *w = &s->facts;
	char age[32];

	switch (f->content) {
	case DIAGNOSIS_CONTENT_UNKNOWN:
		diagnosis_say_verdict(s, DIAGNOSIS_UNKNOWN, "the content was "
		    "not compared: %s", f->content_why == NULL ?
		    "the check ended before" : f->content_why);
		return;
	case DIAGNOSIS_CONTENT_SKIPPED:
		diagnosis_say_verdict(s, DIAGNOSIS_SKIP, "the content is not "
		    "compared: %s", f->content_why);
		return;
	case DIAGNOSIS_CONTENT_SAME:
	case DIAGNOSIS_CONTENT_DIFFERS:
		break;
	}
	jw_int(w, "serial", f->content_serial);
	jw_int(w, "age_s", f->content_age_s);
	if (f->content_primary != NULL)
		jw_str(w, "primary", f->content_primary);
	jw_bool(w, "same", f->content == DIAGNOSIS_CONTENT_SAME);
	if (f->content == DIAGNOSIS_CONTENT_SAME) {
		diagnosis_say_verdict(s, DIAGNOSIS_PASS, "the whole zone at "
		    "serial %u was compared (%s ago): what we have is what %s "
		    "has", f->content_serial, age_text(f->content_age_s, age,
		    sizeof(age)), f->content_primary == NULL ?
		    "the primary" : f->content_primary);
		return;
	}
	diagnosis_say_verdict(s, DIAGNOSIS_FAIL, "%s has another content than "
	    "we have under the same serial %u: the serial was not bumped when "
	    "the zone was changed (compared %s ago)", f->content_primary ==
	    NULL ? "the primary" : f->content_primary, f->content_serial,
	    age_text(f->content_age_s, age, sizeof(age)));
	diagnosis_say_advice(s, "Raise the serial in the SOA record of %s at "
	    "the primary with each change, and reload the zone; secondaries "
	    "look at nothing else. BIND: edit the SOA, then rndc reload %s "
	    "(nsupdate counts by itself). NSD: edit the SOA, then nsd-control "
	    "reload %s. Knot: zonefile-load: "
	    "difference-no-serial counts by itself; knotc zone-reload %s. "
	    "PowerDNS: pdnsutil increase-serial %s.", f->zone, f->zone,
	    f->zone, f->zone, f->zone);
	diagnosis_say_advice(s, "To have it now without a new serial: POST "
	    "/v1/zones/%s/retransfer.", f->zone);
}

/* ---- notify ------------------------------------------------------------ */

static void
print_notify(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	struct jw *w = &s->facts;

	jw_begin_list(w, "targets");
	for (size_t i = 0; i < f->n_targets; i++)
		jw_str(w, NULL, f->targets[i]);
	jw_end_list(w);
	if (!f->notified) {
		jw_null(w, "last");
		return;
	}
	jw_begin_object(w, "last");
	jw_int(w, "age_s", f->notify_age_s);
	jw_bool(w, "accepted", f->notify_accepted);
	if (f->notify_reason != NULL)
		jw_str(w, "reason", f->notify_reason);
	/* Else anybody could ask who sends NOTIFY for a name. */
	if (f->proven)
		jw_str(w, "source", f->notify_source);
	jw_end_object(w);
}

static void
advise_notify(struct diagnosis_say *s)
{
	diagnosis_say_recipe(s, NULL, RECIPE_NOTIFY, "Let the primary send "
	    "NOTIFY to us at each change, from an address that is registered "
	    "as its own%s. Without it, changes wait for the SOA's refresh "
	    "time.", s->f->n_primaries > 0 && s->f->primary[0].key != NULL ?
	    ", signed with its key" : "");
}

void
diagnosis_zone_notify(struct diagnosis_say *s)
{
	const struct diagnosis_facts *f = s->f;
	const char *from = f->proven && f->notify_source != NULL ?
	    f->notify_source : "a source that is shown once the zone is "
	    "proven to be yours";
	char age[32];

	print_notify(s);
	if (f->preflight) {
		diagnosis_say_verdict(s, DIAGNOSIS_SKIP, "NOTIFY is taken once "
		    "the zone is registered");
		advise_notify(s);
		return;
	}
	if (!f->notified && !f->stray) {
		diagnosis_say_verdict(s, DIAGNOSIS_WARN, "no NOTIFY for the "
		    "zone was seen");
		advise_notify(s);
		return;
	}
	if (f->notified && f->notify_accepted) {
		diagnosis_say_verdict(s, f->notify_age_s > NOTIFY_OLD_S ?
		    DIAGNOSIS_WARN : DIAGNOSIS_PASS, "the last NOTIFY came %s "
		    "ago from %s, and was taken", age_text(f->notify_age_s,
		    age, sizeof(age)), from);
		if (f->notify_age_s > NOTIFY_OLD_S)
			advise_notify(s);
	} else if (f->notified) {
		diagnosis_say_verdict(s, DIAGNOSIS_FAIL, "the last NOTIFY came "
		    "%s ago from %s, and was refused: %s",
		    age_text(f->notify_age_s, age, sizeof(age)), from,
		    f->notify_message == NULL || !f->proven ?
		    f->notify_reason : f->notify_message);
		advise_notify(s);
	}
	if (!f->stray || (f->notified && f->notify_age_s < f->stray_age_s))
		return;
	diagnosis_say_verdict(s, DIAGNOSIS_WARN, "a NOTIFY came %s ago from "
	    "%s, which is not one of the zone's primaries",
	    age_text(f->stray_age_s, age, sizeof(age)), f->proven &&
	    f->stray_source != NULL ? f->stray_source : "an address");
	diagnosis_say_advice(s, "Register the address that NOTIFY comes from "
	    "as a primary of the zone, or let the primary send from the "
	    "registered one (BIND: notify-source; NSD: outgoing-interface; "
	    "Knot: via; PowerDNS: query-local-address). Behind NAT it is the "
	    "outer address; a server with IPv6 may notify over that.");
}
