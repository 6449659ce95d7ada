/*
 * worker.h - what the answering processes share.
 *
 * Knows:    how a worker finds its memory, its sockets, when to stop.
 * Not here: UDP (worker_udp.h), TCP (worker_tcp.h), TLS (worker_tls.h).
 * Runs in:  UDP, TCP and TLS workers: cache read-only, their sockets, their
 *           counters; no files, no database, no allocation after start.
 */
#ifndef DNSD_WORKER_H
#define DNSD_WORKER_H

#include <signal.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/sandbox.h"
#include "common/base/sock.h"
#include "dnsd/answer.h"
#include "dnsd/control.h"
#include "dnsd/worker_front.h"

enum {
	WORKER_SOCKETS_MAX = 64,
	WORKER_TICK_MS = 250,		/* the longest sleep of a worker */
};

/* Given by the supervisor through main; constant for the process's life. */
struct worker {
	int slot;			/* in the control segment */
	const uint8_t *arena;		/* read-only */
	size_t arena_size;
	struct control *control;
	int relay_fd;			/* to the relay role; -1: none */
	int n_sockets;
	int socket[WORKER_SOCKETS_MAX];
	uint8_t stripe[WORKER_SOCKETS_MAX];
	bool proxied[WORKER_SOCKETS_MAX];	/* PROXY headers come first */
	struct sock_addr local[WORKER_SOCKETS_MAX];
	struct answer_ctx ctx;
	struct worker_front front;
	/* UDP */
	int ring_fd;
	bool predecessor_crashed;
	/* TCP */
	uint32_t tcp_clients_max;
	uint32_t tcp_clients_per_ip_max;
	uint32_t tcp_idle_ms;
	uint32_t tcp_message_ms;
	/* TLS */
	int tls_control_fd;		/* of the supervisor; -1: none */
	uint32_t tls_clients_max;
	uint32_t tls_handshake_ms;
};

/* Set by SIGTERM and SIGINT. */
extern volatile sig_atomic_t worker_stop;

/** worker_signals() - install the handlers */
void worker_signals(void);

/** worker_confine() - build the process's walls, once its memory and
 *  descriptors are there: @files more and @data_bytes more it may have.
 *  False, and logged: it may not run. */
bool worker_confine(enum sandbox_wall wall, uint32_t files,
    uint64_t data_bytes);

/** worker_count() - count one finished job
 *  @zones: control_zones() of the worker, or NULL */
void worker_count(struct control_counters *c, struct control_zone *zones,
    const struct answer_job *job);

/** worker_relay() - pass a NOTIFY on, or count that it was dropped */
void worker_relay(const struct worker *w, uint64_t cookie,
    const struct sock_addr *listener, const struct sock_addr *source,
    const uint8_t *request, size_t len);

#endif
