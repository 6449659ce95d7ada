/*
 * cache_write.c - the one writer of the shared cache.  See cache_write.h.
 *
 * Order of every publication: write the new thing, publish it with one
 * release store, retire what it replaced, raise the epoch.  docs/CACHE.md
 * says why nothing more is needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/check.h"
#include "common/base/now.h"
#include "common/dns/dname.h"
#include "common/dns/namehash.h"
#include "common/dns/ownerkey.h"
#include "common/dns/page.h"
#include "common/dns/tree.h"
#include "dnsd/cache_alloc.h"
#include "dnsd/cache_layout.h"
#include "dnsd/cache_write.h"
#include "dnsd/control.h"

enum {
	DIR_LOG2_MIN = 8,
	DIR_LOG2_MAX = 27,
	TAKEOVER_WAIT_MS = 30000,
	PARTS_MAX = 1 << 24,
	NODE_BYTES_MAX = 1 << 30,	/* staged nodes of one version */
	TYPE_SOA = 6,
	TYPE_NSEC = 47,
	TYPE_NSEC3PARAM = 51,
};

static_assert((int)TREE_LEVELS_MAX <= (int)CACHE_LEVELS_MAX, "levels fit");
static_assert((int)TREE_CHILDREN_MAX <= (int)CACHE_NODE_CHILDREN_MAX,
    "children fit");

/* Unlinked at the epoch before @epoch; free once every reader is past it. */
struct retired {
	cache_ref ref;
	uint32_t units;
	uint64_t epoch;
};

struct entry {
	struct cache_write_zone z;	/* first: given out */
	uint32_t slot;
	uint32_t next;			/* in its chain, or of the free list */
	uint8_t labels;
	bool used;
};

struct cache_write {
	uint8_t *base;
	size_t size;
	int fd;
	struct cache_super *super;
	struct control *control;
	struct cache_alloc alloc;

	struct retired *retired;	/* a queue in order of epochs */
	size_t retired_at, retired_n, retired_cap;
	uint64_t retired_bytes;

	struct entry *entry;		/* 1.. ; 0 is "none" */
	uint32_t entry_cap, entry_free;
	uint32_t *chain;		/* by id, power of two */
	uint32_t chain_mask;
	uint32_t n_zones;

	uint32_t dir;			/* ref of the table */
	unsigned dir_log2;
	uint32_t dir_taken;		/* zones and tombstones */
	uint32_t labels_n[128];		/* zones by number of labels */
};

/* A page or node of a version that is being loaded. */
struct part {
	cache_ref ref;			/* page: in the arena; node: 0 */
	uint32_t len;
	size_t at;			/* low key in keys; node: bytes behind */
	uint16_t low_len;
	uint8_t level;
	bool used;
	struct digest digest;
};

struct cache_load {
	struct cache_write *w;
	struct cache_write_facts facts;
	struct part *part;
	size_t n_parts, cap;
	struct buf bytes;		/* keys, node bodies */
	uint8_t hints;			/* CACHE_ZONE_HAS_* of new pages */
	cache_ref old_root;
	uint8_t old_level;
	struct digest old_digest;
	/* what the new tree took over from the old one, and what it made */
	cache_ref *reused;
	size_t n_reused, cap_reused;
	cache_ref *made;
	size_t n_made, cap_made;
	uint64_t made_bytes;
};

static void *
at(const struct cache_write *w, cache_ref ref)
{
	return w->base + (size_t)ref * CACHE_UNIT;
}

static struct cache_slot *
slots(const struct cache_write *w)
{
	return at(w, w->dir);
}

static size_t
zone_size(const struct cache_zone *z)
{
	return offsetof(struct cache_zone, tail) + z->apex_len +
	    z->nsec3_salt_len + DIGEST_SIZE;
}

static size_t
object_size(const struct cache_write *w, cache_ref ref, unsigned level)
{
	if (level == 0)
		return page_size(at(w, ref));
	return ((struct cache_node *)at(w, ref))->size;
}

static const struct digest *
zone_digest(const struct cache_zone *z)
{
	return (const struct digest *)(z->tail + z->apex_len +
	    z->nsec3_salt_len);
}

static uint64_t *
node_heads(struct cache_node *n)
{
	return (uint64_t *)(void *)(n + 1);
}

static cache_ref *
node_children(struct cache_node *n)
{
	return (cache_ref *)(void *)(node_heads(n) + n->n);
}

static uint32_t *
node_fences(struct cache_node *n)
{
	return node_children(n) + n->n;
}

static struct digest *
node_digests(struct cache_node *n)
{
	return (struct digest *)(void *)((uint8_t *)n + n->size -
	    (size_t)n->n * DIGEST_SIZE);
}

static bool
grow(void **p, size_t *cap, size_t need, size_t each)
{
	size_t n = *cap == 0 ? 64 : *cap * 2;
	void *q;

	if (need <= *cap)
		return true;
	while (n < need)
		n *= 2;
	q = realloc(*p, n * each);
	if (q == NULL)
		return false;
	*p = q;
	*cap = n;
	return true;
}

/* ---- retiring and reclaiming ---------------------------------------------- */

static void
retire(struct cache_write *w, cache_ref ref, size_t bytes)
{
	struct retired *r;
	size_t end;

	if (w->retired_at > 0 && w->retired_at == w->retired_n)
		w->retired_at = w->retired_n = 0;
	end = w->retired_n;
	if (!grow((void **)&w->retired, &w->retired_cap, end + 1,
	    sizeof(*w->retired)))
		return;			/* leaks until the next feeder marks */
	r = &w->retired[end];
	r->ref = ref;
	r->units = cache_alloc_units(bytes);
	r->epoch = atomic_load_explicit(&w->super->epoch,
	    memory_order_relaxed) + 1;
	w->retired_n++;
	w->retired_bytes += (uint64_t)r->units * CACHE_UNIT;
}

/*
 * After the unlinking stores: readers that enter from now on copy the new
 * epoch and cannot reach what was retired with it.
 */
static void
epoch_raise(struct cache_write *w)
{
	atomic_thread_fence(memory_order_seq_cst);
	atomic_fetch_add_explicit(&w->super->epoch, 1, memory_order_seq_cst);
}

/* The oldest epoch that a reader is in; UINT64_MAX when none is inside. */
static uint64_t
epoch_oldest(const struct cache_write *w)
{
	uint64_t oldest = UINT64_MAX, e;

	/* Pairs with the fence in control_enter(). */
	atomic_thread_fence(memory_order_seq_cst);
	for (int i = 0; i < CACHE_READERS_MAX; i++) {
		e = atomic_load_explicit(&w->control->reader[i].epoch,
		    memory_order_acquire);
		if (e != 0)
			oldest = MIN(oldest, e);
	}
	return oldest;
}

uint64_t
cache_write_reclaim(struct cache_write *w)
{
	uint64_t oldest;
	struct retired *r;
	size_t rest;

	if (w->retired_at == w->retired_n)
		goto out;
	oldest = epoch_oldest(w);
	while (w->retired_at < w->retired_n) {
		r = &w->retired[w->retired_at];
		if (r->epoch > oldest)
			break;
		cache_alloc_put(&w->alloc, r->ref,
		    (size_t)r->units * CACHE_UNIT);
		w->retired_bytes -= (uint64_t)r->units * CACHE_UNIT;
		w->retired_at++;
	}
	rest = w->retired_n - w->retired_at;
	if (w->retired_at > 4096 && w->retired_at > rest) {
		memmove(w->retired, w->retired + w->retired_at,
		    rest * sizeof(*w->retired));
		w->retired_at = 0;
		w->retired_n = rest;
	}
out:
	atomic_store_explicit(&w->super->retained, w->retired_bytes,
	    memory_order_relaxed);
	atomic_store_explicit(&w->super->arena_used,
	    (uint64_t)w->alloc.n_used * CACHE_UNIT, memory_order_relaxed);
	return w->retired_bytes;
}

static cache_ref
take(struct cache_write *w, size_t bytes)
{
	cache_ref ref = cache_alloc_get(&w->alloc, bytes);

	if (ref == 0) {
		cache_write_reclaim(w);
		ref = cache_alloc_get(&w->alloc, bytes);
	}
	return ref;
}

/* ---- zones by id, private -------------------------------------------------- */

static uint32_t *
chain_of(const struct cache_write *w, const uint8_t id[16])
{
	uint64_t h[2];

	memcpy(h, id, sizeof(h));
	return &w->chain[namehash_fold(h[0] ^ w->super->hash_seed[0],
	    h[1] ^ w->super->hash_seed[1]) & w->chain_mask];
}

static struct entry *
entry_find(const struct cache_write *w, const uint8_t id[16])
{
	for (uint32_t i = *chain_of(w, id); i != 0; i = w->entry[i].next)
		if (memcmp(w->entry[i].z.id, id, 16) == 0)
			return &w->entry[i];
	return NULL;
}

static bool
entries_grow(struct cache_write *w)
{
	uint32_t cap = w->entry_cap == 0 ? 1024 : w->entry_cap * 2;
	struct entry *e = realloc(w->entry, (size_t)cap * sizeof(*e));
	uint32_t *chain;

	if (e == NULL)
		return false;
	w->entry = e;
	memset(e + w->entry_cap, 0, (size_t)(cap - w->entry_cap) * sizeof(*e));
	chain = calloc(cap, sizeof(*chain));
	if (chain == NULL)
		return false;
	for (uint32_t i = cap; i-- > MAX(w->entry_cap, 1u);) {
		e[i].next = w->entry_free;
		w->entry_free = i;
	}
	free(w->chain);
	w->chain = chain;
	w->chain_mask = cap - 1;
	for (uint32_t i = 1; i < w->entry_cap; i++)
		if (e[i].used) {
			uint32_t *head = chain_of(w, e[i].z.id);

			e[i].next = *head;
			*head = i;
		}
	w->entry_cap = cap;
	return true;
}

static struct entry *
entry_add(struct cache_write *w, const uint8_t id[16])
{
	struct entry *e;
	uint32_t i, *head;

	if (w->entry_free == 0 && !entries_grow(w))
		return NULL;
	i = w->entry_free;
	e = &w->entry[i];
	w->entry_free = e->next;
	memset(e, 0, sizeof(*e));
	memcpy(e->z.id, id, 16);
	e->used = true;
	head = chain_of(w, id);
	e->next = *head;
	*head = i;
	return e;
}

static void
entry_remove(struct cache_write *w, struct entry *e)
{
	uint32_t i = (uint32_t)(e - w->entry);
	uint32_t *p = chain_of(w, e->z.id);

	while (*p != i)
		p = &w->entry[*p].next;
	*p = e->next;
	memset(e, 0, sizeof(*e));
	e->next = w->entry_free;
	w->entry_free = i;
}

struct cache_write_zone *
cache_write_find(struct cache_write *w, const uint8_t id[16])
{
	struct entry *e = w->chain == NULL ? NULL : entry_find(w, id);

	return e == NULL ? NULL : &e->z;
}

void
cache_write_each(struct cache_write *w, cache_write_each_fn fn, void *arg)
{
	for (uint32_t i = 1; i < w->entry_cap; i++)
		if (w->entry[i].used)
			fn(arg, &w->entry[i].z);
}

/* ---- the directory ---------------------------------------------------------- */

/* The hash of a zone's name (cache_layout.h), and its number of labels. */
static uint64_t
name_hash(const struct cache_write *w, const uint8_t *apex, unsigned *labels)
{
	static const uint8_t root[1];
	struct namehash_seed seed = {
		{ w->super->hash_seed[0], w->super->hash_seed[1] }
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
dir_rebuild(struct cache_write *w)
{
	unsigned log2 = DIR_LOG2_MIN;
	struct cache_slot *old = slots(w), *table;
	size_t old_bytes = sizeof(*old) << w->dir_log2;
	uint32_t old_ref = w->dir;
	cache_ref ref;

	while (((uint64_t)1 << log2) < ((uint64_t)w->n_zones + 1) * 2)
		log2++;
	if (log2 > DIR_LOG2_MAX)
		return ERR_LIMIT;
	ref = take(w, sizeof(*table) << log2);
	if (ref == 0)
		return ERR_LIMIT;
	table = at(w, ref);
	memset(table, 0, sizeof(*table) << log2);
	for (uint32_t i = 1; i < w->entry_cap; i++) {
		struct entry *e = &w->entry[i];
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
	w->dir = ref;
	w->dir_log2 = log2;
	w->dir_taken = w->n_zones;
	/* Pairs with the readers' acquire of dir. */
	atomic_store_explicit(&w->super->dir, dir_word(ref, log2),
	    memory_order_release);
	retire(w, old_ref, old_bytes);
	epoch_raise(w);
	return OK;
}

static void
labels_count(struct cache_write *w, unsigned labels, int by)
{
	_Atomic uint64_t *word = &w->super->label_counts[labels / 64];
	uint64_t bit = UINT64_C(1) << (labels % 64);

	w->labels_n[labels] += (uint32_t)by;
	if (w->labels_n[labels] > 0)
		atomic_fetch_or_explicit(word, bit, memory_order_release);
	else
		atomic_fetch_and_explicit(word, ~bit, memory_order_release);
}

static void
zones_count(struct cache_write *w, int by)
{
	w->n_zones += (uint32_t)by;
	atomic_store_explicit(&w->super->n_zones, w->n_zones,
	    memory_order_relaxed);
}

/* Room for one more zone: a table at most five eighths full. */
static enum err
dir_room(struct cache_write *w)
{
	if (((uint64_t)w->dir_taken + 1) * 8 <= ((uint64_t)5 << w->dir_log2))
		return OK;
	return dir_rebuild(w);
}

/* ---- heads and trees --------------------------------------------------------- */

/* Retire what the tree at @ref has and the sorted list @kept has not. */
static void
tree_retire(struct cache_write *w, cache_ref ref, unsigned level,
    const cache_ref *kept, size_t n_kept)
{
	size_t low = 0, high = n_kept, mid;
	struct cache_node *n;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (kept[mid] < ref)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < n_kept && kept[low] == ref)
		return;
	if (level > 0) {
		n = at(w, ref);
		for (unsigned i = 0; i < n->n; i++)
			tree_retire(w, node_children(n)[i], level - 1, kept,
			    n_kept);
	}
	retire(w, ref, object_size(w, ref, level));
}

static void
head_retire(struct cache_write *w, cache_ref head, const cache_ref *kept,
    size_t n_kept)
{
	struct cache_zone *z = at(w, head);

	if (z->root != 0)
		tree_retire(w, z->root, z->root_level, kept, n_kept);
	retire(w, head, zone_size(z));
}

/* Publish @head as the zone's; what the old head had is the caller's. */
static enum err
head_publish(struct cache_write *w, const struct cache_write_facts *f,
    cache_ref head, cache_ref *out_old)
{
	struct entry *e = entry_find(w, f->id);
	struct cache_slot *s;
	uint64_t hash;
	unsigned labels;
	enum err err;

	*out_old = 0;
	if (e != NULL) {
		s = &slots(w)[e->slot];
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
	err = dir_room(w);
	if (err != OK)
		return err;
	e = entry_add(w, f->id);
	if (e == NULL)
		return ERR_NO_MEMORY;
	hash = name_hash(w, f->apex, &labels);
	e->labels = (uint8_t)labels;
	e->slot = dir_free_slot(slots(w), w->dir_log2, hash);
	labels_count(w, labels, 1);
	slot_fill(&slots(w)[e->slot], CACHE_TAG(hash), head, 0, f->stripes,
	    f->expire_boot_ms);
	w->dir_taken++;
	zones_count(w, 1);
	return OK;
}

static void
entry_update(struct entry *e, const struct cache_write_facts *f,
    uint32_t serial)
{
	e->z.generation = f->generation;
	e->z.stripes = f->stripes;
	e->z.expire_boot_ms = f->expire_boot_ms;
	e->z.state = f->state;
	e->z.serial = serial;
	e->z.root = f->root;
}

void
cache_write_delete(struct cache_write *w, const uint8_t id[16])
{
	struct entry *e = entry_find(w, id);
	struct cache_slot *s;

	if (e == NULL)
		return;
	s = &slots(w)[e->slot];
	atomic_store_explicit(&s->tag, CACHE_TAG_TOMBSTONE,
	    memory_order_release);
	labels_count(w, e->labels, -1);
	zones_count(w, -1);
	head_retire(w, atomic_load_explicit(&s->head, memory_order_relaxed),
	    NULL, 0);
	entry_remove(w, e);
	epoch_raise(w);
}

void
cache_write_expire(struct cache_write *w, const uint8_t id[16],
    int64_t expire_boot_ms)
{
	struct entry *e = entry_find(w, id);

	if (e == NULL)
		return;
	e->z.expire_boot_ms = expire_boot_ms;
	atomic_store_explicit(&slots(w)[e->slot].expire_at_ms, expire_boot_ms,
	    memory_order_relaxed);
}

/* A head without content, or with that of @like (borrowed by both for now). */
static enum err
head_make(struct cache_write *w, const struct cache_write_facts *f,
    const struct cache_zone *like, cache_ref *out_head)
{
	size_t size = like != NULL ? zone_size(like) :
	    offsetof(struct cache_zone, tail) + f->apex_len + DIGEST_SIZE;
	cache_ref ref = take(w, size);
	struct cache_zone *z;

	if (ref == 0)
		return ERR_LIMIT;
	z = at(w, ref);
	if (like != NULL) {
		memcpy(z, like, size);
	} else {
		memset(z, 0, size);
		memcpy(z->id, f->id, 16);
		z->apex_len = f->apex_len;
		memcpy(z->tail, f->apex, f->apex_len);
	}
	z->state = f->state;
	*out_head = ref;
	return OK;
}

/* Facts come from the database or a file: claims. */
static bool
facts_valid(const struct cache_write_facts *f)
{
	size_t len;

	if (dname_scan(f->apex, f->apex_len, &len) != OK ||
	    len != f->apex_len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (f->apex[i] >= 'A' && f->apex[i] <= 'Z')
			return false;
	return f->root_level <= TREE_LEVELS_MAX &&
	    f->state <= CACHE_WRITE_SUSPENDED;
}

/* A zone keeps its name for life. */
static bool
same_name(const struct cache_zone *z, const struct cache_write_facts *f)
{
	return z->apex_len == f->apex_len &&
	    memcmp(z->tail, f->apex, f->apex_len) == 0;
}

enum err
cache_write_set(struct cache_write *w, const struct cache_write_facts *f)
{
	struct entry *e = entry_find(w, f->id);
	struct cache_zone *z = NULL;
	cache_ref head, old;
	struct cache_slot *s;
	enum err err;

	if (!facts_valid(f))
		return ERR_MALFORMED;
	if (e != NULL) {
		s = &slots(w)[e->slot];
		z = at(w, atomic_load_explicit(&s->head,
		    memory_order_relaxed));
		if (!same_name(z, f))
			return ERR_MALFORMED;
		if (f->state == CACHE_WRITE_LOADED && z->root == 0)
			return ERR_NOT_FOUND;
		if (z->state == f->state) {
			e->z.stripes = f->stripes;
			atomic_store_explicit(&s->stripes, f->stripes,
			    memory_order_relaxed);
			cache_write_expire(w, f->id, f->expire_boot_ms);
			return OK;
		}
	} else if (f->state == CACHE_WRITE_LOADED) {
		return ERR_NOT_FOUND;
	}
	err = head_make(w, f, z, &head);
	if (err != OK)
		return err;
	err = head_publish(w, f, head, &old);
	if (err != OK) {
		cache_alloc_put(&w->alloc, head, zone_size(at(w, head)));
		return err;
	}
	e = entry_find(w, f->id);
	CHECK(e != NULL);
	e->z.state = f->state;
	e->z.stripes = f->stripes;
	e->z.expire_boot_ms = f->expire_boot_ms;
	if (old != 0)			/* its tree lives on in the new head */
		retire(w, old, zone_size(at(w, old)));
	epoch_raise(w);
	return OK;
}

/* ---- loading a version --------------------------------------------------------- */

enum err
cache_write_begin(struct cache_write *w, const struct cache_write_facts *facts,
    struct cache_load **out_load)
{
	struct entry *e = entry_find(w, facts->id);
	struct cache_load *load;
	struct cache_zone *z;

	if (!facts_valid(facts))
		return ERR_MALFORMED;
	if (e != NULL && e->z.generation > facts->generation &&
	    !facts->may_go_back)
		return ERR_STALE;
	load = calloc(1, sizeof(*load));
	if (load == NULL)
		return ERR_NO_MEMORY;
	load->w = w;
	load->facts = *facts;
	buf_init(&load->bytes, NODE_BYTES_MAX);
	if (e != NULL) {
		z = at(w, atomic_load_explicit(&slots(w)[e->slot].head,
		    memory_order_relaxed));
		if (!same_name(z, facts)) {
			cache_write_abort(load);
			return ERR_MALFORMED;
		}
		load->old_root = z->root;
		load->old_level = z->root_level;
		load->old_digest = *zone_digest(z);
		if (z->root != 0)	/* hints stay true when they were */
			load->hints = z->flags & (CACHE_ZONE_HAS_DNAME |
			    CACHE_ZONE_HAS_WILDCARD);
	}
	*out_load = load;
	return OK;
}

static struct part *
part_add(struct cache_load *load, unsigned level, const uint8_t *low,
    size_t low_len)
{
	struct part *p;

	if (load->n_parts >= PARTS_MAX || low_len > OWNERKEY_MAX)
		return NULL;
	if (!grow((void **)&load->part, &load->cap, load->n_parts + 1,
	    sizeof(*load->part)))
		return NULL;
	p = &load->part[load->n_parts];
	memset(p, 0, sizeof(*p));
	p->at = load->bytes.len;
	if (buf_bytes(&load->bytes, low, low_len) != OK)
		return NULL;
	p->low_len = (uint16_t)low_len;
	p->level = (uint8_t)level;
	load->n_parts++;
	return p;
}

/* Hints that a page gives about its zone. */
static uint8_t
page_hints(const uint8_t *page)
{
	static const uint8_t star[] = { 0, '*', 0 };
	struct page_name n;
	uint8_t hints = 0;

	for (unsigned i = 0; i < page_n_names(page); i++) {
		page_name_at(page, i, &n);
		if (n.key[0] != OWNERKEY_TREE_NORMAL)
			continue;
		if (n.flags & PAGE_HAS_DNAME)
			hints |= CACHE_ZONE_HAS_DNAME;
		/* The tree byte 0 stands before the first label too. */
		if (memmem(n.key, n.key_len, star, sizeof(star)) != NULL)
			hints |= CACHE_ZONE_HAS_WILDCARD;
	}
	return hints;
}

enum err
cache_write_page(struct cache_load *load, const uint8_t *low, size_t low_len,
    const uint8_t *page, size_t len)
{
	struct cache_write *w = load->w;
	struct part *p;
	cache_ref ref;
	enum err e;

	if (len < PAGE_HEADER_BYTES || len > PAGE_MAX_BYTES)
		return ERR_MALFORMED;
	ref = take(w, len);
	if (ref == 0)
		return ERR_LIMIT;
	memcpy(at(w, ref), page, len);
	e = page_validate(at(w, ref), len);
	if (e == OK && page_size(at(w, ref)) != len)
		e = ERR_MALFORMED;
	p = e == OK ? part_add(load, 0, low, low_len) : NULL;
	if (p == NULL) {
		cache_alloc_put(&w->alloc, ref, len);
		return e == OK ? ERR_NO_MEMORY : e;
	}
	p->ref = ref;
	p->len = (uint32_t)len;
	digest_of(at(w, ref), len, &p->digest);
	load->hints |= page_hints(at(w, ref));
	return OK;
}

enum err
cache_write_node(struct cache_load *load, const uint8_t *low, size_t low_len,
    const uint8_t *node, size_t len)
{
	struct part *p;
	enum err e = tree_node_check(node, len);

	if (e != OK)
		return e;
	p = part_add(load, tree_node_level(node), low, low_len);
	if (p == NULL || buf_bytes(&load->bytes, node, len) != OK)
		return ERR_NO_MEMORY;
	p->len = (uint32_t)len;
	digest_of(node, len, &p->digest);
	return OK;
}

static int
part_compare(const void *a, const void *b, void *arg)
{
	const struct part *x = a, *y = b;
	const uint8_t *bytes = ((struct cache_load *)arg)->bytes.data;

	if (x->level != y->level)
		return x->level < y->level ? -1 : 1;
	return ownerkey_compare(bytes + x->at, x->low_len, bytes + y->at,
	    y->low_len);
}

static struct part *
part_find(struct cache_load *load, unsigned level, const struct tree_ref *r)
{
	size_t low = 0, high = load->n_parts, mid;
	struct part *p;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		p = &load->part[mid];
		c = p->level != level ? (p->level < level ? -1 : 1) :
		    ownerkey_compare(load->bytes.data + p->at, p->low_len,
		    r->low, r->low_len);
		if (c == 0)
			return digest_equal(&p->digest, &r->digest) ? p : NULL;
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* Index of the last child whose fence is at or below the key. */
static unsigned
node_child(struct cache_node *n, const uint8_t *key, size_t len)
{
	const uint32_t *fence = node_fences(n);
	unsigned low = 0, high = n->n, mid;

	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if (ownerkey_compare((uint8_t *)n + fence[mid],
		    fence[mid + 1] - fence[mid], key, len) <= 0)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/* The same part in the tree that is served now; 0 when it is not there. */
static cache_ref
old_find(const struct cache_load *load, unsigned level,
    const struct tree_ref *r)
{
	cache_ref ref = load->old_root;
	unsigned at_level = load->old_level, i;
	const struct digest *d = &load->old_digest;
	struct cache_node *n;

	if (ref == 0)
		return 0;
	while (at_level > level) {
		n = at(load->w, ref);
		i = node_child(n, r->low, r->low_len);
		if (at_level - 1 == level && ownerkey_compare((uint8_t *)n +
		    node_fences(n)[i], node_fences(n)[i + 1] -
		    node_fences(n)[i], r->low, r->low_len) != 0)
			return 0;
		ref = node_children(n)[i];
		d = &node_digests(n)[i];
		at_level--;
	}
	return at_level == level && digest_equal(d, &r->digest) ? ref : 0;
}

static bool
note(cache_ref **list, size_t *n, size_t *cap, cache_ref ref)
{
	if (!grow((void **)list, cap, *n + 1, sizeof(ref)))
		return false;
	(*list)[(*n)++] = ref;
	return true;
}

static uint64_t
fence_head(const uint8_t *key, size_t len, size_t prefix)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v = v << 8 | (prefix + i < len ? key[prefix + i] : 0);
	return v;
}

/* The cache's form of a node whose children are in place. */
static enum err
node_make(struct cache_load *load, unsigned level, const struct tree_ref *refs,
    unsigned n, const cache_ref *children, cache_ref *out_ref)
{
	size_t prefix = 0, keys = 0, size;
	const struct tree_ref *last = &refs[n - 1];
	struct cache_node *node;
	uint32_t *fence, byte;
	cache_ref ref;

	while (prefix < refs[0].low_len && prefix < last->low_len &&
	    refs[0].low[prefix] == last->low[prefix])
		prefix++;
	for (unsigned i = 0; i < n; i++)
		keys += refs[i].low_len;
	byte = (uint32_t)(sizeof(*node) + n * (sizeof(uint64_t) +
	    sizeof(cache_ref)) + (n + 1) * sizeof(uint32_t));
	size = byte + keys + (size_t)n * DIGEST_SIZE;
	ref = take(load->w, size);
	if (ref == 0)
		return ERR_LIMIT;
	if (!note(&load->made, &load->n_made, &load->cap_made, ref)) {
		cache_alloc_put(&load->w->alloc, ref, size);
		return ERR_NO_MEMORY;
	}
	node = at(load->w, ref);
	memset(node, 0, sizeof(*node));
	node->n = (uint16_t)n;
	node->prefix_len = (uint16_t)prefix;
	node->level = (uint16_t)level;
	node->size = (uint32_t)size;
	fence = node_fences(node);
	for (unsigned i = 0; i < n; i++) {
		node_heads(node)[i] = fence_head(refs[i].low, refs[i].low_len,
		    prefix);
		node_children(node)[i] = children[i];
		fence[i] = byte;
		memcpy((uint8_t *)node + byte, refs[i].low, refs[i].low_len);
		byte += refs[i].low_len;
	}
	fence[n] = byte;
	for (unsigned i = 0; i < n; i++)
		memcpy((uint8_t *)node + byte + (size_t)i * DIGEST_SIZE,
		    &refs[i].digest, DIGEST_SIZE);
	load->made_bytes += size;
	*out_ref = ref;
	return OK;
}

/*
 * Is every key of a part inside [want, high)?  With this at each level the
 * parts tile the key space: no name is in two places, no part has two
 * parents, and a search ends where the name is.
 */
static bool
page_fits(const struct cache_write *w, cache_ref ref,
    const struct tree_ref *want, const struct tree_ref *high)
{
	const uint8_t *page = at(w, ref);
	struct page_name name;

	if (page_n_names(page) == 0)
		return false;
	page_name_at(page, 0, &name);
	if (ownerkey_compare(name.key, name.key_len, want->low,
	    want->low_len) < 0)
		return false;
	page_name_at(page, page_n_names(page) - 1u, &name);
	return high == NULL || ownerkey_compare(name.key, name.key_len,
	    high->low, high->low_len) < 0;
}

/* The same of a subtree that is served: it is well-formed, but its end may
 * have moved. */
static bool
subtree_fits(const struct cache_write *w, cache_ref ref, unsigned level,
    const struct tree_ref *want, const struct tree_ref *high)
{
	struct tree_ref last = *want;

	while (level > 0) {
		struct cache_node *n = at(w, ref);
		const uint32_t *fence = node_fences(n) + n->n - 1;

		last.low = (uint8_t *)n + fence[0];
		last.low_len = (uint16_t)(fence[1] - fence[0]);
		if (high != NULL && ownerkey_compare(last.low, last.low_len,
		    high->low, high->low_len) >= 0)
			return false;
		ref = node_children(n)[n->n - 1];
		level--;
	}
	return page_fits(w, ref, &last, high);
}

static enum err
resolve(struct cache_load *load, unsigned level, const struct tree_ref *want,
    const struct tree_ref *high, cache_ref *out_ref);

static enum err
resolve_node(struct cache_load *load, unsigned level, const uint8_t *body,
    const struct tree_ref *want, const struct tree_ref *high,
    cache_ref *out_ref)
{
	cache_ref children[TREE_CHILDREN_MAX];
	unsigned n = tree_node_n(body);
	struct tree_ref *refs = malloc(n * sizeof(*refs));
	enum err e = OK;

	if (refs == NULL)
		return ERR_NO_MEMORY;
	tree_node_refs(body, refs);
	if (ownerkey_compare(refs[0].low, refs[0].low_len, want->low,
	    want->low_len) != 0 || (high != NULL && ownerkey_compare(
	    refs[n - 1].low, refs[n - 1].low_len, high->low,
	    high->low_len) >= 0))
		e = ERR_MALFORMED;
	for (unsigned i = 0; i < n && e == OK; i++)
		e = resolve(load, level - 1, &refs[i],
		    i + 1 < n ? &refs[i + 1] : high, &children[i]);
	if (e == OK)
		e = node_make(load, level, refs, n, children, out_ref);
	free(refs);
	return e;
}

/*
 * The reference of the part with this digest: of what was loaded, or else of
 * what is served already.  A digest is only trusted below one that was.
 */
static enum err
resolve(struct cache_load *load, unsigned level, const struct tree_ref *want,
    const struct tree_ref *high, cache_ref *out_ref)
{
	const uint8_t *body;
	struct part *p = part_find(load, level, want);

	if (p == NULL) {
		*out_ref = old_find(load, level, want);
		if (*out_ref == 0)
			return ERR_MISMATCH;
		if (!subtree_fits(load->w, *out_ref, level, want, high))
			return ERR_MALFORMED;
		return note(&load->reused, &load->n_reused,
		    &load->cap_reused, *out_ref) ? OK : ERR_NO_MEMORY;
	}
	if (p->used)			/* two places for one part */
		return ERR_MALFORMED;
	p->used = true;
	if (level == 0) {
		*out_ref = p->ref;
		return page_fits(load->w, p->ref, want, high) ? OK :
		    ERR_MALFORMED;
	}
	body = load->bytes.data + p->at + p->low_len;
	if (tree_node_level(body) != level)
		return ERR_MALFORMED;
	return resolve_node(load, level, body, want, high, out_ref);
}

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* The first NSEC3PARAM that can be used: SHA-1, no flags.  RFC 5155 4.1.2 */
static const uint8_t *
nsec3param_find(const struct page_name *apex)
{
	struct page_set set;
	const uint8_t *rr;
	size_t left, rdlen;

	if (!page_set_find(apex, TYPE_NSEC3PARAM, &set))
		return NULL;
	rr = set.rr;
	left = set.rr_len;
	while (left >= PAGE_RR_FIXED) {
		rdlen = (size_t)rr[10] << 8 | rr[11];
		if (rdlen + PAGE_RR_FIXED > left)
			return NULL;
		if (rdlen >= 5 && rr[12] == 1 && rr[13] == 0 &&
		    rdlen == 5u + rr[16])
			return rr + PAGE_RR_FIXED;
		rr += PAGE_RR_FIXED + rdlen;
		left -= PAGE_RR_FIXED + rdlen;
	}
	return NULL;
}

/* The zone head over a finished tree. */
static enum err
head_build(struct cache_load *load, cache_ref root, cache_ref *out_head,
    uint32_t *out_serial)
{
	const struct cache_write_facts *f = &load->facts;
	struct cache_write *w = load->w;
	const uint8_t *page, *param, *tail;
	cache_ref ref = root, apex_page;
	struct page_name apex;
	struct page_set soa, set;
	struct cache_zone *z;
	size_t size;

	for (unsigned l = f->root_level; l > 0; l--)
		ref = node_children(at(w, ref))[0];
	apex_page = ref;
	page = at(w, apex_page);
	if (page_n_names(page) == 0)
		return ERR_MALFORMED;
	page_name_at(page, 0, &apex);
	if (apex.key_len != 1 || apex.key[0] != OWNERKEY_TREE_NORMAL ||
	    !page_set_find(&apex, TYPE_SOA, &soa) || soa.n_rr != 1 ||
	    soa.rr_len < PAGE_RR_FIXED + 22)
		return ERR_MALFORMED;
	param = nsec3param_find(&apex);
	size = offsetof(struct cache_zone, tail) + f->apex_len +
	    (param == NULL ? 0 : param[4]) + DIGEST_SIZE;
	ref = take(w, size);
	if (ref == 0)
		return ERR_LIMIT;
	z = at(w, ref);
	memset(z, 0, size);
	memcpy(z->id, f->id, 16);
	z->generation = f->generation;
	tail = soa.rr + soa.rr_len - 20;	/* the five numbers of a SOA */
	z->serial = be32(tail);
	z->negative_ttl = MIN(be32(soa.rr + 6), be32(tail + 16));
	z->state = f->state;
	z->flags = load->hints;
	z->root_level = f->root_level;
	z->root = root;
	z->apex_page = apex_page;
	z->apex_name = (uint16_t)((size_t)(apex.key - 4 - page) / PAGE_UNIT);
	z->soa_at = (uint32_t)(soa.rr - page);
	z->soa_len = (uint16_t)soa.rr_len;
	z->soa_sig_len = soa.sig_len;
	z->apex_len = f->apex_len;
	memcpy(z->tail, f->apex, f->apex_len);
	if (page_set_find(&apex, TYPE_NSEC, &set))
		z->flags |= CACHE_ZONE_NSEC;
	if (param != NULL) {
		z->flags |= CACHE_ZONE_NSEC3;
		z->nsec3_iterations = (uint16_t)(param[2] << 8 | param[3]);
		z->nsec3_salt_len = param[4];
		memcpy(z->tail + f->apex_len, param + 5, param[4]);
	}
	memcpy(z->tail + f->apex_len + z->nsec3_salt_len, &f->root,
	    DIGEST_SIZE);
	for (unsigned i = 0, n = 0; i + 1 < f->apex_len;
	    i += f->apex[i] + 1u)
		z->apex_labels = (uint8_t)++n;
	*out_serial = z->serial;
	*out_head = ref;
	return OK;
}

static void
load_free(struct cache_load *load)
{
	buf_fini(&load->bytes);
	free(load->part);
	free(load->reused);
	free(load->made);
	free(load);
}

/* Parts and nodes that were not published: no reader ever saw them. */
static void
load_drop(struct cache_load *load, bool used_too)
{
	struct cache_alloc *a = &load->w->alloc;

	for (size_t i = 0; i < load->n_parts; i++) {
		struct part *p = &load->part[i];

		if (p->ref != 0 && (used_too || !p->used))
			cache_alloc_put(a, p->ref, p->len);
	}
	for (size_t i = 0; used_too && i < load->n_made; i++)
		cache_alloc_put(a, load->made[i],
		    object_size(load->w, load->made[i], 1));
}

void
cache_write_abort(struct cache_load *load)
{
	if (load == NULL)
		return;
	load_drop(load, true);
	load_free(load);
}

static int
ref_compare(const void *a, const void *b)
{
	cache_ref x = *(const cache_ref *)a, y = *(const cache_ref *)b;

	return x < y ? -1 : x > y;
}

enum err
cache_write_commit(struct cache_load *load)
{
	struct cache_write *w = load->w;
	const struct cache_write_facts *f = &load->facts;
	static const uint8_t first[1] = { OWNERKEY_TREE_NORMAL };
	struct tree_ref want = { first, sizeof(first), f->root };
	cache_ref root, head = 0, old = 0;
	uint32_t serial = 0;
	struct entry *entry;
	enum err e;

	if (load->n_parts > 0)
		qsort_r(load->part, load->n_parts, sizeof(*load->part),
		    part_compare, load);
	e = resolve(load, f->root_level, &want, NULL, &root);
	if (e == OK)
		e = head_build(load, root, &head, &serial);
	if (e == OK)
		e = head_publish(w, f, head, &old);
	if (e != OK) {
		if (head != 0)
			cache_alloc_put(&w->alloc, head,
			    zone_size(at(w, head)));
		cache_write_abort(load);
		return e;
	}
	entry = entry_find(w, f->id);
	CHECK(entry != NULL);
	entry_update(entry, f, serial);
	if (load->n_reused > 0)
		qsort(load->reused, load->n_reused, sizeof(*load->reused),
		    ref_compare);
	if (old != 0)
		head_retire(w, old, load->reused, load->n_reused);
	epoch_raise(w);
	load_drop(load, false);
	load_free(load);
	return OK;
}

/* ---- taking over ------------------------------------------------------------------ */

static bool
tree_mark(struct cache_write *w, cache_ref ref, unsigned level)
{
	struct cache_node *n;
	size_t bytes;

	if (ref == 0 || (size_t)ref * CACHE_UNIT + PAGE_HEADER_BYTES > w->size)
		return false;
	bytes = object_size(w, ref, level);
	if (bytes == 0 || (size_t)ref * CACHE_UNIT + bytes > w->size ||
	    !cache_alloc_mark(&w->alloc, ref, bytes))
		return false;
	if (level == 0)
		return true;
	n = at(w, ref);
	if (n->n == 0 || n->n > CACHE_NODE_CHILDREN_MAX)
		return false;
	for (unsigned i = 0; i < n->n; i++)
		if (!tree_mark(w, node_children(n)[i], level - 1))
			return false;
	return true;
}

static bool
slot_mark(struct cache_write *w, struct cache_slot *s, uint32_t i)
{
	cache_ref head = atomic_load_explicit(&s->head, memory_order_relaxed);
	struct cache_zone *z;
	struct entry *e;
	unsigned labels;

	if ((size_t)head * CACHE_UNIT + sizeof(*z) > w->size)
		return false;
	z = at(w, head);
	if (!cache_alloc_mark(&w->alloc, head, zone_size(z)))
		return false;
	if (z->root != 0 && (z->root_level > CACHE_LEVELS_MAX ||
	    !tree_mark(w, z->root, z->root_level)))
		return false;
	e = entry_add(w, z->id);
	if (e == NULL)
		return false;
	e->slot = i;
	e->z.generation = z->generation;
	e->z.serial = z->serial;
	e->z.state = z->state;
	e->z.root = *zone_digest(z);
	e->z.stripes = atomic_load_explicit(&s->stripes, memory_order_relaxed);
	e->z.expire_boot_ms = atomic_load_explicit(&s->expire_at_ms,
	    memory_order_relaxed);
	name_hash(w, z->tail, &labels);
	e->labels = (uint8_t)labels;
	labels_count(w, labels, 1);
	w->n_zones++;
	return true;
}

/*
 * What a dead feeder had unlinked may still be read: everything that is not
 * reachable counts as retired now, and is not touched before every reader has
 * moved on.
 */
static enum err
readers_pass(struct cache_write *w)
{
	int64_t until = now_mono_ms() + TAKEOVER_WAIT_MS;
	struct timespec pause = { 0, 1000000 };
	uint64_t epoch;

	epoch_raise(w);
	epoch = atomic_load_explicit(&w->super->epoch, memory_order_relaxed);
	while (epoch_oldest(w) < epoch) {
		if (now_mono_ms() > until)
			return ERR_TIMEOUT;
		nanosleep(&pause, NULL);
	}
	return OK;
}

static enum err
take_over(struct cache_write *w)
{
	uint64_t word = atomic_load_explicit(&w->super->dir,
	    memory_order_relaxed);
	struct cache_slot *table;
	uint64_t tag;
	enum err e;

	if (w->super->layout != CACHE_LAYOUT)
		return ERR_MALFORMED;
	w->dir = (uint32_t)(word >> 8);
	w->dir_log2 = (unsigned)(word & 0xff);
	if (w->dir_log2 < DIR_LOG2_MIN || w->dir_log2 > DIR_LOG2_MAX)
		return ERR_MALFORMED;
	e = readers_pass(w);
	if (e == OK)
		e = cache_alloc_mark_begin(&w->alloc);
	if (e != OK)
		return e;
	if (!cache_alloc_mark(&w->alloc, w->dir,
	    sizeof(*table) << w->dir_log2))
		return ERR_MALFORMED;
	table = slots(w);
	for (uint32_t i = 0; i < 1u << w->dir_log2; i++) {
		tag = atomic_load_explicit(&table[i].tag,
		    memory_order_relaxed);
		if (tag != CACHE_TAG_FREE)
			w->dir_taken++;
		if (tag == CACHE_TAG_FREE || tag == CACHE_TAG_TOMBSTONE)
			continue;
		if (!slot_mark(w, &table[i], i))
			atomic_store_explicit(&table[i].tag,
			    CACHE_TAG_TOMBSTONE, memory_order_release);
	}
	zones_count(w, 0);
	cache_alloc_sweep(&w->alloc);
	return OK;
}

static enum err
format(struct cache_write *w)
{
	struct cache_super *s = w->super;
	size_t bytes = sizeof(struct cache_slot) << DIR_LOG2_MIN;
	cache_ref ref;

	if (getrandom(s->hash_seed, sizeof(s->hash_seed), 0) !=
	    sizeof(s->hash_seed))
		return ERR_IO;
	ref = cache_alloc_get(&w->alloc, bytes);
	if (ref == 0)
		return ERR_LIMIT;
	memset(at(w, ref), 0, bytes);
	w->dir = ref;
	w->dir_log2 = DIR_LOG2_MIN;
	s->layout = CACHE_LAYOUT;
	atomic_store_explicit(&s->epoch, 1, memory_order_relaxed);
	atomic_store_explicit(&s->dir, dir_word(ref, DIR_LOG2_MIN),
	    memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	s->magic = CACHE_MAGIC;		/* last: workers start after "ready" */
	return OK;
}

/* A second writer would be the end: the lock is of the open file, so it is
 * taken on a description of our own. */
static enum err
arena_lock(int fd, int *out_fd)
{
	char path[32] = "/proc/self/fd/";
	size_t n = strlen(path);
	char digits[16];
	int i = 0;

	for (int v = fd; i == 0 || v > 0; v /= 10)
		digits[i++] = (char)('0' + v % 10);
	while (i > 0)
		path[n++] = digits[--i];
	path[n] = '\0';
	*out_fd = open(path, O_RDWR | O_CLOEXEC);
	if (*out_fd < 0)
		return err_from_errno(errno);
	if (flock(*out_fd, LOCK_EX | LOCK_NB) < 0) {
		close(*out_fd);
		return ERR_BUSY;
	}
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
	w->control = control;
	w->size = max_bytes & ~(size_t)(CACHE_UNIT - 1);
	e = arena_lock(fd, &w->fd);
	if (e != OK) {
		free(w);
		return e;
	}
	w->base = mmap(NULL, w->size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_NORESERVE, w->fd, 0);
	if (w->base == MAP_FAILED) {
		close(w->fd);
		free(w);
		return ERR_IO;
	}
	w->super = (struct cache_super *)(void *)w->base;
	e = cache_alloc_init(&w->alloc, w->base, w->fd, w->size,
	    CACHE_SUPER_BYTES);
	if (e == OK && !entries_grow(w))
		e = ERR_NO_MEMORY;
	if (e == OK)
		e = w->super->magic == CACHE_MAGIC ? take_over(w) :
		    w->super->magic == 0 ? format(w) : ERR_MALFORMED;
	if (e != OK) {
		cache_write_close(w);
		return e;
	}
	atomic_store_explicit(&w->super->arena_max, w->size,
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
	cache_alloc_fini(&w->alloc);
	munmap(w->base, w->size);
	close(w->fd);
	free(w->retired);
	free(w->entry);
	free(w->chain);
	free(w);
}

void
cache_write_beat(struct cache_write *w, int64_t boot_ms, bool connected,
    uint64_t applied_xmin)
{
	atomic_store_explicit(&w->super->feeder_beat_ms, (uint64_t)boot_ms,
	    memory_order_relaxed);
	atomic_store_explicit(&w->super->connected, connected,
	    memory_order_relaxed);
	atomic_store_explicit(&w->super->applied_xmin, applied_xmin,
	    memory_order_relaxed);
}

void
cache_write_ready(struct cache_write *w)
{
	atomic_store_explicit(&w->super->ready, 1, memory_order_release);
}

bool
cache_write_is_ready(const struct cache_write *w)
{
	return atomic_load_explicit(&w->super->ready, memory_order_relaxed) !=
	    0;
}

uint64_t
cache_write_n_zones(const struct cache_write *w)
{
	return w->n_zones;
}

uint64_t
cache_write_used(const struct cache_write *w)
{
	return (uint64_t)w->alloc.n_used * CACHE_UNIT;
}

const uint8_t *
cache_write_base(const struct cache_write *w)
{
	return w->base;
}

size_t
cache_write_size(const struct cache_write *w)
{
	return w->size;
}

static uint64_t
tree_units(const struct cache_write *w, cache_ref ref, unsigned level)
{
	uint64_t n = cache_alloc_units(object_size(w, ref, level));
	struct cache_node *node;

	if (level == 0)
		return n;
	node = at(w, ref);
	for (unsigned i = 0; i < node->n; i++)
		n += tree_units(w, node_children(node)[i], level - 1);
	return n;
}

bool
cache_write_check(const struct cache_write *w)
{
	uint64_t n = cache_alloc_units(sizeof(struct cache_slot) <<
	    w->dir_log2);
	uint32_t zones = 0;

	for (uint32_t i = 1; i < w->entry_cap; i++) {
		const struct entry *e = &w->entry[i];
		struct cache_zone *z;

		if (!e->used)
			continue;
		zones++;
		z = at(w, slots(w)[e->slot].head);
		if (memcmp(z->id, e->z.id, 16) != 0 ||
		    z->generation != e->z.generation)
			return false;
		n += cache_alloc_units(zone_size(z));
		if (z->root != 0)
			n += tree_units(w, z->root, z->root_level);
	}
	n += w->retired_bytes / CACHE_UNIT;
	return zones == w->n_zones && n == w->alloc.n_used &&
	    cache_alloc_check(&w->alloc);
}
