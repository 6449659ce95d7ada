/*
 * probe.c - see probe.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/frame.h"
#include "common/base/now.h"
#include "xferd/probe.h"
#include "xferd/probe_ask.h"
#include "xferd/probe_line.h"

#define MESSAGE_MAX	4096	/* of a SOA answer over UDP */
#define QUEUE_MAX	(8 * 1024 * 1024)
#define TICK_MS		10

struct addr {
	struct addr *next;
	struct probe_line line;
	bool asked;			/* a question came for it */
	enum handoff_reason failed;	/* before one did; HANDOFF_OK: no */
};

struct probe {
	int keep;
	enum handoff_role role;
	struct frame_in in;
	struct frame_out out;
	struct addr *addrs;
	unsigned n_addrs;
	struct probe_asks asks;
	int64_t tick_ms;
};

/* ---- Sockets ----------------------------------------------------------- */

static struct addr *
find_addr(struct probe *p, uint32_t id)
{
	struct addr *a = p->addrs;

	while (a != NULL && a->line.conf.addr_id != id)
		a = a->next;
	return a;
}

static void
addr_free(struct probe *p, struct addr *a)
{
	struct addr **at = &p->addrs;

	probe_ask_drop(&p->asks, &a->line);
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	p->n_addrs--;
	probe_line_close(&a->line);
	free(a);
}

/* The socket is of no more use: all its questions end so. */
static enum err
addr_failed(struct probe *p, struct addr *a, enum handoff_reason reason)
{
	enum err e;

	/* The question is on its way here: it is to hear why. */
	if (a->line.conf.transport == HANDOFF_TCP && !a->asked) {
		a->failed = reason;
		probe_line_shut(&a->line);
		return OK;
	}
	e = probe_ask_fail(&p->asks, &a->line, reason);
	if (a->line.conf.transport == HANDOFF_TCP)
		addr_free(p, a);
	return e;
}

static enum err
read_datagrams(struct probe *p, struct addr *a)
{
	uint8_t msg[MESSAGE_MAX];
	enum err e = OK;

	/* A batch at most, so that one peer does not hold up the others. */
	for (int i = 0; i < PROBE_FLIGHT_MAX && e == OK; i++) {
		enum handoff_reason why;
		size_t len;
		enum err got = probe_line_datagram(&a->line, msg, sizeof(msg),
		    &len, &why);

		if (got == ERR_AGAIN)
			break;
		if (got != OK)
			return addr_failed(p, a, why);
		e = probe_ask_answer(&p->asks, &a->line, msg, len);
	}
	return e == OK ? probe_ask_go(&p->asks, &a->line) : e;
}

static enum err
read_stream(struct probe *p, struct addr *a)
{
	enum handoff_reason why;
	const uint8_t *msg;
	size_t len;
	enum err e = probe_line_fill(&a->line, &why);

	if (e == ERR_AGAIN)
		return OK;
	if (e != OK)
		return addr_failed(p, a, why);
	while (e == OK &&
	    (msg = probe_line_message(&a->line, &len)) != NULL) {
		e = probe_ask_answer(&p->asks, &a->line, msg, len);
		probe_line_drop(&a->line, len);
	}
	return e == OK ? probe_ask_go(&p->asks, &a->line) : e;
}

static enum err
finish_connect(struct probe *p, struct addr *a)
{
	enum handoff_reason reason = probe_line_connect(&a->line);

	return reason == HANDOFF_OK ? probe_ask_go(&p->asks, &a->line) :
	    addr_failed(p, a, reason);
}

static enum err
addr_ready(struct probe *p, struct addr *a, short revents)
{
	enum handoff_reason reason = HANDOFF_OK;

	if (!a->line.connected)
		return finish_connect(p, a);
	if ((revents & POLLOUT) != 0 && a->line.out_len > 0)
		reason = probe_line_flush(&a->line);
	if (reason != HANDOFF_OK)
		return addr_failed(p, a, reason);
	if ((revents & (POLLIN | POLLERR | POLLHUP)) == 0)
		return OK;
	return a->line.conf.transport == HANDOFF_UDP ? read_datagrams(p, a) :
	    read_stream(p, a);
}

/* ---- What keep sends --------------------------------------------------- */

static enum err
take_addr(struct probe *p, struct frame *f)
{
	struct handoff_probe_addr conf;
	struct addr *a;
	enum err e;

	if (f->fd < 0 || handoff_probe_addr_decode(f->payload, f->len,
	    &conf) != OK || find_addr(p, conf.addr_id) != NULL ||
	    p->n_addrs >= PROBE_ADDRS_MAX)
		return ERR_MALFORMED;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return ERR_NO_MEMORY;
	e = probe_line_open(&a->line, &conf, f->fd);
	if (e != OK) {
		free(a);
		return e;
	}
	f->fd = -1;
	a->next = p->addrs;
	p->addrs = a;
	p->n_addrs++;
	return OK;
}

/* A question has come for the socket, which may have failed before. */
static enum err
begin_waiting(struct probe *p, struct addr *a)
{
	a->asked = true;
	return a->failed == HANDOFF_OK ? probe_ask_go(&p->asks, &a->line) :
	    addr_failed(p, a, a->failed);
}

static enum err
take_zone(struct probe *p, const struct frame *f)
{
	struct handoff_probe_zone z;
	struct addr *a;
	bool waits;
	enum err e;

	if (handoff_probe_zone_decode(f->payload, f->len, &z) != OK)
		return ERR_MALFORMED;
	a = find_addr(p, z.addr_id);
	e = probe_ask_zone(&p->asks, a == NULL ? NULL : &a->line, &z, &waits);
	return e == OK && waits ? begin_waiting(p, a) : e;
}

static enum err
take_question(struct probe *p, const struct frame *f)
{
	struct handoff_question question;
	struct addr *a;
	bool waits;
	enum err e;

	if (handoff_question_decode(f->payload, f->len, &question) != OK)
		return ERR_MALFORMED;
	a = find_addr(p, question.addr_id);
	e = probe_ask_wide(&p->asks, a == NULL ? NULL : &a->line, &question,
	    &waits);
	return e == OK && waits ? begin_waiting(p, a) : e;
}

static enum err
take_hmac(struct probe *p, const struct frame *f)
{
	struct handoff_hmac_reply r;

	if (handoff_hmac_reply_decode(f->payload, f->len, &r) != OK)
		return ERR_MALFORMED;
	return probe_ask_mac(&p->asks, &r);
}

static enum err
take_close(struct probe *p, const struct frame *f)
{
	struct handoff_probe_close c;
	struct addr *a;

	if (handoff_probe_close_decode(f->payload, f->len, &c) != OK)
		return ERR_MALFORMED;
	a = find_addr(p, c.addr_id);
	if (a != NULL)
		addr_free(p, a);
	return OK;
}

static enum err
take_frames(struct probe *p)
{
	enum err e = frame_fill(&p->in, p->keep), last = e;

	if (e != OK && e != ERR_AGAIN && e != ERR_CLOSED)
		return e;
	for (;;) {
		struct frame f = { .fd = -1 };

		e = frame_next(&p->in, &f);
		if (e == ERR_AGAIN)
			break;
		if (e != OK)
			return e;
		switch (f.type) {
		case HANDOFF_PROBE_ADDR:
			e = take_addr(p, &f);
			break;
		case HANDOFF_PROBE_ZONE:
			e = p->role == HANDOFF_ROLE_PROBE ?
			    take_zone(p, &f) : ERR_MALFORMED;
			break;
		case HANDOFF_QUESTION:
			e = p->role == HANDOFF_ROLE_CHECK ?
			    take_question(p, &f) : ERR_MALFORMED;
			break;
		case HANDOFF_PROBE_CLOSE:
			e = take_close(p, &f);
			break;
		case HANDOFF_HMAC_REPLY:
			e = take_hmac(p, &f);
			break;
		case HANDOFF_CLOSE:
			e = ERR_CLOSED;
			break;
		default:
			e = ERR_MALFORMED;
		}
		if (f.fd >= 0)
			close(f.fd);
		if (e != OK)
			return e;
	}
	return last == ERR_CLOSED ? ERR_CLOSED : OK;
}

/* ---- The loop ---------------------------------------------------------- */

static enum err
tick(struct probe *p)
{
	int64_t now = now_mono_ms();
	enum err e = OK;

	if (now < p->tick_ms)
		return OK;
	p->tick_ms = now + TICK_MS;
	for (struct addr *a = p->addrs; a != NULL && e == OK; a = a->next)
		e = probe_ask_tick(&p->asks, &a->line, now);
	return e;
}

static enum err
turn(struct probe *p, struct pollfd *fds, struct addr **who)
{
	nfds_t n = 1;
	enum err e;
	int ready;

	fds[0] = (struct pollfd){ .fd = p->keep, .events = (short)(POLLIN |
	    (frame_pending(&p->out) > 0 ? POLLOUT : 0)) };
	for (struct addr *a = p->addrs; a != NULL; a = a->next) {
		who[n] = a;
		fds[n++] = (struct pollfd){ .fd = a->line.fd,
		    .events = probe_line_events(&a->line) };
	}
	ready = poll(fds, n, p->asks.n > 0 ? TICK_MS : -1);
	if (ready < 0 && errno != EINTR)
		return ERR_SYSTEM;
	/* Sockets first: a frame of keep may close one of them. */
	for (nfds_t i = 1; ready > 0 && i < n; i++) {
		if (fds[i].revents == 0)
			continue;
		e = addr_ready(p, who[i], fds[i].revents);
		if (e != OK)
			return e;
	}
	if (ready > 0 && (fds[0].revents & (POLLIN | POLLHUP)) != 0) {
		e = take_frames(p);
		if (e != OK)
			return e;
	}
	e = tick(p);
	if (e != OK)
		return e;
	e = frame_flush(&p->out, p->keep);
	return e == ERR_AGAIN ? OK : e;
}

static enum err
say_ready(struct probe *p)
{
	struct handoff_ready ready = {
		.version = HANDOFF_VERSION,
		.role = p->role,
	};
	uint8_t payload[16];
	size_t len;
	enum err e;

	e = handoff_ready_encode(&ready, payload, sizeof(payload), &len);
	if (e == OK)
		e = frame_put(&p->out, HANDOFF_READY, payload, len, -1);
	return e;
}

int
probe_run(int keep, enum handoff_role role)
{
	struct pollfd *fds = calloc(PROBE_ADDRS_MAX + 1, sizeof(*fds));
	struct addr **who = calloc(PROBE_ADDRS_MAX + 1, sizeof(*who));
	struct probe p = { .keep = keep, .role = role };
	enum err e = ERR_NO_MEMORY;

	frame_in_init(&p.in, HANDOFF_SMALL_MAX);
	frame_out_init(&p.out, QUEUE_MAX);
	if (fds == NULL || who == NULL)
		goto out;
	e = probe_ask_init(&p.asks, &p.out);
	if (e == OK)
		e = say_ready(&p);
	if (e == OK)
		e = frame_drain(&p.out, keep, -1);
	while (e == OK)
		e = turn(&p, fds, who);
out:
	while (p.addrs != NULL)
		addr_free(&p, p.addrs);
	frame_in_fini(&p.in);
	frame_out_fini(&p.out);
	probe_ask_fini(&p.asks);
	free(who);
	free(fds);
	return e == ERR_CLOSED ? 0 : 1;
}
