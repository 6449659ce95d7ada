/*
 * grid.c - rows of texts as a table.  See grid.h.
 */
#include <string.h>

#include "api/ctl/grid.h"
#include "api/ctl/safetext.h"
#include "common/base/check.h"

#define GREEN	"\033[32m"
#define RED	"\033[31m"
#define YELLOW	"\033[33m"

const char *
grid_color(const char *word)
{
	static const struct { const char *word, *color; } words[] = {
		{ "ok", GREEN }, { "pass", GREEN }, { "yes", GREEN },
		{ "active", GREEN }, { "uptodate", GREEN },
		{ "live", GREEN },
		{ "failing", RED }, { "failed", RED }, { "fail", RED },
		{ "expired", RED }, { "suspended", RED }, { "lapsed", RED },
		{ "refused", RED },
		{ "behind", YELLOW }, { "held", YELLOW }, { "new", YELLOW },
		{ "pending", YELLOW }, { "warned", YELLOW },
		{ "warn", YELLOW }, { "unknown", YELLOW },
		{ "preview", YELLOW }, { "absent", YELLOW },
	};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].color;
	return "";
}

void
grid_begin(struct grid *g, const char *heads, bool header, bool color)
{
	*g = (struct grid){ .header = header, .color = color };
	buf_init(&g->cells, GRID_BYTES_MAX);
	for (const char *p = heads; *p != '\0';) {
		size_t len = strcspn(p, " ");

		CHECK(g->n_columns < GRID_COLUMNS_MAX);
		CHECK(len < sizeof(g->head[0]));
		memcpy(g->head[g->n_columns], p, len);
		g->width[g->n_columns] = header ? len : 0;
		g->n_columns++;
		p += len + (p[len] == ' ');
	}
	CHECK(g->n_columns > 0);
}

void
grid_end(struct grid *g)
{
	buf_fini(&g->cells);
}

void
grid_cell(struct grid *g, const char *text)
{
	safetext_str(&g->cells, text[0] != '\0' ? text : "-", SAFETEXT_LINE);
	buf_u8(&g->cells, 0);
	g->n_cells++;
}

/* Padding goes behind, never behind the last column. */
static void
put(struct grid *g, struct buf *out, size_t column, const char *text,
    bool colored)
{
	const char *color = colored && g->color ? grid_color(text) : "";
	size_t width = safetext_width(text);

	buf_printf(out, "%s%s%s", color, text,
	    color[0] != '\0' ? GRID_COLOR_OFF : "");
	if (column + 1 == g->n_columns) {
		buf_str(out, "\n");
		return;
	}
	do {
		buf_str(out, " ");
		width++;
	} while (width < g->width[column] + 2);
}

void
grid_flush(struct grid *g, struct buf *out)
{
	const char *p = buf_cstr(&g->cells);
	size_t rows = buf_err(&g->cells) == OK ? g->n_cells / g->n_columns : 0;
	const char *q = p, *first = p;

	for (size_t i = 0; i < rows * g->n_columns; i++) {
		size_t w = safetext_width(q);

		g->width[i % g->n_columns] =
		    MAX(g->width[i % g->n_columns], w);
		q += strlen(q) + 1;
	}
	if (g->header)
		for (size_t i = 0; i < g->n_columns; i++)
			put(g, out, i, g->head[i], false);
	g->header = false;
	for (size_t i = 0; i < rows * g->n_columns; i++) {
		put(g, out, i % g->n_columns, p, true);
		p += strlen(p) + 1;
	}
	buf_consume(&g->cells, (size_t)(p - first));
	g->n_cells -= rows * g->n_columns;
}
