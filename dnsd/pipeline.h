/*
 * pipeline.h - the messages of many stream connections, answered together.
 *
 * Knows:    two-byte length framing (RFC 1035 4.2.2), pipelining (RFC 7766
 *           6.2.1.1), answers in any order (7), what is kept of a connection
 *           between two of its reads and writes: bytes in, bytes out.
 * Not here: sockets, TLS, deadlines, limits on connections (worker_tcp.h),
 *           DNS (answer.h).
 * Runs in:  tcp and tls workers, tests.
 * Bounded:  PIPELINE_IN_MAX and PIPELINE_OUT_MAX bytes a connection, both
 *           borrowed only while bytes wait; PIPELINE_BUFFERS_MAX of each in
 *           the process; ANSWER_LOCKSTEP messages at a time.
 *
 * A turn of the caller's loop:
 *
 *   for each connection that can be read and pipeline_wants(c):
 *           buf = pipeline_room(p, c, &max);
 *           n = ... read at most max bytes into buf ...
 *           pipeline_took(p, c, n)
 *   pipeline_run(p)
 *   for each of them: write pipeline_output(), then pipeline_sent()
 *
 * Messages of several connections are worked on in lockstep, as datagrams
 * are.  A connection whose answers are not taken is not read; what of its
 * input was already here waits (pipeline_wants() is false), and goes on with
 * pipeline_resume().
 */
#ifndef DNSD_PIPELINE_H
#define DNSD_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/sock.h"
#include "dnsd/answer.h"
#include "dnsd/bufpool.h"
#include "dnsd/control.h"

enum {
	PIPELINE_MESSAGE_MIN = 12,	/* shorter: not DNS, closed */
	PIPELINE_MESSAGE_MAX = 65535,
	PIPELINE_READ_MAX = 16384,	/* of one connection a turn */
	PIPELINE_IN_MAX = 2 + PIPELINE_MESSAGE_MAX + PIPELINE_READ_MAX,
	PIPELINE_ONE_MAX = 2 + ANSWER_TCP_MAX,
	PIPELINE_OUT_MAX = 2 * PIPELINE_ONE_MAX,
	PIPELINE_SCRATCH_MAX = 4 * PIPELINE_IN_MAX,
	PIPELINE_JOB_STRIDE = 65536 + 4096 + 64,	/* spread over cache sets */
	PIPELINE_BUFFERS_MAX = 1024,
};

/* The caller's, one a connection; zeroed but for peer, listener, stripe. */
struct pipeline_conn {
	struct sock_addr peer;		/* the client, also behind a proxy */
	uint8_t stripe;			/* of the address that it asked */
	uint8_t listener;		/* index of its listening socket */
	bool waiting;			/* whole messages wait in @in */
	bool broken;			/* close it: write failed, no buffer */
	uint16_t n_jobs;		/* in the batch */
	uint32_t n_messages;		/* whole ones ever taken; wraps */
	uint8_t *in, *out;		/* NULL: none borrowed */
	uint32_t in_len;
	uint32_t out_at, out_len;	/* sent so far, queued */
	uint32_t in_high, out_high;	/* bytes touched of the buffers */
};

/* Called when a connection's output must shrink before the turn ends: write
 * what can be written, pipeline_sent(). */
typedef void (*pipeline_flush_fn)(void *arg, struct pipeline_conn *c);

/* A NOTIFY; @msg is borrowed for the call. */
typedef void (*pipeline_notify_fn)(void *arg, struct pipeline_conn *c,
    const uint8_t *msg, size_t len);

struct pipeline_conf {
	const struct answer_ctx *ctx;
	enum answer_transport transport;
	struct control_counters *count;
	struct control_zone *zones;	/* NULL: not counted */
	struct cache_reader *reader;
	const struct cache_super *super;
	uint32_t buffers;		/* 1 .. PIPELINE_BUFFERS_MAX */
	pipeline_flush_fn flush;
	pipeline_notify_fn notify;
	void *arg;
};

struct pipeline_job {
	struct pipeline_conn *conn;
	const uint8_t *msg;		/* in the scratch; behind its length */
	uint32_t len;
};

/* Large: allocate it once.  Fields are pipeline.c's. */
struct pipeline {
	struct pipeline_conf conf;
	struct bufpool in, out;
	unsigned n;			/* jobs gathered */
	uint32_t scratch_len;		/* what the jobs point into */
	struct pipeline_job todo[ANSWER_LOCKSTEP];
	struct answer_job job[ANSWER_LOCKSTEP];
	_Alignas(64) uint8_t scratch[PIPELINE_SCRATCH_MAX];
	_Alignas(64) uint8_t answer[ANSWER_LOCKSTEP][PIPELINE_JOB_STRIDE];
};

/** pipeline_init() - @conf is copied, what it points to borrowed.
 *  ERR_NO_MEMORY */
MUST_USE enum err pipeline_init(struct pipeline *p,
    const struct pipeline_conf *conf);
void pipeline_fini(struct pipeline *p);

/** pipeline_wants() - may this connection be read now? */
static inline bool
pipeline_wants(const struct pipeline_conn *c)
{
	return !c->waiting && !c->broken;
}

/** pipeline_partial() - part of a message is here, and its rest is not */
static inline bool
pipeline_partial(const struct pipeline_conn *c)
{
	return c->in_len > 0 && !c->waiting;
}

/**
 * pipeline_room() - where to read to
 * @out_max: at least PIPELINE_READ_MAX
 *
 * Good until the next call.  May run the batch, after which the connection may
 * not want any more (pipeline_wants()): then nothing is read.
 */
uint8_t *pipeline_room(struct pipeline *p, struct pipeline_conn *c,
    size_t *out_max);

/**
 * pipeline_took() - @n bytes were read there; 0 is fine
 *
 * ERR_MALFORMED: a length that no message has; close the connection after
 * its output is written.
 */
MUST_USE enum err pipeline_took(struct pipeline *p, struct pipeline_conn *c,
    size_t n);

/** pipeline_resume() - go on with messages that waited.  ERR_MALFORMED */
MUST_USE enum err pipeline_resume(struct pipeline *p, struct pipeline_conn *c);

/** pipeline_run() - answer what was gathered */
void pipeline_run(struct pipeline *p);

/** pipeline_put() - a message from elsewhere.  ERR_LIMIT: no room */
MUST_USE enum err pipeline_put(struct pipeline *p, struct pipeline_conn *c,
    const uint8_t *msg, size_t len);

/** pipeline_output() - the bytes to write next; NULL for none */
static inline const uint8_t *
pipeline_output(const struct pipeline_conn *c, size_t *out_len)
{
	*out_len = c->out_len - c->out_at;
	return *out_len == 0 ? NULL : c->out + c->out_at;
}

/** pipeline_sent() - @n of them were written */
void pipeline_sent(struct pipeline *p, struct pipeline_conn *c, size_t n);

/** pipeline_close() - give the buffers back.  A promise: no jobs. */
void pipeline_close(struct pipeline *p, struct pipeline_conn *c);

#endif
