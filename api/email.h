/*
 * email.h - an e-mail address as people sign in with it.
 *
 * Knows:    which addresses are taken, their one spelling.
 * Pure:     text in, text out.
 *
 * What is taken is narrower than RFC 5321: ASCII, no quoted local parts, a
 * host name with a dot (or "localhost") behind the @.  Upper case is made
 * lower case, in the local part, too: nobody wants two accounts by a slip.
 */
#ifndef API_EMAIL_H
#define API_EMAIL_H

#include <stdbool.h>

enum { EMAIL_MAX = 190, EMAIL_BYTES = EMAIL_MAX + 1 };

/** email_normal() - its one spelling; false when it is not an address */
bool email_normal(const char *text, char out[EMAIL_BYTES]);

#endif
