/*
 * view.c - documents on standard output.  See view.h.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "api/ctl/safetext.h"
#include "api/ctl/view.h"

enum { VIEW_BYTES_MAX = 512 << 20, VIEW_DEPTH_MAX = 8, VIEW_WIDE = 60 };

void
view_put(const char *data, size_t len)
{
	if (len > 0)
		(void)fwrite(data, 1, len, stdout);
}

void
view_put_safe(const char *data, size_t len)
{
	struct buf b;

	buf_init(&b, VIEW_BYTES_MAX);
	safetext_put(&b, data, len, SAFETEXT_LINES);
	view_put((const char *)b.data, b.len);
	buf_fini(&b);
}

bool
view_end(void)
{
	return fflush(stdout) == 0 && ferror(stdout) == 0;
}

/* "2026-11-22T08:40:00.123Z" without what nobody reads. */
static void
cut_time(struct buf *b)
{
	const char *t = buf_cstr(b);

	if (b->len == 24 && t[4] == '-' && t[10] == 'T' && t[19] == '.' &&
	    t[23] == 'Z') {
		buf_truncate(b, 19);
		buf_str(b, "Z");
	}
}

/* ---- lists ---- */

/* "primary.address" is headed ADDRESS, "key_name" KEY, "how=x.y" HOW. */
static void
heads_of(const char *columns, char *out, size_t size)
{
	size_t n = 0;

	for (const char *p = columns; *p != '\0' && n + 33 < size;) {
		size_t len = strcspn(p, " ");
		const char *equals = memchr(p, '=', len);
		const char *dot = equals != NULL ? NULL : memchr(p, '.', len);
		const char *from = dot != NULL ? dot + 1 : p;
		size_t k = equals != NULL ? (size_t)(equals - p) :
		    len - (size_t)(from - p);

		if (k > 3 && memcmp(from + k - 3, "_at", 3) == 0)
			k -= 3;
		if (k > 5 && memcmp(from + k - 5, "_name", 5) == 0)
			k -= 5;
		if (n > 0)
			out[n++] = ' ';
		for (size_t i = 0; i < MIN(k, (size_t)31); i++)
			out[n++] = from[i] == '_' ? '-' :
			    (char)toupper((unsigned char)from[i]);
		p += len + (p[len] == ' ');
	}
	out[n] = '\0';
}

void
view_list_begin(struct view *v, const char *columns)
{
	char heads[512];

	v->in_list = true;
	v->n_items = 0;
	snprintf(v->columns, sizeof(v->columns), "%s", columns);
	if (v->quiet)
		v->columns[strcspn(v->columns, " ")] = '\0';
	heads_of(v->columns, heads, sizeof(heads));
	grid_begin(&v->grid, heads, v->header && !v->quiet, v->color);
}

static void
put_cells(struct view *v, const struct jdoc *item)
{
	struct buf b;

	buf_init(&b, VIEW_BYTES_MAX);
	for (const char *p = v->columns; *p != '\0';) {
		size_t len = strcspn(p, " ");
		char path[64];
		const char *equals;

		snprintf(path, sizeof(path), "%.*s", (int)len, p);
		equals = strchr(path, '=');
		buf_reset(&b);
		jdoc_show_at(item, equals != NULL ? equals + 1 : path, &b);
		cut_time(&b);
		/* A zero byte cannot be in it: jansson refuses them. */
		grid_cell(&v->grid, buf_cstr(&b));
		p += len + (p[len] == ' ');
	}
	buf_fini(&b);
}

void
view_list_item(struct view *v, const struct jdoc *item)
{
	struct buf b;

	v->n_items++;
	if (v->format == SETTINGS_TABLE) {
		put_cells(v, item);
		return;
	}
	buf_init(&b, VIEW_BYTES_MAX);
	if (v->format == SETTINGS_JSON)
		buf_str(&b, v->n_items > 1 ? ",\n" : "{\"items\": [\n");
	jdoc_print(item, &b, 0);
	if (v->format == SETTINGS_NDJSON)
		buf_str(&b, "\n");
	view_put((const char *)b.data, b.len);
	buf_fini(&b);
}

void
view_list_flush(struct view *v)
{
	struct buf b;

	if (!v->in_list)
		return;
	buf_init(&b, VIEW_BYTES_MAX);
	if (v->format == SETTINGS_TABLE) {
		grid_flush(&v->grid, &b);
		view_put((const char *)b.data, b.len);
	}
	buf_fini(&b);
}

void
view_list_end(struct view *v, bool whole)
{
	if (!v->in_list)
		return;
	if (whole || v->n_items > 0)
		view_list_flush(v);
	grid_end(&v->grid);
	/* A list that broke off stays no JSON: nobody takes it for the whole. */
	if (v->format == SETTINGS_JSON && whole)
		fputs(v->n_items > 0 ? "\n]}\n" : "{\"items\": []}\n",
		    stdout);
	v->in_list = false;
}

/* ---- one document ---- */

struct show {
	struct buf *out;
	size_t indent, depth, width;
	bool color;
	bool first;			/* its "- " is written already */
};

static void show_value(struct show *s, const struct jdoc *d);

static void
measure(void *arg, const char *name, const struct jdoc *value)
{
	struct show *s = arg;

	(void)value;
	s->width = MAX(s->width, MIN(safetext_width(name), (size_t)30));
}

static void
pad(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_str(out, " ");
}

static bool
is_plain_list(const struct jdoc *d)
{
	size_t n = jdoc_count(d), bytes = 0;

	for (size_t i = 0; i < n; i++) {
		enum jdoc_kind k = jdoc_kind(jdoc_item(d, i));
		const char *t = jdoc_text(jdoc_item(d, i), "");

		if (k == JDOC_LIST || k == JDOC_OBJECT)
			return false;
		bytes += t != NULL ? strlen(t) + 2 : 8;
	}
	return n <= 1 || bytes <= VIEW_WIDE;
}

static bool
is_nested(const struct jdoc *d)
{
	const char *t = jdoc_text(d, "");

	switch (jdoc_kind(d)) {
	case JDOC_OBJECT:
		return jdoc_count(d) > 0;
	case JDOC_LIST:
		return !is_plain_list(d);
	case JDOC_TEXT:
		return strchr(t, '\n') != NULL;
	case JDOC_NULL:
	case JDOC_BOOL:
	case JDOC_NUMBER:
		return false;
	}
	return false;
}

static void
show_plain(const struct show *s, const struct jdoc *d)
{
	struct buf raw, safe;
	const char *color = "";

	buf_init(&raw, VIEW_BYTES_MAX);
	buf_init(&safe, VIEW_BYTES_MAX);
	if (jdoc_kind(d) != JDOC_OBJECT || jdoc_count(d) > 0)
		jdoc_show(d, &raw);
	cut_time(&raw);
	safetext_str(&safe, raw.len > 0 ? buf_cstr(&raw) : "-",
	    SAFETEXT_LINE);
	if (s->color && jdoc_kind(d) == JDOC_TEXT)
		color = grid_color(buf_cstr(&safe));
	buf_printf(s->out, "%s%s%s\n", color, buf_cstr(&safe),
	    color[0] != '\0' ? GRID_COLOR_OFF : "");
	buf_fini(&raw);
	buf_fini(&safe);
}

/* A text of several lines: each below the other, to be copied. */
static void
show_lines(const struct show *s, const char *text)
{
	for (const char *p = text; *p != '\0';) {
		size_t len = strcspn(p, "\n");

		pad(s->out, s->indent);
		safetext_put(s->out, p, len, SAFETEXT_LINES);
		buf_str(s->out, "\n");
		p += len + (p[len] == '\n');
	}
}

static void
show_member(void *arg, const char *name, const struct jdoc *value)
{
	struct show *s = arg;
	struct show below = { .out = s->out, .indent = s->indent + 2,
		.depth = s->depth + 1, .color = s->color };
	size_t width = safetext_width(name);

	if (!s->first)
		pad(s->out, s->indent);
	s->first = false;
	safetext_str(s->out, name, SAFETEXT_LINE);
	if (is_nested(value) && below.depth < VIEW_DEPTH_MAX) {
		buf_str(s->out, "\n");
		show_value(&below, value);
		return;
	}
	pad(s->out, width < s->width ? s->width - width + 2 : 2);
	show_plain(s, value);
}

static void
show_list(struct show *s, const struct jdoc *d)
{
	for (size_t i = 0; i < jdoc_count(d); i++) {
		const struct jdoc *item = jdoc_item(d, i);
		struct show below = { .out = s->out,
			.indent = s->indent + 2, .depth = s->depth + 1,
			.color = s->color, .first = true };

		pad(s->out, s->indent);
		buf_str(s->out, "- ");
		if (is_nested(item) && jdoc_kind(item) == JDOC_OBJECT &&
		    below.depth < VIEW_DEPTH_MAX)
			show_value(&below, item);
		else
			show_plain(s, item);
	}
}

static void
show_value(struct show *s, const struct jdoc *d)
{
	const char *text = jdoc_text(d, "");

	switch (jdoc_kind(d)) {
	case JDOC_OBJECT:
		jdoc_each(d, measure, s);
		jdoc_each(d, show_member, s);
		break;
	case JDOC_LIST:
		show_list(s, d);
		break;
	case JDOC_TEXT:
		show_lines(s, text);
		break;
	case JDOC_NULL:
	case JDOC_BOOL:
	case JDOC_NUMBER:
		show_plain(s, d);
		break;
	}
}

void
view_doc(const struct view *v, const struct jdoc *d)
{
	struct buf b;

	buf_init(&b, VIEW_BYTES_MAX);
	if (v->format == SETTINGS_TABLE) {
		struct show s = { .out = &b, .color = v->color };

		show_value(&s, d);
	} else {
		jdoc_print(d, &b, v->format == SETTINGS_JSON ? 2 : 0);
		buf_str(&b, "\n");
	}
	view_put((const char *)b.data, b.len);
	buf_fini(&b);
}
