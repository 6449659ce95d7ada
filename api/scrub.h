/*
 * scrub.h - JSON text without some of its members.
 *
 * Knows:    the JSON that jw.h and PostgreSQL write.
 * Not here: which members, and why (terms.h).
 * Pure:     no clock, no descriptor; runs in any thread.
 * Bounded:  SCRUB_DEPTH_MAX; the result is not longer than the text, and
 *           five bytes for each member that is made null.
 */
#ifndef API_SCRUB_H
#define API_SCRUB_H

#include "common/base/buf.h"
#include "common/base/err.h"

enum { SCRUB_DEPTH_MAX = 64 };

enum scrub_how {
	SCRUB_DROP,			/* as if they were not there */
	SCRUB_NULL,			/* "name":null */
};

/**
 * scrub_copy() - copy a document, at any depth without the members of @names
 * @names: ended by NULL; compared with the text between the quotes
 * @out:   appended to, without blanks between tokens
 *
 * Returns OK; ERR_MALFORMED when it is not one JSON value or too deep;
 * buf's errors.
 */
MUST_USE enum err scrub_copy(const char *text, size_t len,
    const char *const *names, enum scrub_how how, struct buf *out);

#endif
