/* test_egress.c - which destinations may be connected to. */
#include "tests/lib/test.h"

#include <unistd.h>

#include "common/base/base.h"
#include "xferd/egress.h"

struct row {
	const char *to;
	enum egress_verdict want;
};

static const struct row ROWS[] = {
	{ "8.8.8.8:53", EGRESS_ALLOWED },
	{ "8.8.8.8:853", EGRESS_ALLOWED },
	{ "8.8.8.8:80", EGRESS_PORT },
	{ "8.8.8.8:0", EGRESS_PORT },
	{ "8.8.8.8:5353", EGRESS_PORT },
	{ "0.0.0.0:53", EGRESS_NO_ADDRESS },
	{ "0.1.2.3:53", EGRESS_NO_ADDRESS },
	{ "127.0.0.1:53", EGRESS_LOOPBACK },
	{ "127.255.255.254:53", EGRESS_LOOPBACK },
	{ "10.0.0.1:53", EGRESS_PRIVATE },
	{ "172.15.255.255:53", EGRESS_ALLOWED },
	{ "172.16.0.0:53", EGRESS_PRIVATE },
	{ "172.31.255.255:53", EGRESS_PRIVATE },
	{ "172.32.0.0:53", EGRESS_ALLOWED },
	{ "192.168.1.1:53", EGRESS_PRIVATE },
	{ "100.64.0.1:53", EGRESS_PRIVATE },
	{ "100.127.255.255:53", EGRESS_PRIVATE },
	{ "100.128.0.0:53", EGRESS_ALLOWED },
	{ "100.100.100.200:53", EGRESS_METADATA },
	{ "169.254.1.1:53", EGRESS_LINK_LOCAL },
	{ "169.254.169.254:53", EGRESS_METADATA },
	{ "168.63.129.16:53", EGRESS_METADATA },
	{ "192.0.0.8:53", EGRESS_RESERVED },
	{ "198.18.0.1:53", EGRESS_RESERVED },
	{ "224.0.0.1:53", EGRESS_MULTICAST },
	{ "239.255.255.255:53", EGRESS_MULTICAST },
	{ "240.0.0.1:53", EGRESS_RESERVED },
	{ "255.255.255.255:53", EGRESS_RESERVED },
	{ "[2001:4860:4860::8888]:53", EGRESS_ALLOWED },
	{ "[::]:53", EGRESS_NO_ADDRESS },
	{ "[::1]:53", EGRESS_LOOPBACK },
	{ "[::ffff:8.8.8.8]:53", EGRESS_EMBEDDED },
	{ "[::ffff:127.0.0.1]:53", EGRESS_EMBEDDED },
	{ "[::127.0.0.1]:53", EGRESS_EMBEDDED },
	{ "[64:ff9b::7f00:1]:53", EGRESS_EMBEDDED },
	{ "[2002:7f00:1::1]:53", EGRESS_EMBEDDED },
	{ "[2001:0:1::1]:53", EGRESS_EMBEDDED },
	{ "[fe80::1]:53", EGRESS_LINK_LOCAL },
	{ "[fc00::1]:53", EGRESS_PRIVATE },
	{ "[fdff::1]:53", EGRESS_PRIVATE },
	{ "[fd00:ec2::254]:53", EGRESS_METADATA },
	{ "[fec0::1]:53", EGRESS_PRIVATE },
	{ "[ff02::1]:53", EGRESS_MULTICAST },
	{ "[100::1]:53", EGRESS_RESERVED },
};

struct line {
	const char *ip;
	enum egress_verdict want;
};

static const struct line TABLE[] = {
#include "tests/unit/xferd/egress_table.inc"
};

static enum egress_verdict
check(const struct egress_rules *rules, const char *text)
{
	struct sock_addr a;

	assert_int_equal(sock_addr_parse(text, -1, &a), OK);
	return egress_check(rules, &a);
}

TEST(forbidden_destinations_are_named)
{
	struct egress_rules rules = { 0 };

	for (unsigned i = 0; i < COUNT_OF(ROWS); i++) {
		enum egress_verdict got = check(&rules, ROWS[i].to);

		if (got != ROWS[i].want)
			print_error("%s: %s\n", ROWS[i].to, egress_text(got));
		assert_int_equal(got, ROWS[i].want);
	}
}

/* threats T10: by check and, for what is forbidden, by connect, which is where
 * it counts: no datagram can leave. */
TEST(every_line_of_the_table_is_judged_as_it_says)
{
	struct egress_rules rules = { 0 };
	unsigned n_wrong = 0;

	assert_true(COUNT_OF(TABLE) >= 300);
	for (unsigned i = 0; i < COUNT_OF(TABLE); i++) {
		enum egress_verdict got;
		struct sock_addr a;
		bool pending;
		int fd = -1;

		assert_int_equal(sock_ip_parse(TABLE[i].ip, &a), OK);
		a.port = 53;
		got = egress_check(&rules, &a);
		if (got != TABLE[i].want) {
			print_error("%s: %s\n", TABLE[i].ip,
			    egress_text(got));
			n_wrong++;
		}
		if (TABLE[i].want != EGRESS_ALLOWED)
			assert_int_equal(egress_connect(&rules, &a,
			    i % 2 ? SOCK_STREAM : SOCK_DGRAM, &fd, &pending,
			    NULL), ERR_DENIED);
		a.port = 80;
		if (TABLE[i].want == EGRESS_ALLOWED)
			assert_int_equal(egress_check(&rules, &a),
			    EGRESS_PORT);
	}
	assert_int_equal(n_wrong, 0);
}

/* Whatever is written in an allowed prefix, no IPv4 address inside an IPv6
 * one is let through by it. */
TEST(an_allowed_ipv4_prefix_opens_no_embedded_address)
{
	struct egress_rules rules = { 0 };

	assert_int_equal(egress_rules_allow(&rules, "0.0.0.0/0"), OK);
	for (unsigned i = 0; i < COUNT_OF(TABLE); i++) {
		struct sock_addr a;

		assert_int_equal(sock_ip_parse(TABLE[i].ip, &a), OK);
		a.port = 53;
		assert_int_equal(egress_check(&rules, &a), a.family == 4 ?
		    EGRESS_ALLOWED : TABLE[i].want);
	}
}

TEST(our_own_addresses_are_refused_unless_allowed)
{
	struct egress_rules rules = { 0 };
	struct sock_addr own;

	assert_int_equal(sock_addr_parse("8.8.8.8:53", -1, &own), OK);
	assert_int_equal(egress_rules_own(&rules, &own), OK);
	assert_int_equal(check(&rules, "8.8.8.8:53"), EGRESS_OWN);
	assert_int_equal(check(&rules, "8.8.8.8:853"), EGRESS_OWN);
	assert_int_equal(check(&rules, "8.8.8.9:53"), EGRESS_ALLOWED);
	assert_int_equal(check(&rules, "[::808:808]:53"), EGRESS_EMBEDDED);
	assert_int_equal(egress_rules_allow(&rules, "8.8.8.8"), OK);
	assert_int_equal(check(&rules, "8.8.8.8:53"), EGRESS_ALLOWED);
	for (unsigned i = rules.n_own; i < EGRESS_OWN_MAX; i++)
		assert_int_equal(egress_rules_own(&rules, &own), OK);
	assert_int_equal(egress_rules_own(&rules, &own), ERR_LIMIT);
	egress_rules_interfaces(&rules);	/* full: no more */
	rules.n_own = 0;
	egress_rules_interfaces(&rules);
	assert_true(rules.n_own > 0);		/* loopback at least */
}

TEST(an_allowed_prefix_opens_no_other)
{
	struct egress_rules rules = { 0 };

	assert_int_equal(egress_rules_allow(&rules, "127.0.0.0/8"), OK);
	assert_int_equal(egress_rules_allow(&rules, "10.1.0.0/16"), OK);
	assert_int_equal(check(&rules, "127.0.0.1:53"), EGRESS_ALLOWED);
	assert_int_equal(check(&rules, "10.1.2.3:53"), EGRESS_ALLOWED);
	assert_int_equal(check(&rules, "10.2.2.3:53"), EGRESS_PRIVATE);
	assert_int_equal(check(&rules, "127.0.0.1:5300"), EGRESS_PORT);
	assert_int_equal(check(&rules, "[::ffff:127.0.0.1]:53"),
	    EGRESS_EMBEDDED);
	assert_int_equal(check(&rules, "[::1]:53"), EGRESS_LOOPBACK);
	assert_int_not_equal(egress_rules_allow(&rules, "nonsense"), OK);
}

TEST(ports_open_by_number_or_all)
{
	struct egress_rules rules = { 0 };

	assert_int_equal(egress_rules_port(&rules, "5353"), OK);
	assert_int_equal(check(&rules, "8.8.8.8:5353"), EGRESS_ALLOWED);
	assert_int_equal(check(&rules, "8.8.8.8:5354"), EGRESS_PORT);
	assert_int_not_equal(egress_rules_port(&rules, "0"), OK);
	assert_int_not_equal(egress_rules_port(&rules, "65536"), OK);
	assert_int_not_equal(egress_rules_port(&rules, ""), OK);
	assert_int_equal(egress_rules_port(&rules, "any"), OK);
	assert_int_equal(check(&rules, "8.8.8.8:5354"), EGRESS_ALLOWED);
	assert_int_equal(check(&rules, "8.8.8.8:0"), EGRESS_PORT);
}

TEST(connect_refuses_what_check_refuses)
{
	struct egress_rules rules = { .any_port = true };
	struct sock_addr a;
	bool pending;
	int fd = -1;

	assert_int_equal(sock_addr_parse("127.0.0.1:9", -1, &a), OK);
	assert_int_equal(egress_connect(&rules, &a, SOCK_DGRAM, &fd, &pending,
	    NULL), ERR_DENIED);
	assert_int_equal(egress_rules_allow(&rules, "127.0.0.1"), OK);
	assert_int_equal(egress_connect(&rules, &a, SOCK_DGRAM, &fd, &pending,
	    NULL), OK);
	assert_false(pending);
	close(fd);
}
