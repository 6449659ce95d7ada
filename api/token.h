/*
 * token.h - rows of tokens: make and list them, for a tenant or by the
 *           operator.
 *
 * Knows:    the body that describes a token, its document.
 * Not here: routes, the token's text (auth.h).
 * Runs in:  handler threads; main() for the operator's first one.
 */
#ifndef API_TOKEN_H
#define API_TOKEN_H

#include "api/auth.h"
#include "api/req.h"
#include "common/base/sock.h"
#include "common/db/db.h"

enum { TOKEN_NETWORKS_MAX = 32 };

struct token_new {
	char name[128];
	size_t n_scopes;
	char scope[AUTH_SCOPES_MAX][32];
	bool has_expiry, set_expiry;	/* set: meant, null too */
	int64_t expires_ms;
	bool set_name, set_zones, set_networks, set_idle;
	size_t n_zones, n_networks;	/* 0 with set: null */
	const char *zone[AUTH_ZONES_MAX];	/* ids or names, in the body */
	uint8_t zone_id[AUTH_ZONES_MAX][16];	/* by token_create() */
	char network[TOKEN_NETWORKS_MAX][SOCK_TEXT_MAX];
	int64_t idle_days;		/* 0: none */
	bool has_maker;
	uint8_t maker_id[16];
	char text[AUTH_TOKEN_BYTES];
	uint8_t hash[AUTH_HASH_BYTES];
	char prefix[AUTH_PREFIX_BYTES];
};

/** token_read() - read the body; faults go to r->faults.  Makes the text. */
void token_read(struct req *r, struct token_new *out_token);

/** token_read_patch() - the members that may change; set_* says which came */
void token_read_patch(struct req *r, struct token_new *out_token);

/** token_draw() - a new text, its hash and prefix */
void token_draw(struct req *r, struct token_new *t);

/**
 * token_check_bounds() - nobody hands out more than they have
 * OK, also when faults were noted in r->faults; or database.
 */
MUST_USE enum err token_check_bounds(struct db *db, struct req *r,
    const struct token_new *t);

/** token_reply() - the document; @text: of a new one, shown this once */
MUST_USE enum err token_reply(struct db *db, struct req *r,
    unsigned int status, const uint8_t *tenant_id, const uint8_t id[16],
    const char *text);

/** token_create() - store it and reply 201 with its text, this once */
MUST_USE enum err token_create(struct db *db, struct req *r,
    const uint8_t *tenant_id, struct token_new *t);

/** token_list() - reply with a page of a tenant's tokens; NULL: of the
 *  operator's */
MUST_USE enum err token_list(struct db *db, struct req *r,
    const uint8_t *tenant_id);

/** token_store() - the row alone; @tenant_id NULL for an operator's
 *  @caller: id of the token that makes it, or NULL: it has its networks and
 *           expiry, unless it is given its own */
MUST_USE enum err token_store(struct db *db, const uint8_t *tenant_id,
    const struct token_new *t, const uint8_t *caller,
    struct db_rows **out_rows);

void token_wipe(struct token_new *t);

#endif
