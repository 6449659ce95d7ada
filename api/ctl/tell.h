/*
 * tell.h - what a person is told on standard error: errors, remarks, progress.
 *
 * Everything is made harmless for a terminal. Progress is one line that is
 * overwritten, on a terminal alone.
 */
#ifndef API_CTL_TELL_H
#define API_CTL_TELL_H

#include "common/base/base.h"

/** tell_quiet() - no remarks and no progress from now on; errors stay */
void tell_quiet(bool quiet);

/** tell_error() - "understudyctl: ..." */
void tell_error(const char *fmt, ...) PRINTF_LIKE(1, 2);

/** tell_note() - a remark */
void tell_note(const char *fmt, ...) PRINTF_LIKE(1, 2);

/** tell_progress() - replaces the line before; NULL removes it */
void tell_progress(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
