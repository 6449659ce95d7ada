/*
 * survey.h - walks (walk.h) carried out over lookups: what does the parent of
 * a name say, and the servers that it lists?
 *
 * Knows:    the roots or the resolver of the configuration, one cache of the
 *           way down, which question goes to whom.
 * Not here: what follows from the result.
 * Runs in:  keep's loop thread.
 * Bounded:  SURVEYS_MAX at a time (about 150 KiB each); the questions by walk
 *           and lookups.
 */
#ifndef XFERD_SURVEY_H
#define XFERD_SURVEY_H

#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "xferd/lookups.h"
#include "xferd/walk.h"

enum { SURVEYS_MAX = 256 };

struct surveys;
struct survey;
struct conf;

/* The result is borrowed for the call. */
typedef void (*survey_fn)(void *arg, const struct walk_result *result);
/* Is this server one of ours? */
typedef bool (*survey_ours_fn)(void *arg, const struct walk_host *host);

/** surveys_new() - ERR_CONFIG: an address of the configuration is wrong (logged) */
MUST_USE enum err surveys_new(uv_loop_t *loop, const struct conf *conf,
    struct lookups *lookups, struct surveys **out);

/**
 * survey_begin() - fn is called once, from a later turn of the loop
 * @tenant: for whom; zeros: nobody
 * @name:   wire form, not the root; copied
 * @want:   of enum walk_want
 *
 * Returns OK; ERR_LIMIT: SURVEYS_MAX are under way; ERR_NO_MEMORY.
 */
MUST_USE enum err survey_begin(struct surveys *all, const uint8_t tenant[16],
    const uint8_t *name, unsigned want, survey_ours_fn ours, survey_fn fn,
    void *arg, struct survey **out);

/** survey_cancel() - fn is not called; NULL is fine */
void survey_cancel(struct survey *s);

/** surveys_room() - how many more may begin */
unsigned surveys_room(const struct surveys *all);

#endif
