/*
 * test_forwarded.c - who the client is when a proxy stands before us.
 */
#include <stdlib.h>

#include "tests/lib/test.h"

#include "api/forwarded.h"
#include "tests/lib/rng.h"

static struct forwarded_conf conf;
static struct forwarded f;

static void
trust(const char *a, const char *b, bool rfc7239)
{
	conf = (struct forwarded_conf){ .rfc7239 = rfc7239, .n_trusted = 1 };
	f = (struct forwarded){ 0 };
	assert_ok(sock_prefix_parse(a, &conf.trusted[0]));
	if (b != NULL)
		assert_ok(sock_prefix_parse(b, &conf.trusted[conf.n_trusted++]));
}

static void
header(const char *name, const char *value)
{
	forwarded_note(&f, &conf, name, value);
}

/* The client by the headers noted so far, "bad" when refused; forgets them. */
static const char *
client(const char *peer)
{
	static char text[SOCK_TEXT_MAX + 16];
	char ip[SOCK_TEXT_MAX];
	struct forwarded_client c;
	struct sock_addr a;
	enum err e;

	assert_ok(sock_ip_parse(peer, &a));
	a.port = 4711;
	e = forwarded_client(&f, &conf, &a, &c);
	f = (struct forwarded){ 0 };
	if (e != OK) {
		assert_err(e, ERR_MALFORMED);
		return "bad";
	}
	assert_int_equal(c.address.port, 0);
	snprintf(text, sizeof(text), "%s%s", sock_ip_print(&c.address, ip),
	    c.insecure ? " insecure" : "");
	return text;
}

static const char *
xff(const char *value)
{
	header("X-Forwarded-For", value);
	return client("10.0.0.1");
}

static const char *
rfc(const char *value)
{
	header("forwarded", value);
	return client("10.0.0.1");
}

TEST(forwarded_counts_from_trusted_peers_alone)
{
	trust("10.0.0.0/8", NULL, false);
	header("X-Forwarded-For", "192.0.2.1");
	assert_string_equal(client("192.0.2.200"), "192.0.2.200");
	header("X-Forwarded-For", "garbage!");
	assert_string_equal(client("192.0.2.200"), "192.0.2.200");
	assert_string_equal(xff("192.0.2.1"), "192.0.2.1");
	assert_string_equal(client("10.0.0.1"), "10.0.0.1");
	header("X-Forwarded-For", "192.0.2.1");
	assert_string_equal(client("::ffff:10.0.0.1"), "192.0.2.1");
	conf.n_trusted = 0;
	assert_string_equal(xff("192.0.2.1"), "10.0.0.1");
}

TEST(forwarded_takes_the_rightmost_untrusted_address)
{
	trust("10.0.0.0/8", "2001:db8:1::/48", false);
	assert_string_equal(xff("127.0.0.1, 192.0.2.1"), "192.0.2.1");
	assert_string_equal(xff("192.0.2.66,192.0.2.1,10.2.3.4"), "192.0.2.1");
	assert_string_equal(xff("192.0.2.66, 192.0.2.1 ,2001:db8:1::5, 10.2.3.4"),
	    "192.0.2.1");
	/* What the client wrote himself is never looked at. */
	assert_string_equal(xff("<script>, \"\xff\", , 192.0.2.1"), "192.0.2.1");
	assert_string_equal(xff("10.1.1.1, 10.2.2.2"), "10.1.1.1");
	/* Repeated headers are one list, in order. */
	header("X-Forwarded-For", "192.0.2.66");
	header("x-forwarded-for", "192.0.2.1");
	assert_string_equal(client("10.0.0.1"), "192.0.2.1");
	header("X-Forwarded-For", "192.0.2.1");
	header("X-Forwarded-For", "10.9.9.9");
	assert_string_equal(client("10.0.0.1"), "192.0.2.1");
}

TEST(forwarded_reads_addresses_strictly)
{
	static const char *const bad[] = {
		"", " ", ",", "192.0.2.1,", "unknown", "_hidden", "192.0.2",
		"192.0.2.1.5", "0192.0.2.1", "192.0.2.1:", "192.0.2.1:http",
		"192.0.2.1:123456", "[192.0.2.1]", "[2001:db8::1", "2001:db8::1]",
		"[2001:db8::1]x", "[2001:db8::1]:", "fe80::1%1", "[fe80::1%1]:2",
		"192.0.2.1 192.0.2.2", "192.0.2.1;192.0.2.2", "\"192.0.2.1\"",
		"localhost", "3221225985", "0xc0000201",
		"192.0.2.111111111111111111111111111111111111111111111111111111",
	};

	trust("10.0.0.0/8", NULL, false);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		if (strcmp(xff(bad[i]), "bad") != 0)
			fail_msg("'%s' was taken", bad[i]);
		header("X-Forwarded-For", "192.0.2.1");
		if (strcmp(xff(bad[i]), "bad") != 0)
			fail_msg("'%s' was stepped over", bad[i]);
	}
	assert_string_equal(xff("192.0.2.1:65535"), "192.0.2.1");
	assert_string_equal(xff("[2001:db8::1]"), "2001:db8::1");
	assert_string_equal(xff("[2001:db8::1]:80"), "2001:db8::1");
	assert_string_equal(xff("2001:db8::1"), "2001:db8::1");
	assert_string_equal(xff("::ffff:192.0.2.7"), "192.0.2.7");
}

TEST(forwarded_reads_the_header_it_was_told_alone)
{
	trust("10.0.0.0/8", NULL, false);
	header("Forwarded", "for=198.51.100.1");
	assert_string_equal(xff("192.0.2.1"), "192.0.2.1");
	header("Forwarded", "for=198.51.100.1");
	assert_string_equal(client("10.0.0.1"), "10.0.0.1");
	trust("10.0.0.0/8", NULL, true);
	header("X-Forwarded-For", "198.51.100.1");
	header("X-Forwarded-Proto", "http");
	assert_string_equal(rfc("for=192.0.2.1"), "192.0.2.1");
}

TEST(forwarded_by_rfc_7239)
{
	static const char *const bad[] = {
		"", "for", "for=", "for=\"192.0.2.1", "for=unknown", "for=_x",
		"for=2001:db8::1", "for=[2001:db8::1]", "for=\"2001:db8::1\"",
		"for=192.0.2.1,", ",for=192.0.2.1", "for=192.0.2.1;",
		"for=192.0.2.1;for=192.0.2.2", "for = 192.0.2.1",
		"for=192.0.2.1 proto=https", "proto=https", "by=192.0.2.1",
		"for=\"\\1\"", "for=192.0.2.1; proto=https",
		/* A quote that is never closed, and the proxy's word behind it. */
		"for=\"192.0.2.66, for=192.0.2.1",
		"for=\"192.0.2.66, for=\"[2001:db8::1]\"",
	};

	trust("10.0.0.0/8", NULL, true);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (strcmp(rfc(bad[i]), "bad") != 0)
			fail_msg("'%s' was taken", bad[i]);
	assert_string_equal(rfc("for=192.0.2.1"), "192.0.2.1");
	assert_string_equal(rfc("For=\"192.0.2.1:80\";proto=https;by=10.0.0.1"),
	    "192.0.2.1");
	assert_string_equal(rfc("for=\"[2001:db8::1]:80\";host=x"),
	    "2001:db8::1");
	assert_string_equal(rfc("for=192.0.2.66, for=192.0.2.1;proto=http"),
	    "192.0.2.1 insecure");
	assert_string_equal(rfc("for=192.0.2.66;proto=http,for=192.0.2.1"),
	    "192.0.2.1");
	assert_string_equal(rfc("for=192.0.2.1,for=10.1.1.1;proto=HTTPS"),
	    "192.0.2.1");
	assert_string_equal(rfc("for=\"a, for=192.0.2.66\", for=192.0.2.1"),
	    "192.0.2.1");
}

TEST(forwarded_proto_must_be_https_from_all)
{
	trust("10.0.0.0/8", NULL, false);
	header("X-Forwarded-Proto", "https");
	assert_string_equal(xff("192.0.2.1"), "192.0.2.1");
	header("X-Forwarded-Proto", "http");
	assert_string_equal(xff("192.0.2.1"), "192.0.2.1 insecure");
	header("X-Forwarded-Proto", "https, http");
	assert_string_equal(xff("192.0.2.1"), "192.0.2.1 insecure");
	header("X-Forwarded-Proto", "http");
	header("X-Forwarded-Proto", "https");
	assert_string_equal(xff("192.0.2.1"), "192.0.2.1 insecure");
	header("X-Forwarded-Proto", "");
	assert_string_equal(xff("192.0.2.1"), "192.0.2.1 insecure");
}

TEST(forwarded_is_bounded)
{
	char many[FORWARDED_HOPS * 10 + 64] = "192.0.2.1";

	trust("10.0.0.0/8", NULL, false);
	for (int i = 0; i < FORWARDED_LINES; i++)
		header("X-Forwarded-For", "192.0.2.1");
	assert_string_equal(client("10.0.0.1"), "192.0.2.1");
	for (int i = 0; i < FORWARDED_LINES + 1; i++)
		header("X-Forwarded-For", "192.0.2.1");
	assert_string_equal(client("10.0.0.1"), "bad");
	for (int i = 0; i < FORWARDED_HOPS - 1; i++)
		strcat(many, ",10.0.0.2");
	assert_string_equal(xff(many), "192.0.2.1");
	strcat(many, ",10.0.0.2");
	assert_string_equal(xff(many), "bad");
	trust("10.0.0.0/8", NULL, true);
	for (int i = 0; i < 100; i++)
		header("Forwarded", "for=192.0.2.66,for=192.0.2.1");
	assert_string_equal(client("10.0.0.1"), "bad");
}

/* Whatever the client sends before it: the proxy's word is what counts. */
TEST(forwarded_cannot_be_led_astray)
{
	static const char pieces[] = "for=\"[]:;,. 1092afX\t\\-_%";
	struct rng r = rng_seed_of_test(__func__);

	for (int round = 0; round < 20000; round++) {
		char line[160];
		size_t n = rng_below(&r, 80);
		const char *got;
		bool rfc7239 = rng_below(&r, 2) == 1;

		trust("10.0.0.0/8", NULL, rfc7239);
		for (size_t i = 0; i < n; i++)
			line[i] = pieces[rng_below(&r, sizeof(pieces) - 1)];
		strcpy(line + n, rfc7239 ? ",for=192.0.2.1" : ",192.0.2.1");
		got = rfc7239 ? rfc(line) : xff(line);
		if (strcmp(got, "192.0.2.1") != 0 && strcmp(got, "bad") != 0)
			fail_msg("'%s' is from %s", line, got);
	}
}
