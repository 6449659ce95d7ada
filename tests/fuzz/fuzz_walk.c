/*
 * Answers to questions of the check role, through the frame to keep, and the
 * walk that asks them: whatever servers say, it ends within its bounds.
 *
 * Input: a byte of wants, then messages (u16 length each); each answers the
 * oldest question that waits.  When there are no more, nobody answers.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xferd/check_answer.h"
#include "xferd/walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct check_answer said;
static struct handoff_said records[HANDOFF_ANSWER_RECORDS_MAX];

static struct walk_answer
read_one(const struct walk_question *q, const uint8_t *msg, size_t len)
{
	static uint8_t frame[HANDOFF_LARGE_MAX];
	struct handoff_answer h = { .cookie = 1 }, back;
	struct walk_answer a = { .reason = HANDOFF_TIMEOUT_FIRST };
	size_t n;

	check_answer_read(msg, len, q->name, q->name_len, q->type, false, true,
	    &said);
	if (said.reason != HANDOFF_OK) {
		a.reason = said.reason;
		return a;
	}
	h.facts = said.facts;
	h.aa = said.aa;
	h.cut = said.cut;
	h.n_records = said.n_records;
	h.records = said.records;
	h.records_len = said.records_len;
	/* What one side makes, the other takes. */
	if (handoff_answer_encode(&h, frame, sizeof(frame), &n) != OK ||
	    handoff_answer_decode(frame, n, &back) != OK ||
	    handoff_said_all(&back, records) != OK)
		abort();
	a.reason = HANDOFF_OK;
	a.rcode = back.facts.rcode;
	a.aa = back.aa;
	a.cut = back.cut;
	a.n_records = back.n_records;
	a.records = records;
	return a;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct walk_conf conf = { .n_roots = 2, .port = 53 };
	struct walk_question q[WALK_SLOTS];
	struct walk_cache *cache;
	struct handoff_answer any;
	struct walk *w;
	unsigned n = 0, total = 0;

	if (size < 1 || walk_cache_new(&cache) != OK)
		return 0;
	if (handoff_answer_decode(data, size, &any) == OK)
		(void)!handoff_said_all(&any, records);
	conf.roots[0].family = conf.roots[1].family = 4;
	if (walk_new(&conf, cache, (const uint8_t *)"\1a\1b\4test",
	    data[0] & 15, data[0], &w) != OK)
		abort();
	data++;
	size--;
	while (!walk_done(w)) {
		struct walk_answer a = { .reason = HANDOFF_TIMEOUT_FIRST };

		while (walk_next(w, 1, &q[n])) {
			if (++n > WALK_SLOTS || ++total > WALK_QUESTIONS_MAX)
				abort();
			if (n == WALK_SLOTS)
				break;
		}
		if (n == 0)
			break;
		if (size >= 2) {
			size_t len = (size_t)data[0] << 8 | data[1];

			if (len > size - 2)
				len = size - 2;
			a = read_one(&q[0], data + 2, len);
			data += 2 + len;
			size -= 2 + len;
		}
		walk_take(w, q[0].slot, &a, 1);
		memmove(q, q + 1, --n * sizeof(q[0]));
	}
	if (!walk_done(w))
		abort();
	walk_free(w);
	walk_cache_free(cache);
	return 0;
}
