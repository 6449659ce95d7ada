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
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "dnsd/pipeline.h"
#include "dnsd/relay.h"
#include "dnsd/worker_tcp.h"

enum {
	EVENTS_MAX = 64,
	ACCEPTS_A_TURN = 32,
	ACCEPT_PAUSE_MS = 100,		/* after EMFILE and the like */
	IDLE_LOOKS = 64,		/* at connections, for one to let go */
	DRAIN_MS = 2000,
	TCP_DATA_MAX = 16 << 20,	/* bytes beyond those of the start */
	NOBODY = UINT32_MAX,
};

enum tag { TAG_LISTENER = 1, TAG_RELAY = 2, TAG_CLIENT = 3, TAG_EXTRA = 4 };

struct client {
	struct pipeline_conn conn;	/* first: found by its address */
	void *chan;			/* of the channel; NULL: plain */
	int fd;				/* -1: free */
	uint32_t turn;			/* rises with each use of the slot */
	uint32_t next;			/* of the free, or of the same bucket */
	uint32_t prev;
	uint32_t bucket;
	uint32_t taken;			/* bytes since write_due was set */
	uint32_t n_messages;		/* of the connection, as last seen */
	uint32_t events;		/* what epoll waits for */
	bool eof;			/* the client has shut its side down */
	bool doomed;			/* closed once its output is written */
	bool queued;			/* in this turn's list */
	bool again;			/* read without waiting */
	bool read_writes;		/* the channel's read must write first */
	bool head_due;			/* a PROXY header comes first */
	uint16_t head_seen;		/* octets of it */
	int64_t last;			/* when it was last busy */
	/* Deadlines, now_mono_ms(); 0: not waited for. */
	int64_t idle_due, message_due, write_due, open_due;
};

struct tcp {
	struct worker *w;
	const struct worker_tcp_channel *ch;
	struct control_counters *count;
	struct cache_reader *reader;
	int epoll;
	uint32_t n_max, n_open, free_head;
	uint32_t n_buckets, look;
	struct client *client;
	uint32_t *bucket;		/* heads: clients of one network */
	uint32_t *list;			/* this turn's, then the next one's */
	uint32_t n_list;
	struct hash_key key;
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

static void
enlist(struct tcp *t, struct client *c)
{
	if (c->queued)
		return;
	c->queued = true;
	t->list[t->n_list++] = (uint32_t)(c - t->client);
}

/* ---- who is connected ----------------------------------------------------- */

/* Same /32, same /56. */
static size_t
net_bytes(const struct sock_addr *a)
{
	return a->family == 4 ? 4 : 7;
}

static uint32_t
bucket_of(const struct tcp *t, const struct sock_addr *a)
{
	return (uint32_t)hash_sip(&t->key, a->ip, net_bytes(a)) &
	    (t->n_buckets - 1);
}

static bool
over_limit_of_net(const struct tcp *t, uint32_t bucket,
    const struct sock_addr *peer)
{
	uint32_t n = 0;

	for (uint32_t i = t->bucket[bucket]; i != NOBODY; i =
	    t->client[i].next) {
		const struct sock_addr *a = &t->client[i].conn.peer;

		if (a->family == peer->family && memcmp(a->ip, peer->ip,
		    net_bytes(peer)) == 0)
			n++;
	}
	return n >= t->ch->clients_per_ip_max;
}

static void
bucket_enter(struct tcp *t, struct client *c, uint32_t bucket)
{
	uint32_t me = (uint32_t)(c - t->client);

	c->bucket = bucket;
	c->prev = NOBODY;
	c->next = t->bucket[bucket];
	if (c->next != NOBODY)
		t->client[c->next].prev = me;
	t->bucket[bucket] = me;
}

static void
bucket_leave(struct tcp *t, struct client *c)
{
	if (c->prev != NOBODY)
		t->client[c->prev].next = c->next;
	else
		t->bucket[c->bucket] = c->next;
	if (c->next != NOBODY)
		t->client[c->next].prev = c->prev;
}

/* Never while jobs of it are in the batch. */
static void
client_close(struct tcp *t, struct client *c)
{
	if (c->chan != NULL)
		t->ch->close(c->chan);
	close(c->fd);
	c->fd = -1;
	pipeline_close(&t->pipe, &c->conn);
	bucket_leave(t, c);
	c->next = t->free_head;
	t->free_head = (uint32_t)(c - t->client);
	t->n_open--;
}

static bool
client_open(struct tcp *t, int fd, int listener, const struct sock_addr *peer,
    uint32_t bucket)
{
	struct client *c = &t->client[t->free_head];
	struct epoll_event ev = { .events = EPOLLIN };
	uint32_t next = c->next, turn = c->turn + 1;
	void *chan = NULL;

	ev.data.u64 = event_data(TAG_CLIENT, t->free_head);
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
	memset(c, 0, sizeof(*c));
	c->turn = turn;
	c->fd = fd;
	c->chan = chan;
	c->events = EPOLLIN;
	c->conn.listener = (uint8_t)listener;
	c->conn.peer = *peer;
	c->last = t->now;
	c->conn.stripe = t->w->stripe[listener];
	c->head_due = t->w->proxied[listener];
	/* Who comes to say nothing does not stay long. */
	if (chan != NULL)
		c->open_due = t->now + t->ch->open_ms;
	else
		c->idle_due = t->now + MIN(t->w->tcp_message_ms,
		    t->w->tcp_idle_ms);
	t->free_head = next;
	t->n_open++;
	bucket_enter(t, c, bucket);
	return true;
}

static bool
idle(const struct client *c)
{
	return c->fd >= 0 && !c->queued && c->idle_due != 0 &&
	    c->open_due == 0 && c->conn.n_jobs == 0;
}

/* Pressure: of a few idle connections, the one that is so the longest goes.
 * False: there is none. */
static bool
idlest_close(struct tcp *t)
{
	struct client *found = NULL;

	for (unsigned i = 0; i < IDLE_LOOKS && i < t->n_max; i++) {
		struct client *c = &t->client[t->look];

		t->look = (t->look + 1) % t->n_max;
		if (idle(c) && (found == NULL ||
		    c->last < found->last))
			found = c;
	}
	if (found == NULL)
		return false;
	control_add(t->count, CONTROL_tcp_displaced, 1);
	client_close(t, found);
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
	uint32_t bucket = bucket_of(t, peer);

	if (t->w->proxied[which]) {	/* its clients are counted later */
		if (worker_front_proxy(&t->w->front, peer) < 0)
			return false;
	} else if (over_limit_of_net(t, bucket, peer)) {
		return false;
	}
	if (t->n_open >= t->n_max && !idlest_close(t))
		return false;
	return client_open(t, fd, which, peer, bucket);
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
	uint32_t bucket;

	c->conn.stripe = worker_front_stripe(&t->w->front, h, c->conn.stripe);
	if (h->local)
		return;
	worker_front_address(h, &peer);
	bucket = bucket_of(t, &peer);
	if (over_limit_of_net(t, bucket, &peer)) {
		control_add(t->count, CONTROL_tcp_refused, 1);
		c->conn.broken = true;
		return;
	}
	bucket_leave(t, c);
	c->conn.peer = peer;
	bucket_enter(t, c, bucket);
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
	    (uint64_t)(c->turn & 0xffff) << 32 | (uint64_t)(c - t->client);

	worker_relay(t->w, cookie, &t->w->local[conn->listener], &conn->peer,
	    msg, len);
}

/* The answer of xferd to a NOTIFY that came in here. */
static void
relay_reply(struct tcp *t, const struct relay_frame *f)
{
	uint32_t which = (uint32_t)f->cookie;
	struct client *c;

	if (which >= t->n_max)
		return;
	c = &t->client[which];
	if (c->fd < 0 || (c->turn & 0xffff) != (f->cookie >> 32 & 0xffff))
		return;
	if (pipeline_put(&t->pipe, &c->conn, f->datagram, f->len) != OK)
		return;
	control_add(t->count, CONTROL_notify_answered, 1);
	enlist(t, c);
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

/* Each of the three has its own clock; none is moved by what is trickled. */
static void
deadlines_set(struct tcp *t, struct client *c)
{
	bool writing = c->conn.out_len > c->conn.out_at;
	bool partial = pipeline_partial(&c->conn);
	bool progress = c->conn.n_messages != c->n_messages;

	c->n_messages = c->conn.n_messages;
	if (writing || partial || progress)
		c->last = t->now;
	if (c->open_due != 0) {
		if (!t->ch->opened(c->chan))
			return;
		c->open_due = 0;
	}
	if (!writing) {
		c->write_due = 0;
	} else if (c->write_due == 0 || c->taken >= WORKER_TCP_SLOW_BYTES) {
		c->write_due = t->now + t->w->tcp_message_ms;
		c->taken = 0;
	}
	if (!partial)
		c->message_due = 0;
	else if (c->message_due == 0 || progress)
		c->message_due = t->now + t->w->tcp_message_ms;
	if (writing || partial || c->conn.waiting)
		c->idle_due = 0;
	else if (c->idle_due == 0 || progress)
		c->idle_due = t->now + t->w->tcp_idle_ms;
}

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
	ev.data.u64 = event_data(TAG_CLIENT, (uint32_t)(c - t->client));
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
	deadlines_set(t, c);
	events_set(t, c);
	/* What waits for its turn, not for the socket. */
	if ((c->conn.waiting || c->again) && c->events != EPOLLOUT)
		enlist(t, c);
}

/* Those that were touched: their output, their future. */
static void
turn_end(struct tcp *t)
{
	uint32_t n = t->n_list;

	pipeline_run(&t->pipe);
	t->n_list = 0;
	/* The list is written behind where it is read. */
	for (uint32_t i = 0; i < n; i++) {
		struct client *c = &t->client[t->list[i]];

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
	enlist(t, c);
}

static void
events_serve(struct tcp *t, int wait_ms)
{
	struct epoll_event ev[EVENTS_MAX];
	uint32_t n_left = t->n_list;
	int n;

	n = epoll_wait(t->epoll, ev, EVENTS_MAX, n_left > 0 ? 0 : wait_ms);
	t->now = now_mono_ms();
	worker_front_refresh(&t->w->front);
	for (uint32_t i = 0; i < n_left; i++)
		client_turn(t, &t->client[t->list[i]]);
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
			client_event(t, &t->client[which]);
		}
	}
	turn_end(t);
}

static bool
late(const struct tcp *t, const struct client *c)
{
	return (c->idle_due != 0 && t->now >= c->idle_due) ||
	    (c->message_due != 0 && t->now >= c->message_due) ||
	    (c->write_due != 0 && t->now >= c->write_due) ||
	    (c->open_due != 0 && t->now >= c->open_due);
}

/* Between turns. */
static void
tick(struct tcp *t)
{
	for (uint32_t i = 0; i < t->n_max && t->n_open > 0; i++) {
		struct client *c = &t->client[i];

		if (c->fd < 0 || c->queued || !late(t, c))
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
tables_make(struct tcp *t)
{
	size_t n = t->ch->clients_max, buckets = 64, bytes;
	uint8_t *p;

	while (buckets < n)
		buckets *= 2;
	bytes = n * (sizeof(struct client) + sizeof(uint32_t)) +
	    buckets * sizeof(uint32_t);
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return ERR_NO_MEMORY;
	t->client = (struct client *)(void *)p;
	t->list = (uint32_t *)(void *)(p + n * sizeof(struct client));
	t->bucket = t->list + n;
	t->n_max = (uint32_t)n;
	t->n_buckets = (uint32_t)buckets;
	for (size_t i = 0; i < n; i++) {
		t->client[i].fd = -1;
		t->client[i].next = (uint32_t)i + 1;
	}
	for (size_t i = 0; i < buckets; i++)
		t->bucket[i] = NOBODY;
	return OK;
}

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
	hash_key_random(&t->key);
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (t->epoll < 0)
		return err_from_errno(errno);
	e = tables_make(t);
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
	while (t->n_open > 0 && t->now < stop_at) {
		control_beat(t->reader);
		events_serve(t, 50);
		for (uint32_t i = 0; i < t->n_max; i++) {
			struct client *c = &t->client[i];

			if (!idle(c))
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
