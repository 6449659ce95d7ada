/*
 * job.h - what apid asks for by rows in `job`.
 *
 * Knows:    refresh and retransfer: the zone becomes due now, and the round
 *           that follows answers the job.  check and preflight go to exams,
 *           which answers them.  The other kinds are answered
 *           "failed: not supported yet".
 * Runs in:  keep's loop thread; statements in the crew.
 * Bounded:  JOB_BATCH jobs at a time.
 */
#ifndef XFERD_JOB_H
#define XFERD_JOB_H

#include "common/base/base.h"
#include "common/base/err.h"

struct keep;
struct job;

enum { JOB_BATCH = 500 };

MUST_USE enum err job_new(struct keep *keep, struct job **out);

/** job_poke() - there may be jobs (a hint came, or the poll) */
void job_poke(struct job *j);
void job_stop(struct job *j);

#endif
