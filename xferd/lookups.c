/*
 * lookups.c - see lookups.h.
 *
 * A question is QUEUED until there is room on the way and its destination may
 * be asked, then FLYING in the check process, then ENDED until its callback
 * has been called from the loop.  When the process dies, what was flying is
 * queued again, LIVES_MAX times in all.
 */
#include "xferd/lookups.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/hash.h"
#include "common/base/now.h"
#include "common/dns/dname.h"
#include "xferd/count.h"

enum {
	BUCKETS = 1024,
	TICK_MS = 100,
	LATE_MS = 5000,			/* beyond what the process promised */
	LIVES_MAX = 2,
	FUDGE_S = 300,
	PLACE_IDLE_MS = 2 * LOOKUPS_VISIT_MS,
};

enum phase { QUEUED, FLYING, ENDED };

/* What is remembered of an address, whatever its port. */
struct place {
	struct place *next;
	struct sock_addr at;
	int64_t used_ms;
	int64_t free_ms;		/* when the next WALK question may go */
	unsigned silent;		/* questions not answered, in a row */
	int64_t silent_ms;		/* until when it is not asked */
	bool visited;
	uint8_t visitor[16];
	int64_t visit_ms;		/* its beginning */
	unsigned visit_left;		/* questions */
};

struct lookups_query {
	struct lookups_query *next;	/* in its bucket */
	TAILQ_ENTRY(lookups_query) link;	/* while QUEUED or ENDED */
	enum phase phase;
	uint64_t cookie;
	uint32_t addr_id;		/* while FLYING */
	struct lookups_question q;
	enum handoff_transport transport;
	int lives;
	int64_t deadline_ms;		/* while FLYING */
	lookups_fn fn;
	void *arg;
	struct lookups_answer answer;	/* of one that ended without records */
};

TAILQ_HEAD(query_list, lookups_query);

struct lookups {
	struct lookups_conf conf;
	struct children *children;
	const struct keyring *keys;
	uv_timer_t tick, later;
	struct lookups_query *buckets[BUCKETS];
	struct query_list queue, ended;
	unsigned n, n_flying;
	uint64_t last_cookie;
	uint32_t last_id;
	struct hash_key hash;
	struct place *places[BUCKETS];
	unsigned n_places;
	struct handoff_said *said;	/* HANDOFF_ANSWER_RECORDS_MAX */
};

/* ---- places ------------------------------------------------------------ */

static bool
place_idle(const struct place *p, int64_t now_ms)
{
	return now_ms - p->used_ms > PLACE_IDLE_MS && p->free_ms <= now_ms;
}

static void
sweep_places(struct lookups *l, int64_t now_ms)
{
	for (size_t b = 0; b < BUCKETS; b++)
		for (struct place **at = &l->places[b]; *at != NULL; ) {
			struct place *p = *at;

			if (!place_idle(p, now_ms)) {
				at = &p->next;
				continue;
			}
			*at = p->next;
			l->n_places--;
			free(p);
		}
}

/* NULL: there are too many. */
static struct place *
find_place(struct lookups *l, const struct sock_addr *to, int64_t now_ms)
{
	struct place **b = &l->places[hash_sip(&l->hash, to->ip,
	    sizeof(to->ip)) % BUCKETS];
	struct place *p = *b;

	while (p != NULL && !sock_ip_equal(&p->at, to))
		p = p->next;
	if (p == NULL) {
		if (l->n_places >= LOOKUPS_PLACES_MAX)
			sweep_places(l, now_ms);
		if (l->n_places >= LOOKUPS_PLACES_MAX)
			return NULL;
		p = calloc(1, sizeof(*p));
		if (p == NULL)
			return NULL;
		p->at = *to;
		p->next = *b;
		*b = p;
		l->n_places++;
	}
	p->used_ms = now_ms;
	return p;
}

enum err
lookups_visit(struct lookups *l, const uint8_t tenant[16],
    const struct sock_addr *to, uint32_t *out_wait_ms)
{
	int64_t now = now_mono_ms();
	struct place *p = find_place(l, to, now);

	*out_wait_ms = LOOKUPS_VISIT_GAP_MS;
	if (p == NULL)
		return ERR_LIMIT;
	if (p->visited && now - p->visit_ms < LOOKUPS_VISIT_GAP_MS) {
		*out_wait_ms = (uint32_t)(LOOKUPS_VISIT_GAP_MS -
		    (now - p->visit_ms));
		return memcmp(p->visitor, tenant, 16) == 0 &&
		    p->visit_left > 0 ? OK : ERR_LIMIT;
	}
	/* The same tenant goes on with what is left, until it begins anew. */
	p->visited = true;
	p->visit_ms = now;
	p->visit_left = LOOKUPS_VISIT_QUESTIONS;
	memcpy(p->visitor, tenant, 16);
	return OK;
}

static bool
may_visit(struct lookups *l, const struct lookups_question *q)
{
	int64_t now = now_mono_ms();
	struct place *p = find_place(l, &q->to, now);

	if (p == NULL || !p->visited || p->visit_left == 0 ||
	    now - p->visit_ms > LOOKUPS_VISIT_MS ||
	    memcmp(p->visitor, q->tenant, 16) != 0)
		return false;
	p->visit_left--;
	return true;
}

/* May it go now?  It counts when it does. */
static bool
take_turn(struct lookups *l, const struct lookups_question *q, int64_t now_ms)
{
	struct place *p;

	if (q->purpose != LOOKUPS_WALK)
		return true;
	p = find_place(l, &q->to, now_ms);
	if (p == NULL || p->free_ms > now_ms)
		return false;
	/* A quarter of a second's worth may go at once. */
	p->free_ms = MAX(p->free_ms, now_ms - 250) +
	    1000 / (int64_t)l->conf.per_second;
	return true;
}

/* ---- the end of a question --------------------------------------------- */

static void
unlink_query(struct lookups *l, struct lookups_query *q)
{
	struct lookups_query **at = &l->buckets[q->cookie % BUCKETS];

	while (*at != q) {
		CHECK(*at != NULL);
		at = &(*at)->next;
	}
	*at = q->next;
	switch (q->phase) {
	case QUEUED:
		TAILQ_REMOVE(&l->queue, q, link);
		break;
	case FLYING:
		l->n_flying--;
		break;
	case ENDED:
		TAILQ_REMOVE(&l->ended, q, link);
		break;
	}
	l->n--;
}

static void
close_socket(struct lookups *l, const struct lookups_query *q)
{
	struct child *child = children_check(l->children);
	struct handoff_probe_close c = { .addr_id = q->addr_id };
	uint8_t frame[HANDOFF_SMALL_MAX];
	size_t len;

	if (child == NULL)
		return;
	if (handoff_probe_close_encode(&c, frame, sizeof(frame), &len) != OK ||
	    child_send(child, HANDOFF_PROBE_CLOSE, frame, len, -1) != OK)
		child_kill(child);
}

void
lookups_cancel(struct lookups *l, struct lookups_query *q)
{
	if (q == NULL)
		return;
	if (q->phase == FLYING)
		close_socket(l, q);
	unlink_query(l, q);
	free(q);
}

static void
finish(struct lookups *l, struct lookups_query *q,
    const struct lookups_answer *answer)
{
	lookups_fn fn = q->fn;
	void *arg = q->arg;
	struct lookups_answer copy = *answer;

	unlink_query(l, q);
	copy.transport = q->transport;
	free(q);
	if (copy.reason != HANDOFF_OK)
		count_add(COUNT_lookups_failed, 1);
	fn(arg, &copy);
}

static void
on_later(uv_timer_t *timer)
{
	struct lookups *l = timer->data;
	struct lookups_query *q;

	while ((q = TAILQ_FIRST(&l->ended)) != NULL)
		finish(l, q, &q->answer);
}

/* Never from within lookups_ask(): its caller has no query yet. */
static void
finish_later(struct lookups *l, struct lookups_query *q,
    enum handoff_reason reason, enum egress_verdict egress)
{
	CHECK(q->phase != ENDED);
	if (q->phase == QUEUED)
		TAILQ_REMOVE(&l->queue, q, link);
	else
		l->n_flying--;
	q->phase = ENDED;
	TAILQ_INSERT_TAIL(&l->ended, q, link);
	q->answer = (struct lookups_answer){ .reason = reason,
		.egress = egress };
	uv_timer_start(&l->later, on_later, 0, 0);
}

/* ---- sending ----------------------------------------------------------- */

static const struct egress_rules *
rules_of(const struct lookups *l, const struct lookups_question *q)
{
	switch (q->purpose) {
	case LOOKUPS_WALK:
		return l->conf.walk;
	case LOOKUPS_VISIT:
		break;
	case LOOKUPS_OPERATOR:
		return l->conf.operator_;
	}
	return l->conf.visit;
}

static int64_t
patience_ms(const struct lookups_query *q)
{
	if (q->transport == HANDOFF_TCP)
		return 2 * (int64_t)q->q.timeout_ms + LATE_MS;
	return (int64_t)q->q.timeout_ms * ((1 << q->q.tries) - 1) + LATE_MS;
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

static enum err
open_socket(struct lookups *l, struct lookups_query *q, struct child *child)
{
	struct handoff_probe_addr a = { .transport = q->transport };
	bool udp = q->transport == HANDOFF_UDP;
	uint8_t frame[HANDOFF_SMALL_MAX];
	size_t len;
	int fd;
	enum err e;

	e = egress_connect(rules_of(l, &q->q), &q->q.to, udp ? SOCK_DGRAM : SOCK_STREAM,
	    &fd, &a.connecting, NULL);
	if (e != OK)
		return e;
	a.addr_id = q->addr_id = ++l->last_id;
	a.timeout_ms = q->q.timeout_ms;
	a.tries = udp ? q->q.tries : 1;
	e = handoff_probe_addr_encode(&a, frame, sizeof(frame), &len);
	CHECK(e == OK);
	return child_send(child, HANDOFF_PROBE_ADDR, frame, len, fd);
}

static enum err
send_question(struct lookups *l, struct lookups_query *q, struct child *child,
    const struct tsig_key *key)
{
	struct handoff_question f = { .cookie = q->cookie,
		.addr_id = q->addr_id, .name_len = q->q.name_len,
		.type = q->q.type, .edns = q->q.edns,
		.dnssec_ok = q->q.dnssec_ok, .recurse = q->q.recurse,
		.mixed = q->q.mixed && q->transport == HANDOFF_UDP };
	uint8_t frame[HANDOFF_SMALL_MAX];
	size_t len;
	enum err e;

	memcpy(f.name, q->q.name, q->q.name_len);
	if (key != NULL) {
		f.key_id = q->q.key;
		f.alg = key->alg;
		f.key_name_len = key->name_len;
		memcpy(f.key_name, key->name, key->name_len);
		f.fudge_s = FUDGE_S;
		f.mac_min = tsig_mac_min(key->alg, l->conf.tsig_mac_min);
	}
	e = handoff_question_encode(&f, frame, sizeof(frame), &len);
	CHECK(e == OK);
	return child_send(child, HANDOFF_QUESTION, frame, len, -1);
}

/* One that is QUEUED: it flies, or it has ended, or it stays as it is. */
static void
send_query(struct lookups *l, struct lookups_query *q, struct child *child)
{
	const struct tsig_key *key = keyring_key(l->keys, q->q.key);
	enum err e;

	if (q->q.key != 0 && key == NULL) {
		finish_later(l, q, HANDOFF_INTERNAL, EGRESS_ALLOWED);
		return;
	}
	e = open_socket(l, q, child);
	if (e == OK)
		e = send_question(l, q, child, key);
	if (e == ERR_FULL || e == ERR_CLOSED) {
		child_kill(child);	/* it reads too slowly, or is gone */
		return;
	}
	if (e != OK) {
		finish_later(l, q, reason_of(e), EGRESS_ALLOWED);
		return;
	}
	TAILQ_REMOVE(&l->queue, q, link);
	q->phase = FLYING;
	q->deadline_ms = now_mono_ms() + patience_ms(q);
	l->n_flying++;
	count_add(COUNT_lookups, 1);
}

/* One address that never answers would hold up all that wait for it. */
static bool
is_silent(struct lookups *l, const struct lookups_question *q, int64_t now_ms)
{
	struct place *p = q->purpose == LOOKUPS_WALK ?
	    find_place(l, &q->to, now_ms) : NULL;

	return p != NULL && p->silent_ms > now_ms;
}

static void
note_silence(struct lookups *l, const struct lookups_question *q,
    enum handoff_reason reason)
{
	int64_t now = now_mono_ms();
	struct place *p = q->purpose == LOOKUPS_WALK ?
	    find_place(l, &q->to, now) : NULL;

	if (p == NULL)
		return;
	if (reason != HANDOFF_TIMEOUT_FIRST &&
	    reason != HANDOFF_CONNECT_TIMEOUT) {
		p->silent = 0;
		return;
	}
	if (++p->silent >= LOOKUPS_SILENT)
		p->silent_ms = now + LOOKUPS_SILENT_MS;
}

/* Whatever may go, goes. */
static void
pump(struct lookups *l)
{
	struct child *child = children_check(l->children);
	struct lookups_query *q, *next;
	int64_t now = now_mono_ms();

	if (child == NULL)
		return;			/* lookups_ready() comes */
	for (q = TAILQ_FIRST(&l->queue); q != NULL &&
	    l->n_flying < LOOKUPS_FLIGHT_MAX && child_usable(child);
	    q = next) {
		next = TAILQ_NEXT(q, link);
		if (is_silent(l, &q->q, now))
			finish_later(l, q, HANDOFF_TIMEOUT_FIRST,
			    EGRESS_ALLOWED);
		else if (take_turn(l, &q->q, now))
			send_query(l, q, child);
	}
}

/* Walks are bounded by those who walk; who visits is a tenant. */
static bool
visits_full(const struct lookups *l, const uint8_t tenant[16])
{
	unsigned n = 0, mine = 0;

	for (size_t b = 0; b < BUCKETS; b++)
		for (const struct lookups_query *q = l->buckets[b]; q != NULL;
		    q = q->next)
			if (q->q.purpose == LOOKUPS_VISIT) {
				n++;
				mine += memcmp(q->q.tenant, tenant, 16) == 0;
			}
	return n >= LOOKUPS_VISITS_MAX || mine >= LOOKUPS_TENANT_MAX;
}

enum err
lookups_ask(struct lookups *l, const struct lookups_question *question,
    lookups_fn fn, void *arg, struct lookups_query **out)
{
	enum egress_verdict verdict = egress_check(rules_of(l, question),
	    &question->to);
	struct lookups_query *q, **b;

	if (l->n >= LOOKUPS_MAX)
		return ERR_LIMIT;
	if (question->purpose == LOOKUPS_VISIT && (visits_full(l,
	    question->tenant) || !may_visit(l, question)))
		return ERR_LIMIT;
	q = calloc(1, sizeof(*q));
	if (q == NULL)
		return ERR_NO_MEMORY;
	q->cookie = ++l->last_cookie;
	q->q = *question;
	dname_lower(question->name, q->q.name);
	q->transport = question->transport;
	q->lives = LIVES_MAX;
	q->fn = fn;
	q->arg = arg;
	b = &l->buckets[q->cookie % BUCKETS];
	q->next = *b;
	*b = q;
	l->n++;
	q->phase = QUEUED;
	TAILQ_INSERT_TAIL(&l->queue, q, link);
	*out = q;
	if (verdict != EGRESS_ALLOWED) {
		count_add(COUNT_egress_denied, 1);
		finish_later(l, q, HANDOFF_CONNECT_FAILED, verdict);
		return OK;
	}
	pump(l);
	return OK;
}

unsigned
lookups_waiting(const struct lookups *l)
{
	return l->n;
}

/* ---- answers ----------------------------------------------------------- */

static struct lookups_query *
find_query(struct lookups *l, uint64_t cookie)
{
	struct lookups_query *q = l->buckets[cookie % BUCKETS];

	while (q != NULL && q->cookie != cookie)
		q = q->next;
	return q;
}

static void
take_answer(struct lookups *l, struct child *child, const uint8_t *payload,
    size_t len)
{
	struct handoff_answer h;
	struct lookups_answer a;
	struct lookups_query *q;

	if (handoff_answer_decode(payload, len, &h) != OK ||
	    handoff_said_all(&h, l->said) != OK) {
		child_kill(child);
		return;
	}
	q = find_query(l, h.cookie);
	/* Cancelled meanwhile, or from a life before. */
	if (q == NULL || q->phase != FLYING || q->addr_id != h.addr_id)
		return;
	close_socket(l, q);
	note_silence(l, &q->q, h.reason);
	if (h.reason == HANDOFF_TRUNCATED && q->q.then_tcp &&
	    q->transport == HANDOFF_UDP) {
		q->transport = HANDOFF_TCP;
		l->n_flying--;
		q->phase = QUEUED;
		TAILQ_INSERT_HEAD(&l->queue, q, link);
	} else {
		a = (struct lookups_answer){ .reason = h.reason,
			.egress = EGRESS_ALLOWED, .aa = h.aa, .tc = h.tc,
			.ra = h.ra, .cut = h.cut, .no_edns = h.no_edns,
			.ms = h.ms, .tries = h.tries, .facts = h.facts,
			.n_records = h.n_records, .records = l->said };
		finish(l, q, &a);
	}
	pump(l);
}

static void
answer_hmac(struct lookups *l, struct child *child,
    const struct handoff_hmac *h)
{
	const struct tsig_key *key = keyring_key(l->keys, h->key_id);
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
lookups_frame(struct lookups *l, struct child *child, enum handoff_kind kind,
    const uint8_t *payload, size_t len)
{
	struct handoff_hmac h;

	if (kind == HANDOFF_ANSWER)
		take_answer(l, child, payload, len);
	else if (kind == HANDOFF_HMAC &&
	    handoff_hmac_decode(payload, len, &h) == OK)
		answer_hmac(l, child, &h);
	else
		child_kill(child);
}

void
lookups_ready(struct lookups *l)
{
	pump(l);
}

void
lookups_gone(struct lookups *l)
{
	for (size_t b = 0; b < BUCKETS; b++)
		for (struct lookups_query *q = l->buckets[b]; q != NULL;
		    q = q->next) {
			if (q->phase != FLYING)
				continue;
			/* One that kills the process twice is given up. */
			if (--q->lives == 0) {
				finish_later(l, q, HANDOFF_INTERNAL,
				    EGRESS_ALLOWED);
				continue;
			}
			l->n_flying--;
			q->phase = QUEUED;
			TAILQ_INSERT_TAIL(&l->queue, q, link);
		}
}

static void
on_tick(uv_timer_t *timer)
{
	struct lookups *l = timer->data;
	int64_t now = now_mono_ms();

	if (l->n == 0)
		return;
	for (size_t b = 0; b < BUCKETS; b++)
		for (struct lookups_query *q = l->buckets[b]; q != NULL;
		    q = q->next)
			if (q->phase == FLYING && now > q->deadline_ms) {
				close_socket(l, q);
				finish_later(l, q, HANDOFF_INTERNAL,
				    EGRESS_ALLOWED);
			}
	pump(l);
}

enum err
lookups_new(uv_loop_t *loop, const struct lookups_conf *conf,
    struct children *children, const struct keyring *keys,
    struct lookups **out)
{
	struct lookups *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return ERR_NO_MEMORY;
	l->said = calloc(HANDOFF_ANSWER_RECORDS_MAX, sizeof(*l->said));
	if (l->said == NULL) {
		free(l);
		return ERR_NO_MEMORY;
	}
	CHECK(conf->per_second > 0);
	hash_key_random(&l->hash);
	l->conf = *conf;
	l->children = children;
	l->keys = keys;
	TAILQ_INIT(&l->queue);
	TAILQ_INIT(&l->ended);
	uv_timer_init(loop, &l->tick);
	uv_timer_init(loop, &l->later);
	l->tick.data = l->later.data = l;
	uv_timer_start(&l->tick, on_tick, TICK_MS, TICK_MS);
	*out = l;
	return OK;
}
