/*
 * repo.h - a handler thread's way to PostgreSQL, with the tenant's wall.
 *
 * Knows:    the three roles, transactions, whose rows may be seen.
 * Not here: what the statements of resources do (sql.def, resource_*.c).
 * Runs in:  one struct repo per handler thread, never shared.
 * Bounded:  three connections each; REPO_TRIES tries of a transaction.
 *
 * apid_app   row security forced; every transaction says whose it is
 * apid_auth  may only look up tokens and sessions, and sign people in
 * apid_operator  tenants and their tokens; opened when first needed
 */
#ifndef API_REPO_H
#define API_REPO_H

#include "api/auth.h"
#include "common/db/db.h"

enum { REPO_TRIES = 4 };

struct repo;
struct req;

struct repo_conf {
	/* Borrowed for the life of the repo. */
	const char *app, *auth, *operator;
	int connect_timeout_s, timeout_ms;
	bool prepare;
	const struct auth_pepper *pepper;
	int64_t session_idle_s;
};

MUST_USE enum err repo_new(const struct repo_conf *conf,
    struct repo **out_repo);
void repo_free(struct repo *repo);

/** repo_token_find() - who has this token: OK, ERR_NOT_FOUND, or database */
MUST_USE enum err repo_token_find(struct repo *repo, const char *token,
    const char *peer, struct auth_who *out_who);

/**
 * repo_session_find() - who is signed in with this cookie
 * @tenant_id: the tenant that the request names, or NULL: the session's
 *
 * Staff without a second factor, and people who are not in that tenant,
 * come back with kind AUTH_NOBODY.  Returns as repo_token_find().
 */
MUST_USE enum err repo_session_find(struct repo *repo, const char *session,
    const uint8_t *tenant_id, struct auth_who *out_who);

/** repo_person() - the same from a row of session_find() */
MUST_USE enum err repo_person(struct db_rows *rows, struct auth_who *out_who);

/* A transaction's body.  It may run again: r->reply was reset then. */
typedef enum err repo_fn(struct db *db, struct req *r, void *arg);

/**
 * repo_write(), repo_read() - run @fn as the tenant of r->who
 *
 * Inside, understudy.tenant is that tenant for row security, for this
 * transaction only.  repo_read() runs in one read-only snapshot.
 *
 * Returns OK: committed.  Else what @fn returned, and nothing was changed.
 */
MUST_USE enum err repo_write(struct req *r, repo_fn *fn, void *arg);
MUST_USE enum err repo_read(struct req *r, repo_fn *fn, void *arg);

/** repo_operator() - run @fn in a transaction of the operator's role */
MUST_USE enum err repo_operator(struct req *r, repo_fn *fn, void *arg);

/** repo_auth() - run @fn in a transaction of the role that may sign people
 *  in; it may call its functions and write the audit, nothing else */
MUST_USE enum err repo_auth(struct req *r, repo_fn *fn, void *arg);

/** repo_aside() - the same, beside what the request is about: no dry run, no
 *  If-Match, nothing to be stored for an Idempotency-Key */
MUST_USE enum err repo_aside(struct req *r, repo_fn *fn, void *arg);

/** repo_savepoint() - @fn can fail without undoing what came before */
MUST_USE enum err repo_savepoint(struct db *db, struct req *r, repo_fn *fn,
    void *arg);

/* Who, for the audit: "token:PREFIX", "user:EMAIL", "operator:" and either. */
enum { REPO_ACTOR_MAX = 201, REPO_DOCUMENT_MAX = 64 << 10 };
void repo_actor(const struct req *r, char out[REPO_ACTOR_MAX]);

/** repo_audit() - one row about what this transaction does */
MUST_USE enum err repo_audit(struct db *db, struct req *r,
    const char *action, const char *object);

/**
 * repo_audit_change() - the same with documents
 * @tenant_id:     whose affair it is, and who may read it; NULL: nobody's
 * @before @after: JSON text or NULL; masked here, and left out with a word
 *                 about it above REPO_DOCUMENT_MAX
 *
 * audit.h reads the documents of the usual objects.
 */
MUST_USE enum err repo_audit_change(struct db *db, struct req *r,
    const uint8_t *tenant_id, const char *action, const char *object,
    const char *before, const char *after);

/** repo_audit_zones() - "zone.create" of many at once; @ids is an array of
 *  uuids */
MUST_USE enum err repo_audit_zones(struct db *db, struct req *r,
    struct db_array *ids);

/** repo_ready() - can the database be asked? for /readyz */
MUST_USE enum err repo_ready(struct repo *repo);

/** repo_why() - what PostgreSQL said last, for the log; never NULL */
const char *repo_why(const struct repo *repo);

#endif
