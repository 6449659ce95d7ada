/*
 * fault.h - an input error that a person must fix: where, and what is wrong.
 *
 * Filled beside an enum err by rooms that read configuration, JSON or zone
 * text. Bounded: texts are cut, never grown.
 */
#ifndef COMMON_BASE_FAULT_H
#define COMMON_BASE_FAULT_H

#include "common/base/base.h"

struct fault {
	char	where[256];	/* file, field or JSON pointer; may be "" */
	uint32_t line;		/* from 1; 0 when there is none */
	uint32_t column;	/* from 1; 0 when there is none */
	char	text[512];	/* lower case, no full stop */
};

/** fault_set() - fill @f (may be NULL: then nothing); @where may be NULL */
void fault_set(struct fault *f, const char *where, uint32_t line,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

/**
 * fault_print() - "where:line:column: text" into @out
 *
 * Returns @out, always terminated; cut when @size is too small.
 */
const char *fault_print(const struct fault *f, char *out, size_t size);

#endif
