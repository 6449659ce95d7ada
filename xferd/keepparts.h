/*
 * keepparts.h - what the rooms of keep's loop thread share.
 *
 * Knows:    the parts, put together once by keep_run().
 * Runs in:  the loop thread; crew jobs see only what they are handed.
 */
#ifndef XFERD_KEEPPARTS_H
#define XFERD_KEEPPARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "xferd/egress.h"
#include "xferd/zone.h"
#include "xferd/zonecheck.h"

struct conf;

struct keep {
	uv_loop_t *loop;
	const struct conf *conf;
	uint8_t owner[16];		/* of leases: this instance */
	struct zone_limits limits;
	struct zonecheck_limits content;
	struct egress_rules egress;
	struct egress_rules egress_walk;	/* our own name servers too */
	struct egress_rules egress_operator;	/* what the configuration names */
	char sources[256];		/* our addresses, for people */

	struct crew *crew;
	struct keyring *keys;
	struct tally *tally;
	struct ledger *ledger;
	struct publish *publish;
	struct outlines *outlines;
	struct children *children;
	struct probes *probes;
	struct lookups *lookups;
	struct surveys *surveys;
	struct proofs *proofs;		/* NULL: ownership is not proved */
	struct fetches *fetches;
	struct sched *sched;
	struct job *jobs;
	struct exams *exams;
	struct notice *notice;
	struct post *post;
	struct tidy *tidy;

	struct round *rounds;		/* all that run */
	unsigned n_rounds;
	unsigned n_large;		/* large transfers made into pages */
	struct round *large, **large_tail;	/* those that wait for it */
	void (*round_ended)(struct keep *keep);	/* upward: to sched */
	bool draining;
};

#endif
