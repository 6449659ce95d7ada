/*
 * test_sock.c - addresses and prefixes.
 */
#include <netinet/in.h>
#include <unistd.h>

#include "tests/lib/test.h"

#include "common/base/sock.h"

static const char *
round_trip(const char *text, int port)
{
	static char out[SOCK_TEXT_MAX];
	struct sock_addr a;

	if (sock_addr_parse(text, port, &a) != OK)
		return "error";
	return sock_addr_print(&a, out);
}

TEST(sock_addr_texts_that_parse)
{
	assert_string_equal(round_trip("192.0.2.1:53", -1), "192.0.2.1:53");
	assert_string_equal(round_trip("192.0.2.1", 853), "192.0.2.1:853");
	assert_string_equal(round_trip("[2001:DB8::1]:53", -1),
	    "[2001:db8::1]:53");
	assert_string_equal(round_trip("2001:db8::1", 53), "[2001:db8::1]:53");
	assert_string_equal(round_trip("[::]", 0), "[::]:0");
	assert_string_equal(round_trip("0.0.0.0:65535", -1), "0.0.0.0:65535");
	assert_string_equal(round_trip("fe80::1%1", 53), "[fe80::1%1]:53");
}

TEST(sock_addr_texts_that_do_not)
{
	static const char *const bad[] = { "", ":", ":53", "192.0.2.1:",
	    "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1: 53",
	    "192.0.2.1:053", "192.0.2:53", "192.0.2.256:53", "localhost:53",
	    "[192.0.2.1]:53", "[::1", "[::1]53", "[::1]:", "::1]:53",
	    "192.0.2.1:53:53", "[]:53", "fe80::1%:1", "[::1%nosuchif0]:53",
	    "01.2.3.4:5", "192.0.2.1%1:53" };
	size_t i;

	for (i = 0; i < COUNT_OF(bad); i++) {
		if (strcmp(round_trip(bad[i], 53), "error") != 0)
			fail_msg("%s was taken", bad[i]);
	}
	assert_string_equal(round_trip("192.0.2.1", -1), "error");
}

TEST(sock_addr_goes_through_the_kernels_form)
{
	static const char *const texts[] = { "192.0.2.1:53",
	    "[2001:db8::1]:5353", "[fe80::2%1]:9" };
	struct sockaddr_storage sa;
	struct sock_addr a, b;
	socklen_t len;
	size_t i;

	for (i = 0; i < COUNT_OF(texts); i++) {
		assert_ok(sock_addr_parse(texts[i], -1, &a));
		len = sock_addr_to_sa(&a, &sa);
		assert_ok(sock_addr_from_sa((struct sockaddr *)&sa, len, &b));
		assert_memory_equal(&a, &b, sizeof(a));
		assert_err(sock_addr_from_sa((struct sockaddr *)&sa, len - 1,
		    &b), ERR_INVALID);
	}
	memset(&a, 0, sizeof(a));
	assert_int_equal(sock_addr_to_sa(&a, &sa), 0);
}

TEST(sock_mapped_addresses_become_ipv4_when_asked)
{
	struct sock_addr a, b;

	assert_ok(sock_addr_parse("[::ffff:192.0.2.1]:53", -1, &a));
	assert_int_equal(a.family, 6);
	sock_addr_unmap(&a);
	assert_ok(sock_addr_parse("192.0.2.1:53", -1, &b));
	assert_memory_equal(&a, &b, sizeof(a));
	assert_int_equal(sock_addr_cmp(&a, &b), 0);
	b.port = 54;
	assert_true(sock_addr_cmp(&a, &b) < 0);
	assert_true(sock_ip_equal(&a, &b));
}

TEST(sock_loopback_is_recognised_in_every_dress)
{
	static const char *const yes[] = { "127.0.0.1", "127.255.0.9", "::1",
	    "::ffff:127.0.0.1" };
	static const char *const no[] = { "128.0.0.1", "::2", "::", "0.0.0.0" };
	struct sock_addr a;
	size_t i;

	for (i = 0; i < COUNT_OF(yes); i++) {
		assert_ok(sock_ip_parse(yes[i], &a));
		assert_true(sock_addr_is_loopback(&a));
	}
	for (i = 0; i < COUNT_OF(no); i++) {
		assert_ok(sock_ip_parse(no[i], &a));
		assert_false(sock_addr_is_loopback(&a));
	}
}

static bool
matches(const char *prefix, const char *addr)
{
	struct sock_prefix p;
	struct sock_addr a;

	assert_ok(sock_prefix_parse(prefix, &p));
	assert_ok(sock_ip_parse(addr, &a));
	return sock_prefix_match(&p, &a);
}

TEST(sock_prefix_borders)
{
	assert_true(matches("10.0.0.0/8", "10.255.255.255"));
	assert_false(matches("10.0.0.0/8", "11.0.0.0"));
	assert_true(matches("172.16.0.0/12", "172.31.255.255"));
	assert_false(matches("172.16.0.0/12", "172.32.0.0"));
	assert_false(matches("172.16.0.0/12", "172.15.255.255"));
	assert_true(matches("0.0.0.0/0", "255.255.255.255"));
	assert_false(matches("0.0.0.0/0", "::"));
	assert_true(matches("192.0.2.1", "192.0.2.1"));
	assert_false(matches("192.0.2.1", "192.0.2.0"));
	assert_true(matches("fe80::/10", "febf::1"));
	assert_false(matches("fe80::/10", "fec0::1"));
	assert_true(matches("2001:db8::/127", "2001:db8::1"));
	assert_false(matches("2001:db8::/127", "2001:db8::2"));
}

TEST(sock_prefix_texts_that_do_not_parse)
{
	static const char *const bad[] = { "", "/8", "10.0.0.0/33",
	    "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/08",
	    "::/129", "2001:db8::1/64", "10.0.0.0/8/8" };
	struct sock_prefix p;
	size_t i;

	for (i = 0; i < COUNT_OF(bad); i++) {
		if (sock_prefix_parse(bad[i], &p) == OK)
			fail_msg("%s was taken", bad[i]);
	}
}

TEST(sock_listen_names_a_taken_port)
{
	struct sock_addr a;
	int one = -1, two = -1;

	assert_ok(sock_addr_parse("127.0.0.1:0", -1, &a));
	assert_ok(sock_listen(&a, SOCK_STREAM, 1, false, &one));
	assert_ok(sock_local(one, &a));
	assert_int_not_equal(a.port, 0);
	assert_err(sock_listen(&a, SOCK_STREAM, 1, false, &two), ERR_BUSY);
	close(one);
	assert_ok(sock_addr_parse("192.0.2.1:0", -1, &a));
	assert_err(sock_listen(&a, SOCK_DGRAM, 0, false, &two),
	    ERR_UNREACHABLE);
}
