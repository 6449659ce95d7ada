/*
 * safetext.h - text from elsewhere, made harmless for a terminal.
 *
 * A zone's data, a primary's message or a tenant's name may hold escape
 * sequences, line breaks and marks that turn the direction of writing
 * (RFC 4343 lets a label hold any byte). What a terminal would act upon comes
 * out as text: a control character as \DDD, others as \u{HEX}, a byte that is
 * not UTF-8 as \xHH. Names in other scripts stay as they are. Pure.
 */
#ifndef API_CTL_SAFETEXT_H
#define API_CTL_SAFETEXT_H

#include "common/base/buf.h"

enum safetext_how {
	SAFETEXT_LINE,		/* one line: line breaks and tabs, too */
	SAFETEXT_LINES,		/* line breaks and tabs stay */
	SAFETEXT_JSON,		/* inside JSON: \u00XX, line breaks stay */
};

/** safetext_put() - append @len bytes at @text to @out */
void safetext_put(struct buf *out, const char *text, size_t len,
    enum safetext_how how);

/** safetext_str() - the same for a string */
void safetext_str(struct buf *out, const char *text, enum safetext_how how);

/** safetext_width() - columns that a terminal needs for it */
size_t safetext_width(const char *text);

#endif
