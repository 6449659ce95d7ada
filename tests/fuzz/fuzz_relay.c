/*
 * fuzz_relay.c - relay frames: any octets decode or not, and what was decoded
 * goes back into the same octets.
 */
#include <stdlib.h>
#include <string.h>

#include "dnsd/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t out[RELAY_FRAME_MAX], *copy = malloc(size > 0 ? size : 1);
	struct relay_frame f, g;
	struct sock_prefix prefix;
	struct sock_addr to;
	size_t n;

	must(copy != NULL);
	memcpy(copy, data, size);
	if (relay_frame_get(copy, size, &f) == OK) {
		must(f.len <= RELAY_DATAGRAM_MAX);
		must(f.len == 0 || (f.datagram >= copy &&
		    f.datagram + f.len <= copy + size));
		n = relay_frame_put(&f, out);
		must(n == RELAY_HEADER_BYTES + (size_t)f.len);
		must(relay_frame_get(out, n, &g) == OK);
		must(g.kind == f.kind && g.cookie == f.cookie &&
		    g.len == f.len);
		must(memcmp(g.datagram, f.datagram, f.len) == 0);
		/* A cookie is a claim, too. */
		memset(&prefix, 0, sizeof(prefix));
		(void)relay_cookie_address(f.cookie, &prefix, 1, &to);
		(void)relay_cookie_address(f.cookie, &prefix, 0, &to);
	}
	free(copy);
	return 0;
}
