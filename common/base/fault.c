/*
 * fault.c - input errors for people.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/fault.h"

void
fault_set(struct fault *f, const char *where, uint32_t line,
    const char *fmt, ...)
{
	va_list ap;

	if (f == NULL)
		return;
	snprintf(f->where, sizeof(f->where), "%s", where != NULL ? where : "");
	f->line = line;
	f->column = 0;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}

const char *
fault_print(const struct fault *f, char *out, size_t size)
{
	char at[32] = "";

	if (size == 0)
		return "";
	if (f->line != 0 && f->column != 0)
		snprintf(at, sizeof(at), ":%u:%u", f->line, f->column);
	else if (f->line != 0)
		snprintf(at, sizeof(at), ":%u", f->line);
	snprintf(out, size, "%s%s%s%s", f->where, at,
	    f->where[0] != '\0' ? ": " : "", f->text);
	return out;
}
