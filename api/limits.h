/*
 * limits.h - what a tenant can run out of.
 *
 * Knows:    limits.def: names, bounds, what the configuration says; the body
 *           member `limits` of a tenant.
 * Not here: counting (lookup_room() for what apid makes; xferd for records
 *           and transfers), who may set them.
 * Runs in:  handler threads.
 */
#ifndef API_LIMITS_H
#define API_LIMITS_H

#include <stdint.h>

#include "api/req.h"
#include "common/base/base.h"
#include "common/base/conf.h"
#include "common/base/err.h"

enum limits_name {
#define LIMIT(name, most, otherwise) LIMITS_##name,
#include "api/limits.def"
#undef LIMIT
	LIMITS_N
};

enum { LIMITS_TEXT_BYTES = 1024 };

const char *limits_text(enum limits_name name);

/** limits_otherwise() - of a tenant that has none of its own */
int64_t limits_otherwise(const struct conf *c, enum limits_name name);

/**
 * limits_read() - the object at /limits, as JSON for tenant.limits
 * @node:  the object
 * @patch: null is a value: back to the configured limit
 * @out:   JSON text; wrong members are in r->faults then
 */
MUST_USE enum err limits_read(struct req *r, const struct body_node *node,
    bool patch, char out[LIMITS_TEXT_BYTES]);

#endif
