/*
 * exams.h - checks that apid asked for: questions asked, facts gathered,
 *           steps written as they become known.
 *
 * Knows:    the jobs "check" and "preflight", table diagnosis, whom to ask
 *           when (exam_ask, exam_compare, exam_walk).
 * Not here: what facts mean (diagnosis.h), sockets (lookups, fetches).
 * Runs in:  keep's loop thread; statements in the crew.
 * Bounded:  EXAMS_MAX at a time, EXAM_MS each; EXAMS_KNOWN_MAX with those that
 *           wait for a place.
 */
#ifndef XFERD_EXAMS_H
#define XFERD_EXAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum {
	EXAMS_MAX = 64,
	EXAMS_KNOWN_MAX = 2048,
	EXAM_MS = 75000,		/* then what is missing stays unknown */
};

struct keep;
struct exams;

MUST_USE enum err exams_new(struct keep *keep, struct exams **out);

/** exams_add() - a job that was claimed; false: no room
 *  @diagnosis: 16 bytes; copied */
bool exams_add(struct exams *all, int64_t job_id, const uint8_t *diagnosis);

/** exams_stop() - end those under way with what they know */
void exams_stop(struct exams *all);
bool exams_idle(const struct exams *all);

#endif
