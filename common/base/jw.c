/*
 * jw.c - JSON writer.  See jw.h.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/jw.h"

void
jw_init(struct jw *w, size_t max_bytes)
{
	memset(w, 0, sizeof(*w));
	buf_init(&w->b, max_bytes);
}

void
jw_fini(struct jw *w)
{
	buf_fini(&w->b);
}

bool
jw_failed(const struct jw *w)
{
	return w->failed || buf_err(&w->b) != OK;
}

char *
jw_take(struct jw *w, size_t *out_len)
{
	if (jw_failed(w)) {
		jw_fini(w);
		*out_len = 0;
		return NULL;
	}
	return (char *)buf_take(&w->b, out_len);
}

static void
put(struct jw *w, const char *p, size_t n)
{
	/* Sticky in the buffer; jw_failed() tells. */
	(void)buf_bytes(&w->b, p, n);
}

/* Length of the UTF-8 character at @s, 0 when it is not one. */
static size_t
utf8_char(const unsigned char *s, size_t len)
{
	size_t n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static void
put_escaped(struct jw *w, const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	put(w, "\"", 1);
	for (size_t i = 0; i < len;) {
		size_t n = utf8_char(p + i, len - i);
		char esc[8];

		if (n == 0) {
			put(w, "\\ufffd", 6);
			i++;
			continue;
		}
		if (n > 1) {
			put(w, s + i, n);
			i += n;
			continue;
		}
		switch (p[i]) {
		case '"':
			put(w, "\\\"", 2);
			break;
		case '\\':
			put(w, "\\\\", 2);
			break;
		case '\n':
			put(w, "\\n", 2);
			break;
		case '\t':
			put(w, "\\t", 2);
			break;
		default:
			if (p[i] < 0x20 || p[i] == 0x7f || p[i] == '<' ||
			    p[i] == '>' || p[i] == '&') {
				snprintf(esc, sizeof(esc), "\\u%04x", p[i]);
				put(w, esc, 6);
			} else {
				put(w, s + i, 1);
			}
			break;
		}
		i++;
	}
	put(w, "\"", 1);
}

static void
before_value(struct jw *w, const char *key)
{
	if (w->comma[w->depth])
		put(w, ",", 1);
	w->comma[w->depth] = true;
	if (key != NULL) {
		put_escaped(w, key, strlen(key));
		put(w, ":", 1);
	}
}

static void
open_level(struct jw *w, const char *key, const char *bracket)
{
	before_value(w, key);
	put(w, bracket, 1);
	if (w->depth == JW_DEPTH_MAX) {
		w->failed = true;
		return;
	}
	w->comma[++w->depth] = false;
}

static void
close_level(struct jw *w, const char *bracket)
{
	if (w->depth == 0) {
		w->failed = true;
		return;
	}
	w->depth--;
	put(w, bracket, 1);
}

void
jw_begin_object(struct jw *w, const char *key)
{
	open_level(w, key, "{");
}

void
jw_end_object(struct jw *w)
{
	close_level(w, "}");
}

void
jw_begin_list(struct jw *w, const char *key)
{
	open_level(w, key, "[");
}

void
jw_end_list(struct jw *w)
{
	close_level(w, "]");
}

void
jw_strn(struct jw *w, const char *key, const char *s, size_t len)
{
	before_value(w, key);
	put_escaped(w, s, len);
}

void
jw_str(struct jw *w, const char *key, const char *s)
{
	if (s == NULL)
		jw_null(w, key);
	else
		jw_strn(w, key, s, strlen(s));
}

void
jw_fmt(struct jw *w, const char *key, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	jw_str(w, key, text);
}

void
jw_int(struct jw *w, const char *key, int64_t n)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%" PRId64, n);

	before_value(w, key);
	put(w, text, (size_t)len);
}

void
jw_bool(struct jw *w, const char *key, bool b)
{
	before_value(w, key);
	put(w, b ? "true" : "false", b ? 4 : 5);
}

void
jw_null(struct jw *w, const char *key)
{
	before_value(w, key);
	put(w, "null", 4);
}

void
jw_raw(struct jw *w, const char *key, const char *json)
{
	if (json == NULL) {
		jw_null(w, key);
		return;
	}
	before_value(w, key);
	put(w, json, strlen(json));
}
