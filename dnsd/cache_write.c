/*
 * cache_write.c - the one writer of the shared cache.  See cache_write.h.
 *
 * Reading order: cache_arena (space, epochs), cache_tree, cache_head,
 * cache_dir, cache_load, and this.  docs/CACHE.md says why the order of the
 * stores is enough.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/check.h"
#include "dnsd/cache_arena.h"
#include "dnsd/cache_dir.h"
#include "dnsd/cache_head.h"
#include "dnsd/cache_layout.h"
#include "dnsd/cache_load.h"
#include "dnsd/cache_tree.h"
#include "dnsd/cache_write.h"

struct cache_write {
	struct cache_arena arena;
	struct cache_dir dir;
};

/* ---- the arena: made, or taken over ------------------------------------------ */

static enum err
take_over(struct cache_write *w)
{
	struct cache_alloc *alloc = &w->arena.alloc;
	enum err e;

	if (w->arena.super->layout != CACHE_LAYOUT)
		return ERR_MALFORMED;
	e = cache_arena_pass(&w->arena);
	if (e == OK)
		e = cache_alloc_mark_begin(alloc);
	if (e == OK)
		e = cache_dir_adopt(&w->dir);
	if (e == OK)
		cache_alloc_sweep(alloc);
	return e;
}

static enum err
format(struct cache_write *w)
{
	struct cache_super *s = w->arena.super;
	enum err e;

	if (getrandom(s->hash_seed, sizeof(s->hash_seed), 0) !=
	    sizeof(s->hash_seed))
		return ERR_IO;
	e = cache_dir_make(&w->dir);
	if (e != OK)
		return e;
	s->layout = CACHE_LAYOUT;
	atomic_store_explicit(&s->epoch, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	s->magic = CACHE_MAGIC;		/* last: workers start after "ready" */
	return OK;
}

enum err
cache_write_open(int fd, size_t max_bytes, struct control *control,
    struct cache_write **out_w)
{
	struct cache_write *w = calloc(1, sizeof(*w));
	enum err e;

	if (w == NULL)
		return ERR_NO_MEMORY;
	e = cache_arena_open(fd, max_bytes, control, &w->arena);
	if (e != OK) {
		free(w);
		return e;
	}
	e = cache_dir_init(&w->dir, &w->arena);
	if (e == OK)
		e = w->arena.super->magic == CACHE_MAGIC ? take_over(w) :
		    w->arena.super->magic == 0 ? format(w) : ERR_MALFORMED;
	if (e != OK) {
		cache_write_close(w);
		return e;
	}
	atomic_store_explicit(&w->arena.super->arena_max, w->arena.size,
	    memory_order_relaxed);
	cache_write_reclaim(w);
	*out_w = w;
	return OK;
}

void
cache_write_close(struct cache_write *w)
{
	if (w == NULL)
		return;
	cache_dir_fini(&w->dir);
	cache_arena_close(&w->arena);
	free(w);
}

/* ---- zones --------------------------------------------------------------------- */

enum err
cache_write_begin(struct cache_write *w, const struct cache_facts *facts,
    struct cache_load **out_load)
{
	return cache_load_begin(&w->dir, facts, out_load);
}

enum err
cache_write_set(struct cache_write *w, const struct cache_facts *f)
{
	struct cache_dir *d = &w->dir;
	struct cache_arena *a = &w->arena;
	struct cache_dir_entry *e = cache_dir_find(d, f->id);
	struct cache_zone *z = NULL;
	cache_ref head, old;
	enum err err;

	if (!cache_load_is_valid(f))
		return ERR_MALFORMED;
	if (e != NULL) {
		z = cache_arena_at(a, cache_dir_head(d, e));
		if (!cache_head_is_of(z, f))
			return ERR_MALFORMED;
		if (f->state == CACHE_FACTS_LOADED && z->root == 0)
			return ERR_NOT_FOUND;
		if (z->state == f->state) {
			e->z.stripes = f->stripes;
			atomic_store_explicit(&cache_dir_slot(d, e)->stripes,
			    f->stripes, memory_order_relaxed);
			cache_dir_expire(d, e, f->expire_boot_ms);
			return OK;
		}
	} else if (f->state == CACHE_FACTS_LOADED) {
		return ERR_NOT_FOUND;
	}
	err = cache_head_make(a, f, z, &head);
	if (err != OK)
		return err;
	err = cache_dir_publish(d, f, head, &old);
	if (err != OK) {
		cache_arena_put(a, head,
		    cache_head_size(cache_arena_at(a, head)));
		return err;
	}
	e = cache_dir_find(d, f->id);
	CHECK(e != NULL);
	e->z.state = f->state;
	e->z.stripes = f->stripes;
	e->z.expire_boot_ms = f->expire_boot_ms;
	if (old != 0)			/* its tree lives on in the new head */
		cache_arena_retire(a, old,
		    cache_head_size(cache_arena_at(a, old)));
	cache_arena_raise(a);
	return OK;
}

void
cache_write_expire(struct cache_write *w, const uint8_t id[16],
    int64_t expire_boot_ms)
{
	struct cache_dir_entry *e = cache_dir_find(&w->dir, id);

	if (e != NULL)
		cache_dir_expire(&w->dir, e, expire_boot_ms);
}

void
cache_write_delete(struct cache_write *w, const uint8_t id[16])
{
	struct cache_dir_entry *e = cache_dir_find(&w->dir, id);

	if (e == NULL)
		return;
	cache_head_retire(&w->arena, cache_dir_remove(&w->dir, e), NULL, 0);
	cache_arena_raise(&w->arena);
}

struct cache_held *
cache_write_find(struct cache_write *w, const uint8_t id[16])
{
	struct cache_dir_entry *e = cache_dir_find(&w->dir, id);

	return e == NULL ? NULL : &e->z;
}

void
cache_write_each(struct cache_write *w, cache_write_each_fn fn, void *arg)
{
	for (uint32_t i = 1; i < w->dir.entry_cap; i++)
		if (w->dir.entry[i].used)
			fn(arg, &w->dir.entry[i].z);
}

uint32_t
cache_write_place(const struct cache_write *w, const struct cache_held *z)
{
	/* It is the first member of its entry. */
	return cache_dir_slot(&w->dir,
	    (const struct cache_dir_entry *)(const void *)z)->stats;
}

uint64_t
cache_write_reclaim(struct cache_write *w)
{
	return cache_arena_reclaim(&w->arena);
}

/* ---- the super block's words ---------------------------------------------------- */

void
cache_write_beat(struct cache_write *w, int64_t boot_ms, bool connected,
    uint64_t applied_xmin)
{
	atomic_store_explicit(&w->arena.super->feeder_beat_ms, (uint64_t)boot_ms,
	    memory_order_relaxed);
	atomic_store_explicit(&w->arena.super->connected, connected,
	    memory_order_relaxed);
	atomic_store_explicit(&w->arena.super->applied_xmin, applied_xmin,
	    memory_order_relaxed);
}

void
cache_write_ready(struct cache_write *w)
{
	atomic_store_explicit(&w->arena.super->ready, 1, memory_order_release);
}

bool
cache_write_is_ready(const struct cache_write *w)
{
	return atomic_load_explicit(&w->arena.super->ready,
	    memory_order_relaxed) != 0;
}

uint64_t
cache_write_n_zones(const struct cache_write *w)
{
	return w->dir.n_zones;
}

uint64_t
cache_write_used(const struct cache_write *w)
{
	return (uint64_t)w->arena.alloc.n_used * CACHE_UNIT;
}

const uint8_t *
cache_write_base(const struct cache_write *w)
{
	return w->arena.base;
}

size_t
cache_write_size(const struct cache_write *w)
{
	return w->arena.size;
}

bool
cache_write_check(const struct cache_write *w)
{
	const struct cache_arena *a = &w->arena;
	const struct cache_dir *d = &w->dir;
	uint64_t n = cache_alloc_units(sizeof(struct cache_slot) << d->log2);
	uint32_t zones = 0;

	for (uint32_t i = 1; i < d->entry_cap; i++) {
		const struct cache_dir_entry *e = &d->entry[i];
		struct cache_zone *z;

		if (!e->used)
			continue;
		zones++;
		z = cache_arena_at(a, cache_dir_head(d, e));
		if (memcmp(z->id, e->z.id, 16) != 0 ||
		    z->generation != e->z.generation)
			return false;
		n += cache_alloc_units(cache_head_size(z));
		if (z->root != 0)
			n += cache_tree_units(a, z->root, z->root_level);
	}
	n += a->retired_bytes / CACHE_UNIT;
	return zones == d->n_zones && n == a->alloc.n_used &&
	    cache_alloc_check(&a->alloc);
}
