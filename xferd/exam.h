/*
 * exam.h - the inside of one check under way.
 *
 * Included by exam.c, exams.c and exam_*.c alone.
 */
#ifndef XFERD_EXAM_H
#define XFERD_EXAM_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/offer.h"
#include "common/dns/digest.h"
#include "common/dns/dname.h"
#include "xferd/attempt.h"
#include "xferd/crew.h"
#include "xferd/diagnosis_facts.h"
#include "xferd/fetches.h"
#include "xferd/ingest.h"
#include "xferd/keepparts.h"
#include "xferd/lease.h"
#include "xferd/lookups.h"
#include "xferd/tally.h"
#include "xferd/walk.h"

enum {
	EXAM_ASKS_MAX = 4 * DIAGNOSIS_PRIMARIES_MAX + 8,
	EXAM_STRINGS_MAX = 512,
	EXAM_COMPARE_S = 600,		/* between two comparisons of a zone */
	EXAM_KEYS_MAX = 16,		/* DNSKEYs that are looked at */
	EXAM_KEY_BYTES_MAX = 2048,
};

struct exam;

/* A question on its way. */
struct exam_ask {
	struct exam *x;
	unsigned primary;
	struct diagnosis_ask *into;	/* NULL: see take */
	void (*take)(struct exam *x, const struct lookups_answer *a);
	struct lookups_query *query;	/* NULL: not under way */
	struct fetches_req *fetch;
};

struct exam_compare {
	bool wanted, asked, failed;
	unsigned primary;
	struct crew_job claim;		/* "may it be done now?" */
	bool claimed, claiming;
	struct fetches_req *fetch;
	struct spool *spool;
	struct ingest *ingest;		/* in a crew thread */
	struct attempt attempt;		/* for the flight recorder */
};

struct survey;

struct exam {
	struct exam *next;
	struct exams *all;
	struct keep *keep;
	int64_t job_id;
	uint8_t id[16], tenant_id[16], zone_id[16];
	bool has_zone, submitted, loaded, ending, saving, dirty;
	bool aborted;			/* xferd stops */
	int64_t deadline_ms, saved_ms;
	uv_timer_t tick;
	struct crew_job load, save;
	char *document;			/* being saved */
	const char *state;		/* static: with it */
	char why[200];			/* of a failure to load */

	uint8_t apex[DNAME_MAX];
	uint8_t apex_len;
	uint64_t stripes;		/* that serve it */
	const char *hosts;		/* of the claim; NULL: by stripes */
	int64_t day_bytes;		/* of transfers, without a limit of the
					   tenant's own */
	int64_t generation;
	struct digest root;
	unsigned n_primaries;
	struct lease_primary *primaries;
	uint32_t key[DIAGNOSIS_PRIMARIES_MAX];
	struct tally_entry *tenant, *at[DIAGNOSIS_PRIMARIES_MAX];
	bool begun[DIAGNOSIS_PRIMARIES_MAX];	/* may be asked, and is */
	bool transfer[DIAGNOSIS_PRIMARIES_MAX];	/* that was decided on */
	unsigned n_begun;

	struct diagnosis_facts f;
	struct offer offer;
	char *string[EXAM_STRINGS_MAX];
	unsigned n_strings;
	bool known[DIAGNOSIS_IDS];

	struct exam_ask ask[EXAM_ASKS_MAX];
	unsigned n_asks;
	unsigned open;			/* asks under way */
	bool second;			/* the apex is asked for */
	bool ns_done, keys_done;
	unsigned n_keys;
	struct { uint16_t len; uint8_t rdata[EXAM_KEY_BYTES_MAX]; }
	    key_seen[EXAM_KEYS_MAX];

	struct exam_compare compare;
	struct survey *survey;
	bool walk_done;
	unsigned n_ds;
	struct { uint8_t len; uint8_t rdata[WALK_DS_BYTES_MAX]; }
	    ds[WALK_DS_MAX];
};

/* A copy that lives as long as the exam; "" when there is no room. */
const char *exam_string(struct exam *x, const char *text);
/* A name in wire form, as text without the final dot. */
const char *exam_name(struct exam *x, const uint8_t *wire);

/* A step's facts are complete, or better than before. */
void exam_know(struct exam *x, enum diagnosis_id id);

/* exam_ask: the primaries */
void exam_ask_primary(struct exam *x, unsigned i);
void exam_ask_look(struct exam *x);	/* after each answer */
void exam_ask_cancel(struct exam *x);

/* exam_compare: the whole zone */
void exam_compare_begin(struct exam *x, unsigned primary);
void exam_compare_cancel(struct exam *x);
bool exam_compare_busy(const struct exam *x);	/* in a crew thread */

/* exam_walk: the parent, and the servers that it lists */
void exam_walk_begin(struct exam *x);
void exam_walk_cancel(struct exam *x);
void exam_walk_dnssec(struct exam *x);	/* DS and DNSKEY are there */

#endif
