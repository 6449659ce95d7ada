/*
 * metrics.h - counters, Prometheus text 0.0.4, and a tiny responder.
 *
 * Knows:    the exposition format; HTTP just enough for GET /metrics.
 * Not here: which counters exist: each program has a counters.def and makes
 *           its table with METRICS_ROW.
 *
 *   COUNTER(queries, "queries", "Queries received.")  in <program>/counters.def
 *
 * Bounded:  one request at a time, METRICS_REQUEST_MAX bytes of it, two
 *           seconds; METRICS_TEXT_MAX bytes of answer.
 */
#ifndef COMMON_BASE_METRICS_H
#define COMMON_BASE_METRICS_H

#include <stdatomic.h>

#include "common/base/buf.h"
#include "common/base/sock.h"

#define METRICS_REQUEST_MAX	4096
#define METRICS_TEXT_MAX	(16 * 1024 * 1024)

enum metrics_kind {
	METRICS_COUNTER,	/* only rises; name gets "_total" */
	METRICS_GAUGE,
};

struct metrics_desc {
	const char		*name;	/* without prefix: "queries" */
	enum metrics_kind	kind;
	const char		*help;
};

static inline void
metrics_add(_Atomic uint64_t *slot, uint64_t n)
{
	atomic_fetch_add_explicit(slot, n, memory_order_relaxed);
}

static inline void
metrics_set(_Atomic uint64_t *slot, uint64_t n)
{
	atomic_store_explicit(slot, n, memory_order_relaxed);
}

static inline uint64_t
metrics_get(_Atomic uint64_t *slot)
{
	return atomic_load_explicit(slot, memory_order_relaxed);
}

/* ---- writing the text; failure is sticky in the buf --------------------- */

/** metrics_head() - # HELP and # TYPE of understudy_<prefix>_<name> */
void metrics_head(struct buf *b, const char *prefix,
    const struct metrics_desc *d);

/**
 * metrics_line() - one sample
 * @labels: "a=\"b\",c=\"d\"" or NULL; values escaped by metrics_label()
 */
void metrics_line(struct buf *b, const char *prefix,
    const struct metrics_desc *d, const char *labels, double value);

/** metrics_label() - escape a label value into @out; returns @out */
const char *metrics_label(const char *value, char *out, size_t size);

/** metrics_table() - head and one sample for each of @n slots */
void metrics_table(struct buf *b, const char *prefix,
    const struct metrics_desc *d, _Atomic uint64_t *values, size_t n);

/** metrics_process() - resident memory, cpu seconds, open files, start time */
void metrics_process(struct buf *b, const char *prefix);

/* ---- the responder ---------------------------------------------------------- */

/* Fill @b; runs in the thread that serves. */
typedef void (*metrics_render_fn)(void *arg, struct buf *b);

/**
 * metrics_serve_once() - accept one client of @listen_fd and answer it
 *
 * For poll loops: call when readable. Waits at most two seconds for a slow
 * client, so use the thread below where that would hurt.
 */
void metrics_serve_once(int listen_fd, metrics_render_fn render, void *arg);

struct metrics_server;

/**
 * metrics_serve_start() - listen on @addr and answer in a thread of its own
 * @addr: "ADDR:PORT"; "" means none: OK and *out is NULL
 * @out:  given; metrics_serve_stop() it
 */
MUST_USE enum err metrics_serve_start(const char *addr,
    metrics_render_fn render, void *arg, struct metrics_server **out);

void metrics_serve_stop(struct metrics_server *s);	/* accepts NULL */

#endif
