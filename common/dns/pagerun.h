/*
 * pagerun.h - finished name entries in key order, waiting to become pages.
 *
 * Knows:    how many names go into the next page.
 * Not here: ranges, old versions (zonediff); the bytes of a page (pagebuild).
 * Runs in:  keep's ingest threads.
 * Bounded:  PAGERUN_MAX_BYTES; callers cut pages off as it grows.
 */
#ifndef COMMON_DNS_PAGERUN_H
#define COMMON_DNS_PAGERUN_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/dns/pagebuild.h"

enum {
	/* Above this a run is cut although more names may come. */
	PAGERUN_CUT_BYTES = PAGE_TARGET_BYTES + PAGE_FILL_BYTES,
	PAGERUN_MAX_BYTES = PAGERUN_CUT_BYTES + 2 * PAGE_NAME_MAX_BYTES,
	PAGERUN_MAX_NAMES = 2 * PAGE_NAMES_MAX,
};

struct pagerun {
	struct buf bytes;		/* entries, one behind the other */
	struct buf entries;		/* struct pagebuild_entry */
};

void pagerun_init(struct pagerun *run);
void pagerun_fini(struct pagerun *run);

/** pagerun_reset() - no names; memory is kept */
void pagerun_reset(struct pagerun *run);

/** pagerun_n() - names in the run */
static inline size_t
pagerun_n(const struct pagerun *run)
{
	return run->entries.len / sizeof(struct pagebuild_entry);
}

/** pagerun_size() - bytes of the page that all of it would make */
static inline size_t
pagerun_size(const struct pagerun *run)
{
	return pagebuild_size(pagerun_n(run), run->bytes.len);
}

/**
 * pagerun_add() - one more name, made from its records
 *
 * Arguments and results as those of pagebuild_name().
 */
MUST_USE enum err pagerun_add(struct pagerun *run, const uint8_t *key,
    size_t key_len, struct pagebuild_item *items, size_t n_items,
    uint16_t *out_type);

/** pagerun_copy() - one more name, as it stands in a valid page */
MUST_USE enum err pagerun_copy(struct pagerun *run,
    const struct page_name *name);

/** pagerun_copy_page() - all names of a valid page */
MUST_USE enum err pagerun_copy_page(struct pagerun *run, const uint8_t *page);

/** pagerun_join() - all names of another run, which must sort behind */
MUST_USE enum err pagerun_join(struct pagerun *run,
    const struct pagerun *behind);

/** pagerun_key() - key of a name of the run; until the run changes */
const uint8_t *pagerun_key(const struct pagerun *run, size_t index,
    size_t *out_len);

/**
 * pagerun_choose() - how many names the next page of a run of more than one
 * name should get
 *
 * Half of the bytes, or PAGE_FILL_BYTES of a long run; never more than
 * PAGE_TARGET_BYTES unless it is one name; at least one name stays behind.
 */
size_t pagerun_choose(const struct pagerun *run);

/** pagerun_build() - the first @n names as a page; see pagebuild_page() */
MUST_USE enum err pagerun_build(const struct pagerun *run, size_t n,
    struct buf *out_page);

/** pagerun_drop() - the first @n names leave the run */
void pagerun_drop(struct pagerun *run, size_t n);

#endif
