/*
 * console.h - what somebody at the machine's console may do: the first staff
 *             user, links for people who cannot get any by mail, the first
 *             token.
 *
 * Knows:    the operator's role of the database; prints to standard output.
 * Not here: the daemon: each of these is a run of its own.
 */
#ifndef API_CONSOLE_H
#define API_CONSOLE_H

#include "api/app.h"
#include "common/base/err.h"

/** console_token() - store a new operator token and print it */
MUST_USE enum err console_token(const struct app *app);

/** console_staff() - a staff user with this address, if there is none yet, and
 *  print a link that signs them in */
MUST_USE enum err console_staff(const struct app *app, const char *email);

/** console_link() - print a link for a person, "verify", "reset" or "login";
 *  verify is for who signed up and has no mail */
MUST_USE enum err console_link(const struct app *app, const char *email,
    const char *purpose);

#endif
