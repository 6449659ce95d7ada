/*
 * changing.h - small zones of text in a real cache, one page each, that come,
 * change and go by cache_write as the feeder makes them.
 */
#ifndef TESTS_UNIT_DNSD_CHANGING_H
#define TESTS_UNIT_DNSD_CHANGING_H

#include <sys/mman.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/dns/pagebuild.h"
#include "common/dns/tree.h"
#include "dnsd/cache_write.h"
#include "dnsd/control.h"
#include "tests/unit/dnsd/brief.h"

enum { CHANGING_ARENA = 16 << 20, CHANGING_RECORDS = 256 };

struct changing {
	struct asker t;
	int fd, control_fd;
	struct control *control;
	struct cache_write *w;
	uint64_t generation;
};

static inline void
changing_open(struct changing *c)
{
	memset(c, 0, sizeof(*c));
	c->fd = memfd_create("arena", MFD_CLOEXEC);
	c->control_fd = memfd_create("control", MFD_CLOEXEC);
	assert_int_equal(ftruncate(c->fd, CHANGING_ARENA), 0);
	assert_ok(control_map(c->control_fd, &c->control));
	assert_ok(cache_write_open(c->fd, CHANGING_ARENA, c->control, &c->w));
	c->t.ctx.udp_max = 1232;
	c->t.now = 1000;
	assert_ok(nsec3hash_new(&c->t.ctx.nsec3hash));
	c->t.ctx.arena = cache_write_base(c->w);
	c->t.ctx.arena_size = CHANGING_ARENA;
}

static inline void
changing_close(struct changing *c)
{
	nsec3hash_free(c->t.ctx.nsec3hash);
	cache_write_close(c->w);
	control_unmap(c->control);
	close(c->fd);
	close(c->control_fd);
}

static inline int
changing_by_key(const void *a, const void *b)
{
	const struct testcache_record *x = a, *y = b;

	return ownerkey_compare(x->key->bytes, x->key->len, y->key->bytes,
	    y->key->len);
}

static inline void
changing_facts(struct changing *c, const struct testcache_zone *z,
    struct cache_facts *f)
{
	memset(f, 0, sizeof(*f));
	f->apex_len = (uint8_t)dname_len(z->apex);
	memcpy(f->apex, z->apex, f->apex_len);
	memcpy(f->id, z->apex, f->apex_len < 16 ? f->apex_len : 16);
	f->state = CACHE_FACTS_LOADED;
	f->stripes = 1;
	f->generation = ++c->generation;
	f->expire_boot_ms = INT64_MAX;
}

/* The next version of a zone. @chain: called to add records, or NULL. */
static inline void
changing_put(struct changing *c, const char *apex, const char *text)
{
	static struct pagebuild_entry entries[CHANGING_RECORDS];
	struct pagebuild_item items[CHANGING_RECORDS];
	struct cache_facts facts;
	struct cache_load *load;
	struct tree_root root;
	struct buf bytes, page;
	struct testcache scratch;
	struct testcache_zone *z;
	struct tree_ref ref;
	size_t n = 0;
	uint16_t bad;

	testcache_init(&scratch, 1 << 20);
	z = testcache_add_text(&scratch, apex, text);
	qsort(z->records, z->n_records, sizeof(*z->records), changing_by_key);
	assert_true(z->n_records <= CHANGING_RECORDS);
	buf_init(&bytes, 1 << 20);
	buf_init(&page, PAGE_MAX_BYTES);
	for (size_t i = 0; i < z->n_records; n++) {
		const struct testcache_record *r = &z->records[i];
		size_t k = 0;

		for (; i < z->n_records && changing_by_key(r,
		    &z->records[i]) == 0; i++, k++)
			items[k] = (struct pagebuild_item){
				.rdata = z->records[i].rdata,
				.ttl = z->records[i].ttl,
				.rdlen = z->records[i].rdlen,
				.type = z->records[i].type,
			};
		assert_ok(pagebuild_name(r->key->bytes, r->key->len, items, k,
		    &bytes, &entries[n], &bad));
	}
	assert_ok(pagebuild_page(entries, n, bytes.data, &page));
	changing_facts(c, z, &facts);
	ref = (struct tree_ref){ .low = (const uint8_t *)"", .low_len = 1 };
	digest_of(page.data, page.len, &ref.digest);
	assert_ok(tree_build(&ref, 1, NULL, NULL, NULL, &root));
	facts.root = root.digest;
	facts.root_level = (uint8_t)root.level;
	assert_ok(cache_write_begin(c->w, &facts, &load));
	assert_ok(cache_load_page(load, (const uint8_t *)"", 1, page.data,
	    page.len));
	assert_ok(cache_load_commit(load));
	buf_fini(&bytes);
	buf_fini(&page);
	testcache_fini(&scratch);
}

/* A state without content, or the zone away altogether. */
static inline void
changing_set(struct changing *c, const char *apex,
    enum cache_facts_state state)
{
	struct cache_facts facts;
	struct testcache scratch;

	testcache_init(&scratch, 1 << 16);
	changing_facts(c, testcache_add(&scratch, apex), &facts);
	facts.state = state;
	assert_ok(cache_write_set(c->w, &facts));
	testcache_fini(&scratch);
}

static inline void
changing_drop(struct changing *c, const char *apex)
{
	struct cache_facts facts;
	struct testcache scratch;

	testcache_init(&scratch, 1 << 16);
	changing_facts(c, testcache_add(&scratch, apex), &facts);
	cache_write_delete(c->w, facts.id);
	testcache_fini(&scratch);
}

#endif
