/*
 * pool.h - handler threads and the queue in front of them.
 *
 * Knows:    requests in the order they came; one struct repo per thread.
 * Not here: what a request does (req.h), HTTP.
 * Bounded:  n_threads, queue_max; a full queue refuses.
 *
 * libmicrohttpd's threads must never wait for PostgreSQL: they hand the
 * request over and suspend its connection.
 */
#ifndef API_POOL_H
#define API_POOL_H

#include "api/repo.h"

struct pool;
struct req;

/* Called in a handler thread, with that thread's repo. */
typedef void pool_fn(struct req *r, struct repo *repo);

struct pool_conf {
	unsigned int n_threads, queue_max;
	const struct repo_conf *repo;	/* borrowed for the pool's life */
	pool_fn *run;
};

MUST_USE enum err pool_new(const struct pool_conf *conf,
    struct pool **out_pool);

/** pool_submit() - queue a request; false when full or stopping: the caller
 *  keeps it */
MUST_USE bool pool_submit(struct pool *pool, struct req *r);

/** pool_stop() - take no more, run what is queued, end the threads */
void pool_stop(struct pool *pool);
void pool_free(struct pool *pool);	/* stops, too; accepts NULL */

#endif
