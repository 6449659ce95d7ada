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
#include "common/dns/ownerkey.h"
#include "common/dns/page.h"

enum {
	ANSWER_LOCKSTEP = 32,
	ANSWER_CHAIN_MAX = 16,		/* CNAME and DNAME steps */
	ANSWER_ADDITIONAL_MAX = 13,	/* names looked up for additional */
	ANSWER_UDP_MIN = 512,
	ANSWER_TCP_MAX = 65535,
	ANSWER_NSID_MAX = 128,
};

enum answer_transport { ANSWER_UDP, ANSWER_TCP, ANSWER_TLS };

/* What a finished job wants done. */
enum answer_verdict {
	ANSWER_SEND,			/* out[0..out_len) */
	ANSWER_DROP,			/* say nothing */
	ANSWER_NOTIFY,			/* hand the request to the relay */
};

/* What does not change from query to query; built once a worker. */
struct answer_ctx {
	const uint8_t *arena;		/* base of the cache mapping */
	size_t arena_size;
	uint16_t udp_max;		/* default 1232 */
	uint8_t nsid_len;
	uint8_t nsid[ANSWER_NSID_MAX];
	struct nsec3hash *nsec3hash;	/* NULL: no NSEC3 proofs; scratch */
};

/* The facts of one request that are not in its bytes. */
struct answer_facts {
	const uint8_t *request;		/* borrowed until answer_finish() */
	size_t request_len;
	uint8_t *out;			/* room for the answer */
	size_t out_max;			/* UDP: at least udp_max, TCP: 65535 */
	enum answer_transport transport;
	uint16_t source_port;		/* 0: never answered */
	uint8_t stripe;			/* of the local address, 0..63 */
	int64_t now_boot_ms;		/* CLOCK_BOOTTIME, for EXPIRE */
};

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
	uint16_t qtype;
	uint32_t zone_stats;		/* cache_slot.stats, 0: no zone */
};
void answer_summarise(const struct answer_job *job,
    struct answer_summary *out);

/* The job's inside; sized here so that the caller can own it. */
#include "dnsd/answer_job.h"

#endif
