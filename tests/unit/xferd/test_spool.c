/* test_spool.c - frames one behind the other, and who pays for them. */
#include "tests/lib/test.h"

#include "xferd/spool.h"

static struct spool_account all, tenant;
static struct spool *s;

static int
setup(void **state UNUSED)
{
	all = (struct spool_account){ 0, 1000 };
	tenant = (struct spool_account){ 0, 500 };
	return spool_new(200, &all, &tenant, &s) == OK ? 0 : -1;
}

static int
teardown(void **state UNUSED)
{
	spool_free(s);
	s = NULL;
	return 0;
}

#define CASE(name)	TEST_WITH(name, setup, teardown)

CASE(frames_come_back_in_order)
{
	uint32_t header[2];
	const uint8_t *p;
	size_t len;

	assert_ok(spool_append(s, 5, (const uint8_t *)"first", 5));
	assert_ok(spool_append(s, 6, NULL, 0));
	assert_ok(spool_append(s, 7, (const uint8_t *)"third", 5));
	assert_int_equal(spool_size(s), 3 * SPOOL_HEADER + 10);
	assert_ok(spool_map(s, &p, &len));
	assert_int_equal(len, spool_size(s));
	memcpy(header, p, sizeof(header));
	assert_int_equal(header[0], 5);
	assert_int_equal(header[1], 5);
	assert_memory_equal(p + 8, "first", 5);
	memcpy(header, p + 13, sizeof(header));
	assert_int_equal(header[0], 6);
	assert_int_equal(header[1], 0);
	memcpy(header, p + 21, sizeof(header));
	assert_int_equal(header[0], 7);
	assert_memory_equal(p + 29, "third", 5);
}

CASE(an_empty_spool_maps_to_nothing)
{
	const uint8_t *p;
	size_t len = 1;

	assert_ok(spool_map(s, &p, &len));
	assert_int_equal(len, 0);
}

CASE(its_own_maximum_holds_at_the_edge)
{
	uint8_t bytes[200] = { 0 };

	assert_err(spool_append(s, 5, bytes, 200 - SPOOL_HEADER + 1),
	    ERR_LIMIT);
	assert_int_equal(spool_size(s), 0);
	assert_int_equal(all.used, 0);
	assert_ok(spool_append(s, 5, bytes, 200 - SPOOL_HEADER));
	assert_err(spool_append(s, 5, NULL, 0), ERR_LIMIT);
}

CASE(everybody_pays_until_it_is_freed)
{
	struct spool *other;
	uint8_t bytes[192] = { 0 };

	assert_ok(spool_append(s, 5, bytes, sizeof(bytes)));
	assert_ok(spool_new(1000, &all, &tenant, &other));
	assert_ok(spool_append(other, 5, bytes, 92));
	assert_int_equal(all.used, 300);
	assert_int_equal(tenant.used, 300);
	spool_free(s);
	s = NULL;
	assert_int_equal(all.used, 100);
	spool_free(other);
	assert_int_equal(all.used, 0);
	assert_int_equal(tenant.used, 0);
}

CASE(one_tenant_does_not_fill_the_memory_of_all)
{
	struct spool_account another = { 0, 500 };
	struct spool *theirs[3], *yours;
	uint8_t bytes[192] = { 0 };

	for (int i = 0; i < 3; i++)
		assert_ok(spool_new(200, &all, &tenant, &theirs[i]));
	assert_ok(spool_append(theirs[0], 5, bytes, sizeof(bytes)));
	assert_ok(spool_append(theirs[1], 5, bytes, sizeof(bytes)));
	assert_err(spool_append(theirs[2], 5, bytes, sizeof(bytes)),
	    ERR_LIMIT);
	assert_ok(spool_new(200, &all, &another, &yours));
	assert_ok(spool_append(yours, 5, bytes, sizeof(bytes)));
	all.max = all.used + 50;	/* ... and all have a limit, too */
	another.max = SIZE_MAX;
	assert_err(spool_append(theirs[2], 5, bytes, 50), ERR_LIMIT);
	for (int i = 0; i < 3; i++)
		spool_free(theirs[i]);
	spool_free(yours);
}

CASE(nothing_is_added_once_it_is_read)
{
	const uint8_t *p;
	size_t len;

	assert_ok(spool_append(s, 5, (const uint8_t *)"x", 1));
	assert_ok(spool_map(s, &p, &len));
	expect_assert_failure((void)!spool_append(s, 5, NULL, 0));
	spool_free(NULL);
}

TEST(what_outgrows_the_heap_is_kept_whole)
{
	static uint8_t frame[7001];
	struct spool_account big = { 0, 1 << 20 };
	struct spool *large;
	const uint8_t *p;
	size_t len, off = 0;

	assert_ok(spool_new(1 << 20, &big, &big, &large));
	for (int i = 0; i < 20; i++) {
		memset(frame, i, sizeof(frame));
		assert_ok(spool_append(large, (uint32_t)i, frame,
		    sizeof(frame)));
	}
	assert_ok(spool_map(large, &p, &len));
	assert_int_equal(len, 20 * (SPOOL_HEADER + sizeof(frame)));
	for (int i = 0; i < 20; i++) {
		uint32_t header[2];

		memcpy(header, p + off, sizeof(header));
		assert_int_equal(header[0], i);
		assert_int_equal(header[1], sizeof(frame));
		memset(frame, i, sizeof(frame));
		assert_memory_equal(p + off + SPOOL_HEADER, frame,
		    sizeof(frame));
		off += SPOOL_HEADER + sizeof(frame);
	}
	spool_free(large);
	assert_int_equal(big.used, 0);
}
