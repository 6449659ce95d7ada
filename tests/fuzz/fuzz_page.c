/*
 * fuzz_page.c - page_validate() over anything, every reader over what passes;
 * the same for nodes, names and keys.
 *
 * First octet: what to do with the rest.
 *   0  a page as it is
 *   1  records to build a page of, then changes to its octets
 *   2  a node
 *   3  a name in a message, a name in text, a key
 */
#include <stdlib.h>
#include <string.h>

#include "common/dns/dname.h"
#include "common/dns/page.h"
#include "common/dns/pagebuild.h"
#include "common/dns/rr.h"
#include "common/dns/tree.h"
#include "tests/lib/pageuse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_page(const uint8_t *data, size_t size)
{
	uint8_t *page = malloc(size + 1);	/* aligned, exact to a byte */

	if (page == NULL)
		return;
	memcpy(page, data, size);
	if (page_validate(page, size) == OK)
		(void)pageuse_all(page);
	free(page);
}

/* Names ascending by construction: "a", "b", ... below the apex. */
static void
try_built(const uint8_t *data, size_t size)
{
	static struct pagebuild_entry entries[64];
	struct pagebuild_item items[64];
	struct buf bytes, page;
	size_t at = 0, n = 0, n_items = 0;
	uint8_t key[3] = { 0, 'a' - 1, 0 };
	uint16_t limit;

	buf_init(&bytes, PAGE_MAX_BYTES);
	buf_init(&page, PAGE_MAX_BYTES);
	while (at + 3 <= size && n < COUNT_OF(entries)) {
		uint8_t op = data[at];
		size_t len = data[at + 2];
		struct pagebuild_item item = { .type = data[at + 1],
		    .ttl = op, .rdata = data + at + 3 };

		if (op == 0xff)
			break;
		item.rdlen = (uint16_t)MIN(len, size - at - 3);
		at += 3u + item.rdlen;
		if (rrtype_is_data(item.type) && n_items < COUNT_OF(items) &&
		    pagebuild_tree(item.type, item.rdata, item.rdlen) == 0 &&
		    rr_rdata_check(item.type, item.rdata, item.rdlen) == OK)
			items[n_items++] = item;
		if ((op & 3) != 0 || n_items == 0)
			continue;
		key[1]++;
		if (dname_lower_octet(key[1]) != key[1] || key[1] == 0)
			break;
		if (pagebuild_name(key, 3, items, n_items, &bytes,
		    &entries[n], &limit) != OK)
			break;
		n++;
		n_items = 0;
	}
	if (n > 0 && pagebuild_page(entries, n, bytes.data, &page) == OK) {
		PAGEUSE_CHECK(page_validate(page.data, page.len) == OK);
		(void)pageuse_all(page.data);
		for (at++; at + 3 <= size; at += 3) {
			size_t where = ((size_t)data[at] << 8 |
			    data[at + 1]) % page.len;

			page.data[where] ^= data[at + 2];
		}
		try_page(page.data, page.len);
	}
	buf_fini(&bytes);
	buf_fini(&page);
}

static void
try_node(const uint8_t *data, size_t size)
{
	static struct tree_ref refs[TREE_CHILDREN_MAX];
	unsigned n;

	if (tree_node_check(data, size) != OK)
		return;
	n = tree_node_refs(data, refs);
	for (unsigned i = 0; i < n; i++)
		PAGEUSE_CHECK(tree_refs_find(refs, n, refs[i].low,
		    refs[i].low_len) == i);
}

static void
try_name(const uint8_t *data, size_t size)
{
	uint8_t name[DNAME_MAX], again[DNAME_MAX];
	char text[DNAME_TEXT_MAX];
	size_t len, next, n;
	struct ownerkey key;

	if (dname_unpack(data, size, size > 12 ? 12 : 0, name, &len,
	    &next) == OK) {
		PAGEUSE_CHECK(next <= size);
		PAGEUSE_CHECK(dname_scan(name, len, &n) == OK && n == len);
		n = dname_print(name, text);
		PAGEUSE_CHECK(dname_parse(text, n, again, &n) == OK);
		PAGEUSE_CHECK(n == len && memcmp(name, again, n) == 0);
		PAGEUSE_CHECK(ownerkey_from_dname(name,
		    (const uint8_t *)"", 0, &key) == OK);
		PAGEUSE_CHECK(ownerkey_check(key.bytes, key.len, 1));
	}
	if (dname_scan(data, size, &len) == OK)
		PAGEUSE_CHECK(len <= size);
	if (dname_parse((const char *)data, size, name, &len) == OK)
		PAGEUSE_CHECK(dname_scan(name, len, &n) == OK && n == len);
	if (ownerkey_check(data, size, 1)) {
		n = ownerkey_to_dname(data, size, (const uint8_t *)"", name);
		PAGEUSE_CHECK(n <= DNAME_MAX && n == dname_len(name));
		PAGEUSE_CHECK(ownerkey_from_dname(name,
		    (const uint8_t *)"", data[0], &key) == OK);
		PAGEUSE_CHECK(key.len == size &&
		    memcmp(key.bytes, data, size) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	switch (data[0] & 3) {
	case 0:
		try_page(data + 1, size - 1);
		break;
	case 1:
		try_built(data + 1, size - 1);
		break;
	case 2:
		try_node(data + 1, size - 1);
		break;
	default:
		try_name(data + 1, size - 1);
		break;
	}
	return 0;
}
