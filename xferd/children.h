/*
 * children.h - the processes that talk to strangers, and their pipes.
 *
 * Knows:    spawning `xferd --role=...` with a socket pair on descriptor 3,
 *           restarting what must run, a warm pool of fetch processes, frames
 *           in and out, descriptors sent with them.
 * Not here: what frames mean (handoff.h), what a round does with a child.
 * Runs in:  keep's loop thread.
 * Bounded:  CHILDREN_MAX processes; CHILD_OUT_MAX bytes waiting for one; one
 *           frame of HANDOFF_FRAME_MAX being read from each (frame.h).
 */
#ifndef XFERD_CHILDREN_H
#define XFERD_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "xferd/handoff.h"

enum {
	CHILDREN_MAX = 1024,
	CHILD_OUT_MAX = 8 << 20,
};

struct children;
struct child;

struct children_conf {
	const char *program;		/* absolute path of xferd; borrowed */
	const char *log_level;		/* passed on; or NULL; copied */
	const char *user;		/* of the children, "": ours; copied */
	unsigned fetch_warm;		/* fetch processes kept waiting */
	unsigned fetch_max;		/* fetch processes at all */
	bool want_notify;		/* run a notify process */
	bool want_check;		/* run a check process */
	bool want_courier;		/* run a courier */
};

/* Called for every frame of a child that has said READY; payload borrowed. */
typedef void (*children_frame_fn)(void *arg, struct child *child,
    enum handoff_kind kind, const uint8_t *payload, size_t len);
/* A child is warm: for probe, check and notify at each (re)start, for fetch when
 * somebody may be waiting for one. */
typedef void (*children_ready_fn)(void *arg, struct child *child);
/* The child is gone; the pointer dies when this returns. */
typedef void (*children_gone_fn)(void *arg, struct child *child);

struct children_calls {
	void *arg;
	children_frame_fn frame;
	children_ready_fn ready;
	children_gone_fn gone;
};

MUST_USE enum err children_new(uv_loop_t *loop,
    const struct children_conf *conf, const struct children_calls *calls,
    struct children **out);

/** children_log_level() - of processes started from now on; copied */
void children_log_level(struct children *all, const char *level);

/** children_take() - a warm fetch process for one connection, or NULL */
struct child *children_take(struct children *all);

/** children_probe() and so on - the one that is ready, or NULL */
struct child *children_probe(struct children *all);
struct child *children_check(struct children *all);
struct child *children_notify(struct children *all);
struct child *children_courier(struct children *all);

/** child_usable() - alive, and nobody has ended it */
bool child_usable(const struct child *child);

enum handoff_role child_role(const struct child *child);
int child_pid(const struct child *child);

/* What the user of a taken child hangs on it. */
void child_set_user(struct child *child, void *user);
void *child_user(const struct child *child);

/**
 * child_send() - queue a frame
 * @fd: sent along; taken (closed here) whatever is returned; -1 for none
 *
 * Returns OK; ERR_FULL (the child reads too slowly: kill it); ERR_CLOSED.
 */
MUST_USE enum err child_send(struct child *child, enum handoff_kind kind,
    const uint8_t *payload, size_t len, int fd);

/** child_kill() - SIGKILL; gone() follows in a later turn of the loop */
void child_kill(struct child *child);

/** child_close() - close our end: a fetch process ends by itself */
void child_close(struct child *child);

/** children_stop() - no more restarts, end all of them */
void children_stop(struct children *all);
unsigned children_alive(const struct children *all);

struct children_counts {
	uint64_t spawned, died, killed;
	unsigned fetch_ready, fetch_taken;
};
void children_count(const struct children *all, struct children_counts *out);

#endif
