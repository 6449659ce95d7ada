/*
 * ledger.h - what rounds leave behind, written in batches.
 *
 * Knows:    due times, attempts, EXPIRE renewals, answers to jobs: one
 *           transaction for all that came together.
 * Not here: deciding any of it.
 * Runs in:  filled by the loop thread, written by the crew.
 * Bounded:  by the rounds that wait for their end to be written, and
 *           LEDGER_ATTEMPTS_MAX attempts (then new ones are dropped).
 *
 * While the database is away the ledger keeps trying.
 */
#ifndef XFERD_LEDGER_H
#define XFERD_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "xferd/attempt.h"
#include "xferd/crew.h"
#include "xferd/lease.h"

enum {
	LEDGER_ATTEMPTS_MAX = 20000,
	LEDGER_EVENTS_MAX = 20000,
};

struct ledger;

/* The end of a round. */
struct ledger_end {
	uint8_t zone_id[16];
	int64_t due_in_ms;
	int priority;			/* 0 to 3 */
	uint32_t failures;
	int64_t primary_serial;		/* -1: not seen */
	bool contact;			/* expires_in_ms counts */
	int64_t expires_in_ms;
	bool renew;			/* tell the edges by refresh_batch */
	bool learnt;			/* back is what is so now */
	const char *back;		/* static; NULL: no serial went back */
	uint32_t back_serial;
	uint8_t noted;			/* zone_noted */
	bool good, compared, differs;
	uint8_t differs_id[16];		/* with compared and differs: who */
	char *seen;			/* JSON, taken; NULL: nobody was asked */
	char *error;			/* taken; NULL: none */
	int64_t job_ids[LEASE_JOBS_MAX];
	unsigned n_jobs;
	bool jobs_ok;
	const char *outcome;		/* static */
	/* Called in the loop when it is written, or given up at the end. */
	void (*written)(void *arg);
	void *arg;
};

MUST_USE enum err ledger_new(uv_loop_t *loop, struct crew *crew,
    const uint8_t owner[16], unsigned keep_attempts, struct ledger **out);

void ledger_attempt(struct ledger *ledger, const struct attempt *a);

/** ledger_event() - what the owner would want to be told; also logged
 *  @kind: static, of zone_event_kind_ck */
void ledger_event(struct ledger *ledger, const uint8_t zone_id[16],
    const uint8_t tenant_id[16], const char *zone, const char *kind,
    const char *fmt, ...) __attribute__((format(printf, 6, 7)));

void ledger_finish(struct ledger *ledger, const struct ledger_end *end);

/** ledger_flush() - now instead of soon; at the end of the process */
void ledger_flush(struct ledger *ledger);
bool ledger_idle(const struct ledger *ledger);

#endif
