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
#include "common/db/db.h"

struct token_new {
	char name[128];
	size_t n_scopes;
	char scope[AUTH_SCOPES_MAX][32];
	bool has_expiry;
	int64_t expires_ms;
	char text[AUTH_TOKEN_BYTES];
	uint8_t hash[AUTH_HASH_BYTES];
	char prefix[AUTH_PREFIX_BYTES];
};

/** token_read() - read the body; faults go to r->faults.  Makes the text. */
void token_read(struct req *r, struct token_new *out_token);

/** token_create() - store it and reply 201 with its text, this once */
MUST_USE enum err token_create(struct db *db, struct req *r,
    const uint8_t *tenant_id, const struct token_new *t);

/** token_list() - reply with a page of a tenant's tokens */
MUST_USE enum err token_list(struct db *db, struct req *r,
    const uint8_t *tenant_id);

/** token_store() - the row alone; @tenant_id NULL for an operator's */
MUST_USE enum err token_store(struct db *db, const uint8_t *tenant_id,
    const struct token_new *t, struct db_rows **out_rows);

void token_wipe(struct token_new *t);

#endif
