/*
 * worker_udp.c - the UDP answering process.  See worker_udp.h.
 */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/log.h"
#include "common/base/now.h"
#include "dnsd/relay.h"
#include "dnsd/ring.h"
#include "dnsd/worker_udp.h"

enum {
	OUT_MAX = 4096,
	OUT_ROW = OUT_MAX + 192,	/* as RING_ROW */
	DRAIN_BATCHES_MAX = 64,
	UDP_DATA_MAX = 8 << 20,	/* bytes beyond those of the start */
};
static_assert((int)ANSWER_LOCKSTEP >= (int)RING_BATCH, "a job a datagram");

/* The memory of a process that allocates nothing; see worker_udp_run(). */
struct udp {
	struct worker *w;
	struct ring *ring;
	struct control_counters *count;
	struct control_zone *zones;
	struct cache_reader *reader;
	const struct cache_super *super;
	struct proxyv2 header[RING_BATCH];
	uint64_t counted[RING_BATCH];	/* whose answers are; 0: nobody's */
	struct answer_job job[RING_BATCH];
	_Alignas(64) uint8_t out[RING_BATCH][OUT_ROW];
};

/* Who asks what; false: nobody who may. */
static bool
client_of(struct udp *u, unsigned slot, struct worker_front_client *out)
{
	const struct sockaddr_storage *source = &u->ring->source[slot];
	const uint8_t *bytes = u->ring->bytes[slot];
	size_t len = ring_len(u->ring, slot);
	unsigned which = u->ring->socket;

	if (u->w->proxied[which])
		return worker_front_unwrap(&u->w->front, source, bytes, len,
		    u->w->stripe[which], &u->header[slot], out);
	worker_front_plain(source, out);
	out->stripe = u->w->stripe[which];
	out->request = bytes;
	out->request_len = len;
	return true;
}

/* False: it is dropped. */
static bool
job_begin(struct udp *u, unsigned slot, int64_t now, uint32_t wall_s)
{
	struct worker_front_client client;
	struct answer_facts f;

	if (!client_of(u, slot, &client))
		return false;
	f = (struct answer_facts){
		.request = client.request,
		.request_len = client.request_len,
		.out = u->out[slot],
		.out_max = OUT_MAX,
		.transport = ANSWER_UDP,
		.source_port = client.port,
		.client_len = client.ip_len,
		.client = client.ip,
		.stripe = client.stripe,
		.now_boot_ms = now,
		.now_wall_s = wall_s,
	};
	u->counted[slot] = worker_front_counted(&u->w->front, &client);
	answer_begin(&u->job[slot], &u->w->ctx, &f);
	return true;
}

/* A NOTIFY that came by a proxy is of its client; the answer goes to the
 * proxy. */
static void
notify_pass(struct udp *u, unsigned slot)
{
	const struct sock_addr *listener = &u->w->local[u->ring->socket];
	const struct proxyv2 *h = &u->header[slot];
	const uint8_t *bytes = u->ring->bytes[slot];
	size_t len = ring_len(u->ring, slot), skip = 0;
	struct sock_addr source, client;
	uint64_t cookie = 0;
	int proxy;

	if (sock_addr_from_sa((struct sockaddr *)&u->ring->source[slot],
	    sizeof(u->ring->source[slot]), &source) != OK)
		return;
	client = source;
	if (u->w->proxied[u->ring->socket]) {
		proxy = worker_front_proxy(&u->w->front, &source);
		if (proxy < 0)
			return;
		skip = h->size;
		cookie = relay_cookie_proxy((unsigned)proxy, &source);
		if (!h->local)
			worker_front_address(h, &client);
	}
	worker_relay(u->w, cookie, listener, &client, bytes + skip,
	    len - skip);
}

static bool
may_send(struct udp *u, unsigned slot, size_t *len)
{
	return u->counted[slot] == 0 || worker_front_limit(&u->w->front,
	    u->counted[slot], &u->job[slot], u->count, len);
}

static void
job_finish(struct udp *u, unsigned slot)
{
	size_t len = 0;

	switch (answer_finish(&u->job[slot], &len)) {
	case ANSWER_SEND:
		if (!may_send(u, slot, &len))
			break;
		worker_count(u->count, u->zones, &u->job[slot]);
		ring_queue(u->ring, slot, u->out[slot], len);
		return;
	case ANSWER_NOTIFY:
		notify_pass(u, slot);
		break;
	case ANSWER_DROP:
		control_add(u->count, CONTROL_dropped, 1);
		break;
	}
	ring_done(u->ring, slot);
}

/* The jobs of @slots step by step together, so that their misses overlap. */
static void
batch_answer(struct udp *u, const uint8_t *slots, unsigned n)
{
	uint8_t live[RING_BATCH];
	unsigned n_live = 0, kept;
	unsigned failed, sent;
	int64_t now = now_boot_ms();
	uint32_t wall_s = (uint32_t)(now_wall_ms() / 1000);

	worker_front_refresh(&u->w->front);
	control_enter(u->reader, u->super);
	for (unsigned i = 0; i < n; i++) {
		ring_mark(u->ring, slots[i]);
		if (ring_truncated(u->ring, slots[i])) {
			control_add(u->count, CONTROL_dropped, 1);
			ring_done(u->ring, slots[i]);
			continue;
		}
		if (!job_begin(u, slots[i], now, wall_s)) {
			control_add(u->count, CONTROL_proxy_refused, 1);
			ring_done(u->ring, slots[i]);
			continue;
		}
		live[n_live++] = slots[i];
	}
	while (n_live > 0) {
		kept = 0;
		for (unsigned i = 0; i < n_live; i++) {
			if (answer_step(&u->job[live[i]]))
				live[kept++] = live[i];
			else
				job_finish(u, live[i]);
		}
		n_live = kept;
	}
	control_leave(u->reader);
	sent = ring_send(u->ring, u->w->socket[u->ring->socket], &failed);
	control_add(u->count, CONTROL_udp_answers, sent);
	if (failed > 0)
		control_add(u->count, CONTROL_udp_send_failed, failed);
}

static unsigned
socket_serve(struct udp *u, unsigned which, int flags)
{
	static const uint8_t all[RING_BATCH] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
	};
	unsigned n = ring_receive(u->ring, u->w->socket[which], which, flags);

	if (n > 0) {
		control_add(u->count, CONTROL_udp_batches, 1);
		control_add(u->count, CONTROL_udp_queries, n);
		batch_answer(u, all, n);
	}
	return n;
}

/* What the predecessor left, one at a time: see ring.h on poison. */
static void
leftovers_answer(struct udp *u)
{
	uint8_t slots[RING_BATCH];
	unsigned quarantined, n;

	n = ring_recover(u->ring, u->w->predecessor_crashed, slots,
	    &quarantined);
	if (u->ring->socket >= (unsigned)u->w->n_sockets)
		return;
	for (unsigned i = 0; i < n; i++)
		batch_answer(u, &slots[i], 1);
	control_add(u->count, CONTROL_udp_replayed, n);
	control_add(u->count, CONTROL_udp_quarantined, quarantined);
	if (n > 0 || quarantined > 0)
		log_info("ring.recovered", "slot=%d answered=%u quarantined=%u",
		    u->w->slot, n, quarantined);
}

/* What is queued, but not what keeps coming: a successor has the socket. */
static void
drain(struct udp *u, unsigned which)
{
	for (int i = 0; i < DRAIN_BATCHES_MAX; i++)
		if (socket_serve(u, which, MSG_DONTWAIT) == 0)
			return;
}

/* One socket: wait in recvmmsg itself (its receive timeout is the tick). */
static void
serve_one(struct udp *u)
{
	while (!worker_stop) {
		control_beat(u->reader);
		socket_serve(u, 0, MSG_WAITFORONE);
	}
	drain(u, 0);
}

static void
serve_many(struct udp *u)
{
	struct pollfd p[WORKER_SOCKETS_MAX];
	int n = u->w->n_sockets;

	for (int i = 0; i < n; i++)
		p[i] = (struct pollfd){ u->w->socket[i], POLLIN, 0 };
	while (!worker_stop) {
		control_beat(u->reader);
		if (poll(p, (nfds_t)n, WORKER_TICK_MS) <= 0)
			continue;
		for (int i = 0; i < n; i++)
			if (p[i].revents != 0)
				socket_serve(u, (unsigned)i, MSG_DONTWAIT);
	}
	for (int i = 0; i < n; i++)
		drain(u, (unsigned)i);
}

int
worker_udp_run(struct worker *w)
{
	static struct udp udp;		/* main's: the process's memory */
	struct udp *u = &udp;
	enum err e;

	u->w = w;
	u->count = &w->control->counters[w->slot];
	u->zones = control_zones(w->control, (unsigned)w->slot);
	u->reader = &w->control->reader[w->slot];
	u->super = (const struct cache_super *)(const void *)w->arena;
	e = ring_map(w->ring_fd, &u->ring);
	if (e != OK) {
		log_err("ring.failed", "slot=%d reason=%s", w->slot,
		    err_text(e));
		return 1;
	}
	memset(u->out, 0, sizeof(u->out));	/* faults now, not later */
	if (!worker_confine(SANDBOX_UDP, 0, UDP_DATA_MAX))
		return 1;
	leftovers_answer(u);
	if (w->n_sockets == 1)
		serve_one(u);
	else
		serve_many(u);
	ring_unmap(u->ring);
	return 0;
}
