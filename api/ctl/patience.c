/*
 * patience.c - waiting for something to change.  See patience.h.
 */
#include <unistd.h>

#include "api/ctl/patience.h"
#include "common/base/now.h"

enum { WAIT_DEFAULT_S = 300, POLL_MAX_MS = 2000 };

/* --timeout is how long to wait; a request has its own bound. */
int64_t
patience_until_ms(struct errand *e)
{
	int64_t s = cmdline_has(e->line, "timeout") ? e->conf.timeout_s :
	    WAIT_DEFAULT_S;

	e->conf.timeout_s = 60;
	return now_mono_ms() + s * 1000;
}

void
patience_pause(int64_t *io_ms, int64_t until_ms)
{
	int64_t left = until_ms - now_mono_ms();

	if (left > 0)
		usleep((useconds_t)(MIN(*io_ms, left) * 1000));
	*io_ms = MIN(2 * *io_ms, (int64_t)POLL_MAX_MS);
}
