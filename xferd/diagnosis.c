/*
 * diagnosis.c - a step's document.  See diagnosis.h.
 *
 * What each step means is in diagnosis_reach (the way to a primary),
 * diagnosis_zone (the zone there and here) and diagnosis_tree (the parent).
 */
#include "xferd/diagnosis.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "xferd/diagnosis_say.h"

enum { CONFIGURATION_MAX = 16 << 10 };

const char *
diagnosis_id_text(enum diagnosis_id id)
{
	static const char *const NAMES[] = { "udp", "tcp", "soa", "tsig",
		"axfr", "serial", "content", "notify", "apex_ns",
		"delegation", "servers", "dnssec" };

	static_assert(COUNT_OF(NAMES) == DIAGNOSIS_IDS, "one for each");
	return NAMES[id];
}

const char *
diagnosis_verdict_text(enum diagnosis_verdict verdict)
{
	switch (verdict) {
	case DIAGNOSIS_SKIP:
		return "skip";
	case DIAGNOSIS_PASS:
		return "pass";
	case DIAGNOSIS_WARN:
		return "warn";
	case DIAGNOSIS_FAIL:
		return "fail";
	case DIAGNOSIS_UNKNOWN:
		break;
	}
	return "unknown";
}

/* ---- what steps say ---------------------------------------------------- */

void
diagnosis_say_verdict(struct diagnosis_say *s, enum diagnosis_verdict v,
    const char *fmt, ...)
{
	va_list ap;

	if (s->text[0] != '\0' && v <= s->verdict)
		return;
	s->verdict = v;
	va_start(ap, fmt);
	vsnprintf(s->text, sizeof(s->text), fmt, ap);
	va_end(ap);
}

static uint32_t
hash_of(const char *text)
{
	uint32_t h = 2166136261u;	/* FNV-1a */

	for (; *text != '\0'; text++)
		h = (h ^ (uint8_t)*text) * 16777619u;
	return h;
}

/* False when it was said already, or when enough was. */
static bool
begin_advice(struct diagnosis_say *s, const char *text)
{
	uint32_t h = hash_of(text);

	for (unsigned i = 0; i < s->n_seen; i++)
		if (s->seen[i] == h)
			return false;
	if (s->n_seen == DIAGNOSIS_ADVICE_MAX)
		return false;
	s->seen[s->n_seen++] = h;
	jw_begin_object(&s->advice, NULL);
	jw_str(&s->advice, "text", text);
	return true;
}

void
diagnosis_say_advice(struct diagnosis_say *s, const char *fmt, ...)
{
	char text[DIAGNOSIS_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (begin_advice(s, text))
		jw_end_object(&s->advice);
}

static void
print_configuration(struct jw *w, const struct recipe *r,
    enum recipe_kind kind, unsigned parts)
{
	struct buf text;

	buf_init(&text, CONFIGURATION_MAX);
	recipe_print(r, kind, parts, &text);
	jw_begin_object(w, NULL);
	jw_str(w, "server", recipe_word(kind));
	jw_str(w, "title", recipe_title(kind));
	jw_str(w, "place", recipe_place(kind));
	jw_bool(w, "tested", recipe_is_tested(kind));
	if (buf_err(&text) == OK)
		jw_str(w, "text", buf_cstr(&text));
	else
		jw_null(w, "text");
	jw_end_object(w);
	buf_fini(&text);
}

void
diagnosis_say_recipe(struct diagnosis_say *s,
    const struct diagnosis_primary *p, unsigned parts, const char *fmt, ...)
{
	const struct diagnosis_facts *f = s->f;
	struct recipe r = { .zone = f->zone, .sources = f->sources,
		.n_sources = f->n_sources, .targets = f->targets,
		.n_targets = f->n_targets };
	char text[DIAGNOSIS_TEXT_MAX];
	va_list ap;

	if (p == NULL && f->n_primaries > 0)
		p = &f->primary[0];
	if (p != NULL) {
		r.key = p->key;
		r.algorithm = p->algorithm;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!begin_advice(s, text))
		return;
	jw_begin_list(&s->advice, "configuration");
	for (int k = 0; k < RECIPE_KINDS; k++)
		print_configuration(&s->advice, &r, (enum recipe_kind)k,
		    parts);
	jw_end_list(&s->advice);
	jw_end_object(&s->advice);
}

/* ---- a step ------------------------------------------------------------ */

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
	jw_str(w, "id", diagnosis_id_text(id));
	jw_str(w, "verdict", diagnosis_verdict_text(s.verdict));
	put(w, "evidence", &s.facts);
	put(w, "advice", &s.advice);
	jw_end_object(w);
	return s.verdict;
}

/* ---- providers --------------------------------------------------------- */

static bool
ends_with(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcasecmp(name + n - m, suffix) == 0;
}

/* "ns-12.awsdns-34.co.uk": a label that begins with awsdns-. */
static bool
is_route53(const char *name)
{
	const char *p = strstr(name, ".awsdns-");

	if (p == NULL)
		return false;
	p += strlen(".awsdns-");
	p += strspn(p, "0123456789");
	return strcasecmp(p, ".com") == 0 || strcasecmp(p, ".net") == 0 ||
	    strcasecmp(p, ".org") == 0 || strcasecmp(p, ".co.uk") == 0;
}

const char *
diagnosis_elsewhere(const char *const *names, size_t n)
{
	size_t cloudflare = 0, route53 = 0;

	for (size_t i = 0; i < n; i++) {
		if (ends_with(names[i], ".ns.cloudflare.com") ||
		    ends_with(names[i], ".foundationdns.com") ||
		    ends_with(names[i], ".foundationdns.net") ||
		    ends_with(names[i], ".foundationdns.org"))
			cloudflare++;
		else if (is_route53(names[i]))
			route53++;
	}
	if (n > 0 && cloudflare == n)
		return "Cloudflare";
	if (n > 0 && route53 == n)
		return "Amazon Route 53";
	return NULL;
}
