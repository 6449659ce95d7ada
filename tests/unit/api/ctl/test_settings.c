/*
 * test_settings.c - where the API's address and the token come from.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "api/ctl/settings.h"
#include "tests/lib/test.h"

static char dir[64], file[128], token_path[128];
static struct settings settings;
static struct fault fault;

static void
write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static int
begin(void **test_state)
{
	(void)test_state;
	snprintf(dir, sizeof(dir), "/tmp/us-settings.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(file, sizeof(file), "%s/ctl.conf", dir);
	snprintf(token_path, sizeof(token_path), "%s/token", dir);
	unsetenv("UNDERSTUDY_URL");
	unsetenv("UNDERSTUDY_TOKEN");
	unsetenv("UNDERSTUDY_TOKEN_FILE");
	unsetenv("UNDERSTUDY_CACERT");
	unsetenv("XDG_CONFIG_HOME");
	setenv("UNDERSTUDY_CONFIG", file, 1);
	return 0;
}

static int
end(void **test_state)
{
	(void)test_state;
	unlink(file);
	unlink(token_path);
	rmdir(dir);
	return 0;
}

static enum err
load(const char *const *words, size_t n)
{
	static struct cmdline line;

	assert_ok(cmdline_parse(words, n, &line, &fault));
	fault.text[0] = '\0';
	return settings_load(&line, &settings, &fault);
}

#define LOAD(...) \
	load((const char *const []){ __VA_ARGS__ }, \
	    COUNT_OF(((const char *const []){ __VA_ARGS__ })))

TEST_WITH(a_file_is_read_with_spaces_and_comments, begin, end)
{
	write_file(file, "# mine\n\n url = https://a.example \n"
	    "token=us_t_x\r\ncacert = /ca.pem\noutput = ndjson", 0600);
	assert_ok(LOAD("zone", "ls"));
	assert_string_equal(settings.url, "https://a.example");
	assert_string_equal(settings.token, "us_t_x");
	assert_string_equal(settings.cacert, "/ca.pem");
	assert_int_equal(settings.output, SETTINGS_NDJSON);
	assert_string_equal(settings.token_from, file);
}

TEST_WITH(options_win_over_the_environment_and_that_over_the_file, begin, end)
{
	write_file(file, "url = https://file\ntoken = file\n", 0600);
	write_file(token_path, "option\n", 0600);
	setenv("UNDERSTUDY_URL", "https://environment", 1);
	setenv("UNDERSTUDY_TOKEN", "environment", 1);
	assert_ok(LOAD("zone", "ls"));
	assert_string_equal(settings.url, "https://environment");
	assert_string_equal(settings.token, "environment");
	assert_string_equal(settings.token_from, "UNDERSTUDY_TOKEN");
	assert_ok(LOAD("zone", "ls", "--url", "https://option",
	    "--token-file", token_path, "--json"));
	assert_string_equal(settings.url, "https://option");
	assert_string_equal(settings.token, "option");
	assert_int_equal(settings.output, SETTINGS_JSON);
}

TEST_WITH(a_file_that_others_may_read_is_refused, begin, end)
{
	static const mode_t modes[] = { 0640, 0604, 0644, 0660, 0602 };

	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		write_file(file, "token = x\n", modes[i]);
		assert_err(LOAD("zone", "ls"), ERR_DENIED);
		assert_non_null(strstr(fault.text, "chmod 600"));
	}
	write_file(file, "", 0600);
	write_file(token_path, "x\n", 0644);
	assert_err(LOAD("zone", "ls", "--token-file", token_path),
	    ERR_DENIED);
}

TEST_WITH(what_is_wrong_in_a_file_is_named_with_its_line, begin, end)
{
	static const char *const bad[] = {
		"url = x\nnope = 1\n", "# a\nurl x\n", "# a\noutput = loud\n",
	};

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		write_file(file, bad[i], 0600);
		assert_err(LOAD("zone", "ls"), ERR_INVALID);
		assert_int_equal(fault.line, 2);
	}
	write_file(file, "token = two words\n", 0600);
	assert_err(LOAD("zone", "ls"), ERR_INVALID);
	write_file(file, "token = \x1b[2J\n", 0600);
	assert_err(LOAD("zone", "ls"), ERR_INVALID);
}

TEST_WITH(a_missing_file_matters_only_when_it_was_named, begin, end)
{
	assert_err(LOAD("zone", "ls"), ERR_NOT_FOUND);
	unsetenv("UNDERSTUDY_CONFIG");
	setenv("HOME", dir, 1);
	assert_ok(LOAD("zone", "ls"));
	assert_string_equal(settings.url, "");
	assert_err(LOAD("-c", "/nonexistent", "zone", "ls"), ERR_NOT_FOUND);
	assert_err(LOAD("zone", "ls", "--token-file", "/nonexistent"),
	    ERR_NOT_FOUND);
}

TEST_WITH(what_is_too_long_is_refused, begin, end)
{
	char *text = calloc(1, SETTINGS_FILE_MAX + 100);

	assert_non_null(text);
	memset(text, '#', SETTINGS_FILE_MAX + 10);
	write_file(file, text, 0600);
	assert_err(LOAD("zone", "ls"), ERR_LIMIT);
	memset(text, 'a', 2000);
	text[2000] = '\0';
	write_file(file, "", 0600);
	setenv("UNDERSTUDY_TOKEN", text, 1);
	assert_err(LOAD("zone", "ls"), ERR_INVALID);
	unsetenv("UNDERSTUDY_TOKEN");
	setenv("UNDERSTUDY_URL", text, 1);
	assert_err(LOAD("zone", "ls"), ERR_LIMIT);
	free(text);
}

TEST_WITH(what_is_stored_is_private_and_is_read_again, begin, end)
{
	struct settings s = { .url = "https://b.example", .token = "us_t_y" };
	struct stat st;

	snprintf(s.path, sizeof(s.path), "%s", file);
	write_file(file, "old", 0644);
	assert_ok(settings_store(&s, &fault));
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_ok(LOAD("zone", "ls"));
	assert_string_equal(settings.url, "https://b.example");
	assert_string_equal(settings.token, "us_t_y");
	snprintf(s.path, sizeof(s.path), "/proc/nowhere/ctl.conf");
	assert_err(settings_store(&s, &fault), ERR_IO);
	s.path[0] = '\0';
	assert_err(settings_store(&s, &fault), ERR_INVALID);
}

TEST_WITH(commands_on_the_server_read_no_settings, begin, end)
{
	assert_ok(LOAD("bootstrap", "a@example.com", "-c", "/nonexistent"));
	assert_string_equal(settings.url, "");
}
