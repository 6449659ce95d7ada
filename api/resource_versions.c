/*
 * resource_versions.c - /v1/zones/{zone}/versions/{generation}/...: what a
 * version changed, and serving an old one again.
 *
 * A pin is written here as a wish; xferd publishes the old version under a new
 * generation and answers the job.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/audit.h"
#include "api/lookup.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/show.h"
#include "api/sql.h"
#include "common/dns/dname.h"
#include "common/dns/ownerkey.h"
#include "common/dns/page.h"
#include "common/dns/rrtype.h"

enum {
	REPLY_MAX = 4096,
	DIFF_PAGES = 8,			/* read at a time */
	DIFF_PAGES_MAX = 512,		/* of one answer, both sides */
	DIFF_REPLY_MAX = 4 << 20,
};

/* ---- {generation} ------------------------------------------------------ */

static bool
parse_generation(const char *text, int64_t *out)
{
	size_t len = strlen(text);

	if (len == 0 || len > 18 || strspn(text, "0123456789") != len)
		return false;
	*out = strtoll(text, NULL, 10);
	return true;
}

/* ---- pin, unpin -------------------------------------------------------- */

static enum err
reply_job(struct req *r, struct db_rows *rows, const struct lookup_zone *z)
{
	struct jw w;

	jw_init(&w, REPLY_MAX);
	show_job(&w, rows, z->name.text);
	return req_json(r, 202, &w);
}

static enum err
ask(struct db *db, struct req *r, const struct lookup_zone *z,
    const char *kind, const struct audit *a)
{
	struct db_rows *rows = NULL;
	char action[32];
	enum err e;

	e = db_exec(db, SQL_STMT(job_insert), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_uuid(z->id), db_text(kind)), &rows);
	snprintf(action, sizeof(action), "zone.%s", kind);
	if (e == OK)
		e = audit_write(db, r, a, action, z->name.text);
	if (e == OK)
		e = reply_job(r, rows, z);
	db_rows_free(rows);
	return e;
}

struct pin_in {
	struct body_bool past_expire;
};

static const struct body_field pin_fields[] = {
	{ "past_expire", BODY_BOOL, BODY_OPT, 0, 0,
	  offsetof(struct pin_in, past_expire) },
};

static enum err
pin(struct db *db, struct req *r, void *arg)
{
	struct pin_in in = { 0 };
	struct db_rows *rows = NULL;
	struct lookup_zone z;
	struct audit a;
	int64_t generation;
	bool known, other;
	enum err e;

	(void)arg;
	if (r->body != NULL && !req_read(r, pin_fields, COUNT_OF(pin_fields),
	    &in))
		return OK;
	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e == OK && !parse_generation(req_param(r, 1), &generation))
		e = ERR_NOT_FOUND;
	if (e == OK)
		e = db_exec(db, SQL_STMT(pin_look), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z.id),
		    db_i64(generation), db_bool(in.past_expire.v)), &rows);
	if (e != OK)
		return e;
	known = db_get_bool(rows, 0, 0);
	other = db_get_bool(rows, 0, 1);
	db_rows_free(rows);
	if (!known)
		return ERR_NOT_FOUND;
	if (other) {
		(void)req_problem(r, PROBLEM_CONFLICT, "this version is pinned "
		    "already, with another past_expire: unpin it first");
		return ERR_INVALID;
	}
	e = audit_look(db, r, AUDIT_ZONE, z.id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(pin_set), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z.id),
		    db_i64(generation), db_bool(in.past_expire.v)), NULL);
	if (e == OK)
		e = ask(db, r, &z, "pin", &a);
	audit_fini(&a);
	return e;
}

enum err
resource_versions_pin(struct req *r)
{
	return repo_write(r, pin, NULL);
}

static enum err
unpin(struct db *db, struct req *r, void *arg)
{
	struct db_rows *rows = NULL;
	struct lookup_zone z;
	struct audit a;
	int64_t n;
	enum err e;

	(void)arg;
	if (r->body != NULL) {
		char nothing;

		if (!req_read(r, NULL, 0, &nothing))
			return OK;
	}
	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e != OK)
		return e;
	e = audit_look(db, r, AUDIT_ZONE, z.id, &a);
	if (e == OK)
		e = db_exec(db, SQL_STMT(pin_clear), DB_PARAMS(
		    db_uuid(r->who.tenant_id), db_uuid(z.id)), &rows);
	n = e == OK ? db_rows_affected(rows) : 0;
	db_rows_free(rows);
	if (e == OK && n == 0) {
		(void)req_problem(r, PROBLEM_CONFLICT, "no version is pinned");
		e = ERR_INVALID;
	}
	if (e == OK)
		e = ask(db, r, &z, "unpin", &a);
	audit_fini(&a);
	return e;
}

enum err
resource_versions_unpin(struct req *r)
{
	return repo_write(r, unpin, NULL);
}

/* ---- diff -------------------------------------------------------------- */

/* The names of one version in pages that the other one does not have. */
struct side {
	int64_t generation, other;
	struct db_rows *rows;
	size_t at;
	bool end;
	uint8_t *page;			/* PAGE_MAX_BYTES */
	unsigned name_at, n_names;
	struct ownerkey next;		/* where the next read begins */
	struct page_name name;
	bool has;
};

struct diff {
	struct db *db;
	struct req *r;
	const struct lookup_zone *z;
	struct side old, new;
	struct ownerkey after;		/* names up to here were told */
	bool has_after;
	struct ownerkey last;
	size_t n_pages;
	struct jw w;
	int64_t left;
};

static enum err
read_pages(struct diff *d, struct side *s)
{
	enum err e;

	db_rows_free(s->rows);
	s->rows = NULL;
	s->at = 0;
	e = db_exec(d->db, SQL_STMT(diff_pages), DB_PARAMS(
	    db_uuid(d->r->who.tenant_id), db_uuid(d->z->id),
	    db_i64(s->generation), db_i64(s->other),
	    db_bytes(s->next.bytes, s->next.len), db_i64(DIFF_PAGES)),
	    &s->rows);
	if (e == OK && db_rows_n(s->rows) == 0)
		s->end = true;
	return e;
}

static enum err
take_page(struct diff *d, struct side *s)
{
	size_t len, high_len;
	const uint8_t *body = db_get_bytes(s->rows, s->at, 1, &len);
	const uint8_t *high = NULL;

	if (!db_is_null(s->rows, s->at, 0))
		high = db_get_bytes(s->rows, s->at, 0, &high_len);
	s->at++;
	d->n_pages++;
	if (body == NULL || len > PAGE_MAX_BYTES)
		return ERR_CORRUPT;
	memcpy(s->page, body, len);
	if (page_validate(s->page, len) != OK)
		return ERR_CORRUPT;
	s->name_at = 0;
	s->n_names = page_n_names(s->page);
	if (high == NULL) {
		s->end = true;		/* after this one */
	} else {
		if (high_len > sizeof(s->next.bytes))
			return ERR_CORRUPT;
		memcpy(s->next.bytes, high, high_len);
		s->next.len = (uint16_t)high_len;
	}
	return OK;
}

/* The next name that was not told yet. */
static enum err
advance(struct diff *d, struct side *s)
{
	for (;;) {
		enum err e;

		while (s->name_at < s->n_names) {
			page_name_at(s->page, s->name_at++, &s->name);
			if (!d->has_after || ownerkey_compare(s->name.key,
			    s->name.key_len, d->after.bytes,
			    d->after.len) > 0) {
				s->has = true;
				return OK;
			}
		}
		s->has = false;
		if (s->rows == NULL || s->at == db_rows_n(s->rows)) {
			if (s->end)
				return OK;
			e = read_pages(d, s);
			if (e != OK || s->end)
				return e;
		}
		e = take_page(d, s);
		if (e != OK)
			return e;
	}
}

static void
print_type(struct jw *w, uint16_t type, const char *change)
{
	const char *name = rrtype_name(type);
	char number[16];

	if (name == NULL) {
		snprintf(number, sizeof(number), "TYPE%u", type);
		name = number;
	}
	jw_begin_object(w, NULL);
	jw_str(w, "type", name);
	jw_str(w, "change", change);
	jw_end_object(w);
}

static const char *
compare_sets(const struct page_set *a, const struct page_set *b)
{
	if (a->rr_len != b->rr_len || memcmp(a->rr, b->rr, a->rr_len) != 0)
		return "changed";
	if (a->sig_len != b->sig_len ||
	    memcmp(a->sig, b->sig, a->sig_len) != 0)
		return "resigned";
	return NULL;
}

/* Types of both names in one order; prints nothing when @w is NULL. */
static bool
compare_names(struct jw *w, const struct page_name *a,
    const struct page_name *b)
{
	unsigned i = 0, k = 0;
	bool any = false;

	while ((a != NULL && i < a->n_sets) || (b != NULL && k < b->n_sets)) {
		struct page_set sa = { 0 }, sb = { 0 };
		const char *change;
		bool has_a = a != NULL && i < a->n_sets;
		bool has_b = b != NULL && k < b->n_sets;

		if (has_a)
			page_set_at(a, i, &sa);
		if (has_b)
			page_set_at(b, k, &sb);
		if (has_a && has_b && sa.type == sb.type) {
			change = compare_sets(&sa, &sb);
			i++;
			k++;
		} else if (!has_b || (has_a && sa.type < sb.type)) {
			change = "removed";
			i++;
		} else {
			sa.type = sb.type;
			change = "added";
			k++;
		}
		if (change == NULL)
			continue;
		any = true;
		if (w == NULL)
			return true;
		print_type(w, sa.type, change);
	}
	return any;
}

static void
print_change(struct diff *d, const struct page_name *a,
    const struct page_name *b)
{
	const struct page_name *any = a != NULL ? a : b;
	uint8_t wire[DNAME_MAX];
	char text[DNAME_TEXT_MAX];

	d->last.len = any->key_len;
	memcpy(d->last.bytes, any->key, any->key_len);
	if (!compare_names(NULL, a, b))
		return;
	ownerkey_to_dname(any->key, any->key_len, d->z->name.wire, wire);
	dname_print_bare(wire, text);
	jw_begin_object(&d->w, NULL);
	jw_str(&d->w, "name", text);
	jw_str(&d->w, "change", b == NULL ? "removed" : a == NULL ? "added" :
	    "changed");
	jw_begin_list(&d->w, "types");
	(void)compare_names(&d->w, a, b);
	jw_end_list(&d->w);
	jw_end_object(&d->w);
	d->left--;
}

static enum err
merge(struct diff *d, bool *out_more)
{
	enum err e = advance(d, &d->old);

	if (e == OK)
		e = advance(d, &d->new);
	while (e == OK && (d->old.has || d->new.has)) {
		int order = !d->old.has ? 1 : !d->new.has ? -1 :
		    ownerkey_compare(d->old.name.key, d->old.name.key_len,
		    d->new.name.key, d->new.name.key_len);

		if (d->left == 0 || d->n_pages >= DIFF_PAGES_MAX) {
			*out_more = true;
			return OK;
		}
		print_change(d, order <= 0 ? &d->old.name : NULL,
		    order >= 0 ? &d->new.name : NULL);
		if (order <= 0)
			e = advance(d, &d->old);
		if (e == OK && order >= 0)
			e = advance(d, &d->new);
	}
	*out_more = false;
	return e;
}

static bool
parse_key(const char *text, struct ownerkey *out)
{
	size_t n = strlen(text);

	if (n == 0 || n % 2 != 0 || n / 2 > sizeof(out->bytes) ||
	    strspn(text, "0123456789abcdef") != n)
		return false;
	for (size_t i = 0; i < n / 2; i++) {
		unsigned byte;

		(void)sscanf(text + 2 * i, "%2x", &byte);
		out->bytes[i] = (uint8_t)byte;
	}
	out->len = (uint16_t)(n / 2);
	return true;
}

static void
print_key(const struct ownerkey *k, char *out)
{
	for (size_t i = 0; i < k->len; i++)
		snprintf(out + 2 * i, 3, "%02x", k->bytes[i]);
	out[2 * k->len] = '\0';
}

/* Which versions, and whether both are still stored. */
static enum err
open_diff(struct diff *d, const char *from, const struct lookup_zone *z)
{
	struct db_rows *rows = NULL;
	int64_t generation, base = -1;
	enum err e;

	if (!parse_generation(req_param(d->r, 1), &generation))
		return ERR_NOT_FOUND;
	if (from != NULL && !parse_generation(from, &base))
		return req_bad_query(d->r, "from", "not a generation"),
		    ERR_INVALID;
	e = db_exec(d->db, SQL_STMT(diff_look), DB_PARAMS(
	    db_uuid(d->r->who.tenant_id), db_uuid(z->id), db_i64(generation),
	    db_if(from != NULL, db_i64(base))), &rows);
	if (e == OK && db_rows_n(rows) == 0)
		e = ERR_NOT_FOUND;
	if (e == OK) {
		base = db_get_i64_or(rows, 0, 0, 0);
		d->old.generation = d->new.other = base;
		d->new.generation = d->old.other = generation;
		jw_begin_object(&d->w, NULL);
		jw_int(&d->w, "generation", generation);
		jw_int(&d->w, "from", base);
		show_i64(&d->w, "serial", rows, 0, 1);
		show_i64(&d->w, "from_serial", rows, 0, 2);
		show_i64(&d->w, "record_count", rows, 0, 3);
		show_i64(&d->w, "from_record_count", rows, 0, 4);
	}
	db_rows_free(rows);
	return e;
}

static enum err
diff(struct db *db, struct req *r, void *arg)
{
	char cursor[REPLY_CURSOR_BYTES], last[2 * OWNERKEY_MAX + 1];
	const char *from = req_query(r, "from");
	struct diff *d = arg;
	struct lookup_zone z;
	bool more = false;
	enum err e;

	d->db = db;
	d->r = r;
	if (!req_page(r, &d->left, cursor))
		return OK;
	d->has_after = cursor[0] != '\0';
	if (d->has_after && !parse_key(cursor, &d->after))
		return req_bad_query(r, "cursor", "not one of ours");
	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e != OK)
		return e;
	d->z = &z;
	d->old.next = d->new.next = d->after;
	e = open_diff(d, from, &z);
	if (e == ERR_INVALID)
		return OK;		/* the reply says it */
	if (e != OK)
		return e;
	jw_begin_list(&d->w, "items");
	e = merge(d, &more);
	if (e != OK)
		return e;
	if (more)
		print_key(&d->last, last);
	req_list_end(r, &d->w, more ? last : NULL);
	return req_json(r, 200, &d->w);
}

enum err
resource_versions_diff(struct req *r)
{
	struct diff *d = calloc(1, sizeof(*d));
	enum err e = ERR_NO_MEMORY;

	if (d == NULL)
		return e;
	jw_init(&d->w, DIFF_REPLY_MAX);
	d->old.page = aligned_alloc(64, PAGE_MAX_BYTES);
	d->new.page = aligned_alloc(64, PAGE_MAX_BYTES);
	if (d->old.page != NULL && d->new.page != NULL)
		e = repo_read(r, diff, d);
	db_rows_free(d->old.rows);
	db_rows_free(d->new.rows);
	free(d->old.page);
	free(d->new.page);
	jw_fini(&d->w);
	free(d);
	return e;
}
