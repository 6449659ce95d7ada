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

/* the answer to a NOTIFY that came by a proxy goes back by it. */
TEST(a_cookie_tells_the_way_back_to_a_proxy)
{
	static const struct {
		const char *prefix, *address;
		bool told;
	} cases[] = {
		{ "192.0.2.0/24", "192.0.2.77", true },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "2001:db8::7/128", "2001:db8::7", true },
		{ "2001:db8:0:1:2:3::/96", "2001:db8:0:1:2:3:4:5", true },
		{ "2001:db8::/64", "2001:db8::7", false },
	};
	struct sock_prefix prefix[COUNT_OF(cases)];
	struct sock_addr a, back;
	uint64_t cookie;

	for (unsigned i = 0; i < COUNT_OF(cases); i++)
		assert_ok(sock_prefix_parse(cases[i].prefix, &prefix[i]));
	for (unsigned i = 0; i < COUNT_OF(cases); i++) {
		assert_ok(sock_ip_parse(cases[i].address, &a));
		a.port = 65000;
		cookie = relay_cookie_proxy(i, &a);
		assert_true(cookie & RELAY_COOKIE_PROXY);
		assert_false(cookie & RELAY_COOKIE_TCP);
		assert_int_equal(relay_cookie_address(cookie, prefix,
		    COUNT_OF(cases), &back), cases[i].told);
		if (cases[i].told)
			assert_memory_equal(&a, &back, sizeof(a));
		assert_false(relay_cookie_address(cookie, prefix, i, &back));
	}
	/* xferd cannot send us elsewhere. */
	assert_ok(sock_ip_parse("198.51.100.1", &a));
	assert_false(relay_cookie_address(relay_cookie_proxy(0, &a), prefix,
	    COUNT_OF(cases), &back));
}
