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

struct secret {
	uint8_t	*data;		/* locked in memory where the limits allow */
	size_t	len;
};

/**
 * secret_load() - read a credential file
 * @path:  absolute, or a name below $CREDENTIALS_DIRECTORY (systemd)
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
