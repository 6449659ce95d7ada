/*
 * ingest.h - a spooled transfer into a version ready to be published.
 *
 * Knows:    frames to records (each validated again here), sorting, the pages
 *           and nodes that change against the stored version, zonecheck.
 * Not here: publishing, what follows from a failure (zone).
 * Runs in:  a crew thread of the lane CREW_BUILD; the struct is lent to it.
 * Bounded:  by the spool, limits.records, and the pages that change.
 */
#ifndef XFERD_INGEST_H
#define XFERD_INGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/digest.h"
#include "xferd/crew.h"
#include "xferd/outline.h"
#include "xferd/publish.h"
#include "xferd/spool.h"
#include "xferd/zone.h"
#include "xferd/zonecheck.h"

enum ingest_verdict {
	INGEST_READY,			/* version is set */
	INGEST_SAME,			/* no page differs and the SOA is equal */
	INGEST_REJECTED,		/* content; check.reason, check.text */
	INGEST_MISMATCH,		/* differences do not fit: AXFR */
	INGEST_CONFLICT,		/* the stored version is not the base */
	INGEST_TROUBLE,			/* ours; job.err */
};

struct ingest {
	struct crew_job job;		/* run is ingest_run */

	void *owner;			/* the maker's */

	/* in */
	struct spool *spool;		/* read */
	bool ixfr;			/* the style of the answer */
	uint8_t apex[255];
	uint8_t apex_len;
	uint8_t zone_id[16];
	int64_t generation;		/* stored; 0: never loaded */
	struct digest root;		/* stored; of that generation */
	struct outlines *outlines;	/* or NULL */
	uint32_t serial;		/* of the SOA that the answer began with */
	struct zonecheck_limits limits;

	/* out */
	enum ingest_verdict verdict;
	struct publish_version *version;	/* given; ids are the caller's */
	struct zone_soa soa;
	struct zonecheck check;
	uint64_t n_records;		/* received */
	bool sorted;			/* they came in canonical order */
	int64_t ms;
};

enum err ingest_run(struct crew_job *job, struct db *db);

#endif
