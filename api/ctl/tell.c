/*
 * tell.c - what a person is told.  See tell.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "api/ctl/safetext.h"
#include "api/ctl/tell.h"

enum { TELL_TEXT_MAX = 65536, TELL_LINE_MAX = 200 };

static bool is_quiet, has_progress;

void
tell_quiet(bool quiet)
{
	is_quiet = quiet;
}

static void
put(const char *before, enum safetext_how how, const char *after,
    const char *fmt, va_list ap)
{
	struct buf raw, safe;

	buf_init(&raw, TELL_TEXT_MAX);
	buf_init(&safe, 6 * TELL_TEXT_MAX);
	buf_vprintf(&raw, fmt, ap);
	safetext_str(&safe, buf_cstr(&raw), how);
	if (how == SAFETEXT_LINE && safe.len > TELL_LINE_MAX)
		buf_truncate(&safe, TELL_LINE_MAX);
	fprintf(stderr, "%s%s%s", before, buf_cstr(&safe), after);
	buf_fini(&raw);
	buf_fini(&safe);
}

static void
end_progress(void)
{
	if (has_progress)
		fputs("\r\033[K", stderr);
	has_progress = false;
}

void
tell_error(const char *fmt, ...)
{
	va_list ap;

	end_progress();
	va_start(ap, fmt);
	put("understudyctl: ", SAFETEXT_LINES, "\n", fmt, ap);
	va_end(ap);
}

void
tell_note(const char *fmt, ...)
{
	va_list ap;

	if (is_quiet)
		return;
	end_progress();
	va_start(ap, fmt);
	put("", SAFETEXT_LINES, "\n", fmt, ap);
	va_end(ap);
}

void
tell_progress(const char *fmt, ...)
{
	va_list ap;

	if (is_quiet || isatty(STDERR_FILENO) == 0)
		return;
	end_progress();
	if (fmt == NULL)
		return;
	va_start(ap, fmt);
	put("", SAFETEXT_LINE, "", fmt, ap);
	va_end(ap);
	fflush(stderr);
	has_progress = true;
}
