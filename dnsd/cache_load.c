/*
 * cache_load.c - a version of a zone on its way into the cache.
 * See cache_load.h.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/check.h"
#include "common/dns/dname.h"
#include "common/dns/ownerkey.h"
#include "common/dns/page.h"
#include "common/dns/tree.h"
#include "dnsd/cache_dir.h"
#include "dnsd/cache_head.h"
#include "dnsd/cache_load.h"
#include "dnsd/cache_tree.h"

enum {
	PARTS_MAX = 1 << 24,
	NODE_BYTES_MAX = 1 << 30,	/* staged nodes of one version */
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
	struct cache_arena *arena;
	struct cache_dir *dir;
	struct cache_facts facts;
	struct part *part;
	size_t n_parts, cap;
	struct buf bytes;		/* keys, node bodies */
	uint8_t hints;			/* CACHE_ZONE_HAS_* of new pages */
	struct cache_tree old;		/* what is served now */
	/* what the new tree took over from the old one, and what it made */
	cache_ref *reused;
	size_t n_reused, cap_reused;
	cache_ref *made;
	size_t n_made, cap_made;
};

bool
cache_load_is_valid(const struct cache_facts *f)
{
	size_t len;

	if (dname_scan(f->apex, f->apex_len, &len) != OK ||
	    len != f->apex_len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (f->apex[i] >= 'A' && f->apex[i] <= 'Z')
			return false;
	return f->root_level <= TREE_LEVELS_MAX &&
	    f->state <= CACHE_FACTS_SUSPENDED;
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
	struct cache_arena *a = load->arena;

	for (size_t i = 0; i < load->n_parts; i++) {
		struct part *p = &load->part[i];

		if (p->ref != 0 && (used_too || !p->used))
			cache_arena_put(a, p->ref, p->len);
	}
	for (size_t i = 0; used_too && i < load->n_made; i++)
		cache_arena_put(a, load->made[i],
		    cache_tree_size(a, load->made[i], 1));
}

void
cache_load_abort(struct cache_load *load)
{
	if (load == NULL)
		return;
	load_drop(load, true);
	load_free(load);
}

enum err
cache_load_begin(struct cache_dir *d, const struct cache_facts *facts,
    struct cache_load **out_load)
{
	struct cache_dir_entry *e = cache_dir_find(d, facts->id);
	struct cache_load *load;
	struct cache_zone *z;

	if (!cache_load_is_valid(facts))
		return ERR_MALFORMED;
	if (e != NULL && e->z.generation > facts->generation &&
	    !facts->may_go_back)
		return ERR_STALE;
	load = calloc(1, sizeof(*load));
	if (load == NULL)
		return ERR_NO_MEMORY;
	load->arena = d->arena;
	load->dir = d;
	load->facts = *facts;
	buf_init(&load->bytes, NODE_BYTES_MAX);
	if (e != NULL) {
		z = cache_arena_at(d->arena, cache_dir_head(d, e));
		if (!cache_head_is_of(z, facts)) {
			cache_load_abort(load);
			return ERR_MALFORMED;
		}
		load->old.root = z->root;
		load->old.level = z->root_level;
		load->old.digest = *cache_head_digest(z);
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
cache_load_page(struct cache_load *load, const uint8_t *low, size_t low_len,
    const uint8_t *page, size_t len)
{
	struct cache_arena *a = load->arena;
	struct part *p;
	cache_ref ref;
	enum err e;

	if (len < PAGE_HEADER_BYTES || len > PAGE_MAX_BYTES)
		return ERR_MALFORMED;
	ref = cache_arena_take(a, len);
	if (ref == 0)
		return ERR_LIMIT;
	memcpy(cache_arena_at(a, ref), page, len);
	e = page_validate(cache_arena_at(a, ref), len);
	if (e == OK && page_size(cache_arena_at(a, ref)) != len)
		e = ERR_MALFORMED;
	p = e == OK ? part_add(load, 0, low, low_len) : NULL;
	if (p == NULL) {
		cache_arena_put(a, ref, len);
		return e == OK ? ERR_NO_MEMORY : e;
	}
	p->ref = ref;
	p->len = (uint32_t)len;
	digest_of(cache_arena_at(a, ref), len, &p->digest);
	load->hints |= page_hints(cache_arena_at(a, ref));
	return OK;
}

enum err
cache_load_node(struct cache_load *load, const uint8_t *low, size_t low_len,
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

static bool
note(cache_ref **list, size_t *n, size_t *cap, cache_ref ref)
{
	if (!grow((void **)list, cap, *n + 1, sizeof(ref)))
		return false;
	(*list)[(*n)++] = ref;
	return true;
}

/* A node whose children are in place; aborting gives it back. */
static enum err
node_make(struct cache_load *load, unsigned level, const struct tree_ref *refs,
    unsigned n, const cache_ref *children, cache_ref *out_ref)
{
	enum err e = cache_tree_node(load->arena, level, refs, n, children,
	    out_ref);

	if (e == OK && !note(&load->made, &load->n_made, &load->cap_made,
	    *out_ref)) {
		cache_arena_put(load->arena, *out_ref,
		    cache_tree_size(load->arena, *out_ref, level));
		return ERR_NO_MEMORY;
	}
	return e;
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
		*out_ref = cache_tree_find(load->arena, &load->old, level,
		    want);
		if (*out_ref == 0)
			return ERR_MISMATCH;
		if (!cache_tree_fits(load->arena, *out_ref, level, want, high))
			return ERR_MALFORMED;
		return note(&load->reused, &load->n_reused,
		    &load->cap_reused, *out_ref) ? OK : ERR_NO_MEMORY;
	}
	if (p->used)			/* two places for one part */
		return ERR_MALFORMED;
	p->used = true;
	if (level == 0) {
		*out_ref = p->ref;
		return cache_tree_fits(load->arena, p->ref, 0, want,
		    high) ? OK : ERR_MALFORMED;
	}
	body = load->bytes.data + p->at + p->low_len;
	if (tree_node_level(body) != level)
		return ERR_MALFORMED;
	return resolve_node(load, level, body, want, high, out_ref);
}

static void
entry_update(struct cache_dir_entry *e, const struct cache_facts *f,
    uint32_t serial)
{
	e->z.generation = f->generation;
	e->z.stripes = f->stripes;
	e->z.expire_boot_ms = f->expire_boot_ms;
	e->z.state = f->state;
	e->z.serial = serial;
	e->z.root = f->root;
}

static int
ref_compare(const void *a, const void *b)
{
	cache_ref x = *(const cache_ref *)a, y = *(const cache_ref *)b;

	return x < y ? -1 : x > y;
}

enum err
cache_load_commit(struct cache_load *load)
{
	struct cache_arena *a = load->arena;
	const struct cache_facts *f = &load->facts;
	static const uint8_t first[1] = { OWNERKEY_TREE_NORMAL };
	struct tree_ref want = { first, sizeof(first), f->root };
	cache_ref root, head = 0, old = 0;
	uint32_t serial = 0;
	struct cache_dir_entry *entry;
	enum err e;

	if (load->n_parts > 0)
		qsort_r(load->part, load->n_parts, sizeof(*load->part),
		    part_compare, load);
	e = resolve(load, f->root_level, &want, NULL, &root);
	if (e == OK)
		e = cache_head_build(a, f, root, load->hints, &head,
		    &serial);
	if (e == OK)
		e = cache_dir_publish(load->dir, f, head, &old);
	if (e != OK) {
		if (head != 0)
			cache_arena_put(a, head,
			    cache_head_size(cache_arena_at(a, head)));
		cache_load_abort(load);
		return e;
	}
	entry = cache_dir_find(load->dir, f->id);
	CHECK(entry != NULL);
	entry_update(entry, f, serial);
	if (load->n_reused > 0)
		qsort(load->reused, load->n_reused, sizeof(*load->reused),
		    ref_compare);
	if (old != 0)
		cache_head_retire(a, old, load->reused, load->n_reused);
	cache_arena_raise(a);
	load_drop(load, false);
	load_free(load);
	return OK;
}
