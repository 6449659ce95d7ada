/*
 * diagnosis_say.c - see diagnosis_say.h.
 */
#include "xferd/diagnosis_say.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/dns/recipe.h"

enum { CONFIGURATION_MAX = 16 << 10 };

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
	if (r.key != NULL)		/* what names a key has its definition */
		parts |= RECIPE_KEY;
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
