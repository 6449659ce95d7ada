/*
 * test_cmdline.c - argv against the table of commands.
 */
#include "api/ctl/cmdline.h"
#include "tests/lib/test.h"

static struct cmdline line;
static struct fault fault;

static enum err
parse(const char *text)
{
	static char copy[1024];
	const char *words[64];
	size_t n = 0;
	char *save = NULL;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *w = strtok_r(copy, " ", &save); w != NULL;
	    w = strtok_r(NULL, " ", &save))
		words[n++] = strcmp(w, "''") == 0 ? "" : w;
	fault.text[0] = '\0';
	return cmdline_parse(words, n, &line, &fault);
}

static void
assert_refused(const char *text, const char *said)
{
	assert_err(parse(text), ERR_INVALID);
	if (strstr(fault.text, said) == NULL)
		fail_msg("'%s' is refused by: %s", text, fault.text);
}

TEST(options_may_stand_before_between_and_behind)
{
	static const char *const same[] = {
		"--json zone ls --health ok --limit 3",
		"zone --json ls --health=ok --limit=3",
		"--limit 3 zone ls --json --health ok",
	};

	for (size_t i = 0; i < COUNT_OF(same); i++) {
		int64_t n = 0;

		assert_ok(parse(same[i]));
		assert_int_equal(line.command->id, COMMAND_ZONE_LS);
		assert_string_equal(cmdline_get(&line, "health"), "ok");
		assert_true(cmdline_has(&line, "json"));
		assert_ok(cmdline_number(&line, "limit", 1, 10, &n, &fault));
		assert_int_equal(n, 3);
		assert_int_equal(line.n_args, 0);
	}
}

TEST(short_options_take_their_value_with_and_without_a_space)
{
	assert_ok(parse("-o json zone show a.example"));
	assert_string_equal(cmdline_get(&line, "output"), "json");
	assert_ok(parse("zone show a.example -ondjson -q"));
	assert_string_equal(cmdline_get(&line, "output"), "ndjson");
	assert_true(cmdline_has(&line, "quiet"));
	assert_string_equal(line.arg[0], "a.example");
}

TEST(a_lone_dash_and_what_follows_two_are_arguments)
{
	assert_ok(parse("zone add - --primary 192.0.2.1"));
	assert_string_equal(line.arg[0], "-");
	assert_ok(parse("zone show -- --json"));
	assert_string_equal(line.arg[0], "--json");
	assert_false(cmdline_has(&line, "json"));
}

TEST(groups_of_their_own_are_commands_too)
{
	assert_ok(parse("nameservers"));
	assert_int_equal(line.command->id, COMMAND_NAMESERVERS);
	assert_ok(parse("nameservers zone"));
	assert_int_equal(line.command->id, COMMAND_NAMESERVERS_ZONE);
	assert_ok(parse("bootstrap a@example.com"));
	assert_int_equal(line.command->id, COMMAND_BOOTSTRAP);
	assert_string_equal(line.arg[0], "a@example.com");
	assert_ok(parse("whoami"));
	assert_int_equal(line.command->id, COMMAND_WHOAMI);
}

TEST(repeated_options_and_arguments_are_all_kept)
{
	assert_ok(parse("zone add a.example --primary x --primary y"));
	assert_int_equal(line.n_values, 2);
	assert_string_equal(line.value[0].text, "x");
	assert_string_equal(cmdline_get(&line, "primary"), "y");
	assert_ok(parse("zone rm a b c"));
	assert_int_equal(line.n_args, 3);
}

TEST(what_is_wrong_is_named)
{
	assert_refused("", "a command is missing");
	assert_refused("zone", "needs a command");
	assert_refused("zone nope", "no command nope");
	assert_refused("nope", "no command nope");
	assert_refused("zone show", "ZONE is missing");
	assert_refused("zone show a b", "one argument too many: b");
	assert_refused("zone ls --nope", "has no option --nope");
	assert_refused("--health ok zone ls", "behind its name");
	assert_refused("zone ls --health", "needs a value");
	assert_refused("zone ls --health well", "is one of new|ok");
	assert_refused("zone ls --json=yes", "takes no value");
	assert_refused("zone ls -Z", "-Z");
	assert_refused("zone rm", "ZONE is missing");
}

TEST(help_needs_no_arguments)
{
	assert_ok(parse("zone show --help"));
	assert_ok(parse("--help"));
	assert_ok(parse("zone -h"));
	assert_string_equal(line.group, "zone");
	assert_ok(parse("--version"));
}

TEST(numbers_have_bounds)
{
	int64_t n = 7;

	assert_ok(parse("zone ls --limit 11"));
	assert_err(cmdline_number(&line, "limit", 1, 10, &n, &fault),
	    ERR_INVALID);
	assert_ok(parse("zone ls --limit 1x"));
	assert_err(cmdline_number(&line, "limit", 1, 10, &n, &fault),
	    ERR_INVALID);
	assert_ok(cmdline_number(&line, "retries", 1, 10, &n, &fault));
	assert_int_equal(n, 7);
	assert_false(cmdline_parse_number("", 0, 9, &n));
	assert_false(cmdline_parse_number("99999999999999999999", 0, 9, &n));
	assert_true(cmdline_parse_number("-5", -9, 9, &n));
	assert_int_equal(n, -5);
}

TEST(too_many_words_are_refused_not_written_past_the_end)
{
	static const char *words[CMDLINE_ARGS_MAX + 10];
	size_t n = 0;

	words[n++] = "zone";
	words[n++] = "rm";
	while (n < 2 + CMDLINE_ARGS_MAX)
		words[n++] = "a";
	assert_ok(cmdline_parse(words, n, &line, &fault));
	words[n++] = "a";
	assert_err(cmdline_parse(words, n, &line, &fault), ERR_INVALID);
	n = 2;
	while (n < 2 + CMDLINE_VALUES_MAX)
		words[n++] = "--json";
	assert_err(cmdline_parse(words, n, &line, &fault), ERR_INVALID);
	words[n++] = "--json";
	assert_err(cmdline_parse(words, n, &line, &fault), ERR_INVALID);
	assert_non_null(strstr(fault.text, "more than"));
}
