/*
 * bench_page.c - what building and reading pages costs.
 *
 *	bench_page [delegations]		default 1,000,000
 *
 * Makes a zone of delegations (2.5 records each: two NS, every other with a
 * DS) in canonical order in memory, then times, in CPU seconds of one thread:
 * a first version, an unchanged one, an IXFR of one record, 1000 records all
 * over, node levels, validation, digests, and lookups on warm and cold pages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/dns/dname.h"
#include "common/dns/page.h"
#include "common/dns/tree.h"
#include "common/dns/zonediff.h"
#include "tests/lib/rng.h"

struct world {
	struct zonediff_record *in;
	size_t n_in, at;
	uint8_t *spool;
	struct zonediff_leaf *leaves;
	size_t n, cap;
	struct zonediff_leaf *old;
	size_t n_old;
	bool store;
};

static double
cpu_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static enum err
next(void *arg, struct zonediff_record *out, bool *out_end)
{
	struct world *w = arg;

	*out_end = w->at == w->n_in;
	if (!*out_end)
		*out = w->in[w->at++];
	return OK;
}

static enum err
fetch(void *arg, size_t index, const uint8_t **out_body, size_t *out_len)
{
	struct world *w = arg;

	*out_body = w->old[index].body;
	*out_len = w->old[index].body_len;
	return OK;
}

static void *
dup(const void *p, size_t n)
{
	void *q = p == NULL ? NULL : aligned_alloc(64, (n + 63) / 64 * 64);

	if (q != NULL)
		memcpy(q, p, n);
	return q;
}

static enum err
leaf(void *arg, const struct zonediff_leaf *l)
{
	struct world *w = arg;

	if (!w->store)
		return OK;
	if (w->n == w->cap) {
		w->cap = w->cap * 2 + 64;
		w->leaves = realloc(w->leaves, w->cap * sizeof(*w->leaves));
	}
	w->leaves[w->n] = *l;
	w->leaves[w->n].low = dup(l->low, l->low_len);
	w->leaves[w->n].high = dup(l->high, l->high_len);
	w->leaves[w->n++].body = dup(l->body, l->body_len);
	return OK;
}

static void
record(struct world *w, size_t *at, const uint8_t *key, uint16_t key_len,
    uint16_t type, const void *rdata, uint16_t rdlen)
{
	struct zonediff_record *r = &w->in[w->n_in++];
	uint8_t *p = w->spool + *at;

	memcpy(p, key, key_len);
	memcpy(p + key_len, rdata, rdlen);
	*r = (struct zonediff_record){ .key = p, .key_len = key_len,
	    .rdata = p + key_len, .rdlen = rdlen, .type = type, .ttl = 3600 };
	*at += (size_t)key_len + rdlen;
}

static void
make_zone(struct world *w, size_t n)
{
	static const char soa[] = "\2ns\4host\3net\0\1h\4host\3net";
	struct rng r = { 7 };
	uint8_t rdata[64], key[64] = { 0 };
	size_t at = 0;

	w->in = malloc((3 * n + 1) * sizeof(*w->in));
	w->spool = malloc((3 * n + 1) * 96);
	memset(rdata, 0, sizeof(rdata));
	memcpy(rdata, soa, 25);
	record(w, &at, key, 1, 6, rdata, 45);
	for (size_t i = 0; i < n; i++) {
		int len = snprintf((char *)key + 1, 40, "domain-%07zu", i);
		unsigned host = rng_below(&r, 5000);

		len += 2;
		for (unsigned k = 1; k <= 2; k++) {
			int m = snprintf((char *)rdata + 1, 40,
			    "ns%u-host%04u", k, host);

			rdata[0] = (uint8_t)m;
			memcpy(rdata + 1 + m, "\7example\3net", 13);
			record(w, &at, key, (uint16_t)len, 2, rdata,
			    (uint16_t)(m + 14));
		}
		if (i % 2 == 0) {
			for (size_t k = 0; k < 36; k++)
				rdata[k] = (uint8_t)rng_u64(&r);
			record(w, &at, key, (uint16_t)len, 43, rdata, 36);
		}
	}
}

static struct zonediff_result
timed(struct world *w, const char *what, bool delta)
{
	struct zonediff_io io = { .arg = w, .next = next, .fetch = fetch,
	    .leaf = leaf, .old = w->old, .n_old = w->n_old };
	struct zonediff_result res;
	double t = cpu_s();
	enum err e;

	w->at = 0;
	e = delta ? zonediff_delta(&io, &res) : zonediff_full(&io, &res);
	t = cpu_s() - t;
	printf("%-34s %8.3f s   %zu records in, %zu pages, %zu written, "
	    "%.1f MB%s\n", what, t, w->n_in, res.n_leaves, res.n_new,
	    (double)res.n_bytes / 1e6, e == OK ? "" : "   FAILED");
	return res;
}

static enum err
node_sink(void *arg, const struct tree_node *node)
{
	*(size_t *)arg += node->len;
	return OK;
}

static void
bench_tree(struct world *w)
{
	struct tree_ref *refs = calloc(w->n, sizeof(*refs));
	struct tree_root root;
	size_t n_bytes = 0;
	double t;

	for (size_t i = 0; i < w->n; i++) {
		refs[i].low = w->leaves[i].low;
		refs[i].low_len = w->leaves[i].low_len;
		refs[i].digest = w->leaves[i].digest;
	}
	t = cpu_s();
	if (tree_build(refs, w->n, NULL, node_sink, &n_bytes, &root) != OK)
		printf("tree_build failed\n");
	t = cpu_s() - t;
	printf("%-34s %8.4f s   level %u, %.1f KB\n", "nodes over all pages",
	    t, root.level, (double)n_bytes / 1e3);
	free(refs);
}

static void
bench_validate(struct world *w)
{
	struct digest d;
	size_t n_bytes = 0, n_bad = 0;
	double t = cpu_s(), u;

	for (size_t i = 0; i < w->n; i++) {
		n_bad += page_validate(w->leaves[i].body,
		    w->leaves[i].body_len) != OK;
		n_bytes += w->leaves[i].body_len;
	}
	t = cpu_s() - t;
	u = cpu_s();
	for (size_t i = 0; i < w->n; i++)
		digest_of(w->leaves[i].body, w->leaves[i].body_len, &d);
	u = cpu_s() - u;
	printf("%-34s %8.3f s   %.0f MB/s, %zu bad\n", "validate all pages",
	    t, (double)n_bytes / t / 1e6, n_bad);
	printf("%-34s %8.3f s   %.0f MB/s\n", "digest all pages", u,
	    (double)n_bytes / u / 1e6);
}

/* Lookups of names that exist, in random order: page known, page cold. */
static void
bench_find(struct world *w, size_t n_names, bool hit)
{
	enum { N = 1000000 };
	struct rng r = { 99 };
	uint32_t *page_of = calloc(N, sizeof(*page_of));
	uint8_t (*key)[24] = calloc(N, sizeof(*key));
	struct tree_ref *refs = calloc(w->n, sizeof(*refs));
	uint64_t sum = 0;
	double t, find, seek;

	for (size_t i = 0; i < w->n; i++) {
		refs[i].low = w->leaves[i].low;
		refs[i].low_len = w->leaves[i].low_len;
	}
	for (size_t i = 0; i < N; i++) {
		snprintf((char *)key[i] + 1, 22, hit ? "domain-%07u" :
		    "domain-%07ux", rng_below(&r, (uint32_t)n_names));
		page_of[i] = (uint32_t)tree_refs_find(refs, w->n, key[i],
		    16);
	}
	t = cpu_s();
	for (size_t i = 0; i < N; i++) {
		size_t len = hit ? 16 : 17;

		sum += page_find(w->leaves[page_of[i]].body, key[i], len,
		    page_hash(key[i], len));
	}
	find = cpu_s() - t;
	t = cpu_s();
	for (size_t i = 0; i < N; i++) {
		bool exact;

		sum += page_seek(w->leaves[page_of[i]].body, key[i],
		    hit ? 16 : 17, &exact);
	}
	seek = cpu_s() - t;
	printf("%-34s %8.0f ns  seek %.0f ns (random pages; sum %llx)\n",
	    hit ? "find, name exists" : "find, name does not exist",
	    find / N * 1e9, seek / N * 1e9, (unsigned long long)sum);
	free(page_of);
	free(key);
	free(refs);
}

int
main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000000;
	struct world w = { 0 };
	struct zonediff_record *all, *few;
	uint8_t (*rdata)[64];
	size_t n_all;

	make_zone(&w, n);
	timed(&w, "first version, sink drops pages", false);
	w.store = true;
	timed(&w, "first version, pages copied out", false);
	w.store = false;
	w.old = w.leaves;
	w.n_old = w.n;
	timed(&w, "same again (AXFR, nothing changed)", false);
	all = w.in;
	n_all = w.n_in;
	w.n_in = 0;
	timed(&w, "IXFR, no record", true);
	few = calloc(1000, sizeof(*few));
	rdata = calloc(1000, sizeof(*rdata));
	for (size_t i = 0; i < 1000; i++) {
		few[i] = all[1 + i * ((n_all - 1) / 1000)];
		few[i].type = 16;
		rdata[i][0] = 63;
		few[i].rdata = rdata[i];
		few[i].rdlen = 64;
	}
	w.in = few;
	w.n_in = 1;
	timed(&w, "IXFR, one record added", true);
	w.n_in = 1000;
	timed(&w, "IXFR, 1000 added all over", true);
	bench_tree(&w);
	bench_validate(&w);
	bench_find(&w, n, true);
	bench_find(&w, n, false);
	return 0;
}
