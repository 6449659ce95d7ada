/*
 * worker_tcp.c - the loop of the TCP and TLS processes.  See worker_tcp.h.
 *
 * A turn: read those that are ready, answer everything together, write once
 * to each.  Connections are closed at the end of a turn alone, so that no
 * event or job of the turn is about another one than it seems.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/now.h"
#include "dnsd/clients.h"
#include "dnsd/relay.h"
#include "dnsd/worker_tcp.h"

enum {
	EVENTS_MAX = 64,
	ACCEPTS_A_TURN = 32,
	ACCEPT_PAUSE_MS = 100,		/* after EMFILE and the like */
	DRAIN_MS = 2000,
	TCP_DATA_MAX = 16 << 20,	/* bytes beyond those of the start */
};

enum tag { TAG_LISTENER = 1, TAG_RELAY = 2, TAG_CLIENT = 3, TAG_EXTRA = 4 };

struct tcp {
	struct worker *w;
	const struct worker_tcp_channel *ch;
	struct control_counters *count;
	struct cache_reader *reader;
	int epoll;
	struct clients all;
	bool accepting;
	int64_t accept_again;
	int64_t now;
	struct pipeline pipe;
};

/* The high word says whose event it is, the low one which. */
static uint64_t
event_data(enum tag tag, uint32_t which)
{
	return (uint64_t)tag << 32 | which;
}

/* ---- coming and going ------------------------------------------------------ */

/* Never while jobs of it are in the batch. */
static void
client_close(struct tcp *t, struct client *c)
{
	if (c->chan != NULL)
		t->ch->close(c->chan);
	close(c->fd);
	pipeline_close(&t->pipe, &c->conn);
	clients_drop(&t->all, c);
}

static bool
client_open(struct tcp *t, int fd, int listener, const struct sock_addr *peer)
{
	struct client *c = clients_next(&t->all);
	struct epoll_event ev = { .events = EPOLLIN };
	void *chan = NULL;

	ev.data.u64 = event_data(TAG_CLIENT, clients_index(&t->all, c));
	if (t->ch->open != NULL) {
		chan = t->ch->open(t->ch->arg, fd);
		if (chan == NULL)
			return false;
	}
	if (epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		if (chan != NULL)
			t->ch->close(chan);
		return false;
	}
	c = clients_add(&t->all, fd, peer, t->now);
	c->chan = chan;
	c->events = EPOLLIN;
	c->conn.listener = (uint8_t)listener;
	c->conn.stripe = t->w->stripe[listener];
	c->head_due = t->w->proxied[listener];
	if (chan != NULL) {
		c->open_due = t->now + t->ch->open_ms;
		c->idle_due = 0;
	}
	return true;
}

/* Pressure: one that is idle makes room.  False: there is none. */
static bool
idlest_close(struct tcp *t)
{
	struct client *c = clients_idlest(&t->all);

	if (c == NULL)
		return false;
	control_add(t->count, CONTROL_tcp_displaced, 1);
	client_close(t, c);
	return true;
}

/* ---- accepting ------------------------------------------------------------- */

static void
listeners_switch(struct tcp *t, bool on)
{
	for (int i = 0; i < t->w->n_sockets; i++) {
		struct epoll_event ev = {
			.events = EPOLLIN | EPOLLEXCLUSIVE,
			.data.u64 = event_data(TAG_LISTENER, (uint32_t)i),
		};

		epoll_ctl(t->epoll, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
		    t->w->socket[i], &ev);
	}
	t->accepting = on;
}

static bool
admit(struct tcp *t, int fd, int which, const struct sock_addr *peer)
{
	if (t->w->proxied[which]) {	/* its clients are counted later */
		if (worker_front_proxy(&t->w->front, peer) < 0)
			return false;
	} else if (clients_net_full(&t->all, peer)) {
		return false;
	}
	if (clients_full(&t->all) && !idlest_close(t))
		return false;
	return client_open(t, fd, which, peer);
}

static bool
somebody_waits(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 0) > 0;
}

static void
listener_accept(struct tcp *t, int which)
{
	struct sockaddr_storage sa;
	struct sock_addr peer;
	socklen_t len;
	int fd;

	for (int i = 0; i < ACCEPTS_A_TURN && t->accepting; i++) {
		len = sizeof(sa);
		fd = accept4(t->w->socket[which], (struct sockaddr *)&sa, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EAGAIN || errno == ECONNABORTED ||
			    errno == EINTR)
				return;
			/* Descriptors are counted before callers are. */
			if (!somebody_waits(t->w->socket[which]))
				return;
			/* No descriptors or memory: let some go first. */
			control_add(t->count, CONTROL_tcp_accept_failed, 1);
			idlest_close(t);
			listeners_switch(t, false);
			t->accept_again = t->now + ACCEPT_PAUSE_MS;
			return;
		}
		if (sock_addr_from_sa((struct sockaddr *)&sa, len, &peer) !=
		    OK || !admit(t, fd, which, &peer)) {
			control_add(t->count, CONTROL_tcp_refused, 1);
			close(fd);
			continue;
		}
		control_add(t->count, CONTROL_tcp_accepted, 1);
	}
}

/* ---- bytes ------------------------------------------------------------------ */

static ssize_t
plain_read(int fd, uint8_t *buf, size_t max)
{
	ssize_t n;

	do
		n = recv(fd, buf, max, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? WORKER_TCP_AGAIN : WORKER_TCP_FAILED;
	return n;
}

static ssize_t
plain_write(int fd, const uint8_t *buf, size_t len)
{
	ssize_t n;

	do
		n = send(fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? WORKER_TCP_AGAIN : WORKER_TCP_FAILED;
	return n;
}

/* The connection is another's now: the client behind the proxy. */
static void
client_rename(struct tcp *t, struct client *c, const struct proxyv2 *h)
{
	struct sock_addr peer;

	c->conn.stripe = worker_front_stripe(&t->w->front, h, c->conn.stripe);
	if (h->local)
		return;
	worker_front_address(h, &peer);
	if (clients_net_full(&t->all, &peer)) {
		control_add(t->count, CONTROL_tcp_refused, 1);
		c->conn.broken = true;
		return;
	}
	clients_rename(&t->all, c, &peer);
}

/*
 * The PROXY header is looked at where the kernel keeps it and taken when it is
 * whole; until then the kernel wakes us for more octets than there were.
 * False: not yet, or never (broken).
 */
static bool
head_take(struct tcp *t, struct client *c)
{
	uint8_t head[PROXYV2_MAX];
	ssize_t n = recv(c->fd, head, sizeof(head), MSG_PEEK | MSG_DONTWAIT);
	struct proxyv2 h;
	int low = 1;
	enum err e;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	e = n <= c->head_seen ? ERR_MALFORMED :
	    proxyv2_parse(head, (size_t)n, &h);
	if (e == OK && recv(c->fd, head, h.size, MSG_DONTWAIT) != h.size)
		e = ERR_MALFORMED;
	if (e == ERR_AGAIN) {
		c->head_seen = (uint16_t)n;
		low = (int)n + 1;
	} else if (e == OK) {
		c->head_due = false;
		client_rename(t, c, &h);
	} else {
		control_add(t->count, CONTROL_proxy_refused, 1);
		c->conn.broken = true;
	}
	setsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
	return e == OK && !c->conn.broken;
}

static void
client_read(struct tcp *t, struct client *c)
{
	size_t max;
	uint8_t *buf;
	ssize_t n;

	if (c->eof || c->doomed || !pipeline_wants(&c->conn))
		return;
	if (c->head_due && !head_take(t, c))
		return;
	buf = pipeline_room(&t->pipe, &c->conn, &max);
	if (!pipeline_wants(&c->conn))
		return;
	n = c->chan == NULL ? plain_read(c->fd, buf, max) :
	    t->ch->read(c->chan, buf, max);
	c->again = false;
	c->read_writes = n == WORKER_TCP_WANT_WRITE;
	switch (n) {
	case WORKER_TCP_AGAIN:
	case WORKER_TCP_WANT_WRITE:
		return;
	case WORKER_TCP_FAILED:
		c->conn.broken = true;
		return;
	case WORKER_TCP_EOF:
		c->eof = true;
		return;
	default:
		if (pipeline_took(&t->pipe, &c->conn, (size_t)n) != OK)
			c->doomed = true;
	}
	c->again = c->chan != NULL && t->ch->pending(c->chan);
}

/* As pipeline_flush_fn: write what the socket takes. */
static void
client_write(void *arg, struct pipeline_conn *conn)
{
	struct tcp *t = arg;
	struct client *c = (struct client *)(void *)conn;
	const uint8_t *out;
	size_t len;
	ssize_t n;

	while ((out = pipeline_output(conn, &len)) != NULL) {
		n = c->chan == NULL ? plain_write(c->fd, out, len) :
		    t->ch->write(c->chan, out, len);
		if (n == WORKER_TCP_FAILED)
			conn->broken = true;
		if (n <= 0)
			break;
		c->taken += (uint32_t)n;
		pipeline_sent(&t->pipe, conn, (size_t)n);
	}
}

/* As pipeline_notify_fn. */
static void
notify_pass(void *arg, struct pipeline_conn *conn, const uint8_t *msg,
    size_t len)
{
	struct tcp *t = arg;
	struct client *c = (struct client *)(void *)conn;
	uint64_t cookie = RELAY_COOKIE_TCP | (uint64_t)t->w->slot << 48 |
	    (uint64_t)(c->turn & 0xffff) << 32 | (uint64_t)(c - t->all.client);

	worker_relay(t->w, cookie, &t->w->local[conn->listener], &conn->peer,
	    msg, len);
}

/* The answer of xferd to a NOTIFY that came in here. */
static void
relay_reply(struct tcp *t, const struct relay_frame *f)
{
	uint32_t which = (uint32_t)f->cookie;
	struct client *c;

	if (which >= t->all.n_max)
		return;
	c = &t->all.client[which];
	if (c->fd < 0 || (c->turn & 0xffff) != (f->cookie >> 32 & 0xffff))
		return;
	if (pipeline_put(&t->pipe, &c->conn, f->datagram, f->len) != OK)
		return;
	control_add(t->count, CONTROL_notify_answered, 1);
	clients_enlist(&t->all, c);
}

static void
relay_read(struct tcp *t)
{
	uint8_t bytes[RELAY_FRAME_MAX];
	struct relay_frame f;
	ssize_t n;

	for (int i = 0; i < EVENTS_MAX; i++) {
		n = recv(t->w->relay_fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n <= 0)
			return;
		if (relay_frame_get(bytes, (size_t)n, &f) == OK &&
		    f.kind == RELAY_REPLY)
			relay_reply(t, &f);
	}
}

/* ---- the end of a turn ------------------------------------------------------- */

static void
events_set(struct tcp *t, struct client *c)
{
	bool writing = c->conn.out_len > c->conn.out_at;
	struct epoll_event ev = { .events = 0 };

	/* While output waits, nothing more is read. */
	if (writing || c->read_writes)
		ev.events = EPOLLOUT;
	else if (!c->eof && !c->doomed)
		ev.events = EPOLLIN;
	if (ev.events == c->events)
		return;
	c->events = ev.events;
	ev.data.u64 = event_data(TAG_CLIENT, (uint32_t)(c - t->all.client));
	epoll_ctl(t->epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

/* True: nothing keeps this connection any longer. */
static bool
over(const struct client *c)
{
	if (c->conn.broken)
		return true;
	if (c->conn.out_len > c->conn.out_at || c->conn.waiting)
		return false;
	return c->eof || c->doomed;
}

static void
client_settle(struct tcp *t, struct client *c)
{
	if (!c->conn.broken)
		client_write(t, &c->conn);
	if (over(c)) {
		if (c->chan != NULL && !c->conn.broken)
			t->ch->end(c->chan);
		client_close(t, c);
		return;
	}
	clients_deadlines(&t->all, c, c->chan == NULL ||
	    t->ch->opened(c->chan), t->now);
	events_set(t, c);
	/* What waits for its turn, not for the socket. */
	if ((c->conn.waiting || c->again) && c->events != EPOLLOUT)
		clients_enlist(&t->all, c);
}

/* Those that were touched: their output, their future. */
static void
turn_end(struct tcp *t)
{
	uint32_t n = t->all.n_list;

	pipeline_run(&t->pipe);
	t->all.n_list = 0;
	/* The list is written behind where it is read. */
	for (uint32_t i = 0; i < n; i++) {
		struct client *c = &t->all.client[t->all.list[i]];

		c->queued = false;
		client_settle(t, c);
	}
}

static void
client_turn(struct tcp *t, struct client *c)
{
	if (c->conn.waiting) {
		if (pipeline_resume(&t->pipe, &c->conn) != OK)
			c->doomed = true;
	} else {
		client_read(t, c);
	}
}

static void
client_event(struct tcp *t, struct client *c)
{
	if (c->fd < 0 || c->queued)
		return;
	if (c->conn.out_len > c->conn.out_at)
		client_write(t, &c->conn);
	if (c->conn.out_len == c->conn.out_at)
		client_turn(t, c);
	clients_enlist(&t->all, c);
}

static void
events_serve(struct tcp *t, int wait_ms)
{
	struct epoll_event ev[EVENTS_MAX];
	uint32_t n_left = t->all.n_list;
	int n;

	n = epoll_wait(t->epoll, ev, EVENTS_MAX, n_left > 0 ? 0 : wait_ms);
	t->now = now_mono_ms();
	worker_front_refresh(&t->w->front);
	for (uint32_t i = 0; i < n_left; i++)
		client_turn(t, &t->all.client[t->all.list[i]]);
	for (int i = 0; i < n; i++) {
		uint32_t which = (uint32_t)ev[i].data.u64;

		switch (ev[i].data.u64 >> 32) {
		case TAG_LISTENER:
			listener_accept(t, (int)which);
			break;
		case TAG_RELAY:
			relay_read(t);
			break;
		case TAG_EXTRA:
			if (!t->ch->extra(t->ch->arg))
				epoll_ctl(t->epoll, EPOLL_CTL_DEL,
				    t->ch->extra_fd, NULL);
			break;
		default:
			client_event(t, &t->all.client[which]);
		}
	}
	turn_end(t);
}

/* Between turns. */
static void
tick(struct tcp *t)
{
	for (uint32_t i = 0; i < t->all.n_max && t->all.n_open > 0; i++) {
		struct client *c = &t->all.client[i];

		if (c->fd < 0 || c->queued || !clients_late(c, t->now))
			continue;
		control_add(t->count, CONTROL_tcp_timeouts, 1);
		client_close(t, c);
	}
	if (!t->accepting && t->now >= t->accept_again && !worker_stop)
		listeners_switch(t, true);
	if (t->ch->tick != NULL)
		t->ch->tick(t->ch->arg, t->now);
}

/* ---- the whole ---------------------------------------------------------------- */

static enum err
tcp_init(struct tcp *t, struct worker *w, const struct worker_tcp_channel *ch)
{
	struct pipeline_conf conf = {
		.ctx = &w->ctx,
		.transport = ch->transport,
		.count = &w->control->counters[w->slot],
		.zones = control_zones(w->control, (unsigned)w->slot),
		.reader = &w->control->reader[w->slot],
		.super = (const struct cache_super *)(const void *)w->arena,
		.buffers = MIN(ch->clients_max,
		    (uint32_t)PIPELINE_BUFFERS_MAX),
		.flush = client_write,
		.notify = notify_pass,
		.arg = t,
	};
	struct epoll_event ev = { .events = EPOLLIN };
	enum err e;

	t->w = w;
	t->ch = ch;
	t->count = conf.count;
	t->reader = conf.reader;
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (t->epoll < 0)
		return err_from_errno(errno);
	e = clients_init(&t->all, ch->clients_max, ch->clients_per_ip_max,
	    w->tcp_idle_ms, w->tcp_message_ms);
	if (e == OK)
		e = pipeline_init(&t->pipe, &conf);
	if (e != OK)
		return e;
	ev.data.u64 = event_data(TAG_RELAY, 0);
	if (w->relay_fd >= 0)
		epoll_ctl(t->epoll, EPOLL_CTL_ADD, w->relay_fd, &ev);
	ev.data.u64 = event_data(TAG_EXTRA, 0);
	if (ch->extra_fd >= 0)
		epoll_ctl(t->epoll, EPOLL_CTL_ADD, ch->extra_fd, &ev);
	return OK;
}

/* No new connections; those here may finish. */
static void
drain(struct tcp *t)
{
	int64_t stop_at = t->now + DRAIN_MS;

	if (t->accepting)
		listeners_switch(t, false);
	while (t->all.n_open > 0 && t->now < stop_at) {
		control_beat(t->reader);
		events_serve(t, 50);
		for (uint32_t i = 0; i < t->all.n_max; i++) {
			struct client *c = &t->all.client[i];

			if (!clients_idle(c))
				continue;
			if (c->chan != NULL)
				t->ch->end(c->chan);
			client_close(t, c);
		}
	}
}

int
worker_tcp_serve(struct worker *w, const struct worker_tcp_channel *ch)
{
	static struct tcp tcp;		/* main's: the process's memory */
	struct tcp *t = &tcp;
	int64_t next_tick = 0;
	enum err e = tcp_init(t, w, ch);

	if (e != OK) {
		log_err("tcp.failed", "slot=%d reason=%s", w->slot,
		    LOG_Q(err_text(e)));
		return 1;
	}
	if (!worker_confine(ch->transport == ANSWER_TLS ? SANDBOX_TLS :
	    SANDBOX_TCP, ch->clients_max, ch->data_bytes))
		return 1;
	t->now = now_mono_ms();
	listeners_switch(t, true);
	while (!worker_stop) {
		control_beat(t->reader);
		events_serve(t, WORKER_TICK_MS / 2);
		if (t->now >= next_tick) {
			tick(t);
			next_tick = t->now + WORKER_TICK_MS / 2;
		}
	}
	drain(t);
	return 0;
}

int
worker_tcp_run(struct worker *w)
{
	const struct worker_tcp_channel plain = {
		.transport = ANSWER_TCP,
		.clients_max = w->tcp_clients_max,
		.clients_per_ip_max = w->tcp_clients_per_ip_max,
		.data_bytes = TCP_DATA_MAX,
		.extra_fd = -1,
	};

	return worker_tcp_serve(w, &plain);
}
