/* test_offer.c - the addresses that customers configure. */
#include "tests/lib/test.h"

#include "common/base/offer.h"

static struct offer o;

TEST(what_the_operator_says_comes_first)
{
	char *sources[] = { (char *)"192.0.2.0/24", (char *)"2001:db8::1" };
	char *targets[] = { (char *)"203.0.113.1:53" };
	struct conf conf = { 0 };

	conf.nameservers.transfer_sources.items = sources;
	conf.nameservers.transfer_sources.n = 2;
	conf.nameservers.notify_targets.items = targets;
	conf.nameservers.notify_targets.n = 1;
	offer_init(&o, &conf);
	assert_int_equal(o.n_sources, 2);
	assert_string_equal(o.source[1], "2001:db8::1");
	assert_int_equal(o.n_targets, 1);
	assert_string_equal(o.target[0], "203.0.113.1:53");
}

TEST(else_what_transfers_are_bound_to_and_the_name_servers)
{
	struct sock_addr at[2];
	struct conf_nameserver ns[1] = { { .n_addresses = 2,
		.addresses = at } };
	struct conf conf = { .n_nameservers = 1, .nameserver = ns };

	conf.transfer.source_v4 = (char *)"192.0.2.7";
	conf.transfer.source_v6 = (char *)"";
	assert_int_equal(sock_addr_parse("203.0.113.9:53", -1,
	    &at[0]), OK);
	assert_int_equal(sock_addr_parse("[2001:db8::9]:5300", -1,
	    &at[1]), OK);
	offer_init(&o, &conf);
	assert_int_equal(o.n_sources, 1);
	assert_string_equal(o.source[0], "192.0.2.7");
	assert_int_equal(o.n_targets, 2);
	assert_string_equal(o.target[1], "[2001:db8::9]:5300");
	offer_source(&o, "192.0.2.7");
	offer_source(&o, "192.0.2.8");
	assert_int_equal(o.n_sources, 2);
}
