/*
 * test_command.c - the table of commands is what its readers take it for.
 */
#include "api/ctl/command.h"
#include "tests/lib/test.h"

TEST(each_command_is_found_by_its_name_and_only_once)
{
	for (size_t i = 1; i < command_count(); i++) {
		const struct command *c = command_at(i);

		assert_ptr_equal(command_find(c->group, c->name), c);
		assert_int_equal((size_t)c->id, i);
		assert_true(c->group[0] != '\0' || c->name[0] != '\0');
		if (c->group[0] != '\0')
			assert_non_null(command_group(c->group));
	}
	assert_null(command_find("zone", "nope"));
	assert_null(command_group("nope"));
}

TEST(placeholders_of_each_path_have_an_argument)
{
	for (size_t i = 1; i < command_count(); i++) {
		const struct command *c = command_at(i);
		struct command_arg args[COMMAND_ARGS_MAX];
		size_t n = command_args(c, args), found = 0, wanted = 0;

		for (const char *p = c->path; (p = strchr(p, '{')) != NULL;
		    p++) {
			size_t len = strcspn(p + 1, "}");

			/* --tenant fills it where no argument does. */
			if (strncmp(p, "{tenant}", 8) == 0 &&
			    strstr(c->args, "TENANT") == NULL)
				continue;
			wanted++;
			for (size_t k = 0; k < n; k++)
				found += args[k].member[0] == '\0' &&
				    strlen(args[k].name) == len &&
				    strncasecmp(args[k].name, p + 1, len) == 0;
		}
		assert_int_equal(found, wanted);
	}
}

TEST(options_say_where_they_go_and_hide_no_global_one)
{
	for (size_t i = 0; i < command_count(); i++)
		for (const struct command_option *o = command_at(i)->options;
		    o->name != NULL; o++) {
			assert_non_null(o->help);
			assert_true(o->where == COMMAND_WHERE_LOCAL ||
			    o->member != NULL);
			if (i > 0)
				assert_null(command_option(NULL, o->name));
		}
}

TEST(lists_have_columns)
{
	for (size_t i = 1; i < command_count(); i++)
		assert_int_equal(command_at(i)->kind == COMMAND_KIND_LIST ||
		    command_at(i)->kind == COMMAND_KIND_ROWS,
		    command_at(i)->columns[0] != '\0');
}

TEST(arguments_are_read)
{
	struct command c = { .args = "ZONE [NAME:name] [JSON...]" };
	struct command_arg a[COMMAND_ARGS_MAX];

	assert_int_equal(command_args(&c, a), 3);
	assert_string_equal(a[0].name, "ZONE");
	assert_false(a[0].optional || a[0].repeated || a[0].member[0]);
	assert_string_equal(a[1].name, "NAME");
	assert_string_equal(a[1].member, "name");
	assert_true(a[1].optional && !a[1].repeated);
	assert_string_equal(a[2].name, "JSON");
	assert_true(a[2].optional && a[2].repeated);
}

TEST(choices_are_whole_words)
{
	assert_true(command_choice("a|bc|d", "bc"));
	assert_true(command_choice("a|bc|d", "d"));
	assert_false(command_choice("a|bc|d", "b"));
	assert_false(command_choice("a|bc|d", ""));
	assert_false(command_choice("a|bc|d", "a|bc"));
}
