/*
 * content.h - read a published version record by record, as text.
 *
 * Knows:    pages from the database, their order, presentation form.
 * Not here: routes, paging of answers.
 * Runs in:  handler threads, inside a tenant's transaction.
 * Bounded:  CONTENT_PAGES_MAX pages a call.
 *
 * Pages are validated before they are read: a damaged one is ERR_CORRUPT.
 * A reader that comes back in a later transaction names the generation it
 * began with; when its pages are gone by then, it gets ERR_STALE.
 */
#ifndef API_CONTENT_H
#define API_CONTENT_H

#include "api/lookup.h"
#include "api/req.h"
#include "common/db/db.h"
#include "common/dns/ownerkey.h"

enum { CONTENT_PAGES_MAX = 16 };

struct content {
	uint8_t zone_id[16];
	struct lookup_name apex;
	int64_t generation;		/* 0: nothing was loaded yet */
	uint32_t serial;
};

/* One record.  Borrowed for the call. */
struct content_record {
	const uint8_t *key;		/* owner, as in ownerkey.h */
	size_t key_len;
	uint16_t type, class;
	uint32_t ttl;
	const uint8_t *rdata;
	uint16_t rdata_len;
};

/* Returns OK to go on, ERR_AGAIN to stop here, or a failure. */
typedef enum err content_fn(void *arg, const struct content_record *rec);

/** content_open() - what is published of a zone now */
MUST_USE enum err content_open(struct db *db, struct req *r,
    const struct lookup_zone *z, struct content *out_content);

/**
 * content_read() - call @fn for the records of some pages
 * @from:     owner key to begin at (pages that end above it), length may be 0
 * @n_pages:  1 to CONTENT_PAGES_MAX
 * @out_next: where the next call begins
 * @out_end:  true: that was the last page
 *
 * Returns OK; ERR_AGAIN when @fn said so; ERR_STALE; ERR_CORRUPT; database.
 */
MUST_USE enum err content_read(struct db *db, struct req *r,
    const struct content *c, const uint8_t *from, size_t from_len,
    int n_pages, content_fn *fn, void *arg, struct ownerkey *out_next,
    bool *out_end);

/** content_owner() - the owner's wire name; returns its length */
size_t content_owner(const struct content *c,
    const struct content_record *rec, uint8_t out[DNAME_MAX]);

#endif
