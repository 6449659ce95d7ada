/*
 * ring.h - a UDP worker's batch of datagrams, in memory that outlives it.
 *
 * Knows:    which datagrams were received, marked, answered; quarantine.
 * Not here: what is answered (answer.h), whose process it is (supervisor.h).
 * Runs in:  one UDP worker at a time; its successor finds what it left.
 * Bounded:  RING_BATCH datagrams of RING_DATAGRAM_MAX bytes.
 *
 * The kernel writes msg_len into the shared headers, so even a worker killed
 * in the tail of recvmmsg() or sendmmsg() leaves a true record:
 *
 *   in[i].msg_len > 0 and not done[i]   received, not known to be answered
 *   out[j].msg_len > 0                  the answer of slot out_slot[j] is sent
 *
 * Poison: a slot is marked before work on it begins.  The successor works on
 * leftovers one at a time, marking each again before; what is found marked
 * twice by workers that crashed goes to quarantine.  A worker killed from
 * outside (SIGKILL) proves nothing against a packet: the supervisor says so
 * and the marks are taken back one step.
 */
#ifndef DNSD_RING_H
#define DNSD_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/base.h"
#include "common/base/err.h"

#define RING_MAGIC 0x31474e49524455ull	/* "UDRING1" */

enum {
	RING_LAYOUT = 2,
	RING_BATCH = 32,
	RING_DATAGRAM_MAX = 4096,
	/* Rows 4096 apart would share a few places of the nearest cache. */
	RING_ROW = RING_DATAGRAM_MAX + 128,
	RING_CONTROL_MAX = 64,
	RING_QUARANTINE = 8,
	RING_MARKS_MAX = 2,
};

struct ring_quarantine {
	uint32_t len;
	struct sockaddr_storage source;
	uint8_t bytes[RING_DATAGRAM_MAX];
};

struct ring {
	uint64_t magic;
	uint32_t layout;
	uint32_t socket;		/* index of the batch's socket */
	uint32_t n_in;			/* slots that the last batch used */
	uint32_t n_out;
	uint32_t n_quarantined;		/* ever; the last ones are kept */
	uint8_t mark[RING_BATCH];
	uint8_t done[RING_BATCH];
	uint8_t out_slot[RING_BATCH];
	struct mmsghdr in[RING_BATCH];
	struct mmsghdr out[RING_BATCH];
	struct iovec in_iov[RING_BATCH];
	struct iovec out_iov[RING_BATCH];
	struct sockaddr_storage source[RING_BATCH];
	_Alignas(16) uint8_t control[RING_BATCH][RING_CONTROL_MAX];
	struct ring_quarantine quarantine[RING_QUARANTINE];
	_Alignas(64) uint8_t bytes[RING_BATCH][RING_ROW];
};

/** ring_map() - map the ring of @fd, making it when it is new
 *  Returns OK; ERR_IO; ERR_MALFORMED when it has another layout. */
MUST_USE enum err ring_map(int fd, struct ring **out_ring);
void ring_unmap(struct ring *r);

/**
 * ring_recover() - what a predecessor left
 * @crashed: it died by its own doing, not by SIGKILL from outside
 * @slots:   room for RING_BATCH; written with what is to be answered, each on
 *           its own and after ring_mark()
 *
 * Moves poison to quarantine.  Returns the count of @slots.
 */
unsigned ring_recover(struct ring *r, bool crashed, uint8_t *slots,
    unsigned *out_quarantined);

/**
 * ring_receive() - receive the next batch
 * @flags: MSG_WAITFORONE or MSG_DONTWAIT
 * Returns the number of datagrams (slots 0..n-1), 0 for none or an error that
 * passes (EAGAIN, EINTR, ECONNREFUSED of an earlier send).
 */
unsigned ring_receive(struct ring *r, int fd, unsigned socket, int flags);

void ring_mark(struct ring *r, unsigned slot);

/** ring_done() - the slot needs nothing more (answered, dropped) */
void ring_done(struct ring *r, unsigned slot);

/** ring_queue() - queue @bytes as the answer of a slot; borrowed until sent */
void ring_queue(struct ring *r, unsigned slot, uint8_t *bytes, size_t len);

/** ring_send() - send what is queued, mark it done; returns how many went */
unsigned ring_send(struct ring *r, int fd, unsigned *out_failed);

static inline size_t
ring_len(const struct ring *r, unsigned slot)
{
	return r->in[slot].msg_len;
}

static inline bool
ring_truncated(const struct ring *r, unsigned slot)
{
	return (r->in[slot].msg_hdr.msg_flags & MSG_TRUNC) != 0;
}

#endif
