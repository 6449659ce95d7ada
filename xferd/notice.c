/*
 * notice.c - what keep does with a NOTIFY.
 *
 *   own listener ─┐                       ┌─ look up (crew) ─ judge ─ answer
 *                 ├─ notify process ─ NOTIFY ─┤
 *   dnsd's relay ─┘                       └─ rate limit: dropped
 *
 * The sockets are ours and are handed to each notify process as a duplicate,
 * so one that dies loses nothing that has not been read.  A NOTIFY is accepted
 * for every claim on the name of which the source is a primary; each is judged
 * by itself.  The zone's row is marked due, and whichever instance is next to
 * claim it does the round.
 */
#include "xferd/notice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/now.h"
#include "common/base/sock.h"
#include "common/db/db.h"
#include "common/dns/dname.h"
#include "common/dns/tsig.h"
#include "xferd/attempt.h"
#include "xferd/children.h"
#include "xferd/count.h"
#include "xferd/crew.h"
#include "xferd/keepparts.h"
#include "xferd/keepsql.h"
#include "xferd/kept.h"
#include "xferd/keyring.h"
#include "xferd/ledger.h"
#include "xferd/pace.h"
#include "xferd/relaydoor.h"
#include "xferd/wake.h"
#include "xferd/zone.h"

enum {
	LISTENERS_MAX = 128,
	CLAIMS_MAX = 256,
	FUDGE_S = 300,
	RESUME_AT_ONCE = 64,
	TENANT_WAIT_MS = 1000,
	RCODE_REFUSED = 5,
	RCODE_NOTAUTH = 9,
};

struct listener {
	int fd;
	enum handoff_transport transport;
};

/* A claim on the name, and one of its primaries at the source. */
struct claim {
	uint8_t zone_id[16], tenant_id[16];
	bool listed;
	int64_t ordinal;
	bool has_key;
	uint32_t key;			/* in the keyring; 0: does not open */
	bool loaded, expired;
	bool proven;			/* the tenant may know of others */
	uint32_t serial;
	struct sock_addr primary;	/* source address, the primary's port */
};

/* A look-up under way. */
struct look {
	struct crew_job job;
	struct notice *notice;
	struct handoff_notify n;	/* pointers lead into copy */
	uint8_t *copy;
	size_t copy_len;
	int64_t came_ms;		/* wall clock */
	struct db_rows *rows;
	bool orphan;			/* its process is gone, or it was kept:
					   nobody waits for the answer */
};

struct notice {
	struct keep *keep;
	struct listener listeners[LISTENERS_MAX];
	unsigned n_listeners;
	struct relaydoor *door;
	struct pace pace;
	struct kept kept;
	unsigned waiting;
	bool stopped;
	struct look *looks[NOTICE_WAITING_MAX];
};

/* ---- answering --------------------------------------------------------- */

static void
answer(struct notice *no, const struct look *l, uint8_t rcode, uint32_t key,
    uint16_t tsig_error)
{
	struct child *child = children_notify(no->keep->children);
	struct handoff_notify_answer a = { .number = l->n.number,
		.rcode = rcode,
		.key_id = key, .tsig_error = tsig_error,
		.fudge_s = key != 0 ? FUDGE_S : 0 };
	uint8_t frame[HANDOFF_SMALL_MAX];
	size_t len;
	enum err e;

	if (child == NULL || l->orphan)
		return;
	e = handoff_notify_answer_encode(&a, frame, sizeof(frame), &len);
	CHECK(e == OK);
	if (child_send(child, HANDOFF_NOTIFY_ANSWER, frame, len, -1) != OK)
		child_kill(child);
}

/* Silence: the primary tries again. */
static void
drop(struct notice *no, uint64_t number)
{
	struct child *child = children_notify(no->keep->children);
	struct handoff_notify_answer a = { .number = number, .drop = true };
	uint8_t frame[HANDOFF_SMALL_MAX];
	size_t len;

	if (child != NULL && handoff_notify_answer_encode(&a, frame,
	    sizeof(frame), &len) == OK && child_send(child,
	    HANDOFF_NOTIFY_ANSWER, frame, len, -1) != OK)
		child_kill(child);
}

/* Returns false when it was not written down. */
static bool
record(struct notice *no, const struct look *l, const struct claim *c,
    enum attempt_outcome outcome, const char *reason, const char *text)
{
	struct attempt a;

	if (outcome == ATTEMPT_REFUSED && !pace_may_record(&no->pace,
	    c->zone_id, now_mono_ms()))
		return false;
	attempt_init(&a);
	memcpy(a.zone_id, c->zone_id, 16);
	memcpy(a.tenant_id, c->tenant_id, 16);
	a.started_ms = now_mono_ms();
	a.kind = ATTEMPT_NOTIFY;
	a.primary = l->n.source;
	a.transport = l->n.transport == HANDOFF_TCP ? "tcp" : "udp";
	a.outcome = outcome;
	a.reason = reason;
	if (c->loaded)
		a.serial_before = c->serial;
	if (l->n.has_serial)
		a.primary_serial = l->n.serial;
	a.total_ms = 0;
	snprintf(a.message, sizeof(a.message), "NOTIFY from %s: %s",
	    SOCK_TEXT(&l->n.source), text);
	ledger_attempt(no->keep->ledger, &a);
	return true;
}

/* ---- judging ----------------------------------------------------------- */

static void
read_claim(struct notice *no, const struct look *l, size_t row,
    struct claim *c)
{
	struct db_rows *rows = l->rows;
	struct keyring_row key = { .tenant_id = c->tenant_id };
	uint8_t key_id[16];

	*c = (struct claim){ .ordinal = -1, .primary = l->n.source };
	db_get_uuid(rows, row, 0, c->zone_id);
	db_get_uuid(rows, row, 1, c->tenant_id);
	c->listed = !db_is_null(rows, row, 2);
	c->loaded = db_get_i64(rows, row, 9) > 0;
	if (c->loaded)
		c->serial = db_get_u32(rows, row, 10);
	c->expired = db_get_bool(rows, row, 11);
	c->proven = db_get_bool(rows, row, 13);
	if (!c->listed)
		return;
	c->ordinal = db_get_i64(rows, row, 2);
	c->primary.port = (uint16_t)db_get_i64(rows, row, 4);
	c->has_key = !db_is_null(rows, row, 5);
	if (!c->has_key || db_is_null(rows, row, 6))
		return;
	db_get_uuid(rows, row, 5, key_id);
	key.key_id = key_id;
	key.name = db_get_bytes(rows, row, 6, &key.name_len);
	key.algorithm = db_get_text(rows, row, 7);
	key.sealed = db_get_bytes(rows, row, 8, &key.sealed_len);
	if (keyring_number(no->keep->keys, &key, &c->key) != OK)
		c->key = 0;
}

static enum tsig_verdict
check_signature(struct notice *no, const struct look *l,
    const struct claim *c)
{
	const struct tsig_key *key = keyring_key(no->keep->keys, c->key);
	const struct tsig_rr *rr = &l->n.tsig;
	uint8_t mac[TSIG_MAC_MAX];

	if (key == NULL || rr->alg != key->alg ||
	    rr->name_len != key->name_len ||
	    memcmp(rr->name, key->name, key->name_len) != 0)
		return TSIG_BAD_KEY;
	if (tsig_mac(key, l->n.input, l->n.input_len, mac) != OK)
		return TSIG_BAD_SIG;
	return tsig_judge(rr, mac, tsig_alg_size(key->alg),
	    tsig_mac_min(key->alg, no->keep->conf->transfer.tsig_mac_min),
	    (uint64_t)(l->came_ms / 1000), FUDGE_S);
}

/* What became of all claims together. */
struct verdict {
	bool any_listed, needs_key;
	bool accepted;
	enum tsig_verdict tsig;		/* the best of those that failed */
	uint32_t tsig_key;		/* that the answer is signed with */
};

/* Who claims a name without owning it does not learn who serves it. */
static void
not_listed(struct notice *no, const struct look *l, const struct claim *c,
    struct wake *w)
{
	if (!c->proven || !record(no, l, c, ATTEMPT_REFUSED, "not-listed",
	    "that address is none of the zone's primaries: add it, or let the "
	    "primary send from the address that is listed"))
		return;
	wake_add_stray(w, c->zone_id, &l->n.source);
}

static void
judge_claim(struct notice *no, struct look *l, const struct claim *c,
    struct verdict *v, struct wake *w)
{
	bool is_signed = l->n.signed_ == HANDOFF_NOTIFY_SIGNED;
	enum tsig_verdict t = TSIG_GOOD;
	int64_t delay_ms;
	char text[200];

	v->any_listed = true;
	if (c->has_key && !is_signed) {
		v->needs_key = true;
		record(no, l, c, ATTEMPT_REFUSED, "tsig-missing", "it is not "
		    "signed, but this primary has a TSIG key: configure the "
		    "primary to sign NOTIFY with it, or remove the key");
		return;
	}
	if (is_signed)
		t = c->has_key ? check_signature(no, l, c) : TSIG_BAD_KEY;
	if (t != TSIG_GOOD) {
		/* BADTIME is the most telling: its MAC was right.  Another
		 * claim's acceptance is not taken back. */
		if (!v->accepted && v->tsig != TSIG_BAD_TIME) {
			v->tsig = t;
			v->tsig_key = t == TSIG_BAD_TIME ||
			    t == TSIG_BAD_TRUNC ? c->key : 0;
		}
		snprintf(text, sizeof(text), "its TSIG signature was not "
		    "accepted (%s): check key name, algorithm, secret and "
		    "clock on both sides", tsig_verdict_text(t));
		record(no, l, c, ATTEMPT_REFUSED, tsig_verdict_text(t), text);
		return;
	}
	v->accepted = true;
	pace_known(&no->pace, &l->n.source, now_mono_ms());
	if (is_signed)
		v->tsig_key = c->key;
	if (!zone_wants_notify(c->loaded, c->expired, c->serial,
	    l->n.has_serial, l->n.serial)) {
		record(no, l, c, ATTEMPT_UPTODATE, "uptodate",
		    "we have that serial already");
		return;
	}
	delay_ms = pace_delay_ms(&no->pace, c->zone_id,
	    c->loaded ? c->serial : 0, no->keep->conf->transfer.notify_gap_ms,
	    now_mono_ms());
	if (!pace_tenant(&no->pace, c->tenant_id,
	    no->keep->conf->transfer.notify_per_tenant, now_mono_ms()))
		delay_ms = MAX(delay_ms, TENANT_WAIT_MS);
	if (delay_ms == 0)
		record(no, l, c, ATTEMPT_OK, "accepted",
		    "the zone is checked now");
	else if (pace_may_record(&no->pace, c->zone_id, now_mono_ms()))
		record(no, l, c, ATTEMPT_OK, "accepted", "NOTIFYs come fast: "
		    "the zone is checked again in a moment");
	wake_add(w, c->zone_id, c->ordinal, delay_ms);
}

static void
judge(struct notice *no, struct look *l)
{
	struct verdict v = { 0 };
	struct wake *w = wake_new();
	size_t n = db_rows_n(l->rows);
	uint8_t last[16] = { 0 };

	if (w == NULL) {
		if (!l->orphan)
			drop(no, l->n.number);
		return;
	}
	for (size_t i = 0; i < n && i < CLAIMS_MAX; i++) {
		struct claim c;

		read_claim(no, l, i, &c);
		/* Two primaries at one address: once is enough. */
		if (wake_n(w) > 0 && memcmp(last, c.zone_id, 16) == 0)
			continue;
		if (!c.listed) {
			not_listed(no, l, &c, w);
			continue;
		}
		judge_claim(no, l, &c, &v, w);
		if (wake_n(w) > 0)
			memcpy(last, c.zone_id, 16);
	}
	if (v.accepted) {
		count_add(COUNT_notifies_accepted, 1);
		answer(no, l, 0, v.tsig_key, 0);
	} else if (n == 0) {				/* T-031 */
		count_add(COUNT_notifies_refused, 1);
		answer(no, l, RCODE_NOTAUTH, 0, 0);
	} else if (v.any_listed && !v.needs_key) {	/* T-038 */
		count_add(COUNT_notifies_refused, 1);
		answer(no, l, RCODE_NOTAUTH, v.tsig_key,
		    tsig_error(v.tsig));
	} else {
		count_add(COUNT_notifies_refused, 1);
		answer(no, l, RCODE_REFUSED, 0, 0);
	}
	wake_submit(w, no->keep, l->n.has_serial, l->n.serial);
}

/* ---- looking up -------------------------------------------------------- */

static enum err
look_run(struct crew_job *job, struct db *db)
{
	struct look *l = CONTAINER_OF(job, struct look, job);
	char ip[SOCK_TEXT_MAX];

	return db_exec(db, KEEPSQL(notice_look), DB_PARAMS(
	    db_bytes(l->n.apex, l->n.apex_len),
	    db_text(sock_ip_print(&l->n.source, ip))), &l->rows);
}

/* Nobody can be asked: it is kept, and judged when the database is back.  No
 * answer goes out, so the primary tries again too.		T-043 */
static void
keep_it(struct notice *no, const struct look *l)
{
	if (kept_put(&no->kept, &l->n, l->copy, l->copy_len, l->came_ms))
		count_add(COUNT_notifies_kept, 1);
	else
		count_add(COUNT_notifies_limited, 1);
	if (!l->orphan)
		drop(no, l->n.number);
}

static void
forget(struct look *l)
{
	db_rows_free(l->rows);
	free(l->copy);
	free(l);
}

static void
look_done(struct crew_job *job)
{
	struct look *l = CONTAINER_OF(job, struct look, job);
	struct notice *no = l->notice;

	CHECK(no->waiting > 0);
	no->waiting--;
	for (unsigned i = 0; i < NOTICE_WAITING_MAX; i++)
		if (no->looks[i] == l)
			no->looks[i] = NULL;
	if (job->err == OK && db_rows_failed(l->rows))
		job->err = ERR_DB;
	if (job->err == OK) {
		judge(no, l);
	} else if (err_class(job->err) == ERR_CLASS_RETRY) {
		keep_it(no, l);
	} else {
		log_err("notify.failed", "err=%s", err_name(job->err));
		if (!l->orphan)
			drop(no, l->n.number);
	}
	if (job->err == OK)
		notice_resume(no);
	forget(l);
}

static void
look_up(struct notice *no, struct look *l)
{
	unsigned slot = 0;

	while (no->looks[slot] != NULL)
		slot++;			/* waiting < NOTICE_WAITING_MAX */
	no->looks[slot] = l;
	no->waiting++;
	l->job = (struct crew_job){ .run = look_run, .done = look_done };
	crew_submit(no->keep->crew, CREW_QUICK, &l->job);
}

static struct look *
look_new(struct notice *no, const uint8_t *payload, size_t len,
    int64_t came_ms)
{
	struct look *l = calloc(1, sizeof(*l));

	if (l != NULL)
		l->copy = malloc(len + 1);
	if (l == NULL || l->copy == NULL) {
		free(l);
		return NULL;
	}
	memcpy(l->copy, payload, len);
	l->copy_len = len;
	l->came_ms = came_ms;
	l->notice = no;
	return l;
}

static void
take_notify(struct notice *no, struct child *child, const uint8_t *payload,
    size_t len)
{
	const struct conf *conf = no->keep->conf;
	struct look *l = look_new(no, payload, len, now_wall_ms());

	if (l == NULL)
		return;
	if (handoff_notify_decode(l->copy, len, &l->n) != OK) {
		child_kill(child);
		forget(l);
		return;
	}
	sock_addr_unmap(&l->n.source);
	count_add(COUNT_notifies, 1);
	if (no->stopped || !pace_may_look(&no->pace, &l->n.source,
	    conf->transfer.notify_per_second, conf->transfer.notify_per_source,
	    now_mono_ms())) {
		count_add(COUNT_notifies_limited, 1);
		drop(no, l->n.number);
		forget(l);
		return;
	}
	if (crew_db_away(no->keep->crew) ||
	    no->waiting == NOTICE_WAITING_MAX) {
		keep_it(no, l);
		forget(l);
		return;
	}
	look_up(no, l);
}

void
notice_resume(struct notice *no)
{
	struct kept_one one;

	while (!no->stopped && no->waiting < RESUME_AT_ONCE &&
	    kept_take(&no->kept, &one)) {
		struct look *l = look_new(no, one.payload, one.len,
		    one.came_ms);

		free(one.payload);
		if (l == NULL)
			continue;
		l->orphan = true;
		if (handoff_notify_decode(l->copy, l->copy_len, &l->n) != OK) {
			forget(l);
			continue;
		}
		sock_addr_unmap(&l->n.source);
		look_up(no, l);
	}
}

static void
take_hmac(struct notice *no, struct child *child, const uint8_t *payload,
    size_t len)
{
	struct handoff_hmac h;
	uint8_t mac[TSIG_MAC_MAX], frame[HANDOFF_SMALL_MAX];
	struct handoff_hmac_reply r = { .mac = mac };
	const struct tsig_key *key;
	size_t out_len;

	if (handoff_hmac_decode(payload, len, &h) != OK) {
		child_kill(child);
		return;
	}
	r.id = h.id;
	key = keyring_key(no->keep->keys, h.key_id);
	if (key != NULL && tsig_mac(key, h.bytes, h.len, mac) == OK)
		r.mac_len = (uint8_t)tsig_alg_size(key->alg);
	if (handoff_hmac_reply_encode(&r, frame, sizeof(frame), &out_len) !=
	    OK || child_send(child, HANDOFF_HMAC_REPLY, frame, out_len, -1) !=
	    OK)
		child_kill(child);
}

void
notice_frame(struct notice *no, struct child *child, enum handoff_kind kind,
    const uint8_t *payload, size_t len)
{
	struct handoff_notify_reply r;

	if (kind == HANDOFF_NOTIFY)
		take_notify(no, child, payload, len);
	else if (kind == HANDOFF_HMAC)
		take_hmac(no, child, payload, len);
	else if (kind == HANDOFF_NOTIFY_REPLY &&
	    handoff_notify_reply_decode(payload, len, &r) == OK)
		relaydoor_reply(no->door, r.relay, r.bytes, r.len);
	else
		child_kill(child);
}

/* ---- sockets ----------------------------------------------------------- */

static void
on_relay(void *arg, uint64_t relay, const struct sock_addr *source,
    const uint8_t *bytes, size_t len)
{
	struct notice *no = arg;
	struct child *child = children_notify(no->keep->children);
	struct handoff_datagram d = { .relay = relay, .source = *source,
		.len = (uint16_t)len, .bytes = bytes };
	uint8_t frame[HANDOFF_DATAGRAM_MAX + 256];
	size_t out_len;

	count_add(COUNT_notifies_relayed, 1);
	if (child == NULL || no->stopped ||
	    handoff_datagram_encode(&d, frame, sizeof(frame), &out_len) !=
	    OK || child_send(child, HANDOFF_DATAGRAM, frame, out_len, -1) !=
	    OK)
		relaydoor_reply(no->door, relay, NULL, 0);
}

void
notice_ready(struct notice *no, struct child *child)
{
	for (unsigned i = 0; i < no->n_listeners; i++) {
		struct handoff_listen h = { .listener = i + 1,
			.transport = no->listeners[i].transport };
		uint8_t frame[HANDOFF_SMALL_MAX];
		size_t len;
		int fd = dup(no->listeners[i].fd);
		enum err e;

		e = handoff_listen_encode(&h, frame, sizeof(frame), &len);
		CHECK(e == OK);
		if (fd < 0 || child_send(child, HANDOFF_LISTEN, frame, len,
		    fd) != OK) {
			log_warn("notify.no_listener", "n=%u", i + 1);
			child_kill(child);
			return;
		}
	}
}

void
notice_gone(struct notice *no)
{
	for (unsigned i = 0; i < NOTICE_WAITING_MAX; i++)
		if (no->looks[i] != NULL)
			no->looks[i]->orphan = true;
	relaydoor_forget(no->door);
}

static enum err
listen_on(struct notice *no, const char *text)
{
	static const int TYPES[2] = { SOCK_DGRAM, SOCK_STREAM };
	struct sock_addr a;
	enum err e = sock_addr_parse(text, -1, &a);

	for (int i = 0; i < 2 && e == OK; i++) {
		struct listener *l = &no->listeners[no->n_listeners];

		if (no->n_listeners == LISTENERS_MAX)
			return ERR_LIMIT;
		e = sock_listen(&a, TYPES[i], 64, false, &l->fd);
		if (e != OK)
			break;
		l->transport = i == 0 ? HANDOFF_UDP : HANDOFF_TCP;
		no->n_listeners++;
	}
	if (e != OK)
		log_err("notify.no_listener", "address=%s err=%s",
		    LOG_Q(text), err_name(e));
	return e;
}

enum err
notice_new(struct keep *keep, struct notice **out)
{
	const struct conf *conf = keep->conf;
	struct notice *no = calloc(1, sizeof(*no));
	enum err e = OK;

	if (no == NULL)
		return ERR_NO_MEMORY;
	no->keep = keep;
	pace_init(&no->pace);
	for (size_t i = 0; i < conf->transfer.listen.n && e == OK; i++)
		e = listen_on(no, conf->transfer.listen.items[i]);
	if (e == OK)
		e = relaydoor_new(keep->loop, conf->transfer.relay_socket,
		    on_relay, no, &no->door);
	if (e != OK) {
		notice_close(no);
		return e;
	}
	*out = no;
	return OK;
}

void
notice_stop(struct notice *no)
{
	no->stopped = true;
}

void
notice_close(struct notice *no)
{
	if (no == NULL)
		return;
	for (unsigned i = 0; i < no->n_listeners; i++)
		close(no->listeners[i].fd);
	relaydoor_close(no->door);
	kept_fini(&no->kept);
	free(no);
}
