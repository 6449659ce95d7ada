/*
 * cursor.c - cursors.  See cursor.h.
 */
#include <string.h>

#include "api/cursor.h"
#include "common/base/hash.h"
#include "common/base/hex.h"

enum { MAC_BYTES = 8, KEY_MAX = CURSOR_BYTES / 2 - MAC_BYTES - 1 };

/* The secret serves tokens, too: cursors have a key of their own. */
static void
make_mac(const uint8_t *secret, const char *list, const char *key,
    uint8_t out[MAC_BYTES])
{
	struct hash_key first, own;
	uint64_t part[3];

	memcpy(first.bytes, secret, sizeof(first.bytes));
	part[0] = hash_sip(&first, "understudy cursor", 17);
	memcpy(first.bytes, secret + CURSOR_SECRET_BYTES / 2,
	    sizeof(first.bytes));
	part[1] = hash_sip(&first, "understudy cursor", 17);
	memcpy(own.bytes, part, sizeof(own.bytes));
	part[0] = hash_sip(&own, list, strlen(list));
	part[1] = hash_sip(&own, key, strlen(key));
	part[2] = hash_sip(&own, part, 2 * sizeof(part[0]));
	memcpy(out, &part[2], MAC_BYTES);
}

static char *
print_hex(char *out, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
	return out;
}

void
cursor_print(const uint8_t *secret, const char *list, const char *key,
    char out[CURSOR_BYTES])
{
	uint8_t mac[MAC_BYTES];
	size_t len = strlen(key);

	out[0] = '\0';
	if (len > KEY_MAX)
		return;
	make_mac(secret, list, key, mac);
	(void)print_hex(print_hex(out, mac, MAC_BYTES), key, len);
}

bool
cursor_parse(const uint8_t *secret, const char *list, const char *cursor,
    char out[CURSOR_BYTES])
{
	uint8_t given[MAC_BYTES], mac[MAC_BYTES], differ = 0;
	size_t len = strlen(cursor), n = 0;

	if (len <= 2 * MAC_BYTES || len % 2 != 0 || len >= CURSOR_BYTES)
		return false;
	for (size_t i = 0; i < len; i += 2) {
		int hi = hex_digit(cursor[i]), lo = hex_digit(cursor[i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		if (i / 2 < MAC_BYTES)
			given[i / 2] = (uint8_t)(hi * 16 + lo);
		else
			out[n++] = (char)(hi * 16 + lo);
	}
	out[n] = '\0';
	make_mac(secret, list, out, mac);
	for (size_t i = 0; i < MAC_BYTES; i++)
		differ |= (uint8_t)(given[i] ^ mac[i]);
	/* Sort keys are printable ASCII: a NUL would cut one short. */
	for (size_t i = 0; i < n; i++)
		if (out[i] < 0x20 || out[i] > 0x7e)
			return false;
	return differ == 0;
}
