/*
 * probes.c - SOA queries, asked of the probe process.
 *
 * A UDP socket serves all queries of one tenant to one address and is given up
 * when idle, so that ports change; a TCP socket serves one query.  When the
 * probe process dies, its queries are asked again of the next one, once.
 */
#include "xferd/probes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/now.h"
#include "xferd/count.h"

enum {
	BUCKETS = 1024,
	TICK_MS = 500,
	SOCKET_IDLE_MS = 5000,
	SOCKET_AGE_MS = 60000,		/* then another source port */
	NO_EDNS_MS = 3600 * 1000,
	LATE_MS = 5000,			/* beyond what the process promised */
	LIVES_MAX = 2,
	FUDGE_S = 300,
};

struct socket {
	struct socket *next;
	uint32_t id;
	uint8_t tenant[16];
	struct sock_addr addr;
	enum handoff_transport transport;
	unsigned inflight;
	int64_t opened_ms, used_ms;
};

struct probes_query {
	struct probes_query *next;	/* in its bucket */
	struct probes_query *next_now;
	uint64_t cookie;
	uint8_t tenant[16];
	struct tally_entry *at;
	struct sock_addr addr;
	uint8_t apex[255];
	uint8_t apex_len;
	uint32_t key;
	enum handoff_transport transport;
	struct socket *socket;		/* NULL: to be sent */
	int lives;
	int64_t deadline_ms;
	probes_fn fn;
	void *arg;
	struct probes_answer answer;	/* of a query that ended early */
	bool ended;
};

struct probes {
	uv_loop_t *loop;
	struct probes_conf conf;
	struct children *children;
	const struct egress_rules *rules;
	const struct keyring *keys;
	uv_timer_t tick;
	uv_check_t check;		/* ends queries in a later turn */
	uv_idle_t idle;
	bool ending;
	struct probes_query *buckets[BUCKETS];
	struct socket *sockets;
	unsigned n_sockets;
	uint64_t last_cookie;
	uint32_t last_id;
};

static void send_query(struct probes *p, struct probes_query *q);

/* ---- the end of a query ------------------------------------------------ */

static void
unlink_query(struct probes *p, struct probes_query *q)
{
	struct probes_query **at = &p->buckets[q->cookie % BUCKETS];

	while (*at != q) {
		CHECK(*at != NULL);
		at = &(*at)->next;
	}
	*at = q->next;
	if (q->socket != NULL) {
		CHECK(q->socket->inflight > 0);
		q->socket->inflight--;
		q->socket->used_ms = now_mono_ms();
	}
}

static void
finish(struct probes *p, struct probes_query *q,
    const struct probes_answer *answer)
{
	probes_fn fn = q->fn;
	void *arg = q->arg;
	struct probes_answer copy = *answer;

	unlink_query(p, q);
	free(q);
	if (copy.reason != HANDOFF_OK)
		count_add(COUNT_probes_failed, 1);
	fn(arg, &copy);
}

void
probes_cancel(struct probes *p, struct probes_query *q)
{
	if (q == NULL)
		return;
	unlink_query(p, q);
	free(q);
}

static void
on_idle(uv_idle_t *idle UNUSED)
{
}

static void
on_check(uv_check_t *check)
{
	struct probes *p = check->data;

	uv_check_stop(&p->check);
	uv_idle_stop(&p->idle);
	p->ending = false;
	for (size_t b = 0; b < BUCKETS; b++) {
		struct probes_query *q = p->buckets[b];

		while (q != NULL) {
			/* finish() may add or cancel others: begin again. */
			if (q->ended) {
				finish(p, q, &q->answer);
				q = p->buckets[b];
			} else {
				q = q->next;
			}
		}
	}
}

/* Never from within probes_ask(): its caller has no query yet. */
static void
finish_later(struct probes *p, struct probes_query *q,
    enum handoff_reason reason, enum egress_verdict egress)
{
	q->ended = true;
	q->answer = (struct probes_answer){ .reason = reason,
		.egress = egress,
		.transport = q->transport == HANDOFF_UDP ? "udp" : "tcp" };
	if (p->ending)
		return;
	p->ending = true;
	uv_check_start(&p->check, on_check);
	uv_idle_start(&p->idle, on_idle);
}

/* ---- sockets ----------------------------------------------------------- */

static void
drop_socket(struct probes *p, struct socket *s, bool tell)
{
	struct socket **at = &p->sockets;
	struct child *child = children_probe(p->children);

	CHECK(s->inflight == 0);
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	p->n_sockets--;
	if (tell && child != NULL) {
		struct handoff_probe_close c = { .addr_id = s->id };
		uint8_t frame[HANDOFF_SMALL_MAX];
		size_t len;

		if (handoff_probe_close_encode(&c, frame, sizeof(frame),
		    &len) != OK || child_send(child, HANDOFF_PROBE_CLOSE,
		    frame, len, -1) != OK)
			child_kill(child);
	}
	free(s);
}

/* The one that was used longest ago makes room. */
static bool
drop_idle(struct probes *p)
{
	struct socket *oldest = NULL;

	for (struct socket *s = p->sockets; s != NULL; s = s->next)
		if (s->inflight == 0 && (oldest == NULL ||
		    s->used_ms < oldest->used_ms))
			oldest = s;
	if (oldest != NULL)
		drop_socket(p, oldest, true);
	return oldest != NULL;
}

static struct socket *
find_socket(struct probes *p, const struct probes_query *q)
{
	int64_t now = now_mono_ms();

	for (struct socket *s = p->sockets; s != NULL; s = s->next)
		if (s->transport == HANDOFF_UDP &&
		    memcmp(s->tenant, q->tenant, 16) == 0 &&
		    sock_addr_cmp(&s->addr, &q->addr) == 0 &&
		    now - s->opened_ms < SOCKET_AGE_MS)
			return s;
	return NULL;
}

static enum err
open_socket(struct probes *p, const struct probes_query *q,
    struct child *child, struct socket **out)
{
	struct handoff_probe_addr a = { .transport = q->transport };
	bool udp = q->transport == HANDOFF_UDP;
	uint8_t frame[HANDOFF_SMALL_MAX];
	struct socket *s;
	size_t len;
	int fd;
	enum err e;

	if (p->n_sockets >= PROBES_SOCKETS_MAX && !drop_idle(p))
		return ERR_FULL;
	e = egress_connect(p->rules, &q->addr, udp ? SOCK_DGRAM : SOCK_STREAM,
	    &fd, &a.connecting, NULL);
	if (e != OK)
		return e;
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		close(fd);
		return ERR_NO_MEMORY;
	}
	s->id = ++p->last_id;
	memcpy(s->tenant, q->tenant, 16);
	s->addr = q->addr;
	s->transport = q->transport;
	s->opened_ms = s->used_ms = now_mono_ms();
	a.addr_id = s->id;
	a.timeout_ms = udp ? p->conf.timeout_ms : p->conf.connect_ms;
	a.tries = udp ? p->conf.tries : 1;
	e = handoff_probe_addr_encode(&a, frame, sizeof(frame), &len);
	CHECK(e == OK);
	e = child_send(child, HANDOFF_PROBE_ADDR, frame, len, fd);
	if (e != OK) {
		free(s);
		return e;
	}
	s->next = p->sockets;
	p->sockets = s;
	p->n_sockets++;
	*out = s;
	return OK;
}

/* How long the process may take before we stop believing in it. */
static int64_t
patience_ms(const struct probes *p, enum handoff_transport transport)
{
	if (transport == HANDOFF_TCP)
		return 2 * (int64_t)p->conf.connect_ms + LATE_MS;
	return (int64_t)p->conf.timeout_ms * ((1 << p->conf.tries) - 1) +
	    LATE_MS;
}

static enum handoff_reason
reason_of(enum err e)
{
	switch (e) {
	case ERR_REFUSED:
		return HANDOFF_CONNECT_REFUSED;
	case ERR_UNREACHABLE:
		return HANDOFF_CONNECT_FAILED;
	default:
		return HANDOFF_INTERNAL;
	}
}

static void
send_query(struct probes *p, struct probes_query *q)
{
	struct child *child = children_probe(p->children);
	struct handoff_probe_zone z = { .cookie = q->cookie,
		.apex_len = q->apex_len };
	const struct tsig_key *key = keyring_key(p->keys, q->key);
	enum egress_verdict verdict = egress_check(p->rules, &q->addr);
	uint8_t frame[HANDOFF_SMALL_MAX];
	struct socket *s;
	size_t len;
	enum err e = OK;

	if (verdict != EGRESS_ALLOWED) {
		count_add(COUNT_egress_denied, 1);
		finish_later(p, q, HANDOFF_CONNECT_FAILED, verdict);
		return;
	}
	if (q->key != 0 && key == NULL) {
		finish_later(p, q, HANDOFF_INTERNAL, EGRESS_ALLOWED);
		return;
	}
	if (child == NULL)
		return;			/* probes_ready() sends it */
	s = q->transport == HANDOFF_UDP ? find_socket(p, q) : NULL;
	if (s == NULL)
		e = open_socket(p, q, child, &s);
	if (e == ERR_FULL)
		return;			/* the tick tries again */
	if (e != OK) {
		finish_later(p, q, reason_of(e), EGRESS_ALLOWED);
		return;
	}
	z.addr_id = s->id;
	memcpy(z.apex, q->apex, q->apex_len);
	z.edns = q->at == NULL || q->at->no_edns_until_ms <= now_mono_ms();
	if (key != NULL) {
		z.key_id = q->key;
		z.alg = key->alg;
		z.key_name_len = key->name_len;
		memcpy(z.key_name, key->name, key->name_len);
		z.fudge_s = FUDGE_S;
		z.mac_min = tsig_mac_min(key->alg, p->conf.tsig_mac_min);
	}
	e = handoff_probe_zone_encode(&z, frame, sizeof(frame), &len);
	CHECK(e == OK);
	if (child_send(child, HANDOFF_PROBE_ZONE, frame, len, -1) != OK)
		return;
	q->socket = s;
	s->inflight++;
	count_add(COUNT_probes, 1);
}

struct probes_query *
probes_ask(struct probes *p, const uint8_t tenant[16],
    struct tally_entry *at, const struct sock_addr *addr,
    const uint8_t *apex, uint8_t apex_len, uint32_t key, probes_fn fn,
    void *arg)
{
	struct probes_query *q = calloc(1, sizeof(*q));
	struct probes_query **b;

	if (q == NULL)
		return NULL;
	q->cookie = ++p->last_cookie;
	memcpy(q->tenant, tenant, 16);
	q->at = at;
	q->addr = *addr;
	memcpy(q->apex, apex, apex_len);
	q->apex_len = apex_len;
	q->key = key;
	q->transport = HANDOFF_UDP;
	q->deadline_ms = now_mono_ms() + patience_ms(p, HANDOFF_UDP);
	q->lives = LIVES_MAX;
	q->fn = fn;
	q->arg = arg;
	b = &p->buckets[q->cookie % BUCKETS];
	q->next = *b;
	*b = q;
	send_query(p, q);
	return q;
}

/* ---- answers ----------------------------------------------------------- */

static struct probes_query *
find_query(struct probes *p, uint64_t cookie)
{
	struct probes_query *q = p->buckets[cookie % BUCKETS];

	while (q != NULL && q->cookie != cookie)
		q = q->next;
	return q;
}

static void
release_socket(struct probes *p, struct probes_query *q)
{
	struct socket *s = q->socket;

	if (s == NULL)
		return;
	q->socket = NULL;
	CHECK(s->inflight > 0);
	s->inflight--;
	s->used_ms = now_mono_ms();
	if (s->transport == HANDOFF_TCP)
		drop_socket(p, s, true);
}

/* No answer by UDP is no proof: many firewalls let only TCP through. */
static bool
tries_tcp(const struct probes_query *q, enum handoff_reason reason)
{
	if (q->transport != HANDOFF_UDP)
		return false;
	return reason == HANDOFF_TRUNCATED ||
	    reason == HANDOFF_TIMEOUT_FIRST ||
	    reason == HANDOFF_CONNECT_TIMEOUT;
}

static void
take_result(struct probes *p, struct child *child,
    const struct handoff_probe_result *r)
{
	struct probes_query *q = find_query(p, r->cookie);
	struct probes_answer a = { .reason = r->reason,
		.has_soa = r->has_soa, .serial = r->serial, .ms = r->ms,
		.facts = r->facts };

	if (q == NULL || q->ended)
		return;			/* cancelled meanwhile */
	if (q->socket == NULL || q->socket->id != r->addr_id) {
		/* From a life before, or nonsense; the query goes on. */
		(void)child;
		return;
	}
	if (r->no_edns && q->at != NULL)
		q->at->no_edns_until_ms = now_mono_ms() + NO_EDNS_MS;
	a.transport = q->transport == HANDOFF_UDP ? "udp" : "tcp";
	if (a.reason == HANDOFF_OK && !a.has_soa)
		a.reason = HANDOFF_NO_SOA;
	release_socket(p, q);
	if (tries_tcp(q, a.reason)) {
		q->transport = HANDOFF_TCP;
		q->deadline_ms = now_mono_ms() + patience_ms(p, HANDOFF_TCP);
		send_query(p, q);
		return;
	}
	finish(p, q, &a);
}

static void
answer_hmac(struct probes *p, struct child *child,
    const struct handoff_hmac *h)
{
	const struct tsig_key *key = keyring_key(p->keys, h->key_id);
	uint8_t mac[TSIG_MAC_MAX], frame[HANDOFF_SMALL_MAX];
	struct handoff_hmac_reply r = { .id = h->id, .mac = mac };
	size_t len;

	if (key != NULL && tsig_mac(key, h->bytes, h->len, mac) == OK)
		r.mac_len = (uint8_t)tsig_alg_size(key->alg);
	if (handoff_hmac_reply_encode(&r, frame, sizeof(frame), &len) != OK ||
	    child_send(child, HANDOFF_HMAC_REPLY, frame, len, -1) != OK)
		child_kill(child);
}

void
probes_frame(struct probes *p, struct child *child, enum handoff_kind kind,
    const uint8_t *payload, size_t len)
{
	struct handoff_probe_result r;
	struct handoff_hmac h;

	if (kind == HANDOFF_PROBE_RESULT &&
	    handoff_probe_result_decode(payload, len, &r) == OK)
		take_result(p, child, &r);
	else if (kind == HANDOFF_HMAC &&
	    handoff_hmac_decode(payload, len, &h) == OK)
		answer_hmac(p, child, &h);
	else
		child_kill(child);
}

void
probes_ready(struct probes *p)
{
	for (size_t b = 0; b < BUCKETS; b++)
		for (struct probes_query *q = p->buckets[b]; q != NULL;
		    q = q->next)
			if (q->socket == NULL && !q->ended)
				send_query(p, q);
}

void
probes_gone(struct probes *p)
{
	for (size_t b = 0; b < BUCKETS; b++)
		for (struct probes_query *q = p->buckets[b]; q != NULL;
		    q = q->next) {
			if (q->socket == NULL)
				continue;
			q->socket->inflight--;
			q->socket = NULL;
			/* One that kills the process twice is given up. */
			if (--q->lives == 0)
				finish_later(p, q, HANDOFF_INTERNAL,
				    EGRESS_ALLOWED);
		}
	while (p->sockets != NULL)
		drop_socket(p, p->sockets, false);
}

static void
on_tick(uv_timer_t *timer)
{
	struct probes *p = timer->data;
	int64_t now = now_mono_ms();
	struct socket *s = p->sockets;

	for (size_t b = 0; b < BUCKETS; b++)
		for (struct probes_query *q = p->buckets[b]; q != NULL;
		    q = q->next) {
			if (q->ended)
				continue;
			if (now > q->deadline_ms)
				finish_later(p, q, HANDOFF_INTERNAL,
				    EGRESS_ALLOWED);
			else if (q->socket == NULL)
				send_query(p, q);
		}
	while (s != NULL) {
		struct socket *next = s->next;

		if (s->inflight == 0 && now - s->used_ms > SOCKET_IDLE_MS)
			drop_socket(p, s, true);
		s = next;
	}
}

enum err
probes_new(uv_loop_t *loop, const struct probes_conf *conf,
    struct children *children, const struct egress_rules *rules,
    const struct keyring *keys, struct probes **out)
{
	struct probes *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return ERR_NO_MEMORY;
	p->loop = loop;
	p->conf = *conf;
	p->children = children;
	p->rules = rules;
	p->keys = keys;
	uv_timer_init(loop, &p->tick);
	uv_check_init(loop, &p->check);
	uv_idle_init(loop, &p->idle);
	p->tick.data = p->check.data = p;
	uv_timer_start(&p->tick, on_tick, TICK_MS, TICK_MS);
	*out = p;
	return OK;
}
