/* gate.c - may this version go live, by its zone's policy? */
#include "xferd/gate.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/hex.h"

void
gate_policy_default(struct gate_policy *p)
{
	*p = (struct gate_policy){ .removed_percent_max = -1,
		.removed_names_min = 10, .zonemd = GATE_VERIFY };
}

/* ---- trust anchors ----------------------------------------------------- */

static bool
take_number(const char **at, const char *end, unsigned max, unsigned *out)
{
	unsigned n = 0;
	const char *p = *at;

	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (p == end || *p < '0' || *p > '9')
		return false;
	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (unsigned)(*p - '0');
		if (n > max)
			return false;
	}
	if (p == end || (*p != ' ' && *p != '\t'))
		return false;
	*at = p;
	*out = n;
	return true;
}

bool
gate_anchor_parse(const char *text, size_t len, struct gate_anchor *out)
{
	const char *p = text, *end = text + len;
	struct gate_anchor a = { 0 };
	unsigned tag, algorithm, digest_type, n = 0;

	if (!take_number(&p, end, 65535, &tag) ||
	    !take_number(&p, end, 255, &algorithm) ||
	    !take_number(&p, end, 255, &digest_type))
		return false;
	for (; p < end; p++) {
		int v = hex_digit(*p);

		if (*p == ' ' || *p == '\t')
			continue;
		if (v < 0 || n == 2 * GATE_DIGEST_MAX)
			return false;
		a.digest[n / 2] = (uint8_t)(a.digest[n / 2] << 4 | v);
		n++;
	}
	if (n % 2 != 0 || n < 2 * 20)
		return false;
	a.tag = (uint16_t)tag;
	a.algorithm = (uint8_t)algorithm;
	a.digest_type = (uint8_t)digest_type;
	a.digest_len = (uint8_t)(n / 2);
	*out = a;
	return true;
}

/* ---- the verdict ------------------------------------------------------- */

static void say(struct gate_verdict *v, const char *reason,
    const char *advice, const char *fmt, ...) PRINTF_LIKE(4, 5);

static void
say(struct gate_verdict *v, const char *reason, const char *advice,
    const char *fmt, ...)
{
	va_list ap;

	v->reason = reason;
	snprintf(v->advice, sizeof(v->advice), "%s", advice);
	va_start(ap, fmt);
	vsnprintf(v->message, sizeof(v->message), fmt, ap);
	va_end(ap);
}

static bool
too_many_removed(const struct gate_policy *p, const struct gate_facts *f)
{
	return p->removed_percent_max >= 0 && !f->first &&
	    f->names_removed >= p->removed_names_min &&
	    f->names_removed > 0 &&
	    f->names_removed * 100 >
	    f->names_before * (uint64_t)p->removed_percent_max;
}

static void
say_removed(const struct gate_policy *p, const struct gate_facts *f,
    struct gate_verdict *out)
{
	char examples[300] = "";
	size_t n = 0;

	for (unsigned i = 0; i < f->n_examples; i++) {
		int k = snprintf(examples + n, sizeof(examples) - n, "%s%s",
		    i > 0 ? ", " : "", f->example[i]);

		if (k < 0 || (size_t)k >= sizeof(examples) - n) {
			examples[n] = '\0';
			break;
		}
		n += (size_t)k;
	}
	say(out, "held-removed",
	    "if the names are to go, accept this version; if not, put them "
	    "back at the primary and raise the serial",
	    "%" PRIu64 " of %" PRIu64 " names are missing (%" PRIu64 " %%, "
	    "allowed are %d %%), among them %s", f->names_removed,
	    f->names_before, f->names_before == 0 ? 100 :
	    f->names_removed * 100 / f->names_before, p->removed_percent_max,
	    examples);
}

static bool
judge_apex(const struct gate_policy *p, const struct gate_facts *f,
    struct gate_verdict *out)
{
	if (p->keep_ns && !f->first && f->before.n_ns > 0 && !f->ns_kept) {
		say(out, "held-ns",
		    "if all of the zone's name servers were replaced on "
		    "purpose, accept this version; if not, correct the NS "
		    "records at the primary and raise the serial",
		    "none of the %u name servers that the zone had is in its "
		    "NS records any more", f->before.n_ns);
		return true;
	}
	if (p->keep_dnskey && !f->first && f->before.has_dnskey &&
	    !f->after.has_dnskey) {
		say(out, "held-dnskey",
		    "remove the DS records at the parent and wait for their "
		    "TTL before the zone goes unsigned, then accept this "
		    "version; if that was not meant, sign the zone again",
		    "the zone was signed and has no DNSKEY record any more; "
		    "with a DS record at the parent, it would fail to "
		    "validate");
		return true;
	}
	return false;
}

static bool
judge_runway(const struct gate_policy *p, const struct gate_facts *f,
    struct gate_verdict *out)
{
	int64_t left = f->signed_until_s - f->now_s;

	if (p->signature_hours_min == 0 || f->signed_until_s == 0 ||
	    left >= (int64_t)p->signature_hours_min * 3600)
		return false;
	if (left <= 0)
		say(out, "held-signatures",
		    "sign the zone again at the primary and raise the serial",
		    "some signatures ended %" PRId64 " hours ago",
		    -left / 3600);
	else
		say(out, "held-signatures",
		    "sign the zone again at the primary and raise the serial",
		    "some signatures end in %" PRId64 " hours, and at least "
		    "%u are wanted", left / 3600, p->signature_hours_min);
	return true;
}

void
gate_judge(const struct gate_policy *p, const struct gate_facts *f,
    struct gate_verdict *out)
{
	*out = (struct gate_verdict){ 0 };
	if (too_many_removed(p, f)) {
		say_removed(p, f, out);
		return;
	}
	if (judge_apex(p, f, out))
		return;
	if (p->zonemd != GATE_OFF && f->zonemd_reason != NULL) {
		say(out, f->zonemd_reason,
		    "have the primary compute the ZONEMD record again after "
		    "its last change and raise the serial; if it stays so, "
		    "the zone is changed on its way", "%s", f->zonemd_text);
		return;
	}
	if (judge_runway(p, f, out))
		return;
	if (p->dnssec != GATE_OFF && f->dnssec_reason != NULL)
		say(out, f->dnssec_reason,
		    "sign the zone again at the primary and raise the serial",
		    "%s", f->dnssec_text);
}
