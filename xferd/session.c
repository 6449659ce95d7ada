/*
 * session.c - see session.h.
 *
 * A loop around poll(): frames of keep begin transfers, their requests wait in
 * one buffer, messages that come go by their ID to the transfer they belong
 * to, and what has ended is told.  What is to be told to keep is queued and
 * written once a turn.
 *
 * Deadlines run in "line time", which stands still while keep takes what we
 * have slowly: the primary is not to blame for that.
 *
 * One zone's failure is its own as long as messages can be told apart: its ID
 * is then remembered and passed over.  After anything else (an ID that nobody
 * has, a signature that does not verify) nothing on the connection is
 * believed, and the others are asked again elsewhere.               T-109
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/check.h"
#include "common/base/frame.h"
#include "common/base/now.h"
#include "common/base/secret.h"
#include "common/base/wr.h"
#include "common/dns/rrtype.h"
#include "common/dns/tsig.h"
#include "xferd/ask.h"
#include "xferd/link.h"
#include "xferd/session.h"
#include "xferd/transfer.h"

#define READ_MAX	(256 * 1024)	/* at least 2 + 65535 */
#define BATCH_MAX	(256 * 1024)	/* at least one record */
#define QUEUE_MAX	(2 * 1024 * 1024)
#define REQUESTS_MAX	(HANDOFF_PIPELINE_MAX * (2 + ASK_MAX))
/* How long one lonely newer SOA may wait for the rest of an IXFR. */
#define OPEN_MS		2000
#define IDLE_POLL_MS	60000
/* IDs whose answers are passed over; a connection with more has to end. */
#define DROPPED_MAX	(2 * HANDOFF_PIPELINE_MAX)

static_assert(BATCH_MAX <= HANDOFF_FRAME_MAX, "a batch is one frame");

/*
 * Invariants: 1. transfers are in the order of their requests
 *             2. batch belongs to batch_owner, which is under way, or is empty
 *             3. an ID is of one transfer, or dropped, or of nobody
 */
struct session {
	struct session_env env;
	int keep;
	struct frame_in in;
	struct frame_out out;

	struct link link;
	struct handoff_fetch_conn conn;
	uint8_t *tls_frame;		/* HANDOFF_FETCH_TLS: wiped when used */
	size_t tls_len;
	int ca_fd;			/* came with it; -1 */
	int64_t connect_due_ms;
	bool shaking;			/* connect_due_ms is of the handshake */
	int64_t opened_ms, up_ms;	/* not line time */
	bool closing;			/* takes no more zones */
	bool mute;			/* writing failed: only listen */
	bool asked;			/* a zone has come */
	bool dead;			/* ended before that: the first is told */
	struct buf requests;		/* not yet written */

	struct transfer *first, **last;
	unsigned n;
	struct transfer *spare;
	uint16_t dropped[DROPPED_MAX];
	unsigned n_dropped;
	int64_t heard_ms;		/* the last message, in line time */
	int64_t window_ms;		/* begin of the rate window */
	uint64_t window_bytes;

	uint8_t *read;			/* [read_pos, read_len) is unparsed */
	size_t read_pos, read_len;
	uint8_t *batch;
	size_t batch_len;
	struct transfer *batch_owner;
	bool has_current;
	uint64_t current;		/* cookie that keep was told of */
	int64_t paused_ms;		/* spent waiting for keep, in all */
};

/* ---- The real world ---------------------------------------------------- */

static int64_t
real_mono_ms(void *arg UNUSED)
{
	return now_mono_ms();
}

static uint64_t
real_wall_s(void *arg UNUSED)
{
	return (uint64_t)now_wall_ms() / 1000;
}

static uint16_t
real_random_id(void *arg UNUSED)
{
	uint16_t id = 0;

	if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id))
		abort();		/* no randomness: nothing is safe */
	return id;
}

static int
real_poll(void *arg UNUSED, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	return poll(fds, n, timeout_ms);
}

static int64_t
mono_ms(const struct session *s)
{
	return s->env.mono_ms(s->env.arg);
}

static int64_t
line_ms(const struct session *s)
{
	return mono_ms(s) - s->paused_ms;
}

/* ---- Towards keep ------------------------------------------------------ */

/* Wait until keep has taken everything. */
static enum err
drain(struct session *s)
{
	int64_t before = mono_ms(s);
	enum err e;

	if (frame_pending(&s->out) == 0)
		return OK;
	e = frame_drain(&s->out, s->keep, -1);
	s->paused_ms += mono_ms(s) - before;
	return e == OK ? OK : ERR_STOPPED;
}

static enum err
send_frame(struct session *s, enum handoff_kind kind, const uint8_t *payload,
    size_t len)
{
	enum err e;

	e = frame_put(&s->out, (uint16_t)kind, payload, len, -1);
	if (e == OK && frame_pending(&s->out) >= BATCH_MAX)
		e = drain(s);
	return e == OK ? OK : ERR_STOPPED;
}

/* Records and marks that follow are of this one. */
static enum err
tell_current(struct session *s, const struct transfer *t)
{
	struct handoff_current c = { t->zone.cookie };
	uint8_t payload[16];
	size_t len;
	enum err e;

	if (s->has_current && s->current == c.cookie)
		return OK;
	e = handoff_current_encode(&c, payload, sizeof(payload), &len);
	CHECK(e == OK);
	s->has_current = true;
	s->current = c.cookie;
	return send_frame(s, HANDOFF_CURRENT, payload, len);
}

static enum err
flush_batch(struct session *s)
{
	enum err e = OK;

	if (s->batch_len > 0)
		e = tell_current(s, s->batch_owner);
	if (e == OK && s->batch_len > 0)
		e = send_frame(s, HANDOFF_RECORDS, s->batch, s->batch_len);
	s->batch_len = 0;
	return e;
}

/* What a transfer's sink gets as its argument. */
struct sink {
	struct session *s;
	struct transfer *t;
};

/* A transfer that is under way, with room for its sink. */
struct slot {
	struct transfer t;		/* first: a slot is a transfer */
	struct sink sink;
};

static enum err
sink_record(void *arg, const struct handoff_record *rec)
{
	struct sink *k = arg;
	struct session *s = k->s;
	enum err e = OK;

	if (s->batch_owner != k->t) {
		e = flush_batch(s);
		s->batch_owner = k->t;
	}
	if (e == OK)
		e = handoff_record_append(rec, s->batch, BATCH_MAX,
		    &s->batch_len);
	if (e != ERR_SPACE)
		return e;
	e = flush_batch(s);
	if (e != OK)
		return e;
	return handoff_record_append(rec, s->batch, BATCH_MAX, &s->batch_len);
}

static enum err
sink_mark(void *arg, const struct handoff_mark *mark)
{
	struct sink *k = arg;
	uint8_t payload[HANDOFF_SMALL_MAX];
	size_t len;
	enum err e;

	e = flush_batch(k->s);
	if (e == OK)
		e = tell_current(k->s, k->t);
	if (e == OK)
		e = handoff_mark_encode(mark, payload, sizeof(payload), &len);
	if (e == OK)
		e = send_frame(k->s, HANDOFF_MARK, payload, len);
	return e;
}

/* ---- The transfers under way ------------------------------------------- */

static struct transfer *
find_id(struct session *s, uint16_t id)
{
	struct transfer *t = s->first;

	while (t != NULL && t->stream.id != id)
		t = t->next;
	return t;
}

static bool
is_dropped(const struct session *s, uint16_t id)
{
	for (unsigned i = 0; i < s->n_dropped; i++)
		if (s->dropped[i] == id)
			return true;
	return false;
}

static uint16_t
new_id(struct session *s)
{
	uint16_t id = s->env.random_id(s->env.arg);

	while (find_id(s, id) != NULL || is_dropped(s, id))
		id++;
	return id;
}

/* More of its answer may come: it is passed over. */
static void
drop_id(struct session *s, uint16_t id)
{
	if (s->n_dropped < DROPPED_MAX)
		s->dropped[s->n_dropped++] = id;
	else
		s->closing = true;
}

static void
forget(struct session *s, struct transfer *t)
{
	struct transfer **at = &s->first;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	if (s->last == &t->next)
		s->last = at;
	s->n--;
	if (s->batch_owner == t) {
		s->batch_owner = NULL;
		s->batch_len = 0;
	}
	if (s->has_current && s->current == t->zone.cookie)
		s->has_current = false;
	transfer_fini(t);
	t->next = s->spare;
	s->spare = t;
}

/* Is it certain that nothing more of this answer comes? */
static bool
is_whole(const struct transfer *t, enum handoff_reason reason)
{
	return reason == HANDOFF_OK || reason == HANDOFF_UPTODATE ||
	    (t->zone.mode == HANDOFF_SOA && t->done) ||
	    (reason == HANDOFF_RCODE && t->stream.n_messages == 1);
}

/* The end of a transfer is told. */
static enum err
finish(struct session *s, struct transfer *t, enum err e)
{
	uint8_t payload[HANDOFF_SMALL_MAX];
	char text[HANDOFF_TEXT_MAX];
	struct handoff_result r;
	size_t len;
	enum err sent = OK;

	transfer_result(t, e, &r, text);
	r.ms = (uint32_t)(mono_ms(s) - t->start_ms);
	link_facts(&s->link, &r.tls);
	if (!is_whole(t, r.reason)) {
		s->closing = true;
		drop_id(s, t->stream.id);
	}
	if (s->n == 1 && s->read_pos != s->read_len)	/* T-097 */
		s->closing = true;
	if (r.facts.has_keepalive && r.facts.keepalive_ds == 0)
		s->closing = true;	/* RFC 7828 3.2.2: let us go */
	r.reusable = !s->closing && s->link.up;
	if (r.reason == HANDOFF_OK && s->batch_owner == t)
		sent = flush_batch(s);
	if (sent == OK)
		sent = handoff_result_encode(&r, payload, sizeof(payload),
		    &len);
	if (sent == OK)
		sent = send_frame(s, HANDOFF_RESULT, payload, len);
	forget(s, t);
	return sent == OK ? OK : ERR_STOPPED;
}

/* Nothing more comes for any of them. */
static enum err
finish_all(struct session *s, enum handoff_reason reason, const char *text)
{
	enum err e = OK;

	s->closing = true;
	while (e == OK && s->first != NULL)
		e = finish(s, s->first, transfer_fail(s->first, reason,
		    text));
	return e;
}

/* What came cannot be believed; @t is why. */
static enum err
finish_with(struct session *s, struct transfer *t, enum err why)
{
	enum err e;

	s->closing = true;
	e = finish(s, t, why);
	if (e == OK)
		e = finish_all(s, HANDOFF_UNASKED, "the connection was given "
		    "up because of another zone");
	return e;
}

/* ---- Requests ---------------------------------------------------------- */

static const struct tsig_key *
find_key(const struct session *s, uint32_t id)
{
	for (unsigned i = 0; i < s->conn.n_keys; i++)
		if (s->conn.keys[i].id == id)
			return &s->conn.keys[i].key;
	return NULL;
}

static enum err
queue_request(struct session *s, struct transfer *t)
{
	uint8_t msg[2 + ASK_MAX];
	size_t len;
	enum err e;

	e = transfer_request(t, find_key(s, t->zone.key_id),
	    s->link.tls != NULL,
	    s->env.wall_s(s->env.arg), msg + 2, ASK_MAX, &len);
	if (e == OK) {
		wr_put_u16(msg, (uint16_t)len);
		e = buf_bytes(&s->requests, msg, len + 2);
	}
	if (e != OK)
		return finish(s, t, transfer_fail(t, HANDOFF_INTERNAL,
		    "the request is not possible"));
	t->sent = true;
	t->due_ms = line_ms(s) + s->conn.first_ms;
	return OK;
}

static void
write_requests(struct session *s)
{
	enum err e = OK;

	while (e == OK && !s->mute && s->requests.len > 0) {
		size_t n = 0;

		e = link_write(&s->link, s->requests.data, s->requests.len,
		    &n);
		if (e == OK)
			buf_consume(&s->requests, n);
	}
	if (e == ERR_CLOSED)
		s->mute = true;		/* what it said before is to be read */
}

/* ---- Answers ----------------------------------------------------------- */

static enum err
took_message(struct session *s, struct transfer *t, enum err e)
{
	int64_t now = line_ms(s);

	s->heard_ms = now;
	if (e == ERR_STOPPED)
		return e;
	if (e == ERR_BAD_SIG)
		return finish_with(s, t, e);
	if (e != OK || t->done)
		return finish(s, t, e);
	t->due_ms = now + s->conn.idle_ms;
	if (transfer_is_open(t))
		t->due_ms = MIN(t->due_ms, now + OPEN_MS);
	return OK;
}

static enum err
take_message(struct session *s, const uint8_t *msg, size_t len)
{
	uint16_t id = len < 2 ? 0 : (uint16_t)(msg[0] << 8 | msg[1]);
	struct transfer *t = len < 2 ? NULL : find_id(s, id);

	if (t == NULL && len >= 2 && is_dropped(s, id))
		return OK;
	if (t == NULL && s->n > 1)
		return finish_with(s, s->first, transfer_fail(s->first,
		    HANDOFF_WRONG_ID, "a message with an ID that is not of "
		    "any question"));
	if (t == NULL)
		t = s->first;		/* it says what is wrong */
	if (t->first_ms < 0)
		t->first_ms = mono_ms(s) - t->start_ms;
	return took_message(s, t, transfer_message(t, msg, len,
	    s->env.wall_s(s->env.arg)));
}

/* Take every whole message that is there. */
static enum err
take_messages(struct session *s)
{
	while (s->n > 0 && s->read_len - s->read_pos >= 2) {
		const uint8_t *p = s->read + s->read_pos;
		size_t len = (size_t)p[0] << 8 | p[1];
		enum err e;

		if (s->read_len - s->read_pos - 2 < len)
			break;
		s->read_pos += 2 + len;
		e = take_message(s, p + 2, len);
		if (e != OK)
			return e;
	}
	return OK;
}

/* The connection has ended: each says at which point. */
static enum err
line_ended(struct session *s)
{
	enum err e = OK;

	if (!s->asked) {
		s->dead = true;
		return OK;
	}
	s->closing = true;
	while (e == OK && s->first != NULL) {
		struct transfer *t = s->first;
		enum handoff_reason reason = s->link.reason;
		const char *text = s->link.text;

		if (text[0] == '\0')
			text = t->stream.n_messages == 0 ?
			    "closed before an answer" :
			    "closed before the end";
		/* A lonely newer SOA, then nothing: it wants us to use AXFR. */
		if (reason == HANDOFF_CLOSED_EARLY && transfer_is_open(t)) {
			reason = HANDOFF_IXFR_REFUSED;
			text = "one newer SOA and no differences";
		}
		e = finish(s, t, transfer_fail(t, reason, text));
	}
	return e == OK ? ERR_STOPPED : e;
}

static enum err
read_some(struct session *s)
{
	size_t n;
	enum err e;

	if (s->read_pos > 0) {
		memmove(s->read, s->read + s->read_pos,
		    s->read_len - s->read_pos);
		s->read_len -= s->read_pos;
		s->read_pos = 0;
	}
	CHECK(s->read_len < READ_MAX);
	e = link_read(&s->link, s->read + s->read_len, READ_MAX - s->read_len,
	    &n);
	if (e == ERR_AGAIN)
		return OK;
	if (e != OK)
		return line_ended(s);
	s->read_len += n;
	s->window_bytes += n;
	e = take_messages(s);
	if (e != OK)
		return e;
	/* Nobody asked for what is left: T-097 */
	if (s->n == 0 && s->read_pos != s->read_len)
		return ERR_STOPPED;
	return OK;
}

/* ---- Deadlines --------------------------------------------------------- */

static enum err
timed_out(struct session *s, struct transfer *t, int64_t now)
{
	enum handoff_reason reason = HANDOFF_TIMEOUT_IDLE;
	const char *text = "no further message in time";

	if (now >= t->total_due_ms) {
		reason = HANDOFF_TIMEOUT_TOTAL;
		text = "the transfer took too long";
	} else if (t->first_ms < 0) {
		reason = HANDOFF_TIMEOUT_FIRST;
		text = "no answer in time";
	} else if (transfer_is_open(t)) {
		reason = HANDOFF_IXFR_REFUSED;
		text = "one newer SOA and no differences";
	}
	return finish(s, t, transfer_fail(t, reason, text));
}

/* A question waits for its turn while others are being answered. */
static int64_t
due_of(const struct session *s, const struct transfer *t)
{
	int64_t due = t->due_ms;

	if (!s->link.up)
		return t->total_due_ms;
	if (t->first_ms < 0)
		due = MAX(due, s->heard_ms + s->conn.first_ms);
	return MIN(due, t->total_due_ms);
}

static enum err
check_rate(struct session *s, int64_t now)
{
	const struct handoff_fetch_conn *c = &s->conn;
	int64_t elapsed = now - s->window_ms;
	struct transfer *t = s->first;

	if (c->rate_min_bps == 0 || t == NULL ||
	    elapsed < (int64_t)c->rate_window_ms)
		return OK;
	if (s->window_bytes * 1000 < (uint64_t)c->rate_min_bps *
	    (uint64_t)elapsed) {
		while (t->next != NULL && t->first_ms < 0)
			t = t->next;
		return finish_with(s, t, transfer_fail(t, HANDOFF_TOO_SLOW,
		    "below the least rate"));
	}
	s->window_ms = now;
	s->window_bytes = 0;
	return OK;
}

static enum err
check_deadlines(struct session *s, int64_t *out_due)
{
	int64_t now = line_ms(s);
	struct transfer *t = s->first, *next;
	enum err e = OK;

	*out_due = now + IDLE_POLL_MS;
	if (s->n == 0)
		return OK;
	if (!s->link.up && now >= s->connect_due_ms)
		return s->shaking ? finish_all(s, HANDOFF_TLS_TIMEOUT,
		    "the handshake was not complete in time") :
		    finish_all(s, HANDOFF_CONNECT_TIMEOUT,
		    "no connection in time");
	for (; e == OK && t != NULL; t = next) {
		next = t->next;
		if (now >= due_of(s, t))
			e = timed_out(s, t, now);
		else
			*out_due = MIN(*out_due, due_of(s, t));
	}
	if (e == OK && s->link.up)
		e = check_rate(s, now);
	if (s->link.up && s->conn.rate_min_bps > 0)
		*out_due = MIN(*out_due, s->window_ms +
		    s->conn.rate_window_ms);
	if (!s->link.up)
		*out_due = MIN(*out_due, s->connect_due_ms);
	return e;
}

/* ---- Connecting -------------------------------------------------------- */

static enum err
go_on_connecting(struct session *s, short ready)
{
	enum err e = link_begin(&s->link, ready);
	struct transfer *t, *next;

	if (s->link.shaking && !s->shaking) {
		s->shaking = true;
		s->connect_due_ms = line_ms(s) + s->conn.connect_ms;
	}
	if (e == ERR_AGAIN)
		return OK;
	if (e != OK)
		return line_ended(s);
	s->up_ms = mono_ms(s);
	s->window_ms = s->heard_ms = line_ms(s);
	s->window_bytes = 0;
	for (t = s->first, e = OK; e == OK && t != NULL; t = next) {
		next = t->next;
		t->connect_ms = mono_ms(s) - t->start_ms;
		e = queue_request(s, t);
	}
	if (e == OK)
		write_requests(s);
	return e;
}

/* ---- Commands of keep -------------------------------------------------- */

/* OpenSSL's first MAC and its first context take their time, and read files:
 * before work comes, not after. */
void
session_warm_up(void)
{
	static const struct tsig_policy policy = { .fudge_s = 1 };
	struct tsig_key key;
	struct tsig *t;

	if (tsig_key_init(&key, (const uint8_t *)"", 1, TSIG_HMAC_SHA256,
	    (const uint8_t *)"x", 1) == OK &&
	    tsig_new(&key, &policy, &t) == OK)
		tsig_free(t);
	tls_warm_up();
}

static enum err
say_ready(struct session *s)
{
	struct handoff_ready ready = {
		.version = HANDOFF_VERSION,
		.role = HANDOFF_ROLE_FETCH,
	};
	uint8_t payload[16];
	size_t len;
	enum err e;

	e = handoff_ready_encode(&ready, payload, sizeof(payload), &len);
	if (e != OK)
		return e;
	return send_frame(s, HANDOFF_READY, payload, len);
}

/* The payload is kept until the connection comes: it may hold a key. */
static enum err
take_tls(struct session *s, struct frame *f)
{
	if (s->tls_frame != NULL || s->link.fd >= 0)
		return ERR_MALFORMED;
	s->tls_frame = malloc(f->len);
	if (s->tls_frame == NULL)
		return ERR_NO_MEMORY;
	memcpy(s->tls_frame, f->payload, f->len);
	s->tls_len = f->len;
	s->ca_fd = f->fd;
	f->fd = -1;
	return OK;
}

static void
forget_tls(struct session *s)
{
	if (s->tls_frame != NULL)
		secret_wipe(s->tls_frame, s->tls_len);
	free(s->tls_frame);
	s->tls_frame = NULL;
	if (s->ca_fd >= 0)
		close(s->ca_fd);
	s->ca_fd = -1;
}

static enum err
secure(struct session *s)
{
	struct handoff_fetch_tls profile;
	enum err e = ERR_MALFORMED;

	if (s->tls_frame != NULL)
		e = handoff_fetch_tls_decode(s->tls_frame, s->tls_len,
		    &profile);
	if (e == OK && link_secure(&s->link, &profile, s->ca_fd) != OK)
		s->dead = true;
	forget_tls(s);
	return e;
}

static enum err
take_connection(struct session *s, struct frame *f)
{
	if (s->link.fd >= 0 || f->fd < 0 || handoff_fetch_conn_decode(
	    f->payload, f->len, &s->conn) != OK)
		return ERR_MALFORMED;
	link_open(&s->link, f->fd, s->conn.connecting);
	f->fd = -1;
	s->opened_ms = mono_ms(s);
	s->connect_due_ms = line_ms(s) + s->conn.connect_ms;
	return s->conn.transport == HANDOFF_TLS ? secure(s) : OK;
}

static enum err
refuse_zone(struct session *s, const struct handoff_fetch_zone *zone)
{
	struct handoff_result r = { .cookie = zone->cookie,
		.reason = HANDOFF_UNASKED, .text = "" };
	uint8_t payload[HANDOFF_SMALL_MAX];
	size_t len;
	enum err e;

	e = handoff_result_encode(&r, payload, sizeof(payload), &len);
	CHECK(e == OK);
	return send_frame(s, HANDOFF_RESULT, payload, len);
}

static struct transfer *
new_transfer(struct session *s)
{
	struct transfer *t = s->spare;
	struct slot *slot;

	if (t != NULL) {
		s->spare = t->next;
		return t;
	}
	slot = malloc(sizeof(*slot));
	if (slot == NULL)
		return NULL;
	slot->sink = (struct sink){ s, &slot->t };
	return &slot->t;
}

static enum err
take_zone(struct session *s, const struct frame *f)
{
	struct handoff_fetch_zone zone;
	struct stream_sink sink = { sink_record, sink_mark, NULL };
	struct transfer *t;

	if (s->link.fd < 0 || s->n >= HANDOFF_PIPELINE_MAX ||
	    handoff_fetch_zone_decode(f->payload, f->len, &zone) != OK)
		return ERR_MALFORMED;
	t = s->closing ? NULL : new_transfer(s);
	if (t == NULL)
		return refuse_zone(s, &zone);
	sink.arg = &CONTAINER_OF(t, struct slot, t)->sink;
	transfer_begin(t, &zone, new_id(s), &sink);
	t->start_ms = s->asked ? mono_ms(s) : s->opened_ms;
	if (!s->asked && s->link.up)
		t->connect_ms = s->up_ms - s->opened_ms;
	t->total_due_ms = line_ms(s) + s->conn.total_ms;
	t->due_ms = t->total_due_ms;
	if (s->n == 0) {
		s->window_ms = s->heard_ms = line_ms(s);
		s->window_bytes = 0;
	}
	*s->last = t;
	s->last = &t->next;
	s->n++;
	s->asked = true;
	if (s->dead)
		return line_ended(s);
	if (!s->link.up)
		return OK;
	return queue_request(s, t);
}

static enum err
take_drop(struct session *s, const struct frame *f)
{
	struct handoff_fetch_drop d;

	if (handoff_fetch_drop_decode(f->payload, f->len, &d) != OK)
		return ERR_MALFORMED;
	for (struct transfer *t = s->first; t != NULL; t = t->next)
		if (t->zone.cookie == d.cookie) {
			if (t->sent)
				drop_id(s, t->stream.id);
			forget(s, t);
			break;
		}
	return OK;
}

/* Returns ERR_STOPPED to end in peace. */
static enum err
take_frame(struct session *s, struct frame *f)
{
	switch (f->type) {
	case HANDOFF_FETCH_TLS:
		return take_tls(s, f);
	case HANDOFF_FETCH_CONN:
		return take_connection(s, f);
	case HANDOFF_FETCH_ZONE:
		return take_zone(s, f);
	case HANDOFF_FETCH_DROP:
		return take_drop(s, f);
	case HANDOFF_CLOSE:
		return ERR_STOPPED;
	default:
		return ERR_MALFORMED;
	}
}

static enum err
take_frames(struct session *s)
{
	enum err e = frame_fill(&s->in, s->keep);

	if (e != OK)
		return e == ERR_AGAIN ? OK : e;
	while (e == OK) {
		struct frame f = { .fd = -1 };

		e = frame_next(&s->in, &f);
		if (e == OK)
			e = take_frame(s, &f);
		if (f.fd >= 0)
			close(f.fd);
	}
	if (e != ERR_AGAIN)
		return e;
	if (s->link.up)
		write_requests(s);
	return OK;
}

/* ---- The loop ---------------------------------------------------------- */

static short
events_of(const struct session *s)
{
	if (!s->link.up)
		return s->link.events;
	if (s->requests.len > 0 && !s->mute)
		return POLLIN | POLLOUT;
	return POLLIN;
}

/* Something of the connection: until there is nothing more to do with it. */
static enum err
serve_line(struct session *s, short ready)
{
	enum err e = OK;

	if (s->link.fd < 0 || s->dead)
		return OK;
	if (!s->link.up)
		e = go_on_connecting(s, ready);
	else if ((ready & POLLOUT) != 0)
		write_requests(s);
	if (e == OK && s->link.up && (ready & ~POLLOUT) != 0)
		e = read_some(s);
	return e;
}

static enum err
wait_for(struct session *s, int64_t due_ms, short *out_line,
    bool *out_keep)
{
	struct pollfd p[2] = {
		{ .fd = s->keep, .events = POLLIN },
		{ .fd = s->link.fd, .events = events_of(s) },
	};
	int64_t left = s->link.more ? 0 : MAX(due_ms - line_ms(s), 0);
	int n;

	n = s->env.poll(s->env.arg, p, s->link.fd < 0 || s->dead ? 1 : 2,
	    (int)MIN(left, (int64_t)IDLE_POLL_MS));
	if (n < 0 && errno != EINTR)
		return ERR_SYSTEM;
	*out_keep = n > 0 && p[0].revents != 0;
	*out_line = (short)((n > 0 ? p[1].revents : 0) |
	    (s->link.more ? POLLIN : 0));
	return OK;
}

static enum err
serve(struct session *s)
{
	enum err e = say_ready(s);

	while (e == OK) {
		bool keep = false;
		short line = 0;
		int64_t due;

		e = check_deadlines(s, &due);
		if (e == OK && s->closing && s->n == 0)
			e = ERR_STOPPED;
		if (e == OK)
			e = drain(s);
		if (e == OK)
			e = wait_for(s, due, &line, &keep);
		if (e == OK && keep)
			e = take_frames(s);
		if (e == OK)
			e = serve_line(s, line);
	}
	(void)!drain(s);		/* the last result */
	return e;
}

int
session_run(int keep, const struct session_env *env)
{
	struct session s = { .keep = keep, .link = { .fd = -1 },
		.ca_fd = -1 };
	enum err e = ERR_NO_MEMORY;

	if (env != NULL)
		s.env = *env;
	else
		s.env = (struct session_env){ real_mono_ms, real_wall_s,
		    real_random_id, real_poll, NULL };
	s.last = &s.first;
	frame_in_init(&s.in, HANDOFF_TLS_MAX);
	frame_out_init(&s.out, QUEUE_MAX);
	buf_init(&s.requests, REQUESTS_MAX);
	s.read = malloc(READ_MAX);
	s.batch = malloc(BATCH_MAX);
	if (s.read != NULL && s.batch != NULL) {
		e = serve(&s);
	}
	while (s.first != NULL)
		forget(&s, s.first);
	while (s.spare != NULL) {
		struct transfer *t = s.spare;

		s.spare = t->next;
		free(CONTAINER_OF(t, struct slot, t));
	}
	for (unsigned i = 0; i < HANDOFF_KEYS_MAX; i++)
		tsig_key_fini(&s.conn.keys[i].key);
	forget_tls(&s);
	link_close(&s.link);
	frame_in_fini(&s.in);
	frame_out_fini(&s.out);
	buf_fini(&s.requests);
	free(s.read);
	free(s.batch);
	return e == ERR_STOPPED || e == ERR_CLOSED ? 0 : 1;
}
