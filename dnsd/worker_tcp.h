/*
 * worker_tcp.h - the answering processes of TCP and TLS: their loop.
 *
 * Knows:    sockets, epoll, turns, accepting under pressure.
 * Not here: who is connected and until when (clients.h), framing and
 *           answering (pipeline.h), TLS (worker_tls.h).
 * Runs in:  one process per worker; epoll.  Its memory is reserved once.
 * Bounded:  clients_max connections, clients_per_ip_max of one IPv4 address
 *           or IPv6 /56; buffers as pipeline.h says; every wait has a
 *           deadline.
 */
#ifndef DNSD_WORKER_TCP_H
#define DNSD_WORKER_TCP_H

#include <sys/types.h>

#include "dnsd/worker.h"

/* What a channel's read and write say beside a count of bytes. */
enum {
	WORKER_TCP_EOF = 0,		/* read alone */
	WORKER_TCP_AGAIN = -1,		/* when the socket is ready */
	WORKER_TCP_FAILED = -2,		/* close it */
	WORKER_TCP_WANT_WRITE = -3,	/* read must write first */
};

/*
 * How bytes get through a socket.  open() NULL: plain TCP.  What open() gives
 * is handed to the others; close() frees it and leaves the descriptor.
 */
struct worker_tcp_channel {
	enum answer_transport transport;
	void *arg;
	uint32_t clients_max;
	uint32_t clients_per_ip_max;
	uint32_t open_ms;		/* for its handshake */
	uint64_t data_bytes;		/* that it may allocate */
	void *(*open)(void *arg, int fd);
	ssize_t (*read)(void *chan, uint8_t *buf, size_t max);
	ssize_t (*write)(void *chan, const uint8_t *buf, size_t len);
	bool (*opened)(const void *chan);	/* handshake done */
	bool (*pending)(const void *chan);	/* read() has more without the socket */
	void (*end)(void *chan);		/* say good-bye: no more output */
	void (*close)(void *chan);
	int extra_fd;			/* -1, or watched for extra() */
	bool (*extra)(void *arg);	/* false: it is gone */
	void (*tick)(void *arg, int64_t now_ms);	/* may be NULL */
};

/** worker_tcp_run() - answer over TCP until SIGTERM; the exit status */
int worker_tcp_run(struct worker *w);

/** worker_tcp_serve() - the same through @ch; borrowed */
int worker_tcp_serve(struct worker *w, const struct worker_tcp_channel *ch);

#endif
