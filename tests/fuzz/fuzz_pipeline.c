/*
 * fuzz_pipeline.c - streams of any octets in any pieces, taken at any pace.
 *
 * The input is a play for three connections: an octet says whose turn it is
 * and what happens (some of the rest is read, some output is taken, it is
 * closed); runs of the batch come in between. What is written must be whole
 * messages with QR set, buffers stay within their bounds, and nothing is lent
 * when all have gone.
 */
#include <stdlib.h>
#include <string.h>

#include "common/dns/nsec3hash.h"
#include "dnsd/pipeline.h"
#include "tests/lib/testcache.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MUST(expr) \
	do { \
		if (!(expr)) \
			abort(); \
	} while (0)

enum { CONNS = 3, SIZE_STEP = 97 };

struct peer {
	struct pipeline_conn conn;	/* first */
	bool doomed;
	/* The frame that is being taken. */
	uint8_t head[5];
	size_t got, size;
};

static struct testcache cache;
static struct answer_ctx ctx;
static struct control_counters count;
static struct cache_reader reader;
static struct pipeline *pipeline;
static struct peer peer[CONNS];

/* Octets as the client sees them: length, then a message. */
static void
taken(struct peer *p, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p->got < sizeof(p->head))
			p->head[p->got] = bytes[i];
		p->got++;
		if (p->got == 2) {
			p->size = (size_t)p->head[0] << 8 | p->head[1];
			MUST(p->size >= PIPELINE_MESSAGE_MIN);
		}
		if (p->got == 5)
			MUST((p->head[4] & 0x80) != 0);
		if (p->got == 2 + p->size)
			p->got = p->size = 0;
	}
}

static void
take(struct peer *p, size_t most)
{
	size_t len;
	const uint8_t *out = pipeline_output(&p->conn, &len);

	if (out == NULL)
		return;
	MUST(p->conn.out_len <= PIPELINE_OUT_MAX);
	len = MIN(len, most);
	taken(p, out, len);
	pipeline_sent(pipeline, &p->conn, len);
}

static void
on_flush(void *arg, struct pipeline_conn *c)
{
	(void)arg;
	take((struct peer *)(void *)c, 40000);
}

static void
on_notify(void *arg, struct pipeline_conn *c, const uint8_t *msg, size_t len)
{
	(void)arg;
	(void)c;
	MUST(len >= PIPELINE_MESSAGE_MIN);
	MUST((msg[2] >> 3 & 15) == 4);
}

static void
setup(void)
{
	struct testcache_zone *z;
	struct pipeline_conf conf = {
		.ctx = &ctx, .transport = ANSWER_TCP, .count = &count,
		.reader = &reader, .buffers = CONNS, .flush = on_flush,
		.notify = on_notify,
	};

	testcache_init(&cache, (size_t)16 << 20);
	z = testcache_add_text(&cache, "e.",
	    "@ 60 IN SOA ns admin 1 2 3 4 5\n@ 60 IN NS ns\n"
	    "ns 60 IN A 192.0.2.1\na 60 IN A 192.0.2.2\n");
	for (int i = 0; i < 200; i++) {
		static const uint8_t owner[] = "\1b\1e";
		uint8_t rdata[251];

		memset(rdata, 'x', sizeof(rdata));
		rdata[0] = 250;
		rdata[1] = (uint8_t)i;
		testcache_add_record(z, owner, 16, 60, rdata, sizeof(rdata));
	}
	testcache_publish(&cache);
	ctx.arena = cache.arena;
	ctx.arena_size = cache.used;
	ctx.udp_max = 1232;
	MUST(nsec3hash_new(&ctx.nsec3hash) == OK);
	conf.super = (const void *)cache.arena;
	pipeline = calloc(1, sizeof(*pipeline));
	MUST(pipeline != NULL);
	MUST(pipeline_init(pipeline, &conf) == OK);
}

static void
leave(struct peer *p)
{
	pipeline_run(pipeline);
	pipeline_close(pipeline, &p->conn);
	memset(p, 0, sizeof(*p));
	p->conn.peer.port = 53535;
}

/* Some of the input; returns how much. */
static size_t
feed(struct peer *p, const uint8_t *data, size_t len)
{
	size_t max;
	uint8_t *buf;

	if (p->doomed)
		return 0;
	if (p->conn.waiting)
		p->doomed = pipeline_resume(pipeline, &p->conn) != OK;
	if (p->doomed || !pipeline_wants(&p->conn))
		return 0;
	buf = pipeline_room(pipeline, &p->conn, &max);
	MUST(max >= PIPELINE_READ_MAX);
	/* The room may run the batch, which may leave it work. */
	if (!pipeline_wants(&p->conn))
		return 0;
	len = MIN(len, max);
	memcpy(buf, data, len);
	p->doomed = pipeline_took(pipeline, &p->conn, len) != OK;
	return len;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	size_t at = 0;

	if (pipeline == NULL)
		setup();
	for (int i = 0; i < CONNS; i++)
		leave(&peer[i]);
	while (at < len) {
		uint8_t op = data[at++];
		struct peer *p = &peer[op % CONNS];
		size_t n = (size_t)(op >> 4) * SIZE_STEP + 1;

		switch (op >> 2 & 3) {
		case 0:
		case 1:
			at += feed(p, data + at, MIN(n, len - at));
			break;
		case 2:
			take(p, n * 64);
			break;
		default:
			if (op == 0xff)
				leave(p);
			else
				pipeline_run(pipeline);
		}
		MUST(p->conn.in_len <= PIPELINE_IN_MAX);
	}
	for (int i = 0; i < CONNS; i++)
		leave(&peer[i]);
	MUST(pipeline->in.n_lent == 0);
	MUST(pipeline->out.n_lent == 0);
	return 0;
}
