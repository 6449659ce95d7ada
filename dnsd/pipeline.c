/*
 * pipeline.c - messages of many connections, answered together.
 * See pipeline.h.
 *
 * A read goes into the scratch, behind what was left of the last one; jobs
 * point there.  Only the unfinished tail is kept with the connection.  An
 * answer that does not fit the output takes its request back in front of the
 * tail: order is nobody's promise (RFC 7766 7).
 */
#include <string.h>

#include "common/base/check.h"
#include "common/base/now.h"
#include "dnsd/octets.h"
#include "dnsd/pipeline.h"
#include "dnsd/worker.h"

static_assert((int)PIPELINE_SCRATCH_MAX >= (int)PIPELINE_IN_MAX +
    (int)PIPELINE_READ_MAX, "a full input and a read");
static_assert((int)PIPELINE_JOB_STRIDE >= (int)ANSWER_TCP_MAX, "an answer");
static_assert((int)PIPELINE_BUFFERS_MAX <= (int)BUFPOOL_MAX, "a pool");

enum err
pipeline_init(struct pipeline *p, const struct pipeline_conf *conf)
{
	enum err e;

	p->conf = *conf;
	p->n = 0;
	p->scratch_len = 0;
	memset(&p->out, 0, sizeof(p->out));
	e = bufpool_init(&p->in, conf->buffers, PIPELINE_IN_MAX);
	if (e == OK)
		e = bufpool_init(&p->out, conf->buffers, PIPELINE_OUT_MAX);
	if (e != OK)
		pipeline_fini(p);
	return e;
}

void
pipeline_fini(struct pipeline *p)
{
	bufpool_fini(&p->in);
	bufpool_fini(&p->out);
}

static void
in_release(struct pipeline *p, struct pipeline_conn *c)
{
	if (c->in != NULL)
		bufpool_give(&p->in, c->in, c->in_high);
	c->in = NULL;
	c->in_len = c->in_high = 0;
}

static void
out_release(struct pipeline *p, struct pipeline_conn *c)
{
	if (c->out != NULL)
		bufpool_give(&p->out, c->out, c->out_high);
	c->out = NULL;
	c->out_at = c->out_len = c->out_high = 0;
}

void
pipeline_close(struct pipeline *p, struct pipeline_conn *c)
{
	CHECK(c->n_jobs == 0);
	in_release(p, c);
	out_release(p, c);
	c->waiting = false;
}

/* Room for @n bytes in front of (@front) or behind what waits. */
static uint8_t *
in_grow(struct pipeline *p, struct pipeline_conn *c, size_t n, bool front)
{
	uint8_t *at;

	CHECK(c->in_len + n <= PIPELINE_IN_MAX);
	if (c->in == NULL)
		c->in = bufpool_take(&p->in);
	if (c->in == NULL) {
		control_add(p->conf.count, CONTROL_tcp_no_buffer, 1);
		c->broken = true;
		return NULL;
	}
	at = front ? c->in : c->in + c->in_len;
	if (front)
		memmove(c->in + n, c->in, c->in_len);
	c->in_len += (uint32_t)n;
	c->in_high = MAX(c->in_high, c->in_len);
	return at;
}

/* Where to put @n bytes of output; NULL when there is no room. */
static uint8_t *
out_grow(struct pipeline *p, struct pipeline_conn *c, size_t n)
{
	uint8_t *at;

	if (c->out == NULL)
		c->out = bufpool_take(&p->out);
	if (c->out == NULL) {
		control_add(p->conf.count, CONTROL_tcp_no_buffer, 1);
		c->broken = true;
		return NULL;
	}
	if (PIPELINE_OUT_MAX - c->out_len < n && c->out_at > 0) {
		memmove(c->out, c->out + c->out_at, c->out_len - c->out_at);
		c->out_len -= c->out_at;
		c->out_at = 0;
	}
	if (PIPELINE_OUT_MAX - c->out_len < n)
		return NULL;
	at = c->out + c->out_len;
	c->out_len += (uint32_t)n;
	c->out_high = MAX(c->out_high, c->out_len);
	return at;
}

void
pipeline_sent(struct pipeline *p, struct pipeline_conn *c, size_t n)
{
	CHECK(n <= c->out_len - c->out_at);
	c->out_at += (uint32_t)n;
	if (c->out_at == c->out_len)
		out_release(p, c);
}

/* Is there so much output that no more questions are to be taken? */
static bool
out_full(const struct pipeline_conn *c)
{
	return PIPELINE_OUT_MAX - (c->out_len - c->out_at) < PIPELINE_ONE_MAX;
}

enum err
pipeline_put(struct pipeline *p, struct pipeline_conn *c, const uint8_t *msg,
    size_t len)
{
	uint8_t *out;

	if (len < PIPELINE_MESSAGE_MIN || len > PIPELINE_MESSAGE_MAX)
		return ERR_MALFORMED;
	out = out_grow(p, c, len + 2);
	if (out == NULL)
		return ERR_LIMIT;
	octets_put16(out, (unsigned)len);
	memcpy(out + 2, msg, len);
	return OK;
}

static void
job_send(struct pipeline *p, unsigned i, size_t len)
{
	struct pipeline_job *j = &p->todo[i];
	struct pipeline_conn *c = j->conn;
	enum err e = pipeline_put(p, c, p->answer[i], len);

	if (e == ERR_LIMIT && !c->broken) {
		p->conf.flush(p->conf.arg, c);
		if (!c->broken)
			e = pipeline_put(p, c, p->answer[i], len);
	}
	if (e == OK) {
		worker_count(p->conf.count, p->conf.zones, &p->job[i]);
		control_add(p->conf.count, CONTROL_tcp_answers, 1);
	} else if (!c->broken) {
		uint8_t *in = in_grow(p, c, j->len + 2u, true);

		if (in != NULL) {
			octets_put16(in, j->len);
			memcpy(in + 2, j->msg, j->len);
			c->waiting = true;
		}
	}
}

static void
job_finish(struct pipeline *p, unsigned i)
{
	struct pipeline_job *j = &p->todo[i];
	size_t len = 0;

	j->conn->n_jobs--;
	switch (answer_finish(&p->job[i], &len)) {
	case ANSWER_SEND:
		job_send(p, i, len);
		break;
	case ANSWER_NOTIFY:
		p->conf.notify(p->conf.arg, j->conn, j->msg, j->len);
		break;
	case ANSWER_DROP:
		control_add(p->conf.count, CONTROL_dropped, 1);
		break;
	}
}

static void
job_begin(struct pipeline *p, unsigned i, int64_t now, uint32_t wall_s)
{
	const struct pipeline_job *j = &p->todo[i];
	struct answer_facts f = {
		.request = j->msg,
		.request_len = j->len,
		.out = p->answer[i],
		.out_max = ANSWER_TCP_MAX,
		.transport = p->conf.transport,
		.source_port = j->conn->peer.port,
		.client = j->conn->peer.ip,
		.client_len = j->conn->peer.family == 4 ? 4 : 16,
		.stripe = j->conn->stripe,
		.now_boot_ms = now,
		.now_wall_s = wall_s,
	};

	answer_begin(&p->job[i], p->conf.ctx, &f);
}

void
pipeline_run(struct pipeline *p)
{
	uint8_t live[ANSWER_LOCKSTEP];
	unsigned n_live = p->n, kept;
	int64_t now;
	uint32_t wall_s;

	p->scratch_len = 0;
	if (p->n == 0)
		return;
	now = now_boot_ms();
	wall_s = (uint32_t)(now_wall_ms() / 1000);
	control_enter(p->conf.reader, p->conf.super);
	for (unsigned i = 0; i < p->n; i++) {
		job_begin(p, i, now, wall_s);
		live[i] = (uint8_t)i;
	}
	while (n_live > 0) {
		kept = 0;
		for (unsigned i = 0; i < n_live; i++) {
			if (answer_step(&p->job[live[i]]))
				live[kept++] = live[i];
			else
				job_finish(p, live[i]);
		}
		n_live = kept;
	}
	control_leave(p->conf.reader);
	control_add(p->conf.count, CONTROL_tcp_queries, p->n);
	p->n = 0;
}

uint8_t *
pipeline_room(struct pipeline *p, struct pipeline_conn *c, size_t *out_max)
{
	uint8_t *at;

	CHECK(c->in_len <= PIPELINE_IN_MAX);
	if (PIPELINE_SCRATCH_MAX - p->scratch_len <
	    c->in_len + PIPELINE_READ_MAX)
		pipeline_run(p);
	at = p->scratch + p->scratch_len;
	if (c->in_len > 0)
		memcpy(at, c->in, c->in_len);
	*out_max = PIPELINE_READ_MAX;
	return at + c->in_len;
}

/* @len bytes at @data, in the scratch: messages become jobs. */
static enum err
split(struct pipeline *p, struct pipeline_conn *c, const uint8_t *data,
    size_t len)
{
	size_t at = 0, size;
	uint8_t *tail;
	enum err e = OK;

	c->in_len = 0;
	c->waiting = false;
	while (len - at >= 2) {
		size = octets_get16(data + at);
		if (size < PIPELINE_MESSAGE_MIN) {
			control_add(p->conf.count, CONTROL_tcp_malformed, 1);
			e = ERR_MALFORMED;
			len = at;	/* the rest is nothing */
			break;
		}
		if (len - at - 2 < size)
			break;
		if (p->n == ANSWER_LOCKSTEP)
			pipeline_run(p);
		if (c->broken || c->waiting || out_full(c)) {
			c->waiting = true;
			break;
		}
		p->todo[p->n++] = (struct pipeline_job){ c, data + at + 2,
		    (uint32_t)size };
		c->n_jobs++;
		c->n_messages++;
		at += 2 + size;
	}
	/* Jobs of this data stay readable until they are run. */
	p->scratch_len = p->n == 0 ? 0 :
	    (uint32_t)(data + at - p->scratch);
	if (at < len) {
		tail = in_grow(p, c, len - at, false);
		if (tail != NULL)
			memcpy(tail, data + at, len - at);
	} else if (c->in_len == 0) {
		in_release(p, c);
	}
	return e;
}

enum err
pipeline_took(struct pipeline *p, struct pipeline_conn *c, size_t n)
{
	CHECK(n <= PIPELINE_READ_MAX);
	CHECK(!c->waiting);
	return split(p, c, p->scratch + p->scratch_len, c->in_len + n);
}

enum err
pipeline_resume(struct pipeline *p, struct pipeline_conn *c)
{
	size_t max;
	uint8_t *end;

	if (!c->waiting || c->broken || out_full(c))
		return OK;
	end = pipeline_room(p, c, &max);
	return split(p, c, end - c->in_len, c->in_len);
}
