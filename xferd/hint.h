/*
 * hint.h - LISTEN understudy_job in a thread of its own.
 *
 * Knows:    one connection that waits; telling the loop that something came.
 * Not here: what came: hints are lost with the connection, a poll stands
 *           behind them.
 * Runs in:  its thread; fn() in the loop's.
 */
#ifndef XFERD_HINT_H
#define XFERD_HINT_H

#include <uv.h>

#include "common/base/base.h"
#include "common/base/err.h"

struct db_conf;
struct hint;

typedef void (*hint_fn)(void *arg);

/** hint_new() - @conf is borrowed until hint_stop() */
MUST_USE enum err hint_new(uv_loop_t *loop, const struct db_conf *conf,
    hint_fn fn, void *arg, struct hint **out);
void hint_stop(struct hint *h);		/* joins; at most some seconds */

#endif
