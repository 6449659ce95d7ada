/* test_tally.c - load and failures per tenant and address. */
#include "tests/lib/test.h"

#include "xferd/spool.h"
#include "xferd/tally.h"

static const uint8_t T1[16] = { 1 }, T2[16] = { 2 };

static struct sock_addr
address(const char *text)
{
	struct sock_addr a;

	assert_ok(sock_addr_parse(text, 53, &a));
	return a;
}

TEST(nobody_trips_the_breaker_of_another_tenant)
{
	struct sock_addr a = address("192.0.2.1"), b = address("192.0.2.2");
	struct tally_entry *one, *two, *other;
	struct tally *t;

	assert_ok(tally_new(1000, &t));
	one = tally_address(t, T1, &a);
	two = tally_address(t, T2, &a);
	other = tally_address(t, T1, &b);
	assert_ptr_not_equal(one, two);
	for (int i = 0; i < 5; i++)
		tally_failed(one, 5, 60000, 1000);
	assert_true(tally_avoid(one, 1001));
	assert_false(tally_avoid(two, 1001));
	assert_false(tally_avoid(other, 1001));
	assert_false(tally_avoid(one, 61000));
	/* Half open: the next failure closes it again at once. */
	tally_failed(one, 5, 60000, 61000);
	assert_true(tally_avoid(one, 61001));
	tally_worked(one);
	assert_false(tally_avoid(one, 61001));
	tally_free(t);
}

TEST(entries_are_found_again_and_idle_ones_are_swept)
{
	struct sock_addr a = address("192.0.2.1");
	struct tally_entry *e;
	struct tally *t;

	assert_ok(tally_new(1000, &t));
	e = tally_address(t, T1, &a);
	assert_ptr_equal(e, tally_address(t, T1, &a));
	tally_failed(e, 1, 1000, 0);
	tally_put(e);
	tally_put(e);
	assert_int_equal(tally_sweep(t, 500), 1);
	assert_int_equal(tally_sweep(t, 5000), 0);
	e = tally_address(t, T1, &a);
	assert_int_equal(e->failures, 1);	/* remembered a while */
	tally_worked(e);
	tally_put(e);
	tally_sweep(t, 5000);
	tally_free(t);
}

TEST(tenants_at_their_cap_are_listed)
{
	struct tally_entry *e;
	uint8_t busy[4][16];
	struct tally *t;

	assert_ok(tally_new(1000, &t));
	e = tally_tenant(t, T1);
	e->rounds = 3;
	tally_tenant(t, T2)->rounds = 2;
	assert_int_equal(tally_busy(t, 3, busy, 4), 1);
	assert_memory_equal(busy[0], T1, 16);
	assert_int_equal(tally_busy(t, 4, busy, 4), 0);
	assert_int_equal(tally_busy(t, 1, busy, 1), 1);
	tally_free(t);
}

TEST(spool_is_bounded_by_itself_its_tenant_and_all)
{
	struct spool_account all = { .max = 300 }, mine = { .max = 200 };
	static const uint8_t data[100];
	struct spool *a, *b;
	const uint8_t *bytes;
	size_t len;
	uint32_t header[2];

	assert_ok(spool_new(150, &all, &mine, &a));
	assert_ok(spool_new(1000, &all, &mine, &b));
	assert_ok(spool_append(a, 5, data, 92));
	assert_err(spool_append(a, 5, data, 92), ERR_LIMIT);	/* its own */
	assert_err(spool_append(b, 5, data, 100), ERR_LIMIT);	/* tenant's */
	assert_ok(spool_append(b, 6, data, 92));
	all.used = 250;
	assert_err(spool_append(b, 6, data, 0), ERR_LIMIT);
	all.used = 200;
	assert_ok(spool_map(b, &bytes, &len));
	assert_int_equal(len, 100);
	memcpy(header, bytes, sizeof(header));
	assert_int_equal(header[0], 6);
	assert_int_equal(header[1], 92);
	spool_free(a);
	spool_free(b);
	spool_free(NULL);
	assert_int_equal(all.used, 0);
	assert_int_equal(mine.used, 0);
}
