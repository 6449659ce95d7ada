/*
 * own_batch.h - zone add -: many zones, from lines of text.
 *
 * Bounded:  OWN_BATCH_MAX zones a request; the whole input is
 *           OWN_BATCH_BYTES_MAX.
 */
#ifndef API_CTL_OWN_BATCH_H
#define API_CTL_OWN_BATCH_H

#include "api/ctl/errand.h"

enum { OWN_BATCH_MAX = 1000, OWN_BATCH_BYTES_MAX = 256 << 20 };

/**
 * own_batch_run() - read --file or standard input, send, tell of each
 *
 * Each zone is a row: name, status, problem. The outcome is the first that is
 * not OK; the others go on.
 */
MUST_USE enum outcome own_batch_run(struct errand *e);

#endif
