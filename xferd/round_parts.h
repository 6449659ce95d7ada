/*
 * round_parts.h - the inside of struct round.
 *
 * Included by round.c, round_*.c and logbook.c alone.  One thing is under way
 * at a time: a probe, a transfer, an ingest, a publication, or the end being
 * written.
 */
#ifndef XFERD_ROUND_PARTS_H
#define XFERD_ROUND_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/dns/dname.h"
#include "xferd/attempt.h"
#include "xferd/fetches.h"
#include "xferd/ingest.h"
#include "xferd/keepparts.h"
#include "xferd/lease.h"
#include "xferd/probes.h"
#include "xferd/publish.h"
#include "xferd/spool.h"
#include "xferd/tally.h"
#include "xferd/zone.h"

struct gate_run;
struct round_repin;

struct round {
	struct round *next;
	struct keep *keep;
	struct lease_zone *lz;
	struct zone zone;
	struct tally_entry *tenant;
	struct tally_entry *at[ZONE_PRIMARIES_MAX];
	struct tally_entry *memory[ZONE_PRIMARIES_MAX];
	unsigned p;			/* the primary being asked */

	struct probes_query *probe;
	struct fetches_req *fetch;
	struct spool *spool;
	struct ingest *ingest;
	struct gate_run *gate;
	void (*gate_pass)(struct round *r);
	struct round_repin *repin;
	struct publish_version *version;
	bool ending;
	bool aborted;

	struct attempt attempt;		/* of what is under way */
	char key_name[DNAME_TEXT_MAX];
	int64_t started_ms;
	int64_t primary_serial;
	struct zone_event received;	/* what came, while it is published */
	bool ixfr_style;
	bool large;			/* counted in keep's n_large */
	struct round *next_large;	/* while it waits */
	bool comparing;			/* not to be published */
	bool not_aa;			/* of what was received: T-095 */
	uint32_t out_of_zone;		/* records skipped: T-092 */
	char error[ATTEMPT_MESSAGE_MAX + 1];
	struct {
		bool asked;
		int64_t serial;		/* -1: it showed none */
		const char *problem;	/* static; NULL: none */
	} shown[ZONE_PRIMARIES_MAX];

	/* What the parts call, round's: something happened; an aborted round's
	 * last work has ended. */
	void (*step)(struct round *r, const struct zone_event *ev);
	void (*gone)(struct round *r);
};

/* An event without facts. */
static inline void
round_parts_step(struct round *r, enum zone_event_kind kind)
{
	struct zone_event ev = { .kind = kind };

	r->step(r, &ev);
}

#endif
