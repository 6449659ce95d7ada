/*
 * letter.h - what letters say.
 *
 * Knows:    the templates, RFC 5322 header lines, quoted-printable.
 * Not here: who gets one and when (mail in SQL), SMTP (courier.h).
 * Runs in:  anywhere; pure.
 * Bounded:  LETTER_MAX bytes.
 */
#ifndef XFERD_LETTER_H
#define XFERD_LETTER_H

#include <stdint.h>

#include "common/base/base.h"
#include "common/base/buf.h"
#include "common/base/err.h"

enum { LETTER_MAX = 16384 };

/* Texts from the database: claims, whatever they hold.  None is NULL. */
struct letter {
	const char *template;		/* mail.template */
	const char *from, *to;		/* addresses */
	const char *id;			/* unique: the Message-ID's left part */
	int64_t at_s;			/* Unix time of the Date line */
	const char *tenant, *zone;	/* "" when it is about none */
	const char *text;		/* what happened, for warnings; or "" */
	const char *link;		/* one-time link; or "" */
};

/**
 * letter_print() - the whole message, lines ending CRLF
 *
 * Control characters of a text become blanks, so no text can make a header
 * line or a line of its own.
 *
 * Returns OK; ERR_INVALID (reject): unknown template, or an address that is
 * not one; ERR_LIMIT (reject): @out is too small; ERR_NO_MEMORY.
 */
MUST_USE enum err letter_print(const struct letter *l, struct buf *out);

/** letter_address_ok() - one address, and nothing but that */
bool letter_address_ok(const char *address);

#endif
