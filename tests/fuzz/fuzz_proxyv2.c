/*
 * fuzz_proxyv2.c - the PROXY header before a datagram, then the request.
 *
 * A header that is taken must lie within the bytes, must be found again at
 * the same size when more follows, and must want more when it is cut.
 */
#include <stdlib.h>
#include <string.h>

#include "dnsd/proxyv2.h"
#include "dnsd/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MUST(expr) \
	do { \
		if (!(expr)) \
			abort(); \
	} while (0)

/* An exact copy: reading past it is seen. */
static enum err
parse(const uint8_t *data, size_t len, struct proxyv2 *out)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum err e;

	MUST(copy != NULL);
	memcpy(copy, data, len);
	e = proxyv2_parse(copy, len, out);
	free(copy);
	return e;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct proxyv2 h, again;
	struct query q;

	switch (parse(data, len, &h)) {
	case OK:
		break;
	case ERR_AGAIN:
		MUST(len < PROXYV2_MAX);
		return 0;
	default:
		return 0;
	}
	MUST(h.size >= PROXYV2_FIXED && h.size <= PROXYV2_MAX);
	MUST(h.size <= len);
	MUST(h.local ? h.ip_len == 0 : h.ip_len == 4 || h.ip_len == 16);
	MUST(parse(data, h.size, &again) == OK);
	MUST(memcmp(&h, &again, sizeof(h)) == 0);
	for (size_t n = 0; n < h.size; n++)
		MUST(parse(data, n, &again) == ERR_AGAIN);
	(void)query_parse(data + h.size, len - h.size, &q);
	return 0;
}
