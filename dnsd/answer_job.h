/*
 * answer_job.h - the inside of struct answer_job.
 *
 * Only the rooms query, edns, answer, denial and emit look into it; it is a
 * header of its own so that callers can own the storage.
 */
#ifndef DNSD_ANSWER_JOB_H
#define DNSD_ANSWER_JOB_H

struct answer_job {
	const struct answer_ctx *ctx;
	struct answer_facts facts;
	/* helper rooms add their state here */
};

#endif
