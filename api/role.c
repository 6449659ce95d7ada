/*
 * role.c - roles as sets of scopes.  See role.h.
 */
#include <stdio.h>
#include <string.h>

#include "api/role.h"

static const char *const names[] = {
	[ROLE_NONE] = "none", [ROLE_VIEWER] = "viewer",
	[ROLE_EDITOR] = "editor", [ROLE_ADMIN] = "admin",
	[ROLE_OWNER] = "owner",
};

static const struct {
	const char *text;
	enum role least;
} scopes[] = {
#define SCOPE(text, least) { text, ROLE_##least },
#include "api/role.def"
#undef SCOPE
};

static_assert(sizeof(
#define SCOPE(text, least) " " text
#include "api/role.def"
#undef SCOPE
    " ") <= ROLE_SCOPES_BYTES, "a set of all scopes fits");

const char *
role_print(enum role role)
{
	return names[role];
}

enum role
role_parse(const char *name)
{
	for (size_t i = ROLE_VIEWER; i < COUNT_OF(names); i++)
		if (strcmp(name, names[i]) == 0)
			return (enum role)i;
	return ROLE_NONE;
}

bool
role_set_has(const char *set, const char *scope)
{
	char word[64];

	if (*scope == '\0' || strstr(set, " * ") != NULL)
		return true;
	snprintf(word, sizeof(word), " %s ", scope);
	return strstr(set, word) != NULL;
}

void
role_limit(const char *set, enum role role, char out[ROLE_SCOPES_BYTES])
{
	char both[ROLE_SCOPES_BYTES];
	size_t n = 1;

	both[0] = ' ';
	for (size_t i = 0; i < COUNT_OF(scopes); i++)
		if (scopes[i].least <= role && role_set_has(set,
		    scopes[i].text))
			n += (size_t)snprintf(both + n, sizeof(both) - n,
			    "%s ", scopes[i].text);
	both[n] = '\0';
	memcpy(out, both, n + 1);
}

void
role_scopes(enum role role, char out[ROLE_SCOPES_BYTES])
{
	role_limit(" * ", role, out);
}

bool
role_scope_known(const char *scope)
{
	if (strcmp(scope, "*") == 0)
		return true;
	for (size_t i = 0; i < COUNT_OF(scopes); i++)
		if (strcmp(scopes[i].text, scope) == 0)
			return true;
	return false;
}

const char *
role_scopes_text(void)
{
	return "*"
#define SCOPE(text, least) ", " text
#include "api/role.def"
#undef SCOPE
	    ;
}
