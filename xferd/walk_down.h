/*
 * walk_down.h - the way down from the root, one question after the other.
 *
 * Knows:    the zone that is the parent of a name; the addresses of a server
 *           without glue, by a way of its own on a stack.  From the nearest
 *           zone that is known: is there a cut at the next label?  A referral
 *           leads down, "no" makes the name longer.   RFC 1034 5.3.3
 * Not here: what an answer means (walk_read); what the parent's servers say
 *           and who is asked next (walk).  Pure: questions out, answers in.
 * Runs in:  keep's loop thread; tests and the fuzzer.
 * Bounded:  WALK_HOSTS_MAX names of servers looked up, WALK_DEPTH_MAX of them
 *           within each other, WALK_CUTS_MAX steps down; one question at a time.
 */
#ifndef XFERD_WALK_DOWN_H
#define XFERD_WALK_DOWN_H

#include "common/base/base.h"
#include "common/base/err.h"
#include "xferd/walk_cache.h"
#include "xferd/walk_read.h"

enum {
	WALK_HOSTS_MAX = 32,
	WALK_DEPTH_MAX = 4,
	WALK_CUTS_MAX = 40,
	WALK_ROOTS_MAX = 16,
	WALK_TRIES_HOST = 2,		/* addresses of one server */
};

struct walk_conf {
	struct sock_addr roots[WALK_ROOTS_MAX];
	unsigned n_roots;
	struct sock_addr resolver;	/* family 0: none */
	uint16_t port;			/* of servers found; 53 */
	/* Is this server, by its name or an address of it, one of ours? */
	bool (*ours)(void *arg, const struct walk_host *host);
	void *arg;
};

struct walk_question {
	unsigned slot;			/* walk's */
	struct sock_addr to;
	uint8_t name[DNAME_MAX];
	uint8_t name_len;
	uint16_t type;
	bool recurse;			/* it is the operator's resolver */
};

enum walk_down_step {
	WALK_DOWN_ASK,			/* the question is to be asked */
	WALK_DOWN_ON,			/* the next step; or nothing is left */
	WALK_DOWN_FOUND,		/* the parent: walk_down_found() */
	WALK_DOWN_FAILED,		/* nobody can be asked any more */
};

struct walk_down;

/** walk_down_new() - arguments as walk_new()'s */
MUST_USE enum err walk_down_new(const struct walk_conf *conf,
    struct walk_cache *cache, uint32_t seed, struct walk_down **out);
void walk_down_free(struct walk_down *d);

/** walk_down_find() - begin to look for the parent of @name; nothing else is
 *  being found */
void walk_down_find(struct walk_down *d, const uint8_t *name, int64_t now_ms);
/** walk_down_find_below() - likewise, from a zone below which it is */
MUST_USE enum walk_down_step walk_down_find_below(struct walk_down *d,
    const uint8_t *name, const struct walk_cut *cut, int64_t now_ms);

/**
 * walk_down_host() - find the addresses of @into->name
 *
 * They go to @into, which lives as long as the walk; *dead is set when there
 * are none to be found. Either may be the case at once.
 */
void walk_down_host(struct walk_down *d, struct walk_host *into, bool *dead,
    int64_t now_ms);

/** walk_down_busy() - something is being found */
bool walk_down_busy(const struct walk_down *d);
/** walk_down_waits() - for an answer; busy only */
bool walk_down_waits(const struct walk_down *d);

/** walk_down_next() - busy, not waiting; @out but its slot with WALK_DOWN_ASK */
MUST_USE enum walk_down_step walk_down_next(struct walk_down *d,
    int64_t now_ms, struct walk_question *out);
/** walk_down_take() - the answer to that question; never WALK_DOWN_ASK */
MUST_USE enum walk_down_step walk_down_take(struct walk_down *d,
    const struct walk_answer *a, int64_t now_ms);

/** walk_down_found() - until the next call */
const struct walk_cut *walk_down_found(const struct walk_down *d);
/** walk_down_why() - of the last server on the way that was of no use */
enum handoff_reason walk_down_why(const struct walk_down *d,
    uint16_t *out_rcode);

#endif
