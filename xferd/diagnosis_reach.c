/*
 * diagnosis_reach.c - the way to each primary: UDP, TCP, authority, TSIG,
 *                     transfers.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/dns/dnsmsg.h"
#include "xferd/attempt.h"
#include "xferd/diagnosis_say.h"

enum { SKEW_WARN_S = 60 };

/* One primary in a step. */
struct one {
	struct diagnosis_say *s;
	const struct diagnosis_primary *p;
	char at[SOCK_TEXT_MAX];
	enum diagnosis_verdict v;
	char text[DIAGNOSIS_TEXT_MAX];
};

static void is(struct one *o, enum diagnosis_verdict v, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

static void
is(struct one *o, enum diagnosis_verdict v, const char *fmt, ...)
{
	va_list ap;

	o->v = v;
	va_start(ap, fmt);
	vsnprintf(o->text, sizeof(o->text), fmt, ap);
	va_end(ap);
}

/* The step for each primary; the worst of them is the step's. */
static void
each(struct diagnosis_say *s, void (*look)(struct one *o))
{
	struct jw *w = &s->facts;

	if (s->f->n_primaries == 0)
		diagnosis_say_verdict(s, DIAGNOSIS_SKIP,
		    "the zone has no primary");
	jw_begin_list(w, "primaries");
	for (size_t i = 0; i < s->f->n_primaries; i++) {
		struct one o = { .s = s, .p = &s->f->primary[i] };
		char ip[SOCK_TEXT_MAX];

		sock_addr_print(&o.p->addr, o.at);
		jw_begin_object(w, NULL);
		jw_str(w, "address", sock_ip_print(&o.p->addr, ip));
		jw_int(w, "port", o.p->addr.port);
		jw_str(w, "transport", o.p->tls ? "tls" : "tcp");
		if (o.p->forbidden != NULL)
			is(&o, DIAGNOSIS_FAIL, "%s is %s, which is never "
			    "asked", o.at, o.p->forbidden);
		else
			look(&o);
		jw_str(w, "verdict", diagnosis_facts_verdict(o.v));
		jw_str(w, "text", o.text);
		jw_end_object(w);
		diagnosis_say_verdict(s, o.v, "%s", o.text);
	}
	jw_end_list(w);
}

/* ---- what an answer is ------------------------------------------------- */

static bool
answered(const struct diagnosis_ask *a)
{
	return a->done && (a->reason == HANDOFF_OK ||
	    a->reason == HANDOFF_RCODE || a->reason == HANDOFF_NOT_AUTH ||
	    a->reason == HANDOFF_NO_SOA || a->reason == HANDOFF_TRUNCATED);
}

static bool
is_authoritative(const struct diagnosis_ask *a)
{
	return a->done && a->reason == HANDOFF_OK && a->facts.rcode == 0 &&
	    a->aa && a->has_serial;
}

/* It has shown the zone: from here on details may be told. */
static bool
shown(const struct diagnosis_primary *p)
{
	return is_authoritative(&p->udp) || is_authoritative(&p->tcp) ||
	    is_authoritative(&p->soa) || is_authoritative(&p->axfr);
}

static bool
is_tsig(enum handoff_reason reason)
{
	switch (reason) {
	case HANDOFF_TSIG_MISSING:
	case HANDOFF_TSIG_BADSIG:
	case HANDOFF_TSIG_BADKEY:
	case HANDOFF_TSIG_BADTIME:
	case HANDOFF_TSIG_BADTRUNC:
	case HANDOFF_TSIG_ORDER:
		return true;
	default:
		return false;
	}
}

static bool
is_tls(enum handoff_reason reason)
{
	return reason >= HANDOFF_TLS_FAILED && reason <= HANDOFF_TLS_SETUP;
}

/* Nothing of it came: no connection, or nothing on it. */
static bool
is_silence(enum handoff_reason reason)
{
	switch (reason) {
	case HANDOFF_CONNECT_REFUSED:
	case HANDOFF_CONNECT_TIMEOUT:
	case HANDOFF_CONNECT_FAILED:
	case HANDOFF_TIMEOUT_FIRST:
	case HANDOFF_CLOSED_EARLY:
		return true;
	default:
		return false;
	}
}

/* The sentence that the flight recorder has for it. */
static void
explain(struct one *o, enum diagnosis_verdict v, enum attempt_kind kind,
    const struct diagnosis_ask *a, enum handoff_reason reason)
{
	char text[ATTEMPT_MESSAGE_MAX + 1], sources[512] = "";
	size_t len = 0;
	struct attempt_case c = { .kind = kind, .primary = &o->p->addr,
		.transport = o->p->tls ? "tls" : "tcp", .reason = reason,
		.facts = &a->facts, .key_name = o->p->key,
		.sources = sources };

	for (size_t i = 0; i < o->s->f->n_sources; i++) {
		int n = snprintf(sources + len, sizeof(sources) - len, "%s%s",
		    i > 0 ? " " : "", o->s->f->sources[i]);

		if (n < 0 || (size_t)n >= sizeof(sources) - len)
			break;
		len += (size_t)n;
	}
	if (len == 0)
		c.sources = NULL;
	if (a->text != NULL) {
		c.detail = a->text;
		c.detail_len = strlen(a->text);
	}
	attempt_explain(&c, text);
	is(o, v, "%s", text);
}

static void
print_ask(struct one *o, const struct diagnosis_ask *a)
{
	struct jw *w = &o->s->facts;

	if (!a->done)
		return;
	if (answered(a) || is_tsig(a->reason))
		jw_int(w, "rcode", a->facts.rcode);
	if (a->has_serial) {
		jw_bool(w, "authoritative", a->aa);
		jw_int(w, "serial", a->serial);
	}
	if (shown(o->p)) {
		jw_str(w, "reason", handoff_reason_text(a->reason));
		jw_int(w, "ms", a->ms);
	} else if (is_silence(a->reason)) {
		jw_str(w, "reason", "no-answer");
	}
	if (a->facts.has_ede)
		jw_int(w, "ede", a->facts.ede);
}

static const char *
sources_text(const struct diagnosis_facts *f, char *out, size_t max)
{
	size_t len = 0;

	snprintf(out, max, "our transfer addresses");
	for (size_t i = 0; i < f->n_sources; i++) {
		int n = snprintf(out + len, max - len, "%s%s",
		    i > 0 ? ", " : "", f->sources[i]);

		if (n < 0 || (size_t)n >= max - len)
			break;
		len += (size_t)n;
	}
	return out;
}

/* ---- udp --------------------------------------------------------------- */

static void
look_udp(struct one *o)
{
	const struct diagnosis_ask *a = &o->p->udp;
	bool tcp = answered(&o->p->tcp);

	if (o->p->tls) {
		is(o, DIAGNOSIS_SKIP, "%s is asked over TLS only", o->at);
		return;
	}
	print_ask(o, a);
	if (!a->done || a->reason == HANDOFF_INTERNAL) {
		is(o, DIAGNOSIS_UNKNOWN, "%s was not asked by UDP", o->at);
	} else if (answered(a)) {
		if (shown(o->p))
			is(o, DIAGNOSIS_PASS, "%s answers by UDP within %u "
			    "ms", o->at, a->ms);
		else
			is(o, DIAGNOSIS_PASS, "%s answers by UDP", o->at);
	} else if (!is_silence(a->reason)) {
		is(o, DIAGNOSIS_WARN, "what came from %s by UDP is no answer "
		    "to the question (%s)", o->at,
		    handoff_reason_text(a->reason));
		diagnosis_say_advice(o->s, "Check that a name server answers "
		    "on UDP port %u of that address, and that nothing on the "
		    "way changes DNS messages.", o->p->addr.port);
	} else if (tcp) {
		is(o, DIAGNOSIS_WARN, "%s answers by TCP but not by UDP%s; "
		    "changes are then looked for by TCP, which is slower",
		    o->at, shown(o->p) && a->reason ==
		    HANDOFF_CONNECT_REFUSED ? " (nothing listens there)" : "");
		diagnosis_say_advice(o->s, "Open UDP port %u of %s in the "
		    "firewall, for everybody or at least for us.",
		    o->p->addr.port, o->at);
	} else {
		is(o, DIAGNOSIS_FAIL, "no answer came from %s by UDP", o->at);
		diagnosis_say_advice(o->s, "Check that the address is right, "
		    "that the name server runs and listens on it (not on "
		    "127.0.0.1 alone), and that UDP port %u is open for us "
		    "in every firewall on the way.", o->p->addr.port);
	}
}

void
diagnosis_reach_udp(struct diagnosis_say *s)
{
	each(s, look_udp);
}

/* ---- tcp --------------------------------------------------------------- */

static void
advise_firewall(struct one *o)
{
	char sources[512];
	uint16_t port = o->p->addr.port;

	diagnosis_say_advice(o->s, "Open TCP port %u for %s: zone transfers "
	    "go by TCP only. For example: nft add rule inet filter input "
	    "tcp dport %u accept; ufw allow %u/tcp; firewall-cmd --permanent "
	    "--add-port=%u/tcp. Look at the provider's firewall (security "
	    "group), too.", port, sources_text(o->s->f, sources,
	    sizeof(sources)), port, port, port);
}

/* No TCP connection, or nothing on it. */
static void
tcp_silent(struct one *o, const struct diagnosis_ask *a)
{
	uint16_t port = o->p->addr.port;
	bool udp = answered(&o->p->udp);

	if (!shown(o->p)) {
		is(o, DIAGNOSIS_FAIL, "no answer came from %s by TCP", o->at);
		if (udp)
			advise_firewall(o);
		else
			diagnosis_say_advice(o->s, "Check that the name server "
			    "listens on TCP port %u of that address, and that "
			    "the port is open for us in every firewall on the "
			    "way.", port);
	} else if (a->reason == HANDOFF_CONNECT_TIMEOUT) {
		is(o, DIAGNOSIS_FAIL, "%s answers by UDP, but attempts to "
		    "connect to TCP port %u vanish: a firewall drops TCP port "
		    "%u", o->at, port, port);
		advise_firewall(o);
	} else if (a->reason == HANDOFF_CONNECT_REFUSED) {
		is(o, DIAGNOSIS_FAIL, "%s answers by UDP, but nothing listens "
		    "on TCP port %u (the connection is refused)", o->at, port);
		diagnosis_say_advice(o->s, "Let the name server listen on TCP, "
		    "too, or find what rejects it. BIND, NSD, Knot and "
		    "PowerDNS do by themselves; a container needs %u/tcp "
		    "published beside %u/udp.",
		    port, port);
		advise_firewall(o);
	} else if (a->reason == HANDOFF_CONNECT_FAILED) {
		is(o, DIAGNOSIS_FAIL, "%s answers by UDP, but cannot be "
		    "reached by TCP: something on the way says that there is "
		    "no way", o->at);
		advise_firewall(o);
	} else if (a->reason == HANDOFF_CLOSED_EARLY) {
		is(o, DIAGNOSIS_FAIL, "%s takes TCP connections and closes "
		    "them without an answer", o->at);
		diagnosis_say_advice(o->s, "Look for a limit of TCP clients "
		    "(tcp-clients, tcp-count, tcp-max-clients) or a list of "
		    "addresses that may connect; its log says which.");
	} else {
		is(o, DIAGNOSIS_FAIL, "%s takes TCP connections but does not "
		    "answer on them", o->at);
		diagnosis_say_advice(o->s, "Look for a firewall or a load "
		    "balancer that takes connections itself, and at the name "
		    "server's limit of TCP clients.");
	}
}

static void
look_tcp(struct one *o)
{
	const struct diagnosis_ask *a = o->p->tls ? &o->p->soa : &o->p->tcp;
	const char *how = o->p->tls ? "TLS" : "TCP";

	print_ask(o, a);
	if (!a->done || a->reason == HANDOFF_INTERNAL)
		is(o, DIAGNOSIS_UNKNOWN, "%s was not asked by %s", o->at, how);
	else if (o->p->tls && is_tls(a->reason)) {
		explain(o, DIAGNOSIS_FAIL, ATTEMPT_PROBE, a, a->reason);
		diagnosis_say_advice(o->s, "TCP works, TLS does not: correct "
		    "the certificate or what is registered of it (PATCH "
		    "/v1/primaries/{id}, \"tls\").");
	} else if (is_silence(a->reason) && o->p->tls) {
		explain(o, DIAGNOSIS_FAIL, ATTEMPT_PROBE, a, shown(o->p) ?
		    a->reason : HANDOFF_TIMEOUT_FIRST);
		advise_firewall(o);
	} else if (is_silence(a->reason)) {
		tcp_silent(o, a);
	} else if (answered(a) || is_tsig(a->reason)) {
		if (shown(o->p))
			is(o, DIAGNOSIS_PASS, "%s answers by %s within %u ms",
			    o->at, how, a->ms);
		else
			is(o, DIAGNOSIS_PASS, "%s answers by %s", o->at, how);
	} else {
		is(o, DIAGNOSIS_WARN, "what came from %s by %s is no answer "
		    "to the question (%s)", o->at, how,
		    handoff_reason_text(a->reason));
		diagnosis_say_advice(o->s, "Check that a name server answers "
		    "on TCP port %u of that address.", o->p->addr.port);
	}
}

void
diagnosis_reach_tcp(struct diagnosis_say *s)
{
	each(s, look_tcp);
}

/* ---- soa --------------------------------------------------------------- */

/* It answered, and not with the zone. */
static void
soa_wrong(struct one *o, const struct diagnosis_ask *a)
{
	uint16_t rcode = a->facts.rcode;

	if (a->reason == HANDOFF_RCODE || rcode != 0) {
		explain(o, DIAGNOSIS_FAIL, ATTEMPT_PROBE, a, HANDOFF_RCODE);
		if (rcode == DNSMSG_REFUSED)
			diagnosis_say_advice(o->s, "The server does not have "
			    "%s, or not for us: look for a view, an "
			    "allow-query list, or a zone that is missing in "
			    "its configuration.", o->s->f->zone);
		else if (rcode == DNSMSG_SERVFAIL)
			diagnosis_say_advice(o->s, "The zone is configured "
			    "and could not be loaded (or has expired, if that "
			    "server is a secondary itself): its log says why. "
			    "named-checkzone and ldns-read-zone find mistakes "
			    "in zone files.");
		else
			diagnosis_say_advice(o->s, "Configure %s as a primary "
			    "zone at %s, or correct the address.",
			    o->s->f->zone, o->at);
		return;
	}
	if (!a->aa || a->reason == HANDOFF_NOT_AUTH) {
		is(o, DIAGNOSIS_FAIL, "%s answers for %s without authority "
		    "(AA is not set)", o->at, o->s->f->zone);
		diagnosis_say_advice(o->s, "Give the address of a server that "
		    "has the zone itself: this one is a resolver, or has not "
		    "loaded it.");
		return;
	}
	is(o, DIAGNOSIS_FAIL, "%s shows no SOA record of %s", o->at,
	    o->s->f->zone);
	diagnosis_say_advice(o->s, "%s is not the apex of a zone at %s: check "
	    "the name, and that the zone is configured there.",
	    o->s->f->zone, o->at);
}

static void
look_soa(struct one *o)
{
	const struct diagnosis_ask *all[] = { &o->p->soa, &o->p->tcp,
		&o->p->udp };

	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (is_authoritative(all[i])) {
			print_ask(o, all[i]);
			is(o, DIAGNOSIS_PASS, "%s serves %s with authority, "
			    "serial %u", o->at, o->s->f->zone, all[i]->serial);
			return;
		}
	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (answered(all[i])) {
			print_ask(o, all[i]);
			soa_wrong(o, all[i]);
			return;
		}
	if (o->p->soa.done && is_tsig(o->p->soa.reason))
		is(o, DIAGNOSIS_UNKNOWN, "%s did not accept the signed "
		    "question: see the step tsig", o->at);
	else
		is(o, DIAGNOSIS_UNKNOWN, "%s did not answer: see the steps "
		    "udp and tcp", o->at);
}

void
diagnosis_reach_soa(struct diagnosis_say *s)
{
	each(s, look_soa);
}

/* ---- tsig -------------------------------------------------------------- */

static void
tsig_good(struct one *o, const struct diagnosis_ask *a)
{
	int64_t skew = a->facts.has_skew ? a->facts.skew_s : 0;
	int64_t off = skew < 0 ? -skew : skew;

	if (off <= SKEW_WARN_S) {
		is(o, DIAGNOSIS_PASS, "%s accepts the key %s (%s), and its "
		    "clock agrees with ours", o->at, o->p->key,
		    o->p->algorithm);
		return;
	}
	is(o, DIAGNOSIS_WARN, "%s accepts the key %s, but its clock is %"
	    PRId64 " s %s ours; at 300 s transfers stop", o->at, o->p->key,
	    off, skew < 0 ? "behind" : "ahead of");
	diagnosis_say_advice(o->s, "Set the primary's clock by NTP: "
	    "timedatectl set-ntp true, or chrony.");
}

static void
tsig_bad(struct one *o, const struct diagnosis_ask *a)
{
	switch (a->reason) {
	case HANDOFF_TSIG_BADKEY:
		diagnosis_say_recipe(o->s, o->p, RECIPE_KEY, "The primary does "
		    "not know a key of this name and algorithm: define it "
		    "there exactly so. The name of the key counts (not only "
		    "the secret), and is %s here; the algorithm is %s.",
		    o->p->key, o->p->algorithm);
		break;
	case HANDOFF_TSIG_BADTIME:
		if (a->facts.has_skew)
			diagnosis_say_advice(o->s, "Set the primary's clock, "
			    "which is %" PRId64 " s %s ours (which follows "
			    "NTP): timedatectl set-ntp true, or chrony. "
			    "Containers and virtual machines take their "
			    "host's.", a->facts.skew_s < 0 ?
			    -a->facts.skew_s : a->facts.skew_s,
			    a->facts.skew_s < 0 ? "behind" : "ahead of");
		else
			diagnosis_say_advice(o->s, "Set the primary's clock by "
			    "NTP: timedatectl set-ntp true, or chrony.");
		break;
	case HANDOFF_TSIG_BADTRUNC:
		diagnosis_say_advice(o->s, "Configure full-length signatures "
		    "at the primary (no -80 or -128 behind the algorithm's "
		    "name).");
		break;
	case HANDOFF_TSIG_MISSING:
		diagnosis_say_recipe(o->s, o->p, RECIPE_KEY | RECIPE_ALLOW,
		    "The primary does not sign what it answers to a question "
		    "that is signed with %s: define the key there and allow "
		    "transfers with it. If it needs no key, remove the key "
		    "from this primary here.", o->p->key);
		break;
	default:
		diagnosis_say_recipe(o->s, o->p, RECIPE_KEY, "The secrets of "
		    "the key %s differ, or its algorithm is not %s there: "
		    "copy the secret again, all of it, without spaces "
		    "(PATCH /v1/keys/{id} sets it here). Its fingerprint "
		    "(GET /v1/keys) tells whether two are the same.",
		    o->p->key, o->p->algorithm);
		break;
	}
}

static void
look_tsig(struct one *o)
{
	const struct diagnosis_ask *a = &o->p->soa;

	if (o->p->key == NULL) {
		is(o, DIAGNOSIS_SKIP, "%s is used without a TSIG key", o->at);
		diagnosis_say_advice(o->s, "A TSIG key (POST /v1/keys) proves "
		    "that transfers come from your primary and go to us, "
		    "also where addresses change or are shared.");
		return;
	}
	jw_str(&o->s->facts, "key", o->p->key);
	jw_str(&o->s->facts, "algorithm", o->p->algorithm);
	if (a->facts.has_skew)
		jw_int(&o->s->facts, "clock_skew_s", a->facts.skew_s);
	/* The question for the zone itself is signed, too. */
	if (o->p->axfr.done && is_tsig(o->p->axfr.reason) && !is_tsig(
	    a->reason))
		a = &o->p->axfr;
	if (a->done && is_tsig(a->reason)) {
		jw_str(&o->s->facts, "reason",
		    handoff_reason_text(a->reason));
		jw_int(&o->s->facts, "tsig_error", a->facts.tsig_error);
		explain(o, DIAGNOSIS_FAIL, ATTEMPT_PROBE, a, a->reason);
		tsig_bad(o, a);
	} else if (answered(a)) {
		tsig_good(o, a);
	} else {
		is(o, DIAGNOSIS_UNKNOWN, "%s did not answer: see the steps "
		    "udp and tcp", o->at);
	}
}

void
diagnosis_reach_tsig(struct diagnosis_say *s)
{
	each(s, look_tsig);
}

/* ---- axfr -------------------------------------------------------------- */

static void
axfr_refused(struct one *o, const struct diagnosis_ask *a)
{
	char sources[512];
	const char *who = sources_text(o->s->f, sources, sizeof(sources));

	if (o->p->key == NULL)
		diagnosis_say_recipe(o->s, o->p, RECIPE_ALLOW, "Allow %s to "
		    "transfer %s from %s.", who, o->s->f->zone, o->at);
	else
		diagnosis_say_recipe(o->s, o->p, RECIPE_KEY | RECIPE_ALLOW,
		    "Allow %s to transfer %s from %s with the key %s.", who,
		    o->s->f->zone, o->at, o->p->key);
	if (a->facts.rcode == DNSMSG_NOTAUTH)
		diagnosis_say_advice(o->s, "NOTAUTH can also mean that the "
		    "server does not have the zone as a primary or secondary "
		    "(see the step soa).");
}

static void
look_axfr(struct one *o)
{
	const struct diagnosis_ask *a = &o->p->axfr;

	print_ask(o, a);
	if (!a->done || a->reason == HANDOFF_INTERNAL) {
		is(o, DIAGNOSIS_UNKNOWN, "%s was not asked for a transfer",
		    o->at);
	} else if (a->reason == HANDOFF_OK && a->facts.rcode == 0 &&
	    a->has_serial) {
		if (o->p->whole) {
			jw_int(&o->s->facts, "records", (int64_t)o->p->records);
			is(o, DIAGNOSIS_PASS, "%s sends the zone to us: %"
			    PRIu64 " records, serial %u", o->at,
			    o->p->records, a->serial);
		} else {
			is(o, DIAGNOSIS_PASS, "%s sends the zone to us, "
			    "serial %u", o->at, a->serial);
		}
	} else if (a->reason == HANDOFF_RCODE || (a->reason == HANDOFF_OK &&
	    a->facts.rcode != 0)) {
		explain(o, DIAGNOSIS_FAIL, ATTEMPT_AXFR, a, HANDOFF_RCODE);
		axfr_refused(o, a);
	} else if (is_tsig(a->reason)) {
		explain(o, DIAGNOSIS_FAIL, ATTEMPT_AXFR, a, a->reason);
		diagnosis_say_advice(o->s, "See the step tsig: the key is not "
		    "accepted, so nothing is transferred.");
	} else if (is_tls(a->reason)) {
		is(o, DIAGNOSIS_UNKNOWN, "there is no TLS with %s: see the "
		    "step tcp", o->at);
	} else if (is_silence(a->reason) && !answered(&o->p->tcp)) {
		is(o, DIAGNOSIS_UNKNOWN, "%s does not answer by TCP, so "
		    "nothing can be transferred: see the step tcp", o->at);
	} else if (a->reason == HANDOFF_CLOSED_EARLY ||
	    a->reason == HANDOFF_TIMEOUT_FIRST) {
		is(o, DIAGNOSIS_FAIL, "%s takes the question for the zone and "
		    "%s", o->at, a->reason == HANDOFF_CLOSED_EARLY ?
		    "closes the connection before the transfer is complete" :
		    "sends nothing");
		diagnosis_say_recipe(o->s, o->p, RECIPE_ALLOW, "Some servers "
		    "and firewalls do that to those who may not transfer the "
		    "zone: allow it. The server's log says more.");
	} else if (a->reason == HANDOFF_OK) {
		is(o, DIAGNOSIS_FAIL, "what %s sends as %s does not begin with "
		    "its SOA", o->at, o->s->f->zone);
		diagnosis_say_advice(o->s, "Check that the zone is loaded "
		    "there, and the server's version.");
	} else {
		explain(o, DIAGNOSIS_FAIL, ATTEMPT_AXFR, a, a->reason);
		diagnosis_say_advice(o->s, "See GET /v1/zones/%s/attempts for "
		    "what transfers found.", o->s->f->zone);
	}
}

void
diagnosis_reach_axfr(struct diagnosis_say *s)
{
	each(s, look_axfr);
}
