/*
 * cmdline.h - argv against the table of commands.
 *
 * Knows:    --name value, --name=value, -x, --, where commands stand.
 * Not here: what an option means. Pure.
 * Bounded:  CMDLINE_VALUES_MAX options, CMDLINE_ARGS_MAX arguments.
 */
#ifndef API_CTL_CMDLINE_H
#define API_CTL_CMDLINE_H

#include "api/ctl/command.h"
#include "common/base/err.h"
#include "common/base/fault.h"

enum { CMDLINE_VALUES_MAX = 64, CMDLINE_ARGS_MAX = 1024 };

struct cmdline_value {
	const struct command_option *option;
	const char *text;		/* "" when it takes none */
};

struct cmdline {
	const struct command *command;	/* NULL: none was named */
	const char *group;		/* a group without a command, or NULL */
	struct cmdline_value value[CMDLINE_VALUES_MAX];
	size_t n_values;
	const char *arg[CMDLINE_ARGS_MAX];
	size_t n_args;
};

/**
 * cmdline_parse() - read the words behind the program's name
 * @words:  argv + 1; borrowed as long as @out is used
 * @fault:  filled on error with what is wrong, for a person
 *
 * Global options may stand anywhere, a command's own behind its name. With
 * --help or --version among them, arguments are not counted.
 *
 * Returns OK or ERR_INVALID.
 */
MUST_USE enum err cmdline_parse(const char *const *words, size_t n_words,
    struct cmdline *out, struct fault *fault);

/** cmdline_get() - the last value of an option; NULL when it is not given */
const char *cmdline_get(const struct cmdline *c, const char *name);

/** cmdline_has() - is the option given? */
bool cmdline_has(const struct cmdline *c, const char *name);

/**
 * cmdline_number() - a value as a number from @min to @max
 * @out: untouched when the option is not given
 *
 * Returns OK, or ERR_INVALID and @fault.
 */
MUST_USE enum err cmdline_number(const struct cmdline *c, const char *name,
    int64_t min, int64_t max, int64_t *out, struct fault *fault);

/** cmdline_parse_number() - digits alone, with a sign; false when not so */
bool cmdline_parse_number(const char *text, int64_t min, int64_t max,
    int64_t *out);

#endif
