/*
 * The fetch role against scripted primaries, over socket pairs. The clock is
 * ours: it stands still until the script lets it run, and then runs ahead.
 */
#include "tests/lib/test.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/frame.h"
#include "common/base/sock.h"
#include "common/base/wr.h"
#include "common/dns/tsig.h"
#include "tests/lib/xfrmsg.h"
#include "xferd/handoff.h"
#include "xferd/session.h"

#define WALL	UINT64_C(1800000000)

struct world {
	int keep, keep_child;		/* the two ends */
	int peer, peer_child;
	pthread_t thread;
	int status;
	_Atomic int64_t now_ms;
	_Atomic bool running;		/* the clock */
	struct frame_in in;
	struct frame_out out;
	struct handoff_fetch_conn conn;
	struct handoff_fetch_zone zone;
	struct xfrmsg m;
	/* What came. */
	struct handoff_result r;
	uint8_t result[HANDOFF_SMALL_MAX];
	size_t n_records, n_marks;
	uint16_t id;
	uint8_t request[2048];
	size_t request_len;
	struct tsig_key key;
	struct tsig_prior prior;
};

static struct world *w;

static int64_t
mono_ms(void *arg)
{
	return atomic_load(&((struct world *)arg)->now_ms);
}

static uint64_t
wall_s(void *arg)
{
	(void)arg;
	return WALL;
}

static uint16_t
random_id(void *arg)
{
	(void)arg;
	return 0x4711;
}

static int
fake_poll(void *arg, struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct world *ww = arg;

	for (;;) {
		int ready = poll(fds, n, 1);

		if (ready != 0)
			return ready;
		if (atomic_load(&ww->running)) {
			atomic_fetch_add(&ww->now_ms, timeout_ms);
			return 0;
		}
	}
}

static void *
child(void *arg)
{
	struct world *ww = arg;
	struct session_env env = { mono_ms, wall_s, random_id, fake_poll,
	    ww };

	ww->status = session_run(ww->keep_child, &env);
	close(ww->keep_child);
	return NULL;
}

static int
setup(void **state)
{
	int a[2], b[2];

	(void)state;
	w = calloc(1, sizeof(*w));
	if (w == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, a) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, b) != 0)
		return 1;
	w->keep = a[0];
	w->keep_child = a[1];
	w->peer = b[0];
	w->peer_child = b[1];
	w->now_ms = 1000000;
	frame_in_init(&w->in, HANDOFF_FRAME_MAX);
	frame_out_init(&w->out, 1 << 20);
	w->conn = (struct handoff_fetch_conn){ .transport = HANDOFF_TCP,
	    .connect_ms = 3000, .first_ms = 5000, .idle_ms = 10000,
	    .total_ms = 60000, .rate_min_bps = 1000,
	    .rate_window_ms = 30000 };
	w->zone = (struct handoff_fetch_zone){ .cookie = 42, .apex_len = 9,
	    .apex = "\7example", .mode = HANDOFF_AXFR, .serial = 5,
	    .fudge_s = 300, .edns = true,
	    .limits = { 1000000, 1 << 30, 100000, 10, 1000, 2, 100 } };
	return pthread_create(&w->thread, NULL, child, w);
}

static int
teardown(void **state)
{
	(void)state;
	close(w->keep);
	if (w->peer >= 0)
		close(w->peer);
	pthread_join(w->thread, NULL);
	frame_in_fini(&w->in);
	frame_out_fini(&w->out);
	if (w->peer_child >= 0)
		close(w->peer_child);
	free(w);
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, teardown)

/* ---- keep -------------------------------------------------------------- */

static void
put(enum handoff_kind kind, const uint8_t *payload, size_t len, int fd)
{
	assert_int_equal(frame_put(&w->out, (uint16_t)kind, payload, len, fd),
	    OK);
	assert_int_equal(frame_drain(&w->out, w->keep, 5000), OK);
}

static void
ask_zone(void)
{
	uint8_t payload[HANDOFF_SMALL_MAX];
	size_t len;

	assert_int_equal(handoff_fetch_zone_encode(&w->zone, payload,
	    sizeof(payload), &len), OK);
	put(HANDOFF_FETCH_ZONE, payload, len, -1);
}

static void
ask(void)
{
	uint8_t payload[HANDOFF_SMALL_MAX];
	size_t len;

	assert_int_equal(handoff_fetch_conn_encode(&w->conn, payload,
	    sizeof(payload), &len), OK);
	put(HANDOFF_FETCH_CONN, payload, len, w->peer_child);
	w->peer_child = -1;
	ask_zone();
}

static void
count_records(const struct frame *f)
{
	struct handoff_record rec;
	size_t off = 0;
	bool end = false;

	while (!end) {
		assert_int_equal(handoff_records_next(f->payload, f->len,
		    &off, 9, &rec, &end), OK);
		if (!end)
			w->n_records++;
	}
}

/* Everything up to the result; its pointers lead into w->result. */
static enum handoff_reason
result(void)
{
	struct handoff_mark mark;
	struct frame f;

	w->n_records = w->n_marks = 0;
	for (;;) {
		assert_int_equal(frame_wait(&w->in, w->keep, 20000, &f), OK);
		switch (f.type) {
		case HANDOFF_READY:
		case HANDOFF_CURRENT:
			break;
		case HANDOFF_RECORDS:
			count_records(&f);
			break;
		case HANDOFF_MARK:
			assert_int_equal(handoff_mark_decode(f.payload, f.len,
			    &mark), OK);
			w->n_marks++;
			break;
		case HANDOFF_RESULT:
			memcpy(w->result, f.payload, f.len);
			assert_int_equal(handoff_result_decode(w->result,
			    f.len, &w->r), OK);
			assert_int_equal(w->r.cookie, w->zone.cookie);
			return w->r.reason;
		default:
			fail_msg("frame %u", f.type);
		}
	}
}

#define RESULT(why)							\
	assert_string_equal(handoff_reason_text(result()),		\
	    handoff_reason_text(why))

static void
run_clock(void)
{
	atomic_store(&w->running, true);
}

static void
expect_end(void)
{
	struct frame f;

	assert_int_equal(frame_wait(&w->in, w->keep, 5000, &f), ERR_CLOSED);
}

/* ---- the primary ------------------------------------------------------- */

static void
read_exactly(uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = recv(w->peer, p, n, 0);

		assert_true(got > 0);
		p += got;
		n -= (size_t)got;
	}
}

static void
read_request(void)
{
	struct tsig_rr tr;
	uint8_t len[2];

	read_exactly(len, 2);
	w->request_len = (size_t)len[0] << 8 | len[1];
	assert_true(w->request_len <= sizeof(w->request));
	read_exactly(w->request, w->request_len);
	w->id = (uint16_t)(w->request[0] << 8 | w->request[1]);
	w->prior.mac_len = 0;
	if (tsig_find(w->request, w->request_len, &tr) == OK) {
		memcpy(w->prior.mac, tr.mac, tr.mac_len);
		w->prior.mac_len = tr.mac_len;
	}
}

static void
begin(void)
{
	xfrmsg_begin(&w->m, w->id, w->zone.mode == HANDOFF_IXFR ? 251 : 252);
}

static void
send_raw(const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t put_ = send(w->peer, p, n, MSG_NOSIGNAL);

		if (put_ <= 0)
			return;		/* it does not want any more */
		p += put_;
		n -= (size_t)put_;
	}
}

static size_t
framed(uint8_t *out)
{
	wr_put_u16(out, (uint16_t)w->m.len);
	memcpy(out + 2, w->m.bytes, w->m.len);
	return w->m.len + 2;
}

static void
send_msg(void)
{
	static uint8_t out[65537];
	size_t n = framed(out);

	send_raw(out, n);
	begin();
}

static void
small_zone(void)
{
	begin();
	xfrmsg_soa(&w->m, 6);
	xfrmsg_a(&w->m, "www", 1);
	xfrmsg_soa(&w->m, 6);
}

/* Sign the message as a primary would; @pending is what came unsigned. */
static void
sign(bool first, const uint8_t *pending, size_t pending_len)
{
	static uint8_t input[200000], all[200000];
	struct tsig_rr tr = { .alg = w->key.alg, .time_s = WALL,
	    .fudge_s = 300, .original_id = w->id };
	uint8_t mac[TSIG_MAC_MAX];
	size_t n, head;

	memcpy(tr.name, w->key.name, w->key.name_len);
	tr.name_len = w->key.name_len;
	assert_int_equal(tsig_input(&w->prior, w->m.bytes, w->m.len, false,
	    &tr, !first, input, sizeof(input), &n), OK);
	/* Unsigned messages stand between the prior MAC and this one. */
	head = 2u + w->prior.mac_len;
	memcpy(all, input, head);
	if (pending_len > 0)
		memcpy(all + head, pending, pending_len);
	memcpy(all + head + pending_len, input + head, n - head);
	assert_int_equal(tsig_mac(&w->key, all, n + pending_len, mac), OK);
	tr.mac = mac;
	tr.mac_len = (uint16_t)tsig_alg_size(w->key.alg);
	assert_int_equal(tsig_append(w->m.bytes, &w->m.len,
	    sizeof(w->m.bytes), &tr), OK);
	memcpy(w->prior.mac, mac, tr.mac_len);
	w->prior.mac_len = tr.mac_len;
}

static void
use_key(void)
{
	assert_int_equal(tsig_key_init(&w->key, (const uint8_t *)"\3key", 5,
	    TSIG_HMAC_SHA256, (const uint8_t *)"secret", 6), OK);
	w->conn.n_keys = 1;
	w->conn.keys[0].id = 9;
	w->conn.keys[0].key = w->key;
	w->zone.key_id = 9;
}

/* ---- Cases ------------------------------------------------------------- */

CASE(two_zones_in_sequence_over_one_connection)
{
	ask();
	for (int i = 0; i < 2; i++) {
		read_request();
		small_zone();
		send_msg();
		RESULT(HANDOFF_OK);
		assert_true(w->r.reusable);
		assert_int_equal(w->n_records, 2);
		assert_int_equal(w->r.records, 2);
		assert_int_equal(w->r.serial, 6);
		assert_int_equal(w->r.style, HANDOFF_STYLE_AXFR);
		w->zone.cookie++;
		if (i == 0)
			ask_zone();
	}
	put(HANDOFF_CLOSE, NULL, 0, -1);
	expect_end();
}

CASE(an_answer_in_single_octets)
{
	uint8_t out[1024];
	size_t n;

	ask();
	read_request();
	small_zone();
	n = framed(out);
	for (size_t i = 0; i < n; i++)
		send_raw(out + i, 1);
	RESULT(HANDOFF_OK);
}

static void *
send_many(void *arg)
{
	char label[16];

	(void)arg;
	begin();
	xfrmsg_soa(&w->m, 6);
	for (int i = 0; i < 100000; i++) {
		snprintf(label, sizeof(label), "n%d", i);
		xfrmsg_a(&w->m, label, 1);
		if (w->m.len > 60000)
			send_msg();
	}
	xfrmsg_soa(&w->m, 6);
	send_msg();
	return NULL;
}

CASE(many_records_come_in_batches)
{
	pthread_t primary;

	ask();
	read_request();
	/* Beside us: keep reads while the primary writes. */
	assert_int_equal(pthread_create(&primary, NULL, send_many, NULL), 0);
	RESULT(HANDOFF_OK);
	pthread_join(primary, NULL);
	assert_int_equal(w->n_records, 100001);
	assert_int_equal(w->r.records, 100001);
}

static void
cut_after(size_t cut)
{
	uint8_t out[2048];
	size_t n;

	ask();
	read_request();
	begin();
	xfrmsg_soa(&w->m, 6);
	xfrmsg_a(&w->m, "www", 1);
	n = framed(out);
	begin();
	xfrmsg_soa(&w->m, 6);
	n += framed(out + n);
	send_raw(out, cut < n ? cut : n - 1);
	close(w->peer);
	w->peer = -1;
	RESULT(HANDOFF_CLOSED_EARLY);
	assert_false(w->r.reusable);
	expect_end();
}

/* T-098. Every tenth octet, and around the messages' borders. */
CASE(closed_before_an_answer) { cut_after(0); }
CASE(closed_in_the_length) { cut_after(1); }
CASE(closed_behind_the_length) { cut_after(2); }
CASE(closed_in_the_header) { cut_after(9); }
CASE(closed_in_the_first_message) { cut_after(50); }
CASE(closed_behind_the_first_message) { cut_after(80); }
CASE(closed_in_the_last_octet) { cut_after(9999); }

CASE(no_answer_at_all)
{
	ask();
	read_request();
	run_clock();
	RESULT(HANDOFF_TIMEOUT_FIRST);
	assert_in_range(w->r.ms, 5000, 5999);
	expect_end();
}

CASE(an_answer_that_stops)
{
	ask();
	read_request();
	begin();
	xfrmsg_soa(&w->m, 6);
	send_msg();
	run_clock();
	RESULT(HANDOFF_TIMEOUT_IDLE);
	assert_int_equal(w->r.messages, 1);
	assert_true(w->r.has_soa);
}

CASE(a_slow_drip_is_below_the_least_rate_T218)
{
	w->conn.first_ms = w->conn.idle_ms = 59000;
	ask();
	read_request();
	small_zone();
	send_raw((const uint8_t[]){ 0, 100, w->id >> 8 }, 3);
	run_clock();
	RESULT(HANDOFF_TOO_SLOW);
	assert_in_range(w->r.ms, 30000, 30999);
}

CASE(the_total_time_is_bounded)
{
	w->conn.first_ms = w->conn.idle_ms = 1000000;
	w->conn.rate_min_bps = 0;
	ask();
	read_request();
	begin();
	xfrmsg_soa(&w->m, 6);
	send_msg();
	run_clock();
	RESULT(HANDOFF_TIMEOUT_TOTAL);
	assert_in_range(w->r.ms, 60000, 60999);
}

CASE(endless_empty_messages)
{
	ask();
	read_request();
	begin();
	xfrmsg_soa(&w->m, 6);
	send_msg();
	for (int i = 0; i < 20; i++)
		send_msg();
	RESULT(HANDOFF_LIMIT_MESSAGES);
}

CASE(a_refusal_leaves_the_connection_of_use_T109)
{
	ask();
	read_request();
	begin();
	xfrmsg_put(&w->m, 2, 0x8005);
	send_msg();
	RESULT(HANDOFF_RCODE);
	assert_int_equal(w->r.facts.rcode, 5);
	assert_true(w->r.reusable);
	ask_zone();
	read_request();
	small_zone();
	send_msg();
	RESULT(HANDOFF_OK);
}

/* ---- Several zones at a time ------------------------------------------- */

/* Cookies from 100; their requests read, their IDs in @ids. */
static void
ask_many(unsigned n, uint16_t *ids)
{
	w->zone.cookie = 100;
	ask();
	for (unsigned i = 1; i < n; i++) {
		w->zone.cookie = 100 + i;
		ask_zone();
	}
	for (unsigned i = 0; i < n; i++) {
		read_request();
		ids[i] = w->id;
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(ids[k], ids[i]);
	}
}

static void
message_of(uint16_t id, bool soa, bool body, bool end)
{
	w->id = id;
	begin();
	if (soa)
		xfrmsg_soa(&w->m, 6);
	if (body)
		xfrmsg_a(&w->m, "www", 1);
	if (end)
		xfrmsg_soa(&w->m, 6);
	send_msg();
}

#define RESULT_OF(cookie_, why)						\
	do {								\
		w->zone.cookie = (cookie_);				\
		RESULT(why);						\
	} while (0)

CASE(answers_of_many_zones_come_in_any_order_T109)
{
	uint16_t ids[HANDOFF_PIPELINE_MAX];
	unsigned n = HANDOFF_PIPELINE_MAX;

	ask_many(n, ids);
	for (unsigned i = n; i-- > 0; )
		message_of(ids[i], true, false, false);
	for (unsigned i = 0; i < n; i++) {
		message_of(ids[i], false, true, false);
		message_of(ids[(i + 7) % n], false, false, false);
	}
	for (unsigned i = 0; i < n; i += 2)
		message_of(ids[i], false, false, true);
	for (unsigned i = 1; i < n; i += 2)
		message_of(ids[i], false, false, true);
	for (unsigned i = 0; i < n; i += 2)
		RESULT_OF(100 + i, HANDOFF_OK);
	for (unsigned i = 1; i < n; i += 2) {
		RESULT_OF(100 + i, HANDOFF_OK);
		assert_int_equal(w->r.records, 2);
	}
	assert_true(w->r.reusable);
	w->zone.cookie = 7;
	ask_zone();
	read_request();
	small_zone();
	send_msg();
	RESULT(HANDOFF_OK);
}

CASE(records_are_told_whose_they_are_T109)
{
	uint64_t current = 0, seen[3] = { 0 };
	struct handoff_current c;
	struct frame f;
	uint16_t ids[2];

	ask_many(2, ids);
	message_of(ids[0], true, true, false);
	message_of(ids[1], true, false, false);
	message_of(ids[0], false, false, true);
	message_of(ids[1], false, true, true);
	for (unsigned ended = 0; ended < 2; ) {
		assert_int_equal(frame_wait(&w->in, w->keep, 20000, &f), OK);
		if (f.type == HANDOFF_CURRENT) {
			assert_int_equal(handoff_current_decode(f.payload,
			    f.len, &c), OK);
			current = c.cookie;
		} else if (f.type == HANDOFF_RECORDS) {
			w->n_records = 0;
			count_records(&f);
			assert_in_range(current, 100, 101);
			seen[current - 100] += w->n_records;
		} else if (f.type == HANDOFF_RESULT) {
			ended++;
		}
	}
	assert_int_equal(seen[0], 2);
	assert_int_equal(seen[1], 2);
}

CASE(one_zones_failure_leaves_the_others_T109)
{
	uint16_t ids[4];

	ask_many(4, ids);
	message_of(ids[0], true, true, false);
	/* refused */
	w->id = ids[1];
	begin();
	xfrmsg_put(&w->m, 2, 0x8005);
	send_msg();
	/* a SOA that differs, and more of it later */
	message_of(ids[2], true, true, false);
	w->id = ids[2];
	begin();
	xfrmsg_soa(&w->m, 9);
	send_msg();
	message_of(ids[2], false, true, false);
	message_of(ids[3], true, true, true);
	message_of(ids[2], false, true, true);
	message_of(ids[0], false, true, true);
	RESULT_OF(101, HANDOFF_RCODE);
	assert_true(w->r.reusable);
	RESULT_OF(102, HANDOFF_BAD_ORDER);
	assert_false(w->r.reusable);
	RESULT_OF(103, HANDOFF_OK);
	RESULT_OF(100, HANDOFF_OK);
	expect_end();
}

CASE(a_zone_for_a_connection_that_closes_is_not_asked_T109)
{
	uint16_t ids[2];

	ask_many(2, ids);
	message_of(ids[0], true, true, false);
	w->id = ids[0];
	begin();
	xfrmsg_soa(&w->m, 9);
	send_msg();
	RESULT_OF(100, HANDOFF_BAD_ORDER);
	w->zone.cookie = 102;
	ask_zone();
	RESULT(HANDOFF_UNASKED);
	message_of(ids[1], true, true, true);
	RESULT_OF(101, HANDOFF_OK);
	expect_end();
}

CASE(an_id_of_nobody_ends_the_connection_T109)
{
	uint16_t ids[3];

	ask_many(3, ids);
	message_of((uint16_t)(ids[2] + 100), true, true, true);
	RESULT_OF(100, HANDOFF_WRONG_ID);
	RESULT_OF(101, HANDOFF_UNASKED);
	RESULT_OF(102, HANDOFF_UNASKED);
	expect_end();
}

CASE(a_bad_signature_ends_the_connection_T109)
{
	uint16_t ids[2];

	use_key();
	ask_many(2, ids);
	message_of(ids[1], true, true, true);	/* not signed */
	RESULT_OF(101, HANDOFF_TSIG_MISSING);
	RESULT_OF(100, HANDOFF_UNASKED);
	expect_end();
}

CASE(closed_behind_the_first_answer_T110)
{
	uint16_t ids[3];

	ask_many(3, ids);
	message_of(ids[0], true, true, true);
	message_of(ids[1], true, true, false);
	close(w->peer);
	w->peer = -1;
	RESULT_OF(100, HANDOFF_OK);
	RESULT_OF(101, HANDOFF_CLOSED_EARLY);
	assert_int_equal(w->r.messages, 1);
	RESULT_OF(102, HANDOFF_CLOSED_EARLY);
	assert_int_equal(w->r.messages, 0);
	expect_end();
}

CASE(a_dropped_zone_is_passed_over)
{
	uint8_t payload[16];
	struct handoff_fetch_drop d = { 100 };
	uint16_t ids[2];
	size_t len;

	ask_many(2, ids);
	assert_int_equal(handoff_fetch_drop_encode(&d, payload,
	    sizeof(payload), &len), OK);
	put(HANDOFF_FETCH_DROP, payload, len, -1);
	w->zone.cookie = 102;		/* shows that it was taken */
	ask_zone();
	read_request();
	ids[0] = w->id;
	message_of(0x4711, true, true, true);
	message_of(ids[1], true, true, true);
	RESULT_OF(101, HANDOFF_OK);
	message_of(ids[0], true, true, true);
	RESULT_OF(102, HANDOFF_OK);
	assert_true(w->r.reusable);
}

CASE(questions_wait_while_others_are_answered)
{
	uint16_t ids[2];

	w->conn.rate_min_bps = 0;
	ask_many(2, ids);
	message_of(ids[0], true, false, false);
	for (int i = 0; i < 4; i++) {	/* twice what a first answer may take */
		atomic_fetch_add(&w->now_ms, 2500);
		message_of(ids[0], false, true, false);
		usleep(20000);
	}
	message_of(ids[0], false, false, true);
	RESULT_OF(100, HANDOFF_OK);
	run_clock();
	RESULT_OF(101, HANDOFF_TIMEOUT_FIRST);
	assert_in_range(w->r.ms, 15000, 16999);
}

CASE(a_soa_query_on_the_same_connection_T160)
{
	w->zone.mode = HANDOFF_SOA;
	ask();
	read_request();
	assert_memory_equal(w->request + 21, "\0\6\0\1",
	    4);
	xfrmsg_begin(&w->m, w->id, 6);
	xfrmsg_soa(&w->m, 6);
	xfrmsg_put(&w->m, 2, 0x8400);
	send_msg();
	RESULT(HANDOFF_OK);
	assert_true(w->r.has_soa);
	assert_int_equal(w->r.serial, 6);
	assert_int_equal(w->r.style, HANDOFF_STYLE_SINGLE);
	assert_int_equal(w->n_records, 0);
	assert_true(w->r.reusable);
	w->zone.mode = HANDOFF_AXFR;
	ask_zone();
	read_request();
	small_zone();
	send_msg();
	RESULT(HANDOFF_OK);
}

CASE(octets_behind_the_end_spoil_the_connection_T097)
{
	uint8_t out[1024];
	size_t n;

	ask();
	read_request();
	small_zone();
	n = framed(out);
	out[n] = 0;
	send_raw(out, n + 1);
	RESULT(HANDOFF_OK);
	assert_false(w->r.reusable);
	expect_end();
}

CASE(a_wrong_id_is_refused)
{
	ask();
	read_request();
	small_zone();
	xfrmsg_put(&w->m, 0, (uint16_t)(w->id + 1));
	send_msg();
	RESULT(HANDOFF_WRONG_ID);
}

CASE(ixfr_up_to_date_and_differences)
{
	w->zone.mode = HANDOFF_IXFR;
	ask();
	read_request();
	/* T-060: one authority record with our serial, then OPT */
	assert_memory_equal(w->request + 4, "\0\1\0\0\0\1\0\1", 8);
	assert_memory_equal(w->request + 25, "\xc0\x0c\0\6\0\1", 6);
	begin();
	xfrmsg_soa(&w->m, 5);
	send_msg();
	RESULT(HANDOFF_UPTODATE);
	assert_int_equal(w->n_records, 0);
	ask_zone();
	read_request();
	begin();
	xfrmsg_soa(&w->m, 6);
	xfrmsg_soa(&w->m, 5);
	xfrmsg_a(&w->m, "a", 1);
	xfrmsg_soa(&w->m, 6);
	xfrmsg_a(&w->m, "b", 1);
	xfrmsg_soa(&w->m, 6);
	send_msg();
	RESULT(HANDOFF_OK);
	assert_int_equal(w->n_marks, 2);
	assert_int_equal(w->n_records, 2);
	assert_int_equal(w->r.diffs, 1);
	assert_int_equal(w->r.style, HANDOFF_STYLE_IXFR);
}

CASE(ixfr_with_one_newer_soa_asks_for_axfr_soon_T061)
{
	w->zone.mode = HANDOFF_IXFR;
	ask();
	read_request();
	begin();
	xfrmsg_soa(&w->m, 6);
	send_msg();
	run_clock();
	RESULT(HANDOFF_IXFR_REFUSED);
	assert_in_range(w->r.ms, 1900, 2999);
}

CASE(tsig_on_every_message)
{
	use_key();
	ask();
	read_request();
	begin();
	xfrmsg_soa(&w->m, 6);
	sign(true, NULL, 0);
	send_msg();
	for (int i = 0; i < 200; i++) {
		xfrmsg_a(&w->m, "www", (uint8_t)i);
		sign(false, NULL, 0);
		send_msg();
	}
	xfrmsg_soa(&w->m, 6);
	sign(false, NULL, 0);
	send_msg();
	RESULT(HANDOFF_OK);
	assert_int_equal(w->r.facts.tsig, TSIG_GOOD);
	assert_true(w->r.facts.has_skew);
}

CASE(tsig_with_unsigned_messages_between)
{
	uint8_t pending[1024];
	size_t n = 0;

	use_key();
	ask();
	read_request();
	begin();
	xfrmsg_soa(&w->m, 6);
	sign(true, NULL, 0);
	send_msg();
	for (int i = 0; i < 3; i++) {
		xfrmsg_a(&w->m, "www", (uint8_t)i);
		memcpy(pending + n, w->m.bytes, w->m.len);
		n += w->m.len;
		send_msg();
	}
	xfrmsg_soa(&w->m, 6);
	sign(false, pending, n);
	send_msg();
	RESULT(HANDOFF_OK);
}

CASE(the_last_message_unsigned_T135)
{
	use_key();
	ask();
	read_request();
	begin();
	xfrmsg_soa(&w->m, 6);
	sign(true, NULL, 0);
	send_msg();
	xfrmsg_soa(&w->m, 6);
	send_msg();
	RESULT(HANDOFF_TSIG_ORDER);
	assert_false(w->r.reusable);
}

CASE(a_fault_in_the_middle_of_a_signed_stream)
{
	use_key();
	ask();
	read_request();
	begin();
	xfrmsg_soa(&w->m, 6);
	sign(true, NULL, 0);
	send_msg();
	xfrmsg_a(&w->m, "www", 1);
	sign(false, NULL, 0);
	w->m.bytes[40] ^= 1;
	send_msg();
	RESULT(HANDOFF_TSIG_BADSIG);
}

CASE(an_unsigned_answer_to_a_signed_request_T136)
{
	use_key();
	ask();
	read_request();
	small_zone();
	send_msg();
	RESULT(HANDOFF_TSIG_MISSING);
	assert_int_equal(w->n_records, 0);
}

CASE(an_unsigned_refusal_of_a_signed_request_T136)
{
	use_key();
	ask();
	read_request();
	begin();
	xfrmsg_put(&w->m, 2, 0x8009);
	send_msg();
	RESULT(HANDOFF_TSIG_MISSING);
	assert_int_equal(w->r.facts.rcode, 9);
}

CASE(a_key_that_keep_did_not_give_is_our_own_fault)
{
	w->zone.key_id = 3;
	ask();
	RESULT(HANDOFF_INTERNAL);
}

CASE(frames_that_keep_may_not_send_end_the_process)
{
	put(HANDOFF_PROBE_CLOSE, (const uint8_t *)"\0\0\0\1", 4, -1);
	for (;;) {
		struct frame f;
		enum err e = frame_wait(&w->in, w->keep, 5000, &f);

		if (e == ERR_CLOSED)
			break;
		assert_int_equal(e, OK);
	}
}

CASE(keep_going_away_ends_a_transfer)
{
	ask();
	read_request();
	shutdown(w->keep, SHUT_RDWR);
	pthread_join(w->thread, NULL);
	assert_int_equal(w->status, 0);
	/* for teardown */
	assert_int_equal(pthread_create(&w->thread, NULL, child, w), 0);
}

CASE(a_refused_connection)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons(24999),
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	close(w->peer_child);
	w->peer_child = fd;
	(void)!connect(fd, (struct sockaddr *)&sin, sizeof(sin));
	w->conn.connecting = true;
	ask();
	RESULT(HANDOFF_CONNECT_REFUSED);
	assert_false(w->r.reusable);
	expect_end();
}

CASE(a_connection_that_ended_before_the_zone_came)
{
	uint8_t payload[HANDOFF_SMALL_MAX];
	size_t len;

	assert_int_equal(handoff_fetch_conn_encode(&w->conn, payload,
	    sizeof(payload), &len), OK);
	put(HANDOFF_FETCH_CONN, payload, len, w->peer_child);
	w->peer_child = -1;
	close(w->peer);
	w->peer = -1;
	usleep(20000);
	ask_zone();
	RESULT(HANDOFF_CLOSED_EARLY);
	expect_end();
}
