/*
 * rrchange.h - deletes and adds of an IXFR upon the records of one owner.
 *
 * Knows:    what "the same record" is (canonical form), and that a delete
 *           must meet a record and an add must not.   RFC 1995 4
 * Not here: pages as a whole, other owners (zonediff).
 * Runs in:  keep's ingest threads; pure.
 */
#ifndef COMMON_DNS_RRCHANGE_H
#define COMMON_DNS_RRCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/dns/pagebuild.h"

/* item.seq: 0 is a record that was there; a change has its place in time. */
static inline uint32_t
rrchange_seq(size_t index, bool is_delete)
{
	return ((uint32_t)index + 1) << 1 | (is_delete ? 1 : 0);
}

/**
 * rrchange_is_vague() - would this change touch a set whose own TTLs or
 * spellings are not known any more (PAGE_SET_IRREGULAR)?
 */
bool rrchange_is_vague(const struct page_name *name,
    const struct pagebuild_item *change);

/**
 * rrchange_add_old() - append the records of a name of a valid page
 * @items: struct pagebuild_item; what is appended points into the page
 *
 * Returns OK; ERR_LIMIT past PAGEBUILD_ITEMS_MAX; ERR_NO_MEMORY.
 */
MUST_USE enum err rrchange_add_old(const struct page_name *name,
    struct buf *items);

/**
 * rrchange_apply() - what is left of old records after the changes
 * @items:    old records (seq 0) and changes in any order; what remains takes
 *            their place
 * @out_type: set on ERR_MISMATCH: type of the record that did not fit
 *
 * Changes of each record are judged in the order of time: the TTL and
 * spelling of the last add count.
 *
 * Returns OK or ERR_MISMATCH.  Cost: O(n log n).
 */
MUST_USE enum err rrchange_apply(struct buf *items, uint16_t *out_type);

#endif
