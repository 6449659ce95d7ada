/*
 * mkpage.c - print a page in hexadecimal, for tests/sql.
 *
 * Reads lines "KEY TYPE TTL RDATA" (hexadecimal, decimal, decimal,
 * hexadecimal or -), the lines of an owner together, owners in key order.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns/pagebuild.h"

#define ITEMS_MAX	4096
#define NAMES_MAX	4096

static size_t
unhex(const char *text, uint8_t *out, size_t size)
{
	size_t n = 0;
	unsigned v;

	while (n < size && sscanf(text + 2 * n, "%2x", &v) == 1)
		out[n++] = (uint8_t)v;
	return n;
}

static struct pagebuild_item items[ITEMS_MAX];
static struct pagebuild_entry entries[NAMES_MAX];

int
main(void)
{
	static char line[200000], hex[131072], key_hex[1100];
	uint8_t key[512], rdata[65535], *keep;
	char before[1100] = "";
	size_t n = 0, n_names = 0, len, i;
	struct buf bytes, page;
	unsigned type, ttl;
	uint16_t bad;
	bool more = true;

	buf_init(&bytes, 1 << 20);
	buf_init(&page, PAGE_MAX_BYTES);
	while (more) {
		more = fgets(line, sizeof(line), stdin) != NULL;
		if (more && sscanf(line, "%1099s %u %u %131071s", key_hex,
		    &type, &ttl, hex) != 4)
			return 1;
		if (n > 0 && (!more || strcmp(before, key_hex) != 0)) {
			if (n_names == NAMES_MAX || pagebuild_name(key,
			    unhex(before, key, sizeof(key)), items, n, &bytes,
			    &entries[n_names], &bad) != OK)
				return 2;
			for (i = 0; i < n; i++)
				free((void *)(uintptr_t)items[i].rdata);
			n_names++;
			n = 0;
		}
		if (!more)
			break;
		snprintf(before, sizeof(before), "%s", key_hex);
		len = unhex(hex, rdata, sizeof(rdata));
		keep = malloc(len + 1);
		if (n == ITEMS_MAX || keep == NULL)
			return 3;
		memcpy(keep, rdata, len);
		memset(&items[n], 0, sizeof(items[n]));
		items[n].rdata = keep;
		items[n].rdlen = (uint16_t)len;
		items[n].ttl = ttl;
		items[n].type = (uint16_t)type;
		n++;
	}
	if (n_names == 0 ||
	    pagebuild_page(entries, n_names, bytes.data, &page) != OK)
		return 4;
	for (i = 0; i < page.len; i++)
		printf("%02x", page.data[i]);
	putchar('\n');
	buf_fini(&bytes);
	buf_fini(&page);
	return 0;
}
