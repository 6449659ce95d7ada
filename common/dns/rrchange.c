/*
 * rrchange.c - deletes and adds of an IXFR upon the records of one owner.
 *
 * Everything is sorted by record and time, so that the life of each record is
 * one run: the cost does not depend on how a hostile primary interleaves them.
 */
#include <stdlib.h>

#include "common/dns/rr.h"
#include "common/dns/rrchange.h"

bool
rrchange_is_vague(const struct page_name *name,
    const struct pagebuild_item *change)
{
	uint16_t type = change->type == RRTYPE_RRSIG ?
	    rr_rrsig_covered(change->rdata, change->rdlen) : change->type;
	struct page_set set;

	/* RRSIGs over nothing may move when anything changes. */
	return (page_set_find(name, type, &set) && set.flags != 0) ||
	    (page_set_find(name, RRTYPE_RRSIG, &set) && set.flags != 0);
}

static enum err
add_records(struct buf *items, const uint8_t *at, const uint8_t *end,
    bool irregular)
{
	struct pagebuild_item item = { .irregular = irregular };
	struct page_rr rr;
	enum err e = OK;

	while (at < end && e == OK) {
		if (items->len >= PAGEBUILD_ITEMS_MAX * sizeof(item))
			return ERR_LIMIT;
		at += page_rr_read(at, &rr);
		item.rdata = rr.rdata;
		item.rdlen = rr.rdlen;
		item.type = rr.type;
		item.ttl = rr.ttl;
		e = buf_bytes(items, &item, sizeof(item));
	}
	return e;
}

enum err
rrchange_add_old(const struct page_name *name, struct buf *items)
{
	struct page_set set;
	enum err e = OK;

	for (unsigned i = 0; i < name->n_sets && e == OK; i++) {
		page_set_at(name, i, &set);
		e = add_records(items, set.rr, set.sig,
		    (set.flags & PAGE_SET_IRREGULAR) != 0);
		if (e == OK)
			e = add_records(items, set.sig, set.sig + set.sig_len,
			    (set.flags & PAGE_SET_SIG_IRREGULAR) != 0);
	}
	return e;
}

/* By type and canonical form. */
static int
record_compare(const struct pagebuild_item *a, const struct pagebuild_item *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return rr_canonical_compare(a->type, a->rdata, a->rdlen, b->rdata,
	    b->rdlen);
}

/* By record, then in time. */
static int
change_compare(const void *va, const void *vb)
{
	const struct pagebuild_item *a = va, *b = vb;
	int d = record_compare(a, b);

	return d != 0 ? d : (a->seq > b->seq) - (a->seq < b->seq);
}

/*
 * The life of one record: the old one, if any, and its changes in time.  The
 * item that is left comes back through *@out_last, or NULL.
 */
static bool
life_fits(const struct pagebuild_item *items, size_t n,
    const struct pagebuild_item **out_last)
{
	bool there = items[0].seq == 0;

	*out_last = there ? items : NULL;
	for (size_t i = there ? 1 : 0; i < n; i++) {
		bool is_delete = (items[i].seq & 1) != 0;

		if (is_delete != there)
			return false;
		there = !there;
		*out_last = there ? &items[i] : NULL;
	}
	return true;
}

enum err
rrchange_apply(struct buf *buf, uint16_t *out_type)
{
	struct pagebuild_item *items = (void *)buf->data;
	size_t n = buf->len / sizeof(*items), n_kept = 0;

	if (n > 0)
		qsort(items, n, sizeof(*items), change_compare);
	for (size_t i = 0, end; i < n; i = end) {
		const struct pagebuild_item *last;

		end = i + 1;
		while (end < n && record_compare(&items[i], &items[end]) == 0)
			end++;
		if (!life_fits(items + i, end - i, &last)) {
			*out_type = items[i].type;
			return ERR_MISMATCH;
		}
		if (last != NULL)
			items[n_kept++] = *last;
	}
	buf_truncate(buf, n_kept * sizeof(*items));
	return OK;
}
