/*
 * login.h - signing in: how often, by what, and the session it gives.
 *
 * Knows:    the limits' keys, second factors, the session's cookie.
 * Not here: routes, Argon2id (password.h).
 * Runs in:  handler threads, inside repo_auth() unless said otherwise.
 */
#ifndef API_LOGIN_H
#define API_LOGIN_H

#include "api/person.h"
#include "api/req.h"

enum {
	LOGIN_FRESH_MS = 10 * 60 * 1000,
	LOGIN_CODES = 10,		/* recovery codes */
	LOGIN_CODE_BYTES = 12,		/* "abcde-fghij" */
};

/** login_site() - may this request sign a browser in?  Another site's page
 *  must not.  Returns false with the problem in r->reply.  No database. */
MUST_USE bool login_site(struct req *r);

/** login_fresh() - did the session's person give a password or code in the
 *  last ten minutes?  Else false with the problem.  No database. */
MUST_USE bool login_fresh(struct req *r);

/**
 * login_take() - one try of this client at this account
 * @email: as login_failed() logs it; need not exist
 * Returns OK; look at r->reply: it is 429 with Retry-After, or nothing yet.
 */
MUST_USE enum err login_take(struct db *db, struct req *r, const char *email);

/** login_rate() - the same for other things that strangers may ask for
 *  @what: stable word; @subject: an address, or NULL for the client's own */
MUST_USE enum err login_rate(struct db *db, struct req *r, const char *what,
    const char *subject, int64_t burst, int64_t pause_s, bool *out_taken);

/**
 * login_second() - the second factor
 * @code:     of the app, or NULL
 * @recovery: a recovery code, or NULL
 *
 * Returns OK: good (or none is needed), and used up; ERR_MISMATCH;
 * ERR_NOT_FOUND when neither was given; ERR_BAD_SIG: the secret cannot be read.
 */
MUST_USE enum err login_second(struct db *db, struct req *r,
    const struct person *p, const char *code, const char *recovery);

/** login_refuse() - 401 and a line in the audit; the same for all reasons
 *  @known: whom it was about, or NULL */
MUST_USE enum err login_refuse(struct db *db, struct req *r,
    const struct person *known);

/** login_session() - start one: the cookie, the audit, the document
 *  @how: "password", "link" */
MUST_USE enum err login_session(struct db *db, struct req *r,
    const struct person *p, const char *how);

/** login_cookie_end() - make the browser forget it */
void login_cookie_end(struct req *r);

/**
 * login_codes() - new recovery codes, which replace the old ones
 * @w: the list "recovery_codes" is written here, this once
 */
MUST_USE enum err login_codes(struct db *db, struct req *r,
    const uint8_t user_id[16], struct jw *w);

#endif
