/*
 * zonecheck.h - may this content be served?
 *
 * Knows:    what a zone must have and must not have beyond what the record
 *           validator and the page builder make sure of.
 *           RFC 1034 3.6.2, RFC 2181 10.1, RFC 6672 2.4, RFC 9276
 * Not here: signatures; glue (missing glue is the customer's affair).  Pure.
 * Runs in:  ingest threads, over the pages of a new version that are new.
 * Bounded:  by the pages.
 *
 * Pages that are kept from the version before passed when they were new, so
 * the work is that of the change.  The one cross-page rule, the apex, lies in
 * the first page.
 */
#ifndef XFERD_ZONECHECK_H
#define XFERD_ZONECHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum { ZONECHECK_TEXT_MAX = 600 };

struct zonecheck_limits {
	uint32_t rrset_records_max;
	uint32_t nsec3_iterations_max;
	uint64_t records_max;
};

struct zonecheck {
	struct zonecheck_limits limits;
	const uint8_t *apex;		/* wire form; borrowed */
	bool saw_apex;			/* its page was new */
	uint32_t serial;		/* with saw_apex */
	uint16_t soa_len;
	uint8_t soa[530];		/* rdata */
	bool has_zonemd;		/* with saw_apex */
	int64_t now_s;			/* set it after zonecheck_begin() */
	/* When the first set of the page looked at last has no signature left
	 * that is in time; 0: none is signed. */
	int64_t signed_until_s;
	const char *reason;		/* static word; NULL while all is well */
	char text[ZONECHECK_TEXT_MAX];	/* for a person */
};

void zonecheck_begin(struct zonecheck *z,
    const struct zonecheck_limits *limits, const uint8_t *apex);

/**
 * zonecheck_page() - one new page
 * @page: passed page_validate(), or was just built
 *
 * Returns OK or ERR_INVALID with z->reason and z->text.
 */
MUST_USE enum err zonecheck_page(struct zonecheck *z, const uint8_t *page);

/**
 * zonecheck_end() - after the last page
 * @n_records:  of the whole version
 * @apex_kept:  the first page is that of the version before
 */
MUST_USE enum err zonecheck_end(struct zonecheck *z, uint64_t n_records,
    bool apex_kept);

#endif
