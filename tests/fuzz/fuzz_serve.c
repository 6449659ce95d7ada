/*
 * fuzz_serve.c - answer() over every page that passes the validator.
 *
 * The input makes a page: records below the apex, then changes to its octets
 * (as in fuzz_page), or it is the page as it is. What page_validate() and
 * cache_load_commit() take is served, and asked for all its names, names
 * beside and below them, with types that matter; tests/lib/replycheck.h reads the
 * answers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/dns/nsec3hash.h"
#include "common/dns/page.h"
#include "common/dns/pagebuild.h"
#include "common/dns/rr.h"
#include "common/dns/rrtype.h"
#include "common/dns/tree.h"
#include "dnsd/answer.h"
#include "dnsd/cache_write.h"
#include "dnsd/control.h"
#include "tests/lib/replycheck.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA = 4 << 20, ITEMS = 96, ASKED_MAX = 24 };

static struct cache_write *w;
static struct answer_ctx ctx;
static uint64_t generation;

#define MUST(expr) \
	do { \
		if (!(expr)) { \
			fprintf(stderr, "fuzz_serve:%d: %s\n", __LINE__, \
			    #expr); \
			abort(); \
		} \
	} while (0)

static void
setup(void)
{
	struct control *control;
	int fd = memfd_create("arena", MFD_CLOEXEC);
	int control_fd = memfd_create("control", MFD_CLOEXEC);

	MUST(ftruncate(fd, ARENA) == 0);
	MUST(control_map(control_fd, &control) == OK);
	MUST(cache_write_open(fd, ARENA, control, &w) == OK);
	ctx.arena = cache_write_base(w);
	ctx.arena_size = ARENA;
	ctx.udp_max = 1232;
	MUST(nsec3hash_new(&ctx.nsec3hash) == OK);
}

static void
ask(const uint8_t *name, size_t name_len, uint16_t type, bool dnssec, bool tcp)
{
	static struct answer_job job;
	static struct replycheck c;
	static uint8_t out[65535];
	uint8_t request[300] = { 1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1 };
	struct answer_facts f = {
		.request = request, .out = out, .source_port = 1,
		.out_max = tcp ? sizeof(out) : 1232, .now_boot_ms = 1,
		.transport = tcp ? ANSWER_TCP : ANSWER_UDP,
	};
	size_t n = 12 + name_len, len;
	const char *wrong;

	memcpy(request + 12, name, name_len);
	request[n++] = (uint8_t)(type >> 8);
	request[n++] = (uint8_t)type;
	memcpy(request + n, "\0\1\0\0\51\2\0\0\0\0\0\0\0", 13);
	if (dnssec)
		request[n + 9] = 0x80;
	n += 13;
	f.request_len = n;
	memset(&job, 0xa5, sizeof(job));
	MUST(answer(&job, &ctx, &f, &len) == ANSWER_SEND);
	c.request = request;
	c.request_len = n;
	c.limit = tcp ? 65535 : 512;
	c.qtype = type;
	c.qclass = 1;
	c.udp = !tcp;
	c.edns = c.sound = true;
	c.dnssec = dnssec;
	wrong = replycheck_walk(&c, out, len);
	if (wrong == NULL)
		wrong = replycheck_sets(&c, out);
	if (wrong == NULL)
		wrong = replycheck_kind(&c);
	if (wrong != NULL) {
		fprintf(stderr, "fuzz_serve: %s (type %u, rcode %u)\n", wrong,
		    type, c.rcode);
		abort();
	}
}

/* A name, and what lies around it. */
static void
ask_about(const uint8_t *name, size_t len, uint8_t turn)
{
	static const uint16_t types[] = {
		RRTYPE_A, RRTYPE_NS, RRTYPE_CNAME, RRTYPE_DNAME, RRTYPE_DS,
		RRTYPE_SOA, RRTYPE_MX, RRTYPE_SRV, RRTYPE_NSEC, RRTYPE_NSEC3,
		RRTYPE_RRSIG, RRTYPE_ANY, RRTYPE_HTTPS, RRTYPE_TXT, 65280,
	};
	uint8_t below[260];

	for (size_t i = turn % 3; i < COUNT_OF(types); i += 3)
		ask(name, len, types[i], (i + turn) & 1, (i + turn) & 2);
	if (len + 4 > 255)
		return;
	memcpy(below, "\1b", 2);
	memcpy(below + 2, name, len);
	ask(below, len + 2, types[turn % COUNT_OF(types)], true, false);
	below[1] = '*';
	ask(below, len + 2, RRTYPE_A, true, true);
	memcpy(below, "\1q\1b", 4);
	memcpy(below + 4, name, len);
	ask(below, len + 4, RRTYPE_A, true, false);
}

static void
serve(const uint8_t *page, size_t len)
{
	static const uint8_t apex[] = "\1f";
	struct cache_facts facts = {
		.id = "fuzz", .apex = "\1f", .apex_len = 3, .stripes = 1,
		.state = CACHE_FACTS_LOADED, .expire_boot_ms = INT64_MAX,
		.generation = ++generation,
	};
	struct tree_ref ref = { .low = (const uint8_t *)"", .low_len = 1 };
	struct cache_load *load;
	struct tree_root root;
	struct page_name name;

	digest_of(page, len, &ref.digest);
	MUST(tree_build(&ref, 1, NULL, NULL, NULL, &root) == OK);
	facts.root = root.digest;
	facts.root_level = (uint8_t)root.level;
	MUST(cache_write_begin(w, &facts, &load) == OK);
	if (cache_load_page(load, (const uint8_t *)"", 1, page, len) != OK) {
		cache_load_abort(load);
		return;
	}
	if (cache_load_commit(load) != OK)
		return;
	cache_write_reclaim(w);
	for (unsigned i = 0; i < page_n_names(page) && i < ASKED_MAX; i++) {
		uint8_t wire[256];
		size_t n;

		page_name_at(page, i, &name);
		if (name.key_len > 255 - sizeof(apex))
			continue;
		n = ownerkey_to_dname(name.key, name.key_len, apex, wire);
		ask_about(wire, n, (uint8_t)(i + len));
	}
	ask_about((const uint8_t *)"\2zz\1f", 6, (uint8_t)len);
}

/* An exact copy: reading past it is seen, where it is still ours. */
static void
try_page(const uint8_t *data, size_t size)
{
	uint8_t *page = malloc(size + 1);

	MUST(page != NULL);
	memcpy(page, data, size);
	if (page_validate(page, size) == OK)
		serve(page, size);
	free(page);
}

/* A key below the apex from one octet: up to three labels out of four. */
static size_t
small_key(uint8_t octet, uint8_t *key)
{
	static const char labels[] = "ab*s";
	size_t n = 0;

	key[n++] = OWNERKEY_TREE_NORMAL;
	for (unsigned i = octet & 3; i > 0; i--) {
		octet >>= 2;
		key[n++] = (uint8_t)labels[octet & 3];
		key[n++] = 0;
	}
	return n;
}

struct item {
	uint8_t key[40];
	size_t key_len;
	struct pagebuild_item it;
	uint8_t rdata[70];
};

static int
by_key(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return ownerkey_compare(x->key, x->key_len, y->key, y->key_len);
}

/* One record of the input: name, type, length, rdata; names where names are. */
static size_t
take(const uint8_t *p, size_t left, struct item *out)
{
	static const uint16_t types[] = {
		RRTYPE_A, RRTYPE_NS, RRTYPE_CNAME, RRTYPE_DNAME, RRTYPE_MX,
		RRTYPE_SRV, RRTYPE_SVCB, RRTYPE_DS, RRTYPE_NSEC, RRTYPE_NSEC3,
		RRTYPE_NSEC3PARAM, RRTYPE_RRSIG, RRTYPE_TXT, RRTYPE_AAAA, 65280,
		RRTYPE_HTTPS,
	};
	uint16_t type = types[p[1] % 16];
	size_t n = p[2] & 63, used = 3;

	memset(out, 0, sizeof(*out));
	out->key_len = small_key(p[0], out->key);
	if (type == RRTYPE_NS || type == RRTYPE_CNAME || type == RRTYPE_DNAME ||
	    type == RRTYPE_MX || type == RRTYPE_NSEC) {
		uint8_t key[40];
		size_t key_len = small_key(p[2], key), skip = 0;

		if (type == RRTYPE_MX)
			skip = 2;
		n = skip + ownerkey_to_dname(key, key_len,
		    (const uint8_t *)"\1f", out->rdata + skip);
		if (type == RRTYPE_NSEC) {
			memcpy(out->rdata + n, "\0\1\100", 3);
			n += 3;
		}
	} else if (type == RRTYPE_A) {
		n = 4;
	} else if (type == RRTYPE_RRSIG) {
		/* over the type that the input says, without a signature */
		n = 18 + 3;
		out->rdata[0] = (uint8_t)(types[p[2] % 16] >> 8);
		out->rdata[1] = (uint8_t)types[p[2] % 16];
		memcpy(out->rdata + 18, "\1f", 3);
	} else {
		n = n < left - used ? n : left - used;
		memcpy(out->rdata, p + used, n);
		used += n;
	}
	if (type == RRTYPE_NSEC3) {		/* in its own tree */
		out->key[0] = OWNERKEY_TREE_NSEC3;
		memset(out->key + 1, 'a' + p[0] % 20, 32);
		out->key[33] = 0;
		out->key_len = 34;
	}
	out->it = (struct pagebuild_item){ .type = type, .ttl = 60,
	    .rdlen = (uint16_t)n };
	return used;
}

static void
try_built(const uint8_t *data, size_t size)
{
	static const uint8_t soa[22] = { 0, 0, 0, 0, 0, 1, 0, 0, 0, 1 };
	static struct item items[ITEMS];
	static struct pagebuild_entry entries[ITEMS];
	struct pagebuild_item sets[ITEMS];
	size_t n = 1, n_entries = 0, at = 0;
	struct buf bytes, page;
	uint16_t limit;

	memset(&items[0], 0, sizeof(items[0]));
	items[0].key_len = 1;
	items[0].it = (struct pagebuild_item){ .type = RRTYPE_SOA, .ttl = 60,
	    .rdlen = sizeof(soa) };
	memcpy(items[0].rdata, soa, sizeof(soa));
	while (at + 3 <= size && n < ITEMS && data[at] != 0xff) {
		at += take(data + at, size - at, &items[n]);
		if (rr_rdata_check(items[n].it.type, items[n].rdata,
		    items[n].it.rdlen) == OK && pagebuild_tree(
		    items[n].it.type, items[n].rdata, items[n].it.rdlen) ==
		    items[n].key[0])
			n++;
	}
	at++;
	qsort(items, n, sizeof(items[0]), by_key);
	buf_init(&bytes, PAGE_MAX_BYTES);
	buf_init(&page, PAGE_MAX_BYTES);
	for (size_t i = 0; i < n; n_entries++) {
		size_t k = 0, first = i;

		for (; i < n && by_key(&items[first], &items[i]) == 0; i++) {
			sets[k] = items[i].it;
			sets[k++].rdata = items[i].rdata;
		}
		if (pagebuild_name(items[first].key, items[first].key_len,
		    sets, k, &bytes, &entries[n_entries], &limit) != OK)
			goto out;
	}
	if (pagebuild_page(entries, n_entries, bytes.data, &page) != OK)
		goto out;
	try_page(page.data, page.len);
	for (; at + 3 <= size; at += 3)
		page.data[((size_t)data[at] << 8 | data[at + 1]) % page.len] ^=
		    data[at + 2];
	try_page(page.data, page.len);
out:
	buf_fini(&bytes);
	buf_fini(&page);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (w == NULL)
		setup();
	if (size < 1)
		return 0;
	if (data[0] & 1)
		try_built(data + 1, size - 1);
	else
		try_page(data + 1, size - 1);
	return 0;
}
