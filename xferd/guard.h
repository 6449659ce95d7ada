/*
 * guard.h - a zone's row of zone_guard: its policy, what is held, what is
 * pinned.
 *
 * Knows:    reading it, noting a held version.
 * Not here: judging (gate), serving an old version (repin).
 * Runs in:  a crew thread; the struct then belongs to the loop.
 * Bounded:  by the columns.
 */
#ifndef XFERD_GUARD_H
#define XFERD_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/digest.h"
#include "xferd/gate.h"

struct db;
struct db_rows;

struct guard {
	struct gate_policy policy;
	bool held_counts;		/* EXPIRE counts down while held */
	bool held, accepted;
	uint32_t held_serial;
	bool has_digest;
	struct digest held_digest;
	char held_text[2 * GATE_TEXT_MAX];	/* with held */
	int64_t pin_generation;		/* wanted; 0: the newest */
	int64_t pin_applied, pin_before;	/* 0: not pinned */
	bool pin_past_expire;
};

/* What is pinned is not what is wanted. */
static inline bool
guard_repins(const struct guard *g)
{
	return g != NULL && g->pin_generation != g->pin_applied;
}

static inline bool
guard_pinned(const struct guard *g)
{
	return g != NULL && g->pin_generation != 0;
}

/**
 * guard_read() - a row of the statement lease_guards
 *
 * Returns NULL without memory; free() it.
 */
struct guard *guard_read(struct db_rows *rows, size_t row);

/* What to note of a version that is not published. */
struct guard_note {
	uint8_t zone_id[16];
	int64_t generation;		/* what is served */
	uint32_t serial;
	bool has_digest;
	struct digest digest;
	const struct gate_verdict *verdict;
	const char *facts;		/* JSON object */
};

/**
 * guard_hold() - note it, unless somebody published meanwhile
 *
 * Returns OK; ERR_CONFLICT; database.
 */
MUST_USE enum err guard_hold(struct db *db, const struct guard_note *note);

#endif
