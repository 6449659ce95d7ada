/*
 * The prober: the role with a scripted keep and a scripted primary over
 * loopback.
 */
#include "tests/lib/test.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/frame.h"
#include "common/base/now.h"
#include "common/base/wr.h"
#include "tests/lib/xfrmsg.h"
#include "xferd/probe.h"

struct world {
	int keep, child, primary, client, listener;
	enum handoff_role role;
	pthread_t thread;
	struct frame_in in;
	struct frame_out out;
	struct tsig_key key;
	struct handoff_probe_result r;
	uint8_t result[HANDOFF_SMALL_MAX];
	uint8_t request[2048];
	size_t request_len;
	struct sockaddr_in from;
};

static struct world *w;
static struct xfrmsg m;

static void *
run(void *arg)
{
	probe_run(((struct world *)arg)->child,
	    ((struct world *)arg)->role);
	close(((struct world *)arg)->child);
	return NULL;
}

static int
bound(int type, struct sockaddr_in *at)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, type, 0);

	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    getsockname(fd, (struct sockaddr *)at, &len) != 0 ||
	    (type == SOCK_STREAM && listen(fd, 4) != 0))
		return -1;
	return fd;
}

static void
put(enum handoff_kind kind, const uint8_t *payload, size_t len, int fd)
{
	assert_int_equal(frame_put(&w->out, (uint16_t)kind, payload, len, fd),
	    OK);
	assert_int_equal(frame_drain(&w->out, w->keep, 5000), OK);
}

static void
give(uint32_t addr_id, int type, uint32_t timeout_ms, uint8_t tries)
{
	struct handoff_probe_addr a = { .addr_id = addr_id,
	    .transport = type == SOCK_STREAM ? HANDOFF_TCP : HANDOFF_UDP,
	    .timeout_ms = timeout_ms, .tries = tries };
	struct sockaddr_in at;
	uint8_t payload[64];
	size_t len;
	int fd;

	w->primary = bound(type, &at);
	fd = socket(AF_INET, type, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	if (type == SOCK_STREAM) {
		w->listener = w->primary;
		w->primary = accept(w->listener, NULL, NULL);
	}
	assert_int_equal(handoff_probe_addr_encode(&a, payload,
	    sizeof(payload), &len), OK);
	put(HANDOFF_PROBE_ADDR, payload, len, fd);
}

static void
ask(struct handoff_probe_zone z)
{
	uint8_t payload[HANDOFF_SMALL_MAX];
	size_t len;

	z.apex_len = 9;
	memcpy(z.apex, "\7example", 9);
	assert_int_equal(handoff_probe_zone_encode(&z, payload,
	    sizeof(payload), &len), OK);
	put(HANDOFF_PROBE_ZONE, payload, len, -1);
}

static int
begin(enum handoff_role role)
{
	int pair[2];

	w = calloc(1, sizeof(*w));
	if (w == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 1;
	w->role = role;
	w->keep = pair[0];
	w->child = pair[1];
	w->primary = w->listener = -1;
	frame_in_init(&w->in, HANDOFF_FRAME_MAX);
	frame_out_init(&w->out, 1 << 20);
	return pthread_create(&w->thread, NULL, run, w);
}

static int
setup(void **state)
{
	(void)state;
	return begin(HANDOFF_ROLE_PROBE);
}

static int
setup_check(void **state)
{
	(void)state;
	return begin(HANDOFF_ROLE_CHECK);
}

static int
teardown(void **state)
{
	(void)state;
	close(w->keep);
	if (w->primary >= 0)
		close(w->primary);
	if (w->listener >= 0)
		close(w->listener);
	pthread_join(w->thread, NULL);
	frame_in_fini(&w->in);
	frame_out_fini(&w->out);
	free(w);
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, teardown)

static uint16_t
read_request(void)
{
	socklen_t len = sizeof(w->from);
	ssize_t n = recvfrom(w->primary, w->request, sizeof(w->request), 0,
	    (struct sockaddr *)&w->from, &len);

	assert_true(n >= 12);
	w->request_len = (size_t)n;
	return (uint16_t)(w->request[0] << 8 | w->request[1]);
}

static void
reply(void)
{
	assert_int_equal(sendto(w->primary, m.bytes, m.len, 0,
	    (struct sockaddr *)&w->from, sizeof(w->from)), m.len);
}

static struct frame
frame_of(enum handoff_kind kind)
{
	struct frame f;

	do
		assert_int_equal(frame_wait(&w->in, w->keep, 10000, &f), OK);
	while (f.type == HANDOFF_READY);
	assert_int_equal(f.type, kind);
	return f;
}

#define RESULT(why) do {						\
	struct frame f_ = frame_of(HANDOFF_PROBE_RESULT);		\
	memcpy(w->result, f_.payload, f_.len);				\
	assert_int_equal(handoff_probe_result_decode(w->result, f_.len,	\
	    &w->r), OK);						\
	assert_string_equal(handoff_reason_text(w->r.reason),		\
	    handoff_reason_text(why));					\
} while (0)

CASE(a_question_and_its_answer)
{
	uint16_t id;

	give(1, SOCK_DGRAM, 5000, 3);
	ask((struct handoff_probe_zone){ .cookie = 5, .addr_id = 1,
	    .edns = true });
	id = read_request();
	assert_int_equal(w->request[11], 1);	/* OPT */
	/* a wrong ID, a wrong question and a question are passed over */
	xfrmsg_begin(&m, (uint16_t)(id + 1), 6);
	xfrmsg_soa(&m, 1);
	reply();
	xfrmsg_begin(&m, id, 1);
	xfrmsg_soa(&m, 2);
	reply();
	xfrmsg_begin(&m, id, 6);
	xfrmsg_put(&m, 2, 0);
	reply();
	xfrmsg_begin(&m, id, 6);
	xfrmsg_soa(&m, 9);
	reply();
	RESULT(HANDOFF_OK);
	assert_int_equal(w->r.cookie, 5);
	assert_int_equal(w->r.serial, 9);
	assert_int_equal(w->r.tries, 1);
	assert_false(w->r.no_edns);
}

CASE(many_questions_at_once)
{
	enum { N = 500 };
	bool seen[N] = { false };

	give(1, SOCK_DGRAM, 5000, 3);
	for (uint64_t i = 0; i < N; i++)
		ask((struct handoff_probe_zone){ .cookie = i, .addr_id = 1 });
	for (uint32_t i = 0; i < N; i++) {
		xfrmsg_begin(&m, read_request(), 6);
		xfrmsg_soa(&m, i);
		reply();
	}
	for (int i = 0; i < N; i++) {
		RESULT(HANDOFF_OK);
		assert_true(w->r.cookie < N);
		assert_false(seen[w->r.cookie]);
		seen[w->r.cookie] = true;
	}
}

CASE(a_lost_question_is_asked_again_and_then_given_up)
{
	uint16_t id;

	give(1, SOCK_DGRAM, 60, 2);
	ask((struct handoff_probe_zone){ .cookie = 5, .addr_id = 1 });
	id = read_request();
	assert_int_equal(read_request(), id);
	RESULT(HANDOFF_TIMEOUT_FIRST);
	assert_int_equal(w->r.tries, 2);
}

CASE(without_opt_for_those_who_dislike_it_T017)
{
	give(1, SOCK_DGRAM, 5000, 3);
	ask((struct handoff_probe_zone){ .cookie = 5, .addr_id = 1,
	    .edns = true });
	xfrmsg_begin(&m, read_request(), 6);
	xfrmsg_put(&m, 2, 0x8001);
	reply();
	xfrmsg_begin(&m, read_request(), 6);
	assert_int_equal(w->request[11], 0);
	xfrmsg_soa(&m, 9);
	reply();
	RESULT(HANDOFF_OK);
	assert_true(w->r.no_edns);
}

CASE(tc_asks_for_tcp_and_tcp_works)
{
	uint8_t framed[512];
	uint16_t id;

	give(1, SOCK_DGRAM, 5000, 3);
	ask((struct handoff_probe_zone){ .cookie = 5, .addr_id = 1 });
	xfrmsg_begin(&m, read_request(), 6);
	xfrmsg_put(&m, 2, 0x8600);
	reply();
	RESULT(HANDOFF_TRUNCATED);
	close(w->primary);
	give(2, SOCK_STREAM, 5000, 1);
	ask((struct handoff_probe_zone){ .cookie = 6, .addr_id = 2 });
	assert_int_equal(recv(w->primary, framed, 27, MSG_WAITALL), 27);
	id = (uint16_t)(framed[2] << 8 | framed[3]);
	xfrmsg_begin(&m, id, 6);
	xfrmsg_soa(&m, 9);
	wr_put_u16(framed, (uint16_t)m.len);
	memcpy(framed + 2, m.bytes, m.len);
	assert_int_equal(send(w->primary, framed, m.len + 2, 0), m.len + 2);
	RESULT(HANDOFF_OK);
	assert_int_equal(w->r.cookie, 6);
	/* the primary closes: the next question there ends */
	ask((struct handoff_probe_zone){ .cookie = 7, .addr_id = 2 });
	assert_int_equal(recv(w->primary, framed, 27, MSG_WAITALL), 27);
	shutdown(w->primary, SHUT_RDWR);
	close(w->primary);
	w->primary = -1;
	RESULT(HANDOFF_CLOSED_EARLY);
	ask((struct handoff_probe_zone){ .cookie = 8, .addr_id = 2 });
	RESULT(HANDOFF_INTERNAL);		/* no such socket any more */
}

CASE(nobody_there_is_told_at_once)
{
	give(1, SOCK_DGRAM, 5000, 3);
	close(w->primary);
	w->primary = -1;
	ask((struct handoff_probe_zone){ .cookie = 5, .addr_id = 1 });
	RESULT(HANDOFF_CONNECT_REFUSED);
}

static void
play_oracle(void)
{
	struct frame f = frame_of(HANDOFF_HMAC);
	struct handoff_hmac h;
	struct handoff_hmac_reply r;
	uint8_t payload[128], mac[TSIG_MAC_MAX];
	size_t len;

	assert_int_equal(handoff_hmac_decode(f.payload, f.len, &h), OK);
	assert_int_equal(h.key_id, 3);
	assert_int_equal(tsig_mac(&w->key, h.bytes, h.len, mac), OK);
	r = (struct handoff_hmac_reply){ h.id, 32, mac };
	assert_int_equal(handoff_hmac_reply_encode(&r, payload,
	    sizeof(payload), &len), OK);
	put(HANDOFF_HMAC_REPLY, payload, len, -1);
}

/* Sign the answer as a primary would. */
static void
sign_answer(const struct tsig_key *key, int64_t skew_s)
{
	struct tsig_prior prior = { .mac_len = 0 };
	struct tsig_rr tr;
	uint8_t input[2048], mac[TSIG_MAC_MAX];
	size_t n;

	assert_int_equal(tsig_find(w->request, w->request_len, &tr), OK);
	/* The request is signed right, too. */
	assert_int_equal(tsig_input(NULL, w->request, tr.off, true, &tr,
	    false, input, sizeof(input), &n), OK);
	assert_int_equal(tsig_mac(&w->key, input, n, mac), OK);
	assert_int_equal(tsig_judge(&tr, mac, 32, 0,
	    (uint64_t)now_wall_ms() / 1000, 300), TSIG_GOOD);
	memcpy(prior.mac, tr.mac, tr.mac_len);
	prior.mac_len = tr.mac_len;
	tr.time_s = (uint64_t)(now_wall_ms() / 1000 + skew_s);
	assert_int_equal(tsig_input(&prior, m.bytes, m.len, false, &tr,
	    false, input, sizeof(input), &n), OK);
	assert_int_equal(tsig_mac(key, input, n, mac), OK);
	tr.mac = mac;
	tr.mac_len = 32;
	assert_int_equal(tsig_append(m.bytes, &m.len, sizeof(m.bytes), &tr),
	    OK);
}

static void
signed_exchange(const struct tsig_key *key, int64_t skew_s, bool sign)
{
	assert_int_equal(tsig_key_init(&w->key, (const uint8_t *)"\3key", 5,
	    TSIG_HMAC_SHA256, (const uint8_t *)"secret", 6), OK);
	give(1, SOCK_DGRAM, 5000, 3);
	ask((struct handoff_probe_zone){ .cookie = 5, .addr_id = 1,
	    .key_id = 3, .alg = TSIG_HMAC_SHA256, .key_name = "\3key",
	    .key_name_len = 5, .fudge_s = 300 });
	play_oracle();
	xfrmsg_begin(&m, read_request(), 6);
	xfrmsg_soa(&m, 9);
	if (sign) {
		sign_answer(key == NULL ? &w->key : key, skew_s);
		reply();
		play_oracle();
	} else {
		reply();
	}
}

CASE(a_signed_question_and_answer)
{
	signed_exchange(NULL, 20, true);
	RESULT(HANDOFF_OK);
	assert_int_equal(w->r.facts.tsig, TSIG_GOOD);
	assert_true(w->r.facts.has_skew);
	assert_in_range(w->r.facts.skew_s, 18, 21);
}

CASE(an_answer_signed_with_another_secret)
{
	struct tsig_key other;

	assert_int_equal(tsig_key_init(&other, (const uint8_t *)"\3key", 5,
	    TSIG_HMAC_SHA256, (const uint8_t *)"other", 5), OK);
	signed_exchange(&other, 0, true);
	RESULT(HANDOFF_TSIG_BADSIG);
}

CASE(an_answer_signed_an_hour_ago)
{
	signed_exchange(NULL, -3600, true);
	RESULT(HANDOFF_TSIG_BADTIME);
	assert_true(w->r.facts.skew_s < -3500);
}

CASE(an_unsigned_answer_to_a_signed_question_T136)
{
	signed_exchange(NULL, 0, false);
	RESULT(HANDOFF_TSIG_MISSING);
}

/* ---- The check role ---------------------------------------------------- */

#define CHECK_CASE(name)	TEST_WITH(name, setup_check, teardown)

static void
question(struct handoff_question q)
{
	uint8_t payload[HANDOFF_SMALL_MAX];
	size_t len;

	q.cookie = 5;
	q.addr_id = 1;
	q.name_len = 9;
	memcpy(q.name, "\7example", 9);
	assert_int_equal(handoff_question_encode(&q, payload,
	    sizeof(payload), &len), OK);
	put(HANDOFF_QUESTION, payload, len, -1);
}

static struct handoff_answer
answer_is(enum handoff_reason why)
{
	struct frame f = frame_of(HANDOFF_ANSWER);
	struct handoff_answer a;

	memcpy(w->result, f.payload, MIN(f.len, sizeof(w->result)));
	assert_int_equal(handoff_answer_decode(w->result, f.len, &a), OK);
	assert_string_equal(handoff_reason_text(a.reason),
	    handoff_reason_text(why));
	assert_int_equal(a.cookie, 5);
	return a;
}

CHECK_CASE(records_of_any_type_come_through)
{
	struct handoff_said said[HANDOFF_ANSWER_RECORDS_MAX];
	struct handoff_answer a;
	uint16_t id;

	give(1, SOCK_DGRAM, 5000, 3);
	question((struct handoff_question){ .type = 16, .edns = true,
	    .mixed = true });
	id = read_request();
	/* Another ID, and another name under the right one. */
	xfrmsg_begin(&m, (uint16_t)(id + 1), 16);
	reply();
	xfrmsg_begin(&m, id, 16);
	m.bytes[14] ^= 1;
	reply();
	xfrmsg_begin(&m, id, 16);
	memcpy(m.bytes + 12, w->request + 12, 9);	/* in its letters */
	xfrmsg_rr(&m, "\300\14", 2, 16, 1, 60, "\2hi", 3);
	reply();
	a = answer_is(HANDOFF_OK);
	assert_true(a.aa);
	assert_int_equal(a.n_records, 1);
	assert_int_equal(handoff_said_all(&a, said), OK);
	assert_memory_equal(said[0].rdata, "\2hi", 3);
	assert_memory_equal(said[0].owner, "\7example", 9);
}

CHECK_CASE(letters_in_another_case_are_asked_again_by_tcp)
{
	give(1, SOCK_DGRAM, 5000, 3);
	question((struct handoff_question){ .type = 2, .mixed = true });
	xfrmsg_begin(&m, read_request(), 2);
	memcpy(m.bytes + 12, w->request + 12, 9);
	m.bytes[13] ^= 0x20;
	reply();
	answer_is(HANDOFF_TRUNCATED);
}

CHECK_CASE(rcodes_are_answers_and_silence_is_not)
{
	struct handoff_answer a;

	give(1, SOCK_DGRAM, 60, 2);
	question((struct handoff_question){ .type = 2 });
	xfrmsg_begin(&m, read_request(), 2);
	xfrmsg_put(&m, 2, 0x8005);
	reply();
	a = answer_is(HANDOFF_OK);
	assert_int_equal(a.facts.rcode, 5);
	question((struct handoff_question){ .type = 2 });
	read_request();
	read_request();
	a = answer_is(HANDOFF_TIMEOUT_FIRST);
	assert_int_equal(a.tries, 2);
}

CHECK_CASE(check_asks_no_prober_questions)
{
	give(1, SOCK_DGRAM, 5000, 3);
	ask((struct handoff_probe_zone){ .cookie = 5, .addr_id = 1 });
	/* It is not what keep may say: the process ends. */
	for (;;) {
		struct frame f;

		if (frame_wait(&w->in, w->keep, 10000, &f) != OK)
			break;
		assert_int_equal(f.type, HANDOFF_READY);
	}
}
