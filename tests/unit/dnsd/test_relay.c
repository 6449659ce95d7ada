/*
 * The relay frame: round trip, and claims.
 */
#include "dnsd/relay.h"
#include "tests/lib/test.h"

static void
fill(struct relay_frame *f, int family)
{
	memset(f, 0, sizeof(*f));
	f->kind = RELAY_REQUEST;
	f->cookie = UINT64_C(0x8123456789abcdef);
	assert_ok(sock_addr_parse(family == 4 ? "192.0.2.1:53" :
	    "[2001:db8::1]:53", -1, &f->listener));
	assert_ok(sock_addr_parse(family == 4 ? "198.51.100.9:4444" :
	    "[2001:db8::9]:4444", -1, &f->source));
	f->datagram = (const uint8_t *)"datagram";
	f->len = 8;
}

TEST(relay_frame_comes_back_as_it_was)
{
	uint8_t bytes[RELAY_FRAME_MAX];
	struct relay_frame f, got;

	for (int family = 4; family <= 6; family += 2) {
		size_t n;

		fill(&f, family);
		n = relay_frame_put(&f, bytes);
		assert_int_equal(n, RELAY_HEADER_BYTES + 8);
		assert_ok(relay_frame_get(bytes, n, &got));
		assert_int_equal(got.kind, f.kind);
		assert_true(got.cookie == f.cookie);
		assert_int_equal(sock_addr_cmp(&got.listener, &f.listener), 0);
		assert_int_equal(sock_addr_cmp(&got.source, &f.source), 0);
		assert_int_equal(got.len, 8);
		assert_memory_equal(got.datagram, "datagram", 8);
	}
}

TEST(relay_frame_refuses_every_prefix_and_what_is_behind)
{
	uint8_t bytes[RELAY_FRAME_MAX + 1] = { 0 };
	struct relay_frame f, got;
	size_t n;

	fill(&f, 4);
	n = relay_frame_put(&f, bytes);
	for (size_t i = 0; i < n; i++)
		assert_err(relay_frame_get(bytes, i, &got), ERR_MALFORMED);
	assert_err(relay_frame_get(bytes, n + 1, &got), ERR_MALFORMED);
	for (size_t i = 0; i < 4; i++) {
		bytes[i] ^= 0x40;
		assert_err(relay_frame_get(bytes, n, &got), ERR_MALFORMED);
		bytes[i] ^= 0x40;
	}
}

TEST(relay_frame_does_not_hold_what_is_too_long)
{
	static uint8_t big[RELAY_DATAGRAM_MAX + 1], bytes[RELAY_FRAME_MAX];
	struct relay_frame f;

	fill(&f, 4);
	f.datagram = big;
	f.len = RELAY_DATAGRAM_MAX;
	assert_int_equal(relay_frame_put(&f, bytes), RELAY_FRAME_MAX);
	f.len = RELAY_DATAGRAM_MAX + 1;
	assert_int_equal(relay_frame_put(&f, bytes), 0);
}
