/*
 * test_zonediff.c - versions out of versions: AXFR and IXFR must agree.
 */
#include "common/dns/page.h"
#include "tests/lib/content.h"
#include "tests/lib/test.h"
#include "tests/lib/version.h"

/* Everything a version must be, whatever made it. */
static void
assert_version(const struct version *v, const struct zonediff_result *r)
{
	uint64_t n_records = 0;

	assert_int_equal(v->n, r->n_leaves);
	assert_true(v->n > 0);
	assert_int_equal(v->leaves[0].low_len, 1);
	assert_int_equal(v->leaves[0].low[0], 0);
	for (size_t i = 0; i < v->n; i++) {
		const struct zonediff_leaf *l = &v->leaves[i];
		struct digest digest;

		if (i + 1 < v->n) {
			assert_non_null(l->high);
			assert_int_equal(l->high_len, l[1].low_len);
			assert_memory_equal(l->high, l[1].low, l->high_len);
		} else {
			assert_null(l->high);
		}
		assert_ok(page_validate(l->body, l->body_len));
		assert_true(page_in_range(l->body, l->low, l->low_len,
		    l->high, l->high_len));
		digest_of(l->body, l->body_len, &digest);
		assert_true(digest_equal(&digest, &l->digest));
		assert_int_equal(page_n_records(l->body), l->n_records);
		assert_true(l->body_len <= PAGE_TARGET_BYTES ||
		    page_n_names(l->body) == 1);
		n_records += l->n_records;
	}
	assert_int_equal(n_records, r->n_records);
}

static void
assert_stream(const struct version *v, const struct content *c)
{
	struct buf want, got;

	buf_init(&want, 1 << 28);
	buf_init(&got, 1 << 28);
	content_stream(c, &want);
	version_stream(v, &got);
	assert_int_equal(want.len, got.len);
	assert_memory_equal(want.data, got.data, want.len);
	buf_fini(&want);
	buf_fini(&got);
}

static void
random_zone(struct rng *r, struct content *c, size_t n, uint32_t names)
{
	struct content_rr rr = { .key_len = 1, .type = RRTYPE_SOA };

	c->n = 0;
	content_random_rdata(r, &rr);
	rr.ttl = content_ttl(&rr, 0);
	content_add(c, &rr);
	while (n-- > 0) {
		content_random_rr(r, names, &rr);
		content_add(c, &rr);
	}
	content_normalise(c);
}

static size_t
find(const struct content *c, const struct content_rr *rr)
{
	for (size_t i = 0; i < c->n; i++)
		if (content_same(&c->rr[i], rr))
			return i;
	return c->n;
}

static void
change(struct content *ops, const struct content_rr *rr, uint8_t verb)
{
	struct content_rr op = *rr;

	op.verb = verb;
	op.order = (uint32_t)ops->n;
	if (verb == ZONEDIFF_DELETE)
		op.ttl = 4711;			/* not compared */
	content_add(ops, &op);
}

/* The TTL that the set of this record has, if there is one. */
static uint32_t
ttl_of_set(const struct content *c, const struct content_rr *rr)
{
	for (size_t i = 0; i < c->n && rr->type != RRTYPE_RRSIG; i++)
		if (c->rr[i].type == rr->type &&
		    content_compare_owner(&c->rr[i], rr) == 0)
			return c->rr[i].ttl;
	return rr->ttl;
}

static void
edit_delete(struct content *c, struct content *ops, size_t i)
{
	change(ops, &c->rr[i], ZONEDIFF_DELETE);
	c->rr[i] = c->rr[--c->n];
}

static void
edit_add(struct content *c, struct content *ops, struct content_rr *rr)
{
	if (find(c, rr) != c->n)
		return;
	rr->ttl = ttl_of_set(c, rr);
	change(ops, rr, ZONEDIFF_ADD);
	content_add(c, rr);
}

static void
edit_ttl(struct content *c, struct content *ops, size_t at, uint32_t ttl)
{
	struct content_rr rr = c->rr[at];
	struct content moved = { 0 };

	if (rr.type == RRTYPE_RRSIG)
		return;
	for (size_t i = c->n; i-- > 0; )
		if (c->rr[i].type == rr.type &&
		    content_compare_owner(&c->rr[i], &rr) == 0) {
			content_add(&moved, &c->rr[i]);
			edit_delete(c, ops, i);
		}
	for (size_t i = 0; i < moved.n; i++) {
		moved.rr[i].ttl = ttl;
		change(ops, &moved.rr[i], ZONEDIFF_ADD);
		content_add(c, &moved.rr[i]);
	}
	content_free(&moved);
}

/* A script of changes; @c becomes what a transfer would now bring. */
static void
random_edits(struct rng *r, struct content *c, struct content *ops, size_t n,
    uint32_t names)
{
	ops->n = 0;
	while (n-- > 0) {
		size_t i = c->n > 1 ? 1 + rng_below(r, (uint32_t)c->n - 1) : 0;
		struct content_rr rr;

		switch (rng_below(r, 8)) {
		case 0: case 1: case 2:
			if (i > 0 && c->rr[i].type != RRTYPE_SOA)
				edit_delete(c, ops, i);
			break;
		case 3: case 4: case 5:
			content_random_rr(r, names, &rr);
			edit_add(c, ops, &rr);
			break;
		case 6:
			edit_ttl(c, ops, i, 1 + rng_below(r, 5000));
			break;
		default:		/* away and back: changes nothing */
			if (i == 0)
				break;
			rr = c->rr[i];
			edit_delete(c, ops, i);
			change(ops, &rr, ZONEDIFF_ADD);
			content_add(c, &rr);
			break;
		}
	}
	if (ops->n > 0)
		qsort(ops->rr, ops->n, sizeof(*ops->rr), content_by_key);
	content_normalise(c);
}

static void
edit_rounds(struct rng *r, size_t n, uint32_t names, int rounds)
{
	struct content c = { 0 }, ops = { 0 };
	struct zonediff_result res;
	struct version_run run, full, fresh;
	struct version v;

	random_zone(r, &c, n, names);
	assert_ok(version_run(&run, NULL, &c, false, &res));
	v = run.out;
	assert_version(&v, &res);
	assert_stream(&v, &c);
	while (rounds-- > 0) {
		random_edits(r, &c, &ops, rng_below(r, rng_once_in(r, 3) ?
		    (uint32_t)n : 6), names);

		assert_ok(version_run(&run, &v, &ops, true, &res));
		assert_version(&run.out, &res);
		assert_stream(&run.out, &c);

		assert_ok(version_run(&full, &v, &c, false, &res));
		assert_version(&full.out, &res);
		assert_stream(&full.out, &c);

		assert_ok(version_run(&fresh, NULL, &c, false, &res));
		assert_version(&fresh.out, &res);
		assert_stream(&fresh.out, &c);

		version_free(&v);
		version_free(&fresh.out);
		if (rng_once_in(r, 2)) {
			v = run.out;
			version_free(&full.out);
		} else {
			v = full.out;
			version_free(&run.out);
		}
	}
	version_free(&v);
	content_free(&c);
	content_free(&ops);
}

TEST(zonediff_delta_equals_full_for_small_zones)
{
	struct rng r = rng_seed_of_test("zonediff_small");

	for (int i = 0; i < 60; i++)
		edit_rounds(&r, 1 + rng_below(&r, 60), 1 + rng_below(&r, 30),
		    8);
}

TEST(zonediff_delta_equals_full_for_zones_of_many_pages)
{
	struct rng r = rng_seed_of_test("zonediff_many");

	for (int i = 0; i < 4; i++)
		edit_rounds(&r, 1500 + rng_below(&r, 2000), 800, 6);
}

TEST(zonediff_delta_equals_full_with_names_larger_than_a_page)
{
	struct rng r = rng_seed_of_test("zonediff_large_names");

	/* A dozen owners with hundreds of records each. */
	for (int i = 0; i < 3; i++)
		edit_rounds(&r, 4000, 12, 5);
}

/*
 * TTLs of their own for every record: a change is applied exactly, or
 * refused.  Content is kept as received; what is stored is its normal form.
 */
TEST(zonediff_delta_of_irregular_content_is_exact_or_refused)
{
	struct rng r = rng_seed_of_test("zonediff_irregular");
	unsigned n_ok = 0, n_refused = 0;

	for (int i = 0; i < 300; i++) {
		struct content raw = { 0 }, norm = { 0 }, ops = { 0 };
		uint32_t names = 1 + rng_below(&r, 20);
		struct zonediff_result res;
		struct version_run run;
		struct version v;
		size_t n;

		random_zone(&r, &raw, rng_below(&r, 60), names);
		for (size_t k = 0; k < raw.n; k++)
			if (rng_once_in(&r, 4))
				raw.rr[k].ttl = 60 + rng_below(&r, 3);
		for (size_t k = 0; k < raw.n; k++)
			content_add(&norm, &raw.rr[k]);
		content_normalise(&norm);
		assert_ok(version_run(&run, NULL, &raw, false, &res));
		v = run.out;
		assert_stream(&v, &norm);
		for (int round = 0; round < 12; round++) {
			enum err e;

			ops.n = 0;
			n = 1 + rng_below(&r, 4);
			while (n-- > 0) {
				struct content_rr rr;

				content_random_rr(&r, names, &rr);
				rr.ttl = 60 + rng_below(&r, 3);
				if (rng_once_in(&r, 2) && raw.n > 1)
					edit_delete(&raw, &ops, 1 + rng_below(
					    &r, (uint32_t)raw.n - 1));
				if (find(&raw, &rr) != raw.n)
					continue;
				change(&ops, &rr, ZONEDIFF_ADD);
				content_add(&raw, &rr);
			}
			if (ops.n > 0)
				qsort(ops.rr, ops.n, sizeof(*ops.rr),
				    content_by_key);
			norm.n = 0;
			for (size_t k = 0; k < raw.n; k++)
				content_add(&norm, &raw.rr[k]);
			qsort(raw.rr, raw.n, sizeof(*raw.rr), content_by_key);
			content_normalise(&norm);
			e = version_run(&run, &v, &ops, true, &res);
			if (e == ERR_MISMATCH) {
				version_free(&run.out);
				e = version_run(&run, &v, &raw, false, &res);
				n_refused++;
			} else {
				n_ok++;
			}
			if (e == ERR_INVALID) {		/* nothing left */
				version_free(&run.out);
				break;
			}
			assert_ok(e);
			assert_version(&run.out, &res);
			assert_stream(&run.out, &norm);
			version_free(&v);
			v = run.out;
		}
		version_free(&v);
		content_free(&raw);
		content_free(&norm);
		content_free(&ops);
	}
	assert_true(n_ok > 100);
	assert_true(n_refused > 20);
}

TEST(zonediff_without_change_writes_nothing)
{
	struct rng r = rng_seed_of_test("zonediff_same");
	struct content c = { 0 }, none = { 0 };
	struct zonediff_result res;
	struct version_run run, again;

	random_zone(&r, &c, 5000, 2000);
	assert_ok(version_run(&run, NULL, &c, false, &res));
	assert_int_equal(res.n_new, res.n_leaves);
	assert_int_equal(res.n_kept, 0);
	assert_true(res.n_leaves > 10);

	assert_ok(version_run(&again, &run.out, &c, false, &res));
	assert_int_equal(res.n_new, 0);
	assert_int_equal(res.n_kept, run.out.n);
	version_free(&again.out);

	none.rr = c.rr;
	assert_ok(version_run(&again, &run.out, &none, true, &res));
	assert_int_equal(res.n_new, 0);
	assert_int_equal(again.n_fetched, 0);
	version_free(&again.out);
	version_free(&run.out);
	content_free(&c);
}

/* Refs of a version's leaves, and a sink that counts nodes. */
struct counted {
	size_t n_kept, n_new;
	struct tree_ref refs[16];
	uint8_t keys[16][OWNERKEY_MAX];
	size_t n_refs;
	struct buf *blobs;
};

static enum err
count_node(void *arg, const struct tree_node *node)
{
	struct counted *c = arg;

	if (node->kept) {
		c->n_kept++;
	} else {
		c->n_new++;
		assert_ok(tree_node_check(node->bytes, node->len));
		assert_int_equal(tree_node_level(node->bytes), node->level);
	}
	if (node->level == 1 && c->n_refs < COUNT_OF(c->refs)) {
		memcpy(c->keys[c->n_refs], node->low, node->low_len);
		c->refs[c->n_refs].low = c->keys[c->n_refs];
		c->refs[c->n_refs].low_len = node->low_len;
		c->refs[c->n_refs++].digest = node->digest;
	}
	return OK;
}

static struct tree_ref *
refs_of(const struct version *v)
{
	struct tree_ref *refs = calloc(v->n, sizeof(*refs));

	assert_non_null(refs);
	for (size_t i = 0; i < v->n; i++) {
		refs[i].low = v->leaves[i].low;
		refs[i].low_len = v->leaves[i].low_len;
		refs[i].digest = v->leaves[i].digest;
	}
	return refs;
}

/* A sorted zone of @n delegations. */
static void
delegations(struct content *c, unsigned n)
{
	struct content_rr rr = { .key_len = 1, .type = RRTYPE_SOA,
	    .rdlen = 22, .ttl = 60 };

	content_add(c, &rr);
	rr.type = RRTYPE_NS;
	rr.rdlen = 12;
	memcpy(rr.rdata, "\3ns1\2xy\3net", 12);
	for (unsigned i = 0; i < n; i++) {
		rr.key_len = (uint16_t)(2 + snprintf((char *)rr.key + 1, 20,
		    "name%07u", i));
		content_add(c, &rr);
	}
}

/* By differences and by the whole zone alike. T-107 */
TEST(zonediff_one_change_in_a_big_zone_writes_one_page_and_its_nodes)
{
	struct content c = { 0 }, ops = { 0 };
	struct counted first = { 0 }, second = { 0 };
	struct tree_old old[TREE_LEVELS_MAX] = { 0 };
	struct tree_root root, root2, root3;
	struct version_run run, delta, full;
	struct tree_ref *refs, *refs2, root_ref;
	struct zonediff_result res;

	delegations(&c, 60000);
	assert_ok(version_run(&run, NULL, &c, false, &res));
	assert_version(&run.out, &res);
	assert_true(res.n_leaves > 260);	/* so that there are two levels */
	refs = refs_of(&run.out);
	assert_ok(tree_build(refs, run.out.n, NULL, count_node, &first,
	    &root));
	assert_int_equal(root.level, 2);
	assert_int_equal(first.n_kept, 0);
	root_ref = (struct tree_ref){ .low = (const uint8_t *)"",
	    .low_len = 1, .digest = root.digest };
	old[0] = (struct tree_old){ first.refs, first.n_refs };
	old[1] = (struct tree_old){ &root_ref, 1 };

	/* Unchanged: every node is kept. */
	assert_ok(tree_build(refs, run.out.n, old, count_node, &second,
	    &root2));
	assert_int_equal(second.n_new, 0);
	assert_int_equal(second.n_kept, first.n_new);
	assert_true(digest_equal(&root.digest, &root2.digest));

	/* One record changes. */
	change(&ops, &c.rr[30000], ZONEDIFF_DELETE);
	c.rr[30000].rdata[1] = 'm';
	change(&ops, &c.rr[30000], ZONEDIFF_ADD);
	assert_ok(version_run(&delta, &run.out, &ops, true, &res));
	assert_int_equal(res.n_new, 1);
	assert_int_equal(delta.n_fetched, 1);
	assert_ok(version_run(&full, &run.out, &c, false, &res));
	assert_int_equal(res.n_new, 1);
	refs2 = refs_of(&delta.out);
	memset(&second, 0, sizeof(second));
	assert_ok(tree_build(refs2, delta.out.n, old, count_node, &second,
	    &root2));
	assert_int_equal(second.n_new, 2);
	assert_false(digest_equal(&root.digest, &root2.digest));
	free(refs2);
	refs2 = refs_of(&full.out);
	assert_ok(tree_build(refs2, full.out.n, old, count_node, &second,
	    &root3));
	assert_true(digest_equal(&root3.digest, &root2.digest));

	free(refs);
	free(refs2);
	version_free(&run.out);
	version_free(&delta.out);
	version_free(&full.out);
	content_free(&c);
	content_free(&ops);
}

TEST(zonediff_shrinks_and_grows_without_leaving_crumbs)
{
	struct content c = { 0 }, few = { 0 }, ops = { 0 };
	struct zonediff_result res;
	struct version_run run, delta, full;

	delegations(&c, 20000);
	assert_ok(version_run(&run, NULL, &c, false, &res));
	/* All but every 50th name go. */
	for (size_t i = 0; i < c.n; i++) {
		if (i % 50 == 0)
			content_add(&few, &c.rr[i]);
		else
			change(&ops, &c.rr[i], ZONEDIFF_DELETE);
	}
	assert_ok(version_run(&delta, &run.out, &ops, true, &res));
	assert_version(&delta.out, &res);
	assert_true(res.n_leaves <= 8);		/* 400 names, 28 KB */
	assert_ok(version_run(&full, &run.out, &few, false, &res));
	assert_version(&full.out, &res);
	assert_true(res.n_leaves <= 8);
	version_free(&full.out);
	version_free(&run.out);
	/* And back. */
	for (size_t i = 0; i < ops.n; i++)
		ops.rr[i].verb = ZONEDIFF_ADD, ops.rr[i].ttl = 60;
	assert_ok(version_run(&run, &delta.out, &ops, true, &res));
	assert_version(&run.out, &res);
	{
		struct buf a, b;
		struct version_run again;

		assert_ok(version_run(&again, NULL, &c, false, &res));
		buf_init(&a, 1 << 26);
		buf_init(&b, 1 << 26);
		version_stream(&again.out, &a);
		version_stream(&run.out, &b);
		assert_int_equal(a.len, b.len);
		assert_memory_equal(a.data, b.data, a.len);
		buf_fini(&a);
		buf_fini(&b);
		version_free(&again.out);
	}
	/* The end of the key space is emptied: the left neighbour takes it. */
	ops.n = 0;
	for (size_t i = 1; i < c.n; i++)
		if (i > 10000)
			change(&ops, &c.rr[i], ZONEDIFF_DELETE);
	version_free(&delta.out);
	assert_ok(version_run(&delta, &run.out, &ops, true, &res));
	assert_version(&delta.out, &res);
	/* ... the beginning too. */
	ops.n = 0;
	for (size_t i = 1; i <= 9000; i++)
		change(&ops, &c.rr[i], ZONEDIFF_DELETE);
	assert_ok(version_run(&full, &delta.out, &ops, true, &res));
	assert_version(&full.out, &res);
	/* ... all of it: that is no version. */
	for (size_t i = 9001; i <= 10000; i++)
		change(&ops, &c.rr[i], ZONEDIFF_DELETE);
	ops.rr = realloc(ops.rr, (ops.n + 1) * sizeof(*ops.rr));
	memmove(ops.rr + 1, ops.rr, ops.n * sizeof(*ops.rr));
	ops.rr[0] = c.rr[0];
	ops.rr[0].verb = ZONEDIFF_DELETE;
	ops.n++;
	version_free(&run.out);
	assert_err(version_run(&run, &delta.out, &ops, true, &res),
	    ERR_INVALID);
	version_free(&run.out);
	version_free(&delta.out);
	version_free(&full.out);
	content_free(&c);
	content_free(&few);
	content_free(&ops);
}

static struct content_rr
address(uint8_t last, uint32_t ttl)
{
	struct content_rr rr = { .key = "\0www", .key_len = 5,
	    .type = RRTYPE_A, .ttl = ttl, .rdlen = 4,
	    .rdata = { 192, 0, 2, last } };

	return rr;
}

static enum err
try_changes(const struct version *v, const struct content_rr *rrs,
    const uint8_t *verbs, size_t n, struct zonediff_result *res)
{
	struct content ops = { 0 };
	struct version_run run;
	enum err e;

	for (size_t i = 0; i < n; i++)
		change(&ops, &rrs[i], verbs[i]);
	for (size_t i = 0; i < n; i++)
		ops.rr[i].ttl = rrs[i].ttl;
	e = version_run(&run, v, &ops, true, res);
	version_free(&run.out);
	content_free(&ops);
	return e;
}

TEST(zonediff_delta_is_strict)
{
	struct content c = { 0 };
	struct content_rr a = address(1, 60), b = address(2, 60);
	struct zonediff_result res;
	struct version_run run;
	static const uint8_t add = ZONEDIFF_ADD, del = ZONEDIFF_DELETE;

	delegations(&c, 1);
	content_add(&c, &a);
	assert_ok(version_run(&run, NULL, &c, false, &res));
	assert_ok(try_changes(&run.out, &b, &add, 1, &res));
	assert_ok(try_changes(&run.out, &a, &del, 1, &res));
	assert_err(try_changes(&run.out, &a, &add, 1, &res), ERR_MISMATCH);
	assert_int_equal(res.type, RRTYPE_A);
	assert_int_equal(res.key.len, 5);
	assert_non_null(res.reason);
	assert_err(try_changes(&run.out, &b, &del, 1, &res), ERR_MISMATCH);
	{
		struct content_rr chain[] = { a, a, a, a };
		static const uint8_t good[] = { 1, 0, 1, 0 };
		static const uint8_t bad[] = { 1, 0, 0, 1 };

		assert_ok(try_changes(&run.out, chain, good, 4, &res));
		assert_err(try_changes(&run.out, chain, bad, 4, &res),
		    ERR_MISMATCH);
	}
	version_free(&run.out);
	content_free(&c);
}

TEST(zonediff_delta_leaves_irregular_sets_alone)
{
	struct content c = { 0 };
	struct content_rr a = address(1, 60), b = address(2, 90);
	struct content_rr txt = { .key = "\0www", .key_len = 5,
	    .type = RRTYPE_TXT, .ttl = 5, .rdlen = 2, .rdata = "\1x" };
	struct zonediff_result res;
	struct version_run run;
	static const uint8_t add = ZONEDIFF_ADD, del = ZONEDIFF_DELETE;

	delegations(&c, 1);
	content_add(&c, &a);
	content_add(&c, &b);			/* two TTLs in one set */
	assert_ok(version_run(&run, NULL, &c, false, &res));
	assert_err(try_changes(&run.out, &a, &del, 1, &res), ERR_MISMATCH);
	assert_ok(try_changes(&run.out, &txt, &add, 1, &res));
	version_free(&run.out);
	content_free(&c);
}

TEST(zonediff_refuses_bad_order_no_records_and_a_bad_old_list)
{
	struct content c = { 0 }, none = { 0 };
	struct zonediff_result res;
	struct version_run run, again;
	struct content_rr swap;

	delegations(&c, 5000);
	none.rr = c.rr;
	assert_err(version_run(&run, NULL, &none, false, &res), ERR_INVALID);
	swap = c.rr[5];
	c.rr[5] = c.rr[6];
	c.rr[6] = swap;
	assert_err(version_run(&run, NULL, &c, false, &res), ERR_ORDER);
	version_free(&run.out);
	c.rr[6] = c.rr[5];
	c.rr[5] = swap;
	assert_ok(version_run(&run, NULL, &c, false, &res));
	assert_true(run.out.n > 2);
	/* A page that is not what its row says. */
	((uint8_t *)(uintptr_t)run.out.leaves[0].body)[200] ^= 1;
	none.n = 1;
	none.rr[0].verb = ZONEDIFF_DELETE;
	assert_err(version_run(&again, &run.out, &none, true, &res),
	    ERR_CORRUPT);
	version_free(&again.out);
	/* A gap. */
	((uint8_t *)(uintptr_t)run.out.leaves[1].low)[3] ^= 1;
	assert_err(version_run(&again, &run.out, &c, false, &res),
	    ERR_CORRUPT);
	version_free(&again.out);
	version_free(&run.out);
	content_free(&c);
}
