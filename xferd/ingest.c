/*
 * ingest.c - a spooled transfer into a version ready to be published.
 *
 *   spool -> records (validated) -> sorted unless they are -> zonediff with
 *   the stored leaves -> zonecheck on what is new -> tree -> publish_version
 *
 * The stored version's list of pages is remembered from its publication
 * (outline), else read.  Its pages are read when differences touch them.  No
 * transaction stays open meanwhile: the compare-and-set of the publication makes
 * up for it.
 */
#include "xferd/ingest.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/db/db_pipe.h"
#include "common/dns/ownerkey.h"
#include "common/dns/page.h"
#include "common/dns/rr.h"
#include "common/dns/rrtype.h"
#include "common/dns/serial.h"
#include "common/dns/tree.h"
#include "common/dns/zonediff.h"
#include "xferd/handoff.h"
#include "xferd/keepsql.h"

enum { FETCH_CHUNK = 64 };		/* old pages read at a time */

static const uint8_t APEX_KEY[1] = { OWNERKEY_TREE_NORMAL };

struct work {
	struct ingest *in;
	struct db *db;
	struct zonediff_record *rec;
	size_t n_rec, rec_size, at;

	/* the stored version */
	struct outline *was;		/* empty: there is none */
	bool *kept, *node_kept;		/* of its leaves and nodes */
	struct db_rows *page_rows;

	/* old pages for differences */
	size_t *touched;		/* indices, ascending */
	size_t n_touched;
	size_t chunk[FETCH_CHUNK];
	size_t n_chunk;

	/* the new version */
	struct tree_ref *leaf;		/* keys belong to now */
	size_t n_leaf, leaf_size;
	bool apex_kept;
	struct outline *now;
	struct publish_version *v;
};

/* ---- spool to records -------------------------------------------------- */

static enum err
reject(struct work *w, const char *reason, const char *text)
{
	w->in->check.reason = reason;
	snprintf(w->in->check.text, sizeof(w->in->check.text), "%s", text);
	return ERR_INVALID;
}

static enum err
add_record(struct work *w, const struct handoff_record *r, uint8_t verb)
{
	if (w->n_rec == w->rec_size) {
		size_t size = w->rec_size == 0 ? 256 : w->rec_size * 2;
		struct zonediff_record *more;

		more = realloc(w->rec, size * sizeof(*more));
		if (more == NULL)
			return ERR_NO_MEMORY;
		w->rec = more;
		w->rec_size = size;
	}
	if (w->n_rec >= w->in->limits.records_max)
		return reject(w, "limit-records",
		    "the transfer has more records than allowed");
	w->rec[w->n_rec++] = (struct zonediff_record){ .key = r->key,
		.rdata = r->rdata, .ttl = r->ttl, .key_len = r->key_len,
		.type = r->type, .rdlen = r->rdlen, .verb = verb };
	return OK;
}

static enum err
add_frame(struct work *w, const uint8_t *p, size_t len, uint8_t verb)
{
	size_t off = 0;

	for (;;) {
		struct handoff_record r;
		bool end = false;
		enum err e = handoff_records_next(p, len, &off,
		    w->in->apex_len, &r, &end);

		if (e != OK)
			return reject(w, "handoff",
			    "a record that does not validate");
		if (end)
			return OK;
		e = add_record(w, &r, verb);
		if (e != OK)
			return e;
	}
}

/* One difference's boundary; its SOA is a change like any other. */
static enum err
add_mark(struct work *w, const uint8_t *p, size_t len, uint8_t *verb)
{
	struct handoff_mark m;
	struct handoff_record r = { .key = APEX_KEY, .key_len = 1,
		.type = RRTYPE_SOA };

	if (handoff_mark_decode(p, len, &m) != OK || !w->in->ixfr ||
	    rr_rdata_check(RRTYPE_SOA, m.soa, m.soa_len) != OK)
		return reject(w, "handoff", "a mark that does not validate");
	*verb = m.part == HANDOFF_DELETE ? ZONEDIFF_DELETE : ZONEDIFF_ADD;
	r.ttl = m.ttl;
	r.rdlen = m.soa_len;
	r.rdata = m.soa;
	return add_record(w, &r, *verb);
}

static enum err
read_spool(struct work *w)
{
	const uint8_t *bytes;
	size_t len, off = 0;
	uint8_t verb = ZONEDIFF_ADD;
	bool marked = false;
	enum err e = spool_map(w->in->spool, &bytes, &len);

	while (e == OK && off < len) {
		uint32_t header[2];

		CHECK(len - off >= SPOOL_HEADER);	/* we wrote it */
		memcpy(header, bytes + off, sizeof(header));
		off += SPOOL_HEADER;
		CHECK(header[1] <= len - off);
		if (header[0] == HANDOFF_MARK) {
			marked = true;
			e = add_mark(w, bytes + off, header[1], &verb);
		} else if (w->in->ixfr && !marked) {
			e = reject(w, "handoff", "differences without a mark");
		} else {
			e = add_frame(w, bytes + off, header[1], verb);
		}
		off += header[1];
	}
	w->in->n_records = w->n_rec;
	if (e == OK && w->n_rec == 0)
		e = reject(w, "no-soa", "the transfer has no records");
	return e;
}

static int
by_key(const void *pa, const void *pb)
{
	const struct zonediff_record *a = pa, *b = pb;

	return ownerkey_compare(a->key, a->key_len, b->key, b->key_len);
}

/* Bottom-up merge sort: stable, which changes of one owner need. */
static enum err
sort_records(struct work *w)
{
	struct zonediff_record *from = w->rec, *to, *spare;
	size_t n = w->n_rec;
	bool sorted = true;

	for (size_t i = 1; i < n && sorted; i++)
		sorted = by_key(&from[i - 1], &from[i]) <= 0;
	w->in->sorted = sorted;
	if (sorted)
		return OK;
	spare = malloc(n * sizeof(*spare));
	if (spare == NULL)
		return ERR_NO_MEMORY;
	to = spare;
	for (size_t run = 1; run < n; run *= 2) {
		struct zonediff_record *t;

		for (size_t lo = 0; lo < n; lo += 2 * run) {
			size_t mid = MIN(lo + run, n);
			size_t hi = MIN(lo + 2 * run, n);
			size_t a = lo, b = mid, o = lo;

			if (mid == hi ||
			    by_key(&from[mid - 1], &from[mid]) <= 0) {
				memcpy(to + lo, from + lo,
				    (hi - lo) * sizeof(*to));
				continue;
			}
			while (a < mid && b < hi)
				to[o++] = by_key(&from[b], &from[a]) < 0 ?
				    from[b++] : from[a++];
			while (a < mid)
				to[o++] = from[a++];
			while (b < hi)
				to[o++] = from[b++];
		}
		t = from;
		from = to;
		to = t;
	}
	w->rec = from;
	w->rec_size = n;
	free(to);
	return OK;
}

/* ---- the stored version ------------------------------------------------ */

/* The page that was read with the leaves, if it was. */
static const uint8_t *
body_of(struct db_rows *pages, const uint8_t *low, size_t low_len,
    size_t *out_len)
{
	for (size_t i = 0; i < db_rows_n(pages); i++) {
		size_t len;
		const uint8_t *key = db_get_bytes(pages, i, 0, &len);

		if (len == low_len && memcmp(key, low, len) == 0)
			return db_get_bytes(pages, i, 1, out_len);
	}
	*out_len = 0;
	return NULL;
}

static enum err
take_leaves(struct work *w, struct db_rows *rows, struct db_rows *pages)
{
	if (db_rows_n(rows) == 0)
		return ERR_CONFLICT;
	for (size_t i = 0; i < db_rows_n(rows); i++) {
		size_t low_len, len, body_len;
		const uint8_t *low = db_get_bytes(rows, i, 0, &low_len);
		const uint8_t *digest = db_get_bytes(rows, i, 1, &len);
		const uint8_t *body = body_of(pages, low, low_len, &body_len);
		struct digest d;
		enum err e;

		if (digest == NULL || len != DIGEST_SIZE)
			return ERR_CORRUPT;
		memcpy(d.octets, digest, DIGEST_SIZE);
		e = outline_add_leaf(w->was, low, low_len, &d,
		    db_get_u32(rows, i, 2), body, body_len);
		if (e != OK)
			return e;
	}
	return db_rows_failed(rows) || db_rows_failed(pages) ? ERR_DB : OK;
}

static enum err
take_nodes(struct work *w, struct db_rows *rows)
{
	for (size_t i = 0; i < db_rows_n(rows); i++) {
		int64_t level = db_get_i64(rows, i, 0);
		size_t low_len, len;
		const uint8_t *low = db_get_bytes(rows, i, 1, &low_len);
		const uint8_t *digest = db_get_bytes(rows, i, 2, &len);
		struct digest d;
		enum err e;

		if (level < 1 || level > TREE_LEVELS_MAX || digest == NULL ||
		    len != DIGEST_SIZE)
			return ERR_CORRUPT;
		memcpy(d.octets, digest, DIGEST_SIZE);
		e = outline_add_node(w->was, (unsigned)level, low, low_len,
		    &d);
		if (e != OK)
			return e;
	}
	return db_rows_failed(rows) ? ERR_DB : OK;
}

/* From the database: what is there, and of a small zone the pages, too. */
static enum err
read_outline(struct work *w)
{
	const struct ingest *in = w->in;
	struct db_pipe pipe;
	unsigned leaves, nodes, pages;
	enum err e;

	db_pipe_begin(&pipe, w->db);
	db_pipe_open_tx(&pipe, DB_TX_SNAPSHOT);
	leaves = db_pipe_add(&pipe, KEEPSQL(stored_leaves), DB_PARAMS(
	    db_uuid(in->zone_id), db_i64(in->generation)));
	nodes = db_pipe_add(&pipe, KEEPSQL(stored_nodes), DB_PARAMS(
	    db_uuid(in->zone_id), db_i64(in->generation)));
	pages = db_pipe_add(&pipe, KEEPSQL(stored_few_pages), DB_PARAMS(
	    db_uuid(in->zone_id), db_i64(in->ixfr ? OUTLINE_BODIES_MAX : 0)));
	db_pipe_commit(&pipe);
	e = db_pipe_run(&pipe);
	if (e == ERR_DB_UNKNOWN)
		e = ERR_DB_LOST;	/* only read */
	if (e == OK)
		e = take_leaves(w, db_pipe_rows(&pipe, leaves),
		    db_pipe_rows(&pipe, pages));
	if (e == OK)
		e = take_nodes(w, db_pipe_rows(&pipe, nodes));
	db_pipe_end(&pipe);
	return e;
}

static enum err
find_outline(struct work *w)
{
	const struct ingest *in = w->in;
	enum err e = OK;

	if (in->generation > 0 && in->outlines != NULL)
		w->was = outlines_take(in->outlines, in->zone_id,
		    in->generation, &in->root);
	if (w->was == NULL) {
		w->was = outline_new();
		if (w->was == NULL)
			return ERR_NO_MEMORY;
		if (in->generation > 0)
			e = read_outline(w);
		outline_seal(w->was);
	}
	w->kept = calloc(w->was->n_leaves + 1, sizeof(*w->kept));
	w->node_kept = calloc(w->was->n_nodes + 1, sizeof(*w->node_kept));
	if (w->kept == NULL || w->node_kept == NULL)
		return ERR_NO_MEMORY;
	return e;
}

/* ---- zonediff's callbacks ---------------------------------------------- */

static enum err
next_record(void *arg, struct zonediff_record *out, bool *out_end)
{
	struct work *w = arg;

	*out_end = w->at == w->n_rec;
	if (!*out_end)
		*out = w->rec[w->at++];
	return OK;
}

static size_t
leaf_of(const struct work *w, const uint8_t *key, size_t len)
{
	size_t lo = 0, hi = w->was->n_leaves;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (ownerkey_compare(w->was->leaf[mid].low, w->was->leaf[mid].low_len,
		    key, len) <= 0)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

/* Which old pages the changes lie in, so that they are read in bunches. */
static enum err
find_touched(struct work *w)
{
	w->touched = malloc((w->was->n_leaves + 1) * sizeof(*w->touched));
	if (w->touched == NULL)
		return ERR_NO_MEMORY;
	for (size_t i = 0; i < w->n_rec; i++) {
		size_t leaf = leaf_of(w, w->rec[i].key, w->rec[i].key_len);

		if (w->n_touched == 0 || w->touched[w->n_touched - 1] != leaf)
			w->touched[w->n_touched++] = leaf;
		CHECK(w->n_touched <= w->was->n_leaves);
	}
	return OK;
}

static enum err
read_chunk(struct work *w, size_t index)
{
	struct db_array low;
	enum err e;

	db_rows_free(w->page_rows);
	w->page_rows = NULL;
	w->n_chunk = 0;
	w->chunk[w->n_chunk++] = index;
	for (size_t i = 0; i < w->n_touched && w->n_chunk < FETCH_CHUNK; i++)
		if (w->touched[i] > index)
			w->chunk[w->n_chunk++] = w->touched[i];
	db_array_init(&low, DB_ARRAY_BYTES, 1 << 20);
	for (size_t i = 0; i < w->n_chunk; i++)
		db_array_add(&low, w->was->leaf[w->chunk[i]].low,
		    w->was->leaf[w->chunk[i]].low_len);
	e = db_exec(w->db, KEEPSQL(stored_pages), DB_PARAMS(
	    db_uuid(w->in->zone_id), db_array_param(&low)), &w->page_rows);
	db_array_fini(&low);
	if (e == OK && db_rows_n(w->page_rows) != w->n_chunk)
		e = ERR_CONFLICT;	/* somebody publishes */
	if (e != OK)
		w->n_chunk = 0;
	return e;
}

static enum err
fetch_page(void *arg, size_t index, const uint8_t **out_body,
    size_t *out_len)
{
	struct work *w = arg;
	size_t i = 0;
	enum err e;

	if (w->was->leaf[index].body != NULL) {
		*out_body = w->was->leaf[index].body;
		*out_len = w->was->leaf[index].body_len;
		return OK;
	}
	while (i < w->n_chunk && w->chunk[i] != index)
		i++;
	if (i == w->n_chunk) {
		e = read_chunk(w, index);
		if (e != OK)
			return e;
		i = 0;
	}
	/* Both are in key order. */
	*out_body = db_get_bytes(w->page_rows, i, 1, out_len);
	return db_rows_failed(w->page_rows) ? ERR_DB : OK;
}

/* A leaf of the new version; the outline's copy of its key stays. */
static enum err
add_leaf(struct work *w, const struct zonediff_leaf *leaf,
    const uint8_t *body, size_t body_len)
{
	enum err e;

	if (w->n_leaf == w->leaf_size) {
		size_t size = w->leaf_size == 0 ? 16 : w->leaf_size * 2;
		struct tree_ref *more = realloc(w->leaf,
		    size * sizeof(*more));

		if (more == NULL)
			return ERR_NO_MEMORY;
		w->leaf = more;
		w->leaf_size = size;
	}
	if (w->n_leaf >= OUTLINE_BODIES_MAX)
		body = NULL;
	e = outline_add_leaf(w->now, leaf->low, leaf->low_len, &leaf->digest,
	    leaf->n_records, body, body_len);
	if (e != OK)
		return e;
	w->leaf[w->n_leaf] = (struct tree_ref){
		.low = w->now->leaf[w->n_leaf].low,
		.low_len = leaf->low_len, .digest = leaf->digest };
	w->n_leaf++;
	return OK;
}

static enum err
take_leaf(void *arg, const struct zonediff_leaf *leaf)
{
	struct work *w = arg;
	enum err e;

	if (leaf->kept) {
		const struct zonediff_leaf *old;

		CHECK(leaf->old_index < w->was->n_leaves);
		old = &w->was->leaf[leaf->old_index];
		w->kept[leaf->old_index] = true;
		if (w->n_leaf == 0)
			w->apex_kept = true;
		return add_leaf(w, leaf, old->body, old->body_len);
	}
	e = zonecheck_page(&w->in->check, leaf->body);
	if (e == OK)
		e = publish_rows_add(&w->v->pages, 0, leaf->low, leaf->low_len,
		    leaf->high, leaf->high_len, &leaf->digest,
		    leaf->n_records, leaf->body, leaf->body_len);
	if (e != OK)
		return e;
	w->v->pages.row[w->v->pages.n - 1].signed_until_s =
	    w->in->check.signed_until_s;
	w->v->n_bytes += leaf->body_len;
	return add_leaf(w, leaf, leaf->body, leaf->body_len);
}

static enum err
take_node(void *arg, const struct tree_node *n)
{
	struct work *w = arg;
	enum err e;

	if (n->kept) {
		const struct tree_old *l = &w->was->level[n->level - 1];

		CHECK(n->level >= 1);
		CHECK(n->old_index < l->n);
		w->node_kept[(size_t)(l->nodes - w->was->node) +
		    n->old_index] = true;
		return outline_add_node(w->now, n->level, n->low, n->low_len,
		    &n->digest);
	}
	e = outline_add_node(w->now, n->level, n->low, n->low_len,
	    &n->digest);
	if (e != OK)
		return e;
	w->v->n_bytes += n->len;
	return publish_rows_add(&w->v->nodes, n->level, n->low, n->low_len,
	    n->high, n->high_len, &n->digest, 0, n->bytes, n->len);
}

static enum err
close_old(struct work *w)
{
	enum err e = OK;

	for (size_t i = 0; i < w->was->n_leaves && e == OK; i++)
		if (!w->kept[i])
			e = publish_rows_add(&w->v->close_pages, 0,
			    w->was->leaf[i].low, w->was->leaf[i].low_len, NULL, 0, NULL, 0,
			    NULL, 0);
	for (size_t i = 0; i < w->was->n_nodes && e == OK; i++)
		if (!w->node_kept[i])
			e = publish_rows_add(&w->v->close_nodes,
			    w->was->node_level[i], w->was->node[i].low,
			    w->was->node[i].low_len, NULL, 0, NULL, 0, NULL,
			    0);
	return e;
}

/* ---- the whole --------------------------------------------------------- */

static enum err
diff(struct work *w)
{
	struct zonediff_io io = { .arg = w, .old = w->was->leaf,
		.n_old = w->was->n_leaves,
		.next = next_record, .fetch = fetch_page, .leaf = take_leaf };
	struct zonediff_result r;
	struct tree_root root;
	enum err e;

	if (w->in->ixfr) {
		e = find_touched(w);
		if (e == OK)
			e = zonediff_delta(&io, &r);
	} else {
		e = zonediff_full(&io, &r);
	}
	if (e == ERR_LIMIT || (e == ERR_INVALID &&
	    w->in->check.reason == NULL) || e == ERR_ORDER)
		return reject(w, "limit-name", r.reason != NULL ? r.reason :
		    "a name or a set of records is larger than allowed");
	if (e == ERR_MISMATCH)
		reject(w, "ixfr-mismatch", r.reason != NULL ? r.reason :
		    "a difference does not fit");
	if (e != OK)
		return e;
	e = zonecheck_end(&w->in->check, r.n_records, w->apex_kept);
	if (e != OK)
		return e;
	e = tree_build(w->leaf, w->n_leaf, w->was->level, take_node, w,
	    &root);
	if (e != OK)
		return e;
	w->v->n_records = r.n_records;
	w->v->n_pages = r.n_leaves;
	w->v->root_level = root.level;
	w->v->root_digest = root.digest;
	outline_seal(w->now);
	memcpy(w->now->zone_id, w->in->zone_id, 16);
	w->now->generation = w->in->generation + 1;
	w->now->root = root.digest;
	w->v->outline = w->now;
	w->now = NULL;
	return close_old(w);
}

static enum err
take_soa(struct work *w)
{
	struct zonecheck *c = &w->in->check;
	struct rr_soa soa;

	if (!c->saw_apex)
		return OK;		/* nothing changed at the apex */
	if (rr_soa_parse(c->soa, c->soa_len, &soa) != OK)
		return ERR_INTERNAL;
	if (soa.serial != w->in->serial)
		return w->in->ixfr ? ERR_MISMATCH :
		    reject(w, "serial", "the SOA in the zone has another "
		    "serial than the one that the transfer began with");
	w->in->soa = (struct zone_soa){ .serial = soa.serial,
		.refresh = soa.refresh, .retry = soa.retry,
		.expire = soa.expire, .minimum = soa.minimum };
	w->v->serial = soa.serial;
	w->v->soa_len = c->soa_len;
	memcpy(w->v->soa, c->soa, c->soa_len);
	return OK;
}

static enum err
build(struct work *w)
{
	struct ingest *in = w->in;
	enum err e;

	w->v = calloc(1, sizeof(*w->v));
	w->now = outline_new();
	if (w->v == NULL || w->now == NULL)
		return ERR_NO_MEMORY;
	w->v->ixfr = in->ixfr;
	w->v->base_generation = in->generation;
	e = read_spool(w);
	if (e == OK)
		e = sort_records(w);
	if (e == OK)
		e = find_outline(w);
	if (e == OK)
		e = diff(w);
	if (e == OK)
		e = take_soa(w);
	return e;
}

static void
work_fini(struct work *w)
{
	db_rows_free(w->page_rows);
	free(w->rec);
	outline_free(w->was);
	outline_free(w->now);
	free(w->kept);
	free(w->node_kept);
	free(w->touched);
	free(w->leaf);
	publish_version_free(w->v);
}

enum err
ingest_run(struct crew_job *job, struct db *db)
{
	struct ingest *in = CONTAINER_OF(job, struct ingest, job);
	struct work w = { .in = in, .db = db };
	int64_t start = now_mono_ms();
	enum err e;

	zonecheck_begin(&in->check, &in->limits, in->apex);
	in->check.now_s = now_wall_ms() / 1000;
	e = build(&w);
	in->version = NULL;
	if (e == OK && w.v->pages.n == 0 && w.v->close_pages.n == 0) {
		in->verdict = INGEST_SAME;
	} else if (e == OK) {
		in->verdict = INGEST_READY;
		in->version = w.v;
		w.v = NULL;
	} else if (e == ERR_INVALID) {
		in->verdict = INGEST_REJECTED;
	} else if (e == ERR_MISMATCH) {
		in->verdict = INGEST_MISMATCH;
	} else if (e == ERR_CONFLICT) {
		in->verdict = INGEST_CONFLICT;
	} else {
		in->verdict = INGEST_TROUBLE;
		if (err_class(e) == ERR_CLASS_FAIL)
			log_err("ingest.failed", "err=%s sqlstate=%s why=%s",
			    err_name(e), db_sqlstate(db),
			    LOG_Q(db_error(db)));
	}
	in->ms = now_mono_ms() - start;
	work_fini(&w);
	return in->verdict == INGEST_TROUBLE ? e : OK;
}
