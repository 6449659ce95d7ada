/*
 * walk.h - what the parent of a name says of it, found out from the root.
 *
 * Knows:    the phases; each parent server's own word on the name; then, where
 *           wanted, what the servers it lists answer (TXT, SOA, NS), and DS.
 * Not here: the way down to the parent, and to the addresses of servers without
 *           glue (walk_down); sockets, time, what follows for a claim (claim)
 *           or for a person (diagnosis).  Pure: questions out, answers in.
 * Runs in:  keep's loop thread; tests on a scripted network.
 * Bounded:  WALK_QUESTIONS_MAX questions in all, those of walk_down among them;
 *           WALK_SLOTS at a time.
 *
 *   FIND      the parent, by walk_down
 *   PARENTS   the name is next: every server of the zone is asked for its NS
 *   LISTED    the addresses of those that the parents list
 *   SERVERS   each of them is asked what was wanted
 *
 * Nothing outside the zone of the server that speaks is believed.
 */
#ifndef XFERD_WALK_H
#define XFERD_WALK_H

#include "common/base/base.h"
#include "common/base/err.h"
#include "xferd/walk_cache.h"
#include "xferd/walk_down.h"
#include "xferd/walk_read.h"

enum {
	WALK_QUESTIONS_MAX = 250,
	WALK_SLOTS = 16,
	WALK_PARENTS_MAX = WALK_NS_MAX,
	WALK_NAMES_MAX = 64,		/* different names of servers, in all */
	WALK_LISTED_MAX = 16,		/* of those that are asked */
	WALK_TEXTS_MAX = 8,
	WALK_TEXT_MAX = 255,
	WALK_DS_MAX = 8,
	WALK_DS_BYTES_MAX = 68,
};

enum walk_want {
	WALK_WANT_TXT = 1,		/* at _understudy-challenge below */
	WALK_WANT_SOA = 2,		/* of each listed server */
	WALK_WANT_NS = 4,
	WALK_WANT_DS = 8,		/* of the parents */
};

enum walk_outcome {
	WALK_UNKNOWN,			/* nothing that counts was said */
	WALK_LISTED,			/* a delegation, with the names in mask */
	WALK_NOT_LISTED,		/* authoritative: there is none */
};

/* One server of the parent. */
struct walk_parent {
	uint8_t name[DNAME_MAX];
	struct sock_addr at;		/* that answered, or was asked last */
	enum walk_outcome outcome;
	enum handoff_reason reason;	/* of the last answer */
	uint16_t rcode;
	bool lame, forbidden;
	bool cut;			/* more names than are read */
	bool child_side;		/* it has the zone itself, and said so */
	uint32_t ms;
	uint64_t mask;			/* names[] of the result */
};

/* One server that the parents list. */
struct walk_listed {
	struct walk_host host;
	bool ours;
	bool asked;
	/* The last answer to each question; reason OK and lame false: it
	 * counts. */
	struct walk_said {
		bool done, aa, lame, forbidden;
		enum handoff_reason reason;
		uint16_t rcode;
		uint32_t ms;
		struct sock_addr at;
	} txt, soa, ns;
	uint32_t serial;		/* with soa.aa and has_soa */
	bool has_soa;
	uint64_t mask;			/* of its own NS set, names[] */
	bool has_ns;
	uint8_t n_texts;
	uint8_t text_len[WALK_TEXTS_MAX];
	uint8_t texts[WALK_TEXTS_MAX][WALK_TEXT_MAX];	/* strings joined */
};

struct walk_result {
	bool found;			/* the parent was; else reason says why not */
	enum handoff_reason reason;
	uint16_t rcode;
	uint8_t parent[DNAME_MAX];	/* the zone */
	unsigned n_parents;
	struct walk_parent parents[WALK_PARENTS_MAX];
	unsigned n_names;
	uint8_t names[WALK_NAMES_MAX][DNAME_MAX];
	unsigned n_listed;		/* those of any parent */
	struct walk_listed listed[WALK_LISTED_MAX];
	bool any_ours;			/* among all that are listed */
	bool txt_asked;
	/* DS of one parent that lists the name. */
	struct walk_said ds;
	unsigned n_ds;
	uint8_t ds_len[WALK_DS_MAX];
	uint8_t ds_rdata[WALK_DS_MAX][WALK_DS_BYTES_MAX];
	unsigned n_questions;
};

struct walk;

/**
 * walk_new() - begin
 * @conf, @cache: borrowed to the end
 * @name:   lower case, not the root
 * @want:   of enum walk_want
 * @seed:   which server of several is asked first
 */
MUST_USE enum err walk_new(const struct walk_conf *conf,
    struct walk_cache *cache, const uint8_t *name, unsigned want,
    uint32_t seed, struct walk **out);
void walk_free(struct walk *w);

/** walk_next() - what to ask now; false: nothing until an answer comes, or done */
bool walk_next(struct walk *w, int64_t now_ms, struct walk_question *out);

/** walk_take() - the answer to the question of a slot */
void walk_take(struct walk *w, unsigned slot, const struct walk_answer *a,
    int64_t now_ms);

bool walk_done(const struct walk *w);

/** walk_result() - once done; lives as long as the walk */
const struct walk_result *walk_result(const struct walk *w);

#endif
