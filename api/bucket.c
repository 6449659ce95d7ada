/*
 * bucket.c - token buckets.  See bucket.h.
 *
 * Tokens are counted in thousandths, so that one bucket a minute and a
 * thousand a second are both exact.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/bucket.h"
#include "common/base/hash.h"

enum { WAYS = 8, LOCKS = 16, WHOLE = 1000 };

struct bucket {
	uint8_t key[BUCKET_KEY_BYTES];
	bool used;
	int64_t tokens;			/* thousandths, at @at_ms */
	int64_t at_ms;
};

struct bucket_table {
	struct bucket_conf conf;
	struct hash_key hash;
	size_t n_sets;			/* of WAYS buckets, a power of two */
	pthread_mutex_t lock[LOCKS];	/* of the sets that end in its number */
	struct bucket bucket[];
};

enum err
bucket_new(const struct bucket_conf *conf, struct bucket_table **out_table)
{
	struct bucket_table *t;
	size_t n_sets = LOCKS;

	while (n_sets * WAYS < conf->n_max)
		n_sets *= 2;
	t = calloc(1, sizeof(*t) + n_sets * WAYS * sizeof(t->bucket[0]));
	if (t == NULL)
		return ERR_NO_MEMORY;
	t->conf = *conf;
	t->n_sets = n_sets;
	hash_key_random(&t->hash);
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_init(&t->lock[i], NULL);
	*out_table = t;
	return OK;
}

void
bucket_free(struct bucket_table *t)
{
	if (t == NULL)
		return;
	for (int i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&t->lock[i]);
	free(t);
}

/* What a bucket holds now. */
static int64_t
level(const struct bucket_table *t, const struct bucket *b, int64_t now_ms)
{
	int64_t full = (int64_t)t->conf.quota * WHOLE;
	int64_t gone = MAX(now_ms - b->at_ms, INT64_C(0));

	/* A token a millisecond and more fits: 2^32 * 2^31 is below 2^63. */
	if (gone >= (int64_t)t->conf.window_s * 1000)
		return full;
	return MIN(full, b->tokens + gone * (int64_t)t->conf.quota /
	    (int64_t)t->conf.window_s);
}

static struct bucket *
find(struct bucket_table *t, size_t set, const uint8_t *key, int64_t now_ms)
{
	struct bucket *b = &t->bucket[set * WAYS], *best = b;
	int64_t most = -1;

	for (int i = 0; i < WAYS; i++, b++) {
		int64_t has = b->used ? level(t, b, now_ms) : INT64_MAX;

		if (b->used && memcmp(b->key, key, BUCKET_KEY_BYTES) == 0)
			return b;
		if (has > most) {
			most = has;
			best = b;
		}
	}
	best->used = true;
	memcpy(best->key, key, BUCKET_KEY_BYTES);
	best->tokens = (int64_t)t->conf.quota * WHOLE;
	best->at_ms = now_ms;
	return best;
}

/* Seconds, rounded up, until @missing thousandths have come back. */
static uint32_t
seconds(const struct bucket_table *t, int64_t missing)
{
	int64_t rate = t->conf.quota;	/* thousandths in window_s ms */

	return missing <= 0 ? 0 : (uint32_t)((missing *
	    (int64_t)t->conf.window_s + rate * 1000 - 1) / (rate * 1000));
}

void
bucket_take(struct bucket_table *t, const uint8_t *key, int64_t now_ms,
    struct bucket_view *out)
{
	size_t set = (size_t)hash_sip(&t->hash, key, BUCKET_KEY_BYTES) &
	    (t->n_sets - 1);
	pthread_mutex_t *lock = &t->lock[set % LOCKS];
	struct bucket *b;
	int64_t tokens;

	pthread_mutex_lock(lock);
	b = find(t, set, key, now_ms);
	tokens = level(t, b, now_ms);
	out->allowed = tokens >= WHOLE;
	if (out->allowed)
		tokens -= WHOLE;
	b->tokens = tokens;
	b->at_ms = MAX(now_ms, b->at_ms);
	pthread_mutex_unlock(lock);
	out->quota = t->conf.quota;
	out->left = (uint32_t)(tokens / WHOLE);
	out->full_s = seconds(t, (int64_t)t->conf.quota * WHOLE - tokens);
	out->wait_s = seconds(t, WHOLE - tokens);
}
