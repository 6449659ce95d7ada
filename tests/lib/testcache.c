/*
 * testcache.c - see testcache.h.
 */
#include "tests/lib/testcache.h"

#include <stdlib.h>
#include <string.h>

#include <ldns/ldns.h>

#include "common/base/buf.h"
#include "common/dns/dname.h"
#include "common/dns/namehash.h"
#include "common/dns/page.h"
#include "common/dns/pagebuild.h"
#include "common/dns/rrtype.h"
#include "dnsd/cache_layout.h"

#define MUST(expr) \
	do { \
		if (!(expr)) { \
			fprintf(stderr, "testcache:%d: %s\n", __LINE__, \
			    #expr); \
			abort(); \
		} \
	} while (0)

struct child {
	cache_ref ref;
	uint8_t *low;
	uint16_t low_len;
};

static void *
grow(void *p, size_t n, size_t *max, size_t size)
{
	if (n < *max)
		return p;
	*max = *max == 0 ? 16 : *max * 2;
	p = realloc(p, *max * size);
	MUST(p != NULL);
	return p;
}

static void *
copy(const void *p, size_t n)
{
	void *q = malloc(n > 0 ? n : 1);

	MUST(q != NULL);
	memcpy(q, p, n);
	return q;
}

void
testcache_init(struct testcache *c, size_t arena_bytes)
{
	*c = (struct testcache){ .size = arena_bytes };
	c->arena = aligned_alloc(4096, arena_bytes);
	MUST(c->arena != NULL);
	memset(c->arena, 0, CACHE_SUPER_BYTES);
	c->used = CACHE_SUPER_BYTES;
}

void
testcache_fini(struct testcache *c)
{
	for (size_t i = 0; i < c->n_zones; i++) {
		struct testcache_zone *z = &c->zones[i];

		for (size_t k = 0; k < z->n_records; k++) {
			free(z->records[k].key);
			free(z->records[k].owner);
			free(z->records[k].rdata);
		}
		free(z->records);
	}
	free(c->zones);
	free(c->arena);
	*c = (struct testcache){ 0 };
}

static cache_ref
take(struct testcache *c, size_t bytes, void *out_p)
{
	cache_ref ref = (cache_ref)(c->used / CACHE_UNIT);

	bytes = (bytes + CACHE_UNIT - 1) / CACHE_UNIT * CACHE_UNIT;
	MUST(bytes <= c->size - c->used);
	memset(c->arena + c->used, 0, bytes);
	*(void **)out_p = c->arena + c->used;
	c->used += bytes;
	return ref;
}

struct testcache_zone *
testcache_add(struct testcache *c, const char *apex)
{
	struct testcache_zone *z;
	uint8_t wire[256];
	size_t len;

	MUST(dname_parse(apex, strlen(apex), wire, &len) == OK);
	c->zones = grow(c->zones, c->n_zones, &c->max_zones,
	    sizeof(*c->zones));
	z = &c->zones[c->n_zones++];
	*z = (struct testcache_zone){
		.stripes = 1, .expire_at_ms = INT64_MAX,
		.state = CACHE_ZONE_LOADED,
		.page_bytes = PAGE_TARGET_BYTES,
		.fanout = CACHE_NODE_CHILDREN_MAX,
	};
	dname_lower(wire, z->apex);
	return z;
}

void
testcache_add_record(struct testcache_zone *z, const uint8_t *owner,
    uint16_t type, uint32_t ttl, const uint8_t *rdata, size_t rdlen)
{
	struct testcache_record *r;
	struct ownerkey key;

	if (ownerkey_from_dname(owner, z->apex, pagebuild_tree(type, rdata,
	    rdlen), &key) != OK)
		return;			/* not of this zone */
	z->records = grow(z->records, z->n_records, &z->max_records,
	    sizeof(*z->records));
	r = &z->records[z->n_records++];
	*r = (struct testcache_record){
		.key = copy(&key, offsetof(struct ownerkey, bytes) + key.len),
		.owner = copy(owner, dname_len(owner)),
		.rdata = copy(rdata, rdlen),
		.ttl = ttl, .type = type, .rdlen = (uint16_t)rdlen,
	};
}

static void
add_ldns(struct testcache_zone *z, const ldns_rr *rr)
{
	uint8_t rdata[65536];
	size_t len = 0;

	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *f = ldns_rr_rdf(rr, i);

		MUST(len + ldns_rdf_size(f) <= sizeof(rdata));
		memcpy(rdata + len, ldns_rdf_data(f), ldns_rdf_size(f));
		len += ldns_rdf_size(f);
	}
	testcache_add_record(z, ldns_rdf_data(ldns_rr_owner(rr)),
	    (uint16_t)ldns_rr_get_type(rr), ldns_rr_ttl(rr), rdata, len);
}

struct testcache_zone *
testcache_add_file(struct testcache *c, const char *apex, FILE *f)
{
	struct testcache_zone *z = testcache_add(c, apex);
	ldns_rdf *origin = ldns_dname_new_frm_str(apex);
	ldns_rdf *previous = NULL;
	uint32_t ttl = 3600;
	int line = 0;

	if (origin == NULL)
		origin = ldns_dname_new_frm_str(".");
	while (!feof(f)) {
		ldns_rr *rr = NULL;
		ldns_status s = ldns_rr_new_frm_fp_l(&rr, f, &ttl, &origin,
		    &previous, &line);

		if (s == LDNS_STATUS_SYNTAX_EMPTY ||
		    s == LDNS_STATUS_SYNTAX_TTL ||
		    s == LDNS_STATUS_SYNTAX_ORIGIN)
			continue;
		if (s != LDNS_STATUS_OK) {
			fprintf(stderr, "testcache: %s line %d: %s\n", apex,
			    line, ldns_get_errorstr_by_id(s));
			abort();
		}
		add_ldns(z, rr);
		ldns_rr_free(rr);
	}
	ldns_rdf_deep_free(origin);
	ldns_rdf_deep_free(previous);
	return z;
}

struct testcache_zone *
testcache_add_text(struct testcache *c, const char *apex, const char *text)
{
	FILE *f = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct testcache_zone *z;

	MUST(f != NULL);
	z = testcache_add_file(c, apex, f);
	fclose(f);
	return z;
}

static int
by_key(const void *a, const void *b)
{
	const struct testcache_record *x = a, *y = b;

	return ownerkey_compare(x->key->bytes, x->key->len, y->key->bytes,
	    y->key->len);
}

/* Where a page begins: its first key, or just behind the last one's. */
static void
set_low(struct child *child, const struct ownerkey *first,
    const struct ownerkey *last, size_t n)
{
	if (last == NULL) {
		child->low = copy("", 1);
		child->low_len = 1;
	} else if (n % 2 == 1) {
		child->low = copy(first->bytes, first->len);
		child->low_len = first->len;
	} else {
		child->low = malloc(last->len + 1u);
		MUST(child->low != NULL);
		memcpy(child->low, last->bytes, last->len);
		child->low[last->len] = 0;
		child->low_len = (uint16_t)(last->len + 1);
	}
}

static struct child *
build_pages(struct testcache *c, struct testcache_zone *z, size_t *out_n)
{
	struct child *children = NULL;
	size_t n_children = 0, max_children = 0;
	struct buf bytes, page;
	struct pagebuild_entry *entries = NULL;
	const struct ownerkey *first = NULL, *last = NULL, *before = NULL;
	size_t n_entries = 0, max_entries = 0;

	buf_init(&bytes, SIZE_MAX / 2);
	buf_init(&page, PAGE_MAX_BYTES);
	qsort(z->records, z->n_records, sizeof(*z->records), by_key);
	for (size_t i = 0; i <= z->n_records; ) {
		struct pagebuild_item *items;
		const struct ownerkey *key;
		size_t n = 0;
		uint16_t type;
		uint8_t *p;

		if (n_entries > 0 && (i == z->n_records ||
		    pagebuild_size(n_entries, bytes.len) > z->page_bytes)) {
			MUST(pagebuild_page(entries, n_entries, bytes.data,
			    &page) == OK);
			MUST(page_validate(page.data, page.len) == OK);
			children = grow(children, n_children, &max_children,
			    sizeof(*children));
			set_low(&children[n_children], first, before,
			    n_children);
			children[n_children++].ref = take(c, page.len, &p);
			memcpy(p, page.data, page.len);
			before = last;
			n_entries = 0;
			buf_reset(&bytes);
		}
		if (i == z->n_records)
			break;
		key = z->records[i].key;
		while (i + n < z->n_records && by_key(&z->records[i],
		    &z->records[i + n]) == 0)
			n++;
		items = calloc(n, sizeof(*items));
		MUST(items != NULL);
		for (size_t k = 0; k < n; k++)
			items[k] = (struct pagebuild_item){
				.rdata = z->records[i + k].rdata,
				.ttl = z->records[i + k].ttl,
				.rdlen = z->records[i + k].rdlen,
				.type = z->records[i + k].type,
			};
		entries = grow(entries, n_entries, &max_entries,
		    sizeof(*entries));
		MUST(pagebuild_name(key->bytes, key->len, items, n, &bytes,
		    &entries[n_entries], &type) == OK);
		if (n_entries++ == 0)
			first = key;
		last = key;
		free(items);
		i += n;
	}
	free(entries);
	buf_fini(&bytes);
	buf_fini(&page);
	*out_n = n_children;
	return children;
}

static uint64_t
head_of(const uint8_t *key, size_t len, size_t prefix)
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v = v << 8 | (prefix + i < len ? key[prefix + i] : 0);
	return v;
}

static cache_ref
build_node(struct testcache *c, const struct child *child, size_t n,
    unsigned level)
{
	const struct child *last = &child[n - 1];
	struct cache_node *node;
	size_t prefix = 0, at, size = sizeof(*node) + n * 16 + 4;
	uint64_t *heads;
	cache_ref *refs, ref;
	uint32_t *fences;

	while (prefix < child->low_len && prefix < last->low_len &&
	    child->low[prefix] == last->low[prefix])
		prefix++;
	at = size;
	for (size_t i = 0; i < n; i++)
		size += child[i].low_len;
	ref = take(c, size, &node);
	*node = (struct cache_node){
		.n = (uint16_t)n, .prefix_len = (uint16_t)prefix,
		.level = (uint16_t)level, .size = (uint32_t)size,
	};
	heads = (uint64_t *)(void *)(node + 1);
	refs = (cache_ref *)(void *)(heads + n);
	fences = (uint32_t *)(void *)(refs + n);
	for (size_t i = 0; i < n; i++) {
		heads[i] = head_of(child[i].low, child[i].low_len, prefix);
		refs[i] = child[i].ref;
		fences[i] = (uint32_t)at;
		memcpy((uint8_t *)node + at, child[i].low, child[i].low_len);
		at += child[i].low_len;
	}
	fences[n] = (uint32_t)at;
	return ref;
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static void
head_from_apex(struct testcache *c, struct testcache_zone *z,
    struct cache_zone *head, uint8_t *salt)
{
	static const uint8_t apex_key[1] = { OWNERKEY_TREE_NORMAL };
	const uint8_t *page = c->arena + (size_t)head->apex_page * CACHE_UNIT;
	struct page_name name;
	struct page_set set;

	head->apex_name = page_find(page, apex_key, 1, page_hash(apex_key, 1));
	MUST(head->apex_name != 0);
	page_name_at_offset(page, head->apex_name, &name);
	MUST(page_set_find(&name, RRTYPE_SOA, &set));
	head->soa_at = (uint32_t)(set.rr - page);
	head->soa_len = (uint16_t)set.rr_len;
	head->soa_sig_len = set.sig_len;
	head->negative_ttl = get32(set.rr + set.rr_len - 4);
	if (get32(set.rr + 6) < head->negative_ttl)
		head->negative_ttl = get32(set.rr + 6);
	head->serial = get32(set.rr + set.rr_len - 20);
	if (page_set_find(&name, RRTYPE_NSEC, &set))
		head->flags |= CACHE_ZONE_NSEC;
	if (page_set_find(&name, RRTYPE_NSEC3PARAM, &set)) {
		const uint8_t *rr = set.rr;

		for (unsigned i = 0; i < set.n_rr; i++) {
			const uint8_t *p = rr + PAGE_RR_FIXED;

			rr = p + (rr[10] << 8 | rr[11]);
			if (p[0] != 1 || p[1] != 0)
				continue;
			head->flags |= CACHE_ZONE_NSEC3;
			head->nsec3_iterations = (uint16_t)(p[2] << 8 | p[3]);
			head->nsec3_salt_len = p[4];
			memcpy(salt, p + 5, p[4]);
			break;
		}
	}
	for (size_t i = 0; i < z->n_records; i++) {
		const struct testcache_record *r = &z->records[i];

		if (r->type == RRTYPE_DNAME)
			head->flags |= CACHE_ZONE_HAS_DNAME;
		for (const uint8_t *p = r->owner; *p != 0; p += 1 + *p)
			if (p[0] == 1 && p[1] == '*')
				head->flags |= CACHE_ZONE_HAS_WILDCARD;
	}
}

static cache_ref
build_zone(struct testcache *c, struct testcache_zone *z)
{
	size_t apex_len = dname_len(z->apex), n = 0;
	struct child *children = NULL;
	uint8_t salt[256] = { 0 };
	struct cache_zone *head;
	cache_ref ref, apex_page = 0, root = 0;
	unsigned level = 0;

	if (z->n_records > 0) {
		children = build_pages(c, z, &n);
		apex_page = children[0].ref;
		while (n > 1) {
			size_t n_above = 0;

			level++;
			for (size_t i = 0; i < n; i += z->fanout) {
				size_t k = n - i < z->fanout ? n - i :
				    z->fanout;
				struct child above = children[i];

				above.ref = build_node(c, children + i, k,
				    level);
				for (size_t m = 1; m < k; m++)
					free(children[i + m].low);
				children[n_above++] = above;
			}
			n = n_above;
		}
		root = children[0].ref;
		free(children[0].low);
		free(children);
	}
	ref = take(c, sizeof(*head) + apex_len + 256 + 32, &head);
	head->generation = 1;
	head->state = z->state;
	head->root_level = (uint8_t)level;
	head->root = root;
	head->apex_labels = (uint8_t)dname_labels(z->apex);
	head->apex_page = apex_page;
	head->apex_len = (uint8_t)apex_len;
	head->n_records = (uint32_t)z->n_records;
	memcpy(head->tail, z->apex, apex_len);
	if (root != 0)
		head_from_apex(c, z, head, salt);
	memcpy(head->tail + apex_len, salt, head->nsec3_salt_len);
	if (c->finish_head != NULL)
		c->finish_head(c->arena, head);
	return ref;
}

void
testcache_publish(struct testcache *c)
{
	static const uint8_t root[1] = { 0 };
	struct namehash_seed seed = { { 0x0123456789abcdef, 0xfedcba987 } };
	struct cache_super *s = (void *)c->arena;
	struct cache_slot *slots;
	unsigned log2 = 2;
	cache_ref dir;

	while ((size_t)1 << log2 < c->n_zones * 2)
		log2++;
	dir = take(c, sizeof(*slots) << log2, &slots);
	s->magic = CACHE_MAGIC;
	s->layout = CACHE_LAYOUT;
	s->hash_seed[0] = seed.k[0];
	s->hash_seed[1] = seed.k[1];
	for (size_t i = 0; i < c->n_zones; i++) {
		struct testcache_zone *z = &c->zones[i];
		cache_ref head = build_zone(c, z);
		unsigned n = dname_labels(z->apex);
		uint64_t h = namehash_init(&seed), at;
		struct cache_slot *slot;
		struct ownerkey key;

		MUST(ownerkey_from_dname(z->apex, root, 0, &key) == OK);
		for (size_t k = 1; k < key.len; ) {
			size_t len = strlen((char *)key.bytes + k);

			h = namehash_label(&seed, h, key.bytes + k, len);
			k += len + 1;
		}
		h = namehash_final(h);
		for (at = h; ; at++) {
			slot = &slots[at & (((uint64_t)1 << log2) - 1)];
			if (slot->tag == CACHE_TAG_FREE)
				break;
		}
		slot->stripes = z->stripes;
		slot->expire_at_ms = z->expire_at_ms;
		slot->head = head;
		slot->stats = (uint32_t)i + 1;
		slot->tag = CACHE_TAG(h);
		s->label_counts[n / 64] |= UINT64_C(1) << n % 64;
	}
	s->dir = (uint64_t)dir << 8 | log2;
	s->ready = 1;
}
