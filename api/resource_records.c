/*
 * resource_records.c - /v1/zones/{zone}/records and /export.
 *
 * Read only: this is a secondary.  Writes are refused by the router with a
 * problem of their own.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/content.h"
#include "api/etag.h"
#include "api/repo.h"
#include "api/req.h"
#include "api/sql.h"
#include "api/terms.h"
#include "common/base/log.h"
#include "common/dns/rrtext.h"
#include "common/dns/rrtype.h"

enum {
	RECORDS_ROUNDS_MAX = 64,	/* page reads of one filtered answer */
	RECORDS_TYPES_MAX = 16,		/* of type= */
	RECORDS_Q_MAX = 255,
	TYPE_SOA = 6,
	TYPE_NSEC3 = 50,
};

/* ---- a page of records ---- */

/* Where a list stands: behind the owner's record number @at, counted over
 * all its types (RRSIGs lie between them). */
struct cursor {
	struct ownerkey key;
	uint32_t at;
	bool set;
};

struct listing {
	const struct content *content;
	struct jw *w;
	int64_t left;
	struct ownerkey only;		/* name= */
	bool has_only;
	struct ownerkey top;		/* under= */
	bool has_top;
	uint16_t type[RECORDS_TYPES_MAX];
	size_t n_types;			/* 0: all */
	char q[RECORDS_Q_MAX + 1];	/* in lower case; "": all */
	struct cursor after;		/* cursor= */
	struct cursor seen;		/* the record before this one */
	struct cursor last;		/* the last one printed */
	bool more;
	char *text;			/* RRTEXT_MAX */
};

static int
compare_key(const struct ownerkey *a, const struct content_record *rec)
{
	return ownerkey_compare(a->bytes, a->len, rec->key, rec->key_len);
}

/* Note the place of a record. */
static void
step(struct cursor *c, const struct content_record *rec)
{
	if (c->set && compare_key(&c->key, rec) == 0) {
		c->at++;
		return;
	}
	c->set = true;
	c->key.len = (uint16_t)rec->key_len;
	memcpy(c->key.bytes, rec->key, rec->key_len);
	c->at = 0;
}

/* Is the record that we see on a page that was printed before? */
static bool
is_before(const struct listing *l)
{
	int c;

	if (!l->after.set)
		return false;
	c = ownerkey_compare(l->seen.key.bytes, l->seen.key.len,
	    l->after.key.bytes, l->after.key.len);
	return c < 0 || (c == 0 && l->seen.at <= l->after.at);
}

/* Does the text hold @q, which is in lower case? */
static bool
holds(const char *text, size_t len, const char *q)
{
	size_t n = strlen(q);

	for (size_t i = 0; i + n <= len; i++) {
		size_t k = 0;

		while (k < n && (char)dname_lower_octet((uint8_t)text[i + k]) ==
		    q[k])
			k++;
		if (k == n)
			return true;
	}
	return false;
}

static bool
is_wanted_type(const struct listing *l, uint16_t type)
{
	for (size_t i = 0; i < l->n_types; i++)
		if (l->type[i] == type)
			return true;
	return l->n_types == 0;
}

/* <0: the record is before the subtree, 0: in it, >0: behind it. */
static int
compare_top(const struct listing *l, const struct content_record *rec)
{
	if (rec->key_len >= l->top.len &&
	    memcmp(rec->key, l->top.bytes, l->top.len) == 0)
		return 0;
	return -compare_key(&l->top, rec);
}

/* Print it, unless q= passes it over (*out_skipped). */
static enum err
print_record(struct listing *l, const struct content_record *rec,
    bool *out_skipped)
{
	char name[DNAME_TEXT_MAX], type[RRTEXT_TYPE_MAX];
	uint8_t wire[DNAME_MAX];
	size_t len;
	enum err e;

	e = rrtext_rdata(rec->type, rec->rdata, rec->rdata_len, l->text,
	    RRTEXT_MAX, &len);
	if (e != OK)
		return e;
	(void)content_owner(l->content, rec, wire);
	(void)dname_print_bare(wire, name);
	*out_skipped = l->q[0] != '\0' && !holds(name, strlen(name), l->q) &&
	    !holds(l->text, len, l->q);
	if (*out_skipped)
		return OK;
	if (l->left == 0) {
		l->more = true;
		return ERR_AGAIN;
	}
	rrtext_type(rec->type, type);
	jw_begin_object(l->w, NULL);
	jw_str(l->w, "name", name);
	jw_str(l->w, "type", type);
	jw_int(l->w, "ttl", rec->ttl);
	jw_strn(l->w, "data", l->text, len);
	jw_end_object(l->w);
	return OK;
}

static enum err
list_record(void *arg, const struct content_record *rec)
{
	struct listing *l = arg;
	bool skipped = false;
	enum err e;

	step(&l->seen, rec);
	if (l->has_only && compare_key(&l->only, rec) != 0) {
		if (compare_key(&l->only, rec) < 0)
			return ERR_AGAIN;	/* beyond it */
		return OK;
	}
	if (l->has_top && compare_top(l, rec) != 0)
		return compare_top(l, rec) > 0 ? ERR_AGAIN : OK;
	if (is_before(l) || !is_wanted_type(l, rec->type))
		return OK;
	e = print_record(l, rec, &skipped);
	if (e != OK || skipped)
		return e;
	l->left--;
	l->last = l->seen;
	return OK;
}

/* Where to begin: the cursor, the name, or the zone's first page. */
static void
begin_at(const struct listing *l, struct ownerkey *out)
{
	if (l->after.set)
		*out = l->after.key;
	else if (l->has_only)
		*out = l->only;
	else if (l->has_top)
		*out = l->top;
	else
		out->len = 0;
}

static enum err
run_listing(struct db *db, struct req *r, struct listing *l)
{
	struct ownerkey at, next;
	bool end = false;
	enum err e = OK;

	begin_at(l, &at);
	for (int i = 0; e == OK && !end; i++) {
		if (i == RECORDS_ROUNDS_MAX) {
			/* A rare type in a large zone: go on from here. */
			l->more = true;
			l->last = l->seen;
			break;
		}
		e = content_read(db, r, l->content, at.bytes, at.len,
		    i == 0 ? 1 : 8, list_record, l, &next, &end);
		at = next;
	}
	return e == ERR_AGAIN ? OK : e;
}

static bool
parse_cursor(const char *text, struct cursor *c)
{
	size_t n = 0;
	unsigned int at;
	char rest;

	for (; n < OWNERKEY_MAX && text[2 * n] != ' '; n++) {
		unsigned int byte;

		if (sscanf(text + 2 * n, "%2x", &byte) != 1 ||
		    text[2 * n + 1] == '\0' || text[2 * n + 1] == ' ')
			return false;
		c->key.bytes[n] = (uint8_t)byte;
	}
	if (n == 0 || text[2 * n] != ' ' ||
	    sscanf(text + 2 * n, " %u%c", &at, &rest) != 1)
		return false;
	c->key.len = (uint16_t)n;
	c->at = at;
	c->set = true;
	return true;
}

static void
print_cursor(const struct cursor *c, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < c->key.len && n + 3 < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%02x",
		    c->key.bytes[i]);
	snprintf(out + n, size - n, " %u", c->at);
}

/* type=MX or type=A,AAAA */
static bool
read_types(struct listing *l, const char *text)
{
	char word[RRTEXT_TYPE_MAX];

	for (;;) {
		size_t len = strcspn(text, ",");

		if (len == 0 || len >= sizeof(word) ||
		    l->n_types == RECORDS_TYPES_MAX)
			return false;
		memcpy(word, text, len);
		word[len] = '\0';
		if (rrtext_type_parse(word, &l->type[l->n_types++]) != OK)
			return false;
		if (text[len] == '\0')
			return true;
		text += len + 1;
	}
}

static bool
read_name(const char *text, const struct content *c, int tree,
    struct ownerkey *out)
{
	struct lookup_name name;

	return lookup_name_parse(text, strlen(text), &name) == OK &&
	    ownerkey_from_dname(name.wire, c->apex.wire, tree, out) == OK;
}

static bool
read_search(struct req *r, const struct content *c, struct listing *l)
{
	const char *under = req_query(r, "under"), *q = req_query(r, "q");
	size_t n = q != NULL ? strlen(q) : 0;

	if (under != NULL) {
		if (!read_name(under, c, OWNERKEY_TREE_NORMAL, &l->top)) {
			(void)req_bad_query(r, "under",
			    "must be a name in the zone");
			return false;
		}
		/* Under the apex is everything, hashed names too. */
		l->has_top = l->top.len > 1;
	}
	if (q != NULL && (n == 0 || n > RECORDS_Q_MAX)) {
		(void)req_bad_query(r, "q", "must have 1 to 255 bytes");
		return false;
	}
	for (size_t i = 0; i < n; i++)
		l->q[i] = (char)dname_lower_octet((uint8_t)q[i]);
	return true;
}

/* The query parameters; false: r->reply says what is wrong. */
static bool
read_filters(struct req *r, const struct content *c, struct listing *l)
{
	const char *name = req_query(r, "name"), *type = req_query(r, "type");
	char cursor[REPLY_CURSOR_BYTES];

	if (!req_page(r, &l->left, cursor))
		return false;
	if (cursor[0] != '\0' && !parse_cursor(cursor, &l->after)) {
		(void)req_bad_query(r, "cursor", "not one of ours");
		return false;
	}
	if (type != NULL && !read_types(l, type)) {
		(void)req_bad_query(r, "type", "must be record types, as MX, "
		    "or A,AAAA, or TYPE65280; at most 16");
		return false;
	}
	if (!read_search(r, c, l))
		return false;
	if (name == NULL)
		return true;
	if (!read_name(name, c, l->n_types == 1 && l->type[0] == TYPE_NSEC3 ?
		OWNERKEY_TREE_NSEC3 : OWNERKEY_TREE_NORMAL, &l->only)) {
		(void)req_bad_query(r, "name", "must be a name in the zone");
		return false;
	}
	l->has_only = true;
	return true;
}

static enum err
list_records(struct db *db, struct req *r, void *arg)
{
	struct listing *l = arg;
	char last[REPLY_CURSOR_BYTES];
	struct lookup_zone z;
	struct content c;
	struct jw w;
	char *text = l->text;
	enum err e;

	memset(l, 0, sizeof(*l));
	l->text = text;
	l->content = &c;
	l->w = &w;
	e = lookup_zone(db, r, req_param(r, 0), &z);
	if (e == OK)
		e = content_open(db, r, &z, &c);
	if (e != OK)
		return e;
	if (!read_filters(r, &c, l))
		return OK;
	jw_init(&w, REPLY_BYTES_MAX);
	jw_begin_object(&w, NULL);
	jw_int(&w, "generation", c.generation);
	if (c.generation > 0)
		jw_int(&w, "serial", c.serial);
	else
		jw_null(&w, "serial");
	jw_begin_list(&w, "items");
	if (c.generation > 0)
		e = run_listing(db, r, l);
	if (e != OK) {
		jw_fini(&w);
		return e;
	}
	if (l->more)
		print_cursor(&l->last, last, sizeof(last));
	req_list_end(r, &w, l->more ? last : NULL);
	return req_json(r, 200, &w);
}

enum err
resource_records_list(struct req *r)
{
	struct listing *l = calloc(1, sizeof(*l));
	char *text = malloc(RRTEXT_MAX);
	enum err e = ERR_NO_MEMORY;

	if (l != NULL && text != NULL) {
		l->text = text;
		e = repo_read(r, list_records, l);
	}
	free(text);
	free(l);
	return e;
}

/* ---- the zone file ---- */

/* One export, between its pieces.  No transaction is open meanwhile. */
struct export {
	struct content content;
	struct ownerkey next;
	struct buf *out;		/* during a piece */
	char *text;			/* RRTEXT_MAX */
	bool soa_first;			/* looking for the SOA alone */
	bool soa_done;
};

static void
export_free(void *state)
{
	struct export *x = state;

	free(x->text);
	free(x);
}

static enum err
export_record(void *arg, const struct content_record *rec)
{
	struct export *x = arg;
	uint8_t owner[DNAME_MAX];
	size_t owner_len, len;
	enum err e;

	/* A zone file begins with its SOA. */
	if (x->soa_first != (rec->type == TYPE_SOA && rec->key_len == 1))
		return OK;
	owner_len = content_owner(&x->content, rec, owner);
	e = rrtext_record(owner, owner_len, rec->ttl, rec->class, rec->type,
	    rec->rdata, rec->rdata_len, x->text, RRTEXT_MAX, &len);
	if (e == OK)
		e = buf_bytes(x->out, x->text, len);
	if (e == OK && (len == 0 || x->text[len - 1] != '\n'))
		e = buf_str(x->out, "\n");
	if (e == OK && x->soa_first) {
		x->soa_done = true;
		return ERR_AGAIN;
	}
	return e;
}

static enum err
read_piece(struct db *db, struct req *r, void *arg)
{
	struct export *x = arg;
	struct ownerkey next;
	bool end = false;
	enum err e;

	buf_reset(x->out);
	if (!x->soa_done) {
		x->soa_first = true;
		e = content_read(db, r, &x->content, NULL, 0, 1,
		    export_record, x, &next, &end);
		x->soa_first = false;
		if (e != ERR_AGAIN)
			return e == OK ? ERR_CORRUPT : e;
	}
	e = content_read(db, r, &x->content, x->next.bytes, x->next.len,
	    CONTENT_PAGES_MAX, export_record, x, &next, &end);
	if (e != OK)
		return e;
	x->next = next;
	r->stream_end = end;
	return OK;
}

/* A piece read in full or not at all: a second try begins anew. */
static enum err
export_piece(struct req *r, struct buf *out, bool *out_end)
{
	struct export *x = r->stream_state;
	enum err e;

	x->out = out;
	e = repo_read(r, read_piece, x);
	*out_end = r->stream_end;
	return e;
}

static enum err
open_export(struct db *db, struct req *r, void *arg)
{
	struct export *x = arg;
	struct lookup_zone z;
	enum err e;

	e = lookup_zone(db, r, req_param(r, 0), &z);
	return e != OK ? e : content_open(db, r, &z, &x->content);
}

enum err
resource_records_export(struct req *r)
{
	struct export *x = calloc(1, sizeof(*x));
	char file[256], id[DB_UUID_TEXT_SIZE], etag[ETAG_BYTES];
	size_t n = 0;
	enum err e;

	if (x == NULL)
		return ERR_NO_MEMORY;
	r->stream_state = x;
	r->stream_free = export_free;
	x->text = malloc(RRTEXT_MAX);
	if (x->text == NULL)
		return ERR_NO_MEMORY;
	e = repo_read(r, open_export, x);
	if (e != OK)
		return e;
	if (x->content.generation == 0)
		return req_problem(r, PROBLEM_CONFLICT,
		    "the zone was not loaded yet");
	for (const char *p = x->content.apex.text; *p != '\0' &&
	    n + 6 < sizeof(file); p++)
		file[n++] = strchr("/\\\"; ", *p) != NULL ? '_' : *p;
	snprintf(file + n, sizeof(file) - n, ".zone");
	db_uuid_print(x->content.zone_id, id);
	snprintf(etag, sizeof(etag), "\"%.8s-%" PRId64 "\"", id,
	    x->content.generation);
	terms_tag(r, etag, false);
	if (r->reply.status == 304)
		return OK;
	reply_header(&r->reply, "Content-Disposition",
	    "attachment; filename=\"%s\"", n == 1 && file[0] == '.' ?
	    "root.zone" : file);
	reply_header(&r->reply, "X-Zone-Serial", "%" PRIu32,
	    x->content.serial);
	r->reply.status = 200;
	r->reply.content_type = "text/dns; charset=us-ascii";
	r->reply.stream = true;
	r->stream = export_piece;
	return OK;
}
