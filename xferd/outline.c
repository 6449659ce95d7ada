/*
 * outline.c - see outline.h.
 */
#include "xferd/outline.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/base/hash.h"

enum {
	BLOCK_BYTES = 32768,
	BUCKETS = 4096,
};

/* Keys and bodies; a block does not move. */
struct outline_block {
	struct outline_block *next;
	size_t size, used;
	uint8_t bytes[];
};

struct outline *
outline_new(void)
{
	struct outline *o = calloc(1, sizeof(*o));

	if (o != NULL)
		o->n_bytes = sizeof(*o);
	return o;
}

void
outline_free(struct outline *o)
{
	if (o == NULL)
		return;
	while (o->blocks != NULL) {
		struct outline_block *b = o->blocks;

		o->blocks = b->next;
		free(b);
	}
	free(o->leaf);
	free(o->node);
	free(o->node_level);
	free(o);
}

/* A copy that lives as long as the outline; NULL: no memory. */
static const uint8_t *
copy(struct outline *o, const uint8_t *bytes, size_t len)
{
	struct outline_block *b = o->blocks;
	uint8_t *to;

	if (b == NULL || b->size - b->used < len) {
		/* The first is small: so are most zones. */
		size_t size = MAX(len, o->blocks == NULL ? (size_t)512 :
		    (size_t)BLOCK_BYTES);

		b = malloc(sizeof(*b) + size);
		if (b == NULL)
			return NULL;
		b->size = size;
		b->used = 0;
		b->next = o->blocks;
		o->blocks = b;
		o->n_bytes += sizeof(*b) + size;
	}
	to = b->bytes + b->used;
	memcpy(to, bytes, len);
	b->used += len;
	return to;
}

enum err
outline_add_leaf(struct outline *o, const uint8_t *low, size_t low_len,
    const struct digest *digest, uint32_t n_records, const uint8_t *body,
    size_t body_len)
{
	struct zonediff_leaf *l;

	if (o->n_leaves == o->leaf_size) {
		size_t size = o->leaf_size == 0 ? 4 : o->leaf_size * 2;

		l = realloc(o->leaf, size * sizeof(*l));
		if (l == NULL)
			return ERR_NO_MEMORY;
		o->n_bytes += (size - o->leaf_size) * sizeof(*l);
		o->leaf = l;
		o->leaf_size = size;
	}
	l = &o->leaf[o->n_leaves];
	*l = (struct zonediff_leaf){ .low = copy(o, low, low_len),
		.low_len = (uint16_t)low_len, .n_records = n_records,
		.digest = *digest };
	if (l->low == NULL)
		return ERR_NO_MEMORY;
	if (body != NULL) {
		l->body = copy(o, body, body_len);
		l->body_len = body_len;
		if (l->body == NULL)
			return ERR_NO_MEMORY;
	}
	o->n_leaves++;
	return OK;
}

enum err
outline_add_node(struct outline *o, unsigned level, const uint8_t *low,
    size_t low_len, const struct digest *digest)
{
	struct tree_ref *n;

	CHECK(level >= 1);
	CHECK(level <= TREE_LEVELS_MAX);
	if (o->n_nodes == o->node_size) {
		size_t size = o->node_size == 0 ? 4 : o->node_size * 2;
		uint8_t *levels;

		n = realloc(o->node, size * sizeof(*n));
		if (n == NULL)
			return ERR_NO_MEMORY;
		o->node = n;
		levels = realloc(o->node_level, size);
		if (levels == NULL)
			return ERR_NO_MEMORY;
		o->node_level = levels;
		o->n_bytes += (size - o->node_size) * (sizeof(*n) + 1);
		o->node_size = size;
	}
	n = &o->node[o->n_nodes];
	*n = (struct tree_ref){ .low = copy(o, low, low_len),
		.low_len = (uint16_t)low_len, .digest = *digest };
	if (n->low == NULL)
		return ERR_NO_MEMORY;
	o->node_level[o->n_nodes++] = (uint8_t)level;
	return OK;
}

void
outline_seal(struct outline *o)
{
	for (size_t i = 0; i + 1 < o->n_leaves; i++) {
		o->leaf[i].high = o->leaf[i + 1].low;
		o->leaf[i].high_len = o->leaf[i + 1].low_len;
	}
	for (size_t i = 0; i < o->n_nodes; i++) {
		struct tree_old *l = &o->level[o->node_level[i] - 1];

		if (l->n++ == 0)
			l->nodes = &o->node[i];
	}
}

/* ---- the cache --------------------------------------------------------- */

struct outlines {
	pthread_mutex_t lock;
	struct hash_key hash_key;
	size_t n_bytes, bytes_max;
	struct outline *newest, *oldest;
	struct outline *buckets[BUCKETS];
};

enum err
outlines_new(size_t bytes_max, struct outlines **out)
{
	struct outlines *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return ERR_NO_MEMORY;
	pthread_mutex_init(&all->lock, NULL);
	hash_key_random(&all->hash_key);
	all->bytes_max = bytes_max;
	*out = all;
	return OK;
}

static struct outline **
bucket_of(struct outlines *all, const uint8_t zone_id[16])
{
	return &all->buckets[hash_sip(&all->hash_key, zone_id, 16) % BUCKETS];
}

/* Out of the cache; the caller's now. */
static struct outline *
unlink_at(struct outlines *all, struct outline **at)
{
	struct outline *o = *at;

	*at = o->next;
	if (o->newer != NULL)
		o->newer->older = o->older;
	else
		all->newest = o->older;
	if (o->older != NULL)
		o->older->newer = o->newer;
	else
		all->oldest = o->newer;
	CHECK(all->n_bytes >= o->n_bytes);
	all->n_bytes -= o->n_bytes;
	o->next = o->newer = o->older = NULL;
	return o;
}

static struct outline *
unlink_zone(struct outlines *all, const uint8_t zone_id[16])
{
	for (struct outline **at = bucket_of(all, zone_id); *at != NULL;
	    at = &(*at)->next)
		if (memcmp((*at)->zone_id, zone_id, 16) == 0)
			return unlink_at(all, at);
	return NULL;
}

struct outline *
outlines_take(struct outlines *all, const uint8_t zone_id[16],
    int64_t generation, const struct digest *root)
{
	struct outline *o;

	pthread_mutex_lock(&all->lock);
	o = unlink_zone(all, zone_id);
	pthread_mutex_unlock(&all->lock);
	if (o != NULL && (o->generation != generation ||
	    !digest_equal(&o->root, root))) {
		outline_free(o);
		o = NULL;
	}
	return o;
}

void
outlines_put(struct outlines *all, struct outline *o)
{
	struct outline **bucket, *gone = NULL, *old;

	if (o == NULL)
		return;
	pthread_mutex_lock(&all->lock);
	old = unlink_zone(all, o->zone_id);
	bucket = bucket_of(all, o->zone_id);
	o->next = *bucket;
	*bucket = o;
	o->older = all->newest;
	if (all->newest != NULL)
		all->newest->newer = o;
	else
		all->oldest = o;
	all->newest = o;
	all->n_bytes += o->n_bytes;
	while (all->n_bytes > all->bytes_max) {
		struct outline *out = unlink_zone(all, all->oldest->zone_id);

		out->next = gone;
		gone = out;
	}
	pthread_mutex_unlock(&all->lock);
	outline_free(old);
	while (gone != NULL) {
		struct outline *next = gone->next;

		outline_free(gone);
		gone = next;
	}
}

size_t
outlines_bytes(struct outlines *all)
{
	size_t n;

	pthread_mutex_lock(&all->lock);
	n = all->n_bytes;
	pthread_mutex_unlock(&all->lock);
	return n;
}

void
outlines_free(struct outlines *all)
{
	if (all == NULL)
		return;
	while (all->oldest != NULL)
		outline_free(unlink_zone(all, all->oldest->zone_id));
	pthread_mutex_destroy(&all->lock);
	free(all);
}
