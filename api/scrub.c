/*
 * scrub.c - a walk over JSON text.  See scrub.h.
 */
#include <string.h>

#include "api/scrub.h"

struct walk {
	const char *at, *end;
	const char *const *names;
	enum scrub_how how;
	struct buf *out;		/* NULL: pass over */
	unsigned int depth;
};

static void
blanks(struct walk *w)
{
	while (w->at < w->end && (*w->at == ' ' || *w->at == '\n' ||
	    *w->at == '\t' || *w->at == '\r'))
		w->at++;
}

static void
put(struct walk *w, const char *from, size_t len)
{
	if (w->out != NULL)
		(void)buf_bytes(w->out, from, len);
}

/* The next character, if it is @c. */
static bool
take(struct walk *w, char c)
{
	blanks(w);
	if (w->at == w->end || *w->at != c)
		return false;
	put(w, w->at++, 1);
	return true;
}

/* Pass over a string; its quotes included. */
static bool
string(struct walk *w)
{
	if (w->at == w->end || *w->at != '"')
		return false;
	for (w->at++; w->at < w->end; w->at++) {
		if (*w->at == '"') {
			w->at++;
			return true;
		}
		if (*w->at == '\\')
			w->at++;
	}
	return false;
}

static bool
is_named(const struct walk *w, const char *name, size_t len)
{
	for (size_t i = 0; w->names[i] != NULL; i++)
		if (strlen(w->names[i]) == len &&
		    memcmp(w->names[i], name, len) == 0)
			return true;
	return false;
}

static bool value(struct walk *w);

/* One member; *@any: was one written before it? */
static bool
member(struct walk *w, bool *any)
{
	struct buf *out = w->out;
	const char *from;
	size_t len;
	bool hit, good;

	blanks(w);
	from = w->at;
	if (!string(w))
		return false;
	len = (size_t)(w->at - from);
	hit = is_named(w, from + 1, len - 2);
	if (!hit || w->how == SCRUB_NULL) {
		if (*any)
			put(w, ",", 1);
		put(w, from, len);
		put(w, ":", 1);
		*any = true;
	}
	w->out = NULL;
	good = take(w, ':');
	if (!hit)
		w->out = out;
	good = good && value(w);
	w->out = out;
	if (hit && w->how == SCRUB_NULL)
		put(w, "null", 4);
	return good;
}

static bool
members(struct walk *w)
{
	struct buf *out = w->out;
	bool any = false, more;

	if (take(w, '}'))
		return true;
	do {
		if (!member(w, &any))
			return false;
		w->out = NULL;
		more = take(w, ',');
		w->out = out;
	} while (more);
	return take(w, '}');
}

static bool
elements(struct walk *w)
{
	if (take(w, ']'))
		return true;
	do {
		if (!value(w))
			return false;
	} while (take(w, ','));
	return take(w, ']');
}

static bool
value(struct walk *w)
{
	const char *from;
	bool good;

	blanks(w);
	if (w->at == w->end || w->depth == SCRUB_DEPTH_MAX)
		return false;
	if (*w->at == '{' || *w->at == '[') {
		char open = *w->at;

		w->depth++;
		good = take(w, open) && (open == '{' ? members(w) :
		    elements(w));
		w->depth--;
		return good;
	}
	from = w->at;
	if (*w->at == '"') {
		if (!string(w))
			return false;
	} else {
		while (w->at < w->end && strchr(",]} \n\t\r", *w->at) == NULL)
			w->at++;
	}
	put(w, from, (size_t)(w->at - from));
	return w->at > from;
}

enum err
scrub_copy(const char *text, size_t len, const char *const *names,
    enum scrub_how how, struct buf *out)
{
	struct walk w = { .at = text, .end = text + len, .names = names,
		.how = how, .out = out };

	if (!value(&w))
		return ERR_MALFORMED;
	blanks(&w);
	return w.at != w.end ? ERR_MALFORMED : buf_err(out);
}
