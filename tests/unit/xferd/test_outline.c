/* test_outline.c - what a version consists of, remembered, bounded. */
#include "tests/lib/test.h"

#include "xferd/outline.h"

static struct outline *
make(uint8_t zone, int64_t generation, size_t n)
{
	struct outline *o = outline_new();
	struct digest d = { { zone } };

	assert_non_null(o);
	for (size_t i = 0; i < n; i++) {
		uint8_t low[4] = { 0, (uint8_t)(i >> 8), (uint8_t)i, 0 };

		assert_ok(outline_add_leaf(o, low, sizeof(low), &d, 7,
		    i == 0 ? (const uint8_t *)"body" : NULL, 4));
	}
	for (unsigned i = 0; i < 3; i++)
		assert_ok(outline_add_node(o, i == 2 ? 2 : 1,
		    (const uint8_t[]){ (uint8_t)i }, 1, &d));
	outline_seal(o);
	memset(o->zone_id, zone, 16);
	o->generation = generation;
	o->root = d;
	return o;
}

static struct outline *
take(struct outlines *all, uint8_t zone, int64_t generation, uint8_t root)
{
	struct digest d = { { root } };
	uint8_t id[16];

	memset(id, zone, 16);
	return outlines_take(all, id, generation, &d);
}

TEST(an_outline_keeps_copies_and_closes_the_ranges)
{
	struct outline *o = make(1, 1, 1000);

	assert_int_equal(o->n_leaves, 1000);
	for (size_t i = 0; i < 1000; i++) {
		assert_int_equal(o->leaf[i].low[1] << 8 | o->leaf[i].low[2],
		    (int)i);
		if (i < 999)
			assert_ptr_equal(o->leaf[i].high, o->leaf[i + 1].low);
	}
	assert_null(o->leaf[999].high);
	assert_memory_equal(o->leaf[0].body, "body", 4);
	assert_null(o->leaf[1].body);
	assert_int_equal(o->level[0].n, 2);
	assert_int_equal(o->level[1].n, 1);
	assert_ptr_equal(o->level[1].nodes, &o->node[2]);
	outline_free(o);
}

TEST(only_the_outline_of_just_that_version_is_given)
{
	struct outlines *all;
	struct outline *o;

	assert_ok(outlines_new(1 << 20, &all));
	assert_null(take(all, 1, 1, 1));
	outlines_put(all, NULL);
	outlines_put(all, make(1, 5, 2));
	o = take(all, 1, 5, 1);
	assert_non_null(o);
	assert_null(take(all, 1, 5, 1));	/* one owner */
	outlines_put(all, o);
	assert_null(take(all, 1, 6, 1));	/* and then it is dropped */
	assert_null(take(all, 1, 5, 1));
	outlines_put(all, make(1, 5, 2));
	assert_null(take(all, 1, 5, 9));	/* another history */
	assert_int_equal(outlines_bytes(all), 0);
	outlines_put(all, make(1, 5, 2));
	outlines_put(all, make(1, 6, 2));	/* replaces */
	o = take(all, 1, 6, 1);
	assert_non_null(o);
	outline_free(o);
	outlines_free(all);
}

TEST(the_oldest_outlines_make_room)
{
	enum { MAX_BYTES = 100000 };
	struct outlines *all;
	struct outline *o;

	assert_ok(outlines_new(MAX_BYTES, &all));
	for (int i = 0; i < 200; i++) {
		outlines_put(all, make((uint8_t)i, 1, 20));
		assert_true(outlines_bytes(all) <= MAX_BYTES);
	}
	assert_null(take(all, 0, 1, 0));
	o = take(all, 199, 1, 199);
	assert_non_null(o);
	outline_free(o);
	outlines_put(all, make(9, 1, 60000));	/* larger than all room */
	assert_int_equal(outlines_bytes(all), 0);
	outlines_free(all);
}
