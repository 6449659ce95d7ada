/*
 * test_crowd.c - how many connections each client address has.
 */
#include "tests/lib/test.h"

#include "api/crowd.h"
#include "tests/lib/rng.h"

static struct sock_addr
addr(const char *text)
{
	struct sock_addr a;

	assert_ok(sock_ip_parse(text, &a));
	return a;
}

TEST(crowd_counts_each_address)
{
	struct sock_addr a = addr("192.0.2.1"), b = addr("192.0.2.2");
	struct crowd *c;

	assert_ok(crowd_new(10, 2, &c));
	assert_true(crowd_enter(c, &a));
	assert_true(crowd_enter(c, &a));
	assert_false(crowd_enter(c, &a));
	assert_true(crowd_enter(c, &b));
	crowd_leave(c, &a);
	assert_true(crowd_enter(c, &a));
	assert_false(crowd_enter(c, &a));
	crowd_free(c);
}

TEST(crowd_takes_an_ipv6_network_for_one)
{
	struct sock_addr a = addr("2001:db8::1"), b = addr("2001:db8::ffff:2");
	struct sock_addr other = addr("2001:db8:0:1::1");
	struct sock_addr mapped = addr("::ffff:192.0.2.1");
	struct sock_addr plain = addr("192.0.2.1");
	struct crowd *c;

	assert_ok(crowd_new(10, 1, &c));
	assert_true(crowd_enter(c, &a));
	assert_false(crowd_enter(c, &b));
	assert_true(crowd_enter(c, &other));
	assert_true(crowd_enter(c, &mapped));
	assert_false(crowd_enter(c, &plain));
	crowd_free(c);
}

TEST(crowd_holds_as_many_addresses_as_connections)
{
	struct sock_addr a = addr("10.0.0.0");
	struct crowd *c;

	assert_ok(crowd_new(100, 5, &c));
	for (int i = 0; i < 100; i++) {
		a.ip[3] = (uint8_t)i;
		assert_true(crowd_enter(c, &a));
	}
	a.ip[3] = 100;
	assert_false(crowd_enter(c, &a));
	crowd_free(c);
}

TEST(crowd_equals_a_model)
{
	enum { ADDRESSES = 300, EACH = 3 };
	static unsigned int model[ADDRESSES];
	struct rng r = rng_seed_of_test(__func__);
	struct sock_addr a = addr("10.0.0.0");
	struct crowd *c;

	assert_ok(crowd_new(ADDRESSES, EACH, &c));
	for (int i = 0; i < 200000; i++) {
		unsigned int n = rng_below(&r, ADDRESSES);

		a.ip[2] = (uint8_t)(n >> 8);
		a.ip[3] = (uint8_t)n;
		if (rng_below(&r, 2) == 0) {
			assert_int_equal(crowd_enter(c, &a), model[n] < EACH);
			model[n] += model[n] < EACH;
		} else if (model[n] > 0) {
			crowd_leave(c, &a);
			model[n]--;
		}
	}
	crowd_free(c);
}
