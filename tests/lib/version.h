/*
 * version.h - a stored version for tests of zonediff and tree: what the
 * database would hold, in memory.
 */
#ifndef TESTS_LIB_VERSION_H
#define TESTS_LIB_VERSION_H

#include "common/dns/tree.h"
#include "common/dns/zonediff.h"
#include "tests/lib/content.h"

struct version {
	struct zonediff_leaf *leaves;	/* keys and bodies are malloc'ed */
	size_t n, cap;
};

static inline void *
version_dup(const void *p, size_t n)
{
	void *q = p != NULL ? malloc(n + 1) : NULL;

	if (q != NULL)
		memcpy(q, p, n);
	return q;
}

static inline void
version_add(struct version *v, const struct zonediff_leaf *leaf,
    const uint8_t *body, size_t len)
{
	struct zonediff_leaf *l;

	if (v->n == v->cap) {
		v->cap = v->cap == 0 ? 16 : v->cap * 2;
		v->leaves = realloc(v->leaves, v->cap * sizeof(*v->leaves));
		if (v->leaves == NULL)
			abort();
	}
	l = &v->leaves[v->n++];
	*l = *leaf;
	l->low = version_dup(leaf->low, leaf->low_len);
	l->high = version_dup(leaf->high, leaf->high_len);
	l->body = version_dup(body, len);
	l->body_len = len;
}

static inline void
version_free(struct version *v)
{
	for (size_t i = 0; i < v->n; i++) {
		free((void *)(uintptr_t)v->leaves[i].low);
		free((void *)(uintptr_t)v->leaves[i].high);
		free((void *)(uintptr_t)v->leaves[i].body);
	}
	free(v->leaves);
	memset(v, 0, sizeof(*v));
}

/* One run of zonediff. */
struct version_run {
	const struct version *old;
	const struct content *in;
	size_t at;
	size_t n_fetched;
	struct version out;
};

static inline enum err
version_next(void *arg, struct zonediff_record *out, bool *out_end)
{
	struct version_run *run = arg;
	const struct content_rr *rr;

	*out_end = run->at == run->in->n;
	if (*out_end)
		return OK;
	rr = &run->in->rr[run->at];
	*out = (struct zonediff_record){
		.key = rr->key, .key_len = rr->key_len, .type = rr->type,
		.ttl = rr->ttl, .rdata = rr->rdata, .rdlen = rr->rdlen,
		.verb = rr->verb,
	};
	run->at++;
	return OK;
}

static inline enum err
version_fetch(void *arg, size_t index, const uint8_t **out_body,
    size_t *out_len)
{
	struct version_run *run = arg;

	run->n_fetched++;
	*out_body = run->old->leaves[index].body;
	*out_len = run->old->leaves[index].body_len;
	return OK;
}

static inline enum err
version_leaf(void *arg, const struct zonediff_leaf *leaf)
{
	struct version_run *run = arg;
	const struct zonediff_leaf *old;

	if (!leaf->kept) {
		version_add(&run->out, leaf, leaf->body, leaf->body_len);
		return OK;
	}
	old = &run->old->leaves[leaf->old_index];
	version_add(&run->out, leaf, old->body, old->body_len);
	return OK;
}

static inline enum err
version_run(struct version_run *run, const struct version *old,
    const struct content *in, bool delta, struct zonediff_result *out)
{
	struct zonediff_io io = {
		.arg = run, .next = version_next, .fetch = version_fetch,
		.leaf = version_leaf,
	};

	memset(run, 0, sizeof(*run));
	run->old = old;
	run->in = in;
	if (old != NULL) {
		io.old = old->leaves;
		io.n_old = old->n;
	}
	return delta ? zonediff_delta(&io, out) : zonediff_full(&io, out);
}

static inline void
version_stream(const struct version *v, struct buf *out)
{
	for (size_t i = 0; i < v->n; i++)
		content_stream_page(v->leaves[i].body, out);
}

#endif
