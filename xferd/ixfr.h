/*
 * ixfr.h - a primary's IXFR answer becomes differences, or a whole zone.
 *
 * Knows:    the styles of RFC 1995 4: one SOA; a zone as by AXFR; a chain of
 *           differences, in serial arithmetic.
 * Not here: messages (stream), what the differences apply to (keep).
 * Runs in:  the fetch role; pure.
 * Bounded:  by the stream's limits; diffs_max differences.
 *
 *	            SOA(new)
 *	  START -------------> FIRST --- end of message, not newer --> DONE (single)
 *	                        |  \---- not a SOA, or the same SOA --> axfr
 *	                        | SOA(ours)
 *	                        v          SOA(newer)
 *	               .----> DELETE -----------------> ADD
 *	                \                                |
 *	                 '------------ SOA(same) --------+
 *	                                                 | SOA(new): the first again
 *	                                                 v
 *	                                                DONE
 */
#ifndef XFERD_IXFR_H
#define XFERD_IXFR_H

#include "xferd/axfr.h"

enum ixfr_state {
	IXFR_START,
	IXFR_FIRST,			/* one SOA seen: the style is open */
	IXFR_DELETE,
	IXFR_ADD,
	IXFR_WHOLE,			/* as by AXFR: axfr has it */
	IXFR_DONE,
};

struct ixfr {
	struct stream *stream;
	struct axfr axfr;
	enum ixfr_state state;
	uint32_t ours;			/* the serial we asked with */
	uint32_t at;			/* of the part that is open */
	uint32_t n_diffs;
	bool single;			/* done with one SOA, not newer than ours */
	struct stream_soa first;
};

void ixfr_begin(struct ixfr *x, struct stream *stream, uint32_t serial);

/**
 * ixfr_feed() - take one whole message
 * @out_done: set on OK; true at the end of the answer: see ixfr_style()
 *
 * A message with nothing but a newer SOA leaves the style open: the rest may
 * come in later messages (T-064), or never ("use AXFR"): the caller's deadline
 * decides, see ixfr_is_open().
 *
 * Returns OK, or an error with the stream's reason set.
 */
MUST_USE enum err ixfr_feed(struct ixfr *x, const uint8_t *msg, size_t len,
    bool *out_done);

/* ixfr_is_open() - one newer SOA was seen and nothing else */
bool ixfr_is_open(const struct ixfr *x);

enum handoff_style ixfr_style(const struct ixfr *x);

/* ixfr_first() - the SOA that opened the answer; NULL before it came */
const struct stream_soa *ixfr_first(const struct ixfr *x);

#endif
