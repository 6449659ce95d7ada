/*
 * test_tree.c - node levels: tiling, digests, what is kept, bad nodes.
 */
#include "common/dns/tree.h"
#include "tests/lib/rng.h"
#include "tests/lib/test.h"

enum { LEAVES_MAX = 80000 };

/* The node rows of one version, per level. */
struct row {
	uint8_t low[16], high[16];
	uint16_t low_len, high_len;
	struct digest digest;
	uint8_t *bytes;
	size_t len;
};

struct rows {
	struct row *row[TREE_LEVELS_MAX];
	size_t n[TREE_LEVELS_MAX];
	struct tree_ref *refs[TREE_LEVELS_MAX];
	struct tree_old old[TREE_LEVELS_MAX];
	const struct rows *before;
	size_t n_new, n_kept;
	size_t new_at[TREE_LEVELS_MAX];
};

static enum err
sink(void *arg, const struct tree_node *node)
{
	struct rows *rows = arg;
	size_t l = node->level - 1, n = rows->n[l];
	struct row *row;

	rows->row[l] = realloc(rows->row[l], (n + 1) * sizeof(*row));
	assert_non_null(rows->row[l]);
	row = &rows->row[l][rows->n[l]++];
	memset(row, 0, sizeof(*row));
	memcpy(row->low, node->low, node->low_len);
	row->low_len = node->low_len;
	if (node->high != NULL)
		memcpy(row->high, node->high, node->high_len);
	row->high_len = node->high_len;
	row->digest = node->digest;
	if (node->kept) {
		const struct row *old =
		    &rows->before->row[l][node->old_index];

		assert_int_equal(old->low_len, row->low_len);
		assert_memory_equal(old->low, row->low, 16);
		assert_int_equal(old->high_len, row->high_len);
		assert_memory_equal(old->high, row->high, 16);
		assert_true(digest_equal(&old->digest, &row->digest));
		row->bytes = malloc(old->len);
		row->len = old->len;
		assert_non_null(row->bytes);
		memcpy(row->bytes, old->bytes, old->len);
		rows->n_kept++;
	} else {
		row->bytes = malloc(node->len);
		row->len = node->len;
		assert_non_null(row->bytes);
		memcpy(row->bytes, node->bytes, node->len);
		rows->n_new++;
		rows->new_at[l]++;
	}
	return OK;
}

static void
rows_free(struct rows *rows)
{
	for (size_t l = 0; l < TREE_LEVELS_MAX; l++) {
		for (size_t i = 0; i < rows->n[l]; i++)
			free(rows->row[l][i].bytes);
		free(rows->row[l]);
		free(rows->refs[l]);
	}
	memset(rows, 0, sizeof(*rows));
}

/* As the next version will see them. */
static void
rows_settle(struct rows *rows)
{
	for (size_t l = 0; l < TREE_LEVELS_MAX; l++) {
		if (rows->n[l] == 0)
			continue;
		rows->refs[l] = calloc(rows->n[l], sizeof(struct tree_ref));
		assert_non_null(rows->refs[l]);
		for (size_t i = 0; i < rows->n[l]; i++) {
			rows->refs[l][i].low = rows->row[l][i].low;
			rows->refs[l][i].low_len = rows->row[l][i].low_len;
			rows->refs[l][i].digest = rows->row[l][i].digest;
		}
		rows->old[l] = (struct tree_old){ rows->refs[l], rows->n[l] };
	}
}

/* Walk from the root down to the leaves: everything must be there. */
static void
assert_rows(const struct rows *rows, const struct tree_root *root,
    const struct tree_ref *leaves, size_t n)
{
	const struct tree_ref *below = leaves;
	size_t n_below = n;

	for (size_t l = 0; l < root->level; l++) {
		struct tree_ref got[TREE_CHILDREN_MAX];
		size_t at = 0;

		for (size_t i = 0; i < rows->n[l]; i++) {
			const struct row *row = &rows->row[l][i];
			struct digest digest;
			unsigned k, n_got;

			assert_ok(tree_node_check(row->bytes, row->len));
			assert_int_equal(tree_node_level(row->bytes), l + 1);
			digest_of(row->bytes, row->len, &digest);
			assert_true(digest_equal(&digest, &row->digest));
			n_got = tree_node_refs(row->bytes, got);
			assert_true(n_got >= 1 && at + n_got <= n_below);
			for (k = 0; k < n_got; k++) {
				assert_int_equal(got[k].low_len,
				    below[at + k].low_len);
				assert_memory_equal(got[k].low,
				    below[at + k].low, got[k].low_len);
				assert_true(digest_equal(&got[k].digest,
				    &below[at + k].digest));
			}
			at += n_got;
			assert_int_equal(row->high_len,
			    at < n_below ? below[at].low_len : 0);
			if (at < n_below)
				assert_memory_equal(row->high, below[at].low,
				    row->high_len);
		}
		assert_int_equal(at, n_below);
		below = rows->refs[l];
		n_below = rows->n[l];
	}
	assert_int_equal(n_below, 1);
	assert_true(digest_equal(&below[0].digest, &root->digest));
	for (size_t l = root->level; l < TREE_LEVELS_MAX; l++)
		assert_int_equal(rows->n[l], 0);
}

static uint8_t keys[LEAVES_MAX * 8][16];

/* Leaf number @id; ids give ascending keys, 0 is the apex. */
static struct tree_ref
leaf_of(uint32_t id, uint32_t content)
{
	struct tree_ref ref = { .low = keys[id], .low_len = 1 };

	if (id > 0) {
		snprintf((char *)keys[id] + 1, 9, "%07u",
		    id % 10000000);
		ref.low_len = 9;
	}
	digest_of(&content, sizeof(content), &ref.digest);
	return ref;
}

static size_t
random_leaves(struct rng *r, struct tree_ref *out, size_t n)
{
	uint32_t id = 0;

	for (size_t i = 0; i < n; i++) {
		out[i] = leaf_of(id, (uint32_t)rng_u64(r));
		id += 1 + rng_below(r, 7);
	}
	return n;
}

/* Some leaves change, vanish, appear; clustered or all over. */
static size_t
random_change(struct rng *r, const struct tree_ref *in, size_t n,
    struct tree_ref *out)
{
	uint32_t rate = 1 + rng_below(r, rng_once_in(r, 2) ? 20 : 5000);
	uint32_t from = rng_below(r, (uint32_t)n);
	uint32_t to = from + rng_below(r, (uint32_t)n);
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		bool hit = i >= from && i <= to && rng_once_in(r, rate);

		if (!hit) {
			out[k++] = in[i];
			continue;
		}
		switch (rng_below(r, 3)) {
		case 0:			/* vanishes */
			if (i > 0)
				continue;
			out[k++] = in[i];
			break;
		default:
			out[k] = in[i];
			out[k].digest.octets[0] ^= 1;
			k++;
			break;
		}
		if (i + 1 < n && k + 2 < LEAVES_MAX) {	/* appears */
			uint32_t a = i == 0 ? 0 : (uint32_t)atoi(
			    (const char *)in[i].low + 1);
			uint32_t b = (uint32_t)atoi(
			    (const char *)in[i + 1].low + 1);

			if (b > a + 1)
				out[k++] = leaf_of(a + 1, (uint32_t)i);
		}
	}
	return k;
}

static size_t
closed(const struct rows *before, const struct rows *after)
{
	size_t n = 0;

	for (size_t l = 0; l < TREE_LEVELS_MAX; l++)
		n += before->n[l];
	return n - after->n_kept;
}

TEST(tree_levels_hold_all_leaves_through_many_versions)
{
	struct rng r = rng_seed_of_test("tree_levels");
	struct tree_ref *a = calloc(LEAVES_MAX * 2, sizeof(*a)), *b, *swap;
	static const size_t sizes[] = { 2, 5, 256, 257, 300, 1000, 5000,
	    40000, 70000 };

	b = calloc(LEAVES_MAX * 2, sizeof(*b));
	assert_non_null(a);
	assert_non_null(b);
	for (size_t s = 0; s < COUNT_OF(sizes); s++) {
		size_t n = random_leaves(&r, a, sizes[s]);
		struct rows rows = { 0 };
		struct tree_root root;

		assert_ok(tree_build(a, n, NULL, sink, &rows, &root));
		rows_settle(&rows);
		assert_rows(&rows, &root, a, n);
		for (int round = 0; round < 12; round++) {
			struct rows next = { .before = &rows };

			n = random_change(&r, a, n, b);
			swap = a, a = b, b = swap;
			assert_ok(tree_build(a, n, rows.old, sink, &next,
			    &root));
			rows_settle(&next);
			if (n > 1)
				assert_rows(&next, &root, a, n);
			else
				assert_int_equal(root.level, 0);
			(void)closed(&rows, &next);
			rows_free(&rows);
			rows = next;
			rows.before = NULL;
		}
		rows_free(&rows);
	}
	free(a);
	free(b);
}

TEST(tree_one_changed_leaf_changes_one_node_a_level)
{
	struct rng r = rng_seed_of_test("tree_one_leaf");
	struct tree_ref *a = calloc(LEAVES_MAX, sizeof(*a));
	size_t n;
	struct rows rows = { 0 };
	struct tree_root root, root2;

	assert_non_null(a);
	n = random_leaves(&r, a, 70000);
	assert_ok(tree_build(a, n, NULL, sink, &rows, &root));
	rows_settle(&rows);
	assert_int_equal(root.level, 3);
	for (int i = 0; i < 50; i++) {
		struct rows next = { .before = &rows };
		size_t at = rng_below(&r, (uint32_t)n);

		a[at].digest.octets[5] ^= 1;
		assert_ok(tree_build(a, n, rows.old, sink, &next, &root2));
		assert_int_equal(next.n_new, 3);
		for (int l = 0; l < 3; l++)
			assert_int_equal(next.new_at[l], 1);
		a[at].digest.octets[5] ^= 1;
		assert_int_equal(closed(&rows, &next), 3);
		rows_free(&next);
	}
	rows_free(&rows);
	free(a);
}

TEST(tree_of_one_leaf_has_no_node)
{
	struct tree_ref leaf = leaf_of(0, 1);
	struct rows rows = { 0 };
	struct tree_root root;

	assert_ok(tree_build(&leaf, 1, NULL, sink, &rows, &root));
	assert_int_equal(root.level, 0);
	assert_true(digest_equal(&root.digest, &leaf.digest));
	assert_int_equal(rows.n_new, 0);
}

TEST(tree_node_check_refuses_damage)
{
	struct rng r = rng_seed_of_test("tree_damage");
	struct tree_ref a[40], got[TREE_CHILDREN_MAX];
	struct rows rows = { 0 };
	struct tree_root root;
	const struct row *row;
	uint8_t *copy;

	assert_ok(tree_build(a, random_leaves(&r, a, 40), NULL, sink, &rows,
	    &root));
	row = &rows.row[0][0];
	for (size_t n = 0; n < row->len; n++) {
		copy = malloc(n + 1);
		assert_non_null(copy);
		memcpy(copy, row->bytes, n);
		assert_err(tree_node_check(copy, n), ERR_MALFORMED);
		free(copy);
	}
	for (int i = 0; i < 20000; i++) {
		copy = malloc(row->len);
		assert_non_null(copy);
		memcpy(copy, row->bytes, row->len);
		copy[rng_below(&r, (uint32_t)row->len)] ^=
		    (uint8_t)(1u << rng_below(&r, 8));
		if (tree_node_check(copy, row->len) == OK)
			assert_int_equal(tree_node_refs(copy, got), 40);
		free(copy);
	}
	rows_free(&rows);
}

TEST(tree_refs_find_gives_the_child_that_covers_the_key)
{
	struct rng r = rng_seed_of_test("tree_find");
	struct tree_ref a[300];
	size_t n = random_leaves(&r, a, 300);

	for (int i = 0; i < 5000; i++) {
		uint8_t key[10] = { 0 };
		size_t at, len;

		len = 2 + (size_t)snprintf((char *)key + 1, 9, "%07u",
		    rng_below(&r, 2500));
		at = tree_refs_find(a, n, key, len);
		assert_true(ownerkey_compare(a[at].low, a[at].low_len, key,
		    len) <= 0);
		assert_true(at + 1 == n || ownerkey_compare(a[at + 1].low,
		    a[at + 1].low_len, key, len) > 0);
	}
}
