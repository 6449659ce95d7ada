/*
 * NOTIFY: what is understood (pure), and the role with a scripted keep over
 * real loopback sockets on ports of the kernel's choice.
 */
#include "tests/lib/test.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/frame.h"
#include "common/base/now.h"
#include "common/base/sock.h"
#include "common/base/wr.h"
#include "tests/lib/xfrmsg.h"
#include "xferd/handoff.h"
#include "xferd/notify.h"
#include "xferd/notify_message.h"

/* ---- Pure -------------------------------------------------------------- */

static struct xfrmsg m;
static struct notify_message n;

static void
notify_msg(void)
{
	xfrmsg_begin(&m, 77, 6);
	xfrmsg_put(&m, 2, 0x2400);
}

static void
parse(void)
{
	uint8_t *p = malloc(m.len + (m.len == 0));

	memcpy(p, m.bytes, m.len);
	notify_message_parse(p, m.len, &n);
	free(p);
}

#define ERROR(rc) do {							\
	parse();							\
	assert_int_equal(n.verdict, NOTIFY_ERROR);			\
	assert_int_equal(n.rcode, rc);					\
} while (0)

TEST(a_notify_with_and_without_a_hint)
{
	notify_msg();
	parse();
	assert_int_equal(n.verdict, NOTIFY_GOOD);
	assert_false(n.has_serial);
	assert_false(n.signed_);
	xfrmsg_soa(&m, 4294967295u);
	parse();
	assert_int_equal(n.verdict, NOTIFY_GOOD);
	assert_true(n.has_serial);
	assert_true(n.serial == 4294967295u);
}

TEST(what_is_no_notify_is_dropped_or_refused_T032)
{
	notify_msg();
	xfrmsg_put(&m, 2, 0xa400);		/* an answer */
	parse();
	assert_int_equal(n.verdict, NOTIFY_DROP);
	notify_msg();
	m.len = 11;
	parse();
	assert_int_equal(n.verdict, NOTIFY_DROP);
	notify_msg();
	xfrmsg_put(&m, 2, 0x0000);		/* a query */
	ERROR(DNSMSG_REFUSED);
	notify_msg();
	xfrmsg_put(&m, 2, 0x2800);		/* an update */
	ERROR(DNSMSG_REFUSED);
	notify_msg();
	xfrmsg_put(&m, 21, 59);			/* CDS: RFC 9859 */
	ERROR(DNSMSG_NOTIMP);
	notify_msg();
	xfrmsg_put(&m, 23, 3);
	ERROR(DNSMSG_NOTIMP);
}

TEST(malformed_ones_are_formerr_T033)
{
	notify_msg();
	xfrmsg_put(&m, 4, 0);
	m.len = 12;
	ERROR(DNSMSG_FORMERR);
	notify_msg();
	xfrmsg_put(&m, 4, 2);
	ERROR(DNSMSG_FORMERR);
	notify_msg();
	xfrmsg_soa(&m, 1);
	xfrmsg_soa(&m, 1);
	ERROR(DNSMSG_FORMERR);
	notify_msg();				/* short SOA rdata: NSD 2026 */
	xfrmsg_rr(&m, "\300\14", 2, 6, 1, 300, "\0\0\0\0", 4);
	ERROR(DNSMSG_FORMERR);
	notify_msg();				/* of another zone */
	xfrmsg_rr(&m, "\5other", 7, 6, 1, 300,
	    "\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1", 22);
	ERROR(DNSMSG_FORMERR);
	notify_msg();
	xfrmsg_rr(&m, "\300\14", 2, 1, 1, 300, "\300\0\2\1", 4);
	ERROR(DNSMSG_FORMERR);
	notify_msg();
	m.bytes[m.len++] = 0;
	ERROR(DNSMSG_FORMERR);
	notify_msg();
	xfrmsg_soa(&m, 1);
	for (size_t whole = m.len; whole > 12; whole--) {
		m.len = whole - 1;
		ERROR(DNSMSG_FORMERR);
	}
}

TEST(the_reply_echoes_id_opcode_and_question_T030)
{
	uint8_t reply[512];
	size_t len;

	notify_msg();
	xfrmsg_soa(&m, 1);
	parse();
	assert_int_equal(notify_message_reply(&n, 0, reply, sizeof(reply), &len), OK);
	assert_int_equal(len, 25);
	assert_memory_equal(reply, "\0\x4d\xa4\0\0\1\0\0\0\0\0\0", 12);
	assert_memory_equal(reply + 12, m.bytes + 12, 13);
	assert_int_equal(notify_message_reply(&n, 0, reply, 24, &len), ERR_SPACE);
}

/* ---- The role ---------------------------------------------------------- */

struct world {
	int keep, child, client;
	pthread_t thread;
	struct frame_in in;
	struct frame_out out;
	struct sockaddr_in at;
	struct tsig_key key;
};

static struct world *w;

static void *
run(void *arg)
{
	notify_run(((struct world *)arg)->child);
	close(((struct world *)arg)->child);
	return NULL;
}

static void
put(enum handoff_kind kind, const uint8_t *payload, size_t len, int fd)
{
	assert_int_equal(frame_put(&w->out, (uint16_t)kind, payload, len, fd),
	    OK);
	assert_int_equal(frame_drain(&w->out, w->keep, 5000), OK);
}

static int
bound(int type)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(w->at);
	int fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);

	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&w->at, &len) != 0 ||
	    (type == SOCK_STREAM && listen(fd, 4) != 0))
		return -1;
	return fd;
}

static void
start(int type)
{
	struct handoff_listen l = { 7, type == SOCK_STREAM ? HANDOFF_TCP :
	    HANDOFF_UDP };
	uint8_t payload[64];
	size_t len;

	assert_int_equal(handoff_listen_encode(&l, payload, sizeof(payload),
	    &len), OK);
	put(HANDOFF_LISTEN, payload, len, bound(type));
	w->client = socket(AF_INET, type, 0);
	assert_int_equal(connect(w->client, (struct sockaddr *)&w->at,
	    sizeof(w->at)), 0);
}

static int
setup(void **state)
{
	int pair[2];

	(void)state;
	w = calloc(1, sizeof(*w));
	if (w == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return 1;
	w->keep = pair[0];
	w->child = pair[1];
	w->client = -1;
	frame_in_init(&w->in, HANDOFF_FRAME_MAX);
	frame_out_init(&w->out, 1 << 20);
	return pthread_create(&w->thread, NULL, run, w);
}

static int
teardown(void **state)
{
	(void)state;
	close(w->keep);
	if (w->client >= 0)
		close(w->client);
	pthread_join(w->thread, NULL);
	frame_in_fini(&w->in);
	frame_out_fini(&w->out);
	free(w);
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, teardown)

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

static void
say(struct handoff_notify_answer a)
{
	uint8_t payload[64];
	size_t len;

	assert_int_equal(handoff_notify_answer_encode(&a, payload,
	    sizeof(payload), &len), OK);
	put(HANDOFF_NOTIFY_ANSWER, payload, len, -1);
}

CASE(a_datagram_goes_to_keep_and_its_answer_back)
{
	struct handoff_notify h;
	struct frame f;
	uint8_t reply[512];

	start(SOCK_DGRAM);
	notify_msg();
	m.bytes[13] = 'E';			/* keep gets lower case */
	xfrmsg_soa(&m, 9);
	assert_int_equal(send(w->client, m.bytes, m.len, 0), m.len);
	f = frame_of(HANDOFF_NOTIFY);
	assert_int_equal(handoff_notify_decode(f.payload, f.len, &h), OK);
	assert_int_equal(h.listener, 7);
	assert_int_equal(h.relay, 0);
	assert_int_equal(h.apex_len, 9);
	assert_memory_equal(h.apex, "\7example", 9);
	assert_true(h.has_serial);
	assert_int_equal(h.serial, 9);
	assert_int_equal(h.signed_, HANDOFF_NOTIFY_UNSIGNED);
	assert_true(sock_addr_is_loopback(&h.source));
	say((struct handoff_notify_answer){ .number = h.number,
	    .rcode = DNSMSG_NOTAUTH });
	assert_int_equal(recv(w->client, reply, sizeof(reply), 0), 25);
	assert_int_equal(reply[3] & 15, DNSMSG_NOTAUTH);
	assert_int_equal(reply[13], 'E');	/* echoed as it was sent */
	/* the same number again finds nobody */
	say((struct handoff_notify_answer){ .number = h.number });
	notify_msg();
	xfrmsg_put(&m, 2, 0);			/* errors need no keep */
	assert_int_equal(send(w->client, m.bytes, m.len, 0), m.len);
	assert_int_equal(recv(w->client, reply, sizeof(reply), 0), 12);
	assert_int_equal(reply[3] & 15, DNSMSG_REFUSED);
}

static void
sign_request(uint64_t now_s)
{
	struct tsig_policy policy = { .fudge_s = 300 };
	struct tsig *t;

	assert_int_equal(tsig_key_init(&w->key, (const uint8_t *)"\3Key", 5,
	    TSIG_HMAC_SHA256, (const uint8_t *)"secret", 6), OK);
	assert_int_equal(tsig_new(&w->key, &policy, &t), OK);
	assert_int_equal(tsig_sign_request(t, m.bytes, &m.len,
	    sizeof(m.bytes), now_s), OK);
	tsig_free(t);
}

/* What keep does: verify by the fields of the frame alone. */
static enum tsig_verdict
judged(const struct handoff_notify *h)
{
	uint8_t mac[TSIG_MAC_MAX];

	assert_int_equal(h->signed_, HANDOFF_NOTIFY_SIGNED);
	assert_int_equal(tsig_mac(&w->key, h->input, h->input_len, mac), OK);
	return tsig_judge(&h->tsig, mac, 32, 0,
	    (uint64_t)now_wall_ms() / 1000, 300);
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

/* The reply's signature, from the asker's side. */
static enum tsig_verdict
reply_verdict(const uint8_t *reply, size_t len, struct tsig_rr *out_tr)
{
	struct tsig_prior prior = { .mac_len = 0 };
	struct tsig_rr request;
	uint8_t input[2048], mac[TSIG_MAC_MAX];
	size_t k;

	assert_int_equal(tsig_find(m.bytes, m.len, &request), OK);
	memcpy(prior.mac, request.mac, request.mac_len);
	prior.mac_len = request.mac_len;
	assert_int_equal(tsig_find(reply, len, out_tr), OK);
	if (out_tr->mac_len == 0)
		return TSIG_UNSIGNED;
	assert_int_equal(tsig_input(&prior, reply, out_tr->off, true, out_tr,
	    false, input, sizeof(input), &k), OK);
	assert_int_equal(tsig_mac(&w->key, input, k, mac), OK);
	return tsig_judge(out_tr, mac, 32, 0, out_tr->time_s, 300);
}

CASE(a_signed_notify_gets_a_signed_reply_T038)
{
	struct handoff_notify h;
	struct tsig_rr tr;
	struct frame f;
	uint8_t reply[512];
	ssize_t len;

	start(SOCK_DGRAM);
	notify_msg();
	sign_request((uint64_t)now_wall_ms() / 1000);
	assert_int_equal(send(w->client, m.bytes, m.len, 0), m.len);
	f = frame_of(HANDOFF_NOTIFY);
	assert_int_equal(handoff_notify_decode(f.payload, f.len, &h), OK);
	assert_int_equal(judged(&h), TSIG_GOOD);
	say((struct handoff_notify_answer){ .number = h.number, .key_id = 3,
	    .fudge_s = 300 });
	play_oracle();
	len = recv(w->client, reply, sizeof(reply), 0);
	assert_true(len > 0);
	assert_int_equal(reply_verdict(reply, (size_t)len, &tr), TSIG_GOOD);
	assert_int_equal(tr.error, 0);
}

CASE(badtime_is_signed_and_tells_our_clock)
{
	struct handoff_notify h;
	struct tsig_rr tr;
	struct frame f;
	uint8_t reply[512];
	ssize_t len;

	start(SOCK_DGRAM);
	notify_msg();
	sign_request(1000);
	assert_int_equal(send(w->client, m.bytes, m.len, 0), m.len);
	f = frame_of(HANDOFF_NOTIFY);
	assert_int_equal(handoff_notify_decode(f.payload, f.len, &h), OK);
	assert_int_equal(judged(&h), TSIG_BAD_TIME);
	say((struct handoff_notify_answer){ .number = h.number, .key_id = 3,
	    .fudge_s = 300, .rcode = DNSMSG_NOTAUTH,
	    .tsig_error = DNSMSG_BADTIME });
	play_oracle();
	len = recv(w->client, reply, sizeof(reply), 0);
	assert_true(len > 0);
	assert_int_equal(reply_verdict(reply, (size_t)len, &tr), TSIG_GOOD);
	assert_int_equal(tr.error, DNSMSG_BADTIME);
	assert_int_equal(tr.time_s, 1000);
	assert_int_equal(tr.other_len, 6);
}

CASE(badkey_is_told_without_a_signature)
{
	struct handoff_notify h;
	struct tsig_rr tr;
	struct frame f;
	uint8_t reply[512];
	ssize_t len;

	start(SOCK_DGRAM);
	notify_msg();
	sign_request(1000);
	assert_int_equal(send(w->client, m.bytes, m.len, 0), m.len);
	f = frame_of(HANDOFF_NOTIFY);
	assert_int_equal(handoff_notify_decode(f.payload, f.len, &h), OK);
	say((struct handoff_notify_answer){ .number = h.number,
	    .rcode = DNSMSG_NOTAUTH, .tsig_error = DNSMSG_BADKEY });
	len = recv(w->client, reply, sizeof(reply), 0);
	assert_true(len > 0);
	assert_int_equal(reply_verdict(reply, (size_t)len, &tr),
	    TSIG_UNSIGNED);
	assert_int_equal(tr.error, DNSMSG_BADKEY);
}

CASE(two_messages_over_tcp)
{
	struct handoff_notify h;
	struct frame f;
	uint8_t reply[512];

	start(SOCK_STREAM);
	for (int i = 0; i < 2; i++) {
		uint8_t framed[512];

		notify_msg();
		wr_put_u16(framed, (uint16_t)m.len);
		memcpy(framed + 2, m.bytes, m.len);
		assert_int_equal(send(w->client, framed, 3, 0), 3);
		assert_int_equal(send(w->client, framed + 3, m.len - 1, 0),
		    m.len - 1);
		f = frame_of(HANDOFF_NOTIFY);
		assert_int_equal(handoff_notify_decode(f.payload, f.len, &h),
		    OK);
		assert_int_equal(h.transport, HANDOFF_TCP);
		say((struct handoff_notify_answer){ .number = h.number });
		assert_int_equal(recv(w->client, reply, 27, MSG_WAITALL),
		    27);
		assert_int_equal(reply[1], 25);
	}
}

CASE(relayed_datagrams_are_answered_through_keep)
{
	struct handoff_datagram d = { .relay = 55, .source = { .family = 4,
	    .ip = { 192, 0, 2, 1 }, .port = 4000 } };
	struct handoff_notify h;
	struct handoff_notify_reply r;
	uint8_t payload[1024];
	struct frame f;
	size_t len;

	for (int bad = 0; bad < 2; bad++) {
		notify_msg();
		if (bad)
			xfrmsg_put(&m, 2, 0xa400);	/* dropped: len 0 */
		d.bytes = m.bytes;
		d.len = (uint16_t)m.len;
		assert_int_equal(handoff_datagram_encode(&d, payload,
		    sizeof(payload), &len), OK);
		put(HANDOFF_DATAGRAM, payload, len, -1);
		if (!bad) {
			f = frame_of(HANDOFF_NOTIFY);
			assert_int_equal(handoff_notify_decode(f.payload,
			    f.len, &h), OK);
			assert_int_equal(h.relay, 55);
			assert_int_equal(h.source.port, 4000);
			say((struct handoff_notify_answer){
			    .number = h.number });
		}
		f = frame_of(HANDOFF_NOTIFY_REPLY);
		assert_int_equal(handoff_notify_reply_decode(f.payload,
		    f.len, &r), OK);
		assert_int_equal(r.relay, 55);
		assert_int_equal(r.len, bad ? 0 : 25);
	}
}
