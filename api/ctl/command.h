/*
 * command.h - the table of what understudyctl can do, once.
 *
 * Knows:    commands.def: names, arguments, options, the route behind each.
 * Not here: reading argv (cmdline), texts for people (cmdhelp), what a
 *           command does (errand and the own_ rooms).
 *
 * Parser, --help, completion, the manual page and the tests read this table,
 * so they cannot drift apart. Pure.
 */
#ifndef API_CTL_COMMAND_H
#define API_CTL_COMMAND_H

#include "common/base/base.h"

enum command_id {
	COMMAND_GLOBAL,		/* no command: options of all of them */
#define GROUP(name, summary)
#define COMMAND(id, ...) COMMAND_##id,
#include "api/ctl/commands.def"
#undef GROUP
#undef COMMAND
	COMMAND_N
};

/* How it runs. */
enum command_kind {
	COMMAND_KIND_LIST,	/* GET pages, rows of a table */
	COMMAND_KIND_ROWS,	/* GET one list that has no pages */
	COMMAND_KIND_SHOW,	/* GET one document */
	COMMAND_KIND_DO,	/* one request, its answer shown */
	COMMAND_KIND_REMOVE,	/* asks first, then a request per argument */
	COMMAND_KIND_OWN,	/* a function of its own */
};

/* Where the value of an option goes. */
enum command_where {
	COMMAND_WHERE_LOCAL,	/* understudyctl itself reads it */
	COMMAND_WHERE_QUERY,	/* query parameter */
	COMMAND_WHERE_TEXT,	/* body: a string; "" is null */
	COMMAND_WHERE_INT,	/* body: a number; "off" is null */
	COMMAND_WHERE_BOOL,	/* body: yes or no; without an argument yes */
	COMMAND_WHERE_LIST,	/* body: list of strings, may be repeated */
	COMMAND_WHERE_FILE,	/* body: what the file holds, "-": stdin */
	COMMAND_WHERE_SECRET,	/* the same, its last newline dropped */
	COMMAND_WHERE_PRIMARY,	/* body: list of primaries, repeatable */
};

struct command_option {
	const char *name;	/* without dashes; NULL ends the list */
	char brief;		/* -x, or 0 */
	const char *arg;	/* NULL: takes none */
	enum command_where where;
	const char *member;	/* "policy.keep_ns", or the query parameter */
	const char *choices;	/* "a|b|c", or NULL */
	const char *help;
};

struct command {
	enum command_id id;
	const char *group;	/* "" for a command without one */
	const char *name;	/* "" for the group's own */
	const char *args;	/* "ZONE [NAME:name] [X...]", see command_arg */
	enum command_kind kind;
	const char *method;	/* "" when it asks nobody */
	const char *path;	/* "/v1/zones/{zone}" */
	const char *columns;	/* "name state edges.name", for lists */
	const char *summary;
	const char *text;	/* more for --help and the manual, or NULL */
	const struct command_option *options;
};

/* One positional argument: "NAME", "[NAME]", "NAME...", "[NAME...]", each
 * with ":member" behind the name when it goes into the body. */
struct command_arg {
	char name[32];
	char member[32];	/* "" : fills {name} of the path */
	bool optional, repeated;
};

enum { COMMAND_ARGS_MAX = 4 };

/** command_count() - commands in the table; index 0 is COMMAND_GLOBAL */
size_t command_count(void);

/** command_at() - i below command_count() */
const struct command *command_at(size_t i);

/** command_find() - NULL when there is none; group and name may be "" */
const struct command *command_find(const char *group, const char *name);

/** command_group() - the summary of a group, NULL when there is none */
const char *command_group(const char *name);

/** command_group_at() - name and summary of group i; false at the end */
bool command_group_at(size_t i, const char **out_name,
    const char **out_summary);

/** command_args() - the positional arguments; returns their number */
size_t command_args(const struct command *c,
    struct command_arg out[COMMAND_ARGS_MAX]);

/** command_option() - by its long name: of @c, else a global one, or NULL */
const struct command_option *command_option(const struct command *c,
    const char *name);

/** command_brief() - by its letter, a global one or NULL */
const struct command_option *command_brief(char letter);

/** command_choice() - is @value one of "a|b|c"? */
bool command_choice(const char *choices, const char *value);

#endif
