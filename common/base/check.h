/*
 * check.h - promises: what our own arithmetic guarantees.
 *
 * CHECK is always on, prints the expression and the place, and aborts. It
 * never depends on bytes from the network, the database, a file or another
 * program's memory: those are claims and are answered with `if`.
 * CHECK_SLOW walks whole structures; on in the asan, fuzz and cov variants.
 *
 * Unit tests replace check.o: there a failed CHECK is cmocka's mock_assert,
 * so expect_assert_failure() can test a promise.
 */
#ifndef COMMON_BASE_CHECK_H
#define COMMON_BASE_CHECK_H

#include "common/base/base.h"

NORETURN COLD void check_failed(const char *expr, const char *file, int line);

#define CHECK(expr) \
	do { \
		if (UNLIKELY(!(expr))) \
			check_failed(#expr, __FILE__, __LINE__); \
	} while (0)

#ifdef CHECK_SLOW_ON
#define CHECK_SLOW(expr)	CHECK(expr)
#else
#define CHECK_SLOW(expr)	do { (void)sizeof(expr); } while (0)
#endif

#endif
