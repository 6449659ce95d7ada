/*
 * fuzz_query.c - the request parser alone, over an exact copy of any octets;
 * whatever it says of them lies inside them.
 */
#include <stdlib.h>
#include <string.h>

#include "dnsd/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
check_question(const struct query *q, const uint8_t *msg, size_t size)
{
	const uint8_t *name = msg + QUERY_HEADER;
	size_t at = 0;

	must(q->question_end >= QUERY_HEADER && q->question_end <= size);
	must(q->n_labels <= QUERY_LABELS_MAX);
	if (q->qname_len == 0) {
		must(q->n_labels == 0);
		return;
	}
	must(q->question_end == QUERY_HEADER + q->qname_len + 4u);
	for (unsigned i = 0; i < q->n_labels; i++) {
		must(q->label_at[i] == at && name[at] >= 1 && name[at] <= 63);
		at += 1u + name[at];
	}
	must(at + 1 == q->qname_len && name[at] == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *msg = malloc(size > 0 ? size : 1);
	struct query q, again;
	enum query_verdict v;

	must(msg != NULL);
	memcpy(msg, data, size);
	memset(&q, 0xa5, sizeof(q));
	v = query_parse(msg, size, &q);
	if (v != QUERY_DROP && v != QUERY_RELAY) {
		must(size >= QUERY_HEADER);
		check_question(&q, msg, size);
		if (q.tsig_at != 0)
			must(q.tsig_at < q.tsig_end && q.tsig_end <= size);
		if (v == QUERY_ERROR)
			must(q.rcode != QUERY_NOERROR);
		must(!q.edns.present || q.edns.payload >= EDNS_PAYLOAD_MIN);
	}
	if (v == QUERY_GOOD || v == QUERY_CHAOS)
		must(q.qname_len > 0);
	/* The same again, whatever was in the struct before. */
	memset(&again, 0x5a, sizeof(again));
	must(query_parse(msg, size, &again) == v);
	if (v != QUERY_DROP && v != QUERY_RELAY) {
		must(v != QUERY_ERROR || again.rcode == q.rcode);
		must(again.qtype == q.qtype);
		must(again.question_end == q.question_end);
	}
	free(msg);
	return 0;
}
