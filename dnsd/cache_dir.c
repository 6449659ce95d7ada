/*
 * cache_dir.c - the directory of zones.  See cache_dir.h.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/check.h"
#include "common/dns/namehash.h"
#include "common/dns/ownerkey.h"
#include "dnsd/cache_dir.h"
#include "dnsd/cache_head.h"

enum {
	LOG2_MIN = 8,
	LOG2_MAX = 27,
};

/* ---- zones by id, private -------------------------------------------------- */

static uint32_t *
chain_of(const struct cache_dir *d, const uint8_t id[16])
{
	uint64_t h[2];

	memcpy(h, id, sizeof(h));
	return &d->chain[namehash_fold(h[0] ^ d->arena->super->hash_seed[0],
	    h[1] ^ d->arena->super->hash_seed[1]) & d->chain_mask];
}

struct cache_dir_entry *
cache_dir_find(const struct cache_dir *d, const uint8_t id[16])
{
	for (uint32_t i = *chain_of(d, id); i != 0; i = d->entry[i].next)
		if (memcmp(d->entry[i].z.id, id, 16) == 0)
			return &d->entry[i];
	return NULL;
}

static bool
entries_grow(struct cache_dir *d)
{
	uint32_t cap = d->entry_cap == 0 ? 1024 : d->entry_cap * 2;
	struct cache_dir_entry *e = realloc(d->entry, (size_t)cap * sizeof(*e));
	uint32_t *chain;

	if (e == NULL)
		return false;
	d->entry = e;
	memset(e + d->entry_cap, 0, (size_t)(cap - d->entry_cap) * sizeof(*e));
	chain = calloc(cap, sizeof(*chain));
	if (chain == NULL)
		return false;
	for (uint32_t i = cap; i-- > MAX(d->entry_cap, 1u);) {
		e[i].next = d->entry_free;
		d->entry_free = i;
	}
	free(d->chain);
	d->chain = chain;
	d->chain_mask = cap - 1;
	for (uint32_t i = 1; i < d->entry_cap; i++)
		if (e[i].used) {
			uint32_t *head = chain_of(d, e[i].z.id);

			e[i].next = *head;
			*head = i;
		}
	d->entry_cap = cap;
	return true;
}

static struct cache_dir_entry *
entry_add(struct cache_dir *d, const uint8_t id[16])
{
	struct cache_dir_entry *e;
	uint32_t i, *head;

	if (d->entry_free == 0 && !entries_grow(d))
		return NULL;
	i = d->entry_free;
	e = &d->entry[i];
	d->entry_free = e->next;
	memset(e, 0, sizeof(*e));
	memcpy(e->z.id, id, 16);
	e->used = true;
	head = chain_of(d, id);
	e->next = *head;
	*head = i;
	return e;
}

static void
entry_remove(struct cache_dir *d, struct cache_dir_entry *e)
{
	uint32_t i = (uint32_t)(e - d->entry);
	uint32_t *p = chain_of(d, e->z.id);

	while (*p != i)
		p = &d->entry[*p].next;
	*p = e->next;
	memset(e, 0, sizeof(*e));
	e->next = d->entry_free;
	d->entry_free = i;
}

/* ---- the table that readers see ---------------------------------------------- */

/* The hash of a zone's name (cache_layout.h), and its number of labels. */
static uint64_t
name_hash(const struct cache_dir *d, const uint8_t *apex, unsigned *labels)
{
	static const uint8_t root[1];
	struct namehash_seed seed = {
		{ d->arena->super->hash_seed[0], d->arena->super->hash_seed[1] }
	};
	uint64_t h = namehash_init(&seed);
	struct ownerkey key;
	uint16_t from = 1;

	if (ownerkey_from_dname(apex, root, OWNERKEY_TREE_NORMAL, &key) != OK)
		CHECK(!"a name below the root");
	*labels = key.n_labels;
	for (uint16_t i = 1; i < key.len; i++)
		if (key.bytes[i] == 0) {
			h = namehash_label(&seed, h, key.bytes + from,
			    (size_t)(i - from));
			from = (uint16_t)(i + 1);
		}
	return namehash_final(h);
}

static uint64_t
dir_word(uint32_t ref, unsigned log2)
{
	return (uint64_t)ref << 8 | log2;
}

/* A never used slot for a hash in a table that has one. */
static uint32_t
dir_free_slot(const struct cache_slot *table, unsigned log2, uint64_t hash)
{
	uint32_t mask = (1u << log2) - 1;
	uint32_t i = (uint32_t)hash & mask;

	while (atomic_load_explicit(&table[i].tag, memory_order_relaxed) !=
	    CACHE_TAG_FREE)
		i = (i + 1) & mask;
	return i;
}

static void
slot_fill(struct cache_slot *s, uint64_t tag, cache_ref head, uint32_t stats,
    uint64_t stripes, int64_t expire)
{
	s->stats = stats;
	atomic_store_explicit(&s->stripes, stripes, memory_order_relaxed);
	atomic_store_explicit(&s->expire_at_ms, expire, memory_order_relaxed);
	atomic_store_explicit(&s->head, head, memory_order_relaxed);
	/* Pairs with the readers' acquire of the tag. */
	atomic_store_explicit(&s->tag, tag, memory_order_release);
}

/* A new table with the living zones, published by one store. */
static enum err
dir_rebuild(struct cache_dir *d)
{
	unsigned log2 = LOG2_MIN;
	struct cache_slot *old = cache_arena_at(d->arena, d->table), *table;
	size_t old_bytes = sizeof(*old) << d->log2;
	uint32_t old_ref = d->table;
	cache_ref ref;

	while (((uint64_t)1 << log2) < ((uint64_t)d->n_zones + 1) * 2)
		log2++;
	if (log2 > LOG2_MAX)
		return ERR_LIMIT;
	ref = cache_arena_take(d->arena, sizeof(*table) << log2);
	if (ref == 0)
		return ERR_LIMIT;
	table = cache_arena_at(d->arena, ref);
	memset(table, 0, sizeof(*table) << log2);
	for (uint32_t i = 1; i < d->entry_cap; i++) {
		struct cache_dir_entry *e = &d->entry[i];
		struct cache_slot *s;
		uint64_t tag;

		if (!e->used)
			continue;
		s = &old[e->slot];
		tag = atomic_load_explicit(&s->tag, memory_order_relaxed);
		/* The top bit of the hash is not needed to place it. */
		e->slot = dir_free_slot(table, log2, tag);
		slot_fill(&table[e->slot], tag,
		    atomic_load_explicit(&s->head, memory_order_relaxed),
		    s->stats, e->z.stripes, e->z.expire_boot_ms);
	}
	d->table = ref;
	d->log2 = log2;
	d->taken = d->n_zones;
	/* Pairs with the readers' acquire of dir. */
	atomic_store_explicit(&d->arena->super->dir, dir_word(ref, log2),
	    memory_order_release);
	cache_arena_retire(d->arena, old_ref, old_bytes);
	cache_arena_raise(d->arena);
	return OK;
}

static void
labels_count(struct cache_dir *d, unsigned labels, int by)
{
	_Atomic uint64_t *word = &d->arena->super->label_counts[labels / 64];
	uint64_t bit = UINT64_C(1) << (labels % 64);

	d->labels_n[labels] += (uint32_t)by;
	if (d->labels_n[labels] > 0)
		atomic_fetch_or_explicit(word, bit, memory_order_release);
	else
		atomic_fetch_and_explicit(word, ~bit, memory_order_release);
}

static void
zones_count(struct cache_dir *d, int by)
{
	d->n_zones += (uint32_t)by;
	atomic_store_explicit(&d->arena->super->n_zones, d->n_zones,
	    memory_order_relaxed);
}

/* Room for one more zone: a table at most five eighths full. */
static enum err
dir_room(struct cache_dir *d)
{
	if (((uint64_t)d->taken + 1) * 8 <= ((uint64_t)5 << d->log2))
		return OK;
	return dir_rebuild(d);
}

enum err
cache_dir_publish(struct cache_dir *d, const struct cache_facts *f,
    cache_ref head, cache_ref *out_old)
{
	struct cache_dir_entry *e = cache_dir_find(d, f->id);
	struct cache_slot *s;
	uint64_t hash;
	unsigned labels;
	enum err err;

	*out_old = 0;
	if (e != NULL) {
		s = cache_dir_slot(d, e);
		*out_old = atomic_load_explicit(&s->head,
		    memory_order_relaxed);
		atomic_store_explicit(&s->stripes, f->stripes,
		    memory_order_relaxed);
		/* Pairs with the readers' acquire of head. */
		atomic_store_explicit(&s->head, head, memory_order_release);
		atomic_store_explicit(&s->expire_at_ms, f->expire_boot_ms,
		    memory_order_relaxed);
		return OK;
	}
	err = dir_room(d);
	if (err != OK)
		return err;
	e = entry_add(d, f->id);
	if (e == NULL)
		return ERR_NO_MEMORY;
	hash = name_hash(d, f->apex, &labels);
	e->labels = (uint8_t)labels;
	e->slot = dir_free_slot(cache_arena_at(d->arena, d->table),
	    d->log2, hash);
	labels_count(d, labels, 1);
	slot_fill(cache_dir_slot(d, e), CACHE_TAG(hash), head,
	    zonecount_take(&d->counts), f->stripes, f->expire_boot_ms);
	d->taken++;
	zones_count(d, 1);
	return OK;
}

cache_ref
cache_dir_remove(struct cache_dir *d, struct cache_dir_entry *e)
{
	struct cache_slot *s = cache_dir_slot(d, e);
	cache_ref head = cache_dir_head(d, e);

	atomic_store_explicit(&s->tag, CACHE_TAG_TOMBSTONE,
	    memory_order_release);
	zonecount_put(&d->counts, s->stats);
	labels_count(d, e->labels, -1);
	zones_count(d, -1);
	entry_remove(d, e);
	return head;
}

void
cache_dir_expire(struct cache_dir *d, struct cache_dir_entry *e,
    int64_t expire_boot_ms)
{
	e->z.expire_boot_ms = expire_boot_ms;
	atomic_store_explicit(&cache_dir_slot(d, e)->expire_at_ms,
	    expire_boot_ms, memory_order_relaxed);
}

enum err
cache_dir_init(struct cache_dir *d, struct cache_arena *arena)
{
	memset(d, 0, sizeof(*d));
	d->arena = arena;
	zonecount_init(&d->counts, arena->control);
	return entries_grow(d) ? OK : ERR_NO_MEMORY;
}

void
cache_dir_fini(struct cache_dir *d)
{
	free(d->entry);
	free(d->chain);
}

enum err
cache_dir_make(struct cache_dir *d)
{
	size_t bytes = sizeof(struct cache_slot) << LOG2_MIN;
	cache_ref ref = cache_arena_take(d->arena, bytes);

	if (ref == 0)
		return ERR_LIMIT;
	memset(cache_arena_at(d->arena, ref), 0, bytes);
	d->table = ref;
	d->log2 = LOG2_MIN;
	atomic_store_explicit(&d->arena->super->dir, dir_word(ref, LOG2_MIN),
	    memory_order_relaxed);
	return OK;
}

static bool
slot_adopt(struct cache_dir *d, struct cache_slot *s, uint32_t i)
{
	cache_ref head = atomic_load_explicit(&s->head, memory_order_relaxed);
	struct cache_zone *z = cache_arena_at(d->arena, head);
	struct cache_dir_entry *e;
	unsigned labels;

	if (!cache_head_mark(d->arena, head))
		return false;
	e = entry_add(d, z->id);
	if (e == NULL)
		return false;
	e->slot = i;
	s->stats = zonecount_keep(&d->counts, s->stats);
	e->z.generation = z->generation;
	e->z.serial = z->serial;
	e->z.state = z->state;
	e->z.root = *cache_head_digest(z);
	e->z.stripes = atomic_load_explicit(&s->stripes, memory_order_relaxed);
	e->z.expire_boot_ms = atomic_load_explicit(&s->expire_at_ms,
	    memory_order_relaxed);
	name_hash(d, z->tail, &labels);
	e->labels = (uint8_t)labels;
	labels_count(d, labels, 1);
	d->n_zones++;
	return true;
}

enum err
cache_dir_adopt(struct cache_dir *d)
{
	uint64_t word = atomic_load_explicit(&d->arena->super->dir,
	    memory_order_relaxed);
	struct cache_slot *table;
	uint64_t tag;

	d->table = (uint32_t)(word >> 8);
	d->log2 = (unsigned)(word & 0xff);
	if (d->log2 < LOG2_MIN || d->log2 > LOG2_MAX)
		return ERR_MALFORMED;
	if (!cache_alloc_mark(&d->arena->alloc, d->table,
	    sizeof(*table) << d->log2))
		return ERR_MALFORMED;
	table = cache_arena_at(d->arena, d->table);
	for (uint32_t i = 0; i < 1u << d->log2; i++) {
		tag = atomic_load_explicit(&table[i].tag,
		    memory_order_relaxed);
		if (tag != CACHE_TAG_FREE)
			d->taken++;
		if (tag == CACHE_TAG_FREE || tag == CACHE_TAG_TOMBSTONE)
			continue;
		if (!slot_adopt(d, &table[i], i))
			atomic_store_explicit(&table[i].tag,
			    CACHE_TAG_TOMBSTONE, memory_order_release);
	}
	zones_count(d, 0);
	return OK;
}
