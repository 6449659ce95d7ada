/*
 * fetches.c - transfers, asked of fetch processes; slots and fairness.
 *
 * A request waits until caps, a slot and a warm process allow it.  Its process
 * gets a socket that is being connected and never sees another one.  After a
 * good transfer the connection may serve the next zone of the same tenant,
 * address and key; an idle one is given up after LINGER_MS.
 */
#include "xferd/fetches.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/base/secret.h"
#include "common/dns/dnsmsg.h"
#include "xferd/count.h"

enum {
	TICK_MS = 500,
	LINGER_MS = 1000,
	LATE_MS = 15000,		/* beyond what the process promised */
	FUDGE_S = 300,
	EMPTY_MAX = 100,		/* messages without records in a row */
	NO_EDNS_MS = 3600 * 1000,
};

/* A process with a connection; hung on the child. */
struct conn {
	struct conn *next;
	struct child *child;
	uint8_t tenant_id[16];
	struct sock_addr addr;
	uint32_t key;
	struct fetches_req *req;	/* NULL: idle */
	unsigned n_served;
	int64_t idle_ms;
};

struct fetches_req {
	struct fetches_req *next;
	struct fetches_ask ask;
	fetches_fn fn;
	void *arg;
	uint64_t cookie;
	int64_t asked_ms, started_ms, deadline_ms;
	struct conn *conn;		/* NULL: waiting */
	struct spool *spool;
	bool no_edns;			/* it disliked our OPT */
	bool ended, spool_full;		/* ended: fn in a later turn */
	enum handoff_reason reason;	/* of an end of our own */
	enum egress_verdict egress;
};

struct fetches {
	struct fetches_conf conf;
	struct children *children;
	const struct egress_rules *rules;
	const struct keyring *keys;
	struct spool_account spool;
	struct fetches_req *list, **tail;	/* all, in order of asking */
	struct conn *conns;
	unsigned running, waiting;
	uint64_t last_cookie;
	uv_timer_t tick, soon;
	bool soon_on;
};

static void dispatch(struct fetches *f);

/* ---- the end of a request ---------------------------------------------- */

static void
unlink_req(struct fetches *f, struct fetches_req *req)
{
	struct fetches_req **at = &f->list;

	while (*at != req) {
		CHECK(*at != NULL);
		at = &(*at)->next;
	}
	*at = req->next;
	if (req->next == NULL)
		f->tail = at;
}

static void
release_slot(struct fetches *f, struct fetches_req *req)
{
	if (req->conn == NULL)
		return;
	CHECK(f->running > 0);
	CHECK(req->ask.tenant->transfers > 0);
	CHECK(req->ask.at->transfers > 0);
	f->running--;
	req->ask.tenant->transfers--;
	req->ask.at->transfers--;
	req->conn->req = NULL;
	req->conn->idle_ms = now_mono_ms();
	req->conn = NULL;
	count_set(COUNT_transfers_running, f->running);
}

static void
on_soon(uv_timer_t *timer);

static void
turn_soon(struct fetches *f)
{
	if (f->soon_on)
		return;
	f->soon_on = true;
	uv_timer_start(&f->soon, on_soon, 0, 0);
}

static void
answer(struct fetches *f, struct fetches_req *req,
    const struct handoff_result *result)
{
	struct fetches_answer a = { .result = result, .egress = req->egress,
		.spool_full = req->spool_full, .spool = req->spool,
		.waited_ms = req->started_ms == 0 ? 0 :
		    req->started_ms - req->asked_ms };
	fetches_fn fn = req->fn;
	void *arg = req->arg;

	release_slot(f, req);
	unlink_req(f, req);
	free(req);
	if (result->reason != HANDOFF_OK && result->reason != HANDOFF_UPTODATE)
		count_add(COUNT_transfers_failed, 1);
	count_add(COUNT_transfer_bytes, result->bytes);
	count_add(COUNT_transfer_records, result->records);
	fn(arg, &a);
	turn_soon(f);
}

/* An end that did not come from the process; in a later turn. */
static void
end_own(struct fetches *f, struct fetches_req *req,
    enum handoff_reason reason)
{
	if (req->ended)
		return;
	req->ended = true;
	req->reason = reason;
	turn_soon(f);
}

void
fetches_cancel(struct fetches *f, struct fetches_req *req)
{
	if (req == NULL)
		return;
	if (req->conn != NULL)
		child_kill(req->conn->child);
	release_slot(f, req);
	unlink_req(f, req);
	spool_free(req->spool);
	free(req);
	turn_soon(f);
}

static void
on_soon(uv_timer_t *timer)
{
	struct fetches *f = timer->data;
	struct fetches_req *req = f->list;

	f->soon_on = false;
	while (req != NULL) {
		struct handoff_result r = { .reason = req->reason };

		if (!req->ended) {
			req = req->next;
			continue;
		}
		if (req->started_ms > 0)
			r.ms = (uint32_t)(now_mono_ms() - req->started_ms);
		answer(f, req, &r);
		req = f->list;		/* fn() may have changed the list */
	}
	dispatch(f);
}

/* ---- starting ---------------------------------------------------------- */

static enum err
send_conn(struct fetches *f, const struct fetches_req *req,
    struct child *child, int fd, bool connecting)
{
	const struct fetches_conf *c = &f->conf;
	struct handoff_fetch_conn m = { .transport = HANDOFF_TCP,
		.connecting = connecting, .connect_ms = c->connect_ms,
		.first_ms = c->first_ms, .idle_ms = c->idle_ms,
		.total_ms = c->total_ms, .rate_min_bps = c->rate_min_bps,
		.rate_window_ms = c->rate_window_ms };
	uint8_t frame[HANDOFF_SMALL_MAX];
	size_t len;
	enum err e;

	if (req->ask.key != 0) {
		const struct tsig_key *key = keyring_key(f->keys,
		    req->ask.key);

		CHECK(key != NULL);	/* tested by start_new() */
		m.n_keys = 1;
		m.keys[0].id = req->ask.key;
		m.keys[0].key = *key;
	}
	e = handoff_fetch_conn_encode(&m, frame, sizeof(frame), &len);
	CHECK(e == OK);
	secret_wipe(&m, sizeof(m));
	e = child_send(child, HANDOFF_FETCH_CONN, frame, len, fd);
	secret_wipe(frame, sizeof(frame));
	return e;
}

static enum err
send_zone(struct fetches *f, struct fetches_req *req, struct child *child)
{
	const struct fetches_ask *ask = &req->ask;
	struct handoff_fetch_zone z = { .cookie = req->cookie,
		.apex_len = ask->apex_len,
		.mode = ask->mode == ZONE_MODE_IXFR ? HANDOFF_IXFR :
		    HANDOFF_AXFR,
		.serial = ask->serial, .key_id = ask->key,
		.fudge_s = ask->key != 0 ? FUDGE_S : 0,
		.limits = f->conf.limits };
	uint8_t frame[HANDOFF_SMALL_MAX];
	size_t len;
	enum err e;

	memcpy(z.apex, ask->apex, ask->apex_len);
	if (ask->mode == ZONE_MODE_IXFR) {
		z.soa_len = ask->soa_len;
		memcpy(z.soa, ask->soa, ask->soa_len);
	}
	z.edns = !req->no_edns && ask->at->no_edns_until_ms <= now_mono_ms();
	z.limits.empty_max = EMPTY_MAX;
	e = handoff_fetch_zone_encode(&z, frame, sizeof(frame), &len);
	CHECK(e == OK);
	return child_send(child, HANDOFF_FETCH_ZONE, frame, len, -1);
}

static struct conn *
idle_conn(struct fetches *f, const struct fetches_req *req)
{
	for (struct conn *c = f->conns; c != NULL; c = c->next)
		if (c->req == NULL && child_usable(c->child) &&
		    c->key == req->ask.key &&
		    memcmp(c->tenant_id, req->ask.tenant_id, 16) == 0 &&
		    sock_addr_cmp(&c->addr, &req->ask.addr) == 0)
			return c;
	return NULL;
}

static void
start_on(struct fetches *f, struct fetches_req *req, struct conn *c)
{
	struct fetches_ask *ask = &req->ask;

	CHECK(c->req == NULL);
	c->req = req;
	req->conn = c;
	req->started_ms = now_mono_ms();
	req->deadline_ms = req->started_ms + f->conf.connect_ms +
	    (int64_t)f->conf.total_ms + LATE_MS;
	f->running++;
	ask->tenant->transfers++;
	ask->at->transfers++;
	count_add(COUNT_transfers, 1);
	count_set(COUNT_transfers_running, f->running);
	if (send_zone(f, req, c->child) != OK) {
		child_kill(c->child);
		end_own(f, req, HANDOFF_INTERNAL);
	}
}

static struct conn *
open_conn(struct fetches *f, struct fetches_req *req, struct child *child,
    int fd, bool connecting)
{
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		close(fd);
		child_kill(child);
		return NULL;
	}
	c->child = child;
	memcpy(c->tenant_id, req->ask.tenant_id, 16);
	c->addr = req->ask.addr;
	c->key = req->ask.key;
	c->next = f->conns;
	f->conns = c;
	child_set_user(child, c);
	if (send_conn(f, req, child, fd, connecting) != OK)
		child_kill(child);
	return c;
}

/* Returns false when there is no process now. */
static bool
start(struct fetches *f, struct fetches_req *req)
{
	struct conn *c = idle_conn(f, req);
	struct child *child;
	bool connecting = false;
	int fd;
	enum err e;

	if (c != NULL) {
		start_on(f, req, c);
		return true;
	}
	req->egress = egress_check(f->rules, &req->ask.addr);
	if (req->egress != EGRESS_ALLOWED) {
		count_add(COUNT_egress_denied, 1);
		end_own(f, req, HANDOFF_CONNECT_FAILED);
		return true;
	}
	if (req->ask.key != 0 && keyring_key(f->keys, req->ask.key) == NULL) {
		end_own(f, req, HANDOFF_INTERNAL);
		return true;
	}
	child = children_take(f->children);
	if (child == NULL)
		return false;
	e = egress_connect(f->rules, &req->ask.addr, SOCK_STREAM, &fd,
	    &connecting, NULL);
	if (e != OK) {
		/* The process has seen nothing, but it is taken: end it. */
		child_close(child);
		end_own(f, req, e == ERR_REFUSED ? HANDOFF_CONNECT_REFUSED :
		    e == ERR_UNREACHABLE ? HANDOFF_CONNECT_FAILED :
		    HANDOFF_INTERNAL);
		return true;
	}
	c = open_conn(f, req, child, fd, connecting);
	if (c == NULL)
		end_own(f, req, HANDOFF_INTERNAL);
	else
		start_on(f, req, c);
	return true;
}

static bool
may_start(const struct fetches *f, const struct fetches_req *req)
{
	return req->conn == NULL && !req->ended &&
	    req->ask.tenant->transfers < f->conf.per_tenant &&
	    req->ask.at->transfers < f->conf.per_primary;
}

/* More urgent first; then the tenant with the fewest; then who asked first. */
static bool
before(const struct fetches_req *a, const struct fetches_req *b)
{
	if (a->ask.urgency != b->ask.urgency)
		return a->ask.urgency < b->ask.urgency;
	return a->ask.tenant->transfers < b->ask.tenant->transfers;
}

static void
dispatch(struct fetches *f)
{
	unsigned waiting = 0;

	while (f->running < f->conf.transfers_max) {
		struct fetches_req *best = NULL;

		for (struct fetches_req *r = f->list; r != NULL; r = r->next)
			if (may_start(f, r) && (best == NULL ||
			    before(r, best)))
				best = r;
		if (best == NULL || !start(f, best))
			break;
	}
	for (struct fetches_req *r = f->list; r != NULL; r = r->next)
		waiting += r->conn == NULL && !r->ended;
	count_set(COUNT_transfers_waiting, waiting);
}

struct fetches_req *
fetches_ask(struct fetches *f, const struct fetches_ask *ask, fetches_fn fn,
    void *arg)
{
	struct fetches_req *req = calloc(1, sizeof(*req));

	if (req == NULL)
		return NULL;
	req->ask = *ask;
	req->fn = fn;
	req->arg = arg;
	req->cookie = ++f->last_cookie;
	req->asked_ms = now_mono_ms();
	if (spool_new(f->conf.spool_max, &f->spool, &ask->tenant->spool,
	    &req->spool) != OK) {
		free(req);
		return NULL;
	}
	*f->tail = req;
	f->tail = &req->next;
	turn_soon(f);
	return req;
}

/* ---- frames ------------------------------------------------------------ */

static void
take_data(struct fetches *f, struct conn *c, enum handoff_kind kind,
    const uint8_t *payload, size_t len)
{
	struct fetches_req *req = c->req;
	enum err e;

	if (req == NULL || req->ended)
		return;
	e = spool_append(req->spool, kind, payload, len);
	if (e == OK)
		return;
	req->spool_full = e == ERR_LIMIT;
	child_kill(c->child);
	end_own(f, req, e == ERR_LIMIT ? HANDOFF_LIMIT_BYTES :
	    HANDOFF_INTERNAL);
}

/* T-017: an empty zone was never probed, so here one may learn that this
 * primary does not do EDNS.  Remembered when it is better without. */
static bool
wants_no_edns(struct fetches_req *req, const struct handoff_result *r)
{
	struct tally_entry *at = req->ask.at;
	int64_t now = now_mono_ms();

	if (r->reason == HANDOFF_OK && req->no_edns)
		at->no_edns_until_ms = now + NO_EDNS_MS;
	if (r->reason != HANDOFF_RCODE || r->messages != 1 ||
	    req->no_edns || at->no_edns_until_ms > now ||
	    req->ask.mode != ZONE_MODE_AXFR ||
	    (r->facts.rcode != DNSMSG_FORMERR &&
	    r->facts.rcode != DNSMSG_NOTIMP))
		return false;
	req->no_edns = true;
	return true;
}

static void
take_result(struct fetches *f, struct conn *c, const uint8_t *payload,
    size_t len)
{
	struct fetches_req *req = c->req;
	struct handoff_result r;

	if (req == NULL || req->ended)
		return;
	if (handoff_result_decode(payload, len, &r) != OK ||
	    r.cookie != req->cookie) {
		child_kill(c->child);
		end_own(f, req, HANDOFF_INTERNAL);
		return;
	}
	if (r.reason == HANDOFF_OK && !r.has_soa)
		r.reason = HANDOFF_NO_SOA;
	if (!r.reusable)
		child_close(c->child);
	/* It had closed the idle connection: that is no failure (T-158). */
	if (c->n_served++ > 0 && r.messages == 0 &&
	    spool_size(req->spool) == 0 && r.reason == HANDOFF_CLOSED_EARLY) {
		child_close(c->child);
		release_slot(f, req);
		req->started_ms = 0;
		turn_soon(f);
		return;
	}
	if (wants_no_edns(req, &r)) {
		release_slot(f, req);
		req->started_ms = 0;
		turn_soon(f);
		return;
	}
	answer(f, req, &r);
}

void
fetches_frame(struct fetches *f, struct child *child, enum handoff_kind kind,
    const uint8_t *payload, size_t len)
{
	struct conn *c = child_user(child);

	if (c == NULL) {
		child_kill(child);
		return;
	}
	if (kind == HANDOFF_RECORDS || kind == HANDOFF_MARK)
		take_data(f, c, kind, payload, len);
	else if (kind == HANDOFF_RESULT)
		take_result(f, c, payload, len);
	else
		child_kill(child);
}

void
fetches_ready(struct fetches *f)
{
	turn_soon(f);
}

void
fetches_gone(struct fetches *f, struct child *child)
{
	struct conn *c = child_user(child), **at = &f->conns;

	if (c == NULL)
		return;
	if (c->req != NULL) {
		struct fetches_req *req = c->req;

		/* A crash on what the primary sent is that primary's failure:
		 * the round goes on to the next one. */
		release_slot(f, req);
		end_own(f, req, HANDOFF_CLOSED_EARLY);
	}
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free(c);
	turn_soon(f);
}

static void
on_tick(uv_timer_t *timer)
{
	struct fetches *f = timer->data;
	int64_t now = now_mono_ms();

	count_set(COUNT_spool_bytes, f->spool.used);
	for (struct conn *c = f->conns; c != NULL; c = c->next) {
		if (c->req == NULL && now - c->idle_ms > LINGER_MS) {
			if (child_usable(c->child))
				child_close(c->child);
		} else if (c->req != NULL && !c->req->ended &&
		    now > c->req->deadline_ms) {
			child_kill(c->child);
			end_own(f, c->req, HANDOFF_TIMEOUT_TOTAL);
		}
	}
	dispatch(f);
}

enum err
fetches_new(uv_loop_t *loop, const struct fetches_conf *conf,
    struct children *children, const struct egress_rules *rules,
    const struct keyring *keys, struct fetches **out)
{
	struct fetches *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return ERR_NO_MEMORY;
	f->conf = *conf;
	f->children = children;
	f->rules = rules;
	f->keys = keys;
	f->spool.max = conf->spool_all_max;
	f->tail = &f->list;
	uv_timer_init(loop, &f->tick);
	uv_timer_init(loop, &f->soon);
	f->tick.data = f->soon.data = f;
	uv_timer_start(&f->tick, on_tick, TICK_MS, TICK_MS);
	*out = f;
	return OK;
}
