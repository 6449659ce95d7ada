/*
 * cmdline.c - argv against the table of commands.  See cmdline.h.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api/ctl/cmdline.h"

bool
cmdline_parse_number(const char *text, int64_t min, int64_t max, int64_t *out)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	size_t len = strlen(digits);
	long long n;

	if (len == 0 || len > 18 || strspn(digits, "0123456789") != len)
		return false;
	n = strtoll(text, NULL, 10);
	if (n < min || n > max)
		return false;
	*out = n;
	return true;
}

const char *
cmdline_get(const struct cmdline *c, const char *name)
{
	for (size_t i = c->n_values; i-- > 0;)
		if (strcmp(c->value[i].option->name, name) == 0)
			return c->value[i].text;
	return NULL;
}

bool
cmdline_has(const struct cmdline *c, const char *name)
{
	return cmdline_get(c, name) != NULL;
}

enum err
cmdline_number(const struct cmdline *c, const char *name, int64_t min,
    int64_t max, int64_t *out, struct fault *fault)
{
	const char *text = cmdline_get(c, name);

	if (text == NULL || cmdline_parse_number(text, min, max, out))
		return OK;
	fault_set(fault, NULL, 0, "--%s must be a number from %" PRId64
	    " to %" PRId64, name, min, max);
	return ERR_INVALID;
}

static enum err
add_value(struct cmdline *c, const struct command_option *o, const char *text,
    struct fault *fault)
{
	if (o->choices != NULL && !command_choice(o->choices, text)) {
		fault_set(fault, NULL, 0, "--%s is one of %s", o->name,
		    o->choices);
		return ERR_INVALID;
	}
	if (c->n_values == CMDLINE_VALUES_MAX) {
		fault_set(fault, NULL, 0, "more than %d options",
		    CMDLINE_VALUES_MAX);
		return ERR_INVALID;
	}
	c->value[c->n_values++] = (struct cmdline_value){ o, text };
	return OK;
}

static enum err
unknown_option(const struct cmdline *c, const char *word, struct fault *fault)
{
	if (c->command == NULL)
		fault_set(fault, NULL, 0, "%s is no option of all commands; "
		    "options of a command stand behind its name", word);
	else
		fault_set(fault, NULL, 0, "%s %s has no option %s",
		    c->command->group, c->command->name, word);
	return ERR_INVALID;
}

/* @word begins with a dash; *io_next is the word behind it, or NULL, and is
 * set to NULL when it was taken. */
static enum err
read_option(struct cmdline *c, const char *word, const char **io_next,
    struct fault *fault)
{
	const struct command_option *o;
	const char *value = NULL;

	if (word[1] == '-') {
		char name[64];
		size_t len = strcspn(word + 2, "=");

		if (len >= sizeof(name))
			return unknown_option(c, word, fault);
		memcpy(name, word + 2, len);
		name[len] = '\0';
		o = command_option(c->command, name);
		if (word[2 + len] == '=')
			value = word + 2 + len + 1;
	} else {
		o = command_brief(word[1]);
		if (o != NULL && word[2] != '\0')
			value = word + 2;
	}
	if (o == NULL)
		return unknown_option(c, word, fault);
	if (o->arg == NULL) {
		if (value != NULL) {
			fault_set(fault, NULL, 0, "--%s takes no value",
			    o->name);
			return ERR_INVALID;
		}
		return add_value(c, o, "", fault);
	}
	if (value == NULL) {
		value = *io_next;
		*io_next = NULL;
	}
	if (value == NULL) {
		fault_set(fault, NULL, 0, "--%s needs a value: %s", o->name,
		    o->arg);
		return ERR_INVALID;
	}
	return add_value(c, o, value, fault);
}

/* A word of the command's name. False: it is none, the first argument. */
static enum err
read_name(struct cmdline *c, const char *word, bool *out_taken,
    struct fault *fault)
{
	const struct command *found;

	*out_taken = true;
	if (c->group == NULL) {
		c->command = command_find("", word);
		if (c->command != NULL)
			return OK;
		if (command_group(word) == NULL) {
			fault_set(fault, NULL, 0, "there is no command %s",
			    word);
			return ERR_INVALID;
		}
		c->group = word;
		c->command = command_find(word, "");
		return OK;
	}
	found = command_find(c->group, word);
	if (found == NULL && c->command == NULL) {
		fault_set(fault, NULL, 0, "%s has no command %s", c->group,
		    word);
		return ERR_INVALID;
	}
	if (found != NULL)
		c->command = found;
	else
		*out_taken = false;
	c->group = NULL;
	return OK;
}

static enum err
count_args(const struct cmdline *c, struct fault *fault)
{
	struct command_arg args[COMMAND_ARGS_MAX];
	size_t n = command_args(c->command, args), min = 0;
	bool more = n > 0 && args[n - 1].repeated;

	for (size_t i = 0; i < n; i++)
		min += !args[i].optional;
	if (c->n_args < min) {
		fault_set(fault, NULL, 0, "%s is missing",
		    args[c->n_args].name);
		return ERR_INVALID;
	}
	if (c->n_args > n && !more) {
		fault_set(fault, NULL, 0, "one argument too many: %s",
		    c->arg[n]);
		return ERR_INVALID;
	}
	return OK;
}

enum err
cmdline_parse(const char *const *words, size_t n_words, struct cmdline *out,
    struct fault *fault)
{
	bool options_end = false, named = false;

	*out = (struct cmdline){ .command = NULL };
	for (size_t i = 0; i < n_words; i++) {
		const char *word = words[i];
		bool taken = false;
		enum err e = OK;

		if (!options_end && strcmp(word, "--") == 0) {
			options_end = true;
			continue;
		}
		if (!options_end && word[0] == '-' && word[1] != '\0') {
			const char *next =
			    i + 1 < n_words ? words[i + 1] : NULL;
			const char *before = next;

			e = read_option(out, word, &next, fault);
			if (e != OK)
				return e;
			i += before != NULL && next == NULL;
			continue;
		}
		if (!named) {
			e = read_name(out, word, &taken, fault);
			if (e != OK)
				return e;
			named = out->group == NULL;
		}
		if (taken)
			continue;
		if (out->n_args == CMDLINE_ARGS_MAX) {
			fault_set(fault, NULL, 0, "more than %d arguments",
			    CMDLINE_ARGS_MAX);
			return ERR_INVALID;
		}
		out->arg[out->n_args++] = word;
	}
	if (cmdline_has(out, "help") || cmdline_has(out, "version"))
		return OK;
	if (out->command == NULL) {
		if (out->group != NULL)
			fault_set(fault, NULL, 0, "%s needs a command",
			    out->group);
		else
			fault_set(fault, NULL, 0, "a command is missing");
		return ERR_INVALID;
	}
	return count_args(out, fault);
}
