/*
 * session.c - see session.h.
 *
 * One transfer is: send_request(), then receive() until done or a reason not
 * to go on; then finish() sends the one result. Everything of one transfer is
 * in struct transfer, made new for each zone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/frame.h"
#include "common/base/now.h"
#include "common/base/wr.h"
#include "common/dns/rrtype.h"
#include "common/dns/tsig.h"
#include "xferd/ask.h"
#include "xferd/ixfr.h"
#include "xferd/session.h"

#define READ_MAX	(256 * 1024)	/* at least 2 + 65535 */
#define BATCH_MAX	(256 * 1024)	/* at least one record */
#define QUEUE_MAX	(2 * 1024 * 1024)
/* How long one lonely newer SOA may wait for the rest of an IXFR. */
#define OPEN_MS		2000

static_assert(BATCH_MAX <= HANDOFF_FRAME_MAX, "a batch is one frame");

struct session {
	struct session_env env;
	int keep;
	struct frame_in in;
	struct frame_out out;

	int sock;
	bool connected;
	bool keep_gone;
	struct handoff_fetch_conn conn;

	uint8_t *read;			/* [read_pos, read_len) is unparsed */
	size_t read_pos, read_len;
	uint8_t *batch;
	size_t batch_len;
	int64_t paused_ms;		/* spent waiting for keep, in all */
};

struct transfer {
	struct session *s;
	struct handoff_fetch_zone zone;
	struct tsig *tsig;		/* NULL without a key */
	struct stream stream;
	struct axfr axfr;
	struct ixfr ixfr;
	struct tsig_result verdict;	/* the last one */

	int64_t start_ms;
	int64_t connect_ms;		/* -1: an open connection is used */
	int64_t first_ms;		/* of the first message; -1: none */
	int64_t message_due_ms;
	int64_t window_ms;		/* begin of the rate window */
	uint64_t window_bytes;
	bool done;
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

/*
 * Wait for @events on the primary's socket. ERR_STOPPED when keep is gone:
 * nobody wants the result then.
 */
static enum err
wait_for(struct session *s, short events, int64_t due_ms)
{
	struct pollfd p[2] = {
		{ .fd = s->sock, .events = events },
		{ .fd = s->keep, .events = 0 },
	};
	int64_t left = due_ms - mono_ms(s);
	int n;

	if (left <= 0)
		return ERR_TIMEOUT;
	n = s->env.poll(s->env.arg, p, 2, (int)MIN(left, (int64_t)60000));
	if (n < 0 && errno != EINTR)
		return ERR_SYSTEM;
	if (n > 0 && p[1].revents != 0) {
		s->keep_gone = true;
		return ERR_STOPPED;
	}
	return n > 0 && p[0].revents != 0 ? OK : ERR_AGAIN;
}

/* ---- Towards keep ------------------------------------------------------ */

static enum err
send_frame(struct session *s, enum handoff_kind kind, const uint8_t *payload,
    size_t len)
{
	int64_t before = mono_ms(s);
	enum err e;

	e = frame_put(&s->out, (uint16_t)kind, payload, len, -1);
	if (e == OK)
		e = frame_drain(&s->out, s->keep, -1);
	if (e != OK)
		s->keep_gone = true;
	s->paused_ms += mono_ms(s) - before;
	return e;
}

static enum err
flush_batch(struct session *s)
{
	enum err e = OK;

	if (s->batch_len > 0)
		e = send_frame(s, HANDOFF_RECORDS, s->batch, s->batch_len);
	s->batch_len = 0;
	return e;
}

static enum err
sink_record(void *arg, const struct handoff_record *rec)
{
	struct transfer *t = arg;
	struct session *s = t->s;
	enum err e;

	e = handoff_record_append(rec, s->batch, BATCH_MAX, &s->batch_len);
	if (e == OK)
		return OK;
	e = flush_batch(s);
	if (e != OK)
		return e;
	return handoff_record_append(rec, s->batch, BATCH_MAX, &s->batch_len);
}

static enum err
sink_mark(void *arg, const struct handoff_mark *mark)
{
	struct transfer *t = arg;
	uint8_t payload[HANDOFF_SMALL_MAX];
	size_t len;
	enum err e;

	e = flush_batch(t->s);
	if (e == OK)
		e = handoff_mark_encode(mark, payload, sizeof(payload), &len);
	if (e == OK)
		e = send_frame(t->s, HANDOFF_MARK, payload, len);
	return e;
}

/* ---- Connecting -------------------------------------------------------- */

static enum err
fail(struct transfer *t, enum handoff_reason reason, const char *text)
{
	return stream_fail(&t->stream, ERR_CLOSED, reason, "%s", text);
}

static enum err
connect_failed(struct transfer *t, int error)
{
	enum handoff_reason reason = HANDOFF_CONNECT_FAILED;

	if (error == ECONNREFUSED)
		reason = HANDOFF_CONNECT_REFUSED;
	else if (error == ETIMEDOUT)
		reason = HANDOFF_CONNECT_TIMEOUT;
	return fail(t, reason, strerrordesc_np(error) != NULL ?
	    strerrordesc_np(error) : "connection failed");
}

static enum err
finish_connect(struct transfer *t)
{
	struct session *s = t->s;
	int64_t due = mono_ms(s) + s->conn.connect_ms;
	socklen_t len = sizeof(int);
	int error = 0;
	enum err e;

	if (s->connected)
		return OK;
	if (s->conn.connecting) {
		do
			e = wait_for(s, POLLOUT, due);
		while (e == ERR_AGAIN);
		if (e == ERR_TIMEOUT)
			return fail(t, HANDOFF_CONNECT_TIMEOUT,
			    "no connection in time");
		if (e != OK)
			return fail(t, HANDOFF_INTERNAL, "waiting failed");
	}
	if (getsockopt(s->sock, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0)
		return connect_failed(t, error);
	s->connected = true;
	t->connect_ms = mono_ms(s) - t->start_ms;
	return OK;
}

/* ---- The request ------------------------------------------------------- */

static enum err
write_all(struct transfer *t, const uint8_t *p, size_t len)
{
	struct session *s = t->s;

	while (len > 0) {
		ssize_t n = send(s->sock, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		enum err e;

		if (n > 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fail(t, HANDOFF_CLOSED_EARLY,
			    "closed before the request was sent");
		e = wait_for(s, POLLOUT, t->message_due_ms);
		if (e == ERR_TIMEOUT)
			return fail(t, HANDOFF_TIMEOUT_FIRST,
			    "the request could not be sent in time");
		if (e != OK && e != ERR_AGAIN)
			return fail(t, HANDOFF_INTERNAL, "waiting failed");
	}
	return OK;
}

static const struct tsig_key *
find_key(const struct session *s, uint32_t id)
{
	for (unsigned i = 0; i < s->conn.n_keys; i++)
		if (s->conn.keys[i].id == id)
			return &s->conn.keys[i].key;
	return NULL;
}

static enum err
make_request(struct transfer *t, uint8_t *msg, size_t max, size_t *len)
{
	const struct handoff_fetch_zone *z = &t->zone;
	struct session *s = t->s;
	struct ask ask = {
		.id = t->stream.id,
		.apex = z->apex,
		.apex_len = z->apex_len,
		.type = t->stream.qtype,
		.edns = z->edns,
		.soa = z->soa,
		.soa_len = z->soa_len,
		.serial = z->serial,
	};
	struct tsig_policy policy = {
		.fudge_s = z->fudge_s,
		.mac_min = z->mac_min,
		.sign_all = z->sign_all,
	};
	const struct tsig_key *key;
	enum err e;

	e = ask_make(&ask, msg, max, len);
	if (e != OK || z->key_id == 0)
		return e;
	key = find_key(s, z->key_id);
	if (key == NULL)
		return ERR_BAD_KEY;
	e = tsig_new(key, &policy, &t->tsig);
	if (e == OK)
		e = tsig_sign_request(t->tsig, msg, len, max,
		    s->env.wall_s(s->env.arg));
	return e;
}

static enum err
send_request(struct transfer *t)
{
	struct session *s = t->s;
	uint8_t msg[2 + ASK_MAX];
	size_t len;
	enum err e;

	e = make_request(t, msg + 2, ASK_MAX, &len);
	if (e != OK)
		return fail(t, HANDOFF_INTERNAL, "the request is not possible");
	wr_put_u16(msg, (uint16_t)len);
	t->message_due_ms = mono_ms(s) + s->conn.first_ms;
	return write_all(t, msg, len + 2);
}

/* ---- The answer -------------------------------------------------------- */

static enum handoff_reason
tsig_reason(const struct transfer *t)
{
	bool first = t->stream.n_messages == 0;

	switch (t->verdict.verdict) {
	case TSIG_UNSIGNED:
	case TSIG_GOOD:
		break;
	case TSIG_BAD_FORM:
	case TSIG_BAD_SIG:
		return HANDOFF_TSIG_BADSIG;
	case TSIG_BAD_KEY:
		return HANDOFF_TSIG_BADKEY;
	case TSIG_BAD_TIME:
		return HANDOFF_TSIG_BADTIME;
	case TSIG_BAD_TRUNC:
		return HANDOFF_TSIG_BADTRUNC;
	case TSIG_MISSING:
		return first ? HANDOFF_TSIG_MISSING : HANDOFF_TSIG_ORDER;
	case TSIG_TOO_MANY_UNSIGNED:
		return HANDOFF_TSIG_ORDER;
	case TSIG_PEER_ERROR:
		switch (t->verdict.peer_error) {
		case DNSMSG_BADSIG:
			return HANDOFF_TSIG_BADSIG;
		case DNSMSG_BADKEY:
			return HANDOFF_TSIG_BADKEY;
		case DNSMSG_BADTIME:
			return HANDOFF_TSIG_BADTIME;
		case DNSMSG_BADTRUNC:
			return HANDOFF_TSIG_BADTRUNC;
		default:
			return HANDOFF_RCODE;
		}
	}
	return HANDOFF_INTERNAL;
}

/* What an answer that fails TSIG says is told, and believed in nothing. */
static enum err
tsig_failed(struct transfer *t, const uint8_t *msg, size_t len)
{
	struct stream *s = &t->stream;
	struct dnsmsg_header h;
	enum handoff_reason reason = tsig_reason(t);

	s->facts.tsig = t->verdict.verdict;
	if (s->n_messages == 0 && dnsmsg_header_read(msg, len, &h) == OK)
		s->facts.rcode = DNSMSG_RCODE(h.flags);
	s->n_messages++;
	s->n_bytes += len + 2;
	return stream_fail(s, ERR_BAD_SIG, reason,
	    "message %u: TSIG %s, error %u, rcode %u", s->n_messages,
	    tsig_verdict_text(t->verdict.verdict), t->verdict.peer_error,
	    s->facts.rcode);
}

static enum err
check_tsig(struct transfer *t, const uint8_t *msg, size_t len)
{
	struct handoff_facts *f = &t->stream.facts;
	struct session *s = t->s;
	enum err e;

	if (t->tsig == NULL)
		return OK;
	e = tsig_verify(t->tsig, msg, len, s->env.wall_s(s->env.arg),
	    &t->verdict);
	f->tsig_error = t->verdict.peer_error;
	if (t->verdict.has_time) {
		f->has_skew = true;
		f->skew_s = t->verdict.skew_s;
	}
	if (e != OK)
		return tsig_failed(t, msg, len);
	if (t->verdict.verdict == TSIG_GOOD)
		f->tsig = TSIG_GOOD;
	return OK;
}

static enum err
take_message(struct transfer *t, const uint8_t *msg, size_t len)
{
	int64_t now = mono_ms(t->s);
	enum err e;

	if (t->first_ms < 0)
		t->first_ms = now - t->start_ms;
	e = check_tsig(t, msg, len);
	if (e != OK)
		return e;
	if (t->zone.mode == HANDOFF_IXFR)
		e = ixfr_feed(&t->ixfr, msg, len, &t->done);
	else
		e = axfr_feed(&t->axfr, msg, len, &t->done);
	if (e != OK)
		return e;
	t->message_due_ms = mono_ms(t->s) + t->s->conn.idle_ms;
	if (t->zone.mode == HANDOFF_IXFR && ixfr_is_open(&t->ixfr))
		t->message_due_ms = MIN(t->message_due_ms, now + OPEN_MS);
	if (t->done && t->tsig != NULL && tsig_done(t->tsig) != OK) {
		t->stream.facts.tsig = TSIG_MISSING;	/* T-135 */
		return stream_fail(&t->stream, ERR_BAD_SIG,
		    HANDOFF_TSIG_ORDER, "the last message is not signed");
	}
	return OK;
}

/* Take every whole message that is there. */
static enum err
take_messages(struct transfer *t)
{
	struct session *s = t->s;

	while (!t->done && s->read_len - s->read_pos >= 2) {
		const uint8_t *p = s->read + s->read_pos;
		size_t len = (size_t)p[0] << 8 | p[1];
		enum err e;

		if (s->read_len - s->read_pos - 2 < len)
			break;
		s->read_pos += 2 + len;
		e = take_message(t, p + 2, len);
		if (e != OK)
			return e;
	}
	return OK;
}

/* A lonely newer SOA, then nothing: the primary wants us to use AXFR. */
static enum err
ended(struct transfer *t, enum handoff_reason reason, const char *text)
{
	if (t->zone.mode == HANDOFF_IXFR && ixfr_is_open(&t->ixfr))
		return fail(t, HANDOFF_IXFR_REFUSED,
		    "one newer SOA and no differences");
	return fail(t, reason, text);
}

static enum err
timed_out(struct transfer *t, int64_t now)
{
	if (now - t->start_ms >= (int64_t)t->s->conn.total_ms)
		return fail(t, HANDOFF_TIMEOUT_TOTAL,
		    "the transfer took too long");
	if (t->first_ms < 0)
		return fail(t, HANDOFF_TIMEOUT_FIRST, "no answer in time");
	return ended(t, HANDOFF_TIMEOUT_IDLE, "no further message in time");
}

static enum err
check_rate(struct transfer *t, int64_t now)
{
	const struct handoff_fetch_conn *c = &t->s->conn;
	int64_t elapsed = now - t->window_ms;

	if (c->rate_min_bps == 0 || elapsed < (int64_t)c->rate_window_ms)
		return OK;
	if (t->window_bytes * 1000 < (uint64_t)c->rate_min_bps *
	    (uint64_t)elapsed)
		return fail(t, HANDOFF_TOO_SLOW, "below the least rate");
	t->window_ms = now;
	t->window_bytes = 0;
	return OK;
}

static enum err
check_deadlines(struct transfer *t, int64_t *out_due)
{
	const struct handoff_fetch_conn *c = &t->s->conn;
	int64_t now = mono_ms(t->s);
	enum err e;

	*out_due = MIN(t->message_due_ms, t->start_ms + c->total_ms);
	if (now >= *out_due)
		return timed_out(t, now);
	e = check_rate(t, now);
	if (e != OK)
		return e;
	if (c->rate_min_bps > 0)
		*out_due = MIN(*out_due, t->window_ms + c->rate_window_ms);
	return OK;
}

static enum err
read_some(struct transfer *t)
{
	struct session *s = t->s;
	ssize_t n;

	if (s->read_pos > 0) {
		memmove(s->read, s->read + s->read_pos,
		    s->read_len - s->read_pos);
		s->read_len -= s->read_pos;
		s->read_pos = 0;
	}
	CHECK(s->read_len < READ_MAX);
	n = recv(s->sock, s->read + s->read_len, READ_MAX - s->read_len,
	    MSG_DONTWAIT);
	if (n > 0) {
		s->read_len += (size_t)n;
		t->window_bytes += (uint64_t)n;
		return OK;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return OK;
	return ended(t, HANDOFF_CLOSED_EARLY, t->stream.n_messages == 0 ?
	    "closed before an answer" : "closed before the end");
}

static enum err
receive(struct transfer *t)
{
	struct session *s = t->s;

	t->window_ms = mono_ms(s);
	while (!t->done) {
		int64_t paused = s->paused_ms, due;
		enum err e;

		e = take_messages(t);
		if (e != OK || t->done)
			return e;
		/* The primary is not to blame for our waiting. */
		t->message_due_ms += s->paused_ms - paused;
		t->window_ms += s->paused_ms - paused;
		e = check_deadlines(t, &due);
		if (e != OK)
			return e;
		e = wait_for(s, POLLIN, due);
		if (e == ERR_TIMEOUT || e == ERR_AGAIN)
			continue;	/* check_deadlines() says which */
		if (e != OK)
			return fail(t, HANDOFF_INTERNAL, "waiting failed");
		e = read_some(t);
		if (e != OK)
			return e;
	}
	return OK;
}

/* ---- The result -------------------------------------------------------- */

static const struct stream_soa *
first_soa(const struct transfer *t)
{
	if (t->zone.mode == HANDOFF_IXFR)
		return ixfr_first(&t->ixfr);
	return t->axfr.has_first ? &t->axfr.first : NULL;
}

static enum handoff_style
style_of(const struct transfer *t)
{
	if (t->zone.mode == HANDOFF_IXFR)
		return ixfr_style(&t->ixfr);
	return t->axfr.has_first ? HANDOFF_STYLE_AXFR : HANDOFF_STYLE_NONE;
}

static enum handoff_reason
reason_of(const struct transfer *t, enum err e)
{
	if (e != OK)
		return t->stream.reason != HANDOFF_OK ? t->stream.reason :
		    HANDOFF_INTERNAL;
	if (t->zone.mode == HANDOFF_IXFR && t->ixfr.single)
		return HANDOFF_UPTODATE;
	return HANDOFF_OK;
}

/* Text of strangers went through dname_print() and keep_ede_text(). */
static void
text_of(const struct transfer *t, char out[HANDOFF_TEXT_MAX])
{
	const struct stream *s = &t->stream;

	if (s->facts.has_ede)
		snprintf(out, HANDOFF_TEXT_MAX, "%.150s (EDE %u%s%.80s)",
		    s->text, s->facts.ede, s->ede_text[0] == '\0' ? "" : ": ",
		    s->ede_text);
	else
		snprintf(out, HANDOFF_TEXT_MAX, "%s", s->text);
}

static bool
is_reusable(const struct transfer *t, enum handoff_reason reason)
{
	const struct session *s = t->s;

	if (!s->connected || s->read_pos != s->read_len)	/* T-097 */
		return false;
	return reason == HANDOFF_OK || reason == HANDOFF_UPTODATE ||
	    (reason == HANDOFF_RCODE && t->stream.n_messages == 1);
}

static bool
finish(struct transfer *t, enum err e)
{
	const struct stream_soa *soa = first_soa(t);
	enum handoff_reason reason = reason_of(t, e);
	uint8_t payload[HANDOFF_SMALL_MAX];
	char text[HANDOFF_TEXT_MAX];
	struct handoff_result r = {
		.cookie = t->zone.cookie,
		.reason = reason,
		.style = style_of(t),
		.reusable = is_reusable(t, reason),
		.aa = t->stream.aa && soa != NULL,
		.records = t->stream.n_records,
		.bytes = t->stream.n_bytes,
		.messages = t->stream.n_messages,
		.diffs = t->ixfr.n_diffs,
		.out_of_zone = t->stream.n_out_of_zone,
		.ms = (uint32_t)(mono_ms(t->s) - t->start_ms),
		.has_connect = t->connect_ms >= 0,
		.connect_ms = t->connect_ms < 0 ? 0 : (uint32_t)t->connect_ms,
		.first_ms = t->first_ms < 0 ? 0 : (uint32_t)t->first_ms,
		.facts = t->stream.facts,
	};
	size_t len;

	if (soa != NULL) {
		r.has_soa = true;
		r.serial = soa->serial;
		r.soa_len = soa->len;
		r.soa = soa->rdata;
	}
	text_of(t, text);
	r.text = text;
	r.text_len = (uint16_t)strlen(text);
	if (reason == HANDOFF_OK && flush_batch(t->s) != OK)
		return false;
	t->s->batch_len = 0;
	if (handoff_result_encode(&r, payload, sizeof(payload), &len) != OK)
		return false;
	if (send_frame(t->s, HANDOFF_RESULT, payload, len) != OK)
		return false;
	return r.reusable;
}

/* One zone. Returns whether the connection can serve another. */
static bool
transfer(struct session *s, struct transfer *t)
{
	struct stream_sink sink = { sink_record, sink_mark, t };
	bool reusable;
	enum err e;

	t->s = s;
	t->tsig = NULL;
	t->connect_ms = -1;
	t->first_ms = -1;
	t->done = false;
	t->start_ms = mono_ms(s);
	memset(&t->verdict, 0, sizeof(t->verdict));
	stream_begin(&t->stream, t->zone.apex, t->zone.apex_len,
	    s->env.random_id(s->env.arg), t->zone.mode == HANDOFF_IXFR ?
	    RRTYPE_IXFR : RRTYPE_AXFR, &t->zone.limits, &sink);
	axfr_begin(&t->axfr, &t->stream);
	ixfr_begin(&t->ixfr, &t->stream, t->zone.serial);
	s->batch_len = 0;
	e = finish_connect(t);
	if (e == OK)
		e = send_request(t);
	if (e == OK)
		e = receive(t);
	reusable = !s->keep_gone && finish(t, e);
	tsig_free(t->tsig);
	return reusable;
}

/* ---- Commands of keep -------------------------------------------------- */

/* OpenSSL's first MAC takes its time: before work comes, not after. */
static void
warm_up(void)
{
	static const struct tsig_policy policy = { .fudge_s = 1 };
	struct tsig_key key;
	struct tsig *t;

	if (tsig_key_init(&key, (const uint8_t *)"", 1, TSIG_HMAC_SHA256,
	    (const uint8_t *)"x", 1) == OK &&
	    tsig_new(&key, &policy, &t) == OK)
		tsig_free(t);
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

static enum err
take_connection(struct session *s, struct frame *f)
{
	if (s->sock >= 0 || f->fd < 0 || handoff_fetch_conn_decode(f->payload,
	    f->len, &s->conn) != OK)
		return ERR_MALFORMED;
	s->sock = f->fd;
	f->fd = -1;
	return OK;
}

/* Returns ERR_STOPPED to end in peace. */
static enum err
take_frame(struct session *s, struct frame *f, struct transfer *t)
{
	switch (f->type) {
	case HANDOFF_FETCH_CONN:
		return take_connection(s, f);
	case HANDOFF_FETCH_ZONE:
		if (s->sock < 0 || handoff_fetch_zone_decode(f->payload,
		    f->len, &t->zone) != OK)
			return ERR_MALFORMED;
		return transfer(s, t) ? OK : ERR_STOPPED;
	case HANDOFF_CLOSE:
		return ERR_STOPPED;
	default:
		return ERR_MALFORMED;
	}
}

static enum err
serve(struct session *s, struct transfer *t)
{
	enum err e = say_ready(s);

	while (e == OK) {
		struct frame f = { .fd = -1 };

		e = frame_wait(&s->in, s->keep, -1, &f);
		if (e == OK)
			e = take_frame(s, &f, t);
		if (f.fd >= 0)
			close(f.fd);
	}
	return e;
}

int
session_run(int keep, const struct session_env *env)
{
	struct session s = { .keep = keep, .sock = -1 };
	struct transfer *t = calloc(1, sizeof(*t));
	enum err e = ERR_NO_MEMORY;

	if (env != NULL)
		s.env = *env;
	else
		s.env = (struct session_env){ real_mono_ms, real_wall_s,
		    real_random_id, real_poll, NULL };
	frame_in_init(&s.in, HANDOFF_SMALL_MAX);
	frame_out_init(&s.out, QUEUE_MAX);
	s.read = malloc(READ_MAX);
	s.batch = malloc(BATCH_MAX);
	if (t != NULL && s.read != NULL && s.batch != NULL) {
		warm_up();
		e = serve(&s, t);
	}
	for (unsigned i = 0; i < HANDOFF_KEYS_MAX; i++)
		tsig_key_fini(&s.conn.keys[i].key);
	if (s.sock >= 0)
		close(s.sock);
	frame_in_fini(&s.in);
	frame_out_fini(&s.out);
	free(s.read);
	free(s.batch);
	free(t);
	return e == ERR_STOPPED || e == ERR_CLOSED ? 0 : 1;
}
