/*
 * cachemodel.h - zones whose content is a function of (zone, version), so that
 * a reader of the cache can tell from the serial what it must find.
 */
#ifndef TESTS_UNIT_DNSD_CACHEMODEL_H
#define TESTS_UNIT_DNSD_CACHEMODEL_H

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/dns/dname.h"
#include "common/dns/namehash.h"
#include "common/dns/pagebuild.h"
#include "common/dns/tree.h"
#include "dnsd/cache_view.h"
#include "dnsd/cache_write.h"
#include "dnsd/control.h"
#include "tests/lib/test.h"

enum { MODEL_TXT = 16, MODEL_SOA = 6, MODEL_GROUP = 3 };

struct model {
	int fd, control_fd;
	size_t size;
	struct control *control;
	struct cache_write *w;
	const uint8_t *view;		/* read-only mapping, as workers have */
};

static inline uint32_t
model_mix(uint32_t a, uint32_t b, uint32_t c)
{
	uint64_t h = namehash_fold(a * UINT64_C(0x9e3779b97f4a7c15) ^ b,
	    c * UINT64_C(0xd6e8feb86659fd93) + 1);

	return (uint32_t)(namehash_final(h) >> 7);
}

/* Does name @i exist in version @v, and which version wrote its value? */
static inline bool
model_exists(uint32_t zone, uint32_t i, uint32_t v)
{
	return model_mix(zone, i, v / 4 + 1000000) % 8 != 0;
}

static inline uint32_t
model_value(uint32_t zone, uint32_t i, uint32_t v)
{
	for (uint32_t back = 0; back < 64 && v > back; back++)
		if (model_mix(zone, i, v - back) % 6 == 0)
			return v - back;
	return 0;
}

static inline void
model_open(struct model *m, size_t size)
{
	memset(m, 0, sizeof(*m));
	m->size = size;
	m->fd = memfd_create("arena", MFD_CLOEXEC);
	m->control_fd = memfd_create("control", MFD_CLOEXEC);
	assert_true(m->fd >= 0);
	assert_int_equal(ftruncate(m->fd, (off_t)size), 0);
	assert_ok(control_map(m->control_fd, &m->control));
	m->view = mmap(NULL, size, PROT_READ, MAP_SHARED, m->fd, 0);
	assert_true(m->view != MAP_FAILED);
	assert_ok(cache_write_open(m->fd, size, m->control, &m->w));
#ifdef __SANITIZE_THREAD__
	/* It sees races by address: both sides through one mapping. */
	munmap((void *)(uintptr_t)m->view, size);
	m->view = cache_write_base(m->w);
#endif
}

static inline void
model_close(struct model *m)
{
#ifndef __SANITIZE_THREAD__
	munmap((void *)(uintptr_t)m->view, m->size);
#endif
	cache_write_close(m->w);
	control_unmap(m->control);
	close(m->fd);
	close(m->control_fd);
}

static inline void
model_facts(struct cache_facts *f, uint32_t zone, uint64_t generation)
{
	char name[32];
	size_t len;

	memset(f, 0, sizeof(*f));
	memcpy(f->id, &zone, sizeof(zone));
	f->id[15] = 7;
	snprintf(name, sizeof(name), "z%u.model.test.", zone);
	assert_ok(dname_parse(name, strlen(name), f->apex, &len));
	f->apex_len = (uint8_t)len;
	f->state = CACHE_FACTS_LOADED;
	f->stripes = 1;
	f->generation = generation;
	f->expire_boot_ms = INT64_MAX;
}

static inline uint16_t
model_key(uint32_t i, uint8_t *key)
{
	/* The tree byte, "nNNNNN", the end of the label. */
	return (uint16_t)(snprintf((char *)key + 1, 12, "n%05u", i) + 2 +
	    (key[0] = 0));
}

struct model_page {
	uint8_t low[16];
	uint16_t low_len;
	struct digest digest;
	uint8_t *body;
	size_t len;
};

struct model_version {
	struct model_page *page;
	size_t n_pages;
	uint8_t *node[64];
	size_t node_len[64];
	uint8_t node_low[64][16];
	uint16_t node_low_len[64];
	size_t n_nodes;
	struct tree_root root;
};

static inline enum err
model_on_node(void *arg, const struct tree_node *t)
{
	struct model_version *v = arg;

	assert_true(v->n_nodes < 64);
	v->node[v->n_nodes] = malloc(t->len);
	memcpy(v->node[v->n_nodes], t->bytes, t->len);
	v->node_len[v->n_nodes] = t->len;
	memcpy(v->node_low[v->n_nodes], t->low, t->low_len);
	v->node_low_len[v->n_nodes++] = t->low_len;
	return OK;
}

static inline void
model_add_name(struct buf *bytes, struct pagebuild_entry *e, const uint8_t *key,
    size_t key_len, uint16_t type, const uint8_t *rdata, size_t len)
{
	struct pagebuild_item item = {
		.rdata = rdata, .rdlen = (uint16_t)len, .ttl = 300,
		.type = type,
	};
	uint16_t bad;

	assert_ok(pagebuild_name(key, key_len, &item, 1, bytes, e, &bad));
}

/* All pages and nodes of version @v of a zone with up to @n names. */
static inline void
model_build(struct model_version *out, uint32_t zone, uint32_t v, uint32_t n)
{
	struct pagebuild_entry entry[MODEL_GROUP + 1];
	struct buf bytes, page;
	struct tree_ref *refs;

	memset(out, 0, sizeof(*out));
	out->page = calloc(n / MODEL_GROUP + 2, sizeof(*out->page));
	buf_init(&bytes, 1 << 20);
	buf_init(&page, PAGE_MAX_BYTES);
	for (uint32_t from = 0; from == 0 || from < n; from += MODEL_GROUP) {
		struct model_page *p = &out->page[out->n_pages];
		uint8_t key[24], rdata[64];
		size_t k = 0;

		buf_reset(&bytes);
		if (from == 0) {
			memset(rdata, 0, sizeof(rdata));
			rdata[2] = (uint8_t)(v >> 24);
			rdata[3] = (uint8_t)(v >> 16);
			rdata[4] = (uint8_t)(v >> 8);
			rdata[5] = (uint8_t)v;
			model_add_name(&bytes, &entry[k++], (uint8_t[]){ 0 },
			    1, MODEL_SOA, rdata, 22);
		}
		for (uint32_t i = from; i < from + MODEL_GROUP && i < n; i++) {
			size_t key_len = model_key(i, key);

			if (!model_exists(zone, i, v))
				continue;
			rdata[0] = (uint8_t)snprintf((char *)rdata + 1, 60,
			    "%u %u %u", zone, i, model_value(zone, i, v));
			model_add_name(&bytes, &entry[k++], key, key_len,
			    MODEL_TXT, rdata, rdata[0] + 1u);
		}
		if (k == 0)
			continue;
		assert_ok(pagebuild_page(entry, k, bytes.data, &page));
		p->low_len = from == 0 ? 1 : model_key(from, p->low);
		p->len = page.len;
		p->body = malloc(page.len);
		memcpy(p->body, page.data, page.len);
		digest_of(p->body, p->len, &p->digest);
		out->n_pages++;
	}
	refs = calloc(out->n_pages, sizeof(*refs));
	for (size_t i = 0; i < out->n_pages; i++)
		refs[i] = (struct tree_ref){ out->page[i].low,
		    out->page[i].low_len, out->page[i].digest };
	assert_ok(tree_build(refs, out->n_pages, NULL, model_on_node, out,
	    &out->root));
	free(refs);
	buf_fini(&bytes);
	buf_fini(&page);
}

static inline void
model_free(struct model_version *v)
{
	for (size_t i = 0; i < v->n_pages; i++)
		free(v->page[i].body);
	for (size_t i = 0; i < v->n_nodes; i++)
		free(v->node[i]);
	free(v->page);
}

static inline bool
model_had(const struct model_version *old, const struct model_page *p)
{
	for (size_t i = 0; old != NULL && i < old->n_pages; i++)
		if (old->page[i].low_len == p->low_len &&
		    memcmp(old->page[i].low, p->low, p->low_len) == 0)
			return digest_equal(&old->page[i].digest, &p->digest);
	return false;
}

/* Publish; parts that @old has are left out. */
static inline enum err
model_publish(struct cache_write *w, uint32_t zone, uint64_t generation,
    const struct model_version *v, const struct model_version *old)
{
	struct cache_facts f;
	struct cache_load *load;
	enum err e;

	model_facts(&f, zone, generation);
	f.root = v->root.digest;
	f.root_level = (uint8_t)v->root.level;
	e = cache_write_begin(w, &f, &load);
	if (e != OK)
		return e;
	for (size_t i = 0; i < v->n_nodes && e == OK; i++)
		e = cache_load_node(load, v->node_low[i],
		    v->node_low_len[i], v->node[i], v->node_len[i]);
	for (size_t i = 0; i < v->n_pages && e == OK; i++)
		if (!model_had(old, &v->page[i]))
			e = cache_load_page(load, v->page[i].low,
			    v->page[i].low_len, v->page[i].body,
			    v->page[i].len);
	if (e == OK)
		return cache_load_commit(load);
	cache_load_abort(load);
	return e;
}

/* The zone's head as a worker finds it; NULL when there is none. */
static inline const struct cache_zone *
model_head(const uint8_t *arena, uint32_t zone)
{
	struct cache_facts f;
	struct cache_view_dir dir;
	struct ownerkey key;
	struct namehash_seed seed;
	uint64_t h, n = 0;
	uint16_t from = 1;

	model_facts(&f, zone, 0);
	cache_view_open_dir(arena, &dir);
	if (dir.slots == NULL)
		return NULL;
	seed = (struct namehash_seed){ { dir.seed[0], dir.seed[1] } };
	h = namehash_init(&seed);
	assert_ok(ownerkey_from_dname(f.apex, (const uint8_t *)"", 0, &key));
	for (uint16_t i = 1; i < key.len; i++)
		if (key.bytes[i] == 0) {
			h = namehash_label(&seed, h, key.bytes + from,
			    (size_t)(i - from));
			from = (uint16_t)(i + 1);
		}
	h = namehash_final(h);
	for (;;) {
		const struct cache_slot *s = cache_view_probe(&dir, h, 0, n,
		    &n);
		const struct cache_zone *z;

		if (s == NULL)
			return NULL;
		z = cache_view_head(arena, s);
		if (z != NULL && cache_view_is_zone(z, f.apex, f.apex_len))
			return z;
		n++;
	}
}

/* What name @i says: 0 it does not exist, else 1 + the version in its text;
 * -1 when the text is another zone's or name's. */
static inline int64_t
model_read(const uint8_t *arena, const struct cache_zone *head, uint32_t zone,
    uint32_t i)
{
	struct cache_view view = { .arena = arena, .zone = head };
	uint8_t key[24];
	char text[64];
	struct page_name name;
	struct page_set set;
	unsigned z, k, v;
	size_t len = model_key(i, key);

	cache_view_turn(&view, key, len);
	if (!cache_view_find(&view, key, len, page_hash(key, len), &name))
		return 0;
	if (!page_set_find(&name, MODEL_TXT, &set) || set.rr[12] > 60)
		return -1;
	memcpy(text, set.rr + 13, set.rr[12]);
	text[set.rr[12]] = '\0';
	if (sscanf(text, "%u %u %u", &z, &k, &v) != 3 || z != zone || k != i)
		return -1;
	return (int64_t)v + 1;
}

/* One stay of a reader at one zone: false when it saw a mixture. */
static inline bool
model_visit(const uint8_t *arena, uint32_t zone, uint32_t n_names,
    struct test_rand *r, uint32_t n_looks)
{
	const struct cache_zone *z = model_head(arena, zone);
	uint32_t v;

	if (z == NULL || z->root == 0)
		return true;
	v = z->serial;
	for (uint32_t k = 0; k < n_looks; k++) {
		uint32_t i = test_rand_below(r, n_names);
		int64_t got = model_read(arena, z, zone, i);
		int64_t want = !model_exists(zone, i, v) ? 0 :
		    (int64_t)model_value(zone, i, v) + 1;

		if (got != want)
			return false;
	}
	return true;
}

#endif
