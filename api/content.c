/*
 * content.c - records of a published version.  See content.h.
 */
#include <stdlib.h>
#include <string.h>

#include "api/content.h"
#include "api/sql.h"
#include "common/base/rd.h"
#include "common/dns/page.h"

enum err
content_open(struct db *db, struct req *r, const struct lookup_zone *z,
    struct content *out_content)
{
	struct db_rows *rows = NULL;
	enum err e;

	e = db_exec(db, SQL_STMT(content_state), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(z->id)), &rows);
	if (e != OK)
		return e;
	if (db_rows_n(rows) == 0) {
		db_rows_free(rows);
		return ERR_NOT_FOUND;
	}
	memcpy(out_content->zone_id, z->id, 16);
	out_content->apex = z->name;
	out_content->generation = db_get_i64(rows, 0, 0);
	out_content->serial = out_content->generation > 0 ?
	    db_get_u32(rows, 0, 1) : 0;
	db_rows_free(rows);
	return OK;
}

size_t
content_owner(const struct content *c, const struct content_record *rec,
    uint8_t out[DNAME_MAX])
{
	return ownerkey_to_dname(rec->key, rec->key_len, c->apex.wire, out);
}

/* Records lie ready to send: C00C type class ttl rdlength rdata. */
static enum err
each_record(const struct page_name *name, const uint8_t *bytes, size_t len,
    content_fn *fn, void *arg)
{
	struct rd rd = rd_make(bytes, len);
	struct content_record rec = {
		.key = name->key, .key_len = name->key_len,
	};
	enum err e;

	while (rd_left(&rd) > 0) {
		(void)rd_u16(&rd);
		rec.type = rd_u16(&rd);
		rec.class = rd_u16(&rd);
		rec.ttl = rd_u32(&rd);
		rec.rdata_len = rd_u16(&rd);
		rec.rdata = rd_bytes(&rd, rec.rdata_len);
		if (rd_failed(&rd))
			return ERR_CORRUPT;
		e = fn(arg, &rec);
		if (e != OK)
			return e;
	}
	return OK;
}

static enum err
each_of_page(const uint8_t *page, content_fn *fn, void *arg)
{
	enum err e;

	for (unsigned int i = 0; i < page_n_names(page); i++) {
		struct page_name name;

		page_name_at(page, i, &name);
		for (unsigned int k = 0; k < name.n_sets; k++) {
			struct page_set set;

			page_set_at(&name, k, &set);
			e = each_record(&name, set.rr, set.rr_len, fn, arg);
			if (e == OK)
				e = each_record(&name, set.sig, set.sig_len,
				    fn, arg);
			if (e != OK)
				return e;
		}
	}
	return OK;
}

/* Copy a body to aligned memory and make sure that it is a page. */
static enum err
load_page(struct db_rows *rows, size_t row, uint8_t *page)
{
	const uint8_t *body;
	size_t len;

	body = db_get_bytes(rows, row, 2, &len);
	if (body == NULL || len == 0 || len > PAGE_MAX_BYTES)
		return ERR_CORRUPT;
	memcpy(page, body, len);
	return page_validate(page, len) == OK ? OK : ERR_CORRUPT;
}

/* Does the page at @row continue where @next ends?  Versions tile the key
 * space, so a gap means that retention was faster than we are. */
static bool
continues(struct db_rows *rows, size_t row, const struct ownerkey *next)
{
	const uint8_t *low;
	size_t len;

	low = db_get_bytes(rows, row, 0, &len);
	return ownerkey_compare(low, len, next->bytes, next->len) <= 0;
}

enum err
content_read(struct db *db, struct req *r, const struct content *c,
    const uint8_t *from, size_t from_len, int n_pages, content_fn *fn,
    void *arg, struct ownerkey *out_next, bool *out_end)
{
	struct db_rows *rows = NULL;
	/* From the start is from the apex: the lowest key there is. */
	struct ownerkey next = { .len = 1, .bytes = { OWNERKEY_TREE_NORMAL } };
	uint8_t *page;
	enum err e;

	if (from_len > sizeof(next.bytes))
		return ERR_INVALID;
	if (from_len > 0) {
		memcpy(next.bytes, from, from_len);
		next.len = (uint16_t)from_len;
	}
	page = aligned_alloc(64, PAGE_MAX_BYTES);
	if (page == NULL)
		return ERR_NO_MEMORY;
	e = db_exec(db, SQL_STMT(content_pages),
	    DB_PARAMS(db_uuid(r->who.tenant_id), db_uuid(c->zone_id),
		db_i64(c->generation), db_bytes(next.bytes, next.len),
		db_i64(n_pages)), &rows);
	*out_end = false;
	if (e == OK && db_rows_n(rows) == 0)
		e = ERR_STALE;
	for (size_t i = 0; e == OK && i < db_rows_n(rows); i++) {
		const uint8_t *high;
		size_t len;

		if (!continues(rows, i, &next)) {
			e = ERR_STALE;
			break;
		}
		e = load_page(rows, i, page);
		if (e == OK)
			e = each_of_page(page, fn, arg);
		if (e != OK)
			break;
		if (db_is_null(rows, i, 1)) {
			*out_end = true;
			break;
		}
		high = db_get_bytes(rows, i, 1, &len);
		if (high == NULL || len > sizeof(next.bytes)) {
			e = ERR_CORRUPT;
			break;
		}
		memcpy(next.bytes, high, len);
		next.len = (uint16_t)len;
	}
	*out_next = next;
	db_rows_free(rows);
	free(page);
	return e;
}
