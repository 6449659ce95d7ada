/*
 * gate_run.h - the checks of one version before it goes live.
 *
 * Knows:    which facts a policy asks for, finding them with as few walks as
 *           it takes, noting a version that is held.
 * Not here: the checks themselves (gate_*), publishing.
 * Runs in:  a crew thread of the lane CREW_GATE, in slices of GATE_RUN_SLICE_MS
 *           with other zones' slices in between; the struct is lent to it.
 * Bounded:  by the version; libcrypto by gate_keys.
 *
 * A zone without a row in zone_guard and without a ZONEMD record does not come
 * here.  A huge signed zone takes its time in this lane alone: transfers and
 * publications of other zones have threads of their own.
 */
#ifndef XFERD_GATE_RUN_H
#define XFERD_GATE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "xferd/crew.h"
#include "xferd/gate.h"
#include "xferd/gate_walk.h"
#include "xferd/publish.h"

enum { GATE_RUN_SLICE_MS = 200 };

struct gate_dnssec;
struct gate_zonemd;

enum gate_run_step {
	GATE_RUN_APEX,			/* facts of both apexes, names count */
	GATE_RUN_NAMES,			/* which are gone */
	GATE_RUN_ZONEMD,
	GATE_RUN_NSEC3,
	GATE_RUN_SETS,
	GATE_RUN_JUDGE,
	GATE_RUN_DONE,
};

struct gate_run {
	struct crew_job job;		/* run is gate_run_slice */
	void *owner;			/* the maker's */

	/* in */
	struct publish_version *version;	/* borrowed; zone_id is set */
	uint8_t apex[255];		/* lower case */
	uint32_t serial;
	struct gate_policy policy;
	bool accepted;			/* the customer wants this digest */
	struct digest accepted_digest;
	int64_t now_s;

	/* out: after DONE; job.err is OK then */
	struct gate_verdict verdict;
	int64_t ms;
	uint64_t n_names, n_verified;	/* looked at; signatures computed */

	/* its own */
	enum gate_run_step step;
	bool walking;
	struct gate_walk walk, other;
	struct page_name name, other_name;
	bool name_end, other_end;
	struct gate_facts facts;
	struct gate_zonemd *zonemd;
	struct gate_dnssec *dnssec;
	struct publish_row *seen_row;	/* the page that is being looked at */
	bool seen_good;
	int64_t seen_until_s;
};

/**
 * gate_run_slice() - the job's run(): some of the work
 *
 * After OK without DONE the maker submits it again.  Other errors end it.
 */
enum err gate_run_slice(struct crew_job *job, struct db *db);

void gate_run_fini(struct gate_run *g);

#endif
