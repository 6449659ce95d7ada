/*
 * view.h - documents on standard output: tables, JSON, lines of JSON.
 *
 * What comes from the server is made harmless for a terminal in every form.
 * Lists are written page by page; nothing grows with their length.
 */
#ifndef API_CTL_VIEW_H
#define API_CTL_VIEW_H

#include "api/ctl/grid.h"
#include "api/ctl/jdoc.h"
#include "api/ctl/settings.h"

struct view {
	enum settings_output format;
	bool quiet;			/* lists: the first column alone */
	bool header, color;
	/* of the list under way */
	struct grid grid;
	char columns[512];
	bool in_list;
	size_t n_items;
};

/** view_list_begin() - @columns: "name state primary.address" */
void view_list_begin(struct view *v, const char *columns);
void view_list_item(struct view *v, const struct jdoc *item);
/** view_list_flush() - a page is complete */
void view_list_flush(struct view *v);
/** view_list_end() - @whole: the list was read to its end */
void view_list_end(struct view *v, bool whole);

/** view_doc() - one document */
void view_doc(const struct view *v, const struct jdoc *d);

/** view_put() - text as it is; view_put_safe() - made harmless, with lines */
void view_put(const char *data, size_t len);
void view_put_safe(const char *data, size_t len);

/** view_end() - flush; false when something could not be written */
bool view_end(void);

#endif
