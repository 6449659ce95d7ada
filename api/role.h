/*
 * role.h - what a member of a tenant may do: roles as sets of scopes.
 *
 * Knows:    role.def.
 * Not here: who has which role (the database), routes.
 * Pure:     no clock, no descriptor.
 *
 * A set of scopes is text: every scope with a blank before and after it, as
 * " zones:read zones:write "; " * " is all of them.  routes.def names the
 * one scope that a route needs, so that is the only check there is.
 */
#ifndef API_ROLE_H
#define API_ROLE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/base.h"

enum role {
	ROLE_NONE,			/* no member; a token without a maker */
	ROLE_VIEWER,
	ROLE_EDITOR,
	ROLE_ADMIN,
	ROLE_OWNER,
};

enum { ROLE_SCOPES_BYTES = 512 };	/* more than all of role.def */

/** role_print() - "viewer" ... "owner", "none"; static text */
const char *role_print(enum role role);

/** role_parse() - ROLE_NONE for anything that is not the name of one */
enum role role_parse(const char *name);

/** role_scopes() - the set of a role; ROLE_NONE has none (" ") */
void role_scopes(enum role role, char out[ROLE_SCOPES_BYTES]);

/** role_scope_known() - is it "*" or one of role.def? */
bool role_scope_known(const char *scope);

/** role_set_has() - is @scope in the set?  "" is in every set. */
bool role_set_has(const char *set, const char *scope);

/**
 * role_limit() - what is left of a set for somebody of @role
 * @set: of a token; "*" is all scopes
 * @out: the scopes that both have; may be @set itself
 */
void role_limit(const char *set, enum role role, char out[ROLE_SCOPES_BYTES]);

/** role_scopes_text() - all known scopes as a sentence, for messages */
const char *role_scopes_text(void);

#endif
