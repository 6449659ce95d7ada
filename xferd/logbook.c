/*
 * logbook.c - see logbook.h.
 */
#include "xferd/logbook.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/dns/dname.h"
#include "xferd/keyring.h"
#include "xferd/ledger.h"
#include "xferd/profile.h"
#include "xferd/round_parts.h"

void
logbook_open(struct round *r, enum attempt_kind kind, const char *transport)
{
	attempt_init(&r->attempt);
	memcpy(r->attempt.zone_id, r->lz->zone_id, 16);
	memcpy(r->attempt.tenant_id, r->lz->tenant_id, 16);
	r->attempt.started_ms = now_mono_ms();
	r->attempt.kind = kind;
	r->attempt.primary = r->lz->primaries[r->p].addr;
	r->attempt.transport = transport;
	if (r->zone.in.loaded)
		r->attempt.serial_before = r->zone.in.soa.serial;
}

enum { LOG_EVERY_MS = 600 * 1000 };

/* The same of one zone at one primary is logged once in a while: the attempts
 * have each.							T-222 */
static bool
worth_logging(struct tally_entry *memory, const char *reason)
{
	int64_t now = now_mono_ms();

	if (memory == NULL)
		return true;
	if (memory->logged != NULL && strcmp(memory->logged, reason) == 0 &&
	    now - memory->logged_ms < LOG_EVERY_MS)
		return false;
	memory->logged = reason;
	memory->logged_ms = now;
	return true;
}

static bool
reason_is_theirs(const char *reason)
{
	return strcmp(reason, "conflict") != 0 &&
	    strcmp(reason, "trouble") != 0;
}

void
logbook_close(struct round *r, enum attempt_outcome outcome,
    const char *reason)
{
	struct attempt *a = &r->attempt;

	a->outcome = outcome;
	a->reason = reason;
	if (a->total_ms < 0)
		a->total_ms = now_mono_ms() - a->started_ms;
	if (outcome == ATTEMPT_FAILED || outcome == ATTEMPT_REFUSED) {
		snprintf(r->error, sizeof(r->error), "%s", a->message);
		if (worth_logging(r->memory[r->p], reason))
			log_info("attempt.failed", "zone=%s kind=%s "
			    "primary=%s reason=%s why=%s", LOG_Q(r->lz->name),
			    attempt_kind_text(a->kind), SOCK_TEXT(&a->primary),
			    reason, LOG_Q(a->message));
	}
	r->shown[r->p].asked = true;
	if (a->primary_serial >= 0)
		r->shown[r->p].serial = a->primary_serial;
	/* A conflict and our own trouble are not the primary's. */
	if (reason_is_theirs(reason))
		r->shown[r->p].problem = outcome == ATTEMPT_FAILED ||
		    outcome == ATTEMPT_REFUSED ? reason : NULL;
	ledger_attempt(r->keep->ledger, a);
}

void
logbook_say(struct round *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->attempt.message, sizeof(r->attempt.message), fmt, ap);
	va_end(ap);
}

void
logbook_add(struct round *r, const char *fmt, ...)
{
	size_t len = strlen(r->attempt.message);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->attempt.message + len, sizeof(r->attempt.message) - len,
	    fmt, ap);
	va_end(ap);
}

void
logbook_take_facts(struct attempt *a, const struct handoff_facts *f,
    enum handoff_reason reason)
{
	if (reason == HANDOFF_RCODE || reason == HANDOFF_IXFR_REFUSED ||
	    reason == HANDOFF_OK || f->rcode != 0)
		a->rcode = f->rcode;
	if (f->has_ede)
		a->ede = f->ede;
	if (f->tsig_error != 0)
		a->tsig_error = f->tsig_error;
	a->has_skew = f->has_skew;
	a->skew_s = f->skew_s;
}

void
logbook_take_tls(struct attempt *a, const struct handoff_tls *tls)
{
	char pin[PROFILE_PIN_TEXT];
	int n;

	a->details[0] = '\0';
	if (!tls->set)
		return;
	n = snprintf(a->details, sizeof(a->details), "{\"tls\": {"
	    "\"version\": \"%s\", \"cipher\": \"%s\"", tls->version,
	    tls->cipher);
	if (tls->has_pin) {
		profile_print_pin(tls->pin, pin);
		n += snprintf(a->details + n, sizeof(a->details) - (size_t)n,
		    ", \"pin\": \"%s\"", pin);
	}
	snprintf(a->details + n, sizeof(a->details) - (size_t)n, "}}");
	/* It is text of a child: what is not JSON is not written. */
	if (strpbrk(tls->version, "\"\\") != NULL ||
	    strpbrk(tls->cipher, "\"\\") != NULL)
		a->details[0] = '\0';
}

void
logbook_explain(struct round *r, enum handoff_reason reason,
    const struct handoff_facts *facts, const char *detail, size_t detail_len)
{
	const struct conf *conf = r->keep->conf;
	const struct lease_primary *p = &r->lz->primaries[r->p];
	char pins[4 * PROFILE_PIN_TEXT];
	struct attempt_case c = { .kind = r->attempt.kind,
		.primary = &p->addr, .transport = r->attempt.transport,
		.reason = reason, .facts = facts, .detail = detail,
		.detail_len = detail_len,
		.key_name = p->has_key ? r->key_name : NULL,
		.sources = r->keep->sources[0] != '\0' ?
		    r->keep->sources : NULL };

	if (p->profile != NULL) {
		profile_print_pins(p->profile, pins, sizeof(pins));
		c.pins = pins;
	}
	if (reason == HANDOFF_CONNECT_TIMEOUT ||
	    reason == HANDOFF_TLS_TIMEOUT)
		c.timeout_ms = conf->transfer.connect_timeout_ms;
	else if (reason == HANDOFF_TIMEOUT_IDLE)
		c.timeout_ms = conf->transfer.idle_timeout_ms;
	else if (reason == HANDOFF_TIMEOUT_TOTAL)
		c.timeout_ms = conf->transfer.total_timeout_s * 1000;
	else if (r->attempt.kind == ATTEMPT_PROBE)
		c.timeout_ms = conf->transfer.connect_timeout_ms;
	else
		c.timeout_ms = conf->transfer.first_timeout_ms;
	attempt_explain(&c, r->attempt.message);
}

void
logbook_refuse_egress(struct round *r, enum egress_verdict verdict)
{
	logbook_say(r, "%s is %s: transfers from there are not allowed",
	    SOCK_TEXT(&r->attempt.primary), egress_text(verdict));
	logbook_close(r, ATTEMPT_REFUSED, "egress");
}

/* Did this reason show that nobody is there?  T-009 */
static bool
is_silence(enum handoff_reason reason)
{
	return reason == HANDOFF_CONNECT_REFUSED ||
	    reason == HANDOFF_CONNECT_TIMEOUT ||
	    reason == HANDOFF_CONNECT_FAILED ||
	    reason == HANDOFF_TLS_TIMEOUT ||
	    reason == HANDOFF_TIMEOUT_FIRST;
}

void
logbook_note_address(struct round *r, enum handoff_reason reason)
{
	const struct conf *conf = r->keep->conf;

	if (reason == HANDOFF_INTERNAL)
		return;
	if (reason == HANDOFF_OK)
		r->at[r->p]->answered = true;
	if (is_silence(reason))
		tally_failed(r->at[r->p], conf->transfer.breaker_failures,
		    (int64_t)conf->transfer.breaker_s * 1000, now_mono_ms());
	else
		tally_worked(r->at[r->p]);
}

bool
logbook_take_key(struct round *r, uint32_t *out_key)
{
	const struct lease_primary *p = &r->lz->primaries[r->p];
	struct keyring_row row = { .tenant_id = r->lz->tenant_id,
		.key_id = p->key_id, .name = p->key_name,
		.name_len = p->key_name_len, .algorithm = p->algorithm,
		.sealed = p->sealed, .sealed_len = p->sealed_len };

	*out_key = 0;
	if (p->tls && p->profile == NULL) {
		logbook_say(r,
		    "what is configured for TLS to this primary cannot be "
		    "used: set it again");
		logbook_close(r, ATTEMPT_REFUSED, "tls-setup");
		return false;
	}
	if (!p->has_key)
		return true;
	if (p->key_name_len == 0 || keyring_number(r->keep->keys, &row,
	    out_key) != OK) {
		logbook_say(r,
		    "the TSIG key of this primary cannot be opened: set "
		    "its secret again");
		logbook_close(r, ATTEMPT_REFUSED, "tsig-key");
		return false;
	}
	dname_print_bare(p->key_name, r->key_name);
	return true;
}
