/*
 * probe_line.h - one socket of the prober: bytes out, messages in.
 *
 * Knows:    connected sockets that keep hands in, UDP and TCP; messages of TCP
 *           with their length before them (RFC 1035 4.2.2); what an error of
 *           the system means to keep.
 * Not here: what is asked (probe_ask), which lines there are (probe).
 * Runs in:  the probe and check roles; one thread, no call waits.
 * Bounded:  one message of 65535 octets is read at a time; PROBE_FLIGHT_MAX
 *           requests, each twice, wait for the socket.
 */
#ifndef XFERD_PROBE_LINE_H
#define XFERD_PROBE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "xferd/handoff.h"

#define PROBE_FLIGHT_MAX	64

struct probe_ask;

struct probe_line {
	struct handoff_probe_addr conf;
	int fd;
	bool connected;
	/* probe_ask's: the questions, in order of arrival. */
	struct probe_ask *asks, **tail;
	unsigned n_flying;
	/* TCP only. */
	uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len, out_max;
};

/** probe_line_open() - @l is zeroed; @fd becomes its own with OK */
MUST_USE enum err probe_line_open(struct probe_line *l,
    const struct handoff_probe_addr *conf, int fd);

/** probe_line_shut() - closes the socket only */
void probe_line_shut(struct probe_line *l);
/** probe_line_close() - its questions are over */
void probe_line_close(struct probe_line *l);

/** probe_line_events() - what to poll for */
short probe_line_events(const struct probe_line *l);

/** probe_line_connect() - the socket is writable: HANDOFF_OK, or why it is not
 *  connected */
enum handoff_reason probe_line_connect(struct probe_line *l);

/** probe_line_send() - false: it failed for good, errno says how.  What the
 *  system has no room for counts as sent, and is lost. */
bool probe_line_send(struct probe_line *l, const uint8_t *msg, size_t len);

/** probe_line_flush() - TCP; HANDOFF_OK, or why the line is over */
enum handoff_reason probe_line_flush(struct probe_line *l);

/**
 * probe_line_datagram() - UDP: one message
 *
 * ERR_AGAIN: there is none; ERR_CLOSED: the line is over, *out_why says why.
 */
MUST_USE enum err probe_line_datagram(struct probe_line *l, uint8_t *msg,
    size_t size, size_t *out_len, enum handoff_reason *out_why);

/** probe_line_fill() - TCP: read what there is; as probe_line_datagram() */
MUST_USE enum err probe_line_fill(struct probe_line *l,
    enum handoff_reason *out_why);
/** probe_line_message() - TCP: the first whole one; NULL: there is none yet */
const uint8_t *probe_line_message(const struct probe_line *l,
    size_t *out_len);
/** probe_line_drop() - that one */
void probe_line_drop(struct probe_line *l, size_t len);

#endif
