/*
 * primary.h - a primary as clients describe it: read, check, find, make.
 *
 * Knows:    the fields of a primary, its address rules here (a literal; what
 *           xferd may connect to is egress's business).
 * Not here: routes (resource_primaries.c), zones.
 * Runs in:  handler threads.
 */
#ifndef API_PRIMARY_H
#define API_PRIMARY_H

#include "api/req.h"
#include "common/base/sock.h"
#include "common/db/db.h"

struct primary_in {
	struct body_str name, address, transport, key;
	struct body_int port;
	struct body_any tls;		/* not inline; see primary_tls.h */
};

struct primary {
	char name[128];			/* "" for none */
	char address[SOCK_TEXT_MAX];
	int64_t port;
	const char *transport;		/* static text */
	bool has_key;
	uint8_t key_id[16];
};

enum primary_flag {
	PRIMARY_INLINE = 1,		/* inside a zone's list */
	PRIMARY_PATCH = 2,		/* everything is optional */
};

/**
 * primary_read() - read a description by its table of fields
 * @pointer: of @node, for faults
 * Fills @out_in; faults go to r->faults.
 */
void primary_read(struct req *r, const struct body_node *node,
    const char *pointer, int flags, struct primary_in *out_in);

/**
 * primary_apply() - check the members that are set and put them in @p
 *
 * Looks the key up.  Faults go to r->faults; returns OK then, too.
 */
MUST_USE enum err primary_apply(struct db *db, struct req *r,
    const struct primary_in *in, const char *pointer, struct primary *p);

/** primary_defaults() - what a description without its members means */
void primary_defaults(struct primary *p);

/** primary_make() - a new row; ERR_EXISTS when the name is taken, ERR_LIMIT */
MUST_USE enum err primary_make(struct db *db, struct req *r,
    const struct primary *p, uint8_t *out_id);

/** primary_find_or_make() - the tenant's primary of that description */
MUST_USE enum err primary_find_or_make(struct db *db, struct req *r,
    const struct primary *p, uint8_t *out_id);

#endif
