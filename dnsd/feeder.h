/*
 * feeder.h - follows PostgreSQL and keeps the cache equal to it.
 *
 * Knows:    the change feed, versions and their parts, when to retry, what
 *           to report.
 * Not here: the memory format (cache_write.h), queries.
 * Runs in:  the feeder role: the only one with a database and with the cache
 *           writable; no other network.
 * Bounded:  one zone's version at a time; waits by the database's timeouts.
 *
 * PostgreSQL gone changes nothing that is served: deadlines (EXPIRE) are in
 * the cache, and the feeder asks again with back-off.
 */
#ifndef DNSD_FEEDER_H
#define DNSD_FEEDER_H

#include "common/base/conf.h"

struct control;

/** feeder_run() - until SIGTERM; the exit status
 *  @arena_fd: read-write */
int feeder_run(const struct conf *conf, int arena_fd,
    struct control *control);

#endif
