/*
 * main.c - understudyctl: Understudy's API from the shell.
 *
 * argv -> cmdline (commands.def) -> settings -> errand or an own_ room ->
 * client -> view. One command, one outcome, no state behind.
 */
#include <stdio.h>
#include <string.h>

#include "api/ctl/cmdhelp.h"
#include "api/ctl/own_check.h"
#include "api/ctl/own_host.h"
#include "api/ctl/own_zone.h"
#include "api/ctl/tell.h"

enum { MAIN_TEXT_MAX = 4 << 20 };

static enum outcome
print(struct buf *b)
{
	bool good = buf_err(b) == OK;

	fputs(buf_cstr(b), stdout);
	buf_fini(b);
	return good && view_end() ? OUTCOME_OK : OUTCOME_ERROR;
}

/* What scripts of ours ask: completion, the manual's build. */
static bool
inner(int argc, char **argv, enum outcome *out)
{
	const char *const *words = (const char *const *)argv;
	struct buf b;

	if (argc < 2 || strncmp(argv[1], "__", 2) != 0)
		return false;
	buf_init(&b, MAIN_TEXT_MAX);
	if (strcmp(argv[1], "__complete") == 0)
		cmdhelp_complete(&b, words + 2, (size_t)argc - 2);
	else if (strcmp(argv[1], "__manual") == 0)
		cmdhelp_manual(&b);
	else if (strcmp(argv[1], "__options_manual") == 0)
		cmdhelp_options_manual(&b);
	*out = print(&b);
	return true;
}

static enum outcome
help(const struct cmdline *line)
{
	struct buf b;

	buf_init(&b, MAIN_TEXT_MAX);
	if (line->command != NULL)
		cmdhelp_command(&b, line->command);
	else if (line->group != NULL)
		cmdhelp_group(&b, line->group);
	else
		cmdhelp_all(&b);
	return print(&b);
}

static enum outcome
completion(const struct cmdline *line)
{
	struct buf b;

	buf_init(&b, MAIN_TEXT_MAX);
	if (cmdhelp_script(&b, line->arg[0]))
		return print(&b);
	buf_fini(&b);
	tell_error("there is completion for bash and zsh, not for %s",
	    line->arg[0]);
	return OUTCOME_USAGE;
}

static enum outcome
run_own(struct errand *e)
{
	switch (e->line->command->id) {
	case COMMAND_ZONE_ADD:
		return own_zone_add(e);
	case COMMAND_ZONE_WAIT:
		return own_zone_wait(e);
	case COMMAND_ZONE_CHECK:
	case COMMAND_PREFLIGHT:
		return own_check_run(e);
	case COMMAND_ZONE_SETUP:
		return own_check_setup(e);
	case COMMAND_ZONE_PROOF:
		return own_check_proof(e);
	case COMMAND_ZONE_EXPORT:
	case COMMAND_AUDIT_EXPORT:
		return own_zone_export(e);
	case COMMAND_ZONE_REFRESH:
	case COMMAND_ZONE_RETRANSFER:
	case COMMAND_ZONE_PIN:
	case COMMAND_ZONE_UNPIN:
	case COMMAND_ZONE_ACCEPT:
		return own_zone_job(e);
	case COMMAND_NAMESERVERS_ZONE:
		return own_host_nameservers(e);
	case COMMAND_LOGIN:
		return own_host_login(e);
	case COMMAND_WHOAMI:
		return own_host_whoami(e);
	case COMMAND_CONFIG:
		return own_host_config(e);
	case COMMAND_RAW:
		return own_host_raw(e);
	case COMMAND_BOOTSTRAP:
	case COMMAND_BOOTSTRAP_TOKEN:
	case COMMAND_LINK:
		return own_host_apid(e->line);
	case COMMAND_COMPLETION:
		return completion(e->line);
	default:		/* the generic kinds do not come here */
		return OUTCOME_ERROR;
	}
}

static enum outcome
run(const struct cmdline *line)
{
	struct settings settings;
	struct fault fault = { .text = "" };
	struct errand e = { .line = line };
	enum outcome o;
	enum err err;

	if (line->command->id == COMMAND_COMPLETION)
		return completion(line);
	err = settings_load(line, &settings, &fault);
	if (err != OK) {
		(void)report_failed(err, &fault);
		settings_wipe(&settings);
		return OUTCOME_USAGE;
	}
	o = errand_begin(&e, line, &settings);
	if (o == OUTCOME_OK)
		o = line->command->kind == COMMAND_KIND_OWN ? run_own(&e) :
		    errand_run(&e);
	errand_end(&e);
	settings_wipe(&settings);
	return o;
}

int
main(int argc, char **argv)
{
	static struct cmdline line;
	struct fault fault = { .text = "" };
	enum outcome o;

	if (inner(argc, argv, &o))
		return (int)o;
	if (cmdline_parse((const char *const *)argv + 1, (size_t)argc - 1,
	    &line, &fault) != OK) {
		tell_error("%s", fault.text);
		fputs("see understudyctl --help\n", stderr);
		return OUTCOME_USAGE;
	}
	if (cmdline_has(&line, "version")) {
		puts("understudyctl " UNDERSTUDY_VERSION);
		return OUTCOME_OK;
	}
	if (cmdline_has(&line, "help"))
		return (int)help(&line);
	o = run(&line);
	if (!view_end() && o == OUTCOME_OK) {
		tell_error("writing to standard output failed");
		o = OUTCOME_ERROR;
	}
	return (int)o;
}
