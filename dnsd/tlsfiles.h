/*
 * tlsfiles.h - the certificate and key of DNS over TLS, as the supervisor
 * hands them to the processes that use them.
 *
 * Knows:    copies of the two files in sealed memory, when they changed,
 *           whether a worker has found them good.
 * Not here: what is in them: the supervisor does not parse (worker_tls.h).
 * Runs in:  the supervisor.
 * Bounded:  TLSFILES_MAX bytes a file; looked at every TLSFILES_LOOK_MS.
 *
 * A worker gets descriptors of the copies at its start, and later, over its
 * control socket, those of changed files: two messages (inherit_send()) with
 * the labels "tls_cert" and "tls_key".  It answers with one byte, 'y' when it
 * uses them and 'n' when it keeps what it has.  Only what some worker found
 * good takes the place of what was good before, so a worker that is started
 * later never meets a broken file that the others refused.
 */
#ifndef DNSD_TLSFILES_H
#define DNSD_TLSFILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/base/base.h"
#include "common/base/err.h"

enum {
	TLSFILES_MAX = 65536,
	TLSFILES_LOOK_MS = 2000,
	TLSFILES_ANSWER_MS = 10000,	/* then a worker has no opinion */
	TLSFILES_GOOD = 'y',
	TLSFILES_BAD = 'n',
};

struct tlsfiles_pair {
	int cert, key;			/* memfds; -1: none */
};

struct tlsfiles {
	const char *cert_path, *key_path;	/* borrowed */
	struct tlsfiles_pair used, next;
	bool proven;			/* a worker said so of @used */
	bool failed;			/* the last look; logged once */
	bool forced;			/* a look that was asked for waits */
	unsigned n_asked;		/* workers that have not answered */
	struct stat seen[2];
	int64_t look_at, asked_until;	/* now_mono_ms() */
};

/** tlsfiles_init() - the paths of both; nothing is read yet */
void tlsfiles_init(struct tlsfiles *t, const char *cert, const char *key);
void tlsfiles_fini(struct tlsfiles *t);

/**
 * tlsfiles_look() - are there files, or changed ones?
 * @force: look now, and take them as changed (SIGHUP)
 *
 * True: there is a @next to be sent to the workers.  What was never proven is
 * replaced at once, without asking.  While workers have not answered, nothing
 * is looked at.
 */
bool tlsfiles_look(struct tlsfiles *t, int64_t now_ms, bool force);

/** tlsfiles_have() - is there something to start a worker with? */
static inline bool
tlsfiles_have(const struct tlsfiles *t)
{
	return t->used.cert >= 0;
}

/** tlsfiles_send() - @next over a worker's control socket */
MUST_USE enum err tlsfiles_send(struct tlsfiles *t, int control);

/** tlsfiles_verdict() - a worker's answers, if there are some */
void tlsfiles_verdict(struct tlsfiles *t, int control);

#endif
