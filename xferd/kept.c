/* kept.c - see kept.h. */
#include "xferd/kept.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"

/* Collisions are somebody's luck: the key is this process's. */
static uint64_t
hash(const void *bytes, size_t len)
{
	static struct hash_key key;
	static bool made;

	if (!made) {
		hash_key_random(&key);
		made = true;
	}
	return hash_sip(&key, bytes, len);
}

static uint64_t
hash_of(const struct handoff_notify *n)
{
	uint8_t b[HANDOFF_NAME_MAX + 16 + 6] = { 0 };
	uint8_t *p = b;

	memcpy(p, n->apex, n->apex_len);
	p += n->apex_len;
	memcpy(p, n->source.ip, 16);
	p += 16;
	*p++ = n->has_serial;
	*p++ = n->signed_ == HANDOFF_NOTIFY_SIGNED;
	memcpy(p, &n->serial, 4);
	return hash(b, (size_t)(p + 4 - b));
}

bool
kept_put(struct kept *k, const struct handoff_notify *n,
    const uint8_t *payload, size_t len, int64_t now_wall_ms)
{
	uint64_t what = hash_of(n);
	uint64_t source = hash(n->source.ip, 16);
	unsigned of_source = 0;
	uint8_t *copy;
	size_t i;

	if (len > KEPT_SIZE_MAX)
		return false;
	for (i = 0; i < k->n; i++) {
		size_t at = (k->head + i) % KEPT_MAX;

		if (k->at[at].what == what)
			return true;			/* T-043 */
		of_source += k->at[at].source == source;
	}
	if (k->n == KEPT_MAX || of_source >= KEPT_OF_SOURCE_MAX)
		return false;
	copy = malloc(len);
	if (copy == NULL)
		return false;
	memcpy(copy, payload, len);
	i = (k->head + k->n++) % KEPT_MAX;
	k->at[i].one = (struct kept_one){ .payload = copy, .len = len,
		.came_ms = now_wall_ms };
	k->at[i].what = what;
	k->at[i].source = source;
	return true;
}

bool
kept_take(struct kept *k, struct kept_one *out)
{
	if (k->n == 0)
		return false;
	*out = k->at[k->head].one;
	k->head = (k->head + 1) % KEPT_MAX;
	k->n--;
	return true;
}

void
kept_fini(struct kept *k)
{
	struct kept_one one;

	while (kept_take(k, &one))
		free(one.payload);
}
