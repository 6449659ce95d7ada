/*
 * axfr.h - a primary's AXFR answer becomes zone records.
 *
 * Knows:    the SOA bracket.   RFC 5936 2.2
 * Not here: messages (stream), sockets, TSIG, policy.
 * Runs in:  the fetch role; pure.
 * Bounded:  by the stream's limits.
 */
#ifndef XFERD_AXFR_H
#define XFERD_AXFR_H

#include "xferd/stream.h"

struct axfr {
	struct stream *stream;
	bool has_first;
	bool done;
	struct stream_soa first;
};

/* axfr_begin() - @stream is borrowed until the end */
void axfr_begin(struct axfr *x, struct stream *stream);

/**
 * axfr_record() - take the next record of the answer (a stream_record_fn)
 *
 * First comes the SOA of the apex, last the same SOA again, between them no
 * SOA. All but the closing SOA go to the sink.
 *
 * Returns OK, or an error with the stream's reason set.
 */
MUST_USE enum err axfr_record(void *axfr, const struct handoff_record *rec);

/**
 * axfr_feed() - take one whole message
 * @out_done: set on OK; true once the closing SOA was seen
 */
MUST_USE enum err axfr_feed(struct axfr *x, const uint8_t *msg, size_t len,
    bool *out_done);

#endif
