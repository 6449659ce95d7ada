/*
 * check.c - the end of a broken promise.
 *
 * Alone in its object so that a test can put its own check_failed() first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/check.h"

void
check_failed(const char *expr, const char *file, int line)
{
	char text[512];
	int n;

	/* One write, no stdio locks: the process may be in any state. */
	n = snprintf(text, sizeof(text),
	    "level=err event=check.failed pid=%d place=%s:%d expr=\"%s\"\n",
	    (int)getpid(), file, line, expr);
	if (n > 0 && write(STDERR_FILENO, text,
	    MIN((size_t)n, sizeof(text) - 1)) < 0) {
		/* Nobody left to tell. */
	}
	abort();
}
