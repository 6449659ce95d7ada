/*
 * onetime.h - one-time links: to prove an address, set a password, sign in.
 *
 * Knows:    their text, how long they are good, the address they lead to.
 * Not here: letters (mail.h), what a link does when it is followed.
 * Runs in:  handler threads, inside repo_auth(); onetime_make() anywhere.
 *
 * The secret is behind a '#', which browsers send to nobody: it is in no log
 * of a proxy.  The page takes it from there and posts it.
 */
#ifndef API_ONETIME_H
#define API_ONETIME_H

#include "api/auth.h"
#include "api/email.h"
#include "api/password.h"
#include "common/db/db.h"

struct app;

enum onetime_purpose {
	ONETIME_VERIFY,
	ONETIME_RESET,
	ONETIME_LOGIN,
	ONETIME_PURPOSE_N
};
enum { ONETIME_URL_MAX = 300 };

struct onetime {
	char text[AUTH_TOKEN_BYTES];
	uint8_t hash[AUTH_HASH_BYTES];
	char url[ONETIME_URL_MAX];
};

/* What one is good for. */
struct onetime_found {
	bool has_user;
	uint8_t user_id[16];
	char email[EMAIL_BYTES];
	char name[101];				/* of a sign-up, with the next */
	char password_hash[PASSWORD_HASH_BYTES];
	char tenant[101];
};

/** onetime_purpose() - its name; NULL in onetime_purpose_parse()'s place */
const char *onetime_purpose(enum onetime_purpose p);
/** onetime_purpose_parse() - ONETIME_PURPOSE_N for anything else */
enum onetime_purpose onetime_purpose_parse(const char *text);

/** onetime_life_s() - how long one is good, in seconds */
int64_t onetime_life_s(enum onetime_purpose p);

/** onetime_make() - a new one, not stored yet; onetime_wipe() it after use */
void onetime_make(const struct app *app, enum onetime_purpose p,
    struct onetime *out);
void onetime_wipe(struct onetime *l);

/** onetime_store() - @user_id may be NULL for a sign-up, whose @payload it
 *  is */
MUST_USE enum err onetime_store(struct db *db, const struct onetime *l,
    enum onetime_purpose p, const uint8_t *user_id, const char *email,
    const char *payload, size_t payload_len);

/**
 * onetime_issue() - the same for the operator, who hands it out; in a
 *                   transaction of the operator's role
 * @out_rows: one row with the time until which it is good, given
 *
 * A link to verify is for who signed up, or wants another address, and had
 * no letter: it is good for what the newest one was good for.
 *
 * Returns OK; ERR_NOT_FOUND; ERR_CONSTRAINT: the person is disabled.
 */
MUST_USE enum err onetime_issue(struct db *db, const struct onetime *l,
    enum onetime_purpose p, const char *email, struct db_rows **out_rows);

/**
 * onetime_find() - what a person's text is good for
 * @take: and not a second time
 * Returns OK; ERR_NOT_FOUND: unknown, used, too old, of another purpose.
 */
MUST_USE enum err onetime_find(struct db *db, const struct app *app,
    const char *text, enum onetime_purpose p, bool take,
    struct onetime_found *out_found);

#endif
