/*
 * waiter.h - requests that wait for an edge to report.
 *
 * Knows:    LISTEN understudy_edge, deadlines.
 * Not here: what is waited for: a parked request is simply run again.
 * Runs in:  one thread with one connection, however many wait.
 * Bounded:  n_max requests, n_tenant_max of one tenant; at most one round in
 *           WAITER_ROUND_MS.
 *
 * The notification is a hint; once a second everybody looks anyway.
 */
#ifndef API_WAITER_H
#define API_WAITER_H

#include "api/req.h"
#include "common/db/db.h"

enum { WAITER_ROUND_MS = 100, WAITER_POLL_MS = 1000 };

struct waiter;

/* Run a request again; false when there is no room, then it stays parked. */
typedef bool waiter_wake_fn(struct app *app, struct req *r);
/* About once a second, whoever waits. */
typedef void waiter_tick_fn(struct app *app);

struct waiter_conf {
	struct db_conf db;		/* its strings live as long as it */
	unsigned int n_max, n_tenant_max;
	struct app *app;
	waiter_wake_fn *wake;
	waiter_tick_fn *tick;
};

MUST_USE enum err waiter_new(const struct waiter_conf *conf,
    struct waiter **out_waiter);

/** waiter_park() - keep a request until news or r->park_until_ms; false when
 *  too many wait */
MUST_USE bool waiter_park(struct waiter *w, struct req *r);

/** waiter_stop() - no more parking; everybody's time has come.  Returns when
 *  nobody is parked and its thread has ended. */
void waiter_stop(struct waiter *w);
void waiter_free(struct waiter *w);	/* after waiter_stop(); accepts NULL */

#endif
