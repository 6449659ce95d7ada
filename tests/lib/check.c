/*
 * check.c - in unit tests a broken promise is cmocka's mock_assert().
 *
 * Linked before common.a, so common/base/check.o is never taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/check.h"

void
check_failed(const char *expr, const char *file, int line)
{
	mock_assert(0, expr, file, line);
	abort();
}
