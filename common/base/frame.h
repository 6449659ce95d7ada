/*
 * frame.h - length-checked messages between roles over Unix sockets, with
 * descriptors passed by SCM_RIGHTS.
 *
 * On the wire (SOCK_STREAM): u32 payload length, u16 type, u8 number of
 * descriptors (0 or 1), u8 zero, all big endian, then the payload. What the
 * types mean is not known here; the receiver validates the payload as a
 * claim (rd.h).
 *
 * Many frames travel in one system call: frame_put() queues, frame_flush()
 * sends what the socket takes; frame_fill() reads what is there,
 * frame_next() takes frames off.
 *
 * Bounded: by the maxima given at init; a longer frame is ERR_MALFORMED, a
 * queue above its maximum is ERR_FULL. Owned by one thread.
 */
#ifndef COMMON_BASE_FRAME_H
#define COMMON_BASE_FRAME_H

#include "common/base/buf.h"

#define FRAME_HEADER_BYTES	8
#define FRAME_FDS_MAX		16	/* descriptors waiting in one queue */

struct frame {
	uint16_t	type;
	const uint8_t	*payload;	/* valid until the next frame_fill() */
	size_t		len;
	int		fd;		/* given, or -1 */
};

struct frame_in {
	struct buf	buf;
	size_t		pos;		/* bytes of buf already taken */
	size_t		payload_max;
	int		fds[FRAME_FDS_MAX];
	size_t		n_fds;
};

struct frame_out {
	struct buf	buf;
	size_t		pos;		/* bytes already sent */
	size_t		queue_max;
	struct {
		size_t	at;		/* offset in buf of its frame */
		int	fd;
	} fds[FRAME_FDS_MAX];
	size_t		n_fds;
};

void frame_in_init(struct frame_in *in, size_t payload_max);
void frame_in_fini(struct frame_in *in);	/* closes untaken descriptors */

/**
 * frame_fill() - one recvmsg() from @sock
 *
 * Returns OK when bytes came; ERR_AGAIN (would block), ERR_CLOSED (orderly
 * end or reset; frames already read can still be taken), ERR_MALFORMED
 * (too many descriptors), ERR_NO_MEMORY, ERR_SYSTEM.
 */
MUST_USE enum err frame_fill(struct frame_in *in, int sock);

/**
 * frame_next() - the next whole frame
 *
 * Returns OK; ERR_AGAIN when none is complete; ERR_MALFORMED when the
 * header lies: close the connection then.
 */
MUST_USE enum err frame_next(struct frame_in *in, struct frame *out);

/**
 * frame_wait() - the next whole frame, waiting for it
 * @timeout_ms: -1 waits for ever
 *
 * For roles with nothing else to do. Returns as frame_next() and
 * frame_fill(), and ERR_TIMEOUT. Works with blocking and non-blocking sockets.
 */
MUST_USE enum err frame_wait(struct frame_in *in, int sock, int timeout_ms,
    struct frame *out);

void frame_out_init(struct frame_out *out, size_t queue_max);
void frame_out_fini(struct frame_out *out);	/* closes unsent descriptors */

/**
 * frame_put() - queue one frame
 * @payload: copied
 * @fd:      -1, or a descriptor: taken on OK (closed once sent)
 *
 * Returns OK; ERR_FULL when the queue's maximum would be passed;
 * ERR_NO_MEMORY.
 */
MUST_USE enum err frame_put(struct frame_out *out, uint16_t type,
    const void *payload, size_t len, int fd);

/** frame_pending() - bytes queued and not sent */
size_t frame_pending(const struct frame_out *out);

/**
 * frame_flush() - send what the socket takes without waiting
 *
 * Returns OK when the queue is empty; ERR_AGAIN when some is left: wait for
 * writability; ERR_CLOSED; ERR_SYSTEM.
 */
MUST_USE enum err frame_flush(struct frame_out *out, int sock);

/** frame_drain() - send all, waiting up to @timeout_ms (-1: for ever) */
MUST_USE enum err frame_drain(struct frame_out *out, int sock, int timeout_ms);

#endif
