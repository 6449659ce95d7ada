/*
 * now.h - the one place that asks the time.
 *
 * wall: UTC since 1970, may step; for people and other machines.
 * mono: never steps, stops in suspend; for deadlines and durations.
 * boot: never steps, counts suspend; for EXPIRE.
 *
 * Pure rooms don't include this: they are handed the time.
 */
#ifndef COMMON_BASE_NOW_H
#define COMMON_BASE_NOW_H

#include "common/base/base.h"

int64_t now_wall_ms(void);
int64_t now_mono_ms(void);
int64_t now_mono_ns(void);
int64_t now_boot_ms(void);

/* "2026-11-22T08:40:00.123Z" and its terminator. */
#define NOW_TEXT_MAX	32

/** now_print() - RFC 3339 UTC with milliseconds; returns @out */
const char *now_print(int64_t wall_ms, char out[NOW_TEXT_MAX]);

#endif
