/*
 * db_listen.h - LISTEN on a connection of its own, as a hint to look now.
 *
 * Knows:    channels, the socket to poll, reconnecting.
 * Not here: what a notification means. Nobody may rely on it alone: it is
 *           lost with the connection and refused on a standby, so a slow
 *           poll stands behind it (docs/DATABASE.md).
 * Bounded:  channels by DB_LISTEN_CHANNELS_MAX.
 */
#ifndef COMMON_DB_DB_LISTEN_H
#define COMMON_DB_DB_LISTEN_H

#include "common/db/db.h"

#define DB_LISTEN_CHANNELS_MAX 8

struct db_listen;

/* Called by db_listen_drain for each notification; both borrowed. */
typedef void (*db_listen_fn)(void *arg, const char *channel,
    const char *payload);

/**
 * db_listen_open() - connect and listen
 * @channels: static strings, plain identifiers (CHECK)
 *
 * Returns OK; ERR_DB_LOST (retry); ERR_UNSUPPORTED (reject): the server
 * is in recovery, where LISTEN does not exist: poll only.
 */
MUST_USE enum err db_listen_open(const struct db_conf *conf,
    const char *const *channels, size_t n_channels,
    struct db_listen **out_listen);
void db_listen_close(struct db_listen *l);

/* The socket to poll for reading; -1 when lost. It changes when
 * db_listen_ensure() reconnected. */
int db_listen_fd(const struct db_listen *l);

/**
 * db_listen_drain() - take what has arrived; never waits
 * @fn: may be NULL
 *
 * Returns OK; ERR_DB_LOST (retry): lost; call db_listen_ensure() later and
 * look at once, for hints were missed.
 */
MUST_USE enum err db_listen_drain(struct db_listen *l, db_listen_fn fn,
    void *arg, size_t *out_n);

/* Reconnect and listen again if lost; waits up to connect_timeout_s. */
MUST_USE enum err db_listen_ensure(struct db_listen *l);

#endif
