/*
 * answer.h - from the bytes of a query to the bytes of its answer.
 *
 * Knows:    RFC 1034 4.3.2 over the shared cache, EDNS, DNSSEC proofs.
 * Not here: sockets, clocks, allocation, logs, counters of the process.
 * Runs in:  UDP workers (32 jobs in lockstep), TCP, tests, fuzzers.  Pure.
 * Bounded:  ANSWER_STEPS_MAX steps a job; see the enum.
 *
 *   answer_begin(job, ctx, request ...);
 *   while (answer_step(job))
 *           ;                       (other jobs' steps in between)
 *   answer_finish(job)
 *
 * Each step ends with a prefetch of what the next one will read, so that the
 * cache misses of different jobs overlap.  answer() does it for one job.
 */
#ifndef DNSD_ANSWER_H
#define DNSD_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "dnsd/answer_job.h"		/* the types; the caller owns a job */

struct answer_job;			/* caller-owned; fields are answer's */

void answer_begin(struct answer_job *job, const struct answer_ctx *ctx,
    const struct answer_facts *facts);

/** One step; returns false when there is nothing left but answer_finish(). */
bool answer_step(struct answer_job *job);

/**
 * answer_finish() - write the answer
 * @out_len: bytes in facts.out, set for ANSWER_SEND
 */
enum answer_verdict answer_finish(struct answer_job *job, size_t *out_len);

/** All of it for one request. */
enum answer_verdict answer(struct answer_job *job,
    const struct answer_ctx *ctx, const struct answer_facts *facts,
    size_t *out_len);

/* For counters, valid after answer_finish(). */
struct answer_summary {
	uint8_t rcode;
	bool tc;
	bool have_edns;
	uint8_t cookie;			/* enum cookie_verdict */
	uint16_t qtype;
	bool have_zone;			/* it was answered from one */
	uint32_t zone_stats;		/* cache_slot.stats */
};
void answer_summarise(const struct answer_job *job,
    struct answer_summary *out);

/* What makes two answers alike to those who limit them.  As enum rrl_kind. */
enum answer_kind {
	ANSWER_KIND_DATA, ANSWER_KIND_NODATA, ANSWER_KIND_NXDOMAIN,
	ANSWER_KIND_REFERRAL, ANSWER_KIND_ERROR,
};

struct answer_likeness {
	enum answer_kind kind;
	bool cookie_good;
	uint64_t zone;			/* part of its id; 0: none */
	int64_t now_boot_ms;
};

/** answer_liken() - valid after answer_finish() */
void answer_liken(const struct answer_job *job, struct answer_likeness *out);

/**
 * answer_slip() - put the shortest answer in place of the finished one: TC,
 *                 the question, an OPT with nothing but a cookie
 *
 * Returns its length.
 */
size_t answer_slip(struct answer_job *job);

#endif
