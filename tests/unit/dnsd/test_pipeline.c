/*
 * Streams of messages: bytes in, in any pieces; bytes out, taken as slowly
 * as one likes; every message answered once.
 */
#include "dnsd/pipeline.h"
#include "tests/lib/allocs.h"
#include "tests/lib/rng.h"
#include "tests/unit/dnsd/ask.h"

enum { CONNS = 5, WIRE_MAX = 4 << 20 };

struct peer {				/* the other end of a connection */
	struct pipeline_conn conn;
	uint8_t *to, *from;		/* what it sends, what it got */
	size_t to_len, to_at, from_len;
	size_t take_max;		/* bytes it takes a write */
	unsigned n_notify;
};

struct fixture {
	struct asker ask;
	struct pipeline *p;
	struct control_counters count;
	struct cache_reader reader;
	struct peer peer[CONNS];
};

static struct fixture *f;

static void
take(struct peer *peer, size_t most)
{
	size_t len;
	const uint8_t *out = pipeline_output(&peer->conn, &len);

	if (out == NULL)
		return;
	len = MIN(len, most);
	assert_true(peer->from_len + len <= WIRE_MAX);
	memcpy(peer->from + peer->from_len, out, len);
	peer->from_len += len;
	pipeline_sent(f->p, &peer->conn, len);
}

static void
on_flush(void *arg, struct pipeline_conn *c)
{
	struct peer *peer = (struct peer *)(void *)c;

	assert_ptr_equal(arg, f);
	take(peer, peer->take_max);
}

static void
on_notify(void *arg, struct pipeline_conn *c, const uint8_t *msg, size_t len)
{
	assert_ptr_equal(arg, f);
	assert_true(len >= 12);
	assert_int_equal(msg[2] >> 3 & 15, 4);
	((struct peer *)(void *)c)->n_notify++;
}

static int
setup(void **state)
{
	struct pipeline_conf conf;

	(void)state;
	f = calloc(1, sizeof(*f));
	f->p = calloc(1, sizeof(*f->p));
	ask_init(&f->ask);
	testcache_add_text(&f->ask.cache, "example.",
	    "@ SOA ns1 h 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n"
	    "www A 192.0.2.2\n");
	/* 200 texts of 250 bytes: an answer of 52 KiB. */
	for (int i = 0; i < 200; i++) {
		static uint8_t owner[] = "\3big\7example";
		uint8_t rdata[252];

		rdata[0] = 250;
		memset(rdata + 1, 'x', 250);
		rdata[1] = (uint8_t)i;
		testcache_add_record(&f->ask.cache.zones[0], owner, 16, 300,
		    rdata, 251);
	}
	ask_publish(&f->ask);
	conf = (struct pipeline_conf){
		.ctx = &f->ask.ctx, .transport = ANSWER_TCP,
		.count = &f->count, .reader = &f->reader,
		.super = (const void *)f->ask.cache.arena, .buffers = CONNS,
		.flush = on_flush, .notify = on_notify, .arg = f,
	};
	if (pipeline_init(f->p, &conf) != OK)
		return -1;
	for (int i = 0; i < CONNS; i++) {
		f->peer[i].to = malloc(WIRE_MAX);
		f->peer[i].from = malloc(WIRE_MAX);
		f->peer[i].take_max = SIZE_MAX;
		f->peer[i].conn.peer.port = 4242;
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (int i = 0; i < CONNS; i++) {
		free(f->peer[i].to);
		free(f->peer[i].from);
	}
	pipeline_fini(f->p);
	free(f->p);
	ask_fini(&f->ask);
	free(f);
	return 0;
}

/* A question with this ID. */
static void
say(struct peer *peer, unsigned id, const char *name, unsigned opcode)
{
	uint8_t *m = peer->to + peer->to_len + 2;
	size_t n = 12;

	memset(m, 0, 12);
	m[0] = (uint8_t)(id >> 8);
	m[1] = (uint8_t)id;
	m[2] = (uint8_t)(opcode << 3);
	m[5] = 1;
	for (const char *p = name; *p != '\0'; ) {
		size_t k = strcspn(p, ".");

		m[n++] = (uint8_t)k;
		memcpy(m + n, p, k);
		n += k;
		p += k + (p[k] == '.');
	}
	m[n++] = 0;
	m[n++] = 0;
	m[n++] = 16;			/* TXT */
	m[n++] = 0;
	m[n++] = 1;
	m[-2] = (uint8_t)(n >> 8);
	m[-1] = (uint8_t)n;
	peer->to_len += n + 2;
}

/* How often each ID was answered; every byte must belong to a message. */
static unsigned
answers(const struct peer *peer, uint8_t *seen, size_t seen_max)
{
	unsigned n = 0;

	for (size_t at = 0; at < peer->from_len; n++) {
		size_t len, id;

		assert_true(peer->from_len - at >= 2);
		len = (size_t)peer->from[at] << 8 | peer->from[at + 1];
		assert_true(peer->from_len - at - 2 >= len);
		assert_true(len >= 12);
		id = (size_t)peer->from[at + 2] << 8 | peer->from[at + 3];
		assert_true(id < seen_max);
		assert_true((peer->from[at + 4] & 0x82) == 0x80);
		seen[id]++;
		at += 2 + len;
	}
	return n;
}

/* Up to @most bytes from the peer, as a read would give them. */
static void
feed(struct peer *peer, size_t most)
{
	size_t max, n;
	uint8_t *buf;

	if (!pipeline_wants(&peer->conn))
		return;
	buf = pipeline_room(f->p, &peer->conn, &max);
	n = MIN(MIN(most, max), peer->to_len - peer->to_at);
	memcpy(buf, peer->to + peer->to_at, n);
	peer->to_at += n;
	assert_ok(pipeline_took(f->p, &peer->conn, n));
}

static bool
settled(const struct peer *peer)
{
	size_t len;

	return peer->to_at == peer->to_len && !peer->conn.waiting &&
	    pipeline_output(&peer->conn, &len) == NULL;
}

TEST_WITH(q194_q195_any_pieces_any_pace_each_answered_once, setup, teardown)
{
	struct rng r = { test_seed(7) };
	static uint8_t seen[3000];

	for (int round = 0; round < 6; round++) {
		unsigned n[CONNS];

		for (int i = 0; i < CONNS; i++) {
			struct peer *peer = &f->peer[i];

			peer->to_len = peer->to_at = peer->from_len = 0;
			n[i] = rng_below(&r, 1500);
			for (unsigned k = 0; k < n[i]; k++)
				say(peer, k, rng_below(&r, 100) == 0 &&
				    round < 5 && peer->to_len < 20000 ?
				    "big.example" : "www.example", 0);
			peer->take_max = round % 2 == 0 ? SIZE_MAX : 20000;
		}
		for (int turn = 0; ; turn++) {
			bool all = true;

			assert_true(turn < 1000000);
			for (int i = 0; i < CONNS; i++) {
				struct peer *peer = &f->peer[i];

				if (peer->conn.waiting)
					assert_ok(pipeline_resume(f->p,
					    &peer->conn));
				else
					feed(peer, round == 0 ? 1 :
					    rng_below(&r, 20000));
			}
			pipeline_run(f->p);
			for (int i = 0; i < CONNS; i++) {
				assert_int_equal(f->peer[i].conn.n_jobs, 0);
				take(&f->peer[i], f->peer[i].take_max);
				all = all && settled(&f->peer[i]);
			}
			if (all)
				break;
		}
		for (int i = 0; i < CONNS; i++) {
			memset(seen, 0, sizeof(seen));
			assert_int_equal(answers(&f->peer[i], seen,
			    sizeof(seen)), n[i]);
			for (unsigned k = 0; k < n[i]; k++)
				assert_int_equal(seen[k], 1);
			/* At rest nothing is borrowed. */
			assert_null(f->peer[i].conn.in);
			assert_null(f->peer[i].conn.out);
		}
		assert_int_equal(f->p->in.n_lent + f->p->out.n_lent, 0);
	}
}

TEST_WITH(q197_who_takes_nothing_is_not_read_and_has_a_bound, setup, teardown)
{
	struct peer *peer = &f->peer[0];
	unsigned long before = allocs_count();
	size_t read_at;

	for (unsigned k = 0; k < 2000; k++)
		say(peer, k, "big.example", 0);
	peer->take_max = 0;
	for (int turn = 0; turn < 1000; turn++) {
		if (peer->conn.waiting)
			assert_ok(pipeline_resume(f->p, &peer->conn));
		else
			feed(peer, 20000);
		pipeline_run(f->p);
	}
	assert_true(peer->conn.waiting);
	assert_false(pipeline_wants(&peer->conn));
	assert_true(peer->conn.out_len <= PIPELINE_OUT_MAX);
	assert_true(peer->conn.in_len <= PIPELINE_IN_MAX);
	assert_int_equal(f->p->in.n_lent, 1);
	assert_int_equal(f->p->out.n_lent, 1);
	read_at = peer->to_at;
	assert_true(read_at <= PIPELINE_IN_MAX);
	/* It wakes up: everything comes. */
	for (int turn = 0; !settled(peer); turn++) {
		static uint8_t seen[2000];

		assert_true(turn < 1000000);
		if (peer->conn.waiting)
			assert_ok(pipeline_resume(f->p, &peer->conn));
		else
			feed(peer, 20000);
		pipeline_run(f->p);
		take(peer, SIZE_MAX);
		(void)answers(peer, seen, sizeof(seen));
		peer->from_len = 0;
	}
	assert_int_equal(atomic_load(&f->count.v[CONTROL_tcp_answers]), 2000);
	assert_int_equal(allocs_count(), before);
}

TEST_WITH(q196_a_length_that_no_message_has_ends_it, setup, teardown)
{
	static uint8_t seen[10];
	struct peer *peer = &f->peer[0];
	size_t max;
	uint8_t *buf;

	say(peer, 1, "www.example", 0);
	for (unsigned len = 0; len < PIPELINE_MESSAGE_MIN; len++) {
		peer->from_len = 0;
		memset(seen, 0, sizeof(seen));
		buf = pipeline_room(f->p, &peer->conn, &max);
		memcpy(buf, peer->to, peer->to_len);
		buf[peer->to_len] = 0;
		buf[peer->to_len + 1] = (uint8_t)len;
		memset(buf + peer->to_len + 2, 9, 100);
		assert_err(pipeline_took(f->p, &peer->conn,
		    peer->to_len + 102), ERR_MALFORMED);
		pipeline_run(f->p);
		take(peer, SIZE_MAX);	/* what came before it is answered */
		assert_int_equal(answers(peer, seen, sizeof(seen)), 1);
		pipeline_close(f->p, &peer->conn);
	}
}

TEST_WITH(the_longest_message_fits_and_a_notify_is_passed_on, setup, teardown)
{
	struct peer *peer = &f->peer[0];

	say(peer, 1, "www.example", 4);
	say(peer, 2, "www.example", 0);
	/* A question with 65,000 bytes of rubbish behind it: FORMERR. */
	peer->to[peer->to_len] = 0xff;
	peer->to[peer->to_len + 1] = 0xff;
	memset(peer->to + peer->to_len + 2, 0, 65535);
	memcpy(peer->to + peer->to_len + 2, "\0\3\0\0\0\1\0\0\0\0\0\0", 12);
	peer->to_len += 2 + 65535;
	say(peer, 4, "www.example", 0);
	while (peer->to_at < peer->to_len) {
		feed(peer, 16384);
		pipeline_run(f->p);
		take(peer, SIZE_MAX);
	}
	assert_int_equal(peer->n_notify, 1);
	assert_true(settled(peer));
	assert_int_equal(atomic_load(&f->count.v[CONTROL_tcp_answers]), 3);
	assert_int_equal(f->p->in.n_lent, 0);
	/* xferd's answer to the NOTIFY. */
	assert_err(pipeline_put(f->p, &peer->conn, peer->to + 2, 11),
	    ERR_MALFORMED);
	assert_ok(pipeline_put(f->p, &peer->conn, peer->to + 2, 29));
	take(peer, SIZE_MAX);
	assert_true(settled(peer));
}

TEST_WITH(without_a_buffer_the_connection_ends_not_the_process, setup,
    teardown)
{
	uint8_t *all[CONNS];
	struct peer *peer = &f->peer[0];

	for (int i = 0; i < CONNS; i++)
		all[i] = bufpool_take(&f->p->out);
	say(peer, 1, "www.example", 0);
	feed(peer, 1000);
	pipeline_run(f->p);
	assert_true(peer->conn.broken);
	assert_int_equal(atomic_load(&f->count.v[CONTROL_tcp_no_buffer]), 1);
	pipeline_close(f->p, &peer->conn);
	for (int i = 0; i < CONNS; i++)
		bufpool_give(&f->p->out, all[i], 0);
}
