/*
 * mask.h - documents without their secrets, for the audit.
 *
 * Knows:    which members are secrets, what one of our tokens looks like.
 * Not here: JSON's rules beyond finding the end of a value.
 * Runs in:  any thread.
 * Bounded:  by the caller's buffer and MASK_DEPTH_MAX.
 *
 * By construction: whatever is written into the audit goes through here, so a
 * handler that puts too much into a document does no harm.  A member is a
 * secret when its name is in the list of mask.c, or has "secret", "password"
 * or "private" in it; its value, of whatever type, becomes "***".  One of our
 * tokens inside any other text keeps its prefix only.
 */
#ifndef API_MASK_H
#define API_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/base/err.h"

enum { MASK_DEPTH_MAX = 64 };

/** mask_is_secret() - is a member of this name one? */
bool mask_is_secret(const char *name, size_t len);

/**
 * mask_json() - append @json to @out, masked
 * @json: JSON text that we or PostgreSQL have made
 *
 * Returns OK; ERR_MALFORMED when it is no JSON after all, too deep, or cut
 * off (use nothing of @out then); what buf_err() says.
 */
MUST_USE enum err mask_json(const char *json, size_t len, struct buf *out);

#endif
