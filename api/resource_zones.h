/*
 * resource_zones.h - what other resources need of a zone's document.
 *
 * Runs in:  handler threads, inside a transaction of the repo.
 */
#ifndef API_RESOURCE_ZONES_H
#define API_RESOURCE_ZONES_H

#include <stddef.h>
#include <stdint.h>

#include "api/body.h"
#include "api/lookup.h"
#include "api/req.h"
#include "common/base/conf.h"
#include "common/base/jw.h"
#include "common/db/db.h"

enum {
	RESOURCE_ZONES_PRIMARIES_MAX = 16,	/* zone_primary_ordinal_ck */
};

/* The primaries of a list, looked up or made. */
struct resource_zones_primaries {
	size_t n;
	uint8_t id[RESOURCE_ZONES_PRIMARIES_MAX][16];
};

/** resource_zones_print() - a row of ZONE_DOC as member @member */
void resource_zones_print(struct jw *w, const char *member,
    const struct conf *conf, struct db_rows *rows, size_t row);

/** resource_zones_take_primaries() - ids, names and descriptions of a list
 * OK, also when faults were noted in r->faults; or database. */
MUST_USE enum err resource_zones_take_primaries(struct db *db, struct req *r,
    const struct body_list *list, const char *pointer,
    struct resource_zones_primaries *out);

/** resource_zones_check_name() - a name that was given; else a fault */
void resource_zones_check_name(struct req *r, const struct body_str *in,
    const char *pointer, struct lookup_name *out_name);

/** resource_zones_first_state() - of a new claim, by configuration */
const char *resource_zones_first_state(const struct conf *conf);

#endif
