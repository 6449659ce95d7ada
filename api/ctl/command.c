/*
 * command.c - the table of commands.  See command.h.
 */
#include <stdio.h>
#include <string.h>

#include "api/ctl/command.h"
#include "common/base/check.h"

#define OPT(name, arg, where, member, choices, help) \
	{ name, 0, arg, COMMAND_WHERE_##where, member, choices, help },
#define BRIEF(letter, name, arg, choices, help) \
	{ name, letter, arg, COMMAND_WHERE_LOCAL, NULL, choices, help },
#define END_OPTIONS { NULL, 0, NULL, COMMAND_WHERE_LOCAL, NULL, NULL, NULL }

static const struct command_option global_options[] = {
#define GLOBAL_OPTIONS
#include "api/ctl/commands.def"
#undef GLOBAL_OPTIONS
	END_OPTIONS
};

#define GROUP(name, summary)
#define COMMAND(id, group, name, args, kind, method, path, columns, summary, \
    text, ...) \
	{ COMMAND_##id, group, name, args, COMMAND_KIND_##kind, method, \
	  path, columns, summary, text, \
	  (const struct command_option[]){ __VA_ARGS__ END_OPTIONS } },
static const struct command commands[] = {
	{ COMMAND_GLOBAL, "", "", "", COMMAND_KIND_OWN, "", "", "", "", NULL,
	  global_options },
#include "api/ctl/commands.def"
};
#undef GROUP
#undef COMMAND
static_assert(COUNT_OF(commands) == COMMAND_N, "each command has its id");

static const struct { const char *name, *summary; } groups[] = {
#define GROUP(name, summary) { name, summary },
#define COMMAND(...)
#include "api/ctl/commands.def"
#undef GROUP
#undef COMMAND
};

size_t
command_count(void)
{
	return COUNT_OF(commands);
}

const struct command *
command_at(size_t i)
{
	CHECK(i < COUNT_OF(commands));
	return &commands[i];
}

const struct command *
command_find(const char *group, const char *name)
{
	for (size_t i = 1; i < COUNT_OF(commands); i++)
		if (strcmp(commands[i].group, group) == 0 &&
		    strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

const char *
command_group(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		if (strcmp(groups[i].name, name) == 0)
			return groups[i].summary;
	return NULL;
}

bool
command_group_at(size_t i, const char **out_name, const char **out_summary)
{
	if (i >= COUNT_OF(groups))
		return false;
	*out_name = groups[i].name;
	*out_summary = groups[i].summary;
	return true;
}

static void
read_arg(const char *word, size_t len, struct command_arg *out)
{
	const char *colon;

	*out = (struct command_arg){ .optional = false };
	if (len >= 2 && word[0] == '[') {
		out->optional = true;
		word++;
		len -= 2;
	}
	if (len > 3 && memcmp(word + len - 3, "...", 3) == 0) {
		out->repeated = true;
		len -= 3;
	}
	colon = memchr(word, ':', len);
	if (colon != NULL) {
		size_t n = len - (size_t)(colon + 1 - word);

		CHECK(n < sizeof(out->member));
		memcpy(out->member, colon + 1, n);
		len = (size_t)(colon - word);
	}
	CHECK(len < sizeof(out->name));
	memcpy(out->name, word, len);
}

size_t
command_args(const struct command *c,
    struct command_arg out[COMMAND_ARGS_MAX])
{
	size_t n = 0;

	for (const char *p = c->args; *p != '\0';) {
		size_t len = strcspn(p, " ");

		if (len > 0) {
			CHECK(n < COMMAND_ARGS_MAX);
			read_arg(p, len, &out[n++]);
		}
		p += len + (p[len] == ' ');
	}
	return n;
}

const struct command_option *
command_option(const struct command *c, const char *name)
{
	const struct command_option *lists[2] = {
		c != NULL ? c->options : NULL, global_options,
	};

	for (size_t i = 0; i < COUNT_OF(lists); i++)
		for (const struct command_option *o = lists[i];
		    o != NULL && o->name != NULL; o++)
			if (strcmp(o->name, name) == 0)
				return o;
	return NULL;
}

const struct command_option *
command_brief(char letter)
{
	for (const struct command_option *o = global_options; o->name != NULL;
	    o++)
		if (o->brief != 0 && o->brief == letter)
			return o;
	return NULL;
}

bool
command_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *p = choices;;) {
		size_t n = strcspn(p, "|");

		if (n == len && memcmp(p, value, n) == 0)
			return true;
		if (p[n] == '\0')
			return false;
		p += n + 1;
	}
}
