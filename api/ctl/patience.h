/*
 * patience.h - waiting for something to change: how long, how often.
 */
#ifndef API_CTL_PATIENCE_H
#define API_CTL_PATIENCE_H

#include "api/ctl/errand.h"

enum { PATIENCE_FIRST_MS = 250 };

/** patience_until_ms() - the end by now_mono_ms(): --timeout or 300 seconds
 *
 * A single request has its own bound from then on. */
int64_t patience_until_ms(struct errand *e);

/** patience_pause() - sleep *io_ms, at most to the end; longer next time */
void patience_pause(int64_t *io_ms, int64_t until_ms);

#endif
