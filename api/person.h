/*
 * person.h - a person's row, and the document that tells who is signed in.
 *
 * Knows:    user_find(), user_tenants(), the answer of GET /v1/me.
 * Not here: passwords and codes (login.h), routes.
 * Runs in:  handler threads, inside repo_auth().
 */
#ifndef API_PERSON_H
#define API_PERSON_H

#include "api/email.h"
#include "api/password.h"
#include "api/req.h"
#include "api/totp.h"
#include "api/vault.h"
#include "common/db/db.h"

enum { PERSON_SEALED_LEN = TOTP_SECRET_LEN + VAULT_OVERHEAD };

struct person {
	uint8_t id[16];
	char email[EMAIL_BYTES];
	bool staff;
	char password_hash[PASSWORD_HASH_BYTES];	/* "" when none is set */
	bool has_totp;			/* and it asks for codes */
	size_t sealed_len;		/* of the secret; 0: there is none */
	uint8_t sealed[PERSON_SEALED_LEN];
	int64_t n_codes;		/* recovery codes left */
};

/** person_find() - by address or by id, the other NULL
 *  Returns OK, ERR_NOT_FOUND (or disabled), or database. */
MUST_USE enum err person_find(struct db *db, const char *email,
    const uint8_t *id, struct person *out_person);
void person_wipe(struct person *p);

/** person_is() - make r->who this person, for the audit and person_reply() */
void person_is(struct req *r, const struct person *p);

/** person_reply() - who r->who is, with their tenants, as the reply */
MUST_USE enum err person_reply(struct db *db, struct req *r,
    unsigned int status);

#endif
