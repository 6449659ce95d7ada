/*
 * fetches.c - transfers, asked of fetch processes; slots and fairness.
 *
 * A request waits until caps, a slot and a warm process allow it.  Its process
 * gets a socket that is being connected and never sees another one.  The
 * connection then serves zones of the same tenant, address and key, several at
 * a time (RFC 7766 6.2.1.1); an idle one is given up after LINGER_MS.
 *
 * How many at a time is learned: `depth` of the address doubles with each
 * answer that comes quickly, and a long one sets it back, so that small zones
 * do not stand behind a big one.  A primary that closes, or says nonsense,
 * when it has more than one question is asked one at a time for a while
 * (`alone`), and if that is too much, once per connection (`fresh`).  T-110
 */
#include "xferd/fetches.h"

#include <fcntl.h>
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
	LINGER_TLS_MS = 3000,		/* a handshake costs more */
	LINGER_MAX_MS = 10000,		/* when the primary allows it: RFC 7828 */
	LATE_MS = 15000,		/* beyond what the process promised */
	FUDGE_S = 300,
	EMPTY_MAX = 100,		/* messages without records in a row */
	NO_EDNS_MS = 3600 * 1000,

	DEPTH_START = 2,
	QUICK_MS = 1000,		/* an answer that lets depth grow ... */
	QUICK_BYTES = 1 << 20,
	SLOW_MS = 300,			/* nothing is put behind such a transfer */
	STUCK_MS = 3000,		/* what stands behind it goes elsewhere */
	MOVES_MAX = 4,
	STRIKE_MS = 60 * 1000,		/* alone, at first; times 4 each time ... */
	STRIKE_MAX_MS = 3600 * 1000,	/* ... up to this */
	REUSE_GAP_MS = 300,		/* closing later than this is its right */
};

/*
 * A process with a connection; hung on the child.  What it may be used for
 * again: T-156.  (The source address is the same for all of one xferd.)
 */
struct conn {
	struct conn *next;
	struct child *child;
	uint8_t tenant_id[16];
	struct sock_addr addr;
	uint32_t key;
	bool tls;
	struct digest profile;		/* with tls */
	struct fetches_req *first, **last;	/* under way, in order */
	unsigned n;
	struct fetches_req *current;	/* whose records come */
	bool closing;			/* takes no more */
	unsigned n_answered;
	int64_t answered_ms;		/* the last one; or when it was opened */
	int64_t linger_ms;
};

struct fetches_req {
	struct fetches_req *next;	/* of all */
	struct fetches_req *behind;	/* on its connection */
	struct fetches_ask ask;
	fetches_fn fn;
	void *arg;
	uint64_t cookie;
	int64_t asked_ms, started_ms, deadline_ms;
	struct conn *conn;		/* NULL: waiting */
	bool leads;			/* the first on a new connection */
	bool pipelined;			/* sent while others were under way */
	bool wants_fresh;		/* only as the first */
	unsigned moves;
	struct spool *spool;
	bool no_edns;			/* it disliked our OPT */
	bool ended, spool_full;		/* ended: fn in a later turn */
	enum handoff_reason reason;	/* of an end of our own */
	const char *why;		/* static; NULL: nothing more to say */
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
	unsigned running;		/* requests */
	unsigned busy;			/* connections with requests */
	uint64_t turn;			/* of dispatch() */
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

/* The request is no longer the connection's. */
static void
leave_conn(struct fetches *f, struct fetches_req *req)
{
	struct conn *c = req->conn;
	struct fetches_req **at;

	if (c == NULL)
		return;
	for (at = &c->first; *at != req; at = &(*at)->behind)
		CHECK(*at != NULL);
	*at = req->behind;
	if (c->last == &req->behind)
		c->last = at;
	if (c->current == req)
		c->current = NULL;
	req->behind = NULL;
	req->conn = NULL;
	CHECK(f->running > 0 && c->n > 0);
	f->running--;
	c->n--;
	count_set(COUNT_transfers_running, f->running);
	if (c->n > 0)
		return;
	CHECK(f->busy > 0);
	CHECK(req->ask.tenant->transfers > 0);
	CHECK(req->ask.at->transfers > 0);
	f->busy--;
	req->ask.tenant->transfers--;
	req->ask.at->transfers--;
	c->answered_ms = now_mono_ms();
	if ((c->closing || req->ask.at->fresh_until_ms > c->answered_ms) &&
	    child_usable(c->child))
		child_close(c->child);
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

	leave_conn(f, req);
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

/* Its answer is not wanted any more; others may be under way beside it. */
static void
abandon(struct fetches *f, struct fetches_req *req)
{
	struct handoff_fetch_drop d = { req->cookie };
	struct conn *c = req->conn;
	uint8_t frame[16];
	size_t len;
	enum err e;

	if (c == NULL)
		return;
	if (c->n == 1) {
		child_kill(c->child);
	} else if (child_usable(c->child)) {
		e = handoff_fetch_drop_encode(&d, frame, sizeof(frame), &len);
		CHECK(e == OK);
		if (child_send(c->child, HANDOFF_FETCH_DROP, frame, len, -1)
		    != OK)
			child_kill(c->child);
	}
	leave_conn(f, req);
}

void
fetches_cancel(struct fetches *f, struct fetches_req *req)
{
	if (req == NULL)
		return;
	abandon(f, req);
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
		struct handoff_result r = { .reason = req->reason,
			.text = req->why == NULL ? "" : req->why,
			.text_len = req->why == NULL ? 0 :
			    (uint16_t)strlen(req->why) };

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

/* Before the connection: what it has to prove, and our key for it. */
static enum err
send_profile(struct fetches *f, struct fetches_req *req, struct child *child)
{
	const struct profile *p = req->ask.profile;
	uint8_t *frame = malloc(HANDOFF_TLS_MAX);
	size_t len = 0;
	int ca_fd = -1;
	enum err e = ERR_NO_MEMORY;

	if (frame != NULL)
		e = profile_encode(p, f->keys, req->ask.tenant_id,
		    &req->ask.addr, frame, &len);
	if (e == ERR_BAD_KEY)
		req->why = "the key of our client certificate cannot be "
		    "opened";
	if (e == OK && p->pkix && !p->own_ca)
		ca_fd = open(f->conf.ca_file, O_RDONLY | O_CLOEXEC);
	if (e == OK)
		e = child_send(child, HANDOFF_FETCH_TLS, frame, len, ca_fd);
	if (frame != NULL)
		secret_wipe(frame, HANDOFF_TLS_MAX);
	free(frame);
	return e;
}

static enum err
send_conn(struct fetches *f, const struct fetches_req *req,
    struct child *child, int fd, bool connecting)
{
	const struct fetches_conf *c = &f->conf;
	struct handoff_fetch_conn m = {
		.transport = req->ask.profile != NULL ? HANDOFF_TLS :
		    HANDOFF_TCP,
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
		.mode = ask->probe ? HANDOFF_SOA :
		    ask->mode == ZONE_MODE_IXFR ? HANDOFF_IXFR : HANDOFF_AXFR,
		.serial = ask->serial, .key_id = ask->key,
		.fudge_s = ask->key != 0 ? FUDGE_S : 0,
		.limits = f->conf.limits };
	uint8_t frame[HANDOFF_SMALL_MAX];
	size_t len;
	enum err e;

	memcpy(z.apex, ask->apex, ask->apex_len);
	if (z.mode == HANDOFF_IXFR) {
		z.soa_len = ask->soa_len;
		memcpy(z.soa, ask->soa, ask->soa_len);
	}
	if (ask->key != 0) {
		const struct tsig_key *key = keyring_key(f->keys, ask->key);

		if (key != NULL)	/* else replaced meanwhile */
			z.mac_min = tsig_mac_min(key->alg,
			    f->conf.tsig_mac_min);
	}
	z.edns = !req->no_edns && ask->at->no_edns_until_ms <= now_mono_ms();
	z.limits.empty_max = EMPTY_MAX;
	e = handoff_fetch_zone_encode(&z, frame, sizeof(frame), &len);
	CHECK(e == OK);
	return child_send(child, HANDOFF_FETCH_ZONE, frame, len, -1);
}

static unsigned
depth_of(const struct fetches *f, const struct tally_entry *at, int64_t now)
{
	if (at->alone_until_ms > now)
		return 1;
	return MIN(at->depth == 0 ? (unsigned)DEPTH_START : at->depth,
	    f->conf.pipeline_max);
}

static bool
same_profile(const struct conn *c, const struct profile *p)
{
	return c->tls == (p != NULL) &&
	    (p == NULL || digest_equal(&c->profile, &p->digest));
}

/* The connection for it with the least to do, or NULL. */
static struct conn *
find_conn(const struct fetches *f, const struct fetches_req *req)
{
	int64_t now = now_mono_ms();
	unsigned depth = depth_of(f, req->ask.at, now);
	struct conn *best = NULL;

	if (req->wants_fresh || req->ask.at->fresh_until_ms > now)
		return NULL;
	for (struct conn *c = f->conns; c != NULL; c = c->next)
		if (!c->closing && c->n < depth &&
		    (best == NULL || c->n < best->n) &&
		    (c->n == 0 || now - c->answered_ms < SLOW_MS) &&
		    child_usable(c->child) && c->key == req->ask.key &&
		    memcmp(c->tenant_id, req->ask.tenant_id, 16) == 0 &&
		    sock_addr_cmp(&c->addr, &req->ask.addr) == 0 &&
		    same_profile(c, req->ask.profile))
			best = c;
	return best;
}

static void
start_on(struct fetches *f, struct fetches_req *req, struct conn *c)
{
	struct fetches_ask *ask = &req->ask;

	if (c->n == 0) {
		f->busy++;
		ask->tenant->transfers++;
		ask->at->transfers++;
		c->answered_ms = now_mono_ms();
	}
	req->leads = c->n == 0 && c->n_answered == 0;
	req->pipelined = c->n > 0;
	req->conn = c;
	*c->last = req;
	c->last = &req->behind;
	c->n++;
	req->started_ms = now_mono_ms();
	req->deadline_ms = req->started_ms + f->conf.connect_ms +
	    (int64_t)f->conf.total_ms + LATE_MS;
	f->running++;
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
	c->tls = req->ask.profile != NULL;
	if (c->tls)
		c->profile = req->ask.profile->digest;
	c->linger_ms = c->tls ? LINGER_TLS_MS : LINGER_MS;
	c->last = &c->first;
	c->next = f->conns;
	f->conns = c;
	child_set_user(child, c);
	if (c->tls && send_profile(f, req, child) != OK) {
		close(fd);
		child_kill(child);
		end_own(f, req, HANDOFF_TLS_SETUP);
	} else if (send_conn(f, req, child, fd, connecting) != OK) {
		child_kill(child);
	}
	return c;
}

/*
 * May one more connection have work?  Nobody has more slots than are free, so
 * however many tenants fill what they may, there is one for who comes next.
 * An address that has shown no zone yet has one.		T-217
 */
static bool
has_slot(const struct fetches *f, const struct fetches_req *req)
{
	const struct tally_entry *at = req->ask.at;
	unsigned room = f->conf.transfers_max - MIN(f->busy,
	    f->conf.transfers_max);

	return req->ask.tenant->transfers < MIN(f->conf.per_tenant, room) &&
	    at->transfers < (at->answered ? f->conf.per_primary : 1);
}

/* Its process is replaced by one that can be used. */
static void
give_up_idle(struct fetches *f)
{
	struct conn *oldest = NULL;

	for (struct conn *c = f->conns; c != NULL; c = c->next)
		if (c->n == 0 && child_usable(c->child) && (oldest == NULL ||
		    c->answered_ms < oldest->answered_ms))
			oldest = c;
	if (oldest != NULL)
		child_close(oldest->child);
}

/* Returns false when there is no process now. */
static bool
start_new(struct fetches *f, struct fetches_req *req)
{
	struct child *child;
	struct conn *c;
	bool connecting = false;
	int fd;
	enum err e;

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
	if (child == NULL) {
		give_up_idle(f);
		return false;
	}
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
	else if (!req->ended)
		start_on(f, req, c);
	return true;
}

/*
 * An idle connection, or one with little to do; else a new one; else the end
 * of a queue.  Returns false when it has to wait.
 */
static bool
start(struct fetches *f, struct fetches_req *req)
{
	struct conn *c = find_conn(f, req);
	bool slot = has_slot(f, req);

	if (c != NULL && c->n == 0) {
		if (slot)
			start_on(f, req, c);
		return slot;
	}
	if (c != NULL && c->n < depth_of(f, req->ask.at, now_mono_ms()) / 2) {
		start_on(f, req, c);
		return true;
	}
	if (slot && start_new(f, req))
		return true;
	if (c == NULL)
		return false;
	start_on(f, req, c);
	return true;
}

/* One that had to wait in this turn stands for all at its address. */
static bool
may_start(const struct fetches *f, const struct fetches_req *req)
{
	return req->conn == NULL && !req->ended &&
	    req->ask.at->stuck_turn != f->turn;
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

	f->turn++;
	for (;;) {
		struct fetches_req *best = NULL;

		for (struct fetches_req *r = f->list; r != NULL; r = r->next)
			if (may_start(f, r) && (best == NULL ||
			    before(r, best)))
				best = r;
		if (best == NULL)
			break;
		if (!start(f, best))
			best->ask.at->stuck_turn = f->turn;
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

static struct fetches_req *
find_cookie(const struct conn *c, uint64_t cookie)
{
	struct fetches_req *req = c->first;

	while (req != NULL && req->cookie != cookie)
		req = req->behind;
	return req;
}

static void
take_current(struct conn *c, const uint8_t *payload, size_t len)
{
	struct handoff_current m;

	if (handoff_current_decode(payload, len, &m) != OK)
		child_kill(c->child);
	else
		c->current = find_cookie(c, m.cookie);	/* or it was dropped */
}

static void
take_data(struct fetches *f, struct conn *c, enum handoff_kind kind,
    const uint8_t *payload, size_t len)
{
	struct fetches_req *req = c->current;
	enum err e;

	if (req == NULL || req->ended || req->ask.probe)
		return;
	if (req->ask.peek) {
		abandon(f, req);
		end_own(f, req, HANDOFF_OK);
		return;
	}
	e = spool_append(req->spool, kind, payload, len);
	if (e == OK)
		return;
	req->spool_full = e == ERR_LIMIT;
	abandon(f, req);
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
	    (req->ask.mode != ZONE_MODE_AXFR && !req->ask.probe) ||
	    (r->facts.rcode != DNSMSG_FORMERR &&
	    r->facts.rcode != DNSMSG_NOTIMP))
		return false;
	req->no_edns = true;
	return true;
}

/* It cannot take more than one question, it seems. */
static void
strike(struct tally_entry *at, bool pipelined, int64_t gap_ms, int64_t now)
{
	int64_t ms = MIN((int64_t)STRIKE_MS << (2 * MIN(at->strikes, 4u)),
	    (int64_t)STRIKE_MAX_MS);

	if (pipelined) {
		at->alone_until_ms = now + ms;
		at->depth = 0;
	} else if (gap_ms < REUSE_GAP_MS) {
		at->alone_until_ms = at->fresh_until_ms = now + ms;
	} else {
		return;			/* it was idle: that is no failure */
	}
	at->strikes++;
	count_add(COUNT_pipelining_refused, 1);
}

/* Wait again, from the beginning. */
static void
move(struct fetches *f, struct fetches_req *req)
{
	size_t size = spool_size(req->spool);

	leave_conn(f, req);
	req->moves++;
	req->started_ms = 0;
	count_add(COUNT_transfers_moved, 1);
	if (size > 0) {
		spool_free(req->spool);
		req->spool = NULL;
		if (spool_new(f->conf.spool_max, &f->spool,
		    &req->ask.tenant->spool, &req->spool) != OK)
			end_own(f, req, HANDOFF_INTERNAL);
	}
	turn_soon(f);
}

/*
 * Does the end say more of the connection than of the zone?  As the first on a
 * new connection it is the primary's answer for this zone; before that, it may
 * be that it dislikes the second question, or had closed an idle connection.
 *                                                          T-109, T-110, T-158
 */
static bool
is_moved(struct fetches_req *req, const struct handoff_result *r)
{
	struct conn *c = req->conn;
	int64_t now = now_mono_ms();

	if (req->moves >= MOVES_MAX)
		return false;
	switch (r->reason) {
	case HANDOFF_UNASKED:
		return true;
	case HANDOFF_CLOSED_EARLY:
	case HANDOFF_TIMEOUT_FIRST:
		if (r->messages > 0)
			return false;
		break;
	case HANDOFF_WRONG_ID:
	case HANDOFF_WRONG_QUESTION:
	case HANDOFF_MALFORMED:
		if (r->messages > 1)
			return false;
		break;
	default:
		return false;
	}
	if (req->leads || r->records > 0)
		return false;
	strike(req->ask.at, req->pipelined, req->started_ms - c->answered_ms,
	    now);
	req->wants_fresh = true;
	return true;
}

static void
learn(struct fetches *f, struct fetches_req *req,
    const struct handoff_result *r)
{
	struct tally_entry *at = req->ask.at;
	struct conn *c = req->conn;
	int64_t now = now_mono_ms();
	int64_t ms = now - MAX(req->started_ms, c->answered_ms);

	if (r->facts.has_keepalive)
		c->linger_ms = MIN((int64_t)r->facts.keepalive_ds * 100,
		    (int64_t)LINGER_MAX_MS);
	if (r->messages > 0) {
		c->n_answered++;
		c->answered_ms = now;
	}
	if (r->reason != HANDOFF_OK && r->reason != HANDOFF_UPTODATE)
		return;
	if (req->pipelined)
		at->strikes = 0;
	if (ms > QUICK_MS || r->bytes > QUICK_BYTES)
		at->depth = 1;
	else
		at->depth = MIN(depth_of(f, at, now) * 2,
		    f->conf.pipeline_max);
}

static void
take_result(struct fetches *f, struct conn *c, const uint8_t *payload,
    size_t len)
{
	struct fetches_req *req;
	struct handoff_result r;

	if (handoff_result_decode(payload, len, &r) != OK) {
		child_kill(c->child);
		return;
	}
	if (!r.reusable)
		c->closing = true;
	req = find_cookie(c, r.cookie);
	if (req == NULL || req->ended)
		return;			/* dropped meanwhile */
	if (r.reason == HANDOFF_OK && !r.has_soa)
		r.reason = HANDOFF_NO_SOA;
	if (is_moved(req, &r)) {
		move(f, req);
		return;
	}
	if (wants_no_edns(req, &r)) {
		leave_conn(f, req);
		req->started_ms = 0;
		turn_soon(f);
		return;
	}
	if (r.reason == HANDOFF_UNASKED)
		r.reason = HANDOFF_CLOSED_EARLY;
	learn(f, req, &r);
	answer(f, req, &r);
}

void
fetches_frame(struct fetches *f, struct child *child, enum handoff_kind kind,
    const uint8_t *payload, size_t len)
{
	struct conn *c = child_user(child);

	if (c == NULL)
		child_kill(child);
	else if (kind == HANDOFF_RECORDS || kind == HANDOFF_MARK)
		take_data(f, c, kind, payload, len);
	else if (kind == HANDOFF_CURRENT)
		take_current(c, payload, len);
	else if (kind == HANDOFF_RESULT)
		take_result(f, c, payload, len);
	else
		child_kill(c->child);
}

void
fetches_ready(struct fetches *f)
{
	turn_soon(f);
}

void
fetches_gone(struct fetches *f, struct child *child)
{
	struct handoff_result r = { .reason = HANDOFF_CLOSED_EARLY };
	struct conn *c = child_user(child), **at = &f->conns;

	if (c == NULL)
		return;
	/* A crash on what the primary sent is that primary's failure: the
	 * round goes on to the next one.  The others get another process. */
	while (c->first != NULL) {
		struct fetches_req *req = c->first;

		if (!req->ended && is_moved(req, &r)) {
			move(f, req);
		} else {
			leave_conn(f, req);
			end_own(f, req, HANDOFF_CLOSED_EARLY);
		}
	}
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free(c);
	turn_soon(f);
}

/* What stands behind a long transfer goes elsewhere, if it can. */
static void
rescue(struct fetches *f, struct conn *c, int64_t now)
{
	struct fetches_req *req = c->first, *next;

	for (req = req->behind; req != NULL; req = next) {
		next = req->behind;
		if (req->ended || req->moves >= MOVES_MAX ||
		    now - req->started_ms < STUCK_MS ||
		    spool_size(req->spool) > 0 || !has_slot(f, req))
			continue;
		abandon(f, req);
		req->moves++;
		req->started_ms = 0;
		count_add(COUNT_transfers_moved, 1);
	}
}

static void
tick_conn(struct fetches *f, struct conn *c, int64_t now)
{
	if (c->n == 0) {
		if (now - c->answered_ms > c->linger_ms &&
		    child_usable(c->child))
			child_close(c->child);
		return;
	}
	for (struct fetches_req *r = c->first; r != NULL; r = r->behind)
		if (!r->ended && now > r->deadline_ms) {
			child_kill(c->child);
			end_own(f, r, HANDOFF_TIMEOUT_TOTAL);
		}
	if (c->n > 1 && now - c->answered_ms > STUCK_MS)
		rescue(f, c, now);
}

static void
on_tick(uv_timer_t *timer)
{
	struct fetches *f = timer->data;
	int64_t now = now_mono_ms();

	count_set(COUNT_spool_bytes, f->spool.used);
	for (struct conn *c = f->conns; c != NULL; c = c->next)
		tick_conn(f, c, now);
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
