/*
 * resource_batch.c - POST /v1/zones:batch: many claims in one request.
 *
 * Each element gets its own verdict, in the order of the request.  What one
 * element asks for is checked first; those that may be made are then made
 * together, in a handful of statements however many they are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/app.h"
#include "api/claims.h"
#include "api/lookup.h"
#include "api/req.h"
#include "api/resource_zones.h"
#include "api/sql.h"
#include "common/base/check.h"
#include "common/db/db_pipe.h"

enum {
	ITEMS_MAX = 1000,
	ARRAY_MAX = 4 << 20,
};

struct item_in {
	struct body_str name;
	struct body_list primaries;
};

struct batch_in {
	struct body_list create, primaries;
};

struct item {
	enum err e;
	bool wanted;			/* to be made */
	struct lookup_name name;
	struct resource_zones_primaries *own;	/* or NULL: the common ones */
	struct faults *faults;		/* or NULL */
	uint8_t id[16];			/* made */
	size_t row;			/* its document */
};

struct batch {
	const struct body_node *create;
	struct resource_zones_primaries common;
	bool has_common;
	size_t n, at;
	struct item *item;
	size_t *order;			/* wanted ones, by name, then place */
	size_t n_order;
};

static const struct body_field item_fields[] = {
	{ "name", BODY_STR, BODY_REQ, 1, 1024,
	  offsetof(struct item_in, name) },
	{ "primaries", BODY_LIST, BODY_OPT, 1, RESOURCE_ZONES_PRIMARIES_MAX,
	  offsetof(struct item_in, primaries) },
};

static const struct body_field batch_fields[] = {
	{ "create", BODY_LIST, BODY_REQ, 1, ITEMS_MAX,
	  offsetof(struct batch_in, create) },
	{ "primaries", BODY_LIST, BODY_OPT, 1, RESOURCE_ZONES_PRIMARIES_MAX,
	  offsetof(struct batch_in, primaries) },
};

static void
batch_fini(struct batch *b)
{
	for (size_t i = 0; b->item != NULL && i < b->n; i++) {
		free(b->item[i].own);
		free(b->item[i].faults);
	}
	free(b->item);
	free(b->order);
}

/* ---- what each asks for ---- */

struct own_list {
	const struct body_list *list;
	const char *pointer;
	struct item *item;
};

/* In a savepoint: a fault undoes the primaries made on the way. */
static enum err
take_own(struct db *db, struct req *r, void *arg)
{
	struct own_list *o = arg;
	enum err e;

	e = resource_zones_take_primaries(db, r, o->list, o->pointer,
	    o->item->own);
	return e == OK && r->faults.n > 0 ? ERR_INVALID : e;
}

static enum err
read_item(struct db *db, struct req *r, struct batch *b)
{
	struct item *it = &b->item[b->at];
	struct item_in in = { 0 };
	char pointer[FAULT_POINTER_MAX], sub[FAULT_POINTER_MAX];
	struct own_list own = { &in.primaries, sub, it };

	body_pointer_at(pointer, sizeof(pointer), "/create", b->at);
	body_read(body_at(b->create, b->at), pointer, item_fields,
	    COUNT_OF(item_fields), &in, &r->faults);
	resource_zones_check_name(r, &in.name, pointer, &it->name);
	if (r->faults.n == 0) {
		enum err e = claims_check_name(db, r, &it->name, pointer);

		if (e != OK)
			return e;
	}
	body_pointer(sub, sizeof(sub), pointer, "primaries");
	if (!in.primaries.set) {
		if (!b->has_common && r->faults.n == 0)
			body_fault_add(&r->faults, sub, "required",
			    "must be given here or for all");
		return r->faults.n > 0 ? ERR_INVALID : OK;
	}
	it->own = calloc(1, sizeof(*it->own));
	return it->own == NULL ? ERR_NO_MEMORY :
	    repo_savepoint(db, r, take_own, &own);
}

/* Faults are one element's; r->faults is used anew for each. */
static enum err
read_items(struct db *db, struct req *r, struct batch *b)
{
	enum err e = OK;

	for (b->at = 0; e == OK && b->at < b->n; b->at++) {
		struct item *it = &b->item[b->at];

		it->e = e = read_item(db, r, b);
		it->wanted = e == OK;
		if (e == OK || err_class(e) != ERR_CLASS_REJECT)
			continue;
		e = OK;
		it->faults = malloc(sizeof(*it->faults));
		if (it->faults == NULL)
			return ERR_NO_MEMORY;
		*it->faults = r->faults;
		r->faults.n = r->faults.n_more = 0;
		reply_reset(&r->reply);
	}
	return e;
}

/* ---- making them ---- */

static int
compare_names(const struct lookup_name *a, const uint8_t *wire, size_t len)
{
	int n = memcmp(a->wire, wire, MIN(a->len, len));

	return n != 0 ? n : (a->len > len) - (a->len < len);
}

static int
by_name(const void *pa, const void *pb, void *arg)
{
	const struct batch *b = arg;
	size_t x = *(const size_t *)pa, y = *(const size_t *)pb;
	int n = compare_names(&b->item[x].name, b->item[y].name.wire,
	    b->item[y].name.len);

	return n != 0 ? n : (x > y) - (x < y);
}

/* The first wanted element of this name, as the database says it. */
static struct item *
item_of(struct batch *b, const uint8_t *wire, size_t len)
{
	size_t lo = 0, hi = b->n_order;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_names(&b->item[b->order[mid]].name, wire,
		    len) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	CHECK(lo < b->n_order);
	return &b->item[b->order[lo]];
}

/* Claims for the next @max wanted elements; *@out_made: how many there are now. */
static enum err
insert_some(struct db *db, struct req *r, struct batch *b, size_t max,
    size_t *out_made)
{
	struct db_array names, wires;
	struct db_rows *rows = NULL;
	enum err e;

	db_array_init(&names, DB_ARRAY_TEXT, ARRAY_MAX);
	db_array_init(&wires, DB_ARRAY_BYTES, ARRAY_MAX);
	b->n_order = 0;
	for (; b->at < b->n && b->n_order < max; b->at++) {
		struct item *it = &b->item[b->at];

		if (!it->wanted)
			continue;
		it->e = ERR_EXISTS;	/* unless the database says it is new */
		b->order[b->n_order++] = b->at;
		db_array_add(&names, it->name.text, strlen(it->name.text));
		db_array_add(&wires, it->name.wire, it->name.len);
	}
	qsort_r(b->order, b->n_order, sizeof(*b->order), by_name, b);
	e = db_exec(db, SQL_STMT(zone_insert_many),
	    DB_PARAMS(db_uuid(r->who.tenant_id), db_array_param(&names),
		db_array_param(&wires),
		db_text(resource_zones_first_state(r->app->conf))), &rows);
	*out_made = e == OK ? db_rows_n(rows) : 0;
	for (size_t i = 0; e == OK && i < db_rows_n(rows); i++) {
		size_t len;
		const uint8_t *wire = db_get_bytes(rows, i, 1, &len);
		struct item *it;

		if (wire == NULL) {
			e = ERR_CORRUPT;
			break;
		}
		it = item_of(b, wire, len);
		it->e = OK;
		db_get_uuid(rows, i, 0, it->id);
	}
	db_rows_free(rows);
	db_array_fini(&names);
	db_array_fini(&wires);
	return e;
}

/* As many as the tenant has room for; an element that exists takes none. */
static enum err
insert_all(struct db *db, struct req *r, struct batch *b, int64_t room)
{
	enum err e = OK;

	b->at = 0;
	while (e == OK && b->at < b->n && room > 0) {
		size_t made = 0;

		e = insert_some(db, r, b, (size_t)MIN(room,
		    (int64_t)ITEMS_MAX), &made);
		room -= (int64_t)made;
	}
	for (; b->at < b->n; b->at++)
		if (b->item[b->at].wanted)
			b->item[b->at].e = ERR_LIMIT;
	return e;
}

/* Their primaries, and what the audit says of them. */
static enum err
complete(struct db *db, struct req *r, struct batch *b,
    struct db_array *ids)
{
	struct db_array zones, ordinals, primaries;
	enum err e;

	db_array_init(&zones, DB_ARRAY_UUID, ARRAY_MAX);
	db_array_init(&ordinals, DB_ARRAY_I64, ARRAY_MAX);
	db_array_init(&primaries, DB_ARRAY_UUID, ARRAY_MAX);
	for (size_t i = 0; i < b->n; i++) {
		const struct item *it = &b->item[i];
		const struct resource_zones_primaries *p =
		    it->own != NULL ? it->own : &b->common;

		if (it->e != OK)
			continue;
		db_array_add(ids, it->id, 16);
		for (size_t k = 0; k < p->n; k++) {
			db_array_add(&zones, it->id, 16);
			db_array_add_i64(&ordinals, (int64_t)k);
			db_array_add(&primaries, p->id[k], 16);
		}
	}
	e = db_exec(db, SQL_STMT(zone_primary_insert_many), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_array_param(&zones),
	    db_array_param(&ordinals), db_array_param(&primaries)), NULL);
	if (e == OK)
		e = claims_open(db, r, ids);
	if (e == OK)
		e = repo_audit_zones(db, r, ids);
	db_array_fini(&zones);
	db_array_fini(&ordinals);
	db_array_fini(&primaries);
	return e;
}

/* ---- the answer ---- */

static enum problem
item_problem(enum err e)
{
	switch (e) {
	case ERR_EXISTS:
		return PROBLEM_EXISTS;
	case ERR_LIMIT:
		return PROBLEM_LIMIT;
	case ERR_INVALID:
		return PROBLEM_INVALID;
	case ERR_DENIED:
		return PROBLEM_RESERVED;
	default:
		return PROBLEM_CONFLICT;
	}
}

/* The name as the client wrote it, when it wrote one. */
static void
print_item_name(struct jw *w, const struct body_node *node)
{
	struct item_in in = { 0 };
	struct faults ignored = { 0 };

	body_read(node, "", item_fields, COUNT_OF(item_fields), &in,
	    &ignored);
	jw_str(w, "name", in.name.set ? in.name.s : NULL);
}

static void
print_item(struct req *r, struct batch *b, size_t i, struct db_rows *docs,
    struct jw *w)
{
	static const struct faults none;
	struct item *it = &b->item[i];

	jw_begin_object(w, NULL);
	if (it->e == OK) {
		jw_str(w, "name", it->name.text);
		jw_int(w, "status", 201);
		resource_zones_print(w, "zone", r->app->conf, docs, it->row);
	} else {
		enum problem p = item_problem(it->e);

		print_item_name(w, body_at(b->create, i));
		jw_int(w, "status", reply_problem_status(p));
		reply_problem_object(w, "problem", p, r->path, r->id,
		    it->faults != NULL ? it->faults : &none, NULL);
	}
	jw_end_object(w);
}

/* zone_docs answers in the order of the ids that it was given. */
static enum err
find_documents(struct batch *b, struct db_rows *docs)
{
	size_t row = 0;

	for (size_t i = 0; i < b->n; i++)
		if (b->item[i].e == OK)
			b->item[i].row = row++;
	return row == db_rows_n(docs) ? OK : ERR_CORRUPT;
}

static enum err
answer(struct db *db, struct req *r, struct batch *b, struct db_array *ids)
{
	struct db_rows *docs = NULL;
	struct jw w;
	enum err e;

	e = db_exec(db, SQL_STMT(zone_docs), DB_PARAMS(
	    db_uuid(r->who.tenant_id), db_array_param(ids)), &docs);
	if (e == OK)
		e = find_documents(b, docs);
	if (e != OK) {
		db_rows_free(docs);
		return e;
	}
	jw_init(&w, REPLY_BYTES_MAX);
	jw_begin_object(&w, NULL);
	jw_begin_list(&w, "items");
	for (size_t i = 0; i < b->n; i++)
		print_item(r, b, i, docs, &w);
	jw_end_list(&w);
	jw_end_object(&w);
	if (db_rows_failed(docs))
		e = ERR_CORRUPT;
	db_rows_free(docs);
	if (e != OK) {
		jw_fini(&w);
		return e;
	}
	return req_json(r, 200, &w);
}

/* ---- the whole ---- */

static enum err
make_items(struct db *db, struct req *r, struct batch *b)
{
	struct db_array ids;
	int64_t room = 0;
	enum err e;

	b->item = calloc(b->n, sizeof(*b->item));
	b->order = calloc(b->n, sizeof(*b->order));
	if (b->item == NULL || b->order == NULL)
		return ERR_NO_MEMORY;
	e = read_items(db, r, b);
	if (e == OK)
		e = lookup_room_left(db, r, "zones",
		    r->app->conf->limits.zones_per_tenant,
		    SQL_STMT(zone_count), &room);
	if (e == OK)
		e = insert_all(db, r, b, room);
	if (e != OK)
		return e;
	db_array_init(&ids, DB_ARRAY_UUID, ARRAY_MAX);
	e = complete(db, r, b, &ids);
	if (e == OK)
		e = answer(db, r, b, &ids);
	db_array_fini(&ids);
	return e;
}

static enum err
create_batch(struct db *db, struct req *r, void *arg UNUSED)
{
	struct batch_in in = { 0 };
	struct batch b = { 0 };
	enum err e = OK;

	body_read(body_root(r->body), "", batch_fields,
	    COUNT_OF(batch_fields), &in, &r->faults);
	if (in.primaries.set) {
		e = resource_zones_take_primaries(db, r, &in.primaries,
		    "/primaries", &b.common);
		b.has_common = true;
	}
	if (e != OK)
		return e;
	if (r->faults.n > 0) {
		(void)req_invalid(r);
		return ERR_INVALID;
	}
	b.create = in.create.node;
	b.n = in.create.n;
	e = make_items(db, r, &b);
	r->faults.n = r->faults.n_more = 0;
	batch_fini(&b);
	return e;
}

enum err
resource_batch_zones(struct req *r)
{
	return repo_write(r, create_batch, NULL);
}
