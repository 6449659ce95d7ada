/*
 * worker_tcp.c - the TCP answering process.  See worker_tcp.h.
 *
 * A connection reads only while its output has room for a whole answer: who
 * never reads is neither read from, and falls to the message deadline.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/now.h"
#include "dnsd/relay.h"
#include "dnsd/worker_tcp.h"

enum {
	IN_MAX = 2 + 65535,
	OUT_ONE = 2 + ANSWER_TCP_MAX,
	OUT_MAX = 2 * OUT_ONE,
	MESSAGE_MIN = 12,
	MESSAGES_A_TURN = 32,		/* then the others have their turn */
	EVENTS_MAX = 64,
	ACCEPTS_A_TURN = 32,
	ACCEPT_PAUSE_MS = 100,		/* after EMFILE and the like */
	KEEP_TOUCHED = 4096,		/* buffer pages kept by a free slot */
	DRAIN_MS = 2000,
};

enum tag { TAG_LISTENER = 1, TAG_RELAY = 2, TAG_CLIENT = 3 };

/* What is looked at often; buffers are elsewhere. */
struct client {
	int fd;				/* -1: free */
	uint32_t turn;			/* rises with each use of the slot */
	uint32_t in_len;
	uint32_t in_at;			/* parsed so far */
	uint32_t out_len;
	uint32_t out_at;		/* sent so far */
	uint32_t in_high, out_high;	/* bytes ever touched in this use */
	uint32_t next_free;
	uint8_t listener;
	bool eof;			/* the client has shut its side down */
	bool more;			/* whole messages wait in the buffer */
	bool want_write;
	int64_t deadline;		/* now_mono_ms() */
	struct sock_addr peer;
};

struct tcp {
	struct worker *w;
	struct control_counters *count;
	struct cache_reader *reader;
	const struct cache_super *super;
	int epoll;
	uint32_t n_max, n_open, free_head;
	struct client *client;
	uint8_t *in, *out;		/* n_max * IN_MAX, n_max * OUT_MAX */
	bool accepting;
	int64_t accept_again;
	int64_t now;
	uint32_t n_more;
	struct answer_job job;
};

static uint8_t *
in_of(struct tcp *t, struct client *c)
{
	return t->in + (size_t)(c - t->client) * ALIGN_UP(IN_MAX, 4096);
}

static uint8_t *
out_of(struct tcp *t, struct client *c)
{
	return t->out + (size_t)(c - t->client) * ALIGN_UP(OUT_MAX, 4096);
}

/* The high word says whose event it is, the low one which. */
static uint64_t
event_data(enum tag tag, uint32_t which)
{
	return (uint64_t)tag << 32 | which;
}

static void
client_close(struct tcp *t, struct client *c)
{
	size_t in_size = ALIGN_UP(IN_MAX, 4096);
	size_t out_size = ALIGN_UP(OUT_MAX, 4096);

	close(c->fd);
	c->fd = -1;
	if (c->more)
		t->n_more--;
	/* Big buffers go back to the machine; small ones are kept warm. */
	if (c->in_high > KEEP_TOUCHED)
		madvise(in_of(t, c) + KEEP_TOUCHED, in_size - KEEP_TOUCHED,
		    MADV_DONTNEED);
	if (c->out_high > KEEP_TOUCHED)
		madvise(out_of(t, c) + KEEP_TOUCHED, out_size - KEEP_TOUCHED,
		    MADV_DONTNEED);
	c->next_free = t->free_head;
	t->free_head = (uint32_t)(c - t->client);
	t->n_open--;
}

static void
client_more(struct tcp *t, struct client *c, bool more)
{
	if (c->more == more)
		return;
	c->more = more;
	t->n_more += more ? 1 : (uint32_t)-1;
}

/* What the next wait may last: an unfinished message less than an idle one. */
static void
client_deadline(struct tcp *t, struct client *c)
{
	bool busy = c->in_len > c->in_at || c->out_len > c->out_at;

	c->deadline = t->now + (busy ? t->w->tcp_message_ms :
	    t->w->tcp_idle_ms);
}

/* Same /32, same /56. */
static bool
same_client_net(const struct sock_addr *a, const struct sock_addr *b)
{
	return a->family == b->family &&
	    memcmp(a->ip, b->ip, a->family == 4 ? 4 : 7) == 0;
}

static bool
over_limit(const struct tcp *t, const struct sock_addr *peer)
{
	uint32_t n = 0;

	if (t->n_open >= t->n_max)
		return true;
	if (t->n_open < t->w->tcp_clients_per_ip_max)
		return false;
	for (uint32_t i = 0; i < t->n_max; i++)
		if (t->client[i].fd >= 0 &&
		    same_client_net(&t->client[i].peer, peer))
			n++;
	return n >= t->w->tcp_clients_per_ip_max;
}

static void
client_open(struct tcp *t, int fd, int listener, const struct sock_addr *peer)
{
	struct client *c = &t->client[t->free_head];
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP };
	uint32_t next = c->next_free;
	uint32_t turn = c->turn + 1;

	memset(c, 0, sizeof(*c));
	c->turn = turn;
	c->fd = fd;
	c->listener = (uint8_t)listener;
	c->peer = *peer;
	c->deadline = t->now + t->w->tcp_message_ms;
	t->free_head = next;
	t->n_open++;
	ev.data.u64 = event_data(TAG_CLIENT, (uint32_t)(c - t->client));
	if (epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &ev) < 0)
		client_close(t, c);
}

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

static void
listener_accept(struct tcp *t, int which)
{
	struct sockaddr_storage sa;
	struct sock_addr peer;
	socklen_t len;
	int fd;

	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		len = sizeof(sa);
		fd = accept4(t->w->socket[which], (struct sockaddr *)&sa, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EAGAIN || errno == ECONNABORTED ||
			    errno == EINTR)
				return;
			/* No descriptors or memory: let some go first. */
			control_add(t->count, CONTROL_tcp_accept_failed, 1);
			listeners_switch(t, false);
			t->accept_again = t->now + ACCEPT_PAUSE_MS;
			return;
		}
		if (sock_addr_from_sa((struct sockaddr *)&sa, len, &peer) !=
		    OK || over_limit(t, &peer)) {
			control_add(t->count, CONTROL_tcp_refused, 1);
			close(fd);
			continue;
		}
		control_add(t->count, CONTROL_tcp_accepted, 1);
		client_open(t, fd, which, &peer);
	}
}

static void
notify_pass(struct tcp *t, struct client *c, const uint8_t *msg, size_t len)
{
	uint64_t cookie = RELAY_COOKIE_TCP | (uint64_t)t->w->slot << 48 |
	    (uint64_t)(c->turn & 0xffff) << 32 | (uint64_t)(c - t->client);

	worker_relay(t->w, cookie, &t->w->local[c->listener], &c->peer, msg,
	    len);
}

static void
message_answer(struct tcp *t, struct client *c, const uint8_t *msg, size_t len)
{
	uint8_t *out = out_of(t, c) + c->out_len;
	struct answer_facts f = {
		.request = msg,
		.request_len = len,
		.out = out + 2,
		.out_max = ANSWER_TCP_MAX,
		.transport = ANSWER_TCP,
		.source_port = c->peer.port,
		.stripe = t->w->stripe[c->listener],
		.now_boot_ms = now_boot_ms(),
	};
	size_t n = 0;

	control_add(t->count, CONTROL_tcp_queries, 1);
	switch (answer(&t->job, &t->w->ctx, &f, &n)) {
	case ANSWER_SEND:
		worker_count(t->count, &t->job);
		control_add(t->count, CONTROL_tcp_answers, 1);
		out[0] = (uint8_t)(n >> 8);
		out[1] = (uint8_t)n;
		c->out_len += (uint32_t)n + 2;
		c->out_high = MAX(c->out_high, c->out_len);
		break;
	case ANSWER_NOTIFY:
		notify_pass(t, c, msg, len);
		break;
	case ANSWER_DROP:
		control_add(t->count, CONTROL_dropped, 1);
		break;
	}
}

/* False: the connection is to be closed. */
static bool
messages_answer(struct tcp *t, struct client *c)
{
	uint8_t *in = in_of(t, c);
	int n = 0;
	size_t len;
	bool whole = false;

	control_enter(t->reader, t->super);
	for (;;) {
		if (c->in_len - c->in_at < 2)
			break;
		len = (size_t)in[c->in_at] << 8 | in[c->in_at + 1];
		if (len < MESSAGE_MIN) {
			control_leave(t->reader);
			control_add(t->count, CONTROL_tcp_malformed, 1);
			return false;
		}
		if (c->in_len - c->in_at - 2 < len)
			break;
		whole = true;
		if (n == MESSAGES_A_TURN || OUT_MAX - c->out_len < OUT_ONE)
			break;
		message_answer(t, c, in + c->in_at + 2, len);
		c->in_at += 2 + (uint32_t)len;
		whole = false;
		n++;
	}
	control_leave(t->reader);
	/* Waits for its turn; what waits for room is woken by EPOLLOUT. */
	client_more(t, c, whole && OUT_MAX - c->out_len >= OUT_ONE);
	if (c->in_at > 0) {
		memmove(in, in + c->in_at, c->in_len - c->in_at);
		c->in_len -= c->in_at;
		c->in_at = 0;
	}
	return true;
}

static bool
client_write(struct tcp *t, struct client *c)
{
	uint8_t *out = out_of(t, c);
	struct epoll_event ev;
	ssize_t n;
	bool want;

	while (c->out_at < c->out_len) {
		n = send(c->fd, out + c->out_at, c->out_len - c->out_at,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return false;
		if (n < 0)
			break;
		c->out_at += (uint32_t)n;
		client_deadline(t, c);
	}
	if (c->out_at == c->out_len) {
		c->out_at = c->out_len = 0;
	} else if (c->out_at > OUT_ONE) {
		memmove(out, out + c->out_at, c->out_len - c->out_at);
		c->out_len -= c->out_at;
		c->out_at = 0;
	}
	want = c->out_len > 0;
	if (want != c->want_write) {
		c->want_write = want;
		/* While output waits, nothing more is read. */
		ev.events = want ? EPOLLOUT : EPOLLIN | EPOLLRDHUP;
		ev.data.u64 = event_data(TAG_CLIENT,
		    (uint32_t)(c - t->client));
		epoll_ctl(t->epoll, EPOLL_CTL_MOD, c->fd, &ev);
	}
	return true;
}

static bool
client_read(struct tcp *t, struct client *c)
{
	ssize_t n;
	bool idle = c->in_len == 0;

	if (c->eof || c->in_len >= IN_MAX)
		return true;
	n = recv(c->fd, in_of(t, c) + c->in_len, IN_MAX - c->in_len,
	    MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0) {
		c->eof = true;
		return true;
	}
	c->in_len += (uint32_t)n;
	c->in_high = MAX(c->in_high, c->in_len);
	/* Slow drops of bytes don't move the deadline of a message. */
	if (idle)
		c->deadline = t->now + t->w->tcp_message_ms;
	return true;
}

static void
client_turn(struct tcp *t, struct client *c, bool readable)
{
	uint32_t in_before;

	if (readable && !c->want_write && !client_read(t, c))
		goto close;
	in_before = c->in_len;
	if (!messages_answer(t, c) || !client_write(t, c))
		goto close;
	if (c->in_len != in_before)		/* some message was finished */
		client_deadline(t, c);
	if (c->eof && !c->more && c->out_len == 0)
		goto close;
	return;
close:
	client_close(t, c);
}

/* The answer of xferd to a NOTIFY that came in here. */
static void
relay_reply(struct tcp *t, const struct relay_frame *f)
{
	uint32_t which = (uint32_t)f->cookie;
	struct client *c;
	uint8_t *out;

	if (which >= t->n_max)
		return;
	c = &t->client[which];
	if (c->fd < 0 || (c->turn & 0xffff) != (f->cookie >> 32 & 0xffff))
		return;
	if (f->len < MESSAGE_MIN || OUT_MAX - c->out_len < f->len + 2u)
		return;
	out = out_of(t, c) + c->out_len;
	out[0] = (uint8_t)(f->len >> 8);
	out[1] = (uint8_t)f->len;
	memcpy(out + 2, f->datagram, f->len);
	c->out_len += f->len + 2u;
	c->out_high = MAX(c->out_high, c->out_len);
	control_add(t->count, CONTROL_notify_answered, 1);
	client_turn(t, c, false);
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

static void
tick(struct tcp *t)
{
	for (uint32_t i = 0; i < t->n_max; i++) {
		struct client *c = &t->client[i];

		if (c->fd >= 0 && t->now >= c->deadline) {
			control_add(t->count, CONTROL_tcp_timeouts, 1);
			client_close(t, c);
		}
	}
	if (!t->accepting && t->now >= t->accept_again && !worker_stop)
		listeners_switch(t, true);
}

static void
events_serve(struct tcp *t, int wait_ms)
{
	struct epoll_event ev[EVENTS_MAX];
	int n = epoll_wait(t->epoll, ev, EVENTS_MAX, wait_ms);

	t->now = now_mono_ms();
	for (int i = 0; i < n; i++) {
		uint32_t which = (uint32_t)ev[i].data.u64;

		switch (ev[i].data.u64 >> 32) {
		case TAG_LISTENER:
			listener_accept(t, (int)which);
			break;
		case TAG_RELAY:
			relay_read(t);
			break;
		default:
			if (t->client[which].fd >= 0)
				client_turn(t, &t->client[which], true);
		}
	}
	for (uint32_t i = 0; t->n_more > 0 && i < t->n_max; i++)
		if (t->client[i].fd >= 0 && t->client[i].more)
			client_turn(t, &t->client[i], false);
}

static bool
tcp_init(struct tcp *t, struct worker *w)
{
	size_t n = w->tcp_clients_max;
	size_t bytes = n * (ALIGN_UP(IN_MAX, 4096) + ALIGN_UP(OUT_MAX, 4096) +
	    sizeof(struct client)) + 4096;
	struct epoll_event ev = { .events = EPOLLIN };
	uint8_t *p;

	t->w = w;
	t->count = &w->control->counters[w->slot];
	t->reader = &w->control->reader[w->slot];
	t->super = (const struct cache_super *)(const void *)w->arena;
	t->n_max = (uint32_t)n;
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED || t->epoll < 0)
		return false;
	t->in = p;
	t->out = p + n * ALIGN_UP(IN_MAX, 4096);
	t->client = (struct client *)(void *)(t->out +
	    n * ALIGN_UP(OUT_MAX, 4096));
	for (uint32_t i = 0; i < n; i++) {
		t->client[i].fd = -1;
		t->client[i].next_free = i + 1;
	}
	ev.data.u64 = event_data(TAG_RELAY, 0);
	if (w->relay_fd >= 0)
		epoll_ctl(t->epoll, EPOLL_CTL_ADD, w->relay_fd, &ev);
	return true;
}

int
worker_tcp_run(struct worker *w)
{
	static struct tcp tcp;		/* main's: the process's memory */
	struct tcp *t = &tcp;
	int64_t next_tick = 0, stop_at;

	if (!tcp_init(t, w)) {
		log_err("tcp.failed", "slot=%d errno=%d", w->slot, errno);
		return 1;
	}
	t->now = now_mono_ms();
	listeners_switch(t, true);
	while (!worker_stop) {
		control_beat(t->reader);
		events_serve(t, t->n_more > 0 ? 0 : WORKER_TICK_MS);
		if (t->now >= next_tick) {
			tick(t);
			next_tick = t->now + WORKER_TICK_MS / 2;
		}
	}
	/* No new connections; those here may finish. */
	if (t->accepting)
		listeners_switch(t, false);
	stop_at = t->now + DRAIN_MS;
	while (t->n_open > 0 && t->now < stop_at) {
		control_beat(t->reader);
		events_serve(t, 50);
		for (uint32_t i = 0; i < t->n_max; i++)
			if (t->client[i].fd >= 0 && t->client[i].in_len == 0 &&
			    t->client[i].out_len == 0)
				client_close(t, &t->client[i]);
	}
	return 0;
}
