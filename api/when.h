/*
 * when.h - times that come in.
 *
 * Knows:    RFC 3339 in UTC, with or without a fraction of a second.
 * Not here: writing them (now_print(), show_time()).
 * Runs in:  any thread.
 */
#ifndef API_WHEN_H
#define API_WHEN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/base.h"

/** when_parse() - "2030-01-31T12:00:00Z" to milliseconds since 1970; false
 *  for anything else, and before 1970 */
MUST_USE bool when_parse(const char *text, int64_t *out_ms);

#endif
