/*
 * secret.h - secrets from credential files, and wiping them.
 *
 * Knows:    files with one secret each. Never options, never environment.
 * Bounded:  SECRET_MAX bytes.
 */
#ifndef COMMON_BASE_SECRET_H
#define COMMON_BASE_SECRET_H

#include "common/base/fault.h"
#include "common/base/err.h"

#define SECRET_MAX	4096
#define SECRET_DIR	"/etc/understudy/credentials/"

struct secret {
	uint8_t	*data;		/* locked in memory where the limits allow */
	size_t	len;
};

/**
 * secret_path() - where a credential is
 *
 * systemd's LoadCredential= gives a service copies in $CREDENTIALS_DIRECTORY,
 * so that the files themselves belong to root alone. There a credential goes
 * by its plain name: "NAME", and SECRET_DIR "NAME", are looked for there
 * first, then in SECRET_DIR. Any other path is taken as it is.
 *
 * Returns OK, ERR_INVALID (too long).
 */
MUST_USE enum err secret_path(const char *path, char *out, size_t size);

/**
 * secret_load() - read a credential file
 * @path:  see secret_path()
 * @out:   given; secret_fini() it
 * @fault: filled on error; may be NULL
 *
 * One final newline is dropped. A file that others than its owner and
 * group can read is refused. Returns OK, ERR_NOT_FOUND, ERR_DENIED,
 * ERR_LIMIT (empty or too long), ERR_IO.
 */
MUST_USE enum err secret_load(const char *path, struct secret *out,
    struct fault *fault);

/** secret_load_hex() - the file holds exactly @len bytes in hexadecimal */
MUST_USE enum err secret_load_hex(const char *path, uint8_t *out, size_t len,
    struct fault *fault);

/** secret_fini() - wipe and free; accepts an empty one */
void secret_fini(struct secret *s);

/** secret_wipe() - overwrite memory in a way the compiler keeps */
void secret_wipe(void *data, size_t len);

/** secret_equal() - compare without telling by time where they differ */
bool secret_equal(const void *a, const void *b, size_t len);

#endif
