/*
 * cookie_jar.h - the cookie secrets, in memory that workers only read.
 *
 * Knows:    a credential file with secrets, secrets made up and rolled here,
 *           handing them to running workers.
 * Not here: cookies (cookie.h).
 * Runs in:  the supervisor (writes), workers (read).
 * Bounded:  COOKIE_SECRETS_MAX secrets.
 *
 * The memory outlives the supervisor (hold.h), so secrets made up here live
 * until the machine or all of dnsd ends.  One writer, a sequence lock.
 */
#ifndef DNSD_COOKIE_JAR_H
#define DNSD_COOKIE_JAR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/base.h"
#include "common/base/err.h"
#include "common/base/fault.h"
#include "dnsd/cookie.h"

enum {
	COOKIE_JAR_BYTES = 4096,
	COOKIE_JAR_ROLL_S = 86400,	/* of secrets made up here */
};

#define COOKIE_JAR_MAGIC 0x3152414a434455ull	/* "UDCJAR1" */

struct cookie_jar {
	uint64_t magic;
	_Atomic uint32_t sequence;	/* odd while it is being written */
	uint32_t made_up;		/* by us, not read from a file */
	int64_t rolled_boot_ms;
	struct cookie_secrets secrets;
};
static_assert(sizeof(struct cookie_jar) <= COOKIE_JAR_BYTES, "room");

/** cookie_jar_map() - @write: the supervisor's; what is there and of another
 *  form is emptied.  ERR_IO */
MUST_USE enum err cookie_jar_map(int fd, bool write,
    struct cookie_jar **out_jar);
void cookie_jar_unmap(struct cookie_jar *j);

/**
 * cookie_jar_parse() - what a credential file says
 *
 * One secret a line, 32 hexadecimal digits; the first makes cookies, all of
 * them are accepted.  ERR_INVALID: none, too many, or something else.
 */
MUST_USE enum err cookie_jar_parse(const uint8_t *text, size_t len,
    struct cookie_secrets *out);

/* The option dns.cookies. */
enum cookie_jar_mode { COOKIE_JAR_OFF, COOKIE_JAR_ON, COOKIE_JAR_REQUIRE };

/**
 * cookie_jar_fill() - at start and at a reload
 * @file: a credential file, or "": make up secrets if there are none
 *
 * ERR_INVALID and those of secret_load(): nothing changes.
 */
MUST_USE enum err cookie_jar_fill(struct cookie_jar *j, const char *file,
    enum cookie_jar_mode mode, int64_t now_boot_ms, struct fault *fault);

/** cookie_jar_roll() - once in a while: a new secret when the old is due;
 *  true when there is */
bool cookie_jar_roll(struct cookie_jar *j, int64_t now_boot_ms);

/**
 * cookie_jar_take() - the secrets, when they changed
 * @seen: the caller's, 0 at first
 *
 * Cost: one load when nothing changed.  Returns whether @out was written.
 */
bool cookie_jar_take(const struct cookie_jar *j, uint32_t *seen,
    struct cookie_secrets *out);

#endif
