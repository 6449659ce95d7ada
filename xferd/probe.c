/*
 * probe.c - see probe.h.
 *
 * A question (struct ask_state) goes WAITING -> [SIGNING ->] FLYING ->
 * [VERIFYING ->] result. SIGNING and VERIFYING wait for a MAC of keep; a
 * deadline runs in every state, so nothing stays for ever.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/check.h"
#include "common/base/frame.h"
#include "common/base/now.h"
#include "common/base/rd.h"
#include "common/base/wr.h"
#include "common/dns/dnsmsg.h"
#include "common/dns/rrtype.h"
#include "common/dns/tsig.h"
#include "xferd/ask.h"
#include "xferd/check_answer.h"
#include "xferd/probe.h"
#include "xferd/probe_answer.h"

#define MESSAGE_MAX	4096	/* of a SOA answer over UDP */
#define STREAM_MAX	(2 + 65535)
#define QUEUE_MAX	(8 * 1024 * 1024)
#define TICK_MS		10
#define INPUT_MAX	(65535 + TSIG_INPUT_EXTRA)
/* What keep may take to compute a MAC. */
#define HMAC_MS		5000

enum ask_phase {
	FREE,
	WAITING,		/* for room in the flight of its socket */
	SIGNING,
	FLYING,
	VERIFYING,
};

struct ask_state {
	enum ask_phase phase;
	struct ask_state *next;		/* in the list of its socket */
	struct handoff_probe_zone zone;
	bool wide;			/* of HANDOFF_QUESTION: the next two */
	struct handoff_question question;
	uint8_t sent_name[HANDOFF_NAME_MAX];	/* in the case last sent */
	struct addr *addr;
	uint16_t id;
	bool edns;			/* ask with OPT */
	bool sent_edns;			/* the last one sent had OPT */
	bool no_edns;			/* it took one without */
	uint8_t tries;
	uint32_t wait_ms;		/* of this try */
	int64_t sent_ms;
	int64_t due_ms;
	uint64_t hmac_id;		/* what is awaited of keep */
	struct tsig_prior request_mac;
	struct tsig_rr tsig;		/* ours while SIGNING, theirs after */
	uint64_t peer_time_s;		/* of the answer; 0: it said none */
	uint8_t *msg;			/* request while SIGNING, answer after */
	size_t msg_len;
};

struct addr {
	struct addr *next;
	struct handoff_probe_addr conf;
	int fd;
	bool connected;
	bool asked;			/* a question came for it */
	enum handoff_reason failed;	/* before one did; HANDOFF_OK: no */
	struct ask_state *asks, **tail;	/* in order of arrival */
	unsigned n_flying;
	/* TCP only. */
	uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len, out_max;
};

struct probe {
	int keep;
	enum handoff_role role;
	struct frame_in in;
	struct frame_out out;
	struct addr *addrs;
	unsigned n_addrs;
	unsigned n_asks;
	struct ask_state *asks;		/* PROBE_ASKS_MAX */
	struct ask_state *free;
	uint64_t n_hmac;
	int64_t tick_ms;
	uint8_t *input;			/* scratch for verify() */
	struct check_answer *said;	/* scratch: what one answer says */
};

static enum err
send_keep(struct probe *p, enum handoff_kind kind, const uint8_t *payload,
    size_t len)
{
	return frame_put(&p->out, (uint16_t)kind, payload, len, -1);
}

static uint16_t
random_id(void)
{
	uint16_t id = 0;

	if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id))
		abort();		/* no randomness: nothing is safe */
	return id;
}

/* ---- Questions in their socket's list ---------------------------------- */

static struct ask_state *
ask_new(struct probe *p, struct addr *a, const struct handoff_probe_zone *z)
{
	struct ask_state *q = p->free;

	if (q == NULL)
		return NULL;
	p->free = q->next;
	memset(q, 0, sizeof(*q));
	q->phase = WAITING;
	q->zone = *z;
	q->addr = a;
	q->edns = z->edns;
	*a->tail = q;
	a->tail = &q->next;
	p->n_asks++;
	return q;
}

static void
ask_free(struct probe *p, struct ask_state *q)
{
	struct addr *a = q->addr;
	struct ask_state **at = &a->asks;

	if (q->phase != WAITING)
		a->n_flying--;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	if (a->tail == &q->next)
		a->tail = at;
	free(q->msg);
	memset(q, 0, sizeof(*q));
	q->next = p->free;
	p->free = q;
	p->n_asks--;
}

static enum err
send_result(struct probe *p, const struct handoff_probe_result *r)
{
	uint8_t payload[HANDOFF_SMALL_MAX];
	size_t len;
	enum err e;

	e = handoff_probe_result_encode(r, payload, sizeof(payload), &len);
	if (e != OK)
		return e;
	return send_keep(p, HANDOFF_PROBE_RESULT, payload, len);
}

/* What the TSIG record of the answer adds to the facts. */
static void
tsig_facts(const struct ask_state *q, bool answered, enum tsig_verdict verdict,
    struct handoff_facts *out)
{
	out->tsig = verdict;
	if (q->zone.key_id == 0 || !answered || verdict == TSIG_MISSING)
		return;
	out->tsig_error = q->tsig.error;
	out->has_skew = q->peer_time_s != 0;
	out->skew_s = (int64_t)q->peer_time_s - now_wall_ms() / 1000;
}

/* BADTIME has the server's clock in its other data, and in its time ours.
 *                                                          RFC 8945 5.2.3 */
static uint64_t
peer_time(const struct tsig_rr *tr)
{
	struct rd r;

	if (tr->error != DNSMSG_BADTIME || tr->other_len != 6)
		return tr->time_s;
	r = rd_make(tr->other, 6);
	return rd_u48(&r);
}

/* The end of a wide one.  @said is NULL when there was no answer. */
static enum err
wide_end(struct probe *p, struct ask_state *q, enum handoff_reason reason,
    const struct check_answer *said, enum tsig_verdict verdict)
{
	struct handoff_answer a = {
		.cookie = q->zone.cookie,
		.addr_id = q->zone.addr_id,
		.reason = reason,
		.ms = q->sent_ms == 0 ? 0 :
		    (uint32_t)(now_mono_ms() - q->sent_ms),
		.tries = q->tries,
		.no_edns = q->no_edns,
	};
	uint8_t payload[HANDOFF_LARGE_MAX];
	size_t len;
	enum err e;

	if (said != NULL) {
		a.facts = said->facts;
		a.aa = said->aa;
		a.tc = said->tc;
		a.ra = said->ra;
		if (reason == HANDOFF_OK) {
			a.cut = said->cut;
			a.n_records = said->n_records;
			a.records = said->records;
			a.records_len = said->records_len;
		}
	}
	tsig_facts(q, said != NULL, verdict, &a.facts);
	e = handoff_answer_encode(&a, payload, sizeof(payload), &len);
	if (e == OK)
		e = send_keep(p, HANDOFF_ANSWER, payload, len);
	ask_free(p, q);
	return e;
}

/* The question's end. @answer is NULL when there was none. */
static enum err
ask_end(struct probe *p, struct ask_state *q, enum handoff_reason reason,
    const struct probe_answer *answer, enum tsig_verdict verdict)
{
	struct handoff_probe_result r = {
		.cookie = q->zone.cookie,
		.addr_id = q->zone.addr_id,
		.reason = reason,
		.ms = q->sent_ms == 0 ? 0 :
		    (uint32_t)(now_mono_ms() - q->sent_ms),
		.tries = q->tries,
		.no_edns = q->no_edns,
	};
	enum err e;

	if (q->wide) {
		CHECK(answer == NULL);
		return wide_end(p, q, reason, NULL, verdict);
	}
	if (answer != NULL) {
		r.facts = answer->facts;
		if (answer->reason == HANDOFF_OK) {
			r.has_soa = true;
			r.serial = answer->serial;
			r.soa_len = answer->soa_len;
			r.soa = answer->soa;
		}
	}
	tsig_facts(q, answer != NULL, verdict, &r.facts);
	e = send_result(p, &r);
	ask_free(p, q);
	return e;
}

/* ---- Sending ----------------------------------------------------------- */

static bool
id_is_taken(const struct ask_state *mine, uint16_t id)
{
	const struct ask_state *q;

	for (q = mine->addr->asks; q != NULL; q = q->next)
		if (q != mine && q->phase != WAITING && q->id == id)
			return true;
	return false;
}

/* A fresh one; at most PROBE_FLIGHT_MAX of 65536 are taken. */
static uint16_t
choose_id(const struct ask_state *q)
{
	uint16_t id = random_id();

	while (id_is_taken(q, id))
		id++;
	return id;
}

static enum err
put_stream(struct addr *a, const uint8_t *msg, size_t len)
{
	if (a->out_max - a->out_len < 2 + len)
		return ERR_SPACE;
	wr_put_u16(a->out + a->out_len, (uint16_t)len);
	memcpy(a->out + a->out_len + 2, msg, len);
	a->out_len += 2 + len;
	return OK;
}

static bool
is_transient(int error)
{
	return error == EAGAIN || error == EINTR || error == ENOBUFS ||
	    error == ENOMEM;
}

/* Send the finished request. A failure that passes counts as a lost one. */
static enum err
fly(struct probe *p, struct ask_state *q, const uint8_t *msg, size_t len)
{
	struct addr *a = q->addr;
	bool sent;

	q->phase = FLYING;
	q->tries++;
	q->sent_ms = now_mono_ms();
	q->due_ms = q->sent_ms + q->wait_ms;
	if (a->conf.transport == HANDOFF_TCP)
		sent = put_stream(a, msg, len) == OK;
	else
		sent = send(a->fd, msg, len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0
		    || is_transient(errno);
	if (sent)
		return OK;
	return ask_end(p, q, errno == ECONNREFUSED ? HANDOFF_CONNECT_REFUSED :
	    HANDOFF_CONNECT_FAILED, NULL, TSIG_UNSIGNED);
}

static enum err
ask_keep(struct probe *p, struct ask_state *q, const uint8_t *input,
    size_t len)
{
	uint8_t payload[HANDOFF_LARGE_MAX];
	/* The slot is in the low bits: the reply finds it at once. */
	struct handoff_hmac h = {
		.id = ++p->n_hmac * PROBE_ASKS_MAX + (uint64_t)(q - p->asks),
		.key_id = q->zone.key_id,
		.bytes = input,
		.len = len,
	};
	size_t n;
	enum err e;

	q->hmac_id = h.id;
	q->due_ms = now_mono_ms() + HMAC_MS;
	e = handoff_hmac_encode(&h, payload, sizeof(payload), &n);
	if (e != OK)
		return e;
	return send_keep(p, HANDOFF_HMAC, payload, n);
}

static enum err
keep_message(struct ask_state *q, const uint8_t *msg, size_t len)
{
	free(q->msg);
	q->msg_len = 0;
	q->msg = malloc(len);
	if (q->msg == NULL)
		return ERR_NO_MEMORY;
	memcpy(q->msg, msg, len);
	q->msg_len = len;
	return OK;
}

static enum err
sign(struct probe *p, struct ask_state *q, const uint8_t *msg, size_t len)
{
	uint8_t input[ASK_MAX + TSIG_INPUT_EXTRA];
	struct tsig_rr *tr = &q->tsig;
	size_t n;
	enum err e;

	memset(tr, 0, sizeof(*tr));
	memcpy(tr->name, q->zone.key_name, q->zone.key_name_len);
	tr->name_len = q->zone.key_name_len;
	tr->alg = q->zone.alg;
	tr->time_s = (uint64_t)now_wall_ms() / 1000;
	tr->fudge_s = q->zone.fudge_s;
	tr->original_id = q->id;
	e = tsig_input(NULL, msg, len, false, tr, false, input,
	    sizeof(input), &n);
	if (e == OK)
		e = keep_message(q, msg, len);
	if (e != OK)
		return e;
	q->phase = SIGNING;
	return ask_keep(p, q, input, n);
}

/* The letters of @name in random case: draft-vixie-dnsext-dns0x20. */
static void
mix_case(uint8_t *name, size_t len)
{
	uint8_t bits[HANDOFF_NAME_MAX];

	if (getrandom(bits, len, 0) != (ssize_t)len)
		abort();
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)(name[i] - 'a') < 26 && (bits[i] & 1) != 0)
			name[i] &= 0xdf;
}

static void
wide_ask(struct ask_state *q, bool fresh, struct ask *ask)
{
	if (fresh) {
		memcpy(q->sent_name, q->zone.apex, q->zone.apex_len);
		if (q->question.mixed)
			mix_case(q->sent_name, q->zone.apex_len);
	}
	ask->apex = q->sent_name;
	ask->type = q->question.type;
	ask->plain = true;
	ask->dnssec_ok = q->question.dnssec_ok;
	ask->recurse = q->question.recurse;
}

static enum err
ask_send(struct probe *p, struct ask_state *q)
{
	struct addr *a = q->addr;
	uint8_t msg[ASK_MAX];
	struct ask ask = {
		.apex = q->zone.apex,
		.apex_len = q->zone.apex_len,
		.type = RRTYPE_SOA,
		.edns = q->edns,
	};
	bool fresh;
	size_t len;
	enum err e;

	if (q->phase == WAITING)
		a->n_flying++;
	q->phase = FLYING;
	/* The same question again keeps its ID: a late answer still counts. */
	fresh = q->tries == 0 || q->edns != q->sent_edns ||
	    q->zone.key_id != 0;
	if (fresh)
		q->id = choose_id(q);
	if (q->wide)
		wide_ask(q, fresh, &ask);
	q->sent_edns = q->edns;
	ask.id = q->id;
	q->wait_ms = q->wait_ms == 0 ? a->conf.timeout_ms :
	    MIN(q->wait_ms * 2, 60000u);
	e = ask_make(&ask, msg, sizeof(msg), &len);
	if (e != OK)
		return e;
	if (q->zone.key_id != 0)
		return sign(p, q, msg, len);
	return fly(p, q, msg, len);
}

/* Let waiting questions go as long as the flight has room. */
static enum err
ask_waiting(struct probe *p, struct addr *a)
{
	struct ask_state *q, *next;
	enum err e = OK;

	if (!a->connected)
		return OK;
	for (q = a->asks; q != NULL && e == OK &&
	    a->n_flying < PROBE_FLIGHT_MAX; q = next) {
		next = q->next;
		if (q->phase == WAITING)
			e = ask_send(p, q);
	}
	return e;
}

/* ---- Answers ----------------------------------------------------------- */

static enum err
again_without_opt(struct probe *p, struct ask_state *q)
{
	q->edns = q->question.dnssec_ok = false;
	q->wait_ms = 0;
	return ask_send(p, q);
}

static enum err
conclude(struct probe *p, struct ask_state *q,
    const struct probe_answer *answer, enum tsig_verdict verdict)
{
	if (q->zone.edns && !q->edns && answer->reason != HANDOFF_RCODE)
		q->no_edns = true;
	return ask_end(p, q, answer->reason, answer, verdict);
}

static enum handoff_reason
tsig_reason(enum tsig_verdict verdict, uint16_t error)
{
	switch (verdict) {
	case TSIG_MISSING:
		return HANDOFF_TSIG_MISSING;
	case TSIG_BAD_KEY:
		return HANDOFF_TSIG_BADKEY;
	case TSIG_BAD_TIME:
		return HANDOFF_TSIG_BADTIME;
	case TSIG_BAD_TRUNC:
		return HANDOFF_TSIG_BADTRUNC;
	case TSIG_PEER_ERROR:
		if (error == DNSMSG_BADKEY)
			return HANDOFF_TSIG_BADKEY;
		if (error == DNSMSG_BADTIME)
			return HANDOFF_TSIG_BADTIME;
		if (error == DNSMSG_BADTRUNC)
			return HANDOFF_TSIG_BADTRUNC;
		return HANDOFF_TSIG_BADSIG;
	case TSIG_UNSIGNED:
	case TSIG_GOOD:
	case TSIG_BAD_FORM:
	case TSIG_BAD_SIG:
	case TSIG_TOO_MANY_UNSIGNED:
		break;
	}
	return HANDOFF_TSIG_BADSIG;
}

/* A signed question's answer that does not verify; only the facts are told. */
static enum err
refuse(struct probe *p, struct ask_state *q, struct probe_answer *answer,
    enum tsig_verdict verdict)
{
	enum handoff_reason reason = tsig_reason(verdict, q->tsig.error);

	if (q->wide)
		return wide_end(p, q, reason, p->said, verdict);
	answer->reason = reason;
	return ask_end(p, q, answer->reason, answer, verdict);
}

/* What the answer to a wide question says, into p->said. */
static void
wide_judge(struct probe *p, const struct ask_state *q, const uint8_t *msg,
    size_t len)
{
	check_answer_read(msg, len, q->sent_name, q->zone.apex_len,
	    q->question.type, q->question.mixed, q->edns, p->said);
	if (q->addr->conf.transport == HANDOFF_UDP && p->said->tc &&
	    p->said->reason == HANDOFF_OK)
		p->said->reason = HANDOFF_TRUNCATED;	/* T-017 */
}

static enum err
wide_conclude(struct probe *p, struct ask_state *q, enum tsig_verdict verdict)
{
	if (q->question.edns && !q->edns && p->said->facts.rcode !=
	    DNSMSG_FORMERR && p->said->facts.rcode != DNSMSG_NOTIMP)
		q->no_edns = true;
	return wide_end(p, q, p->said->reason, p->said, verdict);
}

/* Ask keep for the MAC that the answer should have.  @answer is NULL for a
 * wide question. */
static enum err
verify(struct probe *p, struct ask_state *q, const uint8_t *msg, size_t len,
    struct probe_answer *answer)
{
	struct tsig_rr *tr = &q->tsig;
	size_t n;
	enum err e;

	e = tsig_find(msg, len, tr);
	if (e == ERR_NOT_FOUND)
		return refuse(p, q, answer, TSIG_MISSING);
	if (e != OK) {
		memset(tr, 0, sizeof(*tr));
		return refuse(p, q, answer, TSIG_BAD_FORM);
	}
	q->peer_time_s = peer_time(tr);
	if (tr->error != 0 && tr->mac_len == 0)
		return refuse(p, q, answer, TSIG_PEER_ERROR);
	if (tr->alg != q->zone.alg || tr->name_len != q->zone.key_name_len ||
	    memcmp(tr->name, q->zone.key_name, tr->name_len) != 0)
		return refuse(p, q, answer, TSIG_BAD_KEY);
	e = tsig_input(&q->request_mac, msg, tr->off, true, tr, false,
	    p->input, INPUT_MAX, &n);
	if (e != OK || keep_message(q, msg, len) != OK)
		return refuse(p, q, answer, TSIG_BAD_FORM);
	/* The record again, with pointers into the copy. */
	e = tsig_find(q->msg, q->msg_len, tr);
	CHECK(e == OK);
	q->phase = VERIFYING;
	return ask_keep(p, q, p->input, n);
}

static enum err
wide_answer(struct probe *p, struct ask_state *q, const uint8_t *msg,
    size_t len)
{
	struct check_answer *said = p->said;

	wide_judge(p, q, msg, len);
	if (q->addr->conf.transport == HANDOFF_UDP &&
	    (said->reason == HANDOFF_WRONG_QUESTION || !said->is_answer))
		return OK;		/* T-016: somebody else's, or forged */
	if (said->no_opt_wanted)
		return again_without_opt(p, q);
	if (q->zone.key_id != 0 && said->reason != HANDOFF_TRUNCATED)
		return verify(p, q, msg, len, NULL);
	return wide_conclude(p, q, TSIG_UNSIGNED);
}

static enum err
take_answer(struct probe *p, struct addr *a, const uint8_t *msg, size_t len)
{
	struct probe_answer answer;
	struct dnsmsg_header h;
	struct ask_state *q;

	if (dnsmsg_header_read(msg, len, &h) != OK)
		return OK;
	for (q = a->asks; q != NULL; q = q->next)
		if (q->phase == FLYING && q->id == h.id)
			break;
	if (q == NULL)			/* late, or not ours: passed over */
		return OK;
	if (q->wide)
		return wide_answer(p, q, msg, len);
	probe_answer_judge(msg, len, q->zone.apex, q->zone.apex_len, q->edns,
	    &answer);
	/* T-016: what does not answer the question is not the answer. */
	if (a->conf.transport == HANDOFF_UDP &&
	    (answer.reason == HANDOFF_WRONG_QUESTION ||
	    (answer.reason == HANDOFF_MALFORMED &&
	    (h.flags & DNSMSG_QR) == 0)))
		return OK;
	if (answer.no_opt_wanted)
		return again_without_opt(p, q);
	if (q->zone.key_id != 0 && answer.reason != HANDOFF_TRUNCATED)
		return verify(p, q, msg, len, &answer);
	return conclude(p, q, &answer, TSIG_UNSIGNED);
}

/* ---- MACs of keep ------------------------------------------------------ */

static enum err
signed_request(struct probe *p, struct ask_state *q, const uint8_t *mac,
    uint8_t mac_len)
{
	uint8_t msg[ASK_MAX + TSIG_RR_MAX];
	size_t len = q->msg_len;
	enum err e;

	memcpy(msg, q->msg, len);
	memcpy(q->request_mac.mac, mac, mac_len);
	q->request_mac.mac_len = mac_len;
	q->tsig.mac = mac;
	q->tsig.mac_len = mac_len;
	e = tsig_append(msg, &len, sizeof(msg), &q->tsig);
	q->tsig.mac = NULL;
	if (e != OK)
		return e;
	return fly(p, q, msg, len);
}

static enum err
verified_answer(struct probe *p, struct ask_state *q, const uint8_t *mac,
    uint8_t mac_len)
{
	struct probe_answer answer;
	enum tsig_verdict v;

	if (q->wide)
		wide_judge(p, q, q->msg, q->msg_len);
	else
		probe_answer_judge(q->msg, q->msg_len, q->zone.apex, q->zone.apex_len,
	    q->edns, &answer);
	v = tsig_judge(&q->tsig, mac, mac_len, q->zone.mac_min,
	    (uint64_t)now_wall_ms() / 1000, q->zone.fudge_s);
	if (q->tsig.error != 0 && (v == TSIG_GOOD || v == TSIG_BAD_TIME))
		v = TSIG_PEER_ERROR;
	if (v != TSIG_GOOD)
		return refuse(p, q, &answer, v);
	if (q->wide)
		return wide_conclude(p, q, TSIG_GOOD);
	return conclude(p, q, &answer, TSIG_GOOD);
}

static enum err
take_hmac(struct probe *p, const struct frame *f)
{
	struct handoff_hmac_reply r;
	struct ask_state *q;

	if (handoff_hmac_reply_decode(f->payload, f->len, &r) != OK)
		return ERR_MALFORMED;
	q = &p->asks[r.id % PROBE_ASKS_MAX];
	if ((q->phase != SIGNING && q->phase != VERIFYING) ||
	    q->hmac_id != r.id)
		return OK;		/* its question is over */
	if (r.mac_len != tsig_alg_size(q->zone.alg))
		return ask_end(p, q, HANDOFF_INTERNAL, NULL, TSIG_BAD_KEY);
	if (q->phase == SIGNING)
		return signed_request(p, q, r.mac, r.mac_len);
	return verified_answer(p, q, r.mac, r.mac_len);
}

/* ---- Sockets ----------------------------------------------------------- */

static struct addr *
find_addr(struct probe *p, uint32_t id)
{
	struct addr *a = p->addrs;

	while (a != NULL && a->conf.addr_id != id)
		a = a->next;
	return a;
}

static void
addr_free(struct probe *p, struct addr *a)
{
	struct addr **at = &p->addrs;

	while (a->asks != NULL)
		ask_free(p, a->asks);
	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	p->n_addrs--;
	if (a->fd >= 0)
		close(a->fd);
	free(a->in);
	free(a->out);
	free(a);
}

static enum err
take_addr(struct probe *p, struct frame *f)
{
	struct handoff_probe_addr conf;
	struct addr *a;

	if (f->fd < 0 || handoff_probe_addr_decode(f->payload, f->len,
	    &conf) != OK || find_addr(p, conf.addr_id) != NULL ||
	    p->n_addrs >= PROBE_ADDRS_MAX)
		return ERR_MALFORMED;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return ERR_NO_MEMORY;
	a->conf = conf;
	a->connected = !conf.connecting;
	a->tail = &a->asks;
	if (conf.transport == HANDOFF_TCP) {
		a->out_max = PROBE_FLIGHT_MAX * 2 * ASK_MAX;
		a->in = malloc(STREAM_MAX);
		a->out = malloc(a->out_max);
		if (a->in == NULL || a->out == NULL) {
			free(a->in);
			free(a->out);
			free(a);
			return ERR_NO_MEMORY;
		}
	}
	a->fd = f->fd;
	f->fd = -1;
	a->next = p->addrs;
	p->addrs = a;
	p->n_addrs++;
	return OK;
}

static enum err
addr_failed(struct probe *p, struct addr *a, enum handoff_reason reason);

/* A question has come for the socket, which may have failed before. */
static enum err
begin_waiting(struct probe *p, struct addr *a)
{
	a->asked = true;
	return a->failed == HANDOFF_OK ? ask_waiting(p, a) :
	    addr_failed(p, a, a->failed);
}

static enum err
take_zone(struct probe *p, const struct frame *f)
{
	struct handoff_probe_zone z;
	struct handoff_probe_result r = { .reason = HANDOFF_INTERNAL };
	struct ask_state *q;
	struct addr *a;

	if (handoff_probe_zone_decode(f->payload, f->len, &z) != OK)
		return ERR_MALFORMED;
	a = find_addr(p, z.addr_id);
	q = a == NULL ? NULL : ask_new(p, a, &z);
	if (q == NULL) {
		/* No such socket (it failed before), or too many questions. */
		r.cookie = z.cookie;
		r.addr_id = z.addr_id;
		return send_result(p, &r);
	}
	/* The connection is part of the wait. */
	q->due_ms = now_mono_ms() + a->conf.timeout_ms;
	return begin_waiting(p, a);
}

static enum err
take_question(struct probe *p, const struct frame *f)
{
	struct handoff_question question;
	struct handoff_probe_zone z = { .apex_len = 0 };
	struct addr *a;
	struct ask_state *q;

	if (handoff_question_decode(f->payload, f->len, &question) != OK)
		return ERR_MALFORMED;
	z.cookie = question.cookie;
	z.addr_id = question.addr_id;
	z.apex_len = question.name_len;
	memcpy(z.apex, question.name, question.name_len);
	z.edns = question.edns;
	z.key_id = question.key_id;
	z.alg = question.alg;
	z.key_name_len = question.key_name_len;
	memcpy(z.key_name, question.key_name, question.key_name_len);
	z.fudge_s = question.fudge_s;
	z.mac_min = question.mac_min;
	a = find_addr(p, z.addr_id);
	q = a == NULL ? NULL : ask_new(p, a, &z);
	if (q == NULL) {
		struct handoff_answer none = { .cookie = z.cookie,
			.addr_id = z.addr_id, .reason = HANDOFF_INTERNAL };
		uint8_t payload[HANDOFF_SMALL_MAX];
		size_t len;
		enum err e = handoff_answer_encode(&none, payload,
		    sizeof(payload), &len);

		return e != OK ? e : send_keep(p, HANDOFF_ANSWER, payload,
		    len);
	}
	q->wide = true;
	q->question = question;
	q->due_ms = now_mono_ms() + a->conf.timeout_ms;
	return begin_waiting(p, a);
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

/* The socket is of no more use: all its questions end so. */
static enum err
addr_failed(struct probe *p, struct addr *a, enum handoff_reason reason)
{
	enum err e = OK;

	/* The question is on its way here: it is to hear why. */
	if (a->conf.transport == HANDOFF_TCP && !a->asked) {
		a->failed = reason;
		close(a->fd);
		a->fd = -1;
		return OK;
	}
	while (a->asks != NULL && e == OK)
		e = ask_end(p, a->asks, reason, NULL, TSIG_UNSIGNED);
	if (a->conf.transport == HANDOFF_TCP)
		addr_free(p, a);
	return e;
}

static enum handoff_reason
reason_of(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return HANDOFF_CONNECT_REFUSED;
	case ETIMEDOUT:
		return HANDOFF_CONNECT_TIMEOUT;
	case ECONNRESET:
	case EPIPE:
		return HANDOFF_CLOSED_EARLY;
	default:
		return HANDOFF_CONNECT_FAILED;
	}
}

static enum err
read_datagrams(struct probe *p, struct addr *a)
{
	uint8_t msg[MESSAGE_MAX];
	enum err e = OK;

	/* A batch at most, so that one peer does not hold up the others. */
	for (int i = 0; i < PROBE_FLIGHT_MAX && e == OK; i++) {
		ssize_t n = recv(a->fd, msg, sizeof(msg), MSG_DONTWAIT);

		if (n < 0 && is_transient(errno))
			break;
		if (n < 0)
			return addr_failed(p, a, reason_of(errno));
		e = take_answer(p, a, msg, (size_t)n);
	}
	return e == OK ? ask_waiting(p, a) : e;
}

static enum err
read_stream(struct probe *p, struct addr *a)
{
	ssize_t n = recv(a->fd, a->in + a->in_len, STREAM_MAX - a->in_len,
	    MSG_DONTWAIT);
	enum err e = OK;

	if (n < 0 && is_transient(errno))
		return OK;
	if (n <= 0)
		return addr_failed(p, a, n == 0 ? HANDOFF_CLOSED_EARLY :
		    reason_of(errno));
	a->in_len += (size_t)n;
	while (e == OK && a->in_len >= 2) {
		size_t len = (size_t)a->in[0] << 8 | a->in[1];

		if (a->in_len - 2 < len)
			break;
		e = take_answer(p, a, a->in + 2, len);
		a->in_len -= 2 + len;
		memmove(a->in, a->in + 2 + len, a->in_len);
	}
	return e == OK ? ask_waiting(p, a) : e;
}

static enum err
write_stream(struct probe *p, struct addr *a)
{
	ssize_t n = send(a->fd, a->out, a->out_len,
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && is_transient(errno))
		return OK;
	if (n < 0)
		return addr_failed(p, a, reason_of(errno));
	a->out_len -= (size_t)n;
	memmove(a->out, a->out + n, a->out_len);
	return OK;
}

static enum err
finish_connect(struct probe *p, struct addr *a)
{
	socklen_t len = sizeof(int);
	int error = 0;

	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error != 0)
		return addr_failed(p, a, reason_of(error));
	a->connected = true;
	return ask_waiting(p, a);
}

static short
addr_events(const struct addr *a)
{
	if (!a->connected)
		return POLLOUT;
	return (short)(POLLIN | (a->out_len > 0 ? POLLOUT : 0));
}

static enum err
addr_ready(struct probe *p, struct addr *a, short revents)
{
	uint32_t id = a->conf.addr_id;
	enum err e = OK;

	if (!a->connected)
		return finish_connect(p, a);
	if ((revents & POLLOUT) != 0 && a->out_len > 0)
		e = write_stream(p, a);
	if (e != OK || find_addr(p, id) != a)
		return e;
	if ((revents & (POLLIN | POLLERR | POLLHUP)) == 0)
		return OK;
	return a->conf.transport == HANDOFF_UDP ? read_datagrams(p, a) :
	    read_stream(p, a);
}

/* ---- Time -------------------------------------------------------------- */

static enum err
ask_expired(struct probe *p, struct ask_state *q)
{
	switch (q->phase) {
	case FLYING:
		if (q->tries < q->addr->conf.tries)
			return ask_send(p, q);
		return ask_end(p, q, HANDOFF_TIMEOUT_FIRST, NULL,
		    TSIG_UNSIGNED);
	case WAITING:
		if (!q->addr->connected)
			return ask_end(p, q, HANDOFF_CONNECT_TIMEOUT, NULL,
			    TSIG_UNSIGNED);
		return OK;		/* the flight before it has deadlines */
	case SIGNING:
	case VERIFYING:
		return ask_end(p, q, HANDOFF_INTERNAL, NULL, TSIG_UNSIGNED);
	case FREE:
		break;
	}
	return OK;
}

static enum err
tick(struct probe *p)
{
	int64_t now = now_mono_ms();
	enum err e = OK;

	if (now < p->tick_ms)
		return OK;
	p->tick_ms = now + TICK_MS;
	for (struct addr *a = p->addrs; a != NULL && e == OK; a = a->next) {
		struct ask_state *q, *next;

		for (q = a->asks; q != NULL && e == OK; q = next) {
			next = q->next;
			if (q->phase != FREE && now >= q->due_ms)
				e = ask_expired(p, q);
		}
		if (e == OK)
			e = ask_waiting(p, a);
	}
	return e;
}

/* ---- The loop ---------------------------------------------------------- */

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
		fds[n++] = (struct pollfd){ .fd = a->fd,
		    .events = addr_events(a) };
	}
	ready = poll(fds, n, p->n_asks > 0 ? TICK_MS : -1);
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
		e = send_keep(p, HANDOFF_READY, payload, len);
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
	p.asks = calloc(PROBE_ASKS_MAX, sizeof(*p.asks));
	p.input = malloc(INPUT_MAX);
	p.said = malloc(sizeof(*p.said));
	if (fds == NULL || who == NULL || p.asks == NULL || p.input == NULL ||
	    p.said == NULL)
		goto out;
	for (unsigned i = PROBE_ASKS_MAX; i-- > 0; p.free = &p.asks[i])
		p.asks[i].next = p.free;
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
	free(p.input);
	free(p.said);
	free(p.asks);
	free(who);
	free(fds);
	return e == ERR_CLOSED ? 0 : 1;
}
