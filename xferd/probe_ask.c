/*
 * probe_ask.c - see probe_ask.h.
 */
#include "xferd/probe_ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/check.h"
#include "common/base/now.h"
#include "common/base/rd.h"
#include "common/dns/dnsmsg.h"
#include "common/dns/rrtype.h"
#include "common/dns/tsig.h"
#include "xferd/ask.h"
#include "xferd/probe_answer.h"

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

struct probe_ask {
	enum ask_phase phase;
	struct probe_ask *next;		/* in the list of its socket */
	struct handoff_probe_zone zone;
	bool wide;			/* of HANDOFF_QUESTION: the next two */
	struct handoff_question question;
	uint8_t sent_name[HANDOFF_NAME_MAX];	/* in the case last sent */
	struct probe_line *line;
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

static enum err
send_keep(struct probe_asks *t, enum handoff_kind kind, const uint8_t *payload,
    size_t len)
{
	return frame_put(t->out, (uint16_t)kind, payload, len, -1);
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

static struct probe_ask *
ask_new(struct probe_asks *t, struct probe_line *l,
    const struct handoff_probe_zone *z)
{
	struct probe_ask *q = t->free;

	if (q == NULL)
		return NULL;
	t->free = q->next;
	memset(q, 0, sizeof(*q));
	q->phase = WAITING;
	q->zone = *z;
	q->line = l;
	q->edns = z->edns;
	*l->tail = q;
	l->tail = &q->next;
	t->n++;
	return q;
}

static void
ask_free(struct probe_asks *t, struct probe_ask *q)
{
	struct probe_line *l = q->line;
	struct probe_ask **at = &l->asks;

	if (q->phase != WAITING)
		l->n_flying--;
	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	if (l->tail == &q->next)
		l->tail = at;
	free(q->msg);
	memset(q, 0, sizeof(*q));
	q->next = t->free;
	t->free = q;
	t->n--;
}

static enum err
send_result(struct probe_asks *t, const struct handoff_probe_result *r)
{
	uint8_t payload[HANDOFF_SMALL_MAX];
	size_t len;
	enum err e;

	e = handoff_probe_result_encode(r, payload, sizeof(payload), &len);
	if (e != OK)
		return e;
	return send_keep(t, HANDOFF_PROBE_RESULT, payload, len);
}

/* What the TSIG record of the answer adds to the facts. */
static void
tsig_facts(const struct probe_ask *q, bool answered, enum tsig_verdict verdict,
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
wide_end(struct probe_asks *t, struct probe_ask *q, enum handoff_reason reason,
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
		e = send_keep(t, HANDOFF_ANSWER, payload, len);
	ask_free(t, q);
	return e;
}

/* The question's end. @answer is NULL when there was none. */
static enum err
ask_end(struct probe_asks *t, struct probe_ask *q, enum handoff_reason reason,
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
		return wide_end(t, q, reason, NULL, verdict);
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
	e = send_result(t, &r);
	ask_free(t, q);
	return e;
}

/* ---- Sending ----------------------------------------------------------- */

static bool
id_is_taken(const struct probe_ask *mine, uint16_t id)
{
	const struct probe_ask *q;

	for (q = mine->line->asks; q != NULL; q = q->next)
		if (q != mine && q->phase != WAITING && q->id == id)
			return true;
	return false;
}

/* A fresh one; at most PROBE_FLIGHT_MAX of 65536 are taken. */
static uint16_t
choose_id(const struct probe_ask *q)
{
	uint16_t id = random_id();

	while (id_is_taken(q, id))
		id++;
	return id;
}

/* Send the finished request. A failure that passes counts as a lost one. */
static enum err
fly(struct probe_asks *t, struct probe_ask *q, const uint8_t *msg, size_t len)
{
	q->phase = FLYING;
	q->tries++;
	q->sent_ms = now_mono_ms();
	q->due_ms = q->sent_ms + q->wait_ms;
	if (probe_line_send(q->line, msg, len))
		return OK;
	return ask_end(t, q, errno == ECONNREFUSED ? HANDOFF_CONNECT_REFUSED :
	    HANDOFF_CONNECT_FAILED, NULL, TSIG_UNSIGNED);
}

static enum err
ask_keep(struct probe_asks *t, struct probe_ask *q, const uint8_t *input,
    size_t len)
{
	uint8_t payload[HANDOFF_LARGE_MAX];
	/* The slot is in the low bits: the reply finds it at once. */
	struct handoff_hmac h = {
		.id = ++t->n_hmac * PROBE_ASKS_MAX + (uint64_t)(q - t->asks),
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
	return send_keep(t, HANDOFF_HMAC, payload, n);
}

static enum err
keep_message(struct probe_ask *q, const uint8_t *msg, size_t len)
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
sign(struct probe_asks *t, struct probe_ask *q, const uint8_t *msg, size_t len)
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
	return ask_keep(t, q, input, n);
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
wide_ask(struct probe_ask *q, bool fresh, struct ask *ask)
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
ask_send(struct probe_asks *t, struct probe_ask *q)
{
	struct probe_line *l = q->line;
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
		l->n_flying++;
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
	q->wait_ms = q->wait_ms == 0 ? l->conf.timeout_ms :
	    MIN(q->wait_ms * 2, 60000u);
	e = ask_make(&ask, msg, sizeof(msg), &len);
	if (e != OK)
		return e;
	if (q->zone.key_id != 0)
		return sign(t, q, msg, len);
	return fly(t, q, msg, len);
}

enum err
probe_ask_go(struct probe_asks *t, struct probe_line *l)
{
	struct probe_ask *q, *next;
	enum err e = OK;

	if (!l->connected)
		return OK;
	for (q = l->asks; q != NULL && e == OK &&
	    l->n_flying < PROBE_FLIGHT_MAX; q = next) {
		next = q->next;
		if (q->phase == WAITING)
			e = ask_send(t, q);
	}
	return e;
}

/* ---- Answers ----------------------------------------------------------- */

static enum err
again_without_opt(struct probe_asks *t, struct probe_ask *q)
{
	q->edns = q->question.dnssec_ok = false;
	q->wait_ms = 0;
	return ask_send(t, q);
}

static enum err
conclude(struct probe_asks *t, struct probe_ask *q,
    const struct probe_answer *answer, enum tsig_verdict verdict)
{
	if (q->zone.edns && !q->edns && answer->reason != HANDOFF_RCODE)
		q->no_edns = true;
	return ask_end(t, q, answer->reason, answer, verdict);
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
refuse(struct probe_asks *t, struct probe_ask *q, struct probe_answer *answer,
    enum tsig_verdict verdict)
{
	enum handoff_reason reason = tsig_reason(verdict, q->tsig.error);

	if (q->wide)
		return wide_end(t, q, reason, t->said, verdict);
	answer->reason = reason;
	return ask_end(t, q, answer->reason, answer, verdict);
}

/* What the answer to a wide question says, into t->said. */
static void
wide_judge(struct probe_asks *t, const struct probe_ask *q, const uint8_t *msg,
    size_t len)
{
	check_answer_read(msg, len, q->sent_name, q->zone.apex_len,
	    q->question.type, q->question.mixed, q->edns, t->said);
	if (q->line->conf.transport == HANDOFF_UDP && t->said->tc &&
	    t->said->reason == HANDOFF_OK)
		t->said->reason = HANDOFF_TRUNCATED;	/* T-017 */
}

static enum err
wide_conclude(struct probe_asks *t, struct probe_ask *q,
    enum tsig_verdict verdict)
{
	if (q->question.edns && !q->edns && t->said->facts.rcode !=
	    DNSMSG_FORMERR && t->said->facts.rcode != DNSMSG_NOTIMP)
		q->no_edns = true;
	return wide_end(t, q, t->said->reason, t->said, verdict);
}

/* Ask keep for the MAC that the answer should have.  @answer is NULL for a
 * wide question. */
static enum err
verify(struct probe_asks *t, struct probe_ask *q, const uint8_t *msg,
    size_t len, struct probe_answer *answer)
{
	struct tsig_rr *tr = &q->tsig;
	size_t n;
	enum err e;

	e = tsig_find(msg, len, tr);
	if (e == ERR_NOT_FOUND)
		return refuse(t, q, answer, TSIG_MISSING);
	if (e != OK) {
		memset(tr, 0, sizeof(*tr));
		return refuse(t, q, answer, TSIG_BAD_FORM);
	}
	q->peer_time_s = peer_time(tr);
	if (tr->error != 0 && tr->mac_len == 0)
		return refuse(t, q, answer, TSIG_PEER_ERROR);
	if (tr->alg != q->zone.alg || tr->name_len != q->zone.key_name_len ||
	    memcmp(tr->name, q->zone.key_name, tr->name_len) != 0)
		return refuse(t, q, answer, TSIG_BAD_KEY);
	e = tsig_input(&q->request_mac, msg, tr->off, true, tr, false,
	    t->input, INPUT_MAX, &n);
	if (e != OK || keep_message(q, msg, len) != OK)
		return refuse(t, q, answer, TSIG_BAD_FORM);
	/* The record again, with pointers into the copy. */
	e = tsig_find(q->msg, q->msg_len, tr);
	CHECK(e == OK);
	q->phase = VERIFYING;
	return ask_keep(t, q, t->input, n);
}

static enum err
wide_answer(struct probe_asks *t, struct probe_ask *q, const uint8_t *msg,
    size_t len)
{
	struct check_answer *said = t->said;

	wide_judge(t, q, msg, len);
	if (q->line->conf.transport == HANDOFF_UDP &&
	    (said->reason == HANDOFF_WRONG_QUESTION || !said->is_answer))
		return OK;		/* T-016: somebody else's, or forged */
	if (said->no_opt_wanted)
		return again_without_opt(t, q);
	if (q->zone.key_id != 0 && said->reason != HANDOFF_TRUNCATED)
		return verify(t, q, msg, len, NULL);
	return wide_conclude(t, q, TSIG_UNSIGNED);
}

enum err
probe_ask_answer(struct probe_asks *t, struct probe_line *l,
    const uint8_t *msg, size_t len)
{
	struct probe_answer answer;
	struct dnsmsg_header h;
	struct probe_ask *q;

	if (dnsmsg_header_read(msg, len, &h) != OK)
		return OK;
	for (q = l->asks; q != NULL; q = q->next)
		if (q->phase == FLYING && q->id == h.id)
			break;
	if (q == NULL)			/* late, or not ours: passed over */
		return OK;
	if (q->wide)
		return wide_answer(t, q, msg, len);
	probe_answer_judge(msg, len, q->zone.apex, q->zone.apex_len, q->edns,
	    &answer);
	/* T-016: what does not answer the question is not the answer. */
	if (l->conf.transport == HANDOFF_UDP &&
	    (answer.reason == HANDOFF_WRONG_QUESTION ||
	    (answer.reason == HANDOFF_MALFORMED &&
	    (h.flags & DNSMSG_QR) == 0)))
		return OK;
	if (answer.no_opt_wanted)
		return again_without_opt(t, q);
	if (q->zone.key_id != 0 && answer.reason != HANDOFF_TRUNCATED)
		return verify(t, q, msg, len, &answer);
	return conclude(t, q, &answer, TSIG_UNSIGNED);
}

/* ---- MACs of keep ------------------------------------------------------ */

static enum err
signed_request(struct probe_asks *t, struct probe_ask *q, const uint8_t *mac,
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
	return fly(t, q, msg, len);
}

static enum err
verified_answer(struct probe_asks *t, struct probe_ask *q, const uint8_t *mac,
    uint8_t mac_len)
{
	struct probe_answer answer;
	enum tsig_verdict v;

	if (q->wide)
		wide_judge(t, q, q->msg, q->msg_len);
	else
		probe_answer_judge(q->msg, q->msg_len, q->zone.apex,
		    q->zone.apex_len, q->edns, &answer);
	v = tsig_judge(&q->tsig, mac, mac_len, q->zone.mac_min,
	    (uint64_t)now_wall_ms() / 1000, q->zone.fudge_s);
	if (q->tsig.error != 0 && (v == TSIG_GOOD || v == TSIG_BAD_TIME))
		v = TSIG_PEER_ERROR;
	if (v != TSIG_GOOD)
		return refuse(t, q, &answer, v);
	if (q->wide)
		return wide_conclude(t, q, TSIG_GOOD);
	return conclude(t, q, &answer, TSIG_GOOD);
}

enum err
probe_ask_mac(struct probe_asks *t, const struct handoff_hmac_reply *r)
{
	struct probe_ask *q;

	q = &t->asks[r->id % PROBE_ASKS_MAX];
	if ((q->phase != SIGNING && q->phase != VERIFYING) ||
	    q->hmac_id != r->id)
		return OK;		/* its question is over */
	if (r->mac_len != tsig_alg_size(q->zone.alg))
		return ask_end(t, q, HANDOFF_INTERNAL, NULL, TSIG_BAD_KEY);
	if (q->phase == SIGNING)
		return signed_request(t, q, r->mac, r->mac_len);
	return verified_answer(t, q, r->mac, r->mac_len);
}

/* ---- Time -------------------------------------------------------------- */

static enum err
ask_expired(struct probe_asks *t, struct probe_ask *q)
{
	switch (q->phase) {
	case FLYING:
		if (q->tries < q->line->conf.tries)
			return ask_send(t, q);
		return ask_end(t, q, HANDOFF_TIMEOUT_FIRST, NULL,
		    TSIG_UNSIGNED);
	case WAITING:
		if (!q->line->connected)
			return ask_end(t, q, HANDOFF_CONNECT_TIMEOUT, NULL,
			    TSIG_UNSIGNED);
		return OK;		/* the flight before it has deadlines */
	case SIGNING:
	case VERIFYING:
		return ask_end(t, q, HANDOFF_INTERNAL, NULL, TSIG_UNSIGNED);
	case FREE:
		break;
	}
	return OK;
}

enum err
probe_ask_tick(struct probe_asks *t, struct probe_line *l, int64_t now_ms)
{
	struct probe_ask *q, *next;
	enum err e = OK;

	for (q = l->asks; q != NULL && e == OK; q = next) {
		next = q->next;
		if (q->phase != FREE && now_ms >= q->due_ms)
			e = ask_expired(t, q);
	}
	return e == OK ? probe_ask_go(t, l) : e;
}

/* ---- From outside ------------------------------------------------------ */

enum err
probe_ask_zone(struct probe_asks *t, struct probe_line *l,
    const struct handoff_probe_zone *z, bool *out_waits)
{
	struct handoff_probe_result r = { .reason = HANDOFF_INTERNAL };
	struct probe_ask *q = l == NULL ? NULL : ask_new(t, l, z);

	*out_waits = q != NULL;
	if (q == NULL) {
		/* No such socket (it failed before), or too many questions. */
		r.cookie = z->cookie;
		r.addr_id = z->addr_id;
		return send_result(t, &r);
	}
	/* The connection is part of the wait. */
	q->due_ms = now_mono_ms() + l->conf.timeout_ms;
	return OK;
}

enum err
probe_ask_wide(struct probe_asks *t, struct probe_line *l,
    const struct handoff_question *question, bool *out_waits)
{
	struct handoff_probe_zone z = { .apex_len = 0 };
	struct probe_ask *q;

	z.cookie = question->cookie;
	z.addr_id = question->addr_id;
	z.apex_len = question->name_len;
	memcpy(z.apex, question->name, question->name_len);
	z.edns = question->edns;
	z.key_id = question->key_id;
	z.alg = question->alg;
	z.key_name_len = question->key_name_len;
	memcpy(z.key_name, question->key_name, question->key_name_len);
	z.fudge_s = question->fudge_s;
	z.mac_min = question->mac_min;
	q = l == NULL ? NULL : ask_new(t, l, &z);
	*out_waits = q != NULL;
	if (q == NULL) {
		struct handoff_answer none = { .cookie = z.cookie,
			.addr_id = z.addr_id, .reason = HANDOFF_INTERNAL };
		uint8_t payload[HANDOFF_SMALL_MAX];
		size_t len;
		enum err e = handoff_answer_encode(&none, payload,
		    sizeof(payload), &len);

		return e != OK ? e : send_keep(t, HANDOFF_ANSWER, payload,
		    len);
	}
	q->wide = true;
	q->question = *question;
	q->due_ms = now_mono_ms() + l->conf.timeout_ms;
	return OK;
}

enum err
probe_ask_fail(struct probe_asks *t, struct probe_line *l,
    enum handoff_reason reason)
{
	enum err e = OK;

	while (l->asks != NULL && e == OK)
		e = ask_end(t, l->asks, reason, NULL, TSIG_UNSIGNED);
	return e;
}

void
probe_ask_drop(struct probe_asks *t, struct probe_line *l)
{
	while (l->asks != NULL)
		ask_free(t, l->asks);
}

enum err
probe_ask_init(struct probe_asks *t, struct frame_out *out)
{
	*t = (struct probe_asks){ .out = out };
	t->asks = calloc(PROBE_ASKS_MAX, sizeof(*t->asks));
	t->input = malloc(INPUT_MAX);
	t->said = malloc(sizeof(*t->said));
	if (t->asks == NULL || t->input == NULL || t->said == NULL) {
		probe_ask_fini(t);
		return ERR_NO_MEMORY;
	}
	for (unsigned i = PROBE_ASKS_MAX; i-- > 0; t->free = &t->asks[i])
		t->asks[i].next = t->free;
	return OK;
}

void
probe_ask_fini(struct probe_asks *t)
{
	free(t->input);
	free(t->said);
	free(t->asks);
	*t = (struct probe_asks){ .out = NULL };
}
