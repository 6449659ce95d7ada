/*
 * lookup.h - what a path parameter or a reference in a body means.
 *
 * Knows:    ids and names of zones, keys and primaries; names as text.
 * Not here: documents, changes.
 * Runs in:  handler threads, inside a tenant's transaction.
 */
#ifndef API_LOOKUP_H
#define API_LOOKUP_H

#include "api/req.h"
#include "common/db/db.h"
#include "common/dns/dname.h"

struct lookup_name {
	uint8_t wire[DNAME_MAX];	/* lower case */
	size_t len;
	char text[DNAME_TEXT_MAX];	/* without the final dot; root "." */
};

struct lookup_zone {
	uint8_t id[16];
	struct lookup_name name;
};

/** lookup_name_parse() - presentation form, any case, final dot or not
 *  Returns OK or ERR_MALFORMED. */
MUST_USE enum err lookup_name_parse(const char *text, size_t len,
    struct lookup_name *out_name);

/** lookup_zone() - {zone}: an id or a name; OK, ERR_NOT_FOUND, database */
MUST_USE enum err lookup_zone(struct db *db, struct req *r,
    const char *text, struct lookup_zone *out_zone);

/**
 * lookup_key(), lookup_primary() - an id or a name
 * @out_rows: one row of key_by_id / primary_by_id, given; may be NULL
 * @out_id:   16 bytes
 */
MUST_USE enum err lookup_key(struct db *db, struct req *r, const char *text,
    uint8_t *out_id, struct db_rows **out_rows);
MUST_USE enum err lookup_primary(struct db *db, struct req *r,
    const char *text, uint8_t *out_id, struct db_rows **out_rows);

/** lookup_seen() - the zones of the caller's token as a parameter; NULL: all
 *  @zones: not initialised; db_array_fini() it after the call */
struct db_param lookup_seen(const struct req *r, struct db_array *zones);

/**
 * lookup_room() - may the tenant have one more of something?
 * @what:      "zones" ...: member of the tenant's own limits
 * @otherwise: the limit of a tenant without that member
 * @count:     statement that counts them, up to a number
 *
 * Near the limit, callers wait for each other's transactions, so that two
 * never take the same last place.
 *
 * Returns OK; ERR_LIMIT, with the problem in r->reply; or database.
 */
MUST_USE enum err lookup_room(struct db *db, struct req *r, const char *what,
    int64_t otherwise, const struct db_stmt *count);

/** How many more it may have (0 or less: none). Returns OK or database. */
MUST_USE enum err lookup_room_left(struct db *db, struct req *r,
    const char *what, int64_t otherwise, const struct db_stmt *count,
    int64_t *out_left);

#endif
