/*
 * zonediff.c - merge-compare two versions of a zone, page by page.
 *
 * The old leaves' ranges are walked in key order.  The names of the new
 * version that fall into a range are gathered in a *run* of finished entries;
 * at the range's end the run becomes a page with the range's bounds, or is cut
 * into several, or is carried into the next range because it is small.  One
 * page is held back (*pending*), so that a last range that has become empty
 * or small can still be given to its left neighbour.
 *
 * A run never grows past PAGERUN_CUT_BYTES and one name.
 */
#include <string.h>

#include "common/base/buf.h"
#include "common/base/check.h"
#include "common/dns/page.h"
#include "common/dns/pagebuild.h"
#include "common/dns/pagerun.h"
#include "common/dns/rrchange.h"
#include "common/dns/zonediff.h"

static_assert(PAGE_NAME_MAX_BYTES + 64 <= PAGE_MAX_BYTES,
    "the largest name fits in a page");

struct bound {
	uint16_t len;			/* 0: no bound (the open end) */
	uint8_t bytes[OWNERKEY_MAX];
};

/* The page that is held back. */
struct pending {
	bool set;
	bool kept;
	bool has_body;			/* page is filled; else fetch it */
	size_t old_index;
	struct bound low, high;
	uint32_t n_records;
	struct digest digest;
	struct buf page;
};

struct diff {
	const struct zonediff_io *io;
	struct zonediff_result *out;

	struct zonediff_record rec;	/* the next one, unless end */
	bool end;
	struct buf items;		/* struct pagebuild_item, one owner */

	struct pagerun run;
	struct bound low;		/* where the run begins */
	bool carried;			/* not at the range's own low */
	size_t range;			/* index of the old range */

	struct buf page;		/* the page just built */
	struct digest digest;		/* and its digest */
	struct buf old_page;		/* aligned copy of a fetched one */
	struct pending pending;
};

/* ---- small helpers ------------------------------------------------------ */

static void
bound_set(struct bound *b, const uint8_t *key, size_t len)
{
	CHECK(len <= sizeof(b->bytes));
	if (len > 0)
		memcpy(b->bytes, key, len);
	b->len = (uint16_t)len;
}

static bool
bound_is(const struct bound *b, const uint8_t *key, size_t len)
{
	return b->len == len && (len == 0 || memcmp(b->bytes, key, len) == 0);
}

static enum err
fail_at(struct diff *d, enum err e, const uint8_t *key, size_t len,
    uint16_t type, const char *reason)
{
	struct ownerkey *k = &d->out->key;

	k->len = (uint16_t)MIN(len, sizeof(k->bytes));
	memcpy(k->bytes, key, k->len);
	k->n_labels = 0;
	for (size_t i = 1; i < k->len; i++)
		k->n_labels += k->bytes[i] == 0;
	d->out->type = type;
	d->out->reason = reason;
	return e;
}

static inline struct pagebuild_item *
items_of(struct diff *d)
{
	return (struct pagebuild_item *)(void *)d->items.data;
}

static inline size_t
n_items(const struct diff *d)
{
	return d->items.len / sizeof(struct pagebuild_item);
}

static const struct zonediff_leaf *
old_range(const struct diff *d)
{
	return d->range < d->io->n_old ? &d->io->old[d->range] : NULL;
}

static bool
is_last_range(const struct diff *d)
{
	return d->range + 1 >= d->io->n_old;
}

/* ---- input -------------------------------------------------------------- */

static enum err
input_advance(struct diff *d)
{
	const uint8_t *key = d->rec.key;
	size_t len = d->rec.key_len;
	enum err e;

	e = d->io->next(d->io->arg, &d->rec, &d->end);
	if (e != OK || d->end)
		return e;
	if (d->rec.key_len < 1 || d->rec.key_len > OWNERKEY_MAX)
		return ERR_INVALID;
	if (key != NULL && ownerkey_compare(key, len, d->rec.key,
	    d->rec.key_len) > 0)
		return fail_at(d, ERR_ORDER, d->rec.key, d->rec.key_len, 0,
		    "owners are not in order");
	return OK;
}

/* Is the next record inside the current range? */
static bool
input_in_range(const struct diff *d)
{
	const struct zonediff_leaf *old = old_range(d);

	if (d->end)
		return false;
	return old == NULL || old->high == NULL ||
	    ownerkey_compare(d->rec.key, d->rec.key_len, old->high,
	    old->high_len) < 0;
}

/* All records of the next owner; d->rec is the first of the one after it. */
static enum err
input_owner(struct diff *d, const uint8_t **out_key, size_t *out_len)
{
	const uint8_t *key = d->rec.key;
	size_t len = d->rec.key_len;
	enum err e;

	*out_key = key;
	*out_len = len;
	do {
		struct pagebuild_item item = {
			.rdata = d->rec.rdata,
			.ttl = d->rec.ttl,
			.rdlen = d->rec.rdlen,
			.type = d->rec.type,
			.seq = rrchange_seq(n_items(d),
			    d->rec.verb == ZONEDIFF_DELETE),
		};

		e = n_items(d) < PAGEBUILD_ITEMS_MAX ?
		    buf_bytes(&d->items, &item, sizeof(item)) : ERR_LIMIT;
		if (e != OK)
			return fail_at(d, e, key, len, 0,
			    "too many records at one owner");
		e = input_advance(d);
		if (e != OK)
			return e;
	} while (!d->end && d->rec.key_len == len &&
	    memcmp(d->rec.key, key, len) == 0);
	return OK;
}

/* ---- output ------------------------------------------------------------- */

static enum err
pending_flush(struct diff *d)
{
	struct pending *p = &d->pending;
	struct zonediff_leaf leaf = {
		.low = p->low.bytes,
		.low_len = p->low.len,
		.high = p->high.len > 0 ? p->high.bytes : NULL,
		.high_len = p->high.len,
		.n_records = p->n_records,
		.digest = p->digest,
		.kept = p->kept,
		.old_index = p->old_index,
	};

	if (!p->set)
		return OK;
	if (p->kept) {
		leaf.low = d->io->old[p->old_index].low;
		leaf.high = d->io->old[p->old_index].high;
		d->out->n_kept++;
	} else {
		CHECK(p->has_body);
		leaf.body = p->page.data;
		leaf.body_len = p->page.len;
		d->out->n_new++;
		d->out->n_bytes += leaf.body_len;
	}
	d->out->n_leaves++;
	d->out->n_records += p->n_records;
	p->set = false;
	return d->io->leaf(d->io->arg, &leaf);
}

/* An old page that nothing touched; its body was not even fetched. */
static enum err
emit_untouched(struct diff *d)
{
	const struct zonediff_leaf *old = old_range(d);
	struct pending *p = &d->pending;
	enum err e;

	e = pending_flush(d);
	if (e != OK)
		return e;
	p->set = true;
	p->kept = true;
	p->has_body = false;
	p->old_index = d->range;
	bound_set(&p->low, old->low, old->low_len);
	bound_set(&p->high, old->high, old->high_len);
	p->n_records = old->n_records;
	p->digest = old->digest;
	return OK;
}

/* d->page with d->digest, from d->low to @high (length 0: the end). */
static enum err
emit_page(struct diff *d, const uint8_t *high, size_t high_len)
{
	const struct zonediff_leaf *old = old_range(d);
	struct pending *p = &d->pending;
	struct buf swap;
	enum err e;

	e = pending_flush(d);
	if (e != OK)
		return e;
	p->set = true;
	p->has_body = true;
	p->low = d->low;
	bound_set(&p->high, high, high_len);
	p->n_records = page_n_records(d->page.data);
	p->digest = d->digest;
	p->kept = old != NULL && digest_equal(&old->digest, &d->digest) &&
	    bound_is(&p->low, old->low, old->low_len) &&
	    bound_is(&p->high, old->high, old->high_len);
	p->old_index = d->range;
	swap = p->page;
	p->page = d->page;
	d->page = swap;
	return OK;
}

/* ---- the run ------------------------------------------------------------ */

/* The first @n names as a page, into d->page. */
static enum err
run_build(struct diff *d, size_t n)
{
	enum err e;

	e = pagerun_build(&d->run, n, &d->page);
	if (e == OK)
		digest_of(d->page.data, d->page.len, &d->digest);
	return e;
}

/*
 * Cut pages off a run that is too large.  While more names may come
 * (!@final) it is left alone up to a size that still makes two good pages.
 */
static enum err
run_cut(struct diff *d, bool final)
{
	size_t limit = final ? PAGE_TARGET_BYTES : PAGERUN_CUT_BYTES;
	enum err e;

	while (pagerun_n(&d->run) > 1 && pagerun_size(&d->run) > limit) {
		size_t k = pagerun_choose(&d->run), len;
		const uint8_t *key;

		e = run_build(d, k);
		if (e != OK)
			return e;
		key = pagerun_key(&d->run, k, &len);
		e = emit_page(d, key, len);
		if (e != OK)
			return e;
		bound_set(&d->low, key, len);
		pagerun_drop(&d->run, k);
		d->carried = true;
	}
	return OK;
}

/* The body of an old page, checked. */
static enum err
old_load(struct diff *d, size_t index, struct buf *out)
{
	const struct zonediff_leaf *old = &d->io->old[index];
	const uint8_t *body;
	struct digest digest;
	size_t len;
	enum err e;

	e = d->io->fetch(d->io->arg, index, &body, &len);
	if (e != OK)
		return e;
	if (len > PAGE_MAX_BYTES)
		return ERR_CORRUPT;
	buf_reset(out);
	e = buf_bytes(out, body, len);
	if (e != OK)
		return e;
	digest_of(out->data, len, &digest);
	if (!digest_equal(&digest, &old->digest) ||
	    page_validate(out->data, len) != OK ||
	    !page_in_range(out->data, old->low, old->low_len, old->high,
	    old->high_len))
		return ERR_CORRUPT;
	return OK;
}

/* Body of the pending page: held, or fetched. */
static enum err
pending_load(struct diff *d)
{
	struct pending *p = &d->pending;
	enum err e;

	if (p->has_body)
		return OK;
	CHECK(p->kept);
	e = old_load(d, p->old_index, &p->page);
	p->has_body = e == OK;
	return e;
}

/* The last range has no name left: the pending page takes it over. */
static enum err
end_empty(struct diff *d)
{
	enum err e;

	if (!d->pending.set) {
		d->out->reason = "no records";
		return ERR_INVALID;
	}
	e = pending_load(d);
	if (e != OK)
		return e;
	d->pending.high.len = 0;
	d->pending.kept = false;
	return OK;
}

/*
 * The last range is small: if the pending page has room, its entries go
 * before those of the run.
 */
static enum err
end_small(struct diff *d)
{
	struct pending *p = &d->pending;
	struct pagerun small = d->run;
	size_t n_old, n_old_bytes;
	enum err e;

	e = pending_load(d);
	if (e != OK)
		return e;
	n_old = page_n_names(p->page.data);
	n_old_bytes = p->page.len - page_front_size((uint32_t)n_old);
	if (pagebuild_size(n_old + pagerun_n(&small), n_old_bytes +
	    small.bytes.len) > PAGE_TARGET_BYTES)
		return OK;
	pagerun_init(&d->run);
	e = pagerun_copy_page(&d->run, p->page.data);
	if (e == OK)
		e = pagerun_join(&d->run, &small);
	pagerun_fini(&small);
	d->low = p->low;
	d->carried = true;
	p->set = false;
	return e;
}

/* The current range is complete: decide what becomes of the run. */
static enum err
range_end(struct diff *d)
{
	const struct zonediff_leaf *old = old_range(d);
	const uint8_t *high = old != NULL ? old->high : NULL;
	size_t high_len = high != NULL ? old->high_len : 0;
	size_t n = pagerun_n(&d->run);
	bool built = false;
	enum err e;

	if (n == 0 && is_last_range(d))
		return end_empty(d);
	if (n == 0) {
		d->carried = true;	/* the next range begins at d->low */
		return OK;
	}
	if (old != NULL && !d->carried) {
		e = run_build(d, n);
		if (e != OK && e != ERR_LIMIT)
			return e;
		built = e == OK;
	}
	/* A page that came out as it was stays, whatever its size. */
	if (!built || !digest_equal(&old->digest, &d->digest)) {
		if (pagerun_size(&d->run) < PAGE_MERGE_BYTES && !is_last_range(d)) {
			d->carried = true;
			return OK;
		}
		if (pagerun_size(&d->run) < PAGE_MERGE_BYTES && d->pending.set) {
			e = end_small(d);
			if (e != OK)
				return e;
		}
		e = run_cut(d, true);
		/* Neither joined nor cut: d->page is that page already. */
		if (e == OK && (!built || pagerun_n(&d->run) != n))
			e = run_build(d, pagerun_n(&d->run));
		if (e != OK)
			return e;
	}
	e = emit_page(d, high, high_len);
	pagerun_reset(&d->run);
	bound_set(&d->low, high, high_len);
	d->carried = false;
	return e;
}

/* ---- names -------------------------------------------------------------- */

/* d->items are what the owner has now; none: the owner is gone. */
static enum err
name_build(struct diff *d, const uint8_t *key, size_t len)
{
	uint16_t type;
	enum err e;

	if (n_items(d) == 0)
		return OK;
	e = pagerun_add(&d->run, key, len, items_of(d), n_items(d), &type);
	buf_reset(&d->items);
	if (e == ERR_LIMIT)
		return fail_at(d, e, key, len, type, type != 0 ?
		    "record set is too large" : "owner has too many records");
	return e == OK ? run_cut(d, false) : e;
}

static enum err
name_copy(struct diff *d, const struct page_name *name)
{
	enum err e = pagerun_copy(&d->run, name);

	return e == OK ? run_cut(d, false) : e;
}

/* The next owner's changes, upon what the owner had (@name NULL: nothing). */
static enum err
name_change(struct diff *d, const struct page_name *name)
{
	const uint8_t *key;
	uint16_t type;
	size_t len;
	enum err e;

	e = input_owner(d, &key, &len);
	if (e != OK)
		return e;
	for (size_t i = 0; name != NULL && i < n_items(d); i++)
		if (rrchange_is_vague(name, &items_of(d)[i]))
			return fail_at(d, ERR_MISMATCH, key, len,
			    items_of(d)[i].type, "record set is irregular");
	e = name != NULL ? rrchange_add_old(name, &d->items) : OK;
	if (e != OK)
		return fail_at(d, e, key, len, 0,
		    "too many changes at one owner");
	e = rrchange_apply(&d->items, &type);
	if (e != OK)
		return fail_at(d, e, key, len, type,
		    "delete of what is not there, or add of what is");
	return name_build(d, key, len);
}

/* ---- ranges ------------------------------------------------------------- */

static enum err
range_full(struct diff *d)
{
	const uint8_t *key;
	size_t len;
	enum err e;

	while (input_in_range(d)) {
		e = input_owner(d, &key, &len);
		if (e == OK)
			e = name_build(d, key, len);
		if (e != OK)
			return e;
	}
	return range_end(d);
}

static int
input_compare(const struct diff *d, const struct page_name *name)
{
	return ownerkey_compare(d->rec.key, d->rec.key_len, name->key,
	    name->key_len);
}

static enum err
range_delta(struct diff *d)
{
	struct page_name name;
	unsigned n;
	enum err e;

	if (!d->carried && !input_in_range(d)) {
		const struct zonediff_leaf *old = old_range(d);

		bound_set(&d->low, old->high, old->high_len);
		return emit_untouched(d);
	}
	e = old_load(d, d->range, &d->old_page);
	if (e != OK)
		return e;
	n = page_n_names(d->old_page.data);
	for (unsigned i = 0; i < n; i++) {
		int order = 1;

		page_name_at(d->old_page.data, i, &name);
		while (input_in_range(d)) {
			order = input_compare(d, &name);
			if (order >= 0)
				break;
			e = name_change(d, NULL);
			if (e != OK)
				return e;
			order = 1;
		}
		e = order == 0 ? name_change(d, &name) : name_copy(d, &name);
		if (e != OK)
			return e;
	}
	while (input_in_range(d)) {
		e = name_change(d, NULL);
		if (e != OK)
			return e;
	}
	return range_end(d);
}

/* Do the old leaves tile the key space?  They come from a database. */
static bool
old_is_tiling(const struct zonediff_io *io)
{
	for (size_t i = 0; i < io->n_old; i++) {
		const struct zonediff_leaf *leaf = &io->old[i];
		const struct zonediff_leaf *next = leaf + 1;
		bool last = i + 1 == io->n_old;

		if (leaf->low == NULL || leaf->low_len < 1 ||
		    leaf->low_len > OWNERKEY_MAX ||
		    last != (leaf->high == NULL))
			return false;
		if (i == 0 && (leaf->low_len != 1 || leaf->low[0] != 0))
			return false;
		if (last)
			break;
		if (leaf->high_len != next->low_len || next->low == NULL ||
		    memcmp(leaf->high, next->low, next->low_len) != 0 ||
		    ownerkey_compare(leaf->low, leaf->low_len, leaf->high,
		    leaf->high_len) >= 0)
			return false;
	}
	return true;
}

static void
diff_init(struct diff *d, const struct zonediff_io *io,
    struct zonediff_result *out)
{
	static const uint8_t first[1] = { OWNERKEY_TREE_NORMAL };

	memset(d, 0, sizeof(*d));
	memset(out, 0, sizeof(*out));
	d->io = io;
	d->out = out;
	buf_init(&d->items, ((size_t)PAGEBUILD_ITEMS_MAX + 1) *
	    sizeof(struct pagebuild_item));
	pagerun_init(&d->run);
	buf_init(&d->page, PAGE_MAX_BYTES);
	buf_init(&d->old_page, PAGE_MAX_BYTES);
	buf_init(&d->pending.page, PAGE_MAX_BYTES);
	bound_set(&d->low, first, sizeof(first));
}

static void
diff_fini(struct diff *d)
{
	buf_fini(&d->items);
	pagerun_fini(&d->run);
	buf_fini(&d->page);
	buf_fini(&d->old_page);
	buf_fini(&d->pending.page);
}

static enum err
diff_run(struct diff *d, enum err (*range)(struct diff *d))
{
	size_t n = MAX(d->io->n_old, (size_t)1);
	enum err e;

	if (!old_is_tiling(d->io))
		return ERR_CORRUPT;
	e = input_advance(d);
	for (d->range = 0; e == OK && d->range < n; d->range++)
		e = range(d);
	return e == OK ? pending_flush(d) : e;
}

enum err
zonediff_full(const struct zonediff_io *io, struct zonediff_result *out)
{
	struct diff d;
	enum err e;

	diff_init(&d, io, out);
	e = diff_run(&d, range_full);
	diff_fini(&d);
	return e;
}

enum err
zonediff_delta(const struct zonediff_io *io, struct zonediff_result *out)
{
	struct diff d;
	enum err e;

	CHECK(io->n_old > 0);
	diff_init(&d, io, out);
	e = diff_run(&d, range_delta);
	diff_fini(&d);
	return e;
}
