/* Response rate limiting, by a clock of our own. Q-202 */
#include "tests/lib/test.h"

#include "tests/lib/rng.h"

#include "dnsd/rrl.h"

static struct rrl_table table;
static struct rrl r;

static void
setup(uint32_t per_second, uint32_t network, uint32_t slip)
{
	memset(&table, 0, sizeof(table));
	for (int i = 0; i < 4; i++)
		table.key[i] = UINT64_C(0x9e3779b97f4a7c15) * (i + 1u);
	rrl_init(&r, &table, per_second, network, slip);
}

/* As a worker does. */
static enum rrl_verdict
judge(const uint8_t *ip, size_t ip_len, enum rrl_kind kind, uint64_t zone,
    int64_t now_ms)
{
	uint64_t a = rrl_address(ip, ip_len);

	return rrl_is_exempt(&r, a) ? RRL_PASS :
	    rrl_judge(&r, a, kind, zone, now_ms);
}

static enum rrl_verdict
v4(uint32_t ip, enum rrl_kind kind, uint64_t zone, int64_t now_ms)
{
	const uint8_t a[4] = { (uint8_t)(ip >> 24), (uint8_t)(ip >> 16),
	    (uint8_t)(ip >> 8), (uint8_t)ip };

	return judge(a, 4, kind, zone, now_ms);
}

/* How many of @n answers in one second, evenly, pass. */
static unsigned
second(unsigned n, uint32_t ip, enum rrl_kind kind, uint64_t zone,
    int64_t start_ms)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < n; i++)
		passed += v4(ip, kind, zone, start_ms + i * 1000 / n) ==
		    RRL_PASS;
	return passed;
}

TEST(q202_below_the_rate_everything_passes)
{
	setup(200, 0, 2);
	for (int s = 0; s < 10; s++)
		assert_int_equal(second(200, 0xc0000201, RRL_DATA, 1,
		    s * 1000), 200);
}

TEST(q202_above_the_rate_no_more_than_the_rate)
{
	unsigned n;

	setup(200, 0, 2);
	n = second(10000, 0xc0000201, RRL_DATA, 1, 0);
	assert_in_range(n, 200, 402);			/* and the burst */
	for (int s = 1; s < 10; s++) {
		n = second(10000, 0xc0000201, RRL_DATA, 1, s * 1000);
		assert_in_range(n, 198, 201);
	}
	/* Calm again: at once. */
	assert_int_equal(v4(0xc0000201, RRL_DATA, 1, 12000), RRL_PASS);
}

TEST(q202_a_bucket_is_network_kind_and_zone)
{
	setup(10, 0, 0);
	second(1000, 0xc0000201, RRL_NXDOMAIN, 1, 0);
	assert_int_equal(v4(0xc0000201, RRL_NXDOMAIN, 1, 999), RRL_DROP);
	assert_int_equal(v4(0xc00002ff, RRL_NXDOMAIN, 1, 999), RRL_DROP);
	assert_int_equal(v4(0xc0000301, RRL_NXDOMAIN, 1, 999), RRL_PASS);
	assert_int_equal(v4(0xc0000201, RRL_DATA, 1, 999), RRL_PASS);
	assert_int_equal(v4(0xc0000201, RRL_NXDOMAIN, 2, 999), RRL_PASS);
}

TEST(q202_a_network_of_ipv6_is_a_56)
{
	uint8_t a[16] = { 0x20, 1, 0xd, 0xb8, 0, 0, 7, 0 };
	unsigned passed = 0;

	setup(10, 0, 0);
	for (unsigned i = 0; i < 1000; i++) {
		a[7] = (uint8_t)i;
		a[15] = (uint8_t)(i >> 3);
		passed += judge(a, 16, RRL_DATA, 1, 5) == RRL_PASS;
	}
	assert_in_range(passed, 10, 12);
	a[6] = 8;
	assert_int_equal(judge(a, 16, RRL_DATA, 1, 5), RRL_PASS);
}

TEST(q202_one_of_slip_is_sent_with_tc)
{
	unsigned n[3];

	for (unsigned slip = 0; slip <= 10; slip++) {
		setup(1, 0, slip);
		memset(n, 0, sizeof(n));
		for (unsigned i = 0; i < 1002; i++)
			n[v4(0xc0000201, RRL_DATA, 1, 0)]++;
		assert_in_range(n[RRL_PASS], 1, 2);
		if (slip == 0)
			assert_int_equal(n[RRL_SLIP], 0);
		else
			assert_int_equal(n[RRL_SLIP], (1002 - n[RRL_PASS]) /
			    slip);
	}
}

/* Zones in turn do not help, nor do random names (they are in no bucket). */
TEST(a_network_has_a_limit_of_its_own)
{
	unsigned passed = 0;

	setup(200, 1000, 0);
	for (unsigned i = 0; i < 100000; i++)
		passed += v4(0xc0000201, RRL_DATA, i + 1, i / 10) == RRL_PASS;
	assert_in_range(passed, 10000, 11002);		/* in ten seconds */
}

TEST(the_exempt_are_never_limited)
{
	const uint8_t lo4[4] = { 127 }, lo6[16] = { [15] = 1 };
	const uint8_t all[16] = { 0 };

	setup(1, 1, 0);
	rrl_exempt(&r, lo4, 4, 8);
	rrl_exempt(&r, lo6, 16, 128);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(v4(0x7f123456, RRL_DATA, 1, 0), RRL_PASS);
		assert_int_equal(judge(lo6, 16, RRL_DATA, 1, 0),
		    RRL_PASS);
	}
	second(100, 0x80000001, RRL_DATA, 1, 0);
	assert_int_equal(v4(0x80000001, RRL_DATA, 1, 990), RRL_DROP);
	rrl_exempt(&r, all, 4, 0);			/* all of IPv4 */
	assert_int_equal(v4(0x80000001, RRL_DATA, 1, 990), RRL_PASS);
}

/* T20: spoofed networks by the thousand do not make room for the victim's. */
TEST(q202_other_networks_do_not_free_a_bucket)
{
	struct rng rng = { 88172645463325252u };
	unsigned passed = 0, others = 0;

	setup(200, 0, 0);
	for (unsigned i = 0; i < 400000; i++) {
		int64_t now = i / 100;			/* 4 s */

		if (i % 2 == 0)
			passed += v4(0xc0000200 | (i >> 1 & 0xff), RRL_DATA,
			    1, now) == RRL_PASS;
		else
			others += v4((uint32_t)rng_u64(&rng), RRL_DATA, 1,
			    now) == RRL_PASS;
	}
	assert_in_range(passed, 800, 1100);
	assert_in_range(others, 199000, 200000);	/* the innocent pass */
}

TEST(the_clock_may_wrap_and_start_anywhere)
{
	static const int64_t starts[] = { 0, (1LL << 44) / 1000 - 3000,
	    (1LL << 43) / 1000 - 3000, 1LL << 50 };

	for (size_t i = 0; i < COUNT_OF(starts); i++) {
		setup(100, 0, 0);
		for (int s = 0; s < 6; s++)
			assert_in_range(second(1000, 0xc0000201, RRL_DATA, 1,
			    starts[i] + s * 1000), 98, 202);
	}
}
