/*
 * cmdhelp.c - the table of commands as texts.  See cmdhelp.h.
 */
#include <stdio.h>
#include <string.h>

#include "api/ctl/cmdhelp.h"
#include "api/ctl/outcome.h"

enum { HELP_WIDTH = 78, HELP_COLUMN = 26 };

/* ---- help ---- */

/* @text in lines of HELP_WIDTH that begin at @column; the first line is
 * there already. */
static void
wrap(struct buf *out, const char *text, size_t column)
{
	size_t at = column;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");

		if (at > column && at + 1 + len > HELP_WIDTH) {
			buf_printf(out, "\n%*s", (int)column, "");
			at = column;
		} else if (at > column) {
			buf_str(out, " ");
			at++;
		}
		buf_bytes(out, text, len);
		at += len;
		text += len + (text[len] == ' ');
	}
	buf_str(out, "\n");
}

static void
put_row(struct buf *out, const char *left, const char *text)
{
	if (strlen(left) + 4 > HELP_COLUMN)
		buf_printf(out, "  %s\n%*s", left, HELP_COLUMN, "");
	else
		buf_printf(out, "  %-*s", HELP_COLUMN - 2, left);
	wrap(out, text, HELP_COLUMN);
}

static void
put_args(struct buf *out, const struct command *c)
{
	struct command_arg args[COMMAND_ARGS_MAX];
	size_t n = command_args(c, args);

	for (size_t i = 0; i < n; i++)
		buf_printf(out, " %s%s%s%s", args[i].optional ? "[" : "",
		    args[i].name, args[i].repeated ? "..." : "",
		    args[i].optional ? "]" : "");
}

static void
put_name(struct buf *out, const struct command *c)
{
	buf_printf(out, "%s%s%s", c->group, c->group[0] != '\0' &&
	    c->name[0] != '\0' ? " " : "", c->name);
}

void
cmdhelp_synopsis(struct buf *out, const struct command *c)
{
	put_name(out, c);
	if (c->options[0].name != NULL)
		buf_str(out, " [options]");
	put_args(out, c);
}

static void
put_options(struct buf *out, const struct command_option *o)
{
	for (; o->name != NULL; o++) {
		char left[80], brief[8] = "    ";

		if (o->brief != 0)
			snprintf(brief, sizeof(brief), "-%c, ", o->brief);
		snprintf(left, sizeof(left), "%s--%s%s%s",
		    o->brief != 0 ? brief : "", o->name,
		    o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");
		put_row(out, left, o->help);
		if (o->choices != NULL)
			buf_printf(out, "%*s(%s)\n", HELP_COLUMN, "",
			    o->choices);
	}
}

void
cmdhelp_group(struct buf *out, const char *group)
{
	for (size_t i = 1; i < command_count(); i++) {
		const struct command *c = command_at(i);
		struct buf left;

		if (strcmp(c->group, group) != 0)
			continue;
		buf_init(&left, 256);
		put_name(&left, c);
		put_args(&left, c);
		put_row(out, buf_cstr(&left), c->summary);
		buf_fini(&left);
	}
}

void
cmdhelp_all(struct buf *out)
{
	const char *name, *summary;

	buf_str(out, "understudyctl - Understudy's API from the shell\n\n"
	    "usage: understudyctl [options] COMMAND [options] [ARGUMENT...]\n");
	for (size_t i = 0; command_group_at(i, &name, &summary); i++) {
		buf_printf(out, "\n%s\n", summary);
		cmdhelp_group(out, name);
	}
	buf_str(out, "\nOthers\n");
	cmdhelp_group(out, "");
	buf_str(out, "\nOptions of all commands\n");
	put_options(out, command_at(0)->options);
	buf_str(out, "\nunderstudyctl COMMAND --help tells more; "
	    "understudyctl(1) all of it.\n");
}

void
cmdhelp_command(struct buf *out, const struct command *c)
{
	buf_str(out, "usage: understudyctl ");
	cmdhelp_synopsis(out, c);
	buf_printf(out, "\n\n%s.\n", c->summary);
	if (c->text != NULL)
		wrap(out, c->text, 0);
	if (c->options[0].name != NULL) {
		buf_str(out, "\n");
		put_options(out, c->options);
	}
	if (c->method[0] != '\0')
		buf_printf(out, "\nRoute: %s %s\n", c->method, c->path);
	buf_str(out, "Options of all commands: understudyctl --help\n");
}

/* ---- completion ---- */

static void
candidate(struct buf *out, const char *text, const char *begun)
{
	if (strncmp(text, begun, strlen(begun)) == 0)
		buf_printf(out, "%s\n", text);
}

static void
complete_names(struct buf *out, const char *group, const char *begun)
{
	const char *name, *summary;

	for (size_t i = 0; group == NULL &&
	    command_group_at(i, &name, &summary); i++)
		candidate(out, name, begun);
	for (size_t i = 1; i < command_count(); i++) {
		const struct command *c = command_at(i);

		if (strcmp(c->group, group != NULL ? group : "") == 0 &&
		    c->name[0] != '\0')
			candidate(out, c->name, begun);
	}
}

static void
complete_options(struct buf *out, const struct command *c, const char *begun)
{
	const struct command_option *lists[2] = {
		c != NULL ? c->options : NULL, command_at(0)->options,
	};

	for (size_t k = 0; k < COUNT_OF(lists); k++)
		for (const struct command_option *o = lists[k];
		    o != NULL && o->name != NULL; o++) {
			char text[80];

			snprintf(text, sizeof(text), "--%s", o->name);
			candidate(out, text, begun);
		}
}

static void
complete_value(struct buf *out, const struct command_option *o,
    const char *begun)
{
	if (strcmp(o->arg, "FILE") == 0)
		buf_str(out, "<file>\n");
	for (const char *p = o->choices; p != NULL && *p != '\0';) {
		size_t len = strcspn(p, "|");
		char text[80];

		snprintf(text, sizeof(text), "%.*s", (int)len, p);
		candidate(out, text, begun);
		p += len + (p[len] == '|');
	}
}

/* The option whose value the next word is, or NULL. */
static const struct command_option *
wants_value(const struct command *c, const char *word)
{
	const struct command_option *o = NULL;

	if (word[0] == '-' && word[1] == '-' && strchr(word, '=') == NULL)
		o = command_option(c, word + 2);
	else if (word[0] == '-' && word[1] != '\0' && word[2] == '\0')
		o = command_brief(word[1]);
	return o != NULL && o->arg != NULL ? o : NULL;
}

void
cmdhelp_complete(struct buf *out, const char *const *words, size_t n_words)
{
	const struct command *c = NULL;
	const struct command_option *value = NULL;
	const char *group = NULL, *begun;
	bool named = false;

	if (n_words == 0)
		return;
	begun = words[n_words - 1];
	for (size_t i = 0; i + 1 < n_words; i++) {
		if (value != NULL) {
			value = NULL;
			continue;
		}
		value = wants_value(c, words[i]);
		if (words[i][0] == '-' || named)
			continue;
		if (group == NULL) {
			c = command_find("", words[i]);
			named = c != NULL;
			group = c == NULL ? words[i] : NULL;
		} else {
			c = command_find(group, words[i]);
			named = true;
		}
	}
	if (value != NULL)
		complete_value(out, value, begun);
	else if (begun[0] == '-')
		complete_options(out, c != NULL ? c : group != NULL ?
		    command_find(group, "") : NULL, begun);
	else if (!named)
		complete_names(out, group, begun);
	else if (c != NULL && c->id == COMMAND_COMPLETION)
		buf_str(out, "bash\nzsh\n");
}

bool
cmdhelp_script(struct buf *out, const char *shell)
{
	if (strcmp(shell, "bash") == 0) {
		buf_str(out,
		    "# understudyctl completion bash\n"
		    "_understudyctl()\n"
		    "{\n"
		    "\tlocal line\n"
		    "\tCOMPREPLY=()\n"
		    "\twhile IFS= read -r line; do\n"
		    "\t\tif [ \"$line\" = '<file>' ]; then\n"
		    "\t\t\tcompopt -o filenames 2>/dev/null\n"
		    "\t\t\tmapfile -t -O \"${#COMPREPLY[@]}\" COMPREPLY < "
		    "<(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
		    "\t\telse\n"
		    "\t\t\tCOMPREPLY+=(\"$line\")\n"
		    "\t\tfi\n"
		    "\tdone < <(\"${COMP_WORDS[0]}\" __complete "
		    "\"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
		    "}\n"
		    "complete -F _understudyctl understudyctl\n");
		return true;
	}
	if (strcmp(shell, "zsh") == 0) {
		buf_str(out,
		    "#compdef understudyctl\n"
		    "_understudyctl()\n"
		    "{\n"
		    "\tlocal -a found\n"
		    "\tfound=(${(f)\"$(\"${words[1]}\" __complete "
		    "\"${(@)words[2,CURRENT]}\" 2>/dev/null)\"})\n"
		    "\tif (( ${found[(I)<file>]} )); then\n"
		    "\t\t_files\n"
		    "\t\tfound=(${found:#<file>})\n"
		    "\tfi\n"
		    "\t(( ${#found} )) && compadd -- \"${found[@]}\"\n"
		    "}\n"
		    "if [ \"$funcstack[1]\" = _understudyctl ]; then\n"
		    "\t_understudyctl \"$@\"\n"
		    "else\n"
		    "\tcompdef _understudyctl understudyctl\n"
		    "fi\n");
		return true;
	}
	return false;
}

/* ---- the manual ---- */

/* scdoc reads these as markup. */
static void
put_scdoc(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("_*\\#`<>[]|", *text) != NULL)
			buf_str(out, "\\");
		buf_u8(out, (uint8_t)*text);
	}
}

static void
manual_options(struct buf *out, const struct command_option *o)
{
	for (; o->name != NULL; o++) {
		buf_str(out, "*");
		if (o->brief != 0)
			buf_printf(out, "-%c*, *", o->brief);
		buf_printf(out, "--%s*", o->name);
		if (o->arg != NULL) {
			buf_str(out, " ");
			put_scdoc(out, o->arg);
		}
		buf_str(out, "\n\t");
		put_scdoc(out, o->help);
		if (o->choices != NULL) {
			buf_str(out, " (");
			put_scdoc(out, o->choices);
			buf_str(out, ")");
		}
		buf_str(out, "\n\n");
	}
}

static void
manual_command(struct buf *out, const struct command *c)
{
	buf_str(out, "## ");
	put_name(out, c);
	buf_str(out, "\n\n*understudyctl ");
	put_name(out, c);
	buf_str(out, "*");
	if (c->options[0].name != NULL)
		buf_str(out, " \\[options\\]");
	if (c->args[0] != '\0') {
		struct buf args;

		buf_init(&args, 512);
		put_args(&args, c);
		put_scdoc(out, buf_cstr(&args));
		buf_fini(&args);
	}
	buf_str(out, "\n\n");
	put_scdoc(out, c->summary);
	buf_str(out, ". ");
	if (c->text != NULL)
		put_scdoc(out, c->text);
	buf_str(out, "\n\n");
	manual_options(out, c->options);
}

void
cmdhelp_manual(struct buf *out)
{
	const char *name, *summary;

	buf_str(out, "# OPTIONS OF ALL COMMANDS\n\n");
	manual_options(out, command_at(0)->options);
	buf_str(out, "# COMMANDS\n\n");
	for (size_t i = 0;; i++) {
		bool more = command_group_at(i, &name, &summary);

		for (size_t k = 1; k < command_count(); k++)
			if (strcmp(command_at(k)->group,
			    more ? name : "") == 0)
				manual_command(out, command_at(k));
		if (!more)
			break;
	}
	buf_str(out, "# EXIT STATUS\n\n");
	for (int i = 0; outcome_meaning(i) != NULL; i++) {
		buf_printf(out, "*%d*\n\t", i);
		put_scdoc(out, outcome_meaning(i));
		buf_str(out, ".\n\n");
	}
}

static void
manual_conf(struct buf *out, const char *section, const char *field,
    const char *type, const char *value, long long min, long long max,
    const char *unit, const char *live, const char *text)
{
	bool is_enum = strcmp(type, "ENUM") == 0;

	buf_printf(out, "*%s.%s* = ", section, field);
	if (strcmp(type, "BOOL") == 0)
		buf_str(out, strcmp(value, "0") == 0 ? "no" : "yes");
	else
		put_scdoc(out, value);
	buf_str(out, "\n\t");
	put_scdoc(out, text);
	if (strcmp(type, "U32") == 0)
		buf_printf(out, " From %lld to %lld%s%s.", min, max,
		    unit[0] != '\0' ? " " : "", unit);
	if (is_enum) {
		buf_str(out, " One of ");
		put_scdoc(out, unit);
		buf_str(out, ".");
	}
	if (strcmp(live, "YES") == 0)
		buf_str(out, " A reload applies it.");
	buf_str(out, "\n\n");
}

void
cmdhelp_options_manual(struct buf *out)
{
#define CONF_SECTION(section, text) \
	buf_printf(out, "# %s\n\n", #section); \
	put_scdoc(out, text); \
	buf_str(out, "\n\n");
#define CONF(section, field, type, value, min, max, unit, live, text) \
	manual_conf(out, #section, #field, #type, #value, min, max, unit, \
	    #live, text);
#define CONF_END(section)
#include "common/base/conf.def"
#undef CONF_SECTION
#undef CONF
#undef CONF_END
}
