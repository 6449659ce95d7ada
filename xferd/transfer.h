/*
 * transfer.h - one zone's question on a connection, and its answer.
 *
 * Knows:    the request (AXFR, IXFR or SOA) and its signature, TSIG of every
 *           message of the answer, what the result for keep says.
 * Not here: bytes on the way (session, link), which zone (keep), time: it is
 *           handed in.
 * Runs in:  the fetch role; pure.  Several are under way on one connection;
 *           they are told apart by their IDs.               RFC 7766 7
 * Bounded:  by the limits of the zone.
 */
#ifndef XFERD_TRANSFER_H
#define XFERD_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns/tsig.h"
#include "xferd/axfr.h"
#include "xferd/handoff.h"
#include "xferd/ixfr.h"
#include "xferd/probe_answer.h"
#include "xferd/stream.h"

struct transfer {
	struct transfer *next;		/* its holder's */
	struct handoff_fetch_zone zone;
	struct tsig *tsig;		/* NULL without a key */
	struct stream stream;
	struct axfr axfr;
	struct ixfr ixfr;
	struct probe_answer soa;	/* mode SOA */
	struct tsig_result verdict;	/* the last one */
	bool done;

	/* Its holder's times. */
	int64_t start_ms;
	int64_t connect_ms;		/* -1: an open connection was used */
	int64_t first_ms;		/* of the first message; -1: none */
	int64_t due_ms, total_due_ms;
	bool sent;
};

/**
 * transfer_begin() - @t is the caller's, any content
 * @id:   of the request and of every message of the answer
 * @sink: gets the records; none in mode SOA
 */
void transfer_begin(struct transfer *t, const struct handoff_fetch_zone *zone,
    uint16_t id, const struct stream_sink *sink);
void transfer_fini(struct transfer *t);

/**
 * transfer_request() - write the request, signed when the zone has a key
 * @key: the zone's; NULL when key_id is 0
 * @tls: pad it (RFC 8467)
 *
 * Returns OK; ERR_BAD_KEY (there should be a key), ERR_SPACE, ERR_NO_MEMORY.
 */
MUST_USE enum err transfer_request(struct transfer *t,
    const struct tsig_key *key, bool tls, uint64_t wall_s, uint8_t *out,
    size_t max, size_t *out_len);

/**
 * transfer_message() - take one whole message with our ID
 *
 * Returns OK (t->done: the answer is complete and verified), or an error with
 * the stream's reason set.
 */
MUST_USE enum err transfer_message(struct transfer *t, const uint8_t *msg,
    size_t len, uint64_t wall_s);

/* transfer_fail() - note why it failed from outside; the first reason stays.
 * Returns an error. */
enum err transfer_fail(struct transfer *t, enum handoff_reason reason,
    const char *text);

/* transfer_is_open() - a lonely newer SOA came to an IXFR: more may follow */
bool transfer_is_open(const struct transfer *t);

/**
 * transfer_result() - what to tell keep, but for times and `reusable`
 * @e:    OK when it is done
 * @text: filled; @out->text leads into it
 */
void transfer_result(const struct transfer *t, enum err e,
    struct handoff_result *out, char text[HANDOFF_TEXT_MAX]);

#endif
