/*
 * jw.h - write JSON text, piece by piece, into a bounded buffer.
 *
 * Knows:    JSON's commas and escapes.
 * Not here: what is written.
 * Runs in:  any thread; one struct jw per writer.
 * Bounded:  by the maximum of jw_init() and JW_DEPTH_MAX.
 *
 * Failure is sticky: write everything, then ask jw_failed() once.  Strings
 * are made safe for HTML and terminals: < > & and control characters are
 * written as \uXXXX, bytes that are not UTF-8 as U+FFFD.
 */
#ifndef COMMON_BASE_JW_H
#define COMMON_BASE_JW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

enum { JW_DEPTH_MAX = 16 };

struct jw {
	struct buf b;
	bool failed;			/* nested too deeply, or unbalanced */
	unsigned int depth;
	bool comma[JW_DEPTH_MAX + 1];	/* a value was written at this depth */
};

void jw_init(struct jw *w, size_t max_bytes);
void jw_fini(struct jw *w);
bool jw_failed(const struct jw *w);

/** jw_take() - the text, given (free()); NULL after a failure */
char *jw_take(struct jw *w, size_t *out_len);

/* @key is NULL inside a list and for the outermost value. */
void jw_begin_object(struct jw *w, const char *key);
void jw_end_object(struct jw *w);
void jw_begin_list(struct jw *w, const char *key);
void jw_end_list(struct jw *w);
/** jw_str() - a string, or null for NULL */
void jw_str(struct jw *w, const char *key, const char *s);
void jw_strn(struct jw *w, const char *key, const char *s, size_t len);
void jw_fmt(struct jw *w, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void jw_int(struct jw *w, const char *key, int64_t n);
void jw_bool(struct jw *w, const char *key, bool b);
void jw_null(struct jw *w, const char *key);
/** jw_raw() - JSON text as it is: a number or document from PostgreSQL */
void jw_raw(struct jw *w, const char *key, const char *json);

#endif
