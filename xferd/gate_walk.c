/*
 * gate_walk.c - the names of a version that is not published yet, in order.
 *
 * v->pages and v->close_pages are in key order, as ingest makes them.  A
 * publication of somebody else in between makes the walk meaningless; the
 * compare-and-set of ours then refuses the version, whatever was found.
 */
#include "xferd/gate_walk.h"

#include <string.h>

#include "common/base/check.h"
#include "common/db/db.h"
#include "common/dns/ownerkey.h"
#include "xferd/keepsql.h"

static const uint8_t NSEC3_LOW[1] = { OWNERKEY_TREE_NSEC3 };

void
gate_walk_begin(struct gate_walk *w, struct publish_version *v, int tree)
{
	*w = (struct gate_walk){ .v = v, .tree = tree };
	buf_init(&w->page, PAGE_MAX_BYTES);
	w->rows_end = v->base_generation == 0;
	if (tree != OWNERKEY_TREE_NSEC3)
		return;
	/* The page that the tree begins in. */
	while (w->new_at + 1 < v->pages.n && ownerkey_compare(
	    v->pages.row[w->new_at + 1].bytes,
	    v->pages.row[w->new_at + 1].low_len, NSEC3_LOW, 1) <= 0)
		w->new_at++;
	w->after[0] = OWNERKEY_TREE_NSEC3;
	w->after_len = 1;
}

void
gate_walk_fini(struct gate_walk *w)
{
	db_rows_free(w->rows);
	w->rows = NULL;
	buf_fini(&w->page);
}

/* ---- stored pages ------------------------------------------------------ */

static bool
is_closed(struct gate_walk *w, const uint8_t *low, size_t len)
{
	const struct publish_rows *c = &w->v->close_pages;

	while (w->close_at < c->n) {
		const struct publish_row *r = &c->row[w->close_at];
		int order = ownerkey_compare(r->bytes, r->low_len, low, len);

		if (order >= 0)
			return order == 0;
		w->close_at++;
	}
	return false;
}

static enum err
read_rows(struct gate_walk *w, struct db *db)
{
	size_t n, len;
	const uint8_t *low;
	enum err e;

	db_rows_free(w->rows);
	w->rows = NULL;
	w->row_at = 0;
	e = db_exec(db, KEEPSQL(gate_pages), DB_PARAMS(
	    db_uuid(w->v->zone_id), db_i64(w->v->base_generation),
	    db_bytes(w->after, w->after_len),
	    db_bool(w->tree == OWNERKEY_TREE_NSEC3 && !w->begun),
	    db_i64(GATE_WALK_CHUNK)), &w->rows);
	if (e != OK)
		return e;
	n = db_rows_n(w->rows);
	if (n == 0) {
		w->rows_end = true;
		return OK;
	}
	w->begun = true;
	low = db_get_bytes(w->rows, n - 1, 0, &len);
	if (low == NULL || len == 0 || len > sizeof(w->after))
		return ERR_CORRUPT;
	memcpy(w->after, low, len);
	w->after_len = len;
	return OK;
}

/* The next stored page that the version keeps, or rows_end. */
static enum err
find_kept(struct gate_walk *w, struct db *db)
{
	while (!w->rows_end) {
		if (w->rows == NULL || w->row_at == db_rows_n(w->rows)) {
			enum err e = read_rows(w, db);

			if (e != OK)
				return e;
			continue;
		}
		for (; w->row_at < db_rows_n(w->rows); w->row_at++) {
			size_t len;
			const uint8_t *low = db_get_bytes(w->rows, w->row_at,
			    0, &len);

			if (low == NULL)
				return ERR_CORRUPT;
			if (!is_closed(w, low, len))
				return OK;
		}
	}
	return OK;
}

/* Pages are read where they are aligned. */
static enum err
take_body(struct gate_walk *w, const uint8_t *body, size_t len, bool stored)
{
	enum err e;

	buf_reset(&w->page);
	e = buf_bytes(&w->page, body, len);
	if (e != OK)
		return e;
	if (stored && page_validate(w->page.data, len) != OK)
		return ERR_CORRUPT;
	w->name_at = 0;
	w->n_names = page_n_names(w->page.data);
	return OK;
}

static enum err
take_row(struct gate_walk *w)
{
	size_t len;
	const uint8_t *body = db_get_bytes(w->rows, w->row_at, 1, &len);

	w->row = NULL;
	w->keys = db_get_i64_or(w->rows, w->row_at, 2, 0);
	w->until_s = db_get_i64_or(w->rows, w->row_at, 3, 0);
	w->row_at++;
	return body == NULL ? ERR_CORRUPT : take_body(w, body, len, true);
}

/* ---- names ------------------------------------------------------------- */

static enum err
next_page(struct gate_walk *w, struct db *db, bool *out_end)
{
	struct publish_row *r = NULL;
	enum err e = find_kept(w, db);

	*out_end = false;
	if (e != OK)
		return e;
	if (w->new_at < w->v->pages.n)
		r = &w->v->pages.row[w->new_at];
	if (r == NULL && w->rows_end) {
		*out_end = true;
		return OK;
	}
	if (!w->rows_end && r != NULL) {
		size_t len;
		const uint8_t *low = db_get_bytes(w->rows, w->row_at, 0,
		    &len);

		if (ownerkey_compare(low, len, r->bytes, r->low_len) < 0)
			r = NULL;
	}
	if (r == NULL)
		return take_row(w);
	w->row = r;
	w->keys = 0;
	w->new_at++;
	return take_body(w, r->bytes + r->low_len + r->high_len, r->body_len,
	    false);
}

/* Of the page at hand, the next name of our tree. */
static bool
next_name(struct gate_walk *w, struct page_name *out)
{
	while (w->name_at < w->n_names) {
		page_name_at(w->page.data, w->name_at++, out);
		if (out->key[0] == w->tree)
			return true;
	}
	return false;
}

enum err
gate_walk_next(struct gate_walk *w, struct db *db, struct page_name *out,
    bool *out_end)
{
	for (;;) {
		enum err e;

		if (next_name(w, out)) {
			*out_end = false;
			return OK;
		}
		/* Behind the normal tree nothing of it comes any more. */
		if (w->n_names > 0 && w->tree == OWNERKEY_TREE_NORMAL) {
			struct page_name last;

			page_name_at(w->page.data, w->n_names - 1, &last);
			if (last.key[0] != OWNERKEY_TREE_NORMAL) {
				*out_end = true;
				return OK;
			}
		}
		e = next_page(w, db, out_end);
		if (e != OK || *out_end)
			return e;
	}
}

static enum err
read_old(struct gate_walk *w, struct db *db)
{
	const struct publish_rows *c = &w->v->close_pages;
	struct db_array low;
	size_t n = 0;
	enum err e;

	db_rows_free(w->rows);
	w->rows = NULL;
	w->row_at = 0;
	db_array_init(&low, DB_ARRAY_BYTES, 1 << 20);
	for (; n < GATE_WALK_CHUNK && w->close_at < c->n; n++, w->close_at++)
		db_array_add(&low, c->row[w->close_at].bytes,
		    c->row[w->close_at].low_len);
	e = db_exec(db, KEEPSQL(stored_pages), DB_PARAMS(
	    db_uuid(w->v->zone_id), db_array_param(&low)), &w->rows);
	db_array_fini(&low);
	if (e == OK && db_rows_n(w->rows) != n)
		e = ERR_CONFLICT;
	return e;
}

enum err
gate_walk_old(struct gate_walk *w, struct db *db, struct page_name *out,
    bool *out_end)
{
	for (;;) {
		const uint8_t *body;
		size_t len;
		enum err e;

		if (next_name(w, out)) {
			*out_end = false;
			return OK;
		}
		if (w->rows == NULL || w->row_at == db_rows_n(w->rows)) {
			*out_end = w->close_at == w->v->close_pages.n;
			if (*out_end)
				return OK;
			e = read_old(w, db);
			if (e != OK)
				return e;
		}
		body = db_get_bytes(w->rows, w->row_at++, 1, &len);
		e = body == NULL ? ERR_CORRUPT : take_body(w, body, len, true);
		if (e != OK)
			return e;
	}
}
