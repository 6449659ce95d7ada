/*
 * test_cmdhelp.c - help, completion and manual come from the table.
 */
#include "api/ctl/cmdhelp.h"
#include "tests/lib/test.h"

static void
assert_complete(const char *const *words, size_t n, const char *want)
{
	struct buf b;

	buf_init(&b, 100000);
	cmdhelp_complete(&b, words, n);
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
}

#define COMPLETE(want, ...) do { \
		static const char *const words[] = { __VA_ARGS__ }; \
		assert_complete(words, COUNT_OF(words), want); \
	} while (0)

TEST(words_are_completed_where_they_stand)
{
	COMPLETE("key\n", "ke");
	COMPLETE("ls\n", "zone", "l");
	COMPLETE("ls\n", "--json", "-o", "table", "zone", "l");
	COMPLETE("whoami\n", "who");
	COMPLETE("--health\n--help\n", "zone", "ls", "--he");
	COMPLETE("--help\n", "zone", "show", "x", "--he");
	COMPLETE("ok\n", "zone", "ls", "--health", "o");
	COMPLETE("<file>\n", "zone", "export", "x", "--file", "");
	COMPLETE("json\n", "-o", "j");
	COMPLETE("bash\nzsh\n", "completion", "");
	COMPLETE("", "zone", "show", "exam");
	COMPLETE("", "nope", "x");
}

TEST(every_command_has_help_and_a_place_in_the_manual)
{
	struct buf all, manual;

	buf_init(&all, 1 << 20);
	buf_init(&manual, 1 << 20);
	cmdhelp_all(&all);
	cmdhelp_manual(&manual);
	for (size_t i = 1; i < command_count(); i++) {
		const struct command *c = command_at(i);
		char title[100];
		struct buf b;

		snprintf(title, sizeof(title), "## %s%s%s\n", c->group,
		    c->group[0] && c->name[0] ? " " : "", c->name);
		if (strstr(buf_cstr(&manual), title) == NULL)
			fail_msg("the manual has no %s", title);
		assert_non_null(strstr(buf_cstr(&all), c->name));
		buf_init(&b, 100000);
		cmdhelp_command(&b, c);
		assert_non_null(strstr(buf_cstr(&b), "usage: understudyctl"));
		for (const struct command_option *o = c->options;
		    o->name != NULL; o++)
			assert_non_null(strstr(buf_cstr(&b), o->name));
		buf_fini(&b);
	}
	buf_fini(&all);
	buf_fini(&manual);
}

TEST(help_keeps_to_the_width_of_a_terminal)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	cmdhelp_all(&b);
	for (const char *p = buf_cstr(&b); *p != '\0';) {
		size_t len = strcspn(p, "\n");

		if (len > 80)
			fail_msg("%.*s", (int)len, p);
		p += len + (p[len] == '\n');
	}
	buf_fini(&b);
}

TEST(every_option_of_understudy_conf_is_in_its_manual)
{
	static const char *const fields[] = {
#define CONF_SECTION(section, text)
#define CONF(section, field, ...) "*" #section "." #field "* = ",
#define CONF_END(section)
#include "common/base/conf.def"
#undef CONF_SECTION
#undef CONF
#undef CONF_END
	};
	struct buf b;

	buf_init(&b, 1 << 20);
	cmdhelp_options_manual(&b);
	assert_ok(buf_err(&b));
	for (size_t i = 0; i < COUNT_OF(fields); i++)
		assert_non_null(strstr(buf_cstr(&b), fields[i]));
	buf_fini(&b);
}

TEST(there_are_scripts_for_two_shells)
{
	struct buf b;

	buf_init(&b, 100000);
	assert_true(cmdhelp_script(&b, "bash"));
	assert_true(cmdhelp_script(&b, "zsh"));
	assert_false(cmdhelp_script(&b, "fish"));
	buf_fini(&b);
}
