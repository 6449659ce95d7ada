/*
 * grid.h - rows of texts as a table for people.
 *
 * Widths come from the first batch of rows (grid_flush()); a later cell that
 * is wider pushes its row to the right instead of holding everything back.
 * Cells are safe text of one line. Pure.
 */
#ifndef API_CTL_GRID_H
#define API_CTL_GRID_H

#include "common/base/buf.h"

enum { GRID_COLUMNS_MAX = 16, GRID_BYTES_MAX = 256 << 20 };

struct grid {
	size_t n_columns;
	size_t width[GRID_COLUMNS_MAX];
	bool header;			/* still to be printed */
	bool color;
	char head[GRID_COLUMNS_MAX][32];
	struct buf cells;		/* each ends with a zero byte */
	size_t n_cells;
};

/** grid_begin() - @heads: "NAME STATE SERIAL"; grid_end() frees */
void grid_begin(struct grid *g, const char *heads, bool header, bool color);
void grid_end(struct grid *g);

/** grid_cell() - the next cell, made harmless; rows fill by themselves */
void grid_cell(struct grid *g, const char *text);

/** grid_flush() - append the rows that are complete to @out */
void grid_flush(struct grid *g, struct buf *out);

/** grid_color() - the escape sequence for a word ("failing"), or "" */
const char *grid_color(const char *word);

#define GRID_COLOR_OFF "\033[0m"

#endif
