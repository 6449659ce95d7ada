/*
 * etag.h - entity tags, and the conditions that clients make of them.
 *
 * Knows:    RFC 9110 8.8.3, 13.1.1 and 13.1.2.
 * Not here: when a tag is sent or asked for (terms.h).
 * Pure:     no clock, no descriptor; runs in any thread.
 *
 * A tag is strong.  That of a single resource has two halves,
 * "STATE-WHOLE": WHOLE is of every byte, STATE without the members that
 * change by themselves (a zone's serial, when it was checked...).  If-None-
 * Match compares the whole tag.  If-Match compares STATE: it guards what a
 * client can change against a lost update, and does not fail because a
 * primary was asked for its SOA meanwhile.
 */
#ifndef API_ETAG_H
#define API_ETAG_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

enum { ETAG_BYTES = 40 };

/** etag_list() - the tag of a document that cannot be changed itself */
void etag_list(const char *text, size_t len, char out[ETAG_BYTES]);

/** etag_single() - the tag of a resource
 *  Returns OK; ERR_MALFORMED when it is not JSON, ERR_NO_MEMORY. */
MUST_USE enum err etag_single(const char *text, size_t len,
    char out[ETAG_BYTES]);

/** etag_is_condition() - is it "*" or a list of entity tags? */
bool etag_is_condition(const char *header);

/** etag_none_match() - does If-None-Match name the tag?  Weak comparison. */
bool etag_none_match(const char *header, const char *etag);

/** etag_match() - does If-Match name the tag's state?  Strong comparison. */
bool etag_match(const char *header, const char *etag);

#endif
