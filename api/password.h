/*
 * password.h - passwords: which are good, and their Argon2id.
 *
 * Knows:    libsodium's crypto_pwhash_str(), rules for new passwords.
 * Not here: the threads that hash (main.c has a pool for it), whose it is.
 * Runs in:  password_run() in a thread of the password pool, which bounds
 *           how much memory and time all of it takes; the rest anywhere.
 *
 * A handler that needs a hash calls password_want() and returns OK without a
 * reply; it is run again from its beginning when the job is done, and finds
 * what came of it.  Handler threads never wait for Argon2id.
 */
#ifndef API_PASSWORD_H
#define API_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum {
	PASSWORD_MIN = 10,		/* bytes of a new one */
	PASSWORD_MAX = 256,
	PASSWORD_HASH_BYTES = 128,	/* crypto_pwhash_STRBYTES */
};

enum password_state { PASSWORD_IDLE, PASSWORD_WANTED, PASSWORD_DONE };

struct password_cost {
	uint64_t ops;
	size_t memory_bytes;
};

struct password_job {
	enum password_state state;
	bool verify;			/* against @stored */
	bool make;			/* a hash of @text, into @made */
	bool good;			/* @text is the password of @stored */
	enum err err;			/* ERR_NO_MEMORY */
	char text[PASSWORD_MAX + 1];
	char stored[PASSWORD_HASH_BYTES];
	char made[PASSWORD_HASH_BYTES];	/* "" when there is none */
};

/**
 * password_verify() - want to know whether @text is the password of @stored
 * @stored: a hash; NULL: there is nobody, but the work is the same
 *
 * When it is good, and @stored was made with other costs, a new hash is made
 * as well.
 */
void password_verify(struct password_job *job, const char *text,
    const char *stored);

/** password_make() - want a hash of a new password */
void password_make(struct password_job *job, const char *text);

/** password_run() - do it; takes as long as @cost says */
void password_run(struct password_job *job, const struct password_cost *cost);

/** password_fini() - wipe; accepts one that was never used */
void password_fini(struct password_job *job);

/**
 * password_fault() - why a new password is not good enough
 * @email: of the person; the password must not be it, nor contain its first
 *         part
 * Returns NULL when it is good, else what to say to the person.
 */
const char *password_fault(const char *text, size_t len, const char *email);

#endif
