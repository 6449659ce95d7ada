/*
 * fuzz_zonediff.c - a version and changes to it: the delta is refused exactly
 * when a change does not fit, and otherwise gives what the whole would.
 *
 * Four octets are a record: verb and name, type, TTL, rdata. The first octet
 * of the input says how many of them make the old version.
 */
#include <stdlib.h>
#include <string.h>

#include "common/dns/page.h"
#include "tests/lib/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RECORDS = 200, NAMES = 60 };

static void
must(bool ok)
{
	if (!ok)
		abort();
}

/* Some names with bodies that fill pages, all in the normal tree. */
static void
make(const uint8_t *p, struct content_rr *rr)
{
	static const uint16_t types[] = { 1, 16, 28, 15, 65280, 2, 5, 99 };
	unsigned name = p[0] % NAMES;
	size_t n = 0;

	memset(rr, 0, sizeof(*rr));
	rr->verb = p[0] & 0x80 ? ZONEDIFF_DELETE : ZONEDIFF_ADD;
	rr->key[n++] = OWNERKEY_TREE_NORMAL;
	if (name > 0) {
		rr->key[n++] = (uint8_t)('a' + name % 5);
		rr->key[n++] = 0;
		if (name >= 5) {
			rr->key[n++] = (uint8_t)('a' + name / 5);
			rr->key[n++] = 0;
		}
	}
	rr->key_len = (uint16_t)n;
	rr->type = types[p[1] % 8];
	rr->ttl = 1 + p[2] % 3u;
	switch (rr->type) {
	case 1:
		rr->rdlen = 4;
		break;
	case 28:
		rr->rdlen = 16;
		break;
	case 15:
		memcpy(rr->rdata, "\0\1\1x", 5);
		rr->rdata[3] = (uint8_t)('A' + p[3] % 40);
		rr->rdlen = 5;
		return;
	case 2:
	case 5:
		rr->rdata[0] = 1;
		rr->rdata[1] = (uint8_t)('A' + p[3] % 40);
		rr->rdlen = 3;
		return;
	case 16:
	case 99:
		rr->rdata[0] = 200;
		rr->rdlen = 201;
		rr->rdata[1] = p[3];
		return;
	default:
		rr->rdlen = (uint16_t)(p[3] & 1 ? 380 : p[3]);
		if (rr->rdlen == 0)
			return;
	}
	rr->rdata[rr->rdlen - 1] = p[3];
}

/* The letters of the rdata's names do not count. */
static size_t
find(const struct content *c, const struct content_rr *rr)
{
	struct content_rr a = *rr, b;

	rr_canonical_in_place(a.type, a.rdata, a.rdlen);
	for (size_t i = 0; i < c->n; i++) {
		if (c->rr[i].type != rr->type ||
		    content_compare_owner(&c->rr[i], rr) != 0)
			continue;
		b = c->rr[i];
		rr_canonical_in_place(b.type, b.rdata, b.rdlen);
		if (a.rdlen == b.rdlen &&
		    memcmp(a.rdata, b.rdata, a.rdlen) == 0)
			return i;
	}
	return c->n;
}

static void
same_stream(const struct version *a, const struct version *b)
{
	struct buf x, y;

	buf_init(&x, 1 << 24);
	buf_init(&y, 1 << 24);
	version_stream(a, &x);
	version_stream(b, &y);
	must(x.len == y.len && (x.len == 0 ||
	    memcmp(x.data, y.data, x.len) == 0));
	buf_fini(&x);
	buf_fini(&y);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct content c = { 0 }, ops = { 0 };
	struct version_run first, delta, full;
	struct zonediff_result res;
	struct content_rr rr;
	size_t n = 0, n_old;
	enum err e;

	if (size < 5)
		return 0;
	n_old = 1 + data[0] % RECORDS;
	for (data++, size--; size >= 4 && n < RECORDS; data += 4, size -= 4) {
		make(data, &rr);
		rr.order = (uint32_t)n++;
		if (n <= n_old) {
			if (find(&c, &rr) == c.n) {
				/* Regular: one TTL a set. */
				rr.ttl = 1 + rr.type % 3u;
				content_add(&c, &rr);
			}
			continue;
		}
		content_add(&ops, &rr);
	}
	if (c.n > 0)
		qsort(c.rr, c.n, sizeof(*c.rr), content_by_key);
	if (ops.n > 0)
		qsort(ops.rr, ops.n, sizeof(*ops.rr), content_by_key);
	if (c.n == 0 || version_run(&first, NULL, &c, false, &res) != OK) {
		if (c.n > 0)
			version_free(&first.out);
		goto out;
	}
	e = version_run(&delta, &first.out, &ops, true, &res);
	for (size_t i = 0; i < delta.out.n; i++)
		must(page_validate(delta.out.leaves[i].body,
		    delta.out.leaves[i].body_len) == OK);
	if (e == OK) {
		/* Strict, in the order of the changes. */
		for (size_t i = 0; i < ops.n; i++) {
			size_t at = find(&c, &ops.rr[i]);

			must((at < c.n) ==
			    (ops.rr[i].verb == ZONEDIFF_DELETE));
			if (at < c.n)
				c.rr[at] = c.rr[--c.n];
			else
				content_add(&c, &ops.rr[i]);
		}
		must(c.n > 0);
		qsort(c.rr, c.n, sizeof(*c.rr), content_by_key);
		must(version_run(&full, &first.out, &c, false, &res) == OK);
		same_stream(&delta.out, &full.out);
		version_free(&full.out);
	} else {
		must(e == ERR_MISMATCH || e == ERR_LIMIT || e == ERR_INVALID);
	}
	version_free(&delta.out);
	version_free(&first.out);
out:
	content_free(&c);
	content_free(&ops);
	return 0;
}
