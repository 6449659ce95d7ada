/*
 * notify.c - see notify.h.
 *
 * A good NOTIFY waits in a slot for keep's word; its number is the slot and a
 * generation, so a late word for a slot that was given away finds nobody.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/frame.h"
#include "common/base/now.h"
#include "common/base/sock.h"
#include "common/base/wr.h"
#include "common/dns/dname.h"
#include "common/dns/dnsmsg.h"
#include "common/dns/tsig.h"
#include "xferd/handoff.h"
#include "xferd/notify.h"
#include "xferd/notify_message.h"

#define REPLY_MAX	(HANDOFF_DATAGRAM_MAX)
#define QUEUE_MAX	(4 * 1024 * 1024)
#define PENDING_MS	5000
#define TCP_MS		10000		/* a connection without a message */
#define BATCH		64
/* Above this keep is behind: what comes is dropped. */
#define QUEUE_HIGH	(1024 * 1024)

struct listener {
	struct handoff_listen conf;
	int fd;
};

struct conn {
	int fd;				/* -1: free */
	uint32_t listener;
	uint32_t generation;
	struct sock_addr source;
	int64_t due_ms;
	size_t len;
	uint8_t in[2 + HANDOFF_DATAGRAM_MAX];
};

/* Whom an answer goes to. */
struct origin {
	uint64_t relay;			/* not 0: keep relays it */
	int fd;				/* UDP */
	struct conn *conn;		/* TCP */
	uint32_t conn_generation;
	uint32_t listener;
	enum handoff_transport transport;
	struct sock_addr source;
};

struct pending {
	bool used;
	uint64_t number;
	int64_t due_ms;
	struct origin origin;
	struct notify_message n;		/* tsig's pointers are not kept */
	struct tsig_prior mac;		/* of the request */
	/* While the MAC of the reply is awaited. */
	bool signing;
	size_t reply_len;
	uint8_t reply[1024];
};

struct notify {
	int keep;
	struct frame_in in;
	struct frame_out out;
	struct listener listeners[NOTIFY_LISTENERS_MAX];
	unsigned n_listeners;
	struct conn *conns;		/* NOTIFY_TCP_MAX */
	struct pending *pending;	/* NOTIFY_PENDING_MAX */
	uint64_t n_numbers;
	int64_t second;			/* of the rate */
	unsigned n_second;
	uint8_t *input;			/* scratch: LARGE_MAX twice */
	uint8_t *payload;
};

static enum err
send_keep(struct notify *s, enum handoff_kind kind, size_t len)
{
	enum err e = frame_put(&s->out, (uint16_t)kind, s->payload, len, -1);

	return e;
}

/* ---- Answers ----------------------------------------------------------- */

static enum err
relay_answer(struct notify *s, uint64_t relay, const uint8_t *msg, size_t len)
{
	struct handoff_notify_reply r = {
		.relay = relay,
		.len = (uint16_t)len,
		.bytes = msg,
	};
	size_t n;
	enum err e;

	e = handoff_notify_reply_encode(&r, s->payload, HANDOFF_LARGE_MAX, &n);
	return e == OK ? send_keep(s, HANDOFF_NOTIFY_REPLY, n) : e;
}

static void
conn_close(struct conn *c)
{
	close(c->fd);
	c->fd = -1;
	c->generation++;
	c->len = 0;
}

/* An answer is small: a connection that does not take it is closed. */
static void
conn_answer(struct conn *c, const uint8_t *msg, size_t len)
{
	uint8_t framed[2 + REPLY_MAX];

	CHECK(len <= REPLY_MAX);
	wr_put_u16(framed, (uint16_t)len);
	memcpy(framed + 2, msg, len);
	if (send(c->fd, framed, len + 2, MSG_NOSIGNAL | MSG_DONTWAIT) !=
	    (ssize_t)(len + 2))
		conn_close(c);
}

static enum err
answer(struct notify *s, const struct origin *o, const uint8_t *msg,
    size_t len)
{
	struct sockaddr_storage sa;
	socklen_t sa_len;

	if (o->relay != 0)
		return relay_answer(s, o->relay, msg, len);
	if (len == 0)
		return OK;
	if (o->conn != NULL) {
		if (o->conn->fd >= 0 &&
		    o->conn->generation == o->conn_generation)
			conn_answer(o->conn, msg, len);
		return OK;
	}
	sa_len = sock_addr_to_sa(&o->source, &sa);
	/* Lost if the socket is full: the primary asks again. */
	if (sendto(o->fd, msg, len, MSG_NOSIGNAL | MSG_DONTWAIT,
	    (struct sockaddr *)&sa, sa_len) < 0)
		return OK;
	return OK;
}

static enum err
answer_error(struct notify *s, const struct origin *o,
    const struct notify_message *n)
{
	uint8_t msg[REPLY_MAX];
	size_t len = 0;

	if (n->verdict == NOTIFY_ERROR &&
	    notify_message_reply(n, n->rcode, msg, sizeof(msg), &len) != OK)
		len = 0;
	return answer(s, o, msg, len);
}

/* ---- Messages ---------------------------------------------------------- */

static struct pending *
pending_new(struct notify *s)
{
	struct pending *p = &s->pending[s->n_numbers % NOTIFY_PENDING_MAX];

	/* Slots go round: who is met again is the oldest. */
	memset(p, 0, sizeof(*p));
	p->used = true;
	p->number = s->n_numbers++;
	p->due_ms = now_mono_ms() + PENDING_MS;
	return p;
}

static struct pending *
pending_find(struct notify *s, uint64_t number)
{
	struct pending *p = &s->pending[number % NOTIFY_PENDING_MAX];

	if (!p->used || p->number != number || now_mono_ms() > p->due_ms)
		return NULL;
	return p;
}

static enum err
tell_keep(struct notify *s, const struct pending *p, const uint8_t *msg)
{
	struct handoff_notify h = {
		.number = p->number,
		.relay = p->origin.relay,
		.listener = p->origin.listener,
		.transport = p->origin.transport,
		.source = p->origin.source,
		.has_serial = p->n.has_serial,
		.serial = p->n.serial,
	};
	size_t n;
	enum err e;

	h.apex_len = (uint8_t)p->n.question.name_len;
	dname_lower(p->n.question.name, h.apex);
	if (p->n.signed_) {
		h.signed_ = HANDOFF_NOTIFY_SIGNED;
		h.tsig = p->n.tsig;
		e = tsig_input(NULL, msg, p->n.tsig.off, true, &p->n.tsig,
		    false, s->input, HANDOFF_LARGE_MAX, &h.input_len);
		if (e != OK)
			return OK;	/* dropped: other data without end */
		h.input = s->input;
	}
	e = handoff_notify_encode(&h, s->payload, HANDOFF_LARGE_MAX, &n);
	return e == OK ? send_keep(s, HANDOFF_NOTIFY, n) : e;
}

/* T-041: what keep is asked has a bound, whoever asks. */
static bool
rate_allows(struct notify *s)
{
	int64_t second = now_mono_ms() / 1000;

	if (second != s->second) {
		s->second = second;
		s->n_second = 0;
	}
	return ++s->n_second <= NOTIFY_RATE_MAX;
}

static enum err
take_message(struct notify *s, const struct origin *o, const uint8_t *msg,
    size_t len)
{
	struct notify_message n;
	struct pending *p;

	notify_message_parse(msg, len, &n);
	if (n.verdict != NOTIFY_GOOD)
		return answer_error(s, o, &n);
	if (o->relay == 0 && (!rate_allows(s) ||
	    frame_pending(&s->out) > QUEUE_HIGH))
		return OK;
	p = pending_new(s);
	p->origin = *o;
	p->n = n;
	if (n.signed_ && n.tsig.mac_len <= TSIG_MAC_MAX) {
		memcpy(p->mac.mac, n.tsig.mac, n.tsig.mac_len);
		p->mac.mac_len = n.tsig.mac_len;
	}
	return tell_keep(s, p, msg);
}

/* ---- keep's word ------------------------------------------------------- */

static void
put_time(uint8_t out[6], uint64_t now_s)
{
	wr_put_u16(out, (uint16_t)(now_s >> 32));
	wr_put_u32(out + 2, (uint32_t)now_s);
}

/* The TSIG record of the reply, but for its MAC. RFC 8945 5.3 */
static struct tsig_rr
reply_tsig(const struct pending *p, uint16_t tsig_error, uint16_t fudge_s,
    uint8_t other[6])
{
	uint64_t now_s = (uint64_t)now_wall_ms() / 1000;
	struct tsig_rr tr = p->n.tsig;

	tr.time_s = now_s;
	tr.fudge_s = fudge_s;
	tr.mac = NULL;
	tr.mac_len = 0;
	tr.error = tsig_error;
	tr.other = NULL;
	tr.other_len = 0;
	if (tsig_error == DNSMSG_BADTIME) {
		/* 5.2.3: their time signed, our clock as other data */
		tr.time_s = p->n.tsig.time_s;
		put_time(other, now_s);
		tr.other = other;
		tr.other_len = 6;
	}
	return tr;
}

static enum err
answer_unsigned_tsig(struct notify *s, struct pending *p, uint16_t tsig_error)
{
	uint8_t other[6];
	struct tsig_rr tr = reply_tsig(p, tsig_error, p->n.tsig.fudge_s,
	    other);
	enum err e;

	e = tsig_append(p->reply, &p->reply_len, sizeof(p->reply), &tr);
	return e == OK ? answer(s, &p->origin, p->reply, p->reply_len) : OK;
}

static enum err
ask_mac(struct notify *s, struct pending *p,
    const struct handoff_notify_answer *a)
{
	uint8_t other[6];
	struct tsig_rr tr = reply_tsig(p, a->tsig_error, a->fudge_s, other);
	struct handoff_hmac h = { .id = p->number, .key_id = a->key_id };
	size_t n;
	enum err e;

	e = tsig_input(&p->mac, p->reply, p->reply_len, false, &tr, false,
	    s->input, HANDOFF_LARGE_MAX, &h.len);
	if (e != OK)
		return OK;
	h.bytes = s->input;
	/* What is appended when the MAC comes; other is made again then. */
	p->n.tsig.time_s = tr.time_s;
	p->n.tsig.fudge_s = tr.fudge_s;
	p->n.tsig.error = tr.error;
	p->n.tsig.other_len = tr.other_len;
	if (tr.other_len > 0)
		memcpy(p->reply + sizeof(p->reply) - 6, other, 6);
	p->signing = true;
	e = handoff_hmac_encode(&h, s->payload, HANDOFF_LARGE_MAX, &n);
	return e == OK ? send_keep(s, HANDOFF_HMAC, n) : e;
}

static enum err
take_answer(struct notify *s, const struct frame *f)
{
	struct handoff_notify_answer a;
	struct pending *p;
	enum err e;

	if (handoff_notify_answer_decode(f->payload, f->len, &a) != OK)
		return ERR_MALFORMED;
	p = pending_find(s, a.number);
	if (p == NULL || p->signing)
		return OK;
	if (a.drop) {
		p->used = false;
		return answer(s, &p->origin, NULL, 0);
	}
	/* Leave room for the six octets that ask_mac() puts aside. */
	e = notify_message_reply(&p->n, a.rcode, p->reply, sizeof(p->reply) - 6,
	    &p->reply_len);
	if (e != OK) {
		p->used = false;
		return OK;
	}
	if (p->n.signed_ && a.key_id != 0)
		return ask_mac(s, p, &a);
	p->used = false;
	if (p->n.signed_ && a.tsig_error != 0)
		return answer_unsigned_tsig(s, p, a.tsig_error);
	return answer(s, &p->origin, p->reply, p->reply_len);
}

static enum err
take_mac(struct notify *s, const struct frame *f)
{
	struct handoff_hmac_reply r;
	struct pending *p;
	struct tsig_rr tr;
	uint8_t other[6];
	enum err e;

	if (handoff_hmac_reply_decode(f->payload, f->len, &r) != OK)
		return ERR_MALFORMED;
	p = pending_find(s, r.id);
	if (p == NULL || !p->signing)
		return OK;
	p->used = false;
	if (r.mac_len == 0)
		return answer(s, &p->origin, NULL, 0);
	tr = p->n.tsig;
	memcpy(other, p->reply + sizeof(p->reply) - 6, 6);
	tr.other = other;
	tr.mac = r.mac;
	tr.mac_len = r.mac_len;
	e = tsig_append(p->reply, &p->reply_len, sizeof(p->reply), &tr);
	return e == OK ? answer(s, &p->origin, p->reply, p->reply_len) : OK;
}

static enum err
take_listener(struct notify *s, struct frame *f)
{
	struct listener *l = &s->listeners[s->n_listeners];

	if (f->fd < 0 || s->n_listeners >= NOTIFY_LISTENERS_MAX ||
	    handoff_listen_decode(f->payload, f->len, &l->conf) != OK)
		return ERR_MALFORMED;
	l->fd = f->fd;
	f->fd = -1;
	s->n_listeners++;
	return OK;
}

static enum err
take_datagram(struct notify *s, const struct frame *f)
{
	struct handoff_datagram d;
	struct origin o = { .transport = HANDOFF_UDP, .fd = -1 };

	if (handoff_datagram_decode(f->payload, f->len, &d) != OK)
		return ERR_MALFORMED;
	o.relay = d.relay;
	o.source = d.source;
	return take_message(s, &o, d.bytes, d.len);
}

/* ---- Listeners --------------------------------------------------------- */

static enum err
read_datagrams(struct notify *s, const struct listener *l)
{
	uint8_t msg[HANDOFF_DATAGRAM_MAX + 1];
	enum err e = OK;

	for (int i = 0; i < BATCH && e == OK; i++) {
		struct sockaddr_storage sa;
		socklen_t sa_len = sizeof(sa);
		struct origin o = {
			.fd = l->fd,
			.listener = l->conf.listener,
			.transport = HANDOFF_UDP,
		};
		ssize_t n = recvfrom(l->fd, msg, sizeof(msg), MSG_DONTWAIT,
		    (struct sockaddr *)&sa, &sa_len);

		if (n < 0)
			break;
		if ((size_t)n > HANDOFF_DATAGRAM_MAX ||
		    sock_addr_from_sa((struct sockaddr *)&sa, sa_len,
		    &o.source) != OK || o.source.port == 0)
			continue;
		e = take_message(s, &o, msg, (size_t)n);
	}
	return e;
}

static void
accept_some(struct notify *s, const struct listener *l)
{
	for (int i = 0; i < NOTIFY_TCP_MAX; i++) {
		struct conn *c = &s->conns[i];
		struct sockaddr_storage sa;
		socklen_t sa_len = sizeof(sa);
		int fd;

		if (c->fd >= 0)
			continue;
		fd = accept4(l->fd, (struct sockaddr *)&sa, &sa_len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		if (sock_addr_from_sa((struct sockaddr *)&sa, sa_len,
		    &c->source) != OK) {
			close(fd);
			continue;
		}
		c->fd = fd;
		c->listener = l->conf.listener;
		c->due_ms = now_mono_ms() + TCP_MS;
		c->len = 0;
	}
}

static enum err
read_conn(struct notify *s, struct conn *c)
{
	struct origin o = {
		.fd = -1,
		.conn = c,
		.conn_generation = c->generation,
		.listener = c->listener,
		.transport = HANDOFF_TCP,
		.source = c->source,
	};
	ssize_t n = recv(c->fd, c->in + c->len, sizeof(c->in) - c->len,
	    MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return OK;
	if (n <= 0) {
		conn_close(c);
		return OK;
	}
	c->len += (size_t)n;
	while (c->fd >= 0 && c->len >= 2) {
		size_t len = (size_t)c->in[0] << 8 | c->in[1];
		enum err e;

		if (len > HANDOFF_DATAGRAM_MAX) {
			conn_close(c);
			break;
		}
		if (c->len - 2 < len)
			break;
		e = take_message(s, &o, c->in + 2, len);
		if (e != OK)
			return e;
		if (c->fd < 0)
			break;
		c->len -= 2 + len;
		memmove(c->in, c->in + 2 + len, c->len);
		c->due_ms = now_mono_ms() + TCP_MS;
	}
	return OK;
}

/* ---- The loop ---------------------------------------------------------- */

static enum err
take_frame(struct notify *s, struct frame *f)
{
	switch (f->type) {
	case HANDOFF_LISTEN:
		return take_listener(s, f);
	case HANDOFF_DATAGRAM:
		return take_datagram(s, f);
	case HANDOFF_NOTIFY_ANSWER:
		return take_answer(s, f);
	case HANDOFF_HMAC_REPLY:
		return take_mac(s, f);
	case HANDOFF_CLOSE:
		return ERR_CLOSED;
	default:
		return ERR_MALFORMED;
	}
}

static enum err
take_frames(struct notify *s)
{
	enum err e = frame_fill(&s->in, s->keep), last = e;

	if (e != OK && e != ERR_AGAIN && e != ERR_CLOSED)
		return e;
	for (;;) {
		struct frame f = { .fd = -1 };

		e = frame_next(&s->in, &f);
		if (e == ERR_AGAIN)
			return last == ERR_CLOSED ? ERR_CLOSED : OK;
		if (e == OK)
			e = take_frame(s, &f);
		if (f.fd >= 0)
			close(f.fd);
		if (e != OK)
			return e;
	}
}

#define FDS_MAX	(1 + NOTIFY_LISTENERS_MAX + NOTIFY_TCP_MAX)

static enum err
listeners_ready(struct notify *s, const struct pollfd *fds, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct listener *l = &s->listeners[i];
		enum err e = OK;

		if (fds[i].revents == 0)
			continue;
		if (l->conf.transport == HANDOFF_TCP)
			accept_some(s, l);
		else
			e = read_datagrams(s, l);
		if (e != OK)
			return e;
	}
	return OK;
}

static enum err
conns_ready(struct notify *s, const struct pollfd *fds)
{
	int64_t now = now_mono_ms();

	for (unsigned i = 0; i < NOTIFY_TCP_MAX; i++) {
		struct conn *c = &s->conns[i];
		enum err e;

		if (c->fd < 0)
			continue;
		if (fds[i].fd == c->fd && fds[i].revents != 0) {
			e = read_conn(s, c);
			if (e != OK)
				return e;
		}
		if (c->fd >= 0 && now >= c->due_ms)
			conn_close(c);
	}
	return OK;
}

static bool
conns_full(const struct notify *s)
{
	for (unsigned i = 0; i < NOTIFY_TCP_MAX; i++)
		if (s->conns[i].fd < 0)
			return false;
	return true;
}

static enum err
turn(struct notify *s)
{
	struct pollfd fds[FDS_MAX];
	unsigned n_listeners = s->n_listeners, n = 0;
	bool full = conns_full(s);
	enum err e;

	fds[n++] = (struct pollfd){ .fd = s->keep, .events = (short)(POLLIN |
	    (frame_pending(&s->out) > 0 ? POLLOUT : 0)) };
	for (unsigned i = 0; i < n_listeners; i++) {
		const struct listener *l = &s->listeners[i];
		bool wait = l->conf.transport == HANDOFF_TCP && full;

		fds[n++] = (struct pollfd){ .fd = wait ? -1 : l->fd,
		    .events = POLLIN };
	}
	for (unsigned i = 0; i < NOTIFY_TCP_MAX; i++)
		fds[n++] = (struct pollfd){ .fd = s->conns[i].fd,
		    .events = POLLIN };
	if (poll(fds, n, 1000) < 0 && errno != EINTR)
		return ERR_SYSTEM;
	e = conns_ready(s, fds + 1 + n_listeners);
	if (e == OK)
		e = listeners_ready(s, fds + 1, n_listeners);
	if (e == OK && (fds[0].revents & (POLLIN | POLLHUP)) != 0)
		e = take_frames(s);
	if (e == OK)
		e = frame_flush(&s->out, s->keep);
	return e == ERR_AGAIN ? OK : e;
}

static enum err
say_ready(struct notify *s)
{
	struct handoff_ready ready = {
		.version = HANDOFF_VERSION,
		.role = HANDOFF_ROLE_NOTIFY,
	};
	size_t len;
	enum err e;

	e = handoff_ready_encode(&ready, s->payload, HANDOFF_LARGE_MAX, &len);
	if (e == OK)
		e = send_keep(s, HANDOFF_READY, len);
	return e == OK ? frame_drain(&s->out, s->keep, -1) : e;
}

static void
fini(struct notify *s)
{
	for (unsigned i = 0; i < s->n_listeners; i++)
		close(s->listeners[i].fd);
	for (unsigned i = 0; s->conns != NULL && i < NOTIFY_TCP_MAX; i++)
		if (s->conns[i].fd >= 0)
			close(s->conns[i].fd);
	frame_in_fini(&s->in);
	frame_out_fini(&s->out);
	free(s->conns);
	free(s->pending);
	free(s->input);
	free(s->payload);
}

int
notify_run(int keep)
{
	struct notify s = { .keep = keep };
	enum err e = ERR_NO_MEMORY;

	frame_in_init(&s.in, 2 * HANDOFF_DATAGRAM_MAX);
	frame_out_init(&s.out, QUEUE_MAX);
	s.conns = calloc(NOTIFY_TCP_MAX, sizeof(*s.conns));
	s.pending = calloc(NOTIFY_PENDING_MAX, sizeof(*s.pending));
	s.input = malloc(HANDOFF_LARGE_MAX);
	s.payload = malloc(HANDOFF_LARGE_MAX);
	if (s.conns != NULL && s.pending != NULL && s.input != NULL &&
	    s.payload != NULL) {
		for (unsigned i = 0; i < NOTIFY_TCP_MAX; i++)
			s.conns[i].fd = -1;
		e = say_ready(&s);
	}
	while (e == OK)
		e = turn(&s);
	fini(&s);
	return e == ERR_CLOSED ? 0 : 1;
}
