/*
 * keyring.h - TSIG secrets, unsealed, in memory that is never dumped.
 *
 * Knows:    sealed rows of tsig_key to struct tsig_key; numbers for them that
 *           children may name.
 * Not here: which key a zone needs (the database says), messages.
 * Runs in:  keep's loop thread.
 * Bounded:  KEYRING_MAX keys; when full the one not used for longest goes.
 *
 * A key is told apart by tenant and id, never by name alone.       T-142
 */
#ifndef XFERD_KEYRING_H
#define XFERD_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/dns/tsig.h"

enum { KEYRING_MAX = 16384 };

struct keyring;

/* A row of tsig_key; all borrowed. */
struct keyring_row {
	const uint8_t *tenant_id;	/* 16 bytes */
	const uint8_t *key_id;		/* 16 bytes */
	const uint8_t *name;		/* wire form */
	size_t name_len;
	const char *algorithm;
	const uint8_t *sealed;
	size_t sealed_len;
};

/** keyring_new() - with the secret half of the seal key from a file */
MUST_USE enum err keyring_new(const char *secret_path, struct keyring **out);
void keyring_free(struct keyring *ring);	/* wipes */

/**
 * keyring_number() - the number of a key, unsealed if it is not yet
 * @out_number: never 0; stays valid while the row is unchanged and the key in
 *              use; a changed row gets another number
 *
 * Returns OK; ERR_BAD_KEY: the row does not open (wrong seal key, or somebody
 * edited it); ERR_NO_MEMORY.
 */
MUST_USE enum err keyring_number(struct keyring *ring,
    const struct keyring_row *row, uint32_t *out_number);

/** keyring_key() - by number; NULL when it is gone.  Borrowed until the next
 *  call of keyring_number(). */
const struct tsig_key *keyring_key(const struct keyring *ring,
    uint32_t number);

/**
 * keyring_open_text() - a longer secret (a private key in PEM), not kept
 * @kind: what it was sealed as
 * @out:  @max bytes; wipe them after use
 *
 * Returns OK; ERR_BAD_KEY: it does not open.
 */
MUST_USE enum err keyring_open_text(const struct keyring *ring,
    const uint8_t tenant_id[16], const uint8_t key_id[16], const char *kind,
    const uint8_t *sealed, size_t sealed_len, uint8_t *out, size_t max,
    size_t *out_len);

#endif
