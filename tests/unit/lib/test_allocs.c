/* The counter itself: without it, "allocates nothing" would always hold. */
#include "tests/lib/allocs.h"
#include "tests/lib/test.h"

TEST(allocs_sees_an_allocation)
{
	unsigned long before = allocs_count();
	void *volatile p = malloc(64);

	assert_non_null(p);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_int_equal(allocs_count(), before + 1);
#else
	assert_int_equal(allocs_count(), before);
#endif
	free(p);
}
