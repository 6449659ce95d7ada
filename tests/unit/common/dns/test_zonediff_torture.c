/*
 * test_zonediff_torture.c - the k-th allocation fails, for every k: an error
 * comes back and nothing is leaked (ASan says so).
 *
 * This program has its own copy of the room buf, with an allocator that can
 * be told to fail.
 */
#include <stdlib.h>

static void *torture_realloc(void *p, size_t n);

#define realloc torture_realloc
#include "common/base/buf.c"		/* instead of the archive's */
#undef realloc

#include "tests/lib/content.h"
#include "tests/lib/test.h"
#include "tests/lib/version.h"

static long torture_left = -1;		/* -1: never fail */

static void *
torture_realloc(void *p, size_t n)
{
	if (torture_left == 0)
		return NULL;
	if (torture_left > 0)
		torture_left--;
	return realloc(p, n);
}

static void
make_zone(struct content *c, unsigned n)
{
	struct content_rr rr = { .key_len = 1, .type = RRTYPE_SOA,
	    .rdlen = 22, .ttl = 60 };

	content_add(c, &rr);
	rr.type = RRTYPE_A;
	rr.rdlen = 4;
	for (unsigned i = 0; i < n; i++) {
		rr.key_len = (uint16_t)(2 + snprintf((char *)rr.key + 1, 20,
		    "name%07u", i));
		content_add(c, &rr);
	}
}

static enum err
ignore_node(void *arg, const struct tree_node *node)
{
	(void)arg;
	(void)node;
	return OK;
}

TEST(zonediff_survives_the_failure_of_each_allocation)
{
	struct content c = { 0 }, ops = { 0 };
	struct zonediff_result res;
	struct version_run run, delta;
	long k;
	enum err e;

	make_zone(&c, 2000);
	for (size_t i = 1; i < c.n; i++)	/* the last pages, nearly all */
		if (i > 1200 && i % 100 != 0) {
			content_add(&ops, &c.rr[i]);
			ops.rr[ops.n - 1].verb = ZONEDIFF_DELETE;
		}
	for (k = 0; ; k++) {
		torture_left = k;
		e = version_run(&run, NULL, &c, false, &res);
		torture_left = -1;
		if (e == OK)
			break;
		assert_err(e, ERR_NO_MEMORY);
		version_free(&run.out);
		assert_true(k < 1000);
	}
	assert_true(k > 5);
	for (k = 0; ; k++) {
		torture_left = k;
		e = version_run(&delta, &run.out, &ops, true, &res);
		torture_left = -1;
		version_free(&delta.out);
		if (e == OK)
			break;
		assert_err(e, ERR_NO_MEMORY);
		assert_true(k < 1000);
	}
	assert_true(k > 5);
	version_free(&run.out);
	content_free(&c);
	content_free(&ops);
}

TEST(tree_build_survives_the_failure_of_each_allocation)
{
	static struct tree_ref leaves[1000];
	static uint8_t keys[1000][16];
	struct tree_root root;
	enum err e = ERR_INTERNAL;

	for (unsigned i = 0; i < COUNT_OF(leaves); i++) {
		leaves[i].low = keys[i];
		leaves[i].low_len = i == 0 ? 1 : (uint16_t)(2 + snprintf(
		    (char *)keys[i] + 1, 12, "%05u", i));
	}
	for (long k = 0; k < 100 && e != OK; k++) {
		torture_left = k;
		e = tree_build(leaves, COUNT_OF(leaves), NULL, ignore_node,
		    NULL, &root);
		torture_left = -1;
		if (e != OK)
			assert_err(e, ERR_NO_MEMORY);
	}
	assert_ok(e);
}
