/*
 * attempt.c - the flight recorder: what happened, in a row and a sentence.
 *
 * Each sentence has two halves: what was seen, with the address, and what the
 * person at the primary can check.  Nothing of the message depends on other
 * tenants.
 */
#include "xferd/attempt.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
attempt_init(struct attempt *a)
{
	*a = (struct attempt){ .reason = "ok",
		.serial_before = -1, .serial_after = -1, .primary_serial = -1,
		.generation = -1, .rcode = -1, .ede = -1, .tsig_error = -1, .bytes = -1,
		.records = -1, .messages = -1, .pages = -1, .connect_ms = -1,
		.first_ms = -1, .transfer_ms = -1, .ingest_ms = -1,
		.total_ms = -1 };
}

const char *
attempt_kind_text(enum attempt_kind kind)
{
	switch (kind) {
	case ATTEMPT_PROBE:
		return "probe";
	case ATTEMPT_AXFR:
		return "axfr";
	case ATTEMPT_IXFR:
		return "ixfr";
	case ATTEMPT_NOTIFY:
		return "notify";
	case ATTEMPT_PIN:
		return "pin";
	}
	return "?";
}

const char *
attempt_outcome_text(enum attempt_outcome outcome)
{
	switch (outcome) {
	case ATTEMPT_OK:
		return "ok";
	case ATTEMPT_UPTODATE:
		return "uptodate";
	case ATTEMPT_FAILED:
		return "failed";
	case ATTEMPT_REFUSED:
		return "refused";
	}
	return "?";
}

/* The text under way. */
struct say {
	char *out;
	size_t len;
};

static void PRINTF_LIKE(2, 3)
say(struct say *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->out + s->len, ATTEMPT_MESSAGE_MAX + 1 - s->len, fmt,
	    ap);
	va_end(ap);
	if (n > 0)
		s->len = MIN(s->len + (size_t)n, (size_t)ATTEMPT_MESSAGE_MAX);
}

static const char *
rcode_text(unsigned rcode, char *buf, size_t size)
{
	static const char *const NAMES[] = { "NOERROR", "FORMERR", "SERVFAIL",
		"NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
		"NXRRSET", "NOTAUTH", "NOTZONE" };

	if (rcode < COUNT_OF(NAMES))
		return NAMES[rcode];
	snprintf(buf, size, "RCODE %u", rcode);
	return buf;
}

static const char *
what(const struct attempt_case *c)
{
	switch (c->kind) {
	case ATTEMPT_PROBE:
		return "the SOA query";
	case ATTEMPT_AXFR:
		return "the transfer (AXFR)";
	case ATTEMPT_IXFR:
		return "the transfer (IXFR)";
	case ATTEMPT_NOTIFY:
		return "the NOTIFY";
	case ATTEMPT_PIN:
		return "the publication";
	}
	return "it";
}

static const char *
port_kind(const struct attempt_case *c)
{
	return c->transport != NULL && strcmp(c->transport, "udp") == 0 ?
	    "UDP" : "TCP";
}

static void
say_rcode(struct say *s, const struct attempt_case *c)
{
	char buf[32];
	unsigned rcode = c->facts == NULL ? 0 : c->facts->rcode;
	const char *name = rcode_text(rcode, buf, sizeof(buf));

	say(s, "%s answered %s with %s", SOCK_TEXT(c->primary), what(c), name);
	if (c->facts != NULL && c->facts->has_ede)
		say(s, " (extended error %u)", c->facts->ede);
	if (rcode == 5 || rcode == 9) {
		say(s, ": check that the zone is configured there");
		if (c->kind != ATTEMPT_PROBE)
			say(s, " and that our transfer addresses%s%s are in "
			    "its list of allowed secondaries (allow-transfer, "
			    "provide-xfr, acl)",
			    c->sources == NULL ? "" : " ",
			    c->sources == NULL ? "" : c->sources);
		if (rcode == 9 && c->key_name != NULL)
			say(s, ", and that it knows the TSIG key %s",
			    c->key_name);
	} else if (rcode == 2) {
		say(s, ": the zone may not be loaded there; see its log");
	} else if (rcode == 3) {
		say(s, ": the zone does not exist there: configure it, or "
		    "correct its name");
	} else if (rcode == 4) {
		say(s, ": it does not support this kind of request; check "
		    "that zones can be transferred from it");
	} else {
		say(s, ": see its log");
	}
}

/* Within the window it is not the skew that was wrong: the time went back in
 * the middle, or the primary did not say its time. */
static void
say_skew(struct say *s, const struct handoff_facts *f)
{
	int64_t off;

	if (f == NULL || !f->has_skew)
		return;
	off = f->skew_s < 0 ? -f->skew_s : f->skew_s;
	if (off > TSIG_FUDGE_S)
		say(s, ": its clock is %" PRId64 " s %s ours", off,
		    f->skew_s < 0 ? "behind" : "ahead of");
}

static void
say_tsig(struct say *s, const struct attempt_case *c)
{
	const char *key = c->key_name == NULL ? "(none)" : c->key_name;

	switch (c->reason) {
	case HANDOFF_TSIG_MISSING:
		say(s, "%s answered %s without a TSIG signature though it was "
		    "signed with %s: configure that key for us at the "
		    "primary", SOCK_TEXT(c->primary), what(c), key);
		break;
	case HANDOFF_TSIG_BADKEY:
		say(s, "%s does not know the TSIG key %s (BADKEY): check the "
		    "key's name and algorithm on both sides",
		    SOCK_TEXT(c->primary), key);
		break;
	case HANDOFF_TSIG_BADTIME:
		say(s, "the TSIG time of %s is outside the window",
		    SOCK_TEXT(c->primary));
		say_skew(s, c->facts);
		say(s, ": set its clock by NTP");
		break;
	case HANDOFF_TSIG_BADTRUNC:
		say(s, "the TSIG signature of %s is shorter than allowed: "
		    "configure full-length signatures", SOCK_TEXT(c->primary));
		break;
	case HANDOFF_TSIG_ORDER:
		say(s, "%s left messages of %s unsigned that must be signed "
		    "(RFC 8945 5.3.1); all of it was discarded: check the "
		    "name server's version",
		    SOCK_TEXT(c->primary), what(c));
		break;
	default:
		say(s, "the TSIG signature with key %s does not verify at "
		    "%s: check that the secret and the algorithm are the same "
		    "on both sides", key, SOCK_TEXT(c->primary));
		break;
	}
}

/* What was wrong with the answer, and @advice. */
static void
say_broken(struct say *s, const struct attempt_case *c, const char *how,
    const char *advice)
{
	say(s, "%s from %s was discarded, because it has %s: %s", what(c),
	    SOCK_TEXT(c->primary), how, advice);
}

#define CHECK_SERVER	"check the name server's version and log, and that " \
	"nothing on the way changes DNS messages"
#define CHECK_ZONE	"correct it in the zone at the primary, and raise " \
	"the serial"
#define CHECK_SIZE	"make the zone smaller, or ask us for a higher limit"

static void
say_tls(struct say *s, const struct attempt_case *c)
{
	const char *at = SOCK_TEXT(c->primary);

	switch (c->reason) {
	case HANDOFF_TLS_TIMEOUT:
		say(s, "%s took the connection but did not finish the TLS "
		    "handshake within %u s: check that port %u speaks TLS",
		    at, (c->timeout_ms + 500) / 1000, c->primary->port);
		break;
	case HANDOFF_TLS_VERSION:
		say(s, "%s does not speak TLS 1.3, which transfers over TLS "
		    "need (RFC 9103): enable TLS 1.3 there", at);
		break;
	case HANDOFF_TLS_ALPN:
		say(s, "%s did not agree on the protocol \"dot\" (ALPN), so "
		    "nothing was asked: check that port %u is the DNS server's "
		    "own TLS port and not a web server's or a plain TLS "
		    "proxy's", at, c->primary->port);
		break;
	case HANDOFF_TLS_CERTIFICATE:
		say(s, "the certificate of %s is not trusted: have it signed "
		    "by a public authority, give its authority as \"ca\", or "
		    "its key as a pin", at);
		break;
	case HANDOFF_TLS_DATE:
		say(s, "the certificate of %s is outside its dates: renew it "
		    "at the primary", at);
		break;
	case HANDOFF_TLS_NAME:
		say(s, "the certificate of %s is for another name: correct "
		    "\"tls.name\" of this primary, or its certificate", at);
		break;
	case HANDOFF_TLS_PIN:
		say(s, "the key of %s is none of those pinned (%s): add the "
		    "new pin if the key was changed on purpose", at,
		    c->pins == NULL ? "" : c->pins);
		break;
	case HANDOFF_TLS_CLIENT:
		say(s, "%s does not accept our client certificate: give this "
		    "primary the certificate that it expects of us, or allow "
		    "the one that we have", at);
		break;
	case HANDOFF_TLS_SETUP:
		say(s, "TLS to %s cannot be set up from what is configured: "
		    "set its certificates again", at);
		break;
	default:
		say(s, "the TLS handshake with %s failed: check that port %u "
		    "speaks TLS", at, c->primary->port);
		break;
	}
}

static void
say_reason(struct say *s, const struct attempt_case *c)
{
	const char *at = SOCK_TEXT(c->primary);

	switch (c->reason) {
	case HANDOFF_OK:
	case HANDOFF_UPTODATE:
		say(s, "%s answered %s", at, what(c));
		break;
	case HANDOFF_CONNECT_REFUSED:
		say(s, "%s refused the connection over %s: check that the "
		    "name server runs and listens on that address and port",
		    at, port_kind(c));
		break;
	case HANDOFF_CONNECT_TIMEOUT:
		say(s, "connection to %s over TCP timed out after %u s: check "
		    "that TCP port %u is open for us in every firewall on "
		    "the way", at, (c->timeout_ms + 500) / 1000,
		    c->primary->port);
		break;
	case HANDOFF_CONNECT_FAILED:
		say(s, "%s cannot be reached over %s: check the address and "
		    "the route to it", at, port_kind(c));
		break;
	case HANDOFF_CLOSED_EARLY:
		say(s, "%s closed the connection before %s was complete; all "
		    "of it was discarded: see the primary's log", at, what(c));
		break;
	case HANDOFF_TIMEOUT_FIRST:
		say(s, "no answer to %s from %s over %s within %u s: check "
		    "that the name server runs and that %s port %u is open "
		    "for us", what(c), at, port_kind(c),
		    (c->timeout_ms + 500) / 1000, port_kind(c),
		    c->primary->port);
		break;
	case HANDOFF_TIMEOUT_IDLE:
		say(s, "%s paused for more than %u s in the middle of %s; all "
		    "of it was discarded: check the name server's load and "
		    "the network between us", at, (c->timeout_ms + 500) / 1000,
		    what(c));
		break;
	case HANDOFF_TIMEOUT_TOTAL:
		say(s, "%s from %s was not complete after %u s; all of it was "
		    "discarded: check the name server's load and the network "
		    "between us", what(c), at, (c->timeout_ms + 500) / 1000);
		break;
	case HANDOFF_TOO_SLOW:
		say(s, "%s sent %s slower than the minimum rate; all of it "
		    "was discarded: check the name server's load and the "
		    "network between us", at, what(c));
		break;
	case HANDOFF_RCODE:
		say_rcode(s, c);
		break;
	case HANDOFF_IXFR_REFUSED:
		if (c->facts != NULL && c->facts->rcode != 0)
			say_rcode(s, c);
		else
			say(s, "%s offers serial news but no differences for "
			    "%s: check whether it keeps a journal "
			    "(ixfr-from-differences, journal)", at, what(c));
		break;
	case HANDOFF_NOT_AUTH:
		say(s, "%s answered %s without authority (AA is not set): the "
		    "zone is not configured or not loaded there", at, what(c));
		break;
	case HANDOFF_MALFORMED:
		say_broken(s, c, "a message that cannot be read",
		    CHECK_SERVER);
		break;
	case HANDOFF_WRONG_ID:
		say_broken(s, c, "a message with the wrong ID", CHECK_SERVER);
		break;
	case HANDOFF_WRONG_QUESTION:
		say_broken(s, c, "an answer to another question",
		    CHECK_SERVER);
		break;
	case HANDOFF_TRUNCATED:
		say_broken(s, c, "a truncated message", CHECK_SERVER);
		break;
	case HANDOFF_NO_SOA:
		say_broken(s, c, "no SOA record of the zone in front",
		    "check that this zone is configured and loaded there");
		break;
	case HANDOFF_BAD_ORDER:
		say_broken(s, c, "records in an order that makes no transfer "
		    "(RFC 5936 2.2, RFC 1995 4)", CHECK_SERVER);
		break;
	case HANDOFF_OUT_OF_ZONE:
		say_broken(s, c, "too many records outside the zone",
		    CHECK_ZONE);
		break;
	case HANDOFF_BAD_RDATA:
		say_broken(s, c, "a record whose data does not fit its type",
		    CHECK_ZONE);
		break;
	case HANDOFF_LIMIT_RECORDS:
		say_broken(s, c, "more records than allowed", CHECK_SIZE);
		break;
	case HANDOFF_LIMIT_BYTES:
		say_broken(s, c, "more bytes than allowed", CHECK_SIZE);
		break;
	case HANDOFF_LIMIT_RRSET:
		say_broken(s, c, "more records of one name and type than "
		    "allowed", CHECK_SIZE);
		break;
	case HANDOFF_LIMIT_MESSAGES:
		say_broken(s, c, "more messages than allowed", CHECK_SERVER);
		break;
	case HANDOFF_TSIG_MISSING:
	case HANDOFF_TSIG_BADSIG:
	case HANDOFF_TSIG_BADKEY:
	case HANDOFF_TSIG_BADTIME:
	case HANDOFF_TSIG_BADTRUNC:
	case HANDOFF_TSIG_ORDER:
		say_tsig(s, c);
		break;
	case HANDOFF_TLS_FAILED:
	case HANDOFF_TLS_TIMEOUT:
	case HANDOFF_TLS_VERSION:
	case HANDOFF_TLS_ALPN:
	case HANDOFF_TLS_CERTIFICATE:
	case HANDOFF_TLS_DATE:
	case HANDOFF_TLS_NAME:
	case HANDOFF_TLS_PIN:
	case HANDOFF_TLS_CLIENT:
	case HANDOFF_TLS_SETUP:
		say_tls(s, c);
		break;
	case HANDOFF_IXFR_MISMATCH:
		say(s, "the differences from %s do not fit the version we "
		    "have; the whole zone is fetched instead", at);
		break;
	case HANDOFF_UNASKED:
	case HANDOFF_INTERNAL:
	case HANDOFF_REASONS:
		say(s, "our own trouble while talking to %s; it is tried "
		    "again", at);
		break;
	}
}

void
attempt_explain(const struct attempt_case *c, char *out)
{
	struct say s = { .out = out };

	out[0] = '\0';
	say_reason(&s, c);
	if (c->detail_len > 0 && c->reason != HANDOFF_OK &&
	    c->reason != HANDOFF_UPTODATE)
		say(&s, " (%.*s)", (int)MIN(c->detail_len,
		    (size_t)HANDOFF_TEXT_MAX), c->detail);
}
